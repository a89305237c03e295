//! Places where a capture has little to stand on: what it inherits, what is refused to it, what is not there.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::case::Case;
use crate::common::{has, succeed, wait_for};
use crate::footprint::{HISTORY, LIMIT, with_homes, write};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::slow(
        "O13",
        "no /proc, no /sys, no /dev, a root that cannot be written",
        little_root,
    ),
    Case::quick(
        "O30",
        "standard descriptors that are closed",
        closed_descriptors,
    ),
    Case::slow(
        "O31",
        "what is inherited: few descriptors, a small stack, a umask, a directory that is gone, signals",
        inherited,
    ),
    Case::quick("O32", "a limit on the size of files", file_size),
    Case::slow(
        "O33",
        "a kernel or a filter without newer system calls",
        refused_calls,
    ),
    Case::quick(
        "O34",
        "open files of whoever starts the capture",
        open_files,
    ),
    Case::slow(
        "O35",
        "in a container, with the host's root below /host",
        in_container,
    ),
    Case::quick("O36", "a root that is none", no_root),
    Case::slow(
        "O37",
        "no capabilities, or in a user namespace",
        without_privilege,
    ),
    Case::quick(
        "O38",
        "processes that /proc hides (hidepid)",
        hidden_processes,
    ),
    Case::quick(
        "O39",
        "a /proc of nothing but processes (subset=pid)",
        processes_only,
    ),
];

const NOBODY: &str = "65534";

/// A shell that does what `first` says, and is the capture then.
fn after(trial: &Trial, first: &str) -> Command {
    let mut command = Command::new("bash");
    command
        .args(["-c", &format!("{first} exec \"$@\""), "bash"])
        .arg(trial.capture().get_program())
        .arg("-q");
    command
}

/// What a capture that could not be made said.
fn refusal(trial: &mut Trial, command: &mut Command) -> (Option<i32>, String) {
    let output: Output = trial.run(command, LIMIT);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

/// A capture in a mount namespace of its own, after `prepare`.
fn in_mounts(trial: &Trial, prepare: &str) -> Command {
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "sh",
            "-c",
            &format!("{prepare} && exec \"$@\""),
            "sh",
        ])
        .arg(trial.capture().get_program())
        .arg("-q");
    command
}

fn little_root(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    // Without /proc there is nothing to capture, and no worker.
    for prepare in [
        "mount -t tmpfs tmpfs /proc",
        "mkdir /mnt/none && mount --rbind /mnt/none /proc",
    ] {
        let mut command = in_mounts(trial, prepare);
        command.args(["-o", "/mnt/tmp/none.tar.zst"]);
        let (code, said) = refusal(trial, &mut command);
        trial.named(
            code == Some(2) && said.contains("/proc"),
            format!("{prepare}: {code:?}: {said}"),
        );
        let left = std::fs::read_dir(trial.place()).unwrap().count();
        trial.harmless(left == 0, format!("{prepare}: {left} files were left"));
    }
    for prepare in [
        "mount -t tmpfs tmpfs /sys",
        "mount -t tmpfs tmpfs /dev",
        "mount --bind / / && mount -o remount,bind,ro /",
        "mount -t tmpfs tmpfs /sys && mount -t tmpfs -o ro tmpfs /dev && mount -t tmpfs -o ro tmpfs /run",
    ] {
        let bundle = trial.bundle_by(&mut in_mounts(trial, prepare), LIMIT);
        healthy.check(trial, &bundle);
        if prepare.contains("/dev") {
            let sql = "SELECT outcome FROM collection_log WHERE path = '/dev/kmsg'";
            let outcome = Trial::rows(&bundle, sql);
            trial.named(outcome == ["absent"], format!("{prepare}: {outcome:?}"));
        }
    }
    Ok(())
}

fn closed_descriptors(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    for closed in ["0<&-", "2>&-", "0<&- 1>&- 2>&-"] {
        // Were the bundle to become one of the three, what is printed would go into it.
        let mut command = after(trial, &format!("exec {closed};"));
        let bundle = trial.bundle_by(&mut command, LIMIT);
        healthy.check(trial, &bundle);
        let bytes = std::fs::read(&bundle).unwrap();
        trial.harmless(
            bytes.starts_with(b"\x28\xb5\x2f\xfd"),
            format!("{closed}: the bundle begins otherwise"),
        );
    }
    // The message has nowhere to go; the exit code has.
    let mut command = after(trial, "exec 0<&- 1>&- 2>&-;");
    command.args(["--root", "/nonexistent", "-o", "/mnt/tmp/none.tar.zst"]);
    let (code, _) = refusal(trial, &mut command);
    trial.named(code == Some(2), format!("{code:?}"));
    Ok(())
}

