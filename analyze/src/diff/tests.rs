//! Planted changes are found, each once and in its place, and what is marked is not a change.

mod columns;
mod logins;
mod logs;
mod named_tables;
mod unread;

use std::time::Duration;

use super::*;
use crate::db::query::Limits;
use crate::db::query::fixture::Fixture;

fn sides(before: &Fixture, after: &Fixture) -> Sides {
    let limits = Limits::of(Duration::from_secs(20));
    let open = |fixture: &Fixture, label| Side::open(fixture.path(), Some(label), limits).unwrap();
    Sides([open(before, "before"), open(after, "after")])
}

fn diff(fixture: &Fixture) -> Diff {
    compare(sides(fixture, fixture), &Scope::default()).unwrap()
}

/// The differences as lines, each with its service before it.
fn lines_of(diff: &Diff) -> Vec<String> {
    let mut lines = Vec::new();
    for group in &diff.groups {
        let service = group.service.as_deref().unwrap_or("host");
        for difference in &group.differences {
            let line = difference.line();
            lines.push(format!("{service} {} {}", line.sign, line.text));
            lines.extend(
                line.below
                    .iter()
                    .map(|below| format!("{service}   {below}")),
            );
        }
    }
    lines
}

fn lines(fixture: &Fixture) -> Vec<String> {
    lines_of(&diff(fixture))
}

/// When a process was started, by the clock of the host.
fn time_of(ticks: &str) -> &'static str {
    let seconds = 1_795_511_000 + ticks.parse::<i64>().unwrap() / 100;
    seconds.to_string().leak()
}

/// With its parent 1, so that each is a service.
fn process<'a>(pid: &'a str, start: &'a str, path: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("pid", pid),
        ("parent", "1"),
        ("start_ticks", start),
        ("start_time", time_of(start)),
        ("name", path),
        ("path", path),
        ("cmdline", path),
        ("uid", "0"),
        ("cgroup_path", "'/'"),
    ]
}

fn in_snapshot<'a>(id: &'a str, values: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("snapshot_id", id)], values].concat()
}

/// A process and its one argument, or two.
fn insert(fixture: &Fixture, snapshot: &str, row: &[(&str, &str)], arguments: &[&str]) {
    fixture.insert("processes", &in_snapshot(snapshot, row));
    let pid = row.iter().find(|(name, _)| *name == "pid").unwrap().1;
    for (position, value) in arguments.iter().enumerate() {
        let position = position.to_string();
        let row = [("pid", pid), ("position", &position), ("value", value)];
        fixture.insert("process_arguments", &in_snapshot(snapshot, &row));
    }
}

#[test]
fn what_is_marked_is_no_difference() {
    let fixture = Fixture::new();
    for (id, state, time) in [("1", "'S'", "10"), ("2", "'R'", "900")] {
        let marked = [
            ("state", state),
            ("user_time", time),
            ("resident_size", time),
        ];
        let row = [process("10", "500", "'/bin/a'"), marked.to_vec()].concat();
        insert(&fixture, id, &row, &["'a'"]);
        let fd = [
            ("pid", "10"),
            ("fd", "3"),
            ("target", "'/x'"),
            ("pos", time),
        ];
        fixture.insert("process_fds", &in_snapshot(id, &fd));
        let amount = [("name", "'MemFree'"), ("value", time)];
        fixture.insert("memory_info", &in_snapshot(id, &amount));
    }
    assert_eq!(lines(&fixture), Vec::<String>::new());
    assert!(diff(&fixture).is_empty());
    assert_eq!(diff(&fixture).verdict(), "nothing changed");

    let scope = Scope {
        classes: Classes::everything(),
        ..Scope::default()
    };
    let all = lines_of(&compare(sides(&fixture, &fixture), &scope).unwrap());
    for expected in [
        "resident memory 10 bytes -> 900 bytes: a",
        "user_time: 10 -> 900",
        "state: S -> R",
        "pid=10 fd=3: pos 10 -> 900",
        "memory_info MemFree: 10 -> 900",
    ] {
        assert!(
            all.iter().any(|line| line.ends_with(expected)),
            "{expected}: {all:#?}"
        );
    }
}

