//! The journal, as systemd's own tools make and tell it.
#![cfg(test)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{capture, expect_rows, has, rows, skip, succeed};

const TOOL: &str = "/lib/systemd/systemd-journal-remote";
const DIRECTORY: &str = "var/log/journal/00112233445566778899aabbccddeeff";

/// Entries with short and long messages, some of two lines and some that are no text.
fn entries(count: u64) -> Vec<u8> {
    let mut export = Vec::new();
    let mut random = common::random();
    let mut letters = |length: usize| -> String {
        let mut letter = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b'a' + u8::try_from(random >> 60).unwrap())
        };
        (0..length).map(|_| letter()).collect()
    };
    for number in 1..=count {
        export.extend(
            format!(
                "__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={number}\n_BOOT_ID=0f1e2d3c4b5a69788796a5b4c3d2e1f0\n\
                 _HOSTNAME=web-1\nSYSLOG_IDENTIFIER=app{}\n_PID={}\n_UID=7\n_SYSTEMD_UNIT=app{}.service\nPRIORITY={}\n",
                1_795_510_350_000_000 + number * 1000,
                number % 5,
                100 + number % 5,
                number % 5,
                number % 8,
            )
            .into_bytes(),
        );
        let message = match number % 50 {
            0 => format!("two\nlines {number}").into_bytes(),
            1 => letters(3000).into_bytes(),
            2 => "long ".repeat(400).into_bytes(),
            3 => vec![0xff, 0, 1, u8::try_from(number % 250).unwrap()],
            _ => format!("line {number} {}", letters(20)).into_bytes(),
        };
        export.extend(b"MESSAGE\n");
        export.extend(u64::try_from(message.len()).unwrap().to_le_bytes());
        export.extend(message);
        export.extend(b"\n\n");
    }
    export
}

fn made(root: &Path, name: &str, export: &[u8], compact: &str) -> PathBuf {
    let (input, output) = (root.join("export"), root.join(DIRECTORY).join(name));
    fs::create_dir_all(output.parent().unwrap()).unwrap();
    fs::write(&input, export).unwrap();
    let mut tool = Command::new(TOOL);
    tool.arg("-o")
        .args([&output, &input])
        .env("SYSTEMD_JOURNAL_COMPACT", compact)
        .stderr(Stdio::null());
    succeed(&mut tool, &[0]);
    fs::remove_file(input).unwrap();
    output
}

fn captured(root: &Path, place: &Path, options: &[&str]) -> PathBuf {
    let bundle = place.join("bundle.tar.zst");
    let _ = fs::remove_file(&bundle);
    let mut capture = capture();
    capture
        .args(["-q", "--root"])
        .arg(root)
        .args(options)
        .arg("-o")
        .arg(&bundle);
    succeed(&mut capture, &[0, 1]);
    bundle
}

/// What journalctl tells of a file: time, sequence number, identifier, pid, priority, and the message as bytes.
fn told(file: &Path, count: u64) -> Vec<serde_json::Value> {
    let mut command = Command::new("journalctl");
    command
        .arg("--file")
        .arg(file)
        .args(["-a", "-o", "json", "-n", &count.to_string()])
        .stderr(Stdio::null());
    let lines = String::from_utf8(succeed(&mut command, &[0])).unwrap();
    lines
        .lines()
        .map(|line| {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            let message = match &entry["MESSAGE"] {
                serde_json::Value::String(text) => common::hex(text.as_bytes()),
                bytes => {
                    let bytes: Vec<u8> = serde_json::from_value(bytes.clone()).unwrap();
                    common::hex(&bytes)
                }
            };
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            serde_json::json!([
                text("__REALTIME_TIMESTAMP"),
                text("SYSLOG_IDENTIFIER"),
                text("_PID"),
                text("PRIORITY"),
                text("_SYSTEMD_UNIT"),
                message,
            ])
        })
        .collect()
}

#[test]
fn as_journalctl_tells_it() {
    if !Path::new(TOOL).exists() || !has("journalctl") {
        skip(
            "a journal of systemd",
            "systemd-journal-remote is not installed",
        );
        return;
    }
    for compact in ["0", "1"] {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("root");
        let file = made(&root, "system.journal", &entries(3000), compact);
        let told = told(&file, 2000);
        assert_eq!(told.len(), 2000);
        let bundle = captured(&root, place.path(), &["--journal-entries", "2000"]);
        let found = rows(
            &bundle,
            "SELECT CAST(time_us AS TEXT), identifier, CAST(pid AS TEXT), CAST(severity AS TEXT), systemd_unit, hex(message)
             FROM journal ORDER BY line_no",
        );
        for (found, told) in found.iter().zip(&told) {
            assert_eq!(&serde_json::to_value(found).unwrap(), told);
        }
        expect_rows(
            &bundle,
            "SELECT count(*), (SELECT count(*) FROM log_lines WHERE path LIKE '%.journal'), (SELECT count(*) FROM parse_issues),
               (SELECT outcome || ' ' || reason FROM collection_log WHERE path LIKE '%.journal') FROM journal",
            "2000 | 2000 | 0 | truncated the last 2000 of 3000 entries are kept",
        );
        // It is asked for by the unit.
        let mut show = common::analyze();
        show.args(["show", "logs", "--service", "app3", "--format", "json"])
            .arg(&bundle);
        let shown: Vec<serde_json::Value> =
            serde_json::from_slice(&succeed(&mut show, &[0])).unwrap();
        assert_eq!(shown.len(), 400);
    }
}

/// A copy that was cut while it was made, or that has odd bytes in it, is worth what can be read of it.
#[test]
fn a_torn_journal_gives_what_it_has() {
    if !Path::new(TOOL).exists() {
        skip("a torn journal", "systemd-journal-remote is not installed");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    let whole = made(&root, "system.journal", &entries(2000), "1");
    let bytes = fs::read(&whole).unwrap();
    fs::remove_file(&whole).unwrap();
    // Behind the tables, entries lie in the order in which they were written, so that half of that has about half of them.
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let is_message = |part: &[u8]| part == b"MESSAGE=";
    let first = bytes.windows(8).position(is_message).unwrap();
    let half = usize::midpoint(first, used);
    fs::write(
        root.join(DIRECTORY).join("system@0006-1.journal~"),
        &bytes[..half],
    )
    .unwrap();
    let bundle = captured(&root, place.path(), &[]);
    expect_rows(
        &bundle,
        "SELECT count(*) BETWEEN 300 AND 1500, count(DISTINCT seqnum) = count(*),
           (SELECT count(*) FROM collection_log WHERE path LIKE '%.journal~' AND outcome = 'truncated' AND reason LIKE '% cannot be read')
         FROM journal",
        "1 | 1 | 1",
    );
    for step in 1..30_usize {
        let mut torn = bytes.clone();
        for place in 0..50 {
            let at = (step * 7919 + place * 104_729) % used;
            torn[at] ^= u8::try_from(step).unwrap();
        }
        fs::write(root.join(DIRECTORY).join("system@0006-1.journal~"), torn).unwrap();
        let bundle = captured(&root, place.path(), &["--journal-entries", "300"]);
        expect_rows(&bundle, "SELECT count(*) <= 300 FROM journal", "1");
    }
    fs::write(
        root.join(DIRECTORY).join("system@0006-1.journal~"),
        b"LPKSHHRHx",
    )
    .unwrap();
    let bundle = captured(&root, place.path(), &[]);
    expect_rows(
        &bundle,
        "SELECT outcome, reason FROM collection_log WHERE path LIKE '%.journal~'",
        "skipped | no journal",
    );
}
