//! Sizes of file systems, locks, settings and the clock of a live host, against `stat -f`, `df`, and the files themselves;
//! beside a FUSE file system whose server is mute and an automount point, which must not be touched.
#![cfg(test)]

mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::namespace::{HOLDER, holder_role, inside, this_binary, wait_for_file};
use common::{
    Guard, analyze, capture, count, expect_rows, has, line, program, rows, run_within, skip,
    succeed, wait_for,
};

/// Far above what a capture takes, and below what a worker's time-outs would add up to if it touched what hangs.
const LIMIT: Duration = Duration::from_mins(1);

fn shell(script: &str) {
    succeed(Command::new("sh").args(["-ec", script]), &[0]);
}

/// Runs a script in a session of its own, so that it is no part of the test's process group.
fn start(before: &[&str], script: &str) -> Guard {
    let (program, arguments) = before.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(arguments).args(["sh", "-ec", script]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Guard(command.spawn().unwrap())
}

/// Block size, blocks, free, available, inodes and free inodes, as `stat` says them.
fn stat(path: &str) -> String {
    let mut command = Command::new("stat");
    command.args(["-f", "-c", "%S | %b | %f | %a | %c | %d", path]);
    let output = succeed(&mut command, &[0]);
    String::from_utf8(output).unwrap().trim_end().to_owned()
}

/// Whether reaching a path hangs until the one who tries is killed.
fn hangs(program: &[&str]) -> bool {
    let mut command = Command::new("timeout");
    command
        .args(["-s", "KILL", "1"])
        .args(program)
        .stderr(Stdio::null());
    run_within(&mut command, LIMIT).status.code() != Some(0)
}

#[test]
fn local_file_systems_are_measured_and_others_left_alone() {
    if !inside("local_file_systems_are_measured_and_others_left_alone") {
        return;
    }
    shell(
        "mount -t tmpfs -o size=64m place /mnt
         cd /mnt; mkdir sized hidden over bound own auto mute; mkdir over/deep
         mount -t tmpfs -o size=1m,nr_inodes=100 sized sized
         mkdir sized/part; head -c 300000 /dev/zero > sized/part/file
         mount --bind sized/part bound
         mount -t tmpfs -o size=2m lower hidden
         mount -t tmpfs -o size=3m upper hidden
         mount -t tmpfs -o size=5m deep over/deep
         mount -t tmpfs -o size=6m over over",
    );
    // Only this process sees it.
    let _own = start(
        &["unshare", "--mount"],
        "mount -t tmpfs -o size=4m own /mnt/own; touch /mnt/own-ready; exec sleep 600",
    );
    wait_for_file(Path::new("/mnt/own-ready"));
    shell("mkfifo /mnt/fifo");
    let _traps = start(
        &["setsid"],
        "exec 7<>/mnt/fifo
         mount -i -t autofs -o fd=7,minproto=5,maxproto=5,direct auto /mnt/auto && touch /mnt/has-auto
         if exec 8<>/dev/fuse; then
           mount -i -t fuse -o fd=8,rootmode=40000,user_id=0,group_id=0 mute /mnt/mute && touch /mnt/has-mute
         fi
         touch /mnt/traps-ready; exec sleep 600",
    );
    wait_for_file(Path::new("/mnt/traps-ready"));
    // That they are traps is no part of the product, but without it the test would say nothing.
    for (trap, touch) in [
        ("auto", &["stat", "/mnt/auto/x"][..]),
        ("mute", &["stat", "-f", "/mnt/mute"]),
    ] {
        if Path::new("/mnt").join(format!("has-{trap}")).exists() {
            assert!(hangs(touch), "{trap}");
        } else {
            skip(
                &format!("a capture beside {trap}"),
                "this kernel does not mount it",
            );
        }
    }

    shell("mkdir /mnt/out; mount -t tmpfs -o size=64m out /mnt/out");
    let bundle = Path::new("/mnt/out/bundle.tar.zst");
    let mut command = capture();
    // Of a group of its own: who shares the group of an automount's daemon does not trigger it.
    command.arg("-o").arg(bundle).process_group(0);
    let output = run_within(&mut command, LIMIT);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let sized = stat("/mnt/sized");
    assert_eq!(sized.split(" | ").nth(1), Some("256"));
    let columns = "blocks_size, blocks, blocks_free, blocks_available, inodes, inodes_free";
    let measured = |path: &str, rows: &[&str]| {
        let sql = format!(
            "SELECT device, covered, {columns} FROM mounts WHERE path = '/mnt/{path}' AND mount_namespace = (
               SELECT inode FROM process_namespaces WHERE pid = 1 AND type = 'mnt') ORDER BY covered DESC"
        );
        expect_rows(bundle, &sql, &rows.join("\n"));
    };
    let nothing = "NULL | NULL | NULL | NULL | NULL | NULL";
    measured("sized", &[&format!("sized | 0 | {sized}")]);
    measured("bound", &[&format!("sized | 0 | {sized}")]);
    measured(
        "hidden",
        &[
            &format!("lower | 1 | {nothing}"),
            &format!("upper | 0 | {}", stat("/mnt/hidden")),
        ],
    );
    measured("over", &[&format!("over | 0 | {}", stat("/mnt/over"))]);
    measured("over/deep", &[&format!("deep | 1 | {nothing}")]);
    for trap in ["auto", "mute"] {
        if Path::new("/mnt").join(format!("has-{trap}")).exists() {
            measured(trap, &[&format!("{trap} | 0 | {nothing}")]);
        }
    }
    expect_rows(
        bundle,
        "SELECT blocks * blocks_size, path, covered FROM mounts WHERE device = 'own'",
        "4194304 | /mnt/own | 0",
    );
    expect_rows(
        bundle,
        "SELECT path, outcome, reason FROM collection_log WHERE path GLOB '/proc/*/root/*' AND path NOT GLOB '*/etc/*.conf'",
        "",
    );
    assert_eq!(count(bundle, "FROM time_status"), 1);
    shows_as_df(bundle);
}