#[test]
fn what_belongs_to_no_service() {
    let fixture = Fixture::new();
    let user = |id, name, shell| {
        fixture.insert(
            "users",
            &in_snapshot(id, &[("username", name), ("shell", shell)]),
        );
    };
    user("1", "'anna'", "'/bin/sh'");
    user("2", "'anna'", "'/bin/zsh'");
    user("1", "'old'", "'/bin/sh'");
    user("2", "'new'", "x'ff'");
    assert_eq!(
        lines(&fixture),
        [
            "host ~ user anna: shell /bin/sh -> /bin/zsh",
            "host + new user new uid=0 shell=\\xff",
            "host - user gone: old uid=0 shell=/bin/sh"
        ]
    );
    assert_eq!(
        diff(&fixture).verdict(),
        "1 new user, 1 user gone, 1 user changed"
    );
}

#[test]
fn pools_restarts_and_new_services() {
    let fixture = Fixture::new();
    for pid in ["20", "21"] {
        for id in ["1", "2"] {
            insert(
                &fixture,
                id,
                &process(pid, "600", "'/bin/worker'"),
                &["'worker'"],
            );
        }
    }
    insert(
        &fixture,
        "2",
        &process("22", "900", "'/bin/worker'"),
        &["'worker'"],
    );
    let daemon = |id: &str, pid, start, arguments: &[&str]| {
        let row = [process(pid, start, "'/bin/daemon'"), vec![]].concat();
        insert(&fixture, id, &row, arguments);
    };
    daemon("1", "30", "700", &["'daemon'", "'--port'", "'80'"]);
    daemon(
        "2",
        "31",
        "950",
        &["'daemon'", "'--port'", "'8443'", "'-v'"],
    );
    // Its child was started with it.
    for (id, pid, parent, start) in [("1", "40", "30", "701"), ("2", "41", "31", "951")] {
        let mut row = process(pid, start, "'/bin/child'");
        row[1] = ("parent", parent);
        insert(&fixture, id, &row, &["'child'"]);
    }
    // A pid that another program has now.
    insert(
        &fixture,
        "1",
        &process("50", "10", "'/bin/gone'"),
        &["'gone'"],
    );
    insert(
        &fixture,
        "2",
        &process("50", "990", "'/bin/fresh'"),
        &["'fresh'", "'now'"],
    );
    assert_eq!(
        lines(&fixture),
        [
            "daemon * restarted 2026-11-24 09:03:29 UTC: daemon --port 8443 -v  (pid 30 -> 31)",
            "daemon ~ command line daemon --port 8443 -v: 80 -> 8443, -v",
            "fresh + new service: fresh now",
            "gone - service gone: gone",
            "worker ~ scaled 2 -> 3: worker",
        ]
    );
    assert_eq!(
        diff(&fixture).verdict(),
        "1 service restarted, 1 new service, 1 service gone, 1 pool scaled, 1 command line changed"
    );
    let one = Scope {
        service: Some("work"),
        ..Scope::default()
    };
    let one = compare(sides(&fixture, &fixture), &one).unwrap();
    assert_eq!(lines_of(&one), ["worker ~ scaled 2 -> 3: worker"]);
}

#[test]
fn what_a_service_runs_as() {
    let fixture = Fixture::new();
    let state = |id: &str, pid, start, uid, more: &[(&'static str, &'static str)]| {
        let mut row = process(pid, start, "'/opt/app/bin/app'");
        row[7] = ("uid", uid);
        row.extend([("euid", uid), ("suid", uid)]);
        row.extend(more);
        insert(&fixture, id, &row, &["'app'"]);
    };
    state(
        "1",
        "10",
        "500",
        "33",
        &[("cwd", "'/a'"), ("resident_size", "80000000")],
    );
    state(
        "2",
        "11",
        "900",
        "1001",
        &[("cwd", "'/b'"), ("resident_size", "1200000000")],
    );
    for (id, pid, key, value) in [
        ("1", "10", "'DB_HOST'", "'db-1'"),
        ("2", "11", "'DB_HOST'", "'db-2'"),
        ("1", "10", "'OLD'", "'1'"),
        ("2", "11", "'NEW'", "'2'"),
        ("1", "10", "'INVOCATION_ID'", "'a'"),
        ("2", "11", "'INVOCATION_ID'", "'b'"),
    ] {
        fixture.insert(
            "process_envs",
            &in_snapshot(id, &[("pid", pid), ("key", key), ("value", value)]),
        );
    }
    assert_eq!(
        lines(&fixture),
        [
            "app * restarted 2026-11-24 09:03:29 UTC: app  (pid 10 -> 11)",
            "app ~ process app",
            "app   cwd: /a -> /b",
            "app   uid: 33 -> 1001",
            "app ~ environment variable DB_HOST: db-1 -> db-2",
            "app + new environment variable NEW=2",
            "app - environment variable gone: OLD=1",
            "app ~ resident memory 80.0 MB -> 1.2 GB: app",
        ]
    );
}

