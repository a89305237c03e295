//! The sections of `analyze pid`, on rows that another snapshot has too.

mod descriptors;

use super::*;

fn section(fixture: &Fixture, name: &str, pid: i64) -> Vec<String> {
    let query = named(super::super::pid(), name);
    shown(
        &database(fixture)
            .collect(query.sql, &[(":pid", Parameter::Number(pid))])
            .unwrap(),
    )
}

fn hints(fixture: &Fixture, pid: i64) -> Vec<String> {
    let query = named(missing(), "pid");
    shown(
        &database(fixture)
            .collect(query.sql, &[(":pid", Parameter::Number(pid))])
            .unwrap(),
    )
}

fn process(fixture: &Fixture, pid: &str, parent: &str, name: &str) {
    let row = [("pid", pid), ("parent", parent), ("name", name)];
    fixture.insert_both("processes", &row);
}

fn fd(fixture: &Fixture, pid: &str, fd: &str, kind: &str, target: &str, more: [&str; 3]) {
    let [inode, flags, deleted] = more;
    fixture.insert_both(
        "process_fds",
        &[
            ("pid", pid),
            ("fd", fd),
            ("type", kind),
            ("target", target),
            ("inode", inode),
            ("flags", flags),
            ("deleted", deleted),
            ("pos", "5"),
        ],
    );
}

#[test]
fn what_a_section_reads_is_planned() {
    let sources = schema::source::SourceMap::new();
    for query in super::super::pid() {
        for name in &query.reads {
            let listing = ["fd", "fd/*", "fdinfo/*", "task", "task/*"];
            // Which tables of a network namespace there are, other kernels decide.
            if listing.contains(&name.as_str()) || name.starts_with("net/") {
                continue;
            }
            let path = if name.starts_with('/') {
                name.clone()
            } else {
                format!("/proc/7/{name}")
            };
            let is_planned = sources.locate(path.as_bytes()).is_some();
            assert!(is_planned, "{}: {name}", query.name);
        }
    }
}

#[test]
fn a_process_is_told_in_words() {
    let fixture = Fixture::new();
    process(&fixture, "1", "0", "'init'");
    fixture.insert_both("users", &[("uid", "0"), ("username", "'root'")]);
    fixture.insert_both("users", &[("uid", "33"), ("username", "'www'")]);
    fixture.insert_both("groups", &[("gid", "33"), ("groupname", "'web'")]);
    fixture.insert_both(
        "memory_info",
        &[("name", "'MemTotal'"), ("value", "104857600")],
    );
    for state in ["'S'", "'S'", "'R'"] {
        fixture.insert_both("threads", &[("pid", "10"), ("state", state)]);
    }
    fixture.insert_both(
        "processes",
        &[
            ("pid", "10"),
            ("parent", "1"),
            ("name", "'app'"),
            ("path", "'/opt/app'"),
            ("on_disk", "0"),
            ("state", "'D'"),
            ("wchan", "'io_schedule'"),
            ("cwd", "'/srv'"),
            ("root", "'/'"),
            ("uid", "33"),
            ("euid", "0"),
            ("gid", "33"),
            ("egid", "33"),
            ("login_uid", "1000"),
            ("threads", "3"),
            ("nice", "5"),
            ("oom_score_adj", "-10"),
            ("pgroup", "9"),
            ("session", "8"),
            ("tty", "34817"),
            // A day, an hour, a minute and a second before the first snapshot.
            ("start_time", "1795421411"),
            ("user_time", "9006150"),
            ("system_time", "0"),
            ("resident_size", "1048576"),
            ("total_size", "2097152"),
            ("disk_bytes_read", "524288"),
            ("disk_bytes_written", "0"),
            ("voluntary_switches", "7"),
            ("nonvoluntary_switches", "8"),
            ("cgroup_path", "'/system.slice/app.service'"),
            ("namespace_pids", "'10 2'"),
            ("identity_uncertain", "1"),
        ],
    );
    assert_eq!(
        section(&fixture, "10-process", 10),
        [[
            "10",
            "app",
            "NULL",
            "the pid may have been reused while it was read: what follows may mix two processes",
            "D (sleeping, cannot be interrupted) in io_schedule",
            "1 init",
            "2026-11-23 08:10:11 UTC",
            "1 days, 1:01:01",
            "33 www, effective 0 root",
            "33 web",
            "1000",
            "/opt/app (deleted)",
            "/srv",
            "/",
            "service app.service",
            "/system.slice/app.service",
            "10 2",
            "group 9, session 8, terminal pts/1",
            "3 (2 S, 1 R)",
            "9006.15 s user, 0.00 s system, 10.0 % of a processor since its start",
            "nice 5, oom_score_adj -10",
            "1.0 MiB resident (1.0 % of the host), 2.0 MiB virtual",
            "0.5 MiB read, 0.0 MiB written",
            "7 waiting, 8 preempted",
        ]
        .join("|")]
    );
    // What is not known is NULL, not zero.
    let unknown = section(&fixture, "10-process", 1).join("");
    assert_eq!(
        unknown,
        format!(
            "1|init|NULL|NULL|NULL|0 (none, or outside the pid namespace){}|tree init{}",
            "|NULL".repeat(8),
            "|NULL".repeat(9)
        )
    );
}

