//! The definition of the database, derived from the one list of tables.

use std::fmt::Write as _;

use rusqlite::Connection;
use schema::TableDef;
use schema::tables::TABLES;
use sha2::{Digest, Sha256};

/// `PRAGMA application_id` of our databases: the letters `FzFr`.
pub const APPLICATION_ID: i32 = 0x467a_4672;

/// The full text of `log_lines`: an index only, the rows stay where they are.
///
/// All columns of the table are columns of it too, so that an answer needs no join; searched are `program` and
/// `message`. Text that is no UTF-8 is searched as if each wrong byte ended a word.
fn full_text(schema: &str, content: &str) -> String {
    format!(
        "CREATE VIRTUAL TABLE {schema}.log_lines_fts USING fts5(
           snapshot_id UNINDEXED, path UNINDEXED, line_no UNINDEXED, time UNINDEXED, time_us UNINDEXED, host UNINDEXED,
           program, pid UNINDEXED, severity UNINDEXED, message,
           {content}, columnsize = 0, tokenize = 'unicode61'
         );"
    )
}

/// The full text of a database. Loading collects 16 MiB of words before it writes them, and leaves what it wrote in parts:
/// merging small parts took most of the time.
pub(super) fn stored_full_text() -> String {
    full_text("main", "content = 'log_lines'")
        + "INSERT INTO log_lines_fts (log_lines_fts, rank) VALUES ('hashsize', 16777216);
           INSERT INTO log_lines_fts (log_lines_fts, rank) VALUES ('automerge', 0);"
}

/// The table of the full text.
pub const FULL_TEXT: &str = "log_lines_fts";

/// The table whose text it is.
pub(super) const LINES: &str = "log_lines";

/// The columns that are searched.
pub(super) const SEARCHED: [&str; 2] = ["program", "message"];

/// Adds one row to the full text: its row number, then what is searched. Statements of many rows make FTS5 write what it
/// has collected each time that one begins.
pub(super) const FILL_FULL_TEXT: &str =
    "INSERT INTO log_lines_fts (rowid, program, message) VALUES (?1, ?2, ?3)";

/// The full text of one snapshot among several, with the ranks and columns that it has alone: made again, in temporary
/// tables.
pub fn narrowed_full_text(snapshot_id: i64) -> String {
    format!(
        "CREATE TEMP VIEW log_lines_by_id AS SELECT rowid AS id, * FROM main.log_lines WHERE snapshot_id = {snapshot_id};
         {}
         INSERT INTO temp.log_lines_fts (rowid, program, message) SELECT id, program, message FROM log_lines_by_id;",
        full_text("temp", "content = 'log_lines_by_id', content_rowid = 'id'")
    )
}

/// `PRAGMA user_version` of our databases: a hash of the tables, so that a snapshot is never loaded into tables of
/// another version.
pub fn version() -> i32 {
    match *Sha256::digest(format!("{}{}", tables(), stored_full_text())) {
        [a, b, c, d, ..] => i32::from_be_bytes([a & 0x7f, b, c, d]),
        _ => 0,
    }
}

/// Makes all tables and the given views (name and SELECT) in an empty database, and marks it as ours.
pub fn create_all<'a>(
    connection: &Connection,
    views: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(), rusqlite::Error> {
    let mut ddl = tables();
    ddl.push_str(&stored_full_text());
    for (name, select) in views {
        let select = select.trim_end().trim_end_matches(';');
        let _ = writeln!(ddl, "CREATE VIEW {} AS\n{select}\n;", quoted(name));
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", version())?;
    connection.execute_batch(&ddl)
}

/// The statements that create every table. Views are not here: they are SQL files.
///
/// Each table has `snapshot_id` before its own columns; in `snapshots` it is the key. All tables are STRICT. There
/// are no indexes: three of them cost nine times the insert, and one scan of a table takes less time than they save.
pub fn tables() -> String {
    TABLES.iter().fold(String::new(), |mut ddl, table| {
        let _ = writeln!(ddl, "{};", create(table));
        ddl
    })
}

/// `CREATE TABLE` of one table.
pub fn create(table: &TableDef) -> String {
    let key = if table.name == "snapshots" {
        "INTEGER PRIMARY KEY"
    } else {
        "INTEGER NOT NULL"
    };
    let mut ddl = format!("CREATE TABLE {} (\n  snapshot_id {key}", quoted(table.name));
    for column in table.columns {
        let null = if column.nullable { "" } else { " NOT NULL" };
        let _ = write!(ddl, ",\n  {} {}{null}", quoted(column.name), column.sql);
    }
    ddl.push_str("\n) STRICT");
    ddl
}

/// A name as an SQL identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_accepts_every_table() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        database.execute_batch(&tables()).unwrap();
        let count: i64 = database
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(usize::try_from(count).unwrap(), TABLES.len());
    }
}
