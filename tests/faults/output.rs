//! An output that refuses, fills up, or ends.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::case::Case;
use crate::common::namespace::cover;
use crate::common::{self, Guard, has, run_within, succeed, wait_for, wait_within};
use crate::ended::{large_world, no_workers};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::quick(
        "O01",
        "a name that is taken: file, directory, link, FIFO, device",
        taken,
    ),
    Case::quick("O02", "any umask", umask),
    Case::slow("O04", "no space after 2 MiB", no_space),
    Case::slow("O05", "a disk that fails at the last moment", failing_disk),
    Case::slow("O10", "128 MiB of memory", little_memory),
    Case::slow("O11", "more material than --max-size allows", little_size),
    Case::quick("O15", "two captures in the same second", two_at_once),
    Case::quick("O19", "names that are odd or impossible", odd_names),
    Case::slow("O21", "a limit of file sizes", file_limit),
    Case::slow(
        "O22",
        "the name taken, the file removed or replaced meanwhile",
        taken_meanwhile,
    ),
    Case::slow("O23", "a reader that goes away", gone_reader),
    Case::slow("O25", "a FUSE output that fails half-way", failing_server),
];

/// Longer than any capture of these small worlds.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);
fn taken(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let place = trial.place().join("names");
    std::fs::create_dir(&place).unwrap();
    let victim = place.join("victim");
    std::fs::write(&victim, "untouched").unwrap();
    std::fs::write(place.join("file"), "untouched").unwrap();
    std::fs::create_dir(place.join("directory")).unwrap();
    symlink(&victim, place.join("link")).unwrap();
    symlink("/nowhere", place.join("dangling")).unwrap();
    succeed(Command::new("mkfifo").arg(place.join("fifo")), &[0]);
    std::fs::write(place.join("begun.partial"), "untouched").unwrap();
    symlink(&victim, place.join("linked.partial")).unwrap();
    let before = listing(&place);
    let names = [
        "file",
        "directory",
        "link",
        "dangling",
        "fifo",
        "begun",
        "linked",
    ];
    let paths = names.iter().map(|name| place.join(name));
    for path in paths.chain(["/dev/null".into(), "/dev/full".into()]) {
        refused(trial, &path, "File exists");
    }
    let after = listing(&place);
    trial.harmless(before == after, format!("{before:?}, then {after:?}"));
    for name in ["victim", "file", "begun.partial"] {
        let content = std::fs::read_to_string(place.join(name)).unwrap();
        trial.harmless(content == "untouched", format!("{name}: {content}"));
    }
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    Ok(())
}

fn umask(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    for mask in ["0", "0777"] {
        let program = trial.capture().get_program().to_owned();
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            &format!("umask {mask}; exec \"$0\" -q \"$@\""),
            program.to_str().unwrap(),
        ]);
        let bundle = trial.bundle_by(&mut shell, LIMIT);
        let mode = std::fs::metadata(&bundle).unwrap().permissions().mode() & 0o7777;
        trial.harmless(mode == 0o600, format!("umask {mask} gives mode {mode:o}"));
        trial.named(mode == 0o600, "the owner can read it, nobody else");
        healthy.check(trial, &bundle);
    }
    Ok(())
}

fn no_space(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(10);
    noise_logs();
    let disk = small_disk(trial);
    let bundle = disk.join("x.tar.zst");
    let output = run_to(trial, &[], &bundle);
    cut_short(
        trial,
        output.status,
        &bundle,
        "the output has no more space",
    );
    healthy.check(trial, &bundle);
    let names = listing(&disk);
    trial.harmless(names.len() == 1, format!("{names:?}"));
    // The reserve must be honest: nearly all of the disk may be taken before the capture begins.
    for kept in [1_900, 1_100, 900, 60] {
        let disk = small_disk(trial);
        let filler = vec![0; (2048 - kept) << 10];
        std::fs::write(disk.join("filler"), filler).unwrap();
        let bundle = disk.join("x.tar.zst");
        let output = run_to(trial, &[], &bundle);
        let said = text(&output.stderr);
        if output.status.code() == Some(2) {
            trial.named(
                said.contains("No space left on device"),
                format!("{kept}: {said}"),
            );
            trial.harmless(
                !bundle.exists(),
                format!("{kept}: a bundle that was refused"),
            );
        } else {
            cut_short(trial, output.status, &bundle, "no more space");
        }
    }
    Ok(())
}

