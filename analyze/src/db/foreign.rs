//! Asking a database that a program of the host keeps: read from memory, with limits, and trusted in nothing.

use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode};

use super::query::Value;

/// What one question may take: a table may be a view that never ends.
const TIME: Duration = Duration::from_secs(2);
/// Rows that are taken.
const ROWS_LIMIT: usize = 1_000_000;
/// Most bytes of one value.
const LENGTH_LIMIT: i32 = 1 << 20;
/// Instructions of SQLite's machine between two looks at the clock.
const STEPS_PER_LOOK: i32 = 10_000;
/// Where the header of a database says how it is written to: 2 for a write-ahead log, which is another file.
const VERSIONS: std::ops::Range<usize> = 18..20;

/// The rows of an answer, or why there is none. What the database says of itself is in no reason.
pub fn rows(content: &[u8], sql: &str) -> Result<Vec<Vec<Value<'static>>>, &'static str> {
    let mut content = content.to_vec();
    if let Some(versions) = content.get_mut(VERSIONS) {
        versions.fill(1);
    }
    ask(&content, sql).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => "the question took too long",
        Some(ErrorCode::NotADatabase) => "it is no database",
        Some(ErrorCode::DatabaseCorrupt) => "it is damaged",
        _ => "it cannot be asked",
    })
}

fn ask(content: &[u8], sql: &str) -> rusqlite::Result<Vec<Vec<Value<'static>>>> {
    let mut connection = Connection::open_in_memory()?;
    connection.deserialize_read_exact("main", content, content.len(), true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.execute_batch("PRAGMA cell_size_check = ON; PRAGMA query_only = ON")?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LENGTH_LIMIT)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    let begin = Instant::now();
    connection.progress_handler(STEPS_PER_LOOK, Some(move || begin.elapsed() > TIME))?;
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Read { .. } => Authorization::Allow,
        _ => Authorization::Deny,
    }))?;
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut found = Vec::new();
    let mut cursor = statement.query([])?;
    while let Some(row) = cursor.next()? {
        let values = (0..columns).map(|index| {
            row.get_ref(index)
                .map(|value| Value::from(value).into_owned())
        });
        found.push(values.collect::<rusqlite::Result<_>>()?);
        if found.len() >= ROWS_LIMIT {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(sql: &str) -> Vec<u8> {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        connection.serialize("main").unwrap().to_vec()
    }

    #[test]
    fn only_tables_are_read() {
        let tables = database("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (NULL, X'ff')");
        let answer = rows(&tables, "SELECT a, b FROM t").unwrap();
        let text = |bytes: &[u8]| Value::Text(bytes.to_vec().into());
        assert_eq!(answer[0], [Value::Integer(1), text(b"x")]);
        assert_eq!(
            answer[1],
            [Value::Null, Value::Blob(b"\xff".to_vec().into())]
        );
        // As it was written with a log beside it.
        let mut logged = tables.clone();
        logged[VERSIONS].fill(2);
        assert_eq!(rows(&logged, "SELECT a FROM t").unwrap().len(), 2);
        assert_eq!(rows(&tables, "SELECT a FROM u"), Err("it cannot be asked"));
        for odd in [&b""[..], b"SQLite format 3", &[0xff; 5000], &tables[..1500]] {
            assert!(rows(odd, "SELECT a FROM t").is_err());
        }
        let functions = database("CREATE VIEW t AS SELECT hex(zeroblob(9)) AS a");
        assert_eq!(
            rows(&functions, "SELECT a FROM t"),
            Err("it cannot be asked")
        );
        let endless = database(
            "CREATE TABLE one(a); INSERT INTO one VALUES (1);
             CREATE VIEW t AS WITH RECURSIVE r(a) AS (SELECT a FROM one UNION ALL SELECT a FROM r) SELECT a FROM r WHERE a = 2",
        );
        assert!(rows(&endless, "SELECT a FROM t").is_err());
    }
}
