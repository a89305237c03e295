//! Planted changes are found, and what the declarations mark is not a change.

use std::time::Duration;

use super::*;
use crate::db::query::Limits;
use crate::db::query::fixture::Fixture;

fn databases(before: &Fixture, after: &Fixture) -> Databases {
    let limits = Limits::of(Duration::from_secs(20));
    Databases::open(before.path(), after.path(), limits).unwrap()
}

fn diff(fixture: &Fixture) -> Diff {
    let pair = Pair {
        databases: databases(fixture, fixture),
        from: Some("before"),
        to: Some("after"),
    };
    compare(pair, &[]).unwrap()
}

/// The differences as lines, each with its table before it.
fn lines(fixture: &Fixture) -> Vec<String> {
    let mut text = Vec::new();
    diff(fixture).write_text(1_795_515_072, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let mut table = "";
    let mut lines = Vec::new();
    for line in text.lines().skip(2) {
        match line.strip_prefix("  ") {
            Some(line) => lines.push(format!("{table} {}", line.trim_start())),
            None => table = line,
        }
    }
    lines
}

fn process<'a>(pid: &'a str, start: &'a str, path: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("pid", pid),
        ("start_ticks", start),
        ("path", path),
        ("cmdline", path),
        ("uid", "0"),
        ("cgroup_path", "'/'"),
    ]
}

fn in_snapshot<'a>(id: &'a str, values: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("snapshot_id", id)], values].concat()
}

#[test]
fn what_is_marked_is_no_difference() {
    let fixture = Fixture::new();
    for (id, state, time) in [("1", "'S'", "10"), ("2", "'R'", "900")] {
        let marked = [
            ("snapshot_id", id),
            ("state", state),
            ("user_time", time),
            ("resident_size", time),
        ];
        fixture.insert(
            "processes",
            &[process("10", "500", "'/bin/a'"), marked.to_vec()].concat(),
        );
        let fd = [
            ("snapshot_id", id),
            ("pid", "10"),
            ("fd", "3"),
            ("target", "'/x'"),
            ("pos", time),
        ];
        fixture.insert("process_fds", &fd);
    }
    assert_eq!(lines(&fixture), Vec::<String>::new());
    assert!(diff(&fixture).is_empty());
}

#[test]
fn planted_changes_are_found() {
    let fixture = Fixture::new();
    fixture.insert_both("processes", &process("10", "500", "'/bin/a'"));
    fixture.insert(
        "users",
        &in_snapshot("1", &[("username", "'anna'"), ("shell", "'/bin/sh'")]),
    );
    fixture.insert(
        "users",
        &in_snapshot("2", &[("username", "'anna'"), ("shell", "'/bin/zsh'")]),
    );
    fixture.insert("users", &in_snapshot("1", &[("username", "'old'")]));
    fixture.insert("users", &in_snapshot("2", &[("username", "'new'")]));
    fixture.insert(
        "process_fds",
        &in_snapshot("2", &[("pid", "10"), ("fd", "4"), ("target", "x'ff'")]),
    );
    assert_eq!(
        lines(&fixture),
        [
            "process_fds + pid=10 fd=4",
            "users ~ username=anna",
            "users shell: /bin/sh -> /bin/zsh",
            "users + username=new",
            "users - username=old",
        ]
    );
}

#[test]
fn pools_restarts_and_new_processes() {
    let fixture = Fixture::new();
    for pid in ["20", "21"] {
        fixture.insert_both("processes", &process(pid, "600", "'/bin/worker'"));
    }
    fixture.insert(
        "processes",
        &in_snapshot("2", &process("22", "900", "'/bin/worker'")),
    );
    fixture.insert(
        "processes",
        &in_snapshot("1", &process("30", "700", "'/bin/daemon'")),
    );
    fixture.insert(
        "processes",
        &in_snapshot("2", &process("31", "950", "'/bin/daemon'")),
    );
    // Of a new process and of a pid that another process has now nothing is compared.
    fixture.insert(
        "process_fds",
        &in_snapshot("2", &[("pid", "22"), ("fd", "0")]),
    );
    fixture.insert(
        "process_fds",
        &in_snapshot("1", &[("pid", "30"), ("fd", "0")]),
    );
    let lines = lines(&fixture);
    assert_eq!(
        lines[0],
        "processes * path=/bin/daemon cmdline=/bin/daemon uid=0 cgroup_path=/  restarted"
    );
    assert_eq!(lines[1], "processes pid: 30 -> 31");
    assert_eq!(lines[2], "processes start_ticks: 700 -> 950");
    assert!(
        lines[3].ends_with("cgroup_path=/  (2 -> 3 of them)"),
        "{}",
        lines[3]
    );
    assert!(
        lines.iter().all(|line| line.starts_with("processes")),
        "{lines:?}"
    );
}

#[test]
fn what_could_not_be_read_is_unknown() {
    let fixture = Fixture::new();
    fixture.insert("users", &in_snapshot("1", &[("username", "'old'")]));
    fixture.insert("users", &in_snapshot("2", &[("username", "'new'")]));
    fixture.insert("kernel_modules", &in_snapshot("1", &[("name", "'nfs'")]));
    let log = [("path", "'/etc/passwd'"), ("outcome", "'denied'")];
    fixture.insert("collection_log", &in_snapshot("2", &log));
    assert_eq!(
        lines(&fixture),
        [
            "kernel_modules - name=nfs",
            "users ? username=new  not known: its source was not fully read before",
            "users ? username=old  not known: its source was not fully read after",
        ]
    );
}