fn failing_disk(trial: &mut Trial) -> Result<(), Skipped> {
    if !has("losetup") || !has("mkfs.ext2") {
        return Err(Skipped::because("needs losetup and mkfs.ext2"));
    }
    let healthy = trial.healthy(2);
    noise_logs();
    let backing = small_disk(trial);
    let image = backing.join("image");
    let file = std::fs::File::create(&image).unwrap();
    file.set_len(64 << 20).unwrap();
    let made = run_within(Command::new("mkfs.ext2").arg("-q").arg(&image), LIMIT);
    let disk = trial.place().join("failing");
    std::fs::create_dir(&disk).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-o", "loop"]).arg(&image).arg(&disk);
    if !made.status.success() || !run_within(&mut mount, LIMIT).status.success() {
        return Err(Skipped::because("needs a loop device"));
    }
    // The image promises 64 MiB, the disk below it has 2: what the page cache took cannot be written.
    let bundle = disk.join("x.tar.zst");
    let output = run_to(trial, &[], &bundle);
    let said = text(&output.stderr);
    trial.named(
        output.status.code() == Some(2)
            // Which of the two the loop device passes on depends on the kernel.
            && (said.contains("Input/output error") || said.contains("No space left"))
            && said.contains("keeps its partial name"),
        format!("{:?}: {said}", output.status),
    );
    trial.harmless(
        !bundle.exists(),
        "what may not be on the disk has no bundle's name",
    );
    succeed(Command::new("umount").arg("-l").arg(&disk), &[0]);
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    Ok(())
}

fn little_memory(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let Some((cgroup, peak)) = memory_cgroup(128 << 20) else {
        return Err(Skipped::because("needs a memory cgroup"));
    };
    large_world(trial);
    noise_logs();
    let program = trial.capture().get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo $$ > \"$0\"; exec \"$@\""]);
    shell.arg(cgroup.join("cgroup.procs")).arg(program);
    let bundle = trial.bundle_by(shell.arg("-q"), LIMIT);
    // Kernels before 5.19 have no peak for cgroups of version 2.
    let peak = std::fs::read_to_string(cgroup.join(peak)).unwrap_or_default();
    let mut failures = 0;
    for row in Trial::rows(
        &bundle,
        "SELECT count(*) FROM collection_log WHERE reason LIKE '%worker died%'",
    ) {
        failures += row.parse::<u64>().unwrap();
    }
    trial.named(
        failures == 0,
        format!("{failures} reads were lost; {peak} bytes at most"),
    );
    healthy.check(trial, &bundle);
    no_workers(trial);
    let removed = wait_for("the end of the cgroup", || {
        std::fs::remove_dir(&cgroup).ok().map(|()| true)
    });
    trial.harmless(removed, "nothing is left in the cgroup");
    Ok(())
}

/// A new cgroup with at most that many bytes, of either version, and the file with what it took at most.
fn memory_cgroup(limit: u64) -> Option<(PathBuf, &'static str)> {
    let name = format!("freezeframe-{:x}", common::random());
    let kinds = [
        (
            "/sys/fs/cgroup/memory",
            "memory.limit_in_bytes",
            "memory.max_usage_in_bytes",
        ),
        ("/sys/fs/cgroup", "memory.max", "memory.peak"),
    ];
    kinds.into_iter().find_map(|(root, file, peak)| {
        let cgroup = Path::new(root).join(&name);
        std::fs::create_dir(&cgroup).ok()?;
        if std::fs::write(cgroup.join(file), limit.to_string()).is_err() {
            let _ = std::fs::remove_dir(&cgroup);
            return None;
        }
        Some((cgroup, peak))
    })
}

fn little_size(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(5);
    noise_logs();
    for small in ["0", "1K", "1M"] {
        let path = trial.place().join("small");
        let output = run_to(trial, &["--max-size", small], &path);
        let said = text(&output.stderr);
        trial.named(
            output.status.code() == Some(2) && said.contains("--max-size"),
            said,
        );
        trial.harmless(
            !path.exists() && !partial(&path).exists(),
            "nothing is written",
        );
    }
    let bundle = trial.place().join("x.tar.zst");
    let output = run_to(trial, &["--max-size", "3M"], &bundle);
    cut_short(
        trial,
        output.status,
        &bundle,
        "--max-size ended the capture",
    );
    let size = std::fs::metadata(&bundle).unwrap().len();
    trial.harmless(size <= 3 << 20, format!("{size} bytes"));
    // The directory, as one of which nothing is known, or each of the logs.
    let named = Trial::rows(
        &bundle,
        "SELECT path, outcome, reason FROM collection_log WHERE path LIKE '/var/log%'",
    );
    let is_named = |path: &str| {
        named.iter().any(|row| {
            row.starts_with(&format!("{path} | skipped |")) && row.contains("--max-size")
                || row.starts_with(&format!("{path} | collected |"))
                || row.starts_with(&format!("{path} | truncated |"))
        })
    };
    let is_listed = named.iter().any(|row| row.starts_with("/var/log/syslog."));
    for log in ["syslog", "messages"] {
        let path = format!("/var/log/{log}");
        trial.named(is_named(&path), format!("{path}: {named:?}"));
    }
    for number in 0..24 {
        let path = format!("/var/log/syslog.{number}");
        trial.named(
            is_named(&path) || !is_listed && is_named("/var/log"),
            format!("{path}: {named:?}"),
        );
    }
    healthy.check(trial, &bundle);
    Ok(())
}