#[test]
fn the_collector_is_no_difference() {
    let fixture = Fixture::new();
    let collector = [
        process("40", "1", "'/tmp/capture'"),
        vec![("is_collector", "1")],
    ]
    .concat();
    // And what did nothing but start it.
    let mut collector = collector;
    collector[1] = ("parent", "39");
    insert(
        &fixture,
        "2",
        &process("39", "1", "'/usr/bin/sudo'"),
        &["'sudo'"],
    );
    insert(&fixture, "2", &collector, &["'capture'"]);
    let kernel = [process("41", "1", "NULL"), vec![("is_kernel_thread", "1")]].concat();
    fixture.insert("processes", &in_snapshot("2", &kernel));
    let fd = [
        ("pid", "40"),
        ("fd", "3"),
        ("type", "'socket'"),
        ("inode", "77"),
    ];
    fixture.insert("process_fds", &in_snapshot("2", &fd));
    let socket = [
        ("family", "'unix'"),
        ("inode", "77"),
        ("state", "'LISTEN'"),
        ("path", "'/x'"),
    ];
    fixture.insert("sockets", &in_snapshot("2", &socket));
    assert_eq!(lines(&fixture), Vec::<String>::new());
}

#[test]
fn another_boot_is_said_and_is_no_difference() {
    let fixture = Fixture::new();
    fixture.execute("UPDATE snapshots SET boot_id = 'boot-b' WHERE snapshot_id = 2");
    insert(&fixture, "1", &process("10", "500", "'/bin/a'"), &["'a'"]);
    insert(&fixture, "2", &process("99", "7", "'/bin/a'"), &["'a'"]);
    // What is no number of that boot can differ all the same.
    for (id, namespace, gateways) in [
        ("1", "4026531840", ["'192.0.2.1'", "'192.0.2.3'"]),
        ("2", "4026532999", ["'192.0.2.2'", "'192.0.2.3'"]),
    ] {
        for (destination, gateway) in ["'198.51.100.0'", "'203.0.113.0'"]
            .into_iter()
            .zip(gateways)
        {
            let route = [
                ("net_namespace", namespace),
                ("destination", destination),
                ("netmask", "24"),
                ("gateway", gateway),
                ("interface", "'eth0'"),
            ];
            fixture.insert("routes", &in_snapshot(id, &route));
        }
    }
    let diff = diff(&fixture);
    assert_eq!(
        lines_of(&diff),
        ["host ~ route 198.51.100.0/24 metric 0: gateway 192.0.2.1 -> 192.0.2.2"]
    );
    assert!(
        diff.notes[0].contains("booted in between"),
        "{:?}",
        diff.notes
    );
    let tables = ["process_fds".to_owned()];
    let scope = Scope {
        tables: &tables,
        ..Scope::default()
    };
    let notes = compare(sides(&fixture, &fixture), &scope).unwrap().notes;
    assert!(
        notes[1].starts_with("process_fds is not compared"),
        "{notes:?}"
    );
}

#[test]
fn secrets_under_other_keys_are_one_difference() {
    let fixture = Fixture::new();
    fixture
        .execute("UPDATE snapshots SET redaction = 'on', redaction_key_id = 'key-' || snapshot_id");
    for (id, pid, start, secret) in [
        ("1", "10", "5", "0123456789abcdef"),
        ("2", "11", "9", "fedcba9876543210"),
    ] {
        let argument = format!("'--password=secret:{secret}'");
        insert(
            &fixture,
            id,
            &process(pid, start, "'/bin/a'"),
            &["'a'", &argument],
        );
        for key in ["'A'", "'B'"] {
            let value = format!("'x secret:{secret}'");
            fixture.insert(
                "process_envs",
                &in_snapshot(id, &[("pid", pid), ("key", key), ("value", &value)]),
            );
        }
    }
    let lines = lines(&fixture);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].starts_with("a * restarted"));
    assert!(
        lines[1].contains("? whether secrets changed") && lines[1].contains("--case-key"),
        "{lines:#?}"
    );
}

