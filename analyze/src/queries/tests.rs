//! The list equals the folder, every file has its header, and every query answers what it documents.

mod host_commands;
mod pid;
mod system;

use std::time::Duration;

use super::*;
use crate::db::query::fixture::Fixture;
use crate::db::query::{Collected, Limits, Parameter, Restricted, Unlocked, Value};

fn folder(name: &str) -> Vec<String> {
    let path = format!("{}/queries/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn all() -> impl Iterator<Item = Query> {
    let lists = [described_views(), show(), brief(), super::pid(), missing()];
    lists.into_iter().flatten()
}

fn database(fixture: &Fixture) -> Restricted {
    let database = Unlocked::open(fixture.path(), Limits::of(Duration::from_secs(20))).unwrap();
    database.narrow(1).unwrap();
    database.lock().unwrap()
}

fn named(queries: Vec<Query>, name: &str) -> Query {
    queries
        .into_iter()
        .find(|query| query.name == name)
        .unwrap()
}

/// The rows as text, columns by `|`.
fn shown(answer: &Collected) -> Vec<String> {
    let cell = |value: &Value<'_>| match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        Value::Text(bytes) | Value::Blob(bytes) => schema::text::escaped(bytes).to_string(),
    };
    let row = |row: &Vec<Value<'_>>| row.iter().map(cell).collect::<Vec<_>>().join("|");
    answer.rows.iter().map(row).collect()
}

fn ask(fixture: &Fixture, sql: &str) -> Vec<String> {
    shown(&database(fixture).collect(sql, &[]).unwrap())
}

fn show_of(fixture: &Fixture, name: &str, pid: Option<i64>) -> Vec<String> {
    let query = named(show(), name);
    let pid = pid.map(|pid| (":pid", Parameter::Number(pid)));
    shown(
        &database(fixture)
            .collect(query.sql, pid.as_slice())
            .unwrap(),
    )
}

#[test]
fn lists_equal_folders_and_headers_are_whole() {
    for (name, queries) in [
        ("views", described_views()),
        ("show", show()),
        ("brief", brief()),
        ("pid", super::pid()),
        ("missing", missing()),
    ] {
        let listed: Vec<String> = queries
            .iter()
            .map(|query| format!("{}.sql", query.name))
            .collect();
        assert_eq!(listed, folder(name));
        for query in queries {
            assert!(!query.title.is_empty(), "{}: title", query.name);
            assert!(query.description.len() > 10, "{}: description", query.name);
            let is_bounded = ["brief", "pid"].contains(&name)
                && query.name != "10-host"
                && query.layout == Layout::Lines;
            assert_eq!(query.rows.is_some(), is_bounded, "{}", query.name);
        }
    }
}

#[test]
fn parameters_and_indents_are_what_the_header_says() {
    let fixture = Fixture::new();
    let database = database(&fixture);
    for query in all() {
        let (mut parameters, columns) = database.signature(query.sql).unwrap();
        parameters.dedup();
        let declared: Vec<String> = query
            .parameters
            .iter()
            .map(|name| format!(":{name}"))
            .collect();
        assert_eq!(parameters, declared, "{}", query.name);
        if let Some(indent) = query.indent {
            assert!(columns.contains(&indent), "{}", query.name);
        }
    }
}

#[test]
fn views_have_the_columns_that_others_rely_on() {
    let fixture = Fixture::new();
    let database = database(&fixture);
    let check = |view: &str, expected: &str| {
        let (_, columns) = database
            .signature(&format!("SELECT * FROM {view}"))
            .unwrap();
        assert_eq!(
            columns.join(" "),
            format!("snapshot_id {expected}"),
            "{view}"
        );
    };
    check("arp_cache", "address mac interface permanent net_namespace");
    check("coverage", "artifact outcome count bytes_kept");
    check("process_open_files", "pid fd path deleted");
    check(
        "process_open_pipes",
        "pid fd mode inode type partner_pid partner_fd partner_mode",
    );
    check("process_units", "pid kind unit");
    check(
        "translations",
        "protocol local_address local_port remote_address remote_port nat",
    );
    check(
        "process_open_sockets",
        "pid fd socket family protocol local_address remote_address local_port remote_port path state net_namespace",
    );
    check(
        "listening_ports",
        "pid port protocol family address fd socket path net_namespace reason",
    );
}