fn two_at_once(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let place = trial.place().join("default");
    std::fs::create_dir(&place).unwrap();
    let mut captures: Vec<Guard> = (0..3)
        .map(|_| {
            let mut command = trial.capture();
            let child = command.current_dir(&place).stdin(Stdio::null()).spawn();
            Guard(child.unwrap())
        })
        .collect();
    for capture in &mut captures {
        let status = wait_within(&mut capture.0, LIMIT);
        trial.ends(
            status.is_some_and(|status| matches!(status.code(), Some(0 | 1))),
            format!("{status:?}"),
        );
    }
    let names = listing(&place);
    trial.named(
        names.len() == 3 && names.iter().all(|(name, ..)| name.ends_with(".tar.zst")),
        format!("{names:?}"),
    );
    for (name, ..) in names {
        verify(trial, &place.join(&name), 0);
        healthy.check(trial, &place.join(&name));
    }
    trial.harmless(true, "each has a file of its own, as counted above");
    Ok(())
}

fn odd_names(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let place = trial.place().to_owned();
    for (path, reason) in [
        (place.join("n".repeat(255)), "File name too long"),
        (place.join("missing/x"), "No such file"),
        (place.join("missing/"), "No such file"),
        (PathBuf::from("/proc/x"), "/proc/x"),
        (PathBuf::from("/sys/x"), "/sys/x"),
    ] {
        refused(trial, &path, reason);
    }
    let output = run_to(trial, &[], Path::new(""));
    let said = text(&output.stderr);
    trial.named(
        output.status.code() == Some(2) && said.contains("--output"),
        said,
    );
    for (redirection, reason) in [
        (">&-", "standard output is closed"),
        (">/dev/full", "No space left on device"),
    ] {
        let program = trial.capture().get_program().to_owned();
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$0\" -q -o - {redirection}")]);
        let output = trial.run(shell.arg(program), LIMIT);
        let said = text(&output.stderr);
        trial.named(
            output.status.code() == Some(2) && said.contains(reason),
            said,
        );
    }
    let odd = place.join(OsStr::from_bytes(b"new\nline \x1b[31m \xff.tar.zst"));
    let output = run_to(trial, &["--no-redaction"], &odd);
    trial.rest(
        matches!(output.status.code(), Some(0 | 1)) && odd.exists(),
        text(&output.stderr),
    );
    let output = trial.run(Command::new("/mnt/capture").arg("-o").arg(&odd), LIMIT);
    trial.harmless(
        output.status.code() == Some(2) && !output.stderr.contains(&0x1b),
        text(&output.stderr),
    );
    healthy.check(trial, &odd);
    Ok(())
}

fn file_limit(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(5);
    noise_logs();
    let bundle = trial.place().join("x.tar.zst");
    let mut shell = Command::new("bash");
    shell.args(["-c", "ulimit -f 3000; exec \"$0\" -q -o \"$1\""]);
    let output = trial.run(shell.arg("/mnt/capture").arg(&bundle), LIMIT);
    cut_short(
        trial,
        output.status,
        &bundle,
        "the output reached the limit of file sizes",
    );
    let size = std::fs::metadata(&bundle).unwrap().len();
    trial.harmless(size <= 3000 << 10, format!("{size} bytes"));
    healthy.check(trial, &bundle);
    Ok(())
}

fn taken_meanwhile(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    large_world(trial);
    for what in ["taken", "removed", "replaced"] {
        let bundle = trial.place().join(format!("{what}.tar.zst"));
        let partial = partial(&bundle);
        let mut command = trial.capture();
        let child = command
            .arg("-o")
            .arg(&bundle)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut capture = Guard(child.unwrap());
        wait_for("the partial file", || partial.exists().then_some(()));
        match what {
            "taken" => std::fs::write(&bundle, "theirs").unwrap(),
            "removed" => std::fs::remove_file(&partial).unwrap(),
            _ => {
                std::fs::remove_file(&partial).unwrap();
                std::fs::write(&partial, "theirs").unwrap();
            }
        }
        let status = wait_within(&mut capture.0, LIMIT);
        trial.ends(
            status.is_some_and(|status| status.code() == Some(2)),
            format!("{what}: {status:?}"),
        );
        let mut said = String::new();
        std::io::Read::read_to_string(&mut capture.0.stderr.take().unwrap(), &mut said).unwrap();
        if what == "taken" {
            let theirs = std::fs::read(&bundle).unwrap() == b"theirs";
            trial.harmless(theirs, "somebody else's file was replaced");
            trial.named(said.contains("keeps its partial name"), said);
            verify(trial, &partial, 0);
            healthy.check(trial, &partial);
        } else {
            trial.harmless(!bundle.exists(), format!("{what}: a bundle of nothing"));
            trial.named(said.contains("removed, renamed or replaced"), said);
        }
    }
    Ok(())
}

