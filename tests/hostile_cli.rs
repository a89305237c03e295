//! Foreign, damaged and cut-off input to every command of `analyze`: one clear line, the right exit code, nothing written,
//! no hang.
#![cfg(test)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use common::{analyze, capture_tree, host, run_within, succeed};

/// Far above what an error needs, far below what reading `/dev/zero` to its end would take.
const LIMIT: Duration = Duration::from_secs(10);

/// Every command that takes a source, with that source, working in an empty directory.
fn commands(source: &Path, good: &Path) -> Vec<Vec<PathBuf>> {
    let words = |words: &[&str]| words.iter().map(PathBuf::from).collect::<Vec<_>>();
    let with = |before: &[&str], paths: &[&Path], after: &[&str]| {
        let mut arguments = words(before);
        arguments.extend(paths.iter().map(|path| path.to_path_buf()));
        arguments.extend(words(after));
        arguments
    };
    vec![
        with(&["load", "--db", "new.db"], &[source], &[]),
        with(&["sql"], &[source], &["SELECT 1"]),
        with(&["show", "ps"], &[source], &[]),
        with(&["brief"], &[source], &[]),
        with(&["pid", "1"], &[source], &[]),
        with(&["diff"], &[source, good], &[]),
        with(&["diff"], &[good, source], &[]),
        with(&["verify"], &[source], &[]),
        with(&["ls"], &[source], &[]),
        with(&["cat"], &[source], &["/etc/hostname"]),
        with(&["extract"], &[source], &["out"]),
    ]
}

fn run(arguments: &[PathBuf], directory: &Path) -> Output {
    let mut command = analyze();
    command.args(arguments).current_dir(directory);
    run_within(&mut command, LIMIT)
}

fn is_written(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[track_caller]
fn expect_refusal(arguments: &[PathBuf], directory: &Path) {
    let output = run(arguments, directory);
    let message = String::from_utf8(output.stderr).expect("messages are UTF-8");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert_eq!(message.lines().count(), 1, "{arguments:?}: {message}");
    assert!(
        !message.trim_end_matches('\n').chars().any(char::is_control),
        "{arguments:?}: {message:?}"
    );
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert_eq!(
        is_written(directory),
        Vec::<PathBuf>::new(),
        "{arguments:?}"
    );
}

#[test]
fn foreign_input_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let work = place.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let good = capture_tree(&host("web-1"), place.path());

    let file = |name: &str, content: &[u8]| {
        let path = place.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let noise: Vec<u8> = std::iter::repeat_with(common::random)
        .take(10_000)
        .flat_map(u64::to_le_bytes)
        .collect();
    let whole = std::fs::read(&good).unwrap();
    let mut flipped = whole.clone();
    flipped[40] ^= 0x10;
    let directory = place.path().join("a directory");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("file"), "no bundle").unwrap();
    let fifo = place.path().join("fifo");
    succeed(Command::new("mkfifo").arg(&fifo), &[0]);

    let inputs = [
        file("empty", b""),
        file("noise", &noise),
        file(
            "gzip",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0",
        ),
        file("text", b"not a bundle\n"),
        // A zstd frame that asks for a window of 2^41 bytes.
        file(
            "window",
            b"\x28\xb5\x2f\xfd\x00\xf8\x01\x00\x00\x00\x00\x00\x00",
        ),
        // The name of a file must not act on the terminal that shows the message.
        file("escape \x1b[31m\n\u{202e}", b""),
        file("within the header", &whole[..100]),
        file("damaged header", &flipped),
        directory,
        fifo,
        PathBuf::from("/dev/zero"),
        PathBuf::from("/dev/null"),
        place.path().join("missing"),
    ];
    for input in &inputs {
        for arguments in commands(input, &good) {
            expect_refusal(&arguments, &work);
        }
    }
}

#[test]
fn cut_off_bundles_are_read_up_to_the_break() {
    let place = tempfile::tempdir().unwrap();
    let whole = std::fs::read(capture_tree(&host("web-1"), place.path())).unwrap();
    let good = place.path().join("bundle.tar.zst");
    for fiftieth in 0..50 {
        let cut = place.path().join("cut.tar.zst");
        let length = whole.len() * fiftieth / 50;
        std::fs::write(&cut, &whole[..length]).unwrap();
        let work = tempfile::tempdir_in(place.path()).unwrap();
        let mut verify = analyze();
        verify.arg("verify").arg(&cut);
        let code = run_within(&mut verify, LIMIT).status.code();
        assert!(
            matches!(code, Some(1 | 2)),
            "cut at {length}: verify ended with {code:?}"
        );
        if fiftieth % 10 != 5 {
            continue;
        }
        for arguments in commands(&cut, &good) {
            let output = run(&arguments, work.path());
            // `cat` answers 2 where the member is behind the break.
            assert!(
                matches!(output.status.code(), Some(1 | 2)),
                "cut at {length}: {arguments:?}: {:?}",
                output.status
            );
            let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
            let told = ["cut off", "damaged", "not a bundle", "not in the bundle"];
            assert!(
                told.iter().any(|words| said.concat().contains(words)),
                "cut at {length}: {arguments:?} does not say so: {said:?}"
            );
        }
    }
}

#[test]
fn wrong_arguments_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let work = place.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let good = capture_tree(&host("web-1"), place.path());
    let good = good.to_str().unwrap();
    for arguments in [
        vec!["sql", good, "SELECT"],
        vec!["sql", good, "SELECT * FROM no_such_table"],
        vec!["sql", good, "SELECT 1", "--snapshot", "no such label"],
        vec!["show", "no_such_query", good],
        vec!["tables", "no_such_table"],
        vec!["cat", good, "/no/such/file"],
    ] {
        let arguments: Vec<_> = arguments.into_iter().map(PathBuf::from).collect();
        expect_refusal(&arguments, &work);
    }
}

#[test]
fn sql_reads_and_does_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let work = place.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let good = capture_tree(&host("web-1"), place.path());
    for sql in [
        "VACUUM INTO 'evil.db'",
        "ATTACH 'evil.db' AS evil",
        "ATTACH 'file:evil.db?mode=rwc' AS evil",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "CREATE TABLE evil (x)",
        "CREATE TEMP TABLE evil (x)",
        "DELETE FROM processes",
        "SELECT load_extension('/tmp/evil.so')",
    ] {
        let arguments = [Path::new("sql"), &good, Path::new(sql)].map(Path::to_path_buf);
        expect_refusal(&arguments, &work);
    }
}