fn inherited(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    for first in [
        "ulimit -n 16;",
        "ulimit -Ss 64;",
        "ulimit -v 200000;",
        "ulimit -c unlimited;",
        "umask 0777;",
        "mkdir /mnt/tmp/gone; cd /mnt/tmp/gone; rmdir /mnt/tmp/gone;",
        "trap '' PIPE CHLD INT TERM HUP QUIT;",
        "exec -a '' bash -c 'exec \"$@\"' bash \"$@\";",
    ] {
        let bundle = trial.bundle_by(&mut after(trial, first), LIMIT);
        healthy.check(trial, &bundle);
        let mode = std::fs::metadata(&bundle).unwrap().mode();
        let others = mode & 0o077;
        trial.harmless(others == 0, format!("{first} the bundle has mode {mode:o}"));
        let sql = "SELECT coalesce(incomplete_reason, '') FROM snapshots";
        let reason = Trial::rows(&bundle, sql);
        trial.named(reason == ["''"], format!("{first} {reason:?}"));
        std::fs::remove_file(&bundle).unwrap();
    }
    // Too few to talk to a worker.
    let mut command = after(trial, "ulimit -n 5;");
    command.args(["-o", "/mnt/tmp/none.tar.zst"]);
    let (code, said) = refusal(trial, &mut command);
    trial.named(
        code == Some(2) && said.contains("Too many open files"),
        format!("{code:?}: {said}"),
    );
    Ok(())
}

fn file_size(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    // Room for what closes a bundle, and for little else.
    let bundle = trial.bundle_by(&mut after(trial, "ulimit -f 1032;"), LIMIT);
    let sql =
        "SELECT complete, intact, incomplete_reason LIKE '%could not be written%' FROM snapshots";
    let named = Trial::rows(&bundle, sql);
    trial.named(named == ["0 | 1 | 1"], format!("{named:?}"));
    // Less than that: no bundle, and no file.
    let mut command = after(trial, "ulimit -f 16;");
    command.args(["-o", "/mnt/tmp/none.tar.zst"]);
    let (code, said) = refusal(trial, &mut command);
    trial.named(
        code == Some(2) && said.contains("File too large"),
        format!("{code:?}: {said}"),
    );
    let left = std::fs::read_dir(trial.place()).unwrap().count();
    trial.harmless(left == 1, format!("{left} files"));
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    Ok(())
}

fn refused_calls(trial: &mut Trial) -> Result<(), Skipped> {
    let refuse = trial.program("refuse")?;
    let healthy = trial.healthy(1);
    let by = |trial: &Trial, errno: &str, calls: &str| {
        let mut command = Command::new(&refuse);
        command
            .args([errno, calls])
            .arg(trial.capture().get_program())
            .arg("-q");
        command
    };
    // ENOSYS, as a kernel of 2018 answers; EPERM, as filters of containers do.
    for (errno, calls) in [
        (
            "38",
            "openat2,pidfd_open,statx,close_range,clone3,renameat2",
        ),
        ("1", "openat2,pidfd_open,statx,close_range,renameat2"),
        (
            "38",
            "setpriority,ioprio_set,prctl,prlimit64,sched_getaffinity,fallocate",
        ),
        (
            "1",
            "setpriority,ioprio_set,prctl,prlimit64,sched_getaffinity,fallocate,socket",
        ),
    ] {
        let bundle = trial.bundle_by(&mut by(trial, errno, calls), LIMIT);
        healthy.check(trial, &bundle);
        std::fs::remove_file(&bundle).unwrap();
    }
    // The kernel cannot be asked over netlink: its files tell the same, and the bundle says so.
    let bundle = trial.bundle_by(&mut by(trial, "1", "socket"), LIMIT);
    let outcomes = Trial::rows(
        &bundle,
        // Of connections the number may tell that there are none.
        "SELECT DISTINCT outcome FROM collection_log WHERE path GLOB 'netlink/*' AND reason IS NOT 'nf_conntrack_count is 0'",
    );
    trial.named(outcomes == ["denied"], format!("dumps: {outcomes:?}"));
    let told = Trial::rows(
        &bundle,
        "SELECT interface, type FROM interface_details WHERE interface = 'lo'",
    );
    trial.rest(told == ["lo | NULL"], format!("interfaces: {told:?}"));
    std::fs::remove_file(&bundle).unwrap();
    // What there is no other way for.
    for (errno, calls, word) in [
        ("38", "memfd_create", "share memory with a worker"),
        ("1", "getrandom", "random"),
        ("1", "fstatfs", "open the root directory"),
    ] {
        let mut command = by(trial, errno, calls);
        command.args(["-o", "/mnt/tmp/none.tar.zst"]);
        let (code, said) = refusal(trial, &mut command);
        let is_named =
            said.contains(word) || word == "random" && said.contains("make a redaction key");
        trial.named(
            code == Some(2) && is_named && !said.contains("panicked"),
            format!("{calls}: {code:?}: {said}"),
        );
    }
    let left = std::fs::read_dir(trial.place()).unwrap().count();
    trial.harmless(left == 0, format!("{left} files were left"));
    Ok(())
}