#[test]
fn a_process_that_could_not_be_read_hides_only_its_own_rows() {
    let fixture = Fixture::new();
    for pid in ["10", "11"] {
        fixture.insert_both("processes", &process(pid, "500", "'/bin/a'"));
        fixture.insert(
            "process_envs",
            &in_snapshot("1", &[("pid", pid), ("key", "'A'")]),
        );
    }
    let log = [
        ("pid", "10"),
        ("path", "'/proc/10/environ'"),
        ("outcome", "'timed out'"),
    ];
    fixture.insert("collection_log", &in_snapshot("2", &log));
    assert_eq!(
        lines(&fixture),
        [
            "process_envs ? pid=10 key=A  not known: its source was not fully read after",
            "process_envs - pid=11 key=A",
        ]
    );
}

#[test]
fn a_bundle_that_was_cut_off_proves_no_absence() {
    let fixture = Fixture::new();
    fixture.insert("users", &in_snapshot("1", &[("username", "'old'")]));
    fixture.execute("UPDATE snapshots SET intact = 0 WHERE snapshot_id = 2");
    assert_eq!(diff(&fixture).tables[0].differences[0].kind, Kind::Unknown);
}

#[test]
fn the_collector_is_no_difference() {
    let fixture = Fixture::new();
    let collector = [
        process("40", "1", "'/tmp/capture'"),
        vec![("is_collector", "1")],
    ]
    .concat();
    fixture.insert("processes", &in_snapshot("2", &collector));
    let kernel = [process("41", "1", "NULL"), vec![("is_kernel_thread", "1")]].concat();
    fixture.insert("processes", &in_snapshot("2", &kernel));
    let fd = [
        ("pid", "40"),
        ("fd", "3"),
        ("type", "'socket'"),
        ("inode", "77"),
    ];
    fixture.insert("process_fds", &in_snapshot("2", &fd));
    fixture.insert(
        "sockets",
        &in_snapshot("2", &[("family", "'unix'"), ("inode", "77")]),
    );
    let netlink = [("family", "'netlink'"), ("protocol", "'rtnl'")];
    fixture.insert("sockets", &in_snapshot("2", &netlink));
    assert_eq!(lines(&fixture), Vec::<String>::new());
}

#[test]
fn another_boot_and_another_key_are_said_first() {
    let fixture = Fixture::new();
    fixture.execute(
        "UPDATE snapshots SET boot_id = 'boot-b' WHERE snapshot_id = 2;
         UPDATE snapshots SET redaction = 'on', redaction_key_id = 'key-' || snapshot_id;",
    );
    fixture.insert(
        "processes",
        &in_snapshot("1", &process("10", "500", "'/bin/a'")),
    );
    fixture.insert(
        "processes",
        &in_snapshot("2", &process("99", "7", "'/bin/a'")),
    );
    let diff = diff(&fixture);
    assert!(diff.is_empty(), "{:?}", diff.tables);
    assert!(diff.notes[0].contains("booted in between"));
    assert!(diff.notes[1].contains("--case-key"));
    assert!(diff.notes[2].contains("process_fds"));
}

#[test]
fn json_has_the_exact_values() {
    let fixture = Fixture::new();
    fixture.insert("users", &in_snapshot("2", &[("username", "x'ff'")]));
    fixture.insert(
        "mounts",
        &in_snapshot("1", &[("path", "'/a'"), ("flags", "'rw'")]),
    );
    fixture.insert(
        "mounts",
        &in_snapshot("2", &[("path", "'/a'"), ("flags", "'ro'")]),
    );
    let mut json = Vec::new();
    diff(&fixture).write_json(&mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let user = &json["tables"]["users"][0];
    assert_eq!(user["kind"], "added");
    assert_eq!(user["identity"]["username"]["bytes_hex"], "ff");
    let mount = &json["tables"]["mounts"][0];
    assert_eq!(mount["kind"], "changed");
    assert_eq!(mount["changes"][0]["column"], "flags");
    assert_eq!(mount["changes"][0]["after"], "ro");
    assert_eq!(json["before"]["label"], "before");
}

#[test]
fn two_databases_and_named_tables() {
    let before = Fixture::new();
    let after = Fixture::new();
    after.insert("users", &in_snapshot("2", &[("username", "'new'")]));
    after.insert("groups", &in_snapshot("2", &[("groupname", "'new'")]));
    let compare = |table: &str| {
        let pair = Pair {
            databases: databases(&before, &after),
            from: None,
            to: None,
        };
        compare(pair, &[table.to_owned()])
    };
    let diff = compare("groups").unwrap();
    assert_eq!(diff.tables.len(), 1);
    assert_eq!(diff.tables[0].table, "groups");
    let error = compare("log_lines").unwrap_err();
    assert!(
        error.to_string().contains("there is no table log_lines"),
        "{error}"
    );
}
