//! Logs that nobody knows of beforehand: found by what processes hold open and name, bounded, and left as they were.
#![cfg(test)]

mod common;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::namespace::{captured, inside, open_directory};
use common::{Guard, expect_rows, rows, run_within, succeed, wait_for};

const LIMIT: Duration = Duration::from_secs(70);

/// Starts a script of sh, and waits until it is asleep: what it is to do is done then.
fn start(arguments: &[&str], script: &str) -> Guard {
    let (program, arguments) = arguments.split_first().unwrap();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .args(["sh", "-ec", script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let service = Guard(command.spawn().unwrap());
    let pid = service.0.id();
    wait_for("the service", || {
        let name = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
        (name == b"sleep\n").then_some(())
    });
    service
}

/// A path that nobody knows.
fn secret_path(place: &Path) -> PathBuf {
    place.join(format!("{:x}/{:x}", common::random(), common::random()))
}

#[test]
fn by_whatever_name_and_in_whatever_root() {
    if !inside("by_whatever_name_and_in_whatever_root") {
        return;
    }
    let place = open_directory().join("tmp");
    let [appended, written, inner, gone, named, renamed] =
        [(); 6].map(|()| secret_path(&place).display().to_string());
    let make = |path: &str| format!("mkdir -p \"$(dirname {path})\"");
    // One that appends, and whose standard output is a file; one that was rotated under it, and one that was removed.
    let host = start(
        &["env"],
        &format!(
            "{}; {}; {}; {}
             exec 3>>{appended} 4>>{gone} 5>>{renamed}; rm {gone}; mv {renamed} {renamed}.1
             echo appended >&3; echo gone >&4; echo renamed >&5; exec >{written}; echo written; exec sleep 600",
            make(&appended),
            make(&written),
            make(&gone),
            make(&renamed),
        ),
    );
    // The same path in two other mount namespaces.
    let apart = |what: &str| {
        start(
            &["unshare", "--mount"],
            &format!(
                "mount -t tmpfs tmpfs {}; {}; exec 3>>{inner}; echo {what} >&3; exec sleep 600",
                place.display(),
                make(&inner)
            ),
        )
    };
    let (one, other) = (apart("one"), apart("other"));
    // Nothing holds it open.
    std::fs::create_dir_all(Path::new(&named).parent().unwrap()).unwrap();
    let log = format!("{named}.log");
    std::fs::write(&log, "named\n").unwrap();
    let mut naming = Command::new("sh");
    naming
        .args(["-c", "sleep 600; true", "app", &format!("--file={log}")])
        .stdin(Stdio::null());
    let naming = Guard(naming.spawn().unwrap());
    let bundle = captured(&place, &["--no-known-logs"]);
    let (host, one, other, naming) = (host.0.id(), one.0.id(), other.0.id(), naming.0.id());
    let mut expected = vec![
        (appended.clone(), "open file", host, "appended"),
        (written, "open file", host, "written"),
        (format!("/proc/{host}/fd/4"), "open file", host, "gone"),
        (format!("{renamed}.1"), "open file", host, "renamed"),
        (format!("/proc/{one}/root{inner}"), "open file", one, "one"),
        (
            format!("/proc/{other}/root{inner}"),
            "open file",
            other,
            "other",
        ),
        (log, "argument", naming, "named"),
    ];
    expected.sort();
    let expected: Vec<String> = expected
        .into_iter()
        .map(|(path, by, pid, message)| format!("{path} | {by} | {pid} | collected | {message}"))
        .collect();
    expect_rows(
        &bundle,
        "SELECT files.path, found_by, files.pid, outcome, message FROM log_files AS files JOIN log_lines USING (path) ORDER BY 1",
        &expected.join("\n"),
    );
    let mut show = Command::new("/mnt/analyze");
    show.args(["pid", &host.to_string()]).arg(&bundle);
    let shown = String::from_utf8(run_within(&mut show, LIMIT).stdout).unwrap();
    for message in ["appended", "gone", "renamed", "written"] {
        assert!(
            shown.contains(&format!("  {message}\n")),
            "{message}: {shown}"
        );
    }
    // Nothing is taken for its path alone.
    expect_rows(
        &bundle,
        "SELECT count(*) FROM collection_log WHERE path GLOB '/var/log/*.log' OR path = '/var/log/syslog'",
        "0",
    );
}

/// What is large, grows, is moved, or is no log.
#[test]
fn bounded_and_left_as_they_were() {
    if !inside("bounded_and_left_as_they_were") {
        return;
    }
    let place = open_directory().join("tmp");
    let directory = place.join("logs");
    // A whole GiB, though a hole for the most of it; the longest file there is, with text at its end, and without; what holds
    // bytes that are none.
    let script = format!(
        "mkdir {0}; cd {0}
         truncate -s 1G large.log; (seq 1 200000; echo last) >>large.log
         echo begun >old.log; touch -d 2001-01-01 old.log
         truncate -s 9223372036854771712 longest.log; printf '%s\\n' end of all | dd of=longest.log oflag=seek_bytes seek=9223372036854771712 conv=notrunc status=none
         truncate -s 9223372036854775807 empty.log
         head -c 100000 /dev/urandom >binary.log
         mkfifo fifo.log; ln -s /etc/shadow link.log; mkdir directory.log",
        directory.display()
    );
    succeed(Command::new("sh").args(["-ec", &script]), &[0]);
    let holder = start(
        &["env"],
        &format!(
            "cd {}; exec 3>>large.log 4>>longest.log 5>>empty.log 6>>binary.log 7<>fifo.log 8>>old.log; exec sleep 600",
            directory.display()
        ),
    );
    let writer = |script: &str| {
        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        Guard(command.spawn().unwrap())
    };
    // As fast as they can.
    let growing = writer("exec >>growing.log; while :; do echo another line; done");
    let rotated =
        writer("while :; do exec >>rotated.log; echo line; mv rotated.log rotated.log.1; done");
    let truncated = writer("exec >>truncated.log; while :; do seq 1 1000; : >truncated.log; done");
    let mut names = Command::new("sh");
    let odd = ["fifo.log", "link.log", "directory.log", "none.log"];
    let odd = odd.map(|name| directory.join(name).display().to_string());
    names
        .args(["-c", "sleep 600; true", "app"])
        .args(odd)
        .stdin(Stdio::null());
    let names = Guard(names.spawn().unwrap());
    wait_for("the logs", || {
        ["growing.log", "truncated.log"]
            .iter()
            .all(|name| directory.join(name).exists())
            .then_some(())
    });
    let accessed = || {
        [
            "large.log",
            "longest.log",
            "empty.log",
            "binary.log",
            "old.log",
        ]
        .map(|name| {
            let stat = std::fs::metadata(directory.join(name)).unwrap();
            (name, stat.atime(), stat.atime_nsec())
        })
    };
    // Mounted so that any reading would set it.
    let before = accessed();
    let bundle = captured(&place, &["--no-known-logs"]);
    assert_eq!(accessed(), before);
    let path = |name: &str| format!("{}/{name}", directory.display());
    let check = |name: &str, expected: &str| {
        expect_rows(
            &bundle,
            &format!(
                "SELECT outcome, reason, bytes_kept, bytes_seen FROM collection_log WHERE path = '{}'",
                path(name)
            ),
            expected,
        );
    };
    check("old.log", "collected | NULL | 6 | 6");
    check(
        "longest.log",
        "truncated | the last 1048576 bytes are kept | 11 | 9223372036854771723",
    );
    check("empty.log", "skipped | no text | 0 | 9223372036854775807");
    check("binary.log", "skipped | no text | 0 | 100000");
    check("directory.log", "skipped | directory | 0 | 0");
    check("fifo.log", "skipped | fifo | 0 | 0");
    check("none.log", "absent | NULL | 0 | 0");
    let refused = rows(
        &bundle,
        &format!(
            "SELECT outcome, reason LIKE 'symbolic link that not only root could make to %' OR reason LIKE '%secrets' FROM collection_log WHERE path = '{}'",
            path("link.log")
        ),
    );
    assert_eq!(
        serde_json::to_value(refused).unwrap(),
        serde_json::json!([["skipped", 1]])
    );
    expect_rows(
        &bundle,
        &format!(
            "SELECT outcome, bytes_kept, kept_from + kept_bytes = size, (SELECT message FROM log_lines WHERE path = log_files.path ORDER BY line_no DESC LIMIT 1)
             FROM log_files JOIN collection_log USING (path, outcome) WHERE path = '{}'",
            path("large.log")
        ),
        "truncated | 1048576 | 1 | last",
    );
    // Of what moves meanwhile there is something, or it is said why not; and never more than its limit.
    expect_rows(
        &bundle,
        &format!(
            "SELECT count(DISTINCT substr(path, 1, {0} + 8)), max(bytes_kept) <= 1048576, sum(outcome NOT IN ('collected', 'truncated', 'vanished', 'skipped'))
             FROM collection_log WHERE path GLOB '{1}*' OR path GLOB '{2}*' OR path GLOB '{3}*'",
            directory.display().to_string().len(),
            path("growing.log"),
            path("rotated.log"),
            path("truncated.log"),
        ),
        "3 | 1 | 0",
    );
    drop((holder, growing, rotated, truncated, names));
}

/// What is over the budget of all is shared: small ones are whole, the others have the same of what is left.
#[test]
fn many_logs_share_the_budget() {
    if !inside("many_logs_share_the_budget") {
        return;
    }
    let place = open_directory().join("tmp");
    // 90 of a MiB and a half do not fit; those that are small are whole.
    let script = format!(
        "mkdir {0}; cd {0}
         head -c 1572864 /dev/zero | tr '\\0' x | fold -w 1000 | head -c 1572864 >model
         for number in $(seq 1 90); do cp model large-$number; done
         for number in $(seq 1 60); do echo small >small-$number; done",
        place.join("logs").display()
    );
    succeed(Command::new("sh").args(["-ec", &script]), &[0]);
    let mut holders = Vec::new();
    for first in (1..=90).step_by(5) {
        let mut opened = String::new();
        for number in first..first + 5 {
            use std::fmt::Write;
            let fd = 3 + number % 5;
            write!(opened, "exec {fd}>>large-{number}; printf x >&{fd}; ").unwrap();
        }
        let script = format!(
            "cd {}; {opened} exec sleep 600",
            place.join("logs").display()
        );
        holders.push(start(&["env"], &script));
    }
    for first in (1..=60).step_by(5) {
        let mut opened = String::new();
        for number in first..first + 5 {
            use std::fmt::Write;
            let fd = 3 + number % 5;
            write!(opened, "exec {fd}>>small-{number}; printf x >&{fd}; ").unwrap();
        }
        let script = format!(
            "cd {}; {opened} exec sleep 600",
            place.join("logs").display()
        );
        holders.push(start(&["env"], &script));
    }
    let bundle = captured(&place, &["--no-known-logs"]);
    expect_rows(
        &bundle,
        "SELECT count(*), min(outcome), max(outcome), sum(kept_bytes) FROM log_files WHERE path LIKE '%/small-%'",
        "60 | collected | collected | 420",
    );
    // None has less than half a MiB, and all together no more than there is.
    expect_rows(
        &bundle,
        "SELECT count(*), min(outcome), min(kept_bytes) > 524288, sum(kept_bytes) <= 48 << 20, sum(kept_bytes) > 46 << 20
         FROM log_files WHERE path LIKE '%/large-%'",
        "90 | truncated | 1 | 1 | 1",
    );
    // That a budget cut them is a gap.
    expect_rows(&bundle, "SELECT complete FROM snapshots", "0");
}