#[test]
fn every_query_answers_on_an_empty_database() {
    let fixture = Fixture::new();
    let database = database(&fixture);
    for query in all() {
        let answer = database.collect(query.sql, &[]).unwrap();
        assert!(answer.rows.len() <= 3, "{}", query.name);
    }
}

/// Sockets without ports belong to their holders, and wait for nobody.
#[test]
fn sockets_of_other_families() {
    let fixture = Fixture::new();
    fixture.insert("processes", &[("pid", "10"), ("name", "'dhclient'")]);
    for (number, (family, protocol, port)) in [
        ("'inet6'", "'raw'", "58"),
        ("'inet6'", "'icmp'", "7"),
        ("'packet'", "'raw'", "NULL"),
        ("'netlink'", "'rtnl'", "NULL"),
        ("'inet'", "'udplite'", "99"),
    ]
    .into_iter()
    .enumerate()
    {
        let inode = (900 + number).to_string();
        let remote = if port == "NULL" { "NULL" } else { "0" };
        let socket = [
            ("family", family),
            ("protocol", protocol),
            ("state", "'UNCONN'"),
            ("inode", &*inode),
            ("local_port", port),
            ("remote_port", remote),
        ];
        fixture.insert("sockets", &socket);
        let fd = [
            ("pid", "10"),
            ("fd", &*inode),
            ("type", "'socket'"),
            ("inode", &*inode),
        ];
        fixture.insert("process_fds", &fd);
    }
    assert_eq!(
        ask(
            &fixture,
            "SELECT fd, family, protocol, local_port FROM process_open_sockets ORDER BY fd"
        ),
        [
            "900|10|255|58",
            "901|10|58|7",
            "902|17|0|NULL",
            "903|16|0|NULL",
            "904|2|136|99"
        ]
    );
    assert_eq!(
        ask(
            &fixture,
            "SELECT socket, protocol, port FROM listening_ports"
        ),
        ["904|136|99"]
    );
}

#[test]
fn sockets_and_pipes_have_two_ends() {
    let fixture = Fixture::new();
    for (pid, fd, flags) in [("10", "3", "32768"), ("11", "4", "32769")] {
        let pipe = [
            ("pid", pid),
            ("fd", fd),
            ("flags", flags),
            ("type", "'pipe'"),
            ("inode", "500"),
        ];
        fixture.insert("process_fds", &pipe);
    }
    for (family, protocol, state, inode, port) in [
        ("'inet'", "'tcp'", "'LISTEN'", "900", "80"),
        ("'inet6'", "'udp'", "'UNCONN'", "901", "53"),
        ("'unix'", "'stream'", "'LISTEN'", "902", "NULL"),
        ("'inet'", "'tcp'", "'ESTAB'", "903", "81"),
    ] {
        let path = if family == "'unix'" {
            "'/run/x'"
        } else {
            "NULL"
        };
        fixture.insert(
            "sockets",
            &[
                ("family", family),
                ("protocol", protocol),
                ("state", state),
                ("inode", inode),
                ("local_address", "'192.0.2.1'"),
                ("local_port", port),
                (
                    "remote_address",
                    if port == "81" {
                        "'198.51.100.9'"
                    } else {
                        "'0.0.0.0'"
                    },
                ),
                ("remote_port", if state == "'ESTAB'" { "5" } else { "0" }),
                ("path", path),
                ("net_namespace", "4026531840"),
            ],
        );
    }
    let socket = [
        ("pid", "10"),
        ("fd", "5"),
        ("type", "'socket'"),
        ("inode", "900"),
    ];
    fixture.insert("process_fds", &socket);
    fixture.insert("processes", &[("pid", "10"), ("name", "'nginx'")]);
    assert_eq!(
        ask(&fixture, "SELECT * FROM process_open_pipes ORDER BY pid"),
        [
            "1|10|3|r|500|anonymous|11|4|w",
            "1|11|4|w|500|anonymous|10|3|r"
        ]
    );
    assert_eq!(
        ask(&fixture, "SELECT * FROM process_open_sockets"),
        ["1|10|5|900|2|6|192.0.2.1|0.0.0.0|80|0|NULL|LISTEN|4026531840"]
    );
    let listening = "SELECT pid, port, protocol, family, path, reason IS NULL FROM listening_ports ORDER BY socket";
    assert_eq!(
        ask(&fixture, listening),
        [
            "10|80|6|2|NULL|1",
            "NULL|53|17|10|NULL|0",
            "NULL|0|0|1|/run/x|0"
        ]
    );
    let netstat = show_of(&fixture, "netstat", Some(10));
    assert_eq!(
        netstat,
        ["tcp|NULL|NULL|192.0.2.1:80|0.0.0.0:*|LISTEN|10/nginx|900|4026531840"]
    );
    assert_eq!(show_of(&fixture, "netstat", None).len(), 4);
    let log = [
        ("pid", "12"),
        ("path", "'/proc/12/fd'"),
        ("outcome", "'denied'"),
    ];
    fixture.insert("collection_log", &log);
    assert_eq!(
        ask(
            &fixture,
            "SELECT DISTINCT reason FROM listening_ports WHERE pid IS NULL"
        ),
        ["file descriptors of processes could not be read: 1"]
    );
}

