//! A capture that is killed half-way: what it had seen is readable.
#![cfg(test)]

mod common;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::namespace::{inside, open_directory};
use common::{Guard, count, expect_rows, hex, rows, run_within, succeed, wait_for};

/// Enough that fds alone fill several frames.
const PROCESSES: usize = 600;
const FDS: usize = 120;
const SIGKILL: i32 = 9;

#[test]
fn what_was_visited_survives() {
    if !inside("what_was_visited_survives") {
        return;
    }
    let place = open_directory().join("tmp");
    let script = format!(
        "ulimit -n 4096; for fd in {{10..{}}}; do eval \"exec $fd</etc/passwd\"; done; \
         for number in {{1..{PROCESSES}}}; do sleep 600 & done; wait",
        FDS + 9
    );
    let load = Command::new("bash")
        .args(["-c", &script])
        .stdin(Stdio::null())
        .spawn();
    let _load = Guard(load.unwrap());
    wait_for("the load", || (sleeps() == PROCESSES).then_some(()));

    let whole = place.join("whole.tar.zst");
    let mut capture = Command::new("/mnt/capture");
    capture.arg("-q").arg("-o").arg(&whole);
    let ended = run_within(&mut capture, Duration::from_secs(70));
    assert!(
        matches!(ended.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let size = std::fs::metadata(&whole).unwrap().len();
    succeed(common::analyze().arg("verify").arg(&whole), &[0]);

    let partial = kill_at(&place, size / 2);
    let verify = run_within(
        common::analyze().arg("verify").arg(&partial),
        Duration::from_mins(1),
    );
    assert_eq!(
        verify.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&verify.stderr)
    );

    let database = place.join("case.db");
    let mut load_it = common::analyze();
    load_it.arg("load").arg("--db").arg(&database).arg(&partial);
    succeed(&mut load_it, &[1]);
    expect_rows(&database, "SELECT complete, intact FROM snapshots", "0 | 0");

    // A process that was visited has all its fds, but for those at the break.
    let mut visited: BTreeMap<u64, BTreeMap<u64, String>> = BTreeMap::new();
    for row in rows(&database, "SELECT pid, fd, hex(target) FROM process_fds") {
        let (pid, fd) = (row[0].as_u64().unwrap(), row[1].as_u64().unwrap());
        let target = row[2].as_str().unwrap().to_owned();
        visited.entry(pid).or_default().insert(fd, target);
    }
    visited.retain(|pid, _| is_sleep(*pid));
    assert!(
        visited.len() > PROCESSES / 10,
        "{} processes have fds",
        visited.len()
    );
    let mut broken = 0;
    for (pid, found) in &visited {
        let expected = fds(*pid);
        for (fd, target) in found {
            assert_eq!(expected.get(fd), Some(target), "fd {fd} of {pid}");
        }
        broken += usize::from(found.len() != expected.len());
    }
    assert!(
        broken <= 8,
        "{broken} of {} visited processes lack fds",
        visited.len()
    );
    assert!(count(&database, "FROM processes") > 0);

    // The workers end with the capture.
    wait_for("the end of the workers", || {
        let workers = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read(entry.unwrap().path().join("comm")).ok());
        let left = workers.filter(|comm| comm.starts_with(b"capture")).count();
        (left == 0).then_some(())
    });
}

/// Captures into a pipe, takes so many bytes and kills the capture, which then waits for the next ones to be taken.
fn kill_at(place: &Path, size: u64) -> PathBuf {
    let mut capture = Command::new("/mnt/capture");
    capture
        .args(["-q", "-o", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut capture = Guard(capture.spawn().unwrap());
    let mut begin = capture.0.stdout.take().unwrap().take(size);
    let partial = place.join("partial.tar.zst");
    let taken = std::io::copy(&mut begin, &mut File::create(&partial).unwrap()).unwrap();
    capture.0.kill().unwrap();
    let status = capture.0.wait().unwrap();
    assert_eq!((taken, status.signal()), (size, Some(SIGKILL)));
    partial
}

fn is_sleep(pid: u64) -> bool {
    std::fs::read(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm == b"sleep\n")
}

fn sleeps() -> usize {
    let entries = std::fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| is_sleep(*pid)).count()
}

fn fds(pid: u64) -> BTreeMap<u64, String> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let target = std::fs::read_link(entry.path()).unwrap();
            let fd = entry.file_name().to_str().unwrap().parse().unwrap();
            (fd, hex(target.as_os_str().as_bytes()))
        })
        .collect()
}
