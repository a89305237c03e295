//! A capture without privileges: everything that is readable is read, the rest is denied and counted.
#![cfg(test)]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::namespace::{inside, open_directory};
use common::{Guard, count, expect_rows, has, run_within, skip, succeed};

const NOBODY: &str = "65534";

fn as_nobody(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid",
        NOBODY,
        "--regid",
        NOBODY,
        "--clear-groups",
        program,
    ]);
    command
}

fn write(path: &str, content: &str, mode: u32) {
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn readable_is_read_and_the_rest_denied() {
    if !inside("readable_is_read_and_the_rest_denied") {
        return;
    }
    if !has("setpriv") {
        skip("unprivileged capture", "setpriv is not installed");
        return;
    }
    let place = open_directory().join("tmp");
    // Logs of this machine are none of the test's business.
    succeed(
        Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/var/log"]),
        &[0],
    );
    write(
        "/var/log/syslog",
        "2026-11-24T10:15:02+00:00 host app: readable by all\n",
        0o644,
    );
    write(
        "/var/log/auth.log",
        "2026-11-24T10:15:02+00:00 host app: for root alone\n",
        0o600,
    );
    let mut mine = as_nobody("sleep");
    let mine = Guard(
        mine.arg("600")
            .env("MINE", "readable")
            .stdin(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let mut theirs = Command::new("sleep");
    let theirs = Guard(
        theirs
            .arg("600")
            .env("THEIRS", "not readable")
            .stdin(Stdio::null())
            .spawn()
            .unwrap(),
    );
    common::wait_for("sleep of nobody", || {
        let comm = std::fs::read(format!("/proc/{}/comm", mine.pid())).ok()?;
        (comm == b"sleep\n").then_some(())
    });

    let bundle = place.join("bundle.tar.zst");
    let mut capture = as_nobody("/mnt/capture");
    capture.args(["--format", "json", "-o"]).arg(&bundle);
    let ended = run_within(&mut capture, Duration::from_secs(70));
    assert_eq!(
        ended.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );

    // Every process is there, with what anybody may read of it.
    for (pid, uid) in [(1, 0), (mine.pid(), 65_534), (theirs.pid(), 0)] {
        let sql = format!(
            "SELECT state IS NOT NULL, cmdline <> '', start_ticks > 0, cgroup_path IS NOT NULL, uid FROM processes WHERE pid = {pid}"
        );
        expect_rows(&bundle, &sql, &format!("1 | 1 | 1 | 1 | {uid}"));
    }
    // Its own process whole, those of root without what is theirs.
    let of = |table: &str, pid: u32| count(&bundle, &format!("FROM {table} WHERE pid = {pid}"));
    assert!(of("process_fds", mine.pid()) >= 3);
    assert!(of("process_memory_map", mine.pid()) > 0);
    assert_eq!(
        count(
            &bundle,
            "FROM process_envs WHERE key = 'MINE' AND value = 'readable'"
        ),
        1
    );
    assert_eq!(of("process_fds", theirs.pid()), 0);
    assert_eq!(of("process_envs", theirs.pid()), 0);
    for name in ["environ", "maps", "fd"] {
        assert_denied(&bundle, &format!("/proc/{}/{name}", theirs.pid()));
    }
    // A file of another owner cannot be opened with O_NOATIME, and is read all the same.
    assert_eq!(
        count(
            &bundle,
            "FROM log_lines WHERE path = '/var/log/syslog' AND message = 'readable by all'"
        ),
        1
    );
    // That is said, and of the directories that were listed too: /home, and where logs lie.
    let listed = count(
        &bundle,
        "FROM collection_log WHERE outcome = 'collected' AND member IS NULL AND (path = '/home' OR path GLOB '/var/log*')",
    );
    let read = count(
        &bundle,
        &format!("FROM collection_log WHERE uid <> {NOBODY}"),
    );
    let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(
        report["side_effects"][0],
        format!(
            "the access times of {} files and directories of other users changed: O_NOATIME is refused to all but the owner",
            read + listed
        )
    );
    assert_denied(&bundle, "/var/log/auth.log");
    assert_eq!(
        count(&bundle, "FROM log_lines WHERE path = '/var/log/auth.log'"),
        0
    );
    assert!(
        count(
            &bundle,
            "FROM collection_log WHERE outcome = 'denied' AND errno IN (1, 13)"
        ) > 3
    );
    assert!(count(&bundle, "FROM coverage") > 0);
    expect_rows(
        &bundle,
        "SELECT complete, intact, incomplete_reason IS NULL FROM snapshots",
        "0 | 1 | 0",
    );
}

#[track_caller]
fn assert_denied(bundle: &Path, path: &str) {
    let sql = format!("SELECT outcome FROM collection_log WHERE path = '{path}'");
    expect_rows(bundle, &sql, "denied");
}