#[test]
fn what_the_user_ignores() {
    let fixture = Fixture::new();
    for (id, value) in [("1", "'1'"), ("2", "'2'")] {
        for name in ["'kernel.a'", "'net.b'"] {
            fixture.insert(
                "system_controls",
                &in_snapshot(id, &[("name", name), ("current_value", value)]),
            );
        }
    }
    let mut scope = Scope::default();
    scope.classes.read("system_controls name=kernel.*").unwrap();
    let found = compare(sides(&fixture, &fixture), &scope).unwrap();
    assert_eq!(lines_of(&found), ["host ~ sysctl net.b: 1 -> 2"]);
}

#[test]
fn json_has_the_exact_values() {
    let fixture = Fixture::new();
    fixture.insert("users", &in_snapshot("2", &[("username", "x'ff'")]));
    for (id, flags) in [("1", "'rw'"), ("2", "'ro'")] {
        fixture.insert(
            "mounts",
            &in_snapshot(id, &[("path", "'/a'"), ("flags", flags)]),
        );
    }
    let mut json = Vec::new();
    diff(&fixture).write_json(&mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["groups"][0]["service"], serde_json::Value::Null);
    let [mount, user] = [0, 1].map(|index| &json["groups"][0]["differences"][index]);
    assert_eq!(user["kind"], "added");
    assert_eq!(user["identity"]["username"]["bytes_hex"], "ff");
    assert_eq!(mount["kind"], "changed");
    assert_eq!(mount["changes"][0]["column"], "flags");
    assert_eq!(mount["changes"][0]["after"][0], "ro");
    assert_eq!(json["before"]["label"], "before");
    assert_eq!(json["verdict"], "1 mount changed, 1 new user");
}

#[test]
fn text_of_the_host_is_no_markup() {
    let fixture = Fixture::new();
    fixture.insert(
        "users",
        &in_snapshot("2", &[("username", "'<script>[x](y)'")]),
    );
    let diff = diff(&fixture);
    let (mut html, mut markdown) = (Vec::new(), Vec::new());
    diff.write_html(0, &mut html).unwrap();
    diff.write_markdown(0, &mut markdown).unwrap();
    let [html, markdown] = [html, markdown].map(|text| String::from_utf8(text).unwrap());
    assert!(
        html.contains("new user &lt;script&gt;[x](y)") && !html.contains("<script"),
        "{html}"
    );
    assert!(
        markdown.contains("&lt;script&gt;") && !markdown.contains("[x](y)"),
        "{markdown}"
    );
}

/// A process in a container, and the container.
fn contained(fixture: &Fixture, id: &str, pid: &str, container: [&str; 3]) {
    let [container_id, name, image] = container;
    let row = [
        process(pid, pid, "'/bin/web'"),
        vec![("container_id", container_id)],
    ]
    .concat();
    insert(fixture, id, &row, &["'web'"]);
    let row = [
        ("id", container_id),
        ("runtime", "'docker'"),
        ("name", name),
        ("image", image),
        ("root_pid", pid),
        ("state", "'running'"),
    ];
    fixture.insert("containers", &in_snapshot(id, &row));
}

#[test]
fn containers_are_renamed_replaced_and_of_another_image() {
    let fixture = Fixture::new();
    contained(&fixture, "1", "10", ["'aa'", "'web-1'", "'web:1'"]);
    contained(&fixture, "2", "10", ["'aa'", "'web-9'", "'web:1'"]);
    contained(&fixture, "1", "20", ["'bb'", "'shop'", "'shop:1.24'"]);
    contained(&fixture, "2", "21", ["'cc'", "'shop'", "'shop:1.26'"]);
    // In which nothing runs any more.
    let stopped = |id, state| {
        let row = [("id", "'dd'"), ("name", "'job'"), ("state", state)];
        fixture.insert("containers", &in_snapshot(id, &row));
    };
    stopped("1", "'created'");
    stopped("2", "'exited'");
    assert_eq!(
        lines(&fixture),
        [
            "web (container shop) * restarted 2026-11-24 09:03:20 UTC: web  (pid 20 -> 21)",
            "web (container shop) ~ container name=shop id=cc: image shop:1.24 -> shop:1.26",
            "web (container web-9) ~ container web-1 -> web-9",
            "host ~ container name=job id=dd: state created -> exited",
        ]
    );
}

