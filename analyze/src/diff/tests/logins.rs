//! Who logged in.

use super::*;

/// A record of utmp or wtmp.
fn record(fixture: &Fixture, id: &str, table: &str, values: &[(&str, &str)]) {
    let (kind, name) = if table == "last" {
        ("type_name", "username")
    } else {
        ("type", "user")
    };
    let values = values.iter().map(|(column, value)| match *column {
        "kind" => (kind, *value),
        "name" => (name, *value),
        other => (other, *value),
    });
    let row: Vec<_> = values.collect();
    fixture.insert(table, &in_snapshot(id, &row));
}

#[test]
fn a_login_is_told_once_and_a_boot_not_at_all() {
    let fixture = Fixture::new();
    fixture.execute("UPDATE snapshots SET boot_id = 'boot-b' WHERE snapshot_id = 2");
    // Of whom is logged in again at the same terminal nothing is told.
    for (id, time, micros) in [
        ("1", "1795511000", "1795511000000001"),
        ("2", "1795518000", "1795518000000002"),
    ] {
        for (kind, name, tty) in [
            ("'boot_time'", "'reboot'", "'~'"),
            ("'user'", "'root'", "'tty1'"),
        ] {
            let row = [
                ("kind", kind),
                ("name", name),
                ("tty", tty),
                ("time", time),
                ("time_us", micros),
                ("pid", id),
                ("session", id),
            ];
            record(&fixture, id, "logged_in_users", &row);
        }
    }
    let anna = [
        ("kind", "'user'"),
        ("name", "'anna'"),
        ("tty", "'pts/0'"),
        ("host", "'192.0.2.4'"),
    ];
    let now = [("time", "1795518100"), ("time_us", "1795518100000000")];
    record(
        &fixture,
        "2",
        "logged_in_users",
        &[&anna[..], &now[..]].concat(),
    );
    let written = [("time", "1795518099"), ("time_us", "1795518099000000")];
    record(&fixture, "2", "last", &[&anna[..], &written[..]].concat());
    // One who left again, what only the boot wrote, and what the last login of each user is too.
    let left = [
        ("time", "1795518200"),
        ("time_us", "1795518200000000"),
        ("tty", "'pts/1'"),
    ];
    let bob = [("kind", "'user'"), ("name", "'bob'")];
    record(&fixture, "2", "last", &[&bob[..], &left[..]].concat());
    record(
        &fixture,
        "2",
        "last",
        &[&[("kind", "'last_login'")][..], &left[..]].concat(),
    );
    for kind in ["'boot_time'", "'runlevel'", "'init'", "'login'", "'dead'"] {
        record(
            &fixture,
            "2",
            "last",
            &[&[("kind", kind)][..], &now[..]].concat(),
        );
    }
    for micros in ["1795518300000000", "1795518301000000"] {
        let failed = [
            ("kind", "'login'"),
            ("name", "'admin'"),
            ("tty", "'ssh'"),
            ("failed", "1"),
            ("time", "1795518300"),
            ("time_us", micros),
        ];
        record(&fixture, "2", "last", &failed);
    }
    assert_eq!(
        lines(&fixture),
        [
            "host + new logged-in user anna on pts/0 from 192.0.2.4",
            "host + new login record bob on pts/1 2026-11-24 11:03:20 UTC",
            "host + new failed login admin on ssh 2026-11-24 11:05:01 UTC  (2 of them)",
        ]
    );
}
