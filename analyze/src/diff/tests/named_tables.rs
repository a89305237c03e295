//! Tables that are named are compared alone: the services are found only of the rows that differ, and are called the same.

use super::*;

fn compare_table(sides: Sides, table: &str) -> Result<Diff, Error> {
    let tables = [table.to_owned()];
    let scope = Scope {
        tables: &tables,
        ..Scope::default()
    };
    compare(sides, &scope)
}

#[test]
fn two_databases_and_named_tables() {
    let before = Fixture::new();
    let after = Fixture::new();
    after.insert("users", &in_snapshot("2", &[("username", "'new'")]));
    after.insert("groups", &in_snapshot("2", &[("groupname", "'new'")]));
    let compared = |table: &str| compare_table(sides(&before, &after), table);
    assert_eq!(
        lines_of(&compared("groups").unwrap()),
        ["host + new group new"]
    );
    let error = compared("log_lines").unwrap_err();
    assert!(
        error.to_string().contains("there is no table log_lines"),
        "{error}"
    );
}

/// Processes of each kind: what each belongs to follows from others than itself.
fn host() -> Fixture {
    let fixture = Fixture::new();
    for id in ["1", "2"] {
        let add =
            |pid, start, path, changed: &[(&'static str, &'static str)], arguments: &[&str]| {
                let row = process(pid, start, path);
                let row = row.into_iter().map(|(name, value)| {
                    let other = changed.iter().find(|(changed, _)| *changed == name);
                    other.copied().unwrap_or((name, value))
                });
                let more = changed.iter().filter(|(name, _)| *name == "container_id");
                insert(
                    &fixture,
                    id,
                    &row.chain(more.copied()).collect::<Vec<_>>(),
                    arguments,
                );
            };
        let (parent, cgroup) = ("parent", "cgroup_path");
        // A tree: its root is called by what it runs.
        add(
            "10",
            "5",
            "'/usr/bin/python3'",
            &[],
            &["'python3'", "'/srv/app.py'"],
        );
        add("11", "6", "'/bin/sh'", &[(parent, "10")], &["'sh'"]);
        add("12", "7", "'/bin/job'", &[(parent, "11")], &["'job'"]);
        // A control group.
        add(
            "20",
            "5",
            "'/bin/db'",
            &[(cgroup, "'/system.slice/db.service'")],
            &["'db'"],
        );
        // Of containers the oldest process, which is another one's parent, or not.
        let container = ("container_id", "'aa'");
        add("30", "50", "'/bin/web'", &[container], &["'web'"]);
        add(
            "31",
            "60",
            "'/bin/worker'",
            &[container, (parent, "30")],
            &["'worker'"],
        );
        add("32", "70", "'/bin/shell'", &[container], &["'shell'"]);
        let row = [("id", "'aa'"), ("runtime", "'docker'"), ("name", "'web-1'")];
        fixture.insert("containers", &in_snapshot(id, &row));
        // One whose parent ended, but not the other one that is called so; and one that belongs elsewhere now.
        let is_before = id == "1";
        let other = if is_before { "40" } else { "1" };
        if is_before {
            add("40", "5", "'/bin/parent'", &[], &["'parent'"]);
        }
        add("42", "5", "'/bin/parent'", &[], &["'parent'"]);
        add("41", "6", "'/bin/child'", &[(parent, other)], &["'child'"]);
        let elsewhere = if is_before {
            "'/a.service'"
        } else {
            "'/b.service'"
        };
        add(
            "50",
            "5",
            "'/bin/moved'",
            &[(cgroup, elsewhere)],
            &["'moved'"],
        );
        // In a circle of forged parents.
        add("60", "5", "'/bin/one'", &[(parent, "61")], &["'one'"]);
        add("61", "5", "'/bin/two'", &[(parent, "60")], &["'two'"]);
        for pid in [
            "10", "11", "12", "20", "30", "31", "32", "41", "50", "60", "61",
        ] {
            let target = format!("'/srv/{id}'");
            let fd = [("pid", pid), ("fd", "3"), ("target", &target)];
            fixture.insert("process_fds", &in_snapshot(id, &fd));
        }
    }
    fixture
}

#[test]
fn a_service_is_called_the_same_whether_others_are_known_or_not() {
    let fixture = host();
    let mut sides = sides(&fixture, &fixture);
    let relation = relation(&sides);
    let all = Services::load(&mut sides, relation, &Extent::Whole).unwrap();
    let called = |services: &Services, side: usize, pid: i64| {
        let place = services.place_of(side, pid)?;
        match place {
            report::Place::Service(number) => Some(services.title(number)),
            report::Place::Host => None,
        }
    };
    for (pid, title) in [
        (10, "python3 app.py"),
        (11, "python3 app.py"),
        (12, "python3 app.py"),
        (20, "db.service"),
        (30, "web (container web-1)"),
        (31, "web (container web-1)"),
        (32, "web (container web-1)"),
        (41, "parent"),
        (50, "b.service"),
    ] {
        let few = Services::load_of(&mut sides, relation, &HashSet::from([pid])).unwrap();
        for side in [0, 1] {
            assert_eq!(called(&few, side, pid).as_deref(), Some(title), "{pid}");
            assert_eq!(called(&all, side, pid).as_deref(), Some(title), "{pid}");
        }
    }
    // Of more than are looked for one by one all are found at once.
    let many = (1..2000).collect();
    let many = Services::load_of(&mut sides, relation, &many).unwrap();
    assert_eq!(called(&many, 0, 12).as_deref(), Some("python3 app.py"));
    let told = lines_of(&compare_table(sides, "process_fds").unwrap());
    assert_eq!(told.len(), 11, "{told:#?}");
    assert!(
        told.iter()
            .any(|line| line.starts_with("web (container web-1) ~ ")),
        "{told:#?}"
    );
}

#[test]
fn secrets_under_other_keys_are_counted_once() {
    let fixture = Fixture::new();
    fixture
        .execute("UPDATE snapshots SET redaction = 'on', redaction_key_id = 'key-' || snapshot_id");
    for (id, secret, plain) in [
        ("1", "0123456789abcdef", "a"),
        ("2", "fedcba9876543210", "b"),
    ] {
        let argument = format!("'--password=secret:{secret}'");
        insert(
            &fixture,
            id,
            &process("10", "5", "'/bin/a'"),
            &["'a'", &argument],
        );
        let variable = format!("'{plain} secret:{secret}'");
        for (key, value) in [("'A'", &variable), ("'B'", &argument)] {
            let row = [("pid", "10"), ("key", key), ("value", value)];
            fixture.insert("process_envs", &in_snapshot(id, &row));
        }
    }
    let told = compare_table(sides(&fixture, &fixture), "process_envs").unwrap();
    let lines = lines_of(&told);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert_eq!(
        lines[0],
        "a ~ process_envs pid=10 key=A: a secret:* -> b secret:*"
    );
    let unknown = told.groups.last().unwrap().differences.last().unwrap();
    assert_eq!((unknown.what, unknown.counts), ("secret", [2, 2]));
}