#[test]
fn what_leads_to_a_listener_and_what_moved_between_services() {
    let fixture = Fixture::new();
    for (id, cgroup) in [
        ("1", "'/system.slice/a.service'"),
        ("2", "'/system.slice/b.service'"),
    ] {
        let mut row = process("10", "500", "'/bin/app'");
        row.retain(|(name, _)| *name != "cgroup_path");
        row.push(("cgroup_path", cgroup));
        insert(&fixture, id, &row, &["'app'"]);
        let socket = [
            ("family", "'inet'"),
            ("protocol", "'tcp'"),
            ("state", "'LISTEN'"),
            ("local_address", "'0.0.0.0'"),
            ("local_port", "80"),
            ("inode", "77"),
            ("net_namespace", "5"),
        ];
        fixture.insert("sockets", &in_snapshot(id, &socket));
        let fd = [
            ("pid", "10"),
            ("fd", "3"),
            ("type", "'socket'"),
            ("inode", "77"),
        ];
        fixture.insert("process_fds", &in_snapshot(id, &fd));
        let address = [
            ("net_namespace", "5"),
            ("address", "'192.0.2.2'"),
            ("interface", "'eth0'"),
        ];
        fixture.insert("interface_addresses", &in_snapshot(id, &address));
    }
    let tracked = [
        ("protocol", "'tcp'"),
        ("nat", "'dnat'"),
        ("orig_src", "'198.51.100.1'"),
        ("orig_sport", "40000"),
        ("orig_dst", "'203.0.113.5'"),
        ("orig_dport", "8080"),
        ("reply_src", "'192.0.2.2'"),
        ("reply_sport", "80"),
        ("reply_dst", "'198.51.100.1'"),
        ("reply_dport", "40000"),
    ];
    fixture.insert("conntrack", &in_snapshot("2", &tracked));
    // What goes through to another host.
    let mut through = tracked.to_vec();
    through[4] = ("orig_dst", "'203.0.113.6'");
    through[6] = ("reply_src", "'192.0.2.99'");
    fixture.insert("conntrack", &in_snapshot("2", &through));
    assert_eq!(
        lines(&fixture),
        [
            "b.service > process moved: app: /system.slice/a.service -> /system.slice/b.service",
            "b.service ~ listener *:80: host_address none -> 203.0.113.5:8080 by tracked connection",
            "host + new translated flow 203.0.113.6:8080 to 192.0.2.99:80",
        ]
    );
}

#[test]
fn a_clock_that_was_stepped() {
    let fixture = Fixture::new();
    insert(&fixture, "1", &process("10", "500", "'/bin/a'"), &["'a'"]);
    let mut row = process("10", "500", "'/bin/a'");
    row[3] = ("start_time", "1795514605");
    insert(&fixture, "2", &row, &["'a'"]);
    assert_eq!(
        lines(&fixture),
        ["host ~ clock 2026-11-24 09:03:20 UTC -> 2026-11-24 10:03:20 UTC"]
    );
}

#[test]
fn two_hosts_are_compared_by_what_they_run() {
    let fixture = Fixture::new();
    fixture.execute(
        "UPDATE snapshots SET boot_id = 'boot-b', hostname = 'web-2' WHERE snapshot_id = 2",
    );
    insert(&fixture, "1", &process("10", "500", "'/bin/a'"), &["'a'"]);
    insert(
        &fixture,
        "2",
        &process("99", "7", "'/bin/a'"),
        &["'a'", "'-v'"],
    );
    for (id, address, mac) in [
        ("1", "'192.0.2.1'", "'00:00:5e:00:53:01'"),
        ("2", "'192.0.2.2'", "'00:00:5e:00:53:02'"),
    ] {
        let row = [("interface", "'eth0'"), ("address", address)];
        fixture.insert("interface_addresses", &in_snapshot(id, &row));
        let row = [("interface", "'eth0'"), ("mac", mac)];
        fixture.insert("interface_details", &in_snapshot(id, &row));
    }
    let diff = diff(&fixture);
    assert_eq!(lines_of(&diff), ["a ~ command line a -v: none -> -v"]);
    assert!(
        diff.notes[0].starts_with("these are two hosts"),
        "{:?}",
        diff.notes
    );
}