#[test]
fn the_tree_goes_up_and_down_and_ends() {
    let fixture = Fixture::new();
    for (pid, parent, name) in [
        ("1", "0", "'init'"),
        ("20", "1", "'a'"),
        ("21", "20", "'b'"),
        ("22", "21", "'c'"),
        ("23", "22", "'d'"),
        ("24", "21", "'e'"),
        ("30", "1", "'aside'"),
        // Forged: each the other's parent, and one its own.
        ("40", "41", "'x'"),
        ("41", "40", "'y'"),
        ("42", "40", "'z'"),
        ("50", "50", "'self'"),
    ] {
        process(&fixture, pid, parent, name);
    }
    let tree = |pid: i64| {
        let query = named(super::super::pid(), "15-tree");
        let answer = database(&fixture)
            .collect(query.sql, &[(":pid", Parameter::Number(pid))])
            .unwrap();
        let text = |value: &Value<'_>| String::from_utf8_lossy(value.bytes().unwrap()).into_owned();
        answer
            .rows
            .iter()
            .map(|row| format!("{:10}{}{}", text(&row[0]), text(&row[6]), text(&row[7])))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tree(21),
        [
            "ancestor  [init]",
            "parent     \\_ [a]",
            "itself         \\_ [b]",
            "child              \\_ [c]",
            "descendant         |   \\_ [d]",
            "child              \\_ [e]",
        ]
    );
    assert_eq!(
        tree(40),
        [
            "parent    [y]",
            "itself     \\_ [x]",
            "child          \\_ [z]"
        ]
    );
    assert_eq!(tree(50), ["itself    [self]"]);
    for pid in 100..200 {
        process(&fixture, &pid.to_string(), &(pid - 1).to_string(), "'deep'");
    }
    // Twelve above, itself, twenty below.
    assert_eq!(tree(150).len(), 33);
}

