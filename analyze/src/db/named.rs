//! Which tables statements name, so that no others need to be filled before they are asked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use schema::Row;
use schema::tables::{ParseIssue, SnapshotRow, TABLES};

use crate::db::ddl;
use crate::queries;
use crate::tables::Wanted;

/// Columns of `snapshots` that tell of all that was read.
const OF_ALL: [&str; 3] = ["complete", "incomplete_reason", "intact"];

/// The tables that are to be filled before statements are asked: those that they name, by themselves or through views.
///
/// SQLite itself tells, which asks leave for each column when it prepares a statement. All are wanted where it cannot prepare
/// one, or where one names what only a whole capture tells.
pub fn wanted<'s>(statements: impl IntoIterator<Item = &'s str>) -> Wanted {
    tables(statements).map_or(Wanted::All, Wanted::Only)
}

fn tables<'s>(statements: impl IntoIterator<Item = &'s str>) -> Option<BTreeSet<&'static str>> {
    let mut connection = Connection::open_in_memory().ok()?;
    ddl::create_all(&connection, queries::views()).ok()?;
    // Virtual tables declare themselves when they are first used, which is nothing that a statement names.
    connection
        .prepare(&format!("SELECT * FROM {}", ddl::FULL_TEXT))
        .ok()?;
    let found: Arc<Mutex<BTreeSet<(String, String)>>> = Arc::default();
    let named = Arc::clone(&found);
    let note = move |context: AuthContext<'_>| {
        if let AuthAction::Read {
            table_name,
            column_name,
        } = context.action
            && let Ok(mut named) = named.lock()
        {
            // A table of which no column is read is named as the statement writes it.
            named.insert((table_name.to_ascii_lowercase(), column_name.to_owned()));
        }
        Authorization::Allow
    };
    connection.authorizer(Some(note)).ok()?;
    for statement in statements {
        connection.prepare(statement).ok()?;
    }
    let found = found.lock().ok()?;
    let mut tables = BTreeSet::new();
    for (table, column) in found.iter() {
        let of_all = *table == ParseIssue::TABLE.name
            || *table == SnapshotRow::TABLE.name && OF_ALL.contains(&column.as_str());
        if of_all {
            return None;
        }
        if table.starts_with(ddl::FULL_TEXT) {
            tables.extend([ddl::FULL_TEXT, "log_lines"]);
        } else if let Some(table) = TABLES.iter().find(|known| known.name == *table) {
            tables.insert(table.name);
        }
    }
    Some(tables)
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
        check("SELECT name FROM sqlite_schema", Some(&[]));
        // Known only when all has been read.
        check("SELECT * FROM snapshots", None);
        check("SELECT count(*) FROM parse_issues", None);
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
