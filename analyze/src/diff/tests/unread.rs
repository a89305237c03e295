//! What one snapshot could not read is unknown, and what it had no need to read is not.

use super::*;

#[test]
fn what_could_not_be_read_is_unknown() {
    let fixture = Fixture::new();
    fixture.insert("users", &in_snapshot("1", &[("username", "'old'")]));
    fixture.insert("users", &in_snapshot("2", &[("username", "'new'")]));
    fixture.insert("kernel_modules", &in_snapshot("1", &[("name", "'nfs'")]));
    let log = [("path", "'/etc/passwd'"), ("outcome", "'denied'")];
    fixture.insert("collection_log", &in_snapshot("2", &log));
    let diff = diff(&fixture);
    assert_eq!(
        lines_of(&diff),
        [
            "host - kernel module gone: nfs",
            "host ? 1 user not known before: the source was not fully read (new uid=0)",
            "host ? 1 user not known after: the source was not fully read (old uid=0)",
        ]
    );
    assert_eq!(diff.verdict(), "1 kernel module gone, 2 users unknown");
}

#[test]
fn what_was_not_collected_before_is_unknown() {
    let fixture = Fixture::new();
    fixture.insert("swaps", &in_snapshot("2", &[("path", "'/swap'")]));
    let log = [("path", "'/proc/swaps'"), ("outcome", "'collected'")];
    fixture.insert("collection_log", &in_snapshot("2", &log));
    fixture.execute("UPDATE snapshots SET capture_version = 'capture 0.' || snapshot_id");
    let diff = diff(&fixture);
    assert_eq!(
        lines_of(&diff),
        ["host ? 1 swap not known before: the source was not fully read (/swap)"]
    );
    assert!(
        diff.notes[0].contains("capture 0.1 and capture 0.2"),
        "{:?}",
        diff.notes
    );
}

#[test]
fn a_process_that_could_not_be_read_hides_only_its_own_rows() {
    let fixture = Fixture::new();
    for pid in ["10", "11"] {
        let path = if pid == "10" { "'/bin/a'" } else { "'/bin/b'" };
        insert(&fixture, "1", &process(pid, "500", path), &["'x'"]);
        insert(&fixture, "2", &process(pid, "600", path), &["'x'"]);
        fixture.insert(
            "process_envs",
            &in_snapshot("1", &[("pid", pid), ("key", "'A'"), ("value", "'1'")]),
        );
    }
    let log = [
        ("pid", "10"),
        ("path", "'/proc/10/environ'"),
        ("outcome", "'timed out'"),
    ];
    fixture.insert("collection_log", &in_snapshot("2", &log));
    let lines = lines(&fixture);
    assert!(
        lines.contains(&"b - environment variable gone: A=1".to_owned()),
        "{lines:#?}"
    );
    assert!(
        lines.contains(
            &"host ? 1 environment not known after: the source was not fully read (x)".to_owned()
        ),
        "{lines:#?}"
    );
    assert_eq!(lines.len(), 4, "{lines:#?}");
}

#[test]
fn a_bundle_that_was_cut_off_proves_no_absence() {
    let fixture = Fixture::new();
    fixture.insert("users", &in_snapshot("1", &[("username", "'old'")]));
    insert(&fixture, "1", &process("10", "500", "'/bin/a'"), &[]);
    fixture.execute("UPDATE snapshots SET intact = 0 WHERE snapshot_id = 2");
    let diff = diff(&fixture);
    let kinds: Vec<Kind> = diff
        .groups
        .iter()
        .flat_map(|group| &group.differences)
        .map(|difference| difference.kind)
        .collect();
    assert_eq!(kinds, [Kind::Unknown, Kind::Unknown]);
}

#[test]
fn what_was_read_elsewhere_is_no_gap() {
    let fixture = Fixture::new();
    for (id, start) in [("1", "500"), ("2", "600")] {
        insert(&fixture, id, &process("10", start, "'/bin/a'"), &["'a'"]);
        for (reason, outcome) in [
            // Another process has it open too.
            ("'the same file as /proc/9/fd/4'", "'skipped'"),
            // Of a log that has no name any more the end is what is wanted; the link was read whole.
            ("NULL", "'truncated'"),
        ] {
            let log = [
                ("pid", "10"),
                ("path", "'/proc/10/fd/4'"),
                ("outcome", outcome),
                ("reason", reason),
            ];
            fixture.insert("collection_log", &in_snapshot(id, &log));
        }
    }
    let listener = [
        ("pid", "10"),
        ("fd", "3"),
        ("type", "'socket'"),
        ("inode", "77"),
    ];
    fixture.insert("process_fds", &in_snapshot("1", &listener));
    let socket = [
        ("inode", "77"),
        ("family", "'inet'"),
        ("protocol", "'tcp'"),
        ("local_address", "'192.0.2.1'"),
        ("local_port", "80"),
        ("state", "'LISTEN'"),
    ];
    fixture.insert("sockets", &in_snapshot("1", &socket));
    let lines = lines(&fixture);
    assert!(
        lines.contains(&"a - listener gone: 192.0.2.1:80".to_owned()),
        "{lines:#?}"
    );
    fixture.execute("UPDATE collection_log SET reason = 'another one' WHERE outcome = 'skipped'");
    let lines = self::lines(&fixture);
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("host ? 1 listener not known after")),
        "{lines:#?}"
    );
}