#[test]
fn limits_say_what_is_used() {
    let fixture = Fixture::new();
    for (pid, uid, threads) in [("10", "7", "3"), ("11", "7", "2"), ("12", "8", "90")] {
        fixture.insert_both(
            "processes",
            &[
                ("pid", pid),
                ("uid", uid),
                ("threads", threads),
                ("total_size", "1000"),
            ],
        );
    }
    for (name, soft, unlimited) in [
        ("'Max open files'", "4", "0"),
        ("'Max processes'", "10", "0"),
        ("'Max stack size'", "'18446744073709551614'", "0"),
        ("'Max address space'", "NULL", "1"),
        ("'Max core file size'", "0", "0"),
    ] {
        fixture.insert_both(
            "process_limits",
            &[
                ("pid", "10"),
                ("type", name),
                ("soft_limit", soft),
                ("soft_unlimited", unlimited),
                ("hard_unlimited", "1"),
                ("units", "'things'"),
            ],
        );
    }
    fixture.insert_both(
        "process_memory_map",
        &[
            ("pid", "10"),
            ("start", "'00007ffc00000000'"),
            ("end", "'00007ffc00021000'"),
            ("path", "'[stack]'"),
        ],
    );
    let limits = [
        "Max processes|5|50.0 %|10|unlimited|threads of uid 7",
        "Max stack size|135168|NULL|18446744073709551614|unlimited|things",
        "Max address space|1000|NULL|unlimited|unlimited|things",
        "Max core file size|NULL|NULL|0|unlimited|things",
        "Max open files|NULL|NULL|4|unlimited|things",
    ];
    // No descriptors, and no word that they were looked at.
    assert_eq!(section(&fixture, "60-limits", 10), limits);
    let listing = [
        ("pid", "10"),
        ("path", "'/proc/10/fd'"),
        ("outcome", "'collected'"),
    ];
    fixture.insert_both("collection_log", &listing);
    let open = |limits: &[String]| {
        limits
            .iter()
            .find(|row| row.contains("open files"))
            .cloned()
    };
    assert_eq!(
        open(&section(&fixture, "60-limits", 10)).unwrap(),
        "Max open files|0|0.0 %|4|unlimited|things"
    );
    for number in ["0", "1", "2"] {
        fd(&fixture, "10", number, "'file'", "'/x'", ["1", "0", "0"]);
    }
    assert_eq!(
        section(&fixture, "60-limits", 10)[0],
        "Max open files|3|75.0 %|4|unlimited|things"
    );
    // One that was listed and could not be looked at is open; one that is gone is not.
    for (path, outcome) in [
        ("'/proc/10/fd/3'", "'denied'"),
        ("'/proc/10/fd/4'", "'vanished'"),
    ] {
        let row = [("pid", "10"), ("path", path), ("outcome", outcome)];
        fixture.insert_both("collection_log", &row);
    }
    assert_eq!(
        section(&fixture, "60-limits", 10)[0],
        "Max open files|4|100.0 %|4|unlimited|things"
    );
}

#[test]
fn places_of_a_process() {
    let fixture = Fixture::new();
    for (pid, kind, inode) in [
        ("1", "'net'", "500"),
        ("1", "'pid'", "4026531836"),
        ("10", "'net'", "501"),
        ("11", "'net'", "501"),
        ("10", "'pid'", "4026531836"),
        ("10", "'user'", "502"),
        ("10", "'mnt'", "503"),
        ("12", "'mnt'", "4026531832"),
        ("12", "'net'", "503"),
    ] {
        fixture.insert_both(
            "process_namespaces",
            &[("pid", pid), ("type", kind), ("inode", inode)],
        );
    }
    assert_eq!(
        section(&fixture, "70-namespaces", 10),
        [
            // Another process has the number that only newer kernels fix.
            "mnt|503|unknown|no|1",
            "net|501|no|unknown|2",
            "pid|4026531836|yes|yes|2",
            "user|502|unknown|no|1",
        ]
    );
    for (hierarchy, controllers, path) in [
        ("0", "''", "'/a'"),
        ("3", "'cpu,cpuacct'", "'/b'"),
        ("1", "'name=systemd'", "'/a'"),
    ] {
        fixture.insert_both(
            "process_cgroups",
            &[
                ("pid", "10"),
                ("hierarchy", hierarchy),
                ("controllers", controllers),
                ("path", path),
            ],
        );
    }
    assert_eq!(
        section(&fixture, "65-cgroups", 10),
        ["unified name=systemd|/a", "cpu,cpuacct|/b"]
    );
    for (start, end, permissions, path, deleted) in [
        (
            "'0000000000001000'",
            "'0000000000003000'",
            "'r-xp'",
            "'/lib/a.so'",
            "0",
        ),
        (
            "'0000000000003000'",
            "'0000000000004000'",
            "'rw-p'",
            "'/lib/a.so'",
            "0",
        ),
        (
            "'0000000000005000'",
            "'0000000000006000'",
            "'r--s'",
            "'/lib/old.so'",
            "1",
        ),
        (
            "'fffffffffffff000'",
            "'ffffffffffffffff'",
            "'rw-p'",
            "NULL",
            "0",
        ),
        (
            "'0000000010000000'",
            "'0000000020000000'",
            "'rw-p'",
            "NULL",
            "0",
        ),
    ] {
        fixture.insert_both(
            "process_memory_map",
            &[
                ("pid", "10"),
                ("start", start),
                ("end", end),
                ("permissions", permissions),
                ("path", path),
                ("deleted", deleted),
            ],
        );
    }
    assert_eq!(
        section(&fixture, "80-memory", 10),
        [
            "1|4|s|/lib/old.so (deleted)",
            "2|262147|w|(anonymous)",
            "2|12|xw|/lib/a.so",
        ]
    );
}