#[test]
fn coverage_sums_by_kind() {
    let fixture = Fixture::new();
    for (pid, path, outcome) in [
        ("7", "'/proc/7/status'", "'collected'"),
        ("8", "'/proc/8/status'", "'collected'"),
        ("8", "'/proc/8/fd/3'", "'denied'"),
        ("8", "'/proc/8/task/9/stat'", "'vanished'"),
        ("NULL", "'/home/anna/.bash_history'", "'absent'"),
        ("NULL", "'/root/.config/fish/fish_history'", "'absent'"),
        ("NULL", "'/srv/.my_history'", "'absent'"),
    ] {
        fixture.insert(
            "collection_log",
            &[
                ("pid", pid),
                ("path", path),
                ("outcome", outcome),
                ("bytes_kept", "10"),
            ],
        );
    }
    assert_eq!(
        ask(
            &fixture,
            "SELECT artifact, outcome, count, bytes_kept FROM coverage"
        ),
        [
            "/proc/PID/fd/FD|denied|1|10",
            "/proc/PID/status|collected|2|20",
            "/proc/PID/task/TID/stat|vanished|1|10",
            "/srv/.my_history|absent|1|10",
            "~/.bash_history|absent|1|10",
            "~/.config/fish/fish_history|absent|1|10",
        ]
    );
}

#[test]
fn a_tree_is_drawn_and_no_process_is_lost() {
    let fixture = Fixture::new();
    for (pid, parent, name) in [
        ("1", "0", "'init'"),
        ("20", "1", "'a'"),
        ("21", "20", "'b'"),
        ("22", "21", "'c'"),
        ("30", "1", "'d'"),
        // Forged: each the other's parent.
        ("40", "41", "'x'"),
        ("41", "40", "'y'"),
    ] {
        fixture.insert(
            "processes",
            &[("pid", pid), ("parent", parent), ("name", name)],
        );
    }
    let query = named(show(), "pstree");
    let tree = |pid: Option<i64>| {
        let pid = pid.map(|pid| (":pid", Parameter::Number(pid)));
        let rows = database(&fixture)
            .collect(query.sql, pid.as_slice())
            .unwrap()
            .rows;
        let text = |value: &Value<'_>| String::from_utf8_lossy(value.bytes().unwrap()).into_owned();
        rows.iter()
            .map(|row| text(&row[6]) + &text(&row[7]))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tree(None),
        [
            "[init]",
            " \\_ [a]",
            " |   \\_ [b]",
            " |       \\_ [c]",
            " \\_ [d]",
            "[x]",
            "[y]"
        ]
    );
    assert_eq!(tree(Some(20)), ["[a]", " \\_ [b]", "     \\_ [c]"]);
}