fn open_files(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    let held = trial.place().join("held");
    let mut command = after(trial, "exec 9<>/mnt/tmp/held 2>>/mnt/tmp/held;");
    command.env("FREEZEFRAME_LEAK", "leaked-into-a-worker");
    let bundle = trial.bundle_by(&mut command, LIMIT);
    // A worker that hangs for ever must hold nothing that somebody waits for.
    let holders = "SELECT count(DISTINCT f.pid), count(DISTINCT s.capture_pid), sum(f.pid <> s.capture_pid) \
         FROM process_fds AS f, snapshots AS s WHERE f.target = '/mnt/tmp/held'";
    let found = Trial::rows(&bundle, holders);
    trial.harmless(
        found == ["1 | 1 | 0"],
        format!("holders of an open file: {found:?}"),
    );
    let sql = "SELECT count(*) > 0, sum((SELECT count(*) FROM process_envs AS e WHERE e.pid = p.pid)) \
         FROM processes AS p, snapshots AS s WHERE p.is_collector AND p.pid <> s.capture_pid";
    let found = Trial::rows(&bundle, sql);
    trial.harmless(
        found == ["1 | 0"],
        format!("workers with an environment: {found:?}"),
    );
    let text = std::fs::read_to_string(&held).unwrap();
    trial.named(text.is_empty(), format!("on standard error: {text}"));
    healthy.check(trial, &bundle);
    Ok(())
}

fn in_container(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let mut elsewhere = Command::new("unshare");
    let elsewhere = trial.start(elsewhere.args(["--net", "sleep", "1000.75"]));
    let network = || std::fs::read_link(format!("/proc/{elsewhere}/ns/net")).unwrap();
    let own = std::fs::read_link("/proc/self/ns/net").unwrap();
    wait_for("a network of its own", || (network() != own).then_some(()));
    let network = network().display().to_string();
    let network: String = network.chars().filter(char::is_ascii_digit).collect();
    write(
        Path::new("/mnt/host-log/syslog"),
        "2026-11-24T10:15:02+00:00 host app: planted\n",
    );
    succeed(
        Command::new("mount").args(["--bind", "/mnt/host-log", "/var/log"]),
        &[0],
    );
    write(Path::new("/mnt/homes/anna/.bash_history"), HISTORY);
    succeed(
        Command::new("chown").args(["-R", "4000", "/mnt/homes/anna"]),
        &[0],
    );
    with_homes(trial, &[("anna", "/mnt/homes/anna")]);
    // The container's own root: nothing of the host's but what is mounted below /host.
    let room = "mkdir -p /mnt/room && mount -t tmpfs tmpfs /mnt/room && cd /mnt/room && \
         mkdir host proc dev tmp usr etc && touch dev/null && mount --bind /dev/null dev/null && \
         for d in usr bin lib lib64; do [ -L /$d ] && cp -a /$d . || { mkdir -p $d; mount --bind /$d $d; }; done; \
         cp /mnt/capture /mnt/room/capture && mount --rbind / host && \
         mount --bind /mnt/tmp tmp && exec unshare --pid --net --ipc --uts --fork --kill-child";
    for (kind, options, code) in [
        ("a container", "", 0),
        (
            "a container with users of its own",
            "--user --map-root-user --mount",
            1,
        ),
    ] {
        let bundle = trial.place().join(format!("{code}.tar.zst"));
        let script = format!(
            "{room} {options} sh -c 'mount -t proc proc /mnt/room/proc && exec chroot /mnt/room /capture -q --root /host/ -o /tmp/{code}.tar.zst'"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &script]);
        let output = trial.run(&mut command, LIMIT);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        trial.named(
            output.status.code() == Some(code),
            format!("{kind}: {:?}: {said}", output.status),
        );
        if !bundle.exists() {
            continue;
        }
        let found = Trial::rows(&bundle, "SELECT mode, root, intact FROM snapshots");
        trial.named(found == ["live | /host/ | 1"], format!("{kind}: {found:?}"));
        let found = Trial::rows(
            &bundle,
            "SELECT message FROM log_lines WHERE path = '/var/log/syslog'",
        );
        trial.rest(
            found == ["planted"],
            format!("{kind}: the host's log: {found:?}"),
        );
        let sql = "SELECT p.pid FROM processes AS p, snapshots AS s WHERE p.pid = s.capture_pid AND p.is_collector";
        let found = Trial::rows(&bundle, sql);
        trial.rest(
            found.len() == 1,
            format!("{kind}: its own process by the host's number: {found:?}"),
        );
        let found = Trial::rows(
            &bundle,
            "SELECT count(*) FROM processes WHERE pid = 1 AND cmdline <> ''",
        );
        trial.rest(
            found == ["1"],
            format!("{kind}: the host's process 1: {found:?}"),
        );
        if code == 0 {
            healthy.check(trial, &bundle);
            let found = Trial::rows(
                &bundle,
                "SELECT command FROM shell_history WHERE username = 'anna'",
            );
            trial.rest(
                found == ["systemctl restart planted.service"],
                format!("{kind}: a home: {found:?}"),
            );
            let sql = format!(
                "SELECT count(*) > 0 FROM interface_details WHERE net_namespace = {network}"
            );
            let found = Trial::rows(&bundle, &sql);
            trial.rest(
                found == ["1"],
                format!("{kind}: another network: {found:?}"),
            );
        }
    }
    let left = std::fs::read_dir("/mnt/room").map_or(0, Iterator::count);
    trial.harmless(left == 0, format!("{left} files in the room"));
    Ok(())
}