#[test]
fn logs_name_a_process_by_pid_then_by_program() {
    let fixture = Fixture::new();
    fixture.insert_both(
        "processes",
        &[
            ("pid", "10"),
            ("name", "'a-long-daemon-n'"),
            ("path", "'/usr/sbin/exact'"),
            ("start_time", "1000"),
        ],
    );
    for (line, time, program, pid) in [
        ("1", "900", "'before'", "10"),
        ("2", "1000", "'any'", "10"),
        ("3", "NULL", "'any'", "10"),
        ("4", "1500", "'a-long-daemon-name'", "NULL"),
        ("5", "1600", "'exact'", "44"),
        ("6", "1700", "'other'", "44"),
        ("7", "800", "'exact'", "NULL"),
    ] {
        let time_us = if time == "NULL" {
            "NULL".to_owned()
        } else {
            format!("{time}000000")
        };
        fixture.insert_both(
            "log_lines",
            &[
                ("path", "'/var/log/syslog'"),
                ("line_no", line),
                ("time", time),
                ("time_us", &time_us),
                ("program", program),
                ("pid", pid),
                ("message", line),
            ],
        );
    }
    assert_eq!(
        section(&fixture, "85-log-lines", 10),
        [
            "pid|1970-01-01 00:16:40|/var/log/syslog|any[10]|2",
            "pid|NULL|/var/log/syslog|any[10]|3",
            "program|1970-01-01 00:26:40|/var/log/syslog|exact[44]|5",
            "program|1970-01-01 00:25:00|/var/log/syslog|a-long-daemon-name|4",
            "program|1970-01-01 00:13:20|/var/log/syslog|exact|7",
        ]
    );
}

