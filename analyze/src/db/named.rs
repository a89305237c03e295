//! Which tables statements read, so that no others need to be filled before they are asked.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use schema::tables::{ParseIssue, SnapshotRow, TABLES};
use schema::{Row, TableDef};

use crate::db::ddl;
use crate::queries;
use crate::tables::Wanted;

/// Columns of `snapshots` that tell of all that was read.
const OF_ALL: [&str; 3] = ["complete", "incomplete_reason", "intact"];

/// The tables that are to be filled before statements are asked: those that they read, by themselves or through views.
///
/// SQLite itself tells, in the programs that it makes of them for an empty database. All are wanted where it makes none of
/// one, or where one reads what only a whole capture tells.
pub fn wanted<'s>(statements: impl IntoIterator<Item = &'s str>) -> Wanted {
    tables(statements).map_or(Wanted::All, Wanted::Only)
}

/// Whether a statement may read the full text, which SQLite's program of it does not tell.
pub fn names_full_text(statement: &str) -> bool {
    statement.to_ascii_lowercase().contains(ddl::FULL_TEXT)
}

fn tables<'s>(statements: impl IntoIterator<Item = &'s str>) -> Option<BTreeSet<&'static str>> {
    let connection = Connection::open_in_memory().ok()?;
    ddl::create_all(&connection, queries::views()).ok()?;
    let roots = roots(&connection).ok()?;
    let mut tables = BTreeSet::new();
    for statement in statements {
        if names_full_text(statement) {
            tables.extend([ddl::FULL_TEXT, "log_lines"]);
        }
        for (table, columns) in read(&connection, &roots, statement).ok()? {
            let is_of_all = |column: &usize| {
                // Before the table's own columns is `snapshot_id`.
                let column = column
                    .checked_sub(1)
                    .and_then(|index| table.columns.get(index));
                column.is_some_and(|column| OF_ALL.contains(&column.name))
            };
            if table.name == ParseIssue::TABLE.name
                || table.name == SnapshotRow::TABLE.name && columns.iter().any(is_of_all)
            {
                return None;
            }
            tables.insert(table.name);
        }
    }
    Some(tables)
}

/// The tables by the page where each begins.
fn roots(connection: &Connection) -> Result<BTreeMap<i64, &'static TableDef>, rusqlite::Error> {
    let mut roots = BTreeMap::new();
    let mut tables =
        connection.prepare("SELECT rootpage, name FROM sqlite_schema WHERE type = 'table'")?;
    let mut rows = tables.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        if let Some(table) = TABLES.iter().find(|table| table.name == name) {
            roots.insert(row.get(0)?, table);
        }
    }
    Ok(roots)
}

/// The tables that a statement's program opens, with the columns that it takes of each. It is not run.
fn read(
    connection: &Connection,
    roots: &BTreeMap<i64, &'static TableDef>,
    statement: &str,
) -> Result<Vec<(&'static TableDef, BTreeSet<usize>)>, rusqlite::Error> {
    let mut found: Vec<(&'static TableDef, BTreeSet<usize>)> = Vec::new();
    // Which of them a cursor stands on.
    let mut cursors: BTreeMap<i64, usize> = BTreeMap::new();
    let mut program = connection.prepare(&format!("EXPLAIN {statement}"))?;
    let mut rows = program.raw_query();
    while let Some(row) = rows.next()? {
        let operation: String = row.get("opcode")?;
        let (cursor, second): (i64, i64) = (row.get("p1")?, row.get("p2")?);
        match operation.as_str() {
            "OpenRead" => {
                if let Some(table) = roots.get(&second) {
                    cursors.insert(cursor, found.len());
                    found.push((table, BTreeSet::new()));
                }
            }
            "Column" => {
                let on = cursors.get(&cursor).and_then(|index| found.get_mut(*index));
                if let (Some((_, columns)), Ok(column)) = (on, usize::try_from(second)) {
                    columns.insert(column);
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named() {
        let check = |statement: &str, expected: Option<&[&'static str]>| {
            let expected = expected.map_or(Wanted::All, |names| {
                Wanted::Only(names.iter().copied().collect())
            });
            assert_eq!(wanted([statement]), expected, "{statement}");
        };
        check("SELECT count(*) FROM process_fds", Some(&["process_fds"]));
        check("SELECT 1", Some(&[]));
        check(
            "SELECT f.fd FROM main.Processes JOIN process_fds AS f USING (pid) WHERE f.pid IN (SELECT pid FROM threads)",
            Some(&["process_fds", "processes", "threads"]),
        );
        // Through a view.
        check("SELECT * FROM arp_cache", Some(&["neighbors"]));
        check(
            "SELECT message FROM log_lines_fts WHERE log_lines_fts MATCH 'x'",
            Some(&["log_lines", "log_lines_fts"]),
        );
        check("SELECT time FROM snapshots", Some(&["snapshots"]));
        check(
            "-- A comment.\nWITH processes AS (SELECT pid FROM threads) SELECT * FROM processes WHERE pid = :pid",
            Some(&["threads"]),
        );
        check("SELECT name FROM sqlite_schema", Some(&[]));
        // Known only when all has been read.
        check("SELECT * FROM snapshots", None);
        check("SELECT count(*) FROM parse_issues", None);
        check(
            "SELECT 1 FROM snapshots NATURAL JOIN (SELECT 1 AS intact)",
            None,
        );
        // What cannot be prepared is for whoever asks it to tell.
        check("SELECT * FROM nothing", None);
    }

    #[test]
    fn our_own_questions_name_tables() {
        for query in queries::show() {
            assert!(
                matches!(wanted([query.sql]), Wanted::Only(names) if !names.is_empty()),
                "{}",
                query.name
            );
        }
    }
}