fn no_root(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    std::os::unix::fs::symlink("/nonexistent", "/mnt/dangling").unwrap();
    std::os::unix::fs::symlink("/mnt/loop", "/mnt/loop").unwrap();
    for root in [
        "/nonexistent",
        "/etc/hostname",
        "/mnt/dangling",
        "/mnt/loop",
        "",
    ] {
        let mut command = trial.capture();
        command.args(["--root", root, "-o", "/mnt/tmp/none.tar.zst"]);
        let (code, said) = refusal(trial, &mut command);
        trial.named(
            code == Some(2) && said.contains("root") && said.contains(root),
            format!("{root}: {code:?}: {said}"),
        );
    }
    let left = std::fs::read_dir(trial.place()).unwrap().count();
    trial.harmless(left == 0, format!("{left} files were left"));
    // Other names of the same.
    std::os::unix::fs::symlink("/", "/mnt/all").unwrap();
    for root in ["///", "/mnt/all", "/mnt/all/", "."] {
        let mut command = trial.capture();
        command.current_dir("/").args(["--root", root]);
        let bundle = trial.bundle_by(&mut command, LIMIT);
        healthy.check(trial, &bundle);
        let mode = Trial::rows(&bundle, "SELECT mode FROM snapshots");
        trial.named(mode == ["live"], format!("{root}: {mode:?}"));
    }
    // Somebody has mistyped a name.
    std::fs::create_dir("/mnt/empty").unwrap();
    let bundle = trial.bundle(&["--root", "/mnt/empty"], LIMIT);
    let sql = "SELECT complete, incomplete_reason FROM snapshots";
    let found = Trial::rows(&bundle, sql);
    trial.named(
        found == ["0 | nothing of a host lies below the root"],
        format!("an empty root: {found:?}"),
    );
    // The host's files without its /proc, or with a plain directory in that place, are a dead tree.
    for (root, prepare) in [("/mnt/without", ""), ("/mnt/plain", "proc")] {
        write(
            &Path::new(root).join("etc/passwd"),
            "dora:x:4000:4000::/home/dora:/bin/sh\n",
        );
        std::fs::create_dir_all(Path::new(root).join(prepare)).unwrap();
        let bundle = trial.bundle(&["--root", root], LIMIT);
        let found = Trial::rows(
            &bundle,
            "SELECT s.mode, u.username FROM snapshots AS s, users AS u",
        );
        trial.named(found == ["dead | dora"], format!("{root}: {found:?}"));
    }
    Ok(())
}