#[test]
fn processes_belong_to_units() {
    let fixture = Fixture::new();
    let [named, unnamed, open] = ["a", "b", "c"].map(|digit| digit.repeat(64));
    for (id, runtime, name) in [
        (&named, "'docker'", "'web'"),
        (&unnamed, "'podman'", "NULL"),
        (&open, "NULL", "NULL"),
    ] {
        let id = format!("'{id}'");
        fixture.insert(
            "containers",
            &[("id", &id), ("runtime", runtime), ("name", name)],
        );
    }
    for (pid, id) in [("90", named), ("91", unnamed), ("92", open)] {
        let id = format!("'{id}'");
        let path = ("cgroup_path", "'/system.slice/x.service'");
        fixture.insert(
            "processes",
            &[("pid", pid), ("parent", "1"), ("container_id", &id), path],
        );
    }
    let placed = [
        (
            "/system.slice/docker.service".to_owned(),
            "service|docker.service",
        ),
        (
            "/system.slice/system-getty.slice/getty@tty1.service".to_owned(),
            "service|getty@tty1.service",
        ),
        ("/init.scope".to_owned(), "service|init.scope"),
        (
            "/user.slice/user-1000.slice/session-3.scope".to_owned(),
            "user|user 1000",
        ),
    ];
    for (pid, (path, _)) in (100..).zip(&placed) {
        let pid = pid.to_string();
        let path = format!("'{path}'");
        fixture.insert(
            "processes",
            &[("pid", &pid), ("parent", "1"), ("cgroup_path", &path)],
        );
    }
    for (pid, parent, name) in [
        ("1", "0", "'tini'"),
        ("2", "1", "'app'"),
        ("3", "2", "'worker'"),
    ] {
        let row = [
            ("pid", pid),
            ("parent", parent),
            ("name", name),
            ("cgroup_path", "'/'"),
        ];
        fixture.insert("processes", &row);
    }
    let kernel = [
        ("pid", "4"),
        ("name", "'kthreadd'"),
        ("is_kernel_thread", "1"),
    ];
    fixture.insert("processes", &kernel);
    let units = ask(
        &fixture,
        "SELECT kind, unit FROM process_units ORDER BY pid",
    );
    let expected: Vec<&str> = ["tree|tini", "tree|app", "tree|app", "kernel|(kernel)"]
        .into_iter()
        .chain([
            "container|docker web",
            "container|podman bbbbbbbbbbbb",
            "container|container cccccccccccc",
        ])
        .chain(placed.iter().map(|(_, unit)| *unit))
        .collect();
    assert_eq!(units, expected);
}

/// A database is opened by other programs too, with the SQLite that they have: a view with newer syntax makes all of it unreadable
/// to them. Aggregates have an order since 3.44, and Debian 12 has 3.40.
#[test]
fn views_have_no_syntax_that_is_new() {
    for (name, sql) in super::views() {
        for aggregate in sql.split("group_concat(").skip(1) {
            let inside = aggregate.split(')').next().unwrap();
            assert!(!inside.contains("ORDER BY"), "{name}: {inside}");
        }
    }
}

#[test]
fn brief_names_the_other_ends() {
    let fixture = Fixture::new();
    let socket =
        |local: &str, port: &str, remote: &str, remote_port: &str, inode: &str, state: &str| {
            fixture.insert(
                "sockets",
                &[
                    ("family", "'inet'"),
                    ("protocol", "'tcp'"),
                    ("local_address", local),
                    ("local_port", port),
                    ("remote_address", remote),
                    ("remote_port", remote_port),
                    ("inode", inode),
                    ("state", state),
                ],
            );
        };
    socket("'0.0.0.0'", "80", "'0.0.0.0'", "0", "1", "'LISTEN'");
    socket(
        "'192.0.2.1'",
        "80",
        "'198.51.100.9'",
        "40000",
        "2",
        "'ESTAB'",
    );
    socket(
        "'192.0.2.1'",
        "80",
        "'198.51.100.9'",
        "40001",
        "3",
        "'ESTAB'",
    );
    socket(
        "'192.0.2.1'",
        "50000",
        "'203.0.113.5'",
        "5432",
        "4",
        "'ESTAB'",
    );
    socket("'127.0.0.1'", "50001", "'127.0.0.1'", "80", "5", "'ESTAB'");
    fixture.insert(
        "process_fds",
        &[
            ("pid", "10"),
            ("fd", "5"),
            ("type", "'socket'"),
            ("inode", "4"),
        ],
    );
    fixture.insert("processes", &[("pid", "10"), ("name", "'app'")]);
    fixture.insert(
        "conntrack",
        &[
            ("family", "'inet'"),
            ("protocol", "'tcp'"),
            ("orig_src", "'192.0.2.1'"),
            ("orig_sport", "50000"),
            ("orig_dst", "'203.0.113.5'"),
            ("orig_dport", "5432"),
            ("reply_src", "'198.51.100.77'"),
            ("reply_sport", "6432"),
            ("reply_dst", "'192.0.2.1'"),
            ("reply_dport", "50000"),
            ("nat", "'dnat'"),
        ],
    );
    let remote = named(brief(), "40-remote");
    assert_eq!(
        ask(&fixture, remote.sql),
        [
            "in|198.51.100.9|80|tcp|2|-|NULL|NULL",
            "out|198.51.100.77|6432|tcp|1|app|NULL|dialed 203.0.113.5:5432",
        ]
    );
}