/// The lines of `df` that `show df` has too, without what changes while the test runs.
fn shows_as_df(bundle: &Path) {
    let mut command = Command::new("df");
    command.args(["-k", "--output=target,fstype,size,itotal", "-t", "tmpfs"]);
    let theirs = String::from_utf8(succeed(&mut command, &[0])).unwrap();
    let mut theirs: Vec<String> = theirs.lines().skip(1).map(words).collect();
    let mut command = analyze();
    command.args(["show", "df", "--format", "json"]).arg(bundle);
    let output = succeed(&mut command, &[0, 1]);
    let ours: Vec<serde_json::Value> = serde_json::Deserializer::from_slice(&output)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let ours = match ours.as_slice() {
        [serde_json::Value::Array(rows)] => rows.clone(),
        _ => ours,
    };
    let text = |value: &serde_json::Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let mut ours: Vec<String> = ours
        .iter()
        .filter(|row| row["Type"] == "tmpfs")
        .map(|row| {
            ["Mounted on", "Type", "1K-blocks", "Inodes"]
                .map(|name| text(&row[name]))
                .join(" ")
        })
        .collect();
    theirs.sort();
    ours.sort();
    assert_eq!(ours, theirs);
}

fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn locks_and_settings_are_those_of_the_files() {
    if !inside("locks_and_settings_are_those_of_the_files") {
        return;
    }
    if !has("flock") {
        skip("locks of a live host", "flock is not installed");
        return;
    }
    shell("mount -t tmpfs -o size=64m place /mnt; touch /mnt/lock");
    let holder = start(&["flock", "/mnt/lock"], "touch /mnt/held; exec sleep 600");
    wait_for_file(Path::new("/mnt/held"));
    let waiter = start(&["flock", "--shared", "/mnt/lock"], "exec sleep 600");
    let locks = wait_for("somebody to wait for the lock", || {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        locks
            .contains(&format!(" {} ", waiter.pid()))
            .then_some(locks)
    });
    assert!(locks.contains("->"));
    let bundle = Path::new("/mnt/bundle.tar.zst");
    let mut command = capture();
    command.arg("-o").arg(bundle);
    let output = run_within(&mut command, LIMIT);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let inode = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata("/mnt/lock").unwrap());
    expect_rows(
        bundle,
        &format!(
            "SELECT pid, type, mode, access, blocked, start, end FROM file_locks WHERE inode = {inode} ORDER BY blocked"
        ),
        &format!(
            "{} | FLOCK | ADVISORY | WRITE | 0 | 0 | NULL
             {} | FLOCK | ADVISORY | READ | 1 | 0 | NULL",
            holder.pid(),
            waiter.pid()
        ),
    );
    let settings = rows(
        bundle,
        "SELECT name, hex(current_value) FROM system_controls",
    );
    assert!(settings.len() > 50, "{} settings", settings.len());
    for setting in settings {
        let shown = line(&setting);
        let (name, value) = shown.split_once(" | ").unwrap();
        let mut text = std::fs::read(format!("/proc/sys/{}", name.replace('.', "/"))).unwrap();
        if text.ends_with(b"\n") {
            text.pop();
        }
        let expected = common::hex(&text);
        // An empty value is shown by its name.
        let value = if value == "''" { "" } else { value };
        assert_eq!(value, expected, "{name}");
    }
}

