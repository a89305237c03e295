//! What is no difference by its declaration or a rule is one when all columns are asked for; and which thing took the place of which.

use std::collections::BTreeSet;

use schema::TableDef;
use schema::tables::TABLES;

use super::super::classes::DEFAULT;
use super::*;

/// Columns that make a process one that is left out, or one that is told otherwise.
const OF_ITSELF: [&str; 3] = ["is_collector", "parent", "start_time"];

/// The columns of a table that are no difference, without those that say which row it is.
fn ignored(table: &TableDef) -> Vec<&'static str> {
    let identity = if table.logical_key.is_empty() {
        table.key
    } else {
        table.logical_key
    };
    let columns = table.volatile.iter().chain(table.counters).copied();
    let columns = columns.filter(|column| !identity.contains(column));
    columns
        .filter(|column| table.name != "processes" || !OF_ITSELF.contains(column))
        .collect()
}

/// A row in both snapshots of which these columns differ.
fn differing_in(table: &TableDef, columns: &[&'static str]) -> Fixture {
    let fixture = Fixture::new();
    for (id, value) in [("1", "1"), ("2", "2")] {
        let mut row: Vec<(&str, String)> = Vec::new();
        for column in table
            .columns
            .iter()
            .filter(|column| columns.contains(&column.name))
        {
            let is_text = matches!(column.layout, "bytes" | "address" | "outcome");
            let value = if is_text {
                format!("'{value}'")
            } else {
                value.to_owned()
            };
            row.push((column.name, value));
        }
        // A process whose row it may be, or which it is.
        let own = process("10", "500", "'/bin/a'");
        if table.name == "processes" {
            let own = own.into_iter().filter(|(name, _)| !columns.contains(name));
            row.extend(own.map(|(name, value)| (name, value.to_owned())));
        } else {
            insert(&fixture, id, &own, &[]);
            if table.columns.iter().any(|column| column.name == "pid") && !columns.contains(&"pid")
            {
                row.push(("pid", "10".to_owned()));
            }
        }
        // Sockets of netlink come and go.
        if table.name == "sockets" {
            row.push(("family", "'inet'".to_owned()));
        }
        let row: Vec<(&str, &str)> = row
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        fixture.insert(table.name, &in_snapshot(id, &row));
    }
    fixture
}

/// The columns of a table of which a difference is told.
fn told(fixture: &Fixture, classes: Classes, table: &str) -> BTreeSet<&'static str> {
    let scope = Scope {
        classes,
        ..Scope::default()
    };
    let diff = compare(sides(fixture, fixture), &scope).unwrap();
    let all = diff.groups.iter().flat_map(|group| &group.differences);
    let of_table = all.filter(|difference| difference.table == table);
    of_table
        .flat_map(|difference| difference.changes.iter().map(|change| change.column))
        .collect()
}