#[test]
fn brief_names_hosts_of_histories() {
    let fixture = Fixture::new();
    for (username, time, host, port) in [
        ("'ada'", "1700000000", "'db-1'", "3306"),
        ("'eve'", "1700000009", "'db-1'", "3306"),
        ("NULL", "NULL", "'web-1'", "NULL"),
        ("'ada'", "1700000009", "'127.0.0.1'", "3306"),
        ("'ada'", "1700000009", "'localhost'", "NULL"),
    ] {
        fixture.insert(
            "history_hosts",
            &[
                ("username", username),
                ("uid", "7"),
                ("time", time),
                ("program", "'mysql'"),
                ("host", host),
                ("port", port),
            ],
        );
    }
    assert_eq!(
        ask(&fixture, named(brief(), "45-history-hosts").sql),
        [
            "db-1|3306|mysql|ada,eve|2|2023-11-14 22:13:29",
            "web-1|NULL|mysql|7|1|NULL"
        ]
    );
}

#[test]
fn brief_finds_errors_and_joins_equal_ones() {
    let fixture = Fixture::new();
    for (line, severity, message) in [
        ("1", "6", "'all is well'"),
        ("2", "NULL", "'disk failure'"),
        ("3", "NULL", "'disk failure'"),
        ("4", "2", "'temperature'"),
    ] {
        let time = format!("{line}000000");
        fixture.insert(
            "log_lines",
            &[
                ("path", "'/var/log/syslog'"),
                ("line_no", line),
                ("time", line),
                ("time_us", &time),
                ("severity", severity),
                ("message", message),
            ],
        );
    }
    assert_eq!(
        ask(&fixture, named(brief(), "50-errors").sql),
        [
            "01-01 00:00:04|1|/var/log/syslog|NULL|temperature",
            "01-01 00:00:03|2|/var/log/syslog|NULL|disk failure",
        ]
    );
}

#[test]
fn brief_tells_a_kernel_message_once_and_leaves_the_kills_to_their_section() {
    let fixture = Fixture::new();
    for (path, line, message) in [
        ("'/dev/kmsg'", "1", "'EXT4-fs error (device vda)'"),
        (
            "'/var/log/syslog'",
            "2",
            "'[  12.345678] EXT4-fs error (device vda)'",
        ),
        (
            "'/dev/kmsg'",
            "3",
            "'Memory cgroup out of memory: Killed process 7 (failing)'",
        ),
    ] {
        fixture.insert(
            "log_lines",
            &[
                ("path", path),
                ("line_no", line),
                ("time", "9"),
                ("time_us", "9000000"),
                ("severity", "3"),
                ("program", "'kernel'"),
                ("message", message),
            ],
        );
    }
    fixture.insert(
        "oom_kills",
        &[
            ("time", "9"),
            ("time_us", "9000000"),
            ("pid", "7"),
            ("name", "'failing'"),
            ("anon_rss_bytes", "5242880"),
            ("constraint", "'CONSTRAINT_MEMCG'"),
            ("cgroup", "'/a'"),
            ("path", "'/dev/kmsg'"),
            ("line_no", "3"),
        ],
    );
    assert_eq!(
        ask(&fixture, named(brief(), "50-errors").sql),
        ["01-01 00:00:09|1|/dev/kmsg +1|kernel|EXT4-fs error (device vda)"]
    );
    assert_eq!(
        ask(&fixture, named(brief(), "48-oom-kills").sql),
        ["01-01 00:00:09|7|failing|5|NULL|its cgroup|/a"]
    );
}