#[test]
fn what_could_not_be_looked_at_is_told() {
    let fixture = Fixture::new();
    for (pid, namespace) in [("1", "77"), ("2", "78"), ("10", "77")] {
        fixture.insert_both("processes", &[("pid", pid), ("net_namespace", namespace)]);
    }
    for (pid, path, outcome, errno, reason) in [
        ("10", "'/proc/10/status'", "'collected'", "NULL", "NULL"),
        ("10", "'/proc/10/stat'", "'collected'", "NULL", "NULL"),
        ("10", "'/proc/10/limits'", "'collected'", "NULL", "NULL"),
        ("10", "'/proc/10/task'", "'collected'", "NULL", "NULL"),
        ("10", "'/proc/10/fd'", "'collected'", "NULL", "NULL"),
        ("10", "'/proc/10/cgroup'", "'absent'", "2", "NULL"),
        ("10", "'/proc/10/cmdline'", "'truncated'", "NULL", "NULL"),
        ("10", "'/proc/10/environ'", "'timed out'", "NULL", "'hung'"),
        ("10", "'/proc/10/fd/3'", "'denied'", "13", "NULL"),
        ("10", "'/proc/10/fd/4'", "'denied'", "13", "NULL"),
        ("1", "'/proc/1/net/tcp'", "'denied'", "1", "NULL"),
        ("1", "'/proc/1/stat'", "'denied'", "1", "NULL"),
        ("1", "'/proc/1/net/udplite'", "'absent'", "2", "NULL"),
        ("2", "'/proc/2/net/tcp'", "'denied'", "1", "NULL"),
        ("NULL", "'/var/log/syslog'", "'denied'", "13", "NULL"),
        ("NULL", "'/var/log/messages'", "'truncated'", "NULL", "NULL"),
    ] {
        fixture.insert_both(
            "collection_log",
            &[
                ("pid", pid),
                ("path", path),
                ("outcome", outcome),
                ("errno", errno),
                ("reason", reason),
                ("bytes_kept", "10"),
                ("bytes_seen", "90"),
            ],
        );
    }
    assert_eq!(
        section(&fixture, "90-not-read", 10),
        [
            "/proc/1/net/tcp|denied|EPERM",
            "/proc/10/cmdline|truncated|10 of 90 bytes kept",
            "/proc/10/environ|timed out|hung",
            "/proc/10/fd/*|denied|EACCES, 2 of them",
            "/proc/10/maps|no outcome|",
            "/var/log/syslog|denied|EACCES",
            "/proc/10/cgroup|absent|ENOENT",
        ]
    );
    for member in ["'root/proc/10/maps'", "'root/proc/100/maps'"] {
        let issue = [
            ("member", member),
            ("line", "7"),
            ("reason", "'r'"),
            ("excerpt", "'e'"),
        ];
        fixture.insert_both("parse_issues", &issue);
    }
    assert_eq!(
        section(&fixture, "95-parse-issues", 10),
        ["root/proc/10/maps|7|r|e"]
    );
}

#[test]
fn a_number_that_is_no_process_is_explained() {
    let fixture = Fixture::new();
    fixture.insert_both(
        "processes",
        &[
            ("pid", "10"),
            ("name", "'app'"),
            ("namespace_pids", "'10 7'"),
        ],
    );
    fixture.insert_both(
        "threads",
        &[("pid", "10"), ("tid", "12"), ("name", "'worker'")],
    );
    for (path, outcome) in [
        ("'/proc/13/stat'", "'vanished'"),
        ("'/proc/13/maps'", "'vanished'"),
        ("'/proc/13/status'", "'denied'"),
    ] {
        let row = [("pid", "13"), ("path", path), ("outcome", outcome)];
        fixture.insert_both("collection_log", &row);
    }
    for (pid, program, message) in [
        (
            "NULL",
            "'kernel'",
            "'Out of memory: Killed process 14 (app) total-vm:1kB'",
        ),
        ("14", "'app'", "'hello'"),
    ] {
        fixture.insert_both(
            "log_lines",
            &[
                ("path", "'/dev/kmsg'"),
                ("program", program),
                ("pid", pid),
                ("message", message),
                ("time", "1795511400"),
            ],
        );
    }
    assert_eq!(
        hints(&fixture, 12),
        ["it is thread worker of process 10 (app)"]
    );
    assert_eq!(
        hints(&fixture, 13),
        [
            "it ended while it was captured: 2 reads say vanished",
            "its files could not be read: 1 reads, the first of them denied",
        ]
    );
    assert_eq!(
        hints(&fixture, 7),
        ["inside a pid namespace that is what process 10 (app) is called"]
    );
    assert_eq!(
        hints(&fixture, 14),
        [
            "it was killed: /dev/kmsg says Out of memory: Killed process 14 (app) total-vm:1kB",
            "lines of the logs name it: 1, the last of program app at 2026-11-24 09:10:00 UTC",
        ]
    );
    assert_eq!(hints(&fixture, 1), Vec::<String>::new());
}
