//! Logins, as the tools of the host itself tell them.
#![cfg(test)]

mod common;

use std::fs;
use std::process::{Command, Stdio};

use common::{capture_tree, has, rows, skip, succeed};

/// A text from which util-linux makes the file, which it then tells again.
fn dumped(count: usize) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for number in 0..count {
        let kind = number % 9 + 1;
        let second = number % 60;
        let host = format!("host-{number}.example");
        writeln!(
            text,
            "[{kind}] [{:05}] [{:<4}] [{:<8}] [{:<12}] [{host:<20}] [{:<15}] [2026-11-2{}T05:12:{second:02},{:06}+00:00]",
            number + 1,
            format!("i{}", number % 100),
            format!("user{}", number % 1000),
            format!("pts/{number}"),
            format!("192.0.2.{}", number % 250 + 1),
            number % 5,
            number * 17 % 1_000_000,
        )
        .unwrap();
    }
    text
}

#[test]
fn as_utmpdump_tells_them() {
    if !has("utmpdump") {
        skip("logins as utmpdump tells them", "utmpdump is not installed");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    fs::create_dir_all(root.join("var/log")).unwrap();
    let text = place.path().join("text");
    // More than is kept: the beginning is cut off within a record.
    fs::write(&text, dumped(12_000)).unwrap();
    let utmpdump = |options: &[&str], input: &std::path::Path| {
        let mut command = Command::new("utmpdump");
        command
            .args(options)
            .arg(input)
            .env("TZ", "UTC")
            .stderr(Stdio::null());
        succeed(&mut command, &[0])
    };
    for name in ["wtmp", "btmp"] {
        fs::write(root.join("var/log").join(name), utmpdump(&["-r"], &text)).unwrap();
    }
    let told = String::from_utf8(utmpdump(&[], &root.join("var/log/wtmp"))).unwrap();
    let told: Vec<Vec<String>> = told
        .lines()
        .map(|line| {
            let line = line.strip_prefix('[').unwrap().strip_suffix(']').unwrap();
            line.split("] [")
                .map(|field| field.trim().to_owned())
                .collect()
        })
        .collect();
    assert_eq!(told.len(), 12_000);
    let bundle = capture_tree(&root, place.path());
    for (name, failed) in [("wtmp", 0), ("btmp", 1)] {
        let found = rows(
            &bundle,
            &format!(
                "SELECT CAST(type AS TEXT), printf('%05d', pid), username, tty, host, coalesce(address, '0.0.0.0'),
                   strftime('%Y-%m-%dT%H:%M:%S', time, 'unixepoch') || printf(',%06d+00:00', time_us % 1000000)
                 FROM last WHERE path = '/var/log/{name}' AND failed = {failed} ORDER BY record_no"
            ),
        );
        // Four MiB, of which the first record is not whole.
        assert_eq!(found.len(), (4 << 20) / 384);
        let skipped = told.len() - found.len();
        for (expected, found) in told.iter().skip(skipped).zip(&found) {
            let expected = [0, 1, 3, 4, 5, 6, 7].map(|field| expected[field].clone());
            assert_eq!(
                serde_json::to_value(found).unwrap(),
                serde_json::json!(expected)
            );
        }
    }
}