#[test]
fn every_ignored_column_is_shown_when_all_are_asked_for() {
    let mut seen = 0;
    for table in TABLES.iter().filter(|table| !table.key.is_empty()) {
        let columns = ignored(table);
        if columns.is_empty() {
            continue;
        }
        let fixture = differing_in(table, &columns);
        let found = told(&fixture, Classes::default(), table.name);
        assert_eq!(found, BTreeSet::new(), "{} by itself", table.name);
        let found = told(&fixture, Classes::everything(), table.name);
        for column in columns {
            assert!(found.contains(column), "{}.{column}: {found:?}", table.name);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} columns");
}

/// A row of a table in a snapshot, whose text is what a rule asks for.
fn ruled(fixture: &Fixture, id: &str, table: &str, row: &[(&str, &str)]) {
    let texts: Vec<(&str, String)> = row
        .iter()
        .map(|(name, value)| (*name, format!("'{value}'")))
        .collect();
    let mut row: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    if table == "process_envs" {
        row.push(("pid", "10"));
    }
    fixture.insert(table, &in_snapshot(id, &row));
}

#[test]
fn every_default_rule_is_lifted_when_all_are_asked_for() {
    let rules = DEFAULT
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut seen = 0;
    for rule in rules {
        let mut words = rule.split(' ');
        let target = words.next().unwrap();
        let asked: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
        let (table, column) = match target.split_once('.') {
            Some((table, column)) => (table, Some(column)),
            None => (target, None),
        };
        // What another rule asks of the same row is not met.
        let differing = column.unwrap_or(if table == "process_envs" {
            "value"
        } else {
            "metric"
        });
        let fixture = Fixture::new();
        for id in ["1", "2"] {
            insert(&fixture, id, &process("10", "500", "'/bin/a'"), &[]);
            let values: Vec<String> = asked
                .iter()
                .map(|(_, value)| value.replace('*', id))
                .collect();
            let asked = asked.iter().zip(&values);
            let mut row: Vec<(&str, &str)> =
                asked.map(|((name, _), value)| (*name, &**value)).collect();
            // A rule may be about what the column itself has.
            if row.iter().all(|(name, _)| *name != differing) {
                row.push((differing, id));
            }
            // A row that is in one snapshot only, where the rule is about rows.
            if column.is_some() || table == "process_envs" || id == "2" {
                ruled(&fixture, id, table, &row);
            }
        }
        let differences = |classes| {
            let scope = Scope {
                classes,
                ..Scope::default()
            };
            let diff = compare(sides(&fixture, &fixture), &scope).unwrap();
            let all = diff.groups.iter().flat_map(|group| &group.differences);
            all.filter(|difference| difference.table == table).count()
        };
        assert_eq!(differences(Classes::default()), 0, "{rule}");
        assert!(differences(Classes::everything()) > 0, "{rule}");
        seen += 1;
    }
    assert!(seen > 30, "{seen} rules");
}

#[test]
fn what_began_while_the_capture_ran_is_shown_when_all_are_asked_for() {
    let told = |start: &'static str, classes| {
        let fixture = Fixture::new();
        for id in ["1", "2"] {
            insert(&fixture, id, &process("10", "500", "'/bin/a'"), &["'a'"]);
        }
        let capture = [
            process("30", "1000", "'/bin/capture'"),
            vec![("is_collector", "1")],
        ];
        insert(&fixture, "2", &capture.concat(), &["'capture'"]);
        let mut child = process("20", start, "'/bin/b'");
        child[1] = ("parent", "10");
        insert(&fixture, "2", &child, &["'b'"]);
        let scope = Scope {
            classes,
            ..Scope::default()
        };
        lines_of(&compare(sides(&fixture, &fixture), &scope).unwrap())
    };
    let new = "a + new process b";
    assert_eq!(told("1000", Classes::default()), [new]);
    assert_eq!(told("1001", Classes::default()), Vec::<String>::new());
    assert!(told("1001", Classes::everything()).contains(&new.to_owned()));
}

#[test]
fn of_several_what_has_the_same_port_took_the_place() {
    let fixture = Fixture::new();
    let listener = |id, address, port| {
        let socket = [
            ("family", "'inet'"),
            ("protocol", "'tcp'"),
            ("state", "'LISTEN'"),
            ("local_address", address),
            ("local_port", port),
            ("inode", port),
            ("net_namespace", "5"),
        ];
        fixture.insert("sockets", &in_snapshot(id, &socket));
        let fd = [
            ("pid", "10"),
            ("fd", port),
            ("type", "'socket'"),
            ("inode", port),
        ];
        fixture.insert("process_fds", &in_snapshot(id, &fd));
    };
    for id in ["1", "2"] {
        insert(&fixture, id, &process("10", "500", "'/bin/a'"), &["'a'"]);
    }
    listener("1", "'192.0.2.7'", "80");
    listener("2", "'192.0.2.9'", "80");
    listener("2", "'192.0.2.9'", "443");
    assert_eq!(
        lines(&fixture),
        [
            "a > listener 192.0.2.7:80 moved to 192.0.2.9:80",
            "a + new listener 192.0.2.9:443",
        ]
    );
}

#[test]
fn how_many_kinds_of_lines_are_left_out_is_said() {
    let fixture = Fixture::new();
    // Each with words of its own, which are no hexadecimal numbers, and so of a kind of its own.
    for number in 0..14 {
        let word = char::from(b'g' + number).to_string().repeat(9);
        let message = format!("'{word} failed to {word} {word} {word} {word}'");
        let row = [("path", "'/var/log/x'"), ("message", message.as_str())];
        fixture.insert("log_lines", &in_snapshot("2", &row));
    }
    let diff = diff(&fixture);
    assert_eq!(
        lines_of(&diff)
            .iter()
            .filter(|line| line.contains("new kind"))
            .count(),
        10
    );
    assert_eq!(
        diff.notes,
        ["4 more new kinds of log lines of the host are not listed one by one"]
    );
}