/// Nothing is asked of an overlay whose files lie behind a server, as its namespace knows.
#[test]
fn an_overlay_over_a_server_is_not_asked() {
    hung_overlay(
        "an_overlay_over_a_server_is_not_asked",
        "",
        "SELECT path, outcome FROM collection_log WHERE outcome = 'timed out'",
        "",
    );
}

/// Once the server's mount is gone no table tells of it: each file system that hangs does so once, and two end the stage.
#[test]
fn a_hung_overlay_costs_no_more_than_itself() {
    hung_overlay(
        "a_hung_overlay_costs_no_more_than_itself",
        "umount -l /mnt/own/files",
        "SELECT count(*), count(DISTINCT reason), min(reason) FROM collection_log WHERE outcome = 'timed out'",
        "2 | 1 | it hung",
    );
}

/// A capture beside an overlay that six namespaces share, and whose files lie with a server that does not answer any more.
fn hung_overlay(test: &str, then: &str, sql: &str, expected: &str) {
    if !inside(test) {
        return;
    }
    shell(
        "mount -t tmpfs -o size=64m place /mnt; mkdir /mnt/out; mount -t tmpfs -o size=64m out /mnt/out",
    );
    let server = this_binary();
    let server = server.display();
    let script = format!(
        "mkdir /mnt/own; mount -t tmpfs own /mnt/own; cd /mnt/own; mkdir files low over
         exec 8<>/dev/fuse
         mount -i -t fuse -o fd=8,rootmode=40000,user_id=0,group_id=0,allow_other files files
         {HOLDER}=server {server} --exact hold --nocapture --test-threads=1 <&8 >/dev/null 2>&1 &
         exec 8>&-
         mount -t overlay -o lowerdir=/mnt/own/files:/mnt/own/low,userxattr over over
         mount -t tmpfs below over/x
         {then}
         for number in 1 2 3 4 5; do unshare --mount sh -ec \"touch /mnt/has-$number; exec sleep 600\" & done
         touch /mnt/own-ready; exec sleep 600"
    );
    let script = format!("({script}) || touch /mnt/own-failed");
    let _own = start(&["setsid", "unshare", "--mount"], &script);
    wait_for("the overlay", || {
        let is_there = |name: &str| Path::new("/mnt").join(name).exists();
        let ready = (1..=5).all(|number| is_there(&format!("has-{number}")));
        (is_there("own-failed") || is_there("own-ready") && ready).then_some(())
    });
    if Path::new("/mnt/own-failed").exists() {
        skip(test, "this kernel mounts no overlay over FUSE");
        return;
    }
    File::create("/mnt/mute").unwrap();
    shell(
        "mount -t tmpfs log /var/log; echo 'Nov 24 08:30:00 web-1 cron[7]: tick' > /var/log/syslog",
    );

    let bundle = Path::new("/mnt/out/bundle.tar.zst");
    // Workers that hang keep what they have for standard error open.
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" 2>/mnt/out/messages", "sh"]);
    command.arg(program("capture")).arg("-o").arg(bundle);
    let code = run_within(&mut command, LIMIT).status.code();
    let messages = std::fs::read_to_string("/mnt/out/messages").unwrap();
    assert!(code.is_some_and(|code| code < 2), "{messages}");
    expect_rows(bundle, sql, expected);
    // What comes after the file systems.
    expect_rows(
        bundle,
        "SELECT message FROM log_lines WHERE path = '/var/log/syslog'",
        "tick",
    );
    expect_rows(
        bundle,
        "SELECT cmdline FROM processes WHERE pid = 1",
        &std::fs::read_to_string("/proc/1/cmdline")
            .unwrap()
            .trim_end_matches('\0')
            .replace('\0', " "),
    );
    expect_rows(
        bundle,
        "SELECT count(*) FROM mounts WHERE device IN ('over', 'below') AND blocks IS NOT NULL",
        "0",
    );
}

