//! Two snapshots in one database: what is asked of one of them is answered as if it were alone.
#![cfg(test)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use analyze::queries;
use common::{analyze, capture_tree, host, rows, succeed};
use schema::tables::TABLES;
use serde_json::{Map, Value};
use tempfile::TempDir;

/// Each snapshot in a database of its own, and both in one.
struct Case {
    _place: TempDir,
    alone: [PathBuf; 2],
    together: PathBuf,
}

impl Case {
    /// `web-1`, and `web-1` later: most of it is the same, so a join that mixes the two doubles rows.
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let later = at("later");
        succeed(
            Command::new("cp").arg("-a").arg(host("web-1")).arg(&later),
            &[0],
        );
        change(&later);
        let mut bundles = Vec::new();
        for (name, root) in [("a", host("web-1")), ("b", later)] {
            fs::create_dir(at(name)).unwrap();
            bundles.push(capture_tree(&root, &at(name)));
        }
        let load = |database: &str, bundles: &[PathBuf]| {
            let mut command = analyze();
            command.arg("load").arg("--db").arg(at(database));
            succeed(command.args(bundles), &[0]);
            at(database)
        };
        Case {
            alone: [load("a.db", &bundles[..1]), load("b.db", &bundles[1..])],
            together: load("both.db", &bundles),
            _place: place,
        }
    }

    /// Compares an answer about each snapshot with that of its own database.
    #[track_caller]
    fn expect_equal(&self, what: &str, ask: impl Fn(&Path, Option<&str>) -> Value) {
        for (alone, snapshot) in self.alone.iter().zip(["1", "2"]) {
            let expected = ask(alone, None);
            let found = ask(&self.together, Some(snapshot));
            assert!(
                found == expected,
                "{what} of snapshot {snapshot}:\n{found:#}\nalone:\n{expected:#}"
            );
        }
    }
}

/// What happened on the host in between.
fn change(root: &Path) {
    let edit = |path: &str, from: &str, to: &str| {
        let path = root.join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{}: {from}", path.display());
        fs::write(&path, text.replace(from, to)).unwrap();
    };
    fs::remove_dir_all(root.join("proc/1003")).unwrap();
    edit(
        "proc/701/status",
        "33\t33\t33\t33",
        "1001\t1001\t1001\t1001",
    );
    edit("etc/passwd", "grace", "hopper");
    edit("proc/uptime", "13241", "14241");
    edit("var/log/syslog", "refused", "reset");
}

fn json(command: &mut Command, snapshot: Option<&str>) -> Value {
    command.args(["--format", "json"]);
    if let Some(snapshot) = snapshot {
        command.args(["--snapshot", snapshot]);
    }
    let answer = succeed(command, &[0]);
    serde_json::from_slice(&answer).unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Rows without the snapshot's number, which differs, and in an order that does not depend on the plan.
fn bare(rows: Value) -> Value {
    let Value::Array(rows) = rows else {
        panic!("rows are an array");
    };
    let mut rows: Vec<Value> = rows
        .into_iter()
        .map(|mut row| {
            row.as_object_mut().map(|row| row.remove("snapshot_id"));
            row
        })
        .collect();
    rows.sort_by_key(Value::to_string);
    Value::Array(rows)
}

fn ask_sql(source: &Path, sql: &str, snapshot: Option<&str>) -> Value {
    json(analyze().arg("sql").arg(source).arg(sql), snapshot)
}

/// The sections, without what names the snapshot.
fn sections(command: &mut Command, snapshot: Option<&str>) -> Value {
    let Value::Object(mut answer) = json(command, snapshot) else {
        panic!("sections are an object");
    };
    answer.remove("snapshot").expect("the snapshot is named");
    Value::Object(answer)
}

fn names() -> Vec<String> {
    let tables = TABLES.iter().map(|table| table.name.to_owned());
    let views = queries::views().map(|(name, _)| name.to_owned());
    tables.chain(views).collect()
}

#[test]
fn every_table_and_view_answers_for_one_snapshot() {
    let case = Case::new();
    let mut different = Map::new();
    for name in names() {
        let all = format!("SELECT * FROM {name}");
        case.expect_equal(&name, |source, snapshot| {
            bare(ask_sql(source, &all, snapshot))
        });
        // Without the option the rows of all snapshots are there, each with its number, and none of them mixes two.
        case.expect_equal(&format!("{name} by snapshot_id"), |source, snapshot| {
            let snapshot = snapshot.unwrap_or("1");
            let own = format!("{all} WHERE snapshot_id = {snapshot}");
            bare(ask_sql(source, &own, None))
        });
        let [a, b] = case
            .alone
            .each_ref()
            .map(|alone| bare(ask_sql(alone, &all, None)));
        if a != b {
            different.insert(name, Value::Null);
        }
    }
    // The comparison means something only where the two snapshots are different.
    for name in [
        "processes",
        "users",
        "log_lines",
        "coverage",
        "process_units",
        "process_open_files",
    ] {
        assert!(
            different.contains_key(name),
            "{name} does not tell the snapshots apart"
        );
    }
}

#[test]
fn every_shown_query_answers_for_one_snapshot() {
    let case = Case::new();
    for query in queries::show() {
        case.expect_equal(query.name, |source, snapshot| {
            json(analyze().args(["show", query.name]).arg(source), snapshot)
        });
    }
    case.expect_equal("brief", |source, snapshot| {
        sections(analyze().arg("brief").arg(source), snapshot)
    });
    for process in &rows(
        &case.alone[0],
        "SELECT pid FROM processes WHERE pid <> 1003",
    ) {
        let pid = process[0].to_string();
        case.expect_equal(&format!("pid {pid}"), |source, snapshot| {
            sections(analyze().args(["pid", &pid]).arg(source), snapshot)
        });
    }
}

#[test]
fn functions_that_are_tables_work_first() {
    let case = Case::new();
    for (sql, expected) in [
        ("SELECT sum(value) AS x FROM json_each('[1, 2, 4]')", 7),
        (
            "SELECT count(*) AS x FROM json_tree('{\"a\": [1, 2]}') WHERE atom IS NOT NULL",
            2,
        ),
        (
            "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT sum(i) AS x FROM n",
            45,
        ),
        (
            "WITH RECURSIVE up(pid) AS (
               VALUES (1001)
               UNION
               SELECT parent FROM processes JOIN up USING (pid) WHERE parent <> 0
             ) SELECT count(*) AS x FROM up",
            4,
        ),
    ] {
        for snapshot in [None, Some("1"), Some("2")] {
            let answer = ask_sql(&case.together, sql, snapshot);
            assert_eq!(answer[0]["x"], expected, "{sql} {snapshot:?}");
        }
    }
}