fn gone_reader(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    noise_logs();
    for taken in [0, 1, 5_000, 70_000, 300_000] {
        let script = format!("set -o pipefail; \"$0\" -q -o - | head -c {taken} > \"$1\"");
        let part = trial.place().join(format!("{taken}"));
        let mut shell = Command::new("bash");
        shell.args(["-c", &script]).arg("/mnt/capture").arg(&part);
        let output = trial.run(&mut shell, LIMIT);
        let said = text(&output.stderr);
        trial.named(
            output.status.code() == Some(2) && said.contains("roken pipe"),
            format!("{taken}: {:?}: {said}", output.status),
        );
    }
    verify(trial, &trial.place().join("300000"), 1);
    no_workers(trial);
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    Ok(())
}

fn failing_server(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    noise_logs();
    for written in [0, 1, 3, 40] {
        let mount = trial.place().join(format!("served-{written}"));
        let rule = format!("write:*:eio:{written}");
        trial.server(&mount, &[&rule])?;
        let bundle = mount.join("x.tar.zst");
        let output = run_to(trial, &[], &bundle);
        let said = text(&output.stderr);
        trial.named(
            output.status.code() == Some(2)
                && said.contains("Input/output error")
                // Without a first frame there is nothing to keep.
                && (written == 0 || said.contains("keeps its partial name")),
            format!("{written}: {:?}: {said}", output.status),
        );
        trial.harmless(!bundle.exists(), "a bundle that was not written");
    }
    no_workers(trial);
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    Ok(())
}

/// Logs that do not shrink, 24 MiB in all.
pub(crate) fn noise_logs() {
    cover("/var/log");
    for number in 0..24 {
        let script = format!(
            "head -c 786432 /dev/urandom | base64 > /var/log/noise-{number}.log; \
             cp /var/log/noise-{number}.log /var/log/syslog.{number}"
        );
        succeed(Command::new("sh").args(["-c", &script]), &[0]);
    }
    succeed(
        Command::new("sh").args([
            "-c",
            "cat /var/log/noise-*.log > /var/log/syslog; cp /var/log/syslog /var/log/messages",
        ]),
        &[0],
    );
}

fn small_disk(trial: &Trial) -> PathBuf {
    let disk = trial.place().join(format!("{:x}", common::random()));
    std::fs::create_dir(&disk).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]);
    succeed(mount.arg(&disk), &[0]);
    disk
}

fn run_to(trial: &mut Trial, options: &[&str], path: &Path) -> Output {
    let mut command = trial.capture();
    // As one word, so that an empty name is one too.
    let mut output = std::ffi::OsString::from("--output=");
    output.push(path);
    trial.run(command.args(options).arg(output), LIMIT)
}

fn refused(trial: &mut Trial, path: &Path, reason: &str) {
    let output = run_to(trial, &[], path);
    let said = text(&output.stderr);
    trial.named(
        output.status.code() == Some(2) && said.contains(reason),
        format!("{}: {:?}: {said}", path.display(), output.status),
    );
}

/// A bundle that is whole, but says that it lacks something and why.
fn cut_short(trial: &mut Trial, status: ExitStatus, bundle: &Path, reason: &str) {
    let report = verify(trial, bundle, 0);
    trial.named(
        status.code() == Some(1)
            && report["complete"] == false
            && report["incomplete_reasons"].to_string().contains(reason),
        format!("{status:?}: {report}"),
    );
}

/// What `verify` says, which must end with this code.
pub(crate) fn verify(trial: &mut Trial, bundle: &Path, code: i32) -> Value {
    let mut command = trial.analyze();
    command.args(["verify", "--format", "json"]).arg(bundle);
    let output = trial.run(&mut command, LIMIT);
    trial.rest(
        output.status.code() == Some(code),
        format!(
            "verify: {:?}: {}{}",
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        ),
    );
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

pub(crate) fn partial(bundle: &Path) -> PathBuf {
    let mut name = bundle.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// Names in a directory, with what tells one file from another.
fn listing(directory: &Path) -> Vec<(String, u64, u64)> {
    let mut names: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let stat = std::fs::symlink_metadata(entry.path()).unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, stat.ino(), stat.size())
        })
        .collect();
    names.sort();
    names
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