/// What [`hung_overlay`] starts.
#[test]
fn hold() {
    if holder_role().as_deref() == Some("server") {
        serve();
    }
}

/// Serves on standard input a FUSE file system that has a root, an empty directory `x` in it, and nothing else; no more once
/// there is a file `/mnt/mute`.
fn serve() {
    let mut device = File::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    let mut request = vec![0; 1 << 20];
    let words = |words: &[u64]| words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    // Inode, size, blocks, times with their nanoseconds, mode and links, owner, device and block size.
    let directory = |inode: u64| -> Vec<u8> {
        let mut bytes: Vec<u8> = words(&[inode, 0, 0, 0, 0, 0]);
        for word in [0, 0, 0, 0o40_755, 2, 0, 0, 0, 4096, 0_u32] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes
    };
    while let Ok(length) = device.read(&mut request) {
        if Path::new("/mnt/mute").exists() {
            continue;
        }
        let (header, body) = request[..length].split_at(40);
        let node = u64::from_ne_bytes(header[16..24].try_into().unwrap());
        let operation = u32::from_ne_bytes(header[4..8].try_into().unwrap());
        let answer: Result<Vec<u8>, i32> = match operation {
            // LOOKUP, GETATTR, OPENDIR, RELEASEDIR and STATFS; FORGET has no answer.
            1 if body == b"x\0" => Ok([words(&[2, 0, 0, 0, 0]), directory(2)].concat()),
            1 => Err(2),
            2 | 42 => continue,
            3 => Ok([words(&[0, 0]), directory(node)].concat()),
            17 => Ok([words(&[10, 10, 10, 10, 10]), vec![0; 40]].concat()),
            27 => Ok(words(&[1, 0])),
            28 | 29 => Ok(Vec::new()),
            // INIT, of version 7.31.
            26 => {
                let mut bytes = Vec::new();
                for word in [
                    7,
                    31,
                    1 << 16,
                    0,
                    0x000a_000c,
                    1 << 16,
                    1,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0_u32,
                ] {
                    bytes.extend(word.to_ne_bytes());
                }
                Ok(bytes)
            }
            _ => Err(38),
        };
        let error = answer.as_ref().map_or_else(|error| -error, |_| 0);
        let body = answer.unwrap_or_default();
        let length = u32::try_from(16 + body.len()).unwrap();
        let head = [
            &length.to_ne_bytes()[..],
            &error.to_ne_bytes(),
            &header[8..16],
        ]
        .concat();
        // Refused where nobody waits for it any more.
        let _ = device.write(&[head, body].concat());
    }
}
