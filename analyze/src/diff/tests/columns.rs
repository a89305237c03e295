//! Each column that is no difference by its declaration is one when all columns are asked for.

use std::collections::BTreeSet;

use schema::TableDef;
use schema::tables::TABLES;

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