fn without_privilege(trial: &mut Trial) -> Result<(), Skipped> {
    if !has("setpriv") {
        return Err(Skipped::because("needs setpriv"));
    }
    let mut plant = Command::new("sleep");
    let pid = trial.start(plant.arg("1000.25"));
    let capture = trial.capture().get_program().to_owned();
    for (kind, wrapper) in [
        ("no new privileges", "setpriv --no-new-privs"),
        (
            "no CAP_SYS_PTRACE",
            "setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace",
        ),
        (
            "no CAP_DAC_READ_SEARCH",
            "setpriv --bounding-set -dac_read_search,-dac_override --inh-caps -dac_read_search,-dac_override",
        ),
        (
            "no capabilities",
            "setpriv --bounding-set -all --inh-caps -all",
        ),
        ("a user namespace", "unshare --user --map-root-user"),
        ("a user namespace without a map", "unshare --user"),
        (
            "nobody",
            "setpriv --reuid 65534 --regid 65534 --clear-groups",
        ),
    ] {
        let mut words = wrapper.split(' ');
        let mut command = Command::new(words.next().unwrap());
        // Who may read the logs of this machine is not asked here.
        command
            .args(words)
            .arg(&capture)
            .args(["-q", "--no-known-logs"]);
        let bundle = trial.bundle_by(&mut command, LIMIT);
        // What everybody may read is there for all.
        let sql = format!("SELECT cmdline, state, uid FROM processes WHERE pid = {pid}");
        let found = Trial::rows(&bundle, &sql);
        trial.rest(
            found.len() == 1 && found[0].starts_with("sleep 1000.25 | S | "),
            format!("{kind}: {found:?}"),
        );
        let sql = format!(
            "SELECT outcome FROM collection_log WHERE path = '/proc/{pid}/exe' AND outcome = 'denied' \
             UNION ALL SELECT 'incomplete' FROM snapshots WHERE complete = 0"
        );
        let found = Trial::rows(&bundle, &sql);
        let sees_all = kind == "no new privileges" || kind.ends_with("READ_SEARCH");
        let expected: &[&str] = if sees_all {
            &[]
        } else {
            &["denied", "incomplete"]
        };
        trial.named(found == expected, format!("{kind}: {found:?}"));
        let owner = std::fs::metadata(&bundle).unwrap().uid().to_string();
        trial.harmless(owner == "0" || owner == NOBODY, format!("{kind}: {owner}"));
        std::fs::remove_file(&bundle).unwrap();
    }
    Ok(())
}

fn hidden_processes(trial: &mut Trial) -> Result<(), Skipped> {
    if !has("setpriv") {
        return Err(Skipped::because("needs setpriv"));
    }
    let mut theirs = Command::new("sleep");
    let theirs = trial.start(theirs.arg("1000.25"));
    let nobody = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    let mut ours = Command::new("setpriv");
    let ours = trial.start(ours.args(nobody).args(["sleep", "1000.5"]));
    let hide = "mount -t proc -o hidepid=2 proc /proc && exec setpriv \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", hide, "sh"])
        .args(nobody)
        .arg(trial.capture().get_program())
        .arg("-q");
    let bundle = trial.bundle_by(&mut command, LIMIT);
    let sql = format!("SELECT cmdline FROM processes WHERE pid IN ({theirs}, {ours})");
    let found = Trial::rows(&bundle, &sql);
    trial.rest(found == ["sleep 1000.5"], format!("{found:?}"));
    // Not to see them is not the same as that there are none.
    let sql =
        "SELECT DISTINCT outcome, reason LIKE '%hidepid%' FROM collection_log WHERE path = '/proc'";
    let found = Trial::rows(&bundle, sql);
    trial.named(found == ["truncated | 1"], format!("{found:?}"));
    let sql = "SELECT complete, incomplete_reason LIKE '%hidepid%' FROM snapshots";
    let found = Trial::rows(&bundle, sql);
    trial.harmless(found == ["0 | 1"], format!("called complete: {found:?}"));
    Ok(())
}

fn processes_only(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "sh",
            "-c",
            "mount -t proc -o subset=pid proc /proc || exit 99; exec \"$@\"",
            "sh",
        ])
        .arg(trial.capture().get_program())
        .arg("-q");
    let bundle = trial.bundle_by(&mut command, LIMIT);
    healthy.check(trial, &bundle);
    let sql = "SELECT DISTINCT outcome, reason LIKE '%subset=pid%' FROM collection_log WHERE path = '/proc'";
    let found = Trial::rows(&bundle, sql);
    trial.named(found == ["truncated | 1"], format!("{found:?}"));
    let sql = "SELECT complete, incomplete_reason LIKE '%subset=pid%' FROM snapshots";
    let found = Trial::rows(&bundle, sql);
    trial.harmless(found == ["0 | 1"], format!("called complete: {found:?}"));
    Ok(())
}
