//! Sizes of file systems, locks, settings and the clock of a live host, against `stat -f`, `df`, and the files themselves;
//! beside a FUSE file system whose server is mute and an automount point, which must not be touched.
#![cfg(test)]

mod common;

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::namespace::{inside, wait_for_file};
use common::{
    Guard, analyze, capture, count, expect_rows, has, line, rows, run_within, skip, succeed,
    wait_for,
};

/// Far above what a capture takes, and below what a worker's time-outs would add up to if it touched what hangs.
const LIMIT: Duration = Duration::from_mins(1);

fn shell(script: &str) {
    succeed(Command::new("sh").args(["-ec", script]), &[0]);
}

/// Runs a script in a session of its own, so that it is no part of the test's process group.
fn hold(before: &[&str], script: &str) -> Guard {
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
    let _own = hold(
        &["unshare", "--mount"],
        "mount -t tmpfs -o size=4m own /mnt/own; touch /mnt/own-ready; exec sleep 600",
    );
    wait_for_file(Path::new("/mnt/own-ready"));
    shell("mkfifo /mnt/fifo");
    let _traps = hold(
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

    shell("mount -t tmpfs -o size=64m tmp /tmp");
    let bundle = Path::new("/tmp/bundle.tar.zst");
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
               SELECT inode FROM process_namespaces WHERE pid = 1 AND type = 'mnt') ORDER BY mount_id"
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
        "SELECT path, outcome, reason FROM collection_log WHERE path GLOB '/proc/*/root/*'",
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
    let holder = hold(&["flock", "/mnt/lock"], "touch /mnt/held; exec sleep 600");
    wait_for_file(Path::new("/mnt/held"));
    let waiter = hold(&["flock", "--shared", "/mnt/lock"], "exec sleep 600");
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
