//! Asking a database: opened read-only, narrowed to a snapshot, locked down, and only then given SQL of others.
//!
//! A read-only connection alone refuses neither `ATTACH` nor `VACUUM INTO`, which create files, so an authorizer does.
//! What must still work behind it (full-text tables) is connected before it is set.

mod digest;
#[cfg(test)]
pub(crate) mod fixture;
mod limits;
mod snapshot;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use schema::tables::TABLES;

use crate::Error;
use crate::db::ddl::{self, quoted};
use crate::queries;

use limits::Clock;

pub use digest::Digest;
pub use limits::{Limits, MEMORY_MIB};
pub use snapshot::Snapshot;
pub(crate) use snapshot::utc;

/// Most bytes of one value. The largest that a bundle holds are members (16 MiB); aggregates may add up more, which people see as
/// a size, and programs get.
const LENGTH_LIMIT: i32 = 128 << 20;
/// Most bytes of one statement.
const SQL_LIMIT: i32 = 1 << 20;
/// Instructions of SQLite's machine between two looks at the clock: about a tenth of a millisecond.
const STEPS_PER_LOOK: i32 = 10_000;
/// What our own questions may take before a database is locked: in one that others made, a table may be an endless view.
const PREPARATION: Duration = Duration::from_secs(30);
/// Most characters that are repeated of a reason: SQLite quotes a statement that it does not understand.
const REASON_LIMIT: usize = 1000;

/// The pragmas that only tell. `data_version` is what full-text tables ask themselves.
const HARMLESS_PRAGMAS: &[&str] = &[
    "collation_list",
    "compile_options",
    "data_version",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "module_list",
    "pragma_list",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// The functions that reach beyond the database.
const FORBIDDEN_FUNCTIONS: &[&str] = &[
    "edit",
    "fts3_tokenizer",
    "load_extension",
    // Of a full-text table of version 3 or 4: it writes.
    "optimize",
    "readfile",
    "writefile",
];

/// What a parameter of a statement stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter<'a> {
    /// INTEGER.
    Number(i64),
    /// TEXT.
    Text(&'a str),
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// INTEGER.
    Integer(i64),
    /// REAL.
    Real(f64),
    /// TEXT; of a database that others made it need not be UTF-8.
    Text(Cow<'a, [u8]>),
    /// BLOB: in our tables text that is no UTF-8, or holds a NUL.
    Blob(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The value without its borrow from the row.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Integer(value) => Value::Integer(value),
            Value::Real(value) => Value::Real(value),
            Value::Text(bytes) => Value::Text(Cow::Owned(bytes.into_owned())),
            Value::Blob(bytes) => Value::Blob(Cow::Owned(bytes.into_owned())),
        }
    }

    /// The number, where it is an INTEGER.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Value::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The bytes, where it is TEXT or BLOB.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Text(bytes) | Value::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl<'a> From<ValueRef<'a>> for Value<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(value) => Value::Integer(value),
            ValueRef::Real(value) => Value::Real(value),
            ValueRef::Text(bytes) => Value::Text(Cow::Borrowed(bytes)),
            ValueRef::Blob(bytes) => Value::Blob(Cow::Borrowed(bytes)),
        }
    }
}

/// Takes the answer to a query, row by row.
pub trait Rows {
    /// Takes the names of the columns, once, before the first row.
    fn columns(&mut self, names: &[String]) -> Result<(), Error>;
    /// Takes the next row.
    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error>;
}

/// All rows in memory, for answers that are known to be short.
#[derive(Debug, Default)]
pub struct Collected {
    /// Names of the columns.
    pub names: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Value<'static>>>,
}

impl Rows for Collected {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        self.names = names.to_vec();
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        let owned = values.iter().cloned().map(Value::into_owned);
        self.rows.push(owned.collect());
        Ok(())
    }
}

/// A database opened for reading, which runs only our own SQL until it is locked.
#[derive(Debug)]
pub struct Unlocked {
    connection: Connection,
    clock: Clock,
    limits: Limits,
    path: PathBuf,
}

impl Unlocked {
    /// Opens a database that `analyze` made. Nothing in it is trusted.
    ///
    /// The memory is that of all connections of this process, and the first that is opened sets its limit.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(plain(path)?, flags)
            .map_err(|source| foreign(path, &source))?;
        let mut opened = Unlocked {
            connection,
            clock: Clock::default(),
            limits,
            path: path.to_owned(),
        };
        opened
            .defend()
            .map_err(|source| refused("prepare the connection", &source))?;
        opened.clock.watch();
        opened.clock.allow(PREPARATION, PREPARATION);
        opened.require_snapshots("main")?;
        Ok(opened)
    }

    /// Makes every table and every stored view mean one snapshot only.
    ///
    /// A view of the main schema ignores a temporary view of the same name as its table, so the stored views become
    /// temporary ones too ([`Unlocked::lock`]). Who writes `main.processes` asks for all snapshots and gets them.
    pub fn narrow(&self, snapshot_id: i64) -> Result<(), Error> {
        for table in TABLES {
            let name = quoted(table.name);
            self.connection
                .execute_batch(&format!(
                    "CREATE TEMP VIEW {name} AS SELECT * FROM main.{name} WHERE snapshot_id = {snapshot_id}"
                ))
                .map_err(|source| refused("narrow to the snapshot", &source))?;
        }
        Ok(())
    }

    /// Makes the full text mean one snapshot only, as [`Unlocked::narrow`] does the tables; apart from them, because it must
    /// be made again where there are several.
    pub fn narrow_full_text(&self, snapshot_id: i64) -> Result<(), Error> {
        let needed = "SELECT count(*) FROM main.sqlite_schema WHERE name = 'log_lines_fts'
            AND EXISTS (SELECT 1 FROM main.snapshots WHERE snapshot_id <> ?1)";
        // All lines are read again, which takes as long as it takes.
        self.clock.stop();
        let narrow = || -> rusqlite::Result<()> {
            let count: i64 = self
                .connection
                .query_row(needed, [snapshot_id], |row| row.get(0))?;
            if count == 0 {
                return Ok(());
            }
            self.connection
                .execute_batch(&ddl::narrowed_full_text(snapshot_id))
        };
        narrow().map_err(|source| refused("narrow the full text", &source))
    }

    /// Ends the time of trust: from here on nothing but reading is possible, within the limits.
    pub fn lock(mut self) -> Result<Restricted, Error> {
        self.clock.allow(PREPARATION, PREPARATION);
        self.lock_connection()
            .map_err(|source| refused("lock the connection", &source))?;
        self.clock.stop();
        Ok(Restricted {
            connection: self.connection,
            clock: self.clock,
            limits: self.limits,
        })
    }

    fn defend(&mut self) -> rusqlite::Result<()> {
        let connection = &mut self.connection;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        // A misspelt column in double quotes is an error, not a constant text.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        let deadline = self.clock.clone();
        connection.progress_handler(STEPS_PER_LOOK, Some(move || deadline.is_over()))?;
        // What is sorted is sorted in memory, which has a limit: a disk has none, and belongs to others too.
        connection.execute_batch(&format!(
            "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON;
             PRAGMA hard_heap_limit = {}",
            self.limits.memory_bytes()
        ))
    }

    fn require_snapshots(&self, schema: &str) -> Result<(), Error> {
        let sql = format!(
            "SELECT count(*) FROM {}.sqlite_schema WHERE type = 'table' AND name = 'snapshots'",
            quoted(schema)
        );
        let count: i64 = self
            .connection
            .query_row(&sql, [], |row| row.get(0))
            .map_err(|source| foreign(&self.path, &source))?;
        if count == 0 {
            return Err(Error::Input {
                path: self.path.clone(),
                reason: "not a database of this program: it has no table snapshots".to_owned(),
            });
        }
        Ok(())
    }

    fn lock_connection(&mut self) -> rusqlite::Result<()> {
        for (name, select) in queries::views() {
            let name = quoted(name);
            self.connection
                .execute_batch(&format!("CREATE TEMP VIEW {name} AS {select}"))?;
        }
        self.connect_virtual_tables()?;
        let connection = &mut self.connection;
        connection.execute_batch("PRAGMA query_only = ON")?;
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_LENGTH, LENGTH_LIMIT),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_LIMIT),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 1000),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 0),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        ] {
            connection.set_limit(limit, value)?;
        }
        connection.authorizer(Some(|context: AuthContext<'_>| authorize(&context.action)))
    }

    /// Virtual tables declare themselves when they are first used, which the authorizer would refuse.
    fn connect_virtual_tables(&self) -> rusqlite::Result<()> {
        let mut names = self.connection.prepare(
            "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE 'create virtual table%'",
        )?;
        let names = names.query_map([], |row| row.get::<_, String>(0))?;
        let own: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
        let builtin = ["json_each", "json_tree"].map(str::to_owned);
        for name in own.into_iter().chain(builtin) {
            // One that is damaged is an error for who asks it, not for all others.
            let _ = self
                .connection
                .prepare(&format!("SELECT * FROM {}", quoted(&name)));
        }
        Ok(())
    }
}

/// A connection that can do nothing but read, within limits.
#[derive(Debug)]
pub struct Restricted {
    connection: Connection,
    clock: Clock,
    limits: Limits,
}

impl Restricted {
    /// Runs one statement and hands its rows over as they come. Parameters without a value are NULL.
    pub fn run(
        &self,
        sql: &str,
        parameters: &[(&str, Parameter<'_>)],
        rows: &mut dyn Rows,
    ) -> Result<(), Error> {
        let failed = |source| self.failed(&source);
        if sql.contains('\0') {
            return Err(Error::Argument("the query holds a NUL".to_owned()));
        }
        let mut left = self.limits.time;
        let begin = self.clock.allow(left, self.limits.time);
        let prepared = self.connection.prepare(sql);
        self.clock.stop();
        let mut statement = prepared.map_err(failed)?;
        left = left.saturating_sub(begin.elapsed());
        // The authorizer is not asked about VACUUM itself, only about the file it attaches.
        if !statement.readonly() {
            return Err(database("run the query", "not authorized"));
        }
        if statement.column_count() == 0 {
            return Err(Error::Argument("the query asks for nothing".to_owned()));
        }
        for index in 1..=statement.parameter_count() {
            let name = statement.parameter_name(index).unwrap_or_default();
            let given = parameters.iter().find(|(known, _)| *known == name);
            let bound = match given.map(|(_, value)| *value) {
                Some(Parameter::Number(value)) => statement.raw_bind_parameter(index, value),
                Some(Parameter::Text(value)) => statement.raw_bind_parameter(index, value),
                None => statement.raw_bind_parameter(index, rusqlite::types::Null),
            };
            bound.map_err(failed)?;
        }
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        rows.columns(&names)?;
        let mut cursor = statement.raw_query();
        loop {
            // Only SQLite's own time counts: who reads the answer slowly may.
            let begin = self.clock.allow(left, self.limits.time);
            let row = cursor.next();
            self.clock.stop();
            let row = row.map_err(failed)?;
            left = left.saturating_sub(begin.elapsed());
            let Some(row) = row else { return Ok(()) };
            let values: Vec<Value<'_>> = (0..names.len())
                .map(|index| row.get_ref(index).map(Value::from))
                .collect::<rusqlite::Result<_>>()
                .map_err(failed)?;
            rows.row(&values)?;
        }
    }

    /// Runs one statement whose answer is known to be short.
    pub fn collect(
        &self,
        sql: &str,
        parameters: &[(&str, Parameter<'_>)],
    ) -> Result<Collected, Error> {
        let mut collected = Collected::default();
        self.run(sql, parameters, &mut collected)?;
        Ok(collected)
    }

    /// The names of a statement's parameters and columns, without running it.
    pub fn signature(&self, sql: &str) -> Result<(Vec<String>, Vec<String>), Error> {
        let statement = self
            .connection
            .prepare(sql)
            .map_err(|source| self.failed(&source))?;
        let parameters = (1..=statement.parameter_count())
            .filter_map(|index| statement.parameter_name(index).map(str::to_owned))
            .collect();
        let columns = statement.column_names().map(str::to_owned).collect();
        Ok((parameters, columns))
    }

    fn failed(&self, source: &rusqlite::Error) -> Error {
        match source {
            rusqlite::Error::MultipleStatement => {
                Error::Argument("one statement at a time: there is text after the first".to_owned())
            }
            _ => match source.sqlite_error_code() {
                Some(ErrorCode::OperationInterrupted) => {
                    database("run the query", &limits::too_long(self.limits.time))
                }
                Some(ErrorCode::OutOfMemory) => database("run the query", &self.limits.too_large()),
                _ => refused("run the query", source),
            },
        }
    }
}

fn authorize(action: &AuthAction<'_>) -> Authorization {
    let contains =
        |list: &[&str], name: &str| list.iter().any(|known| known.eq_ignore_ascii_case(name));
    let allowed = match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => !contains(FORBIDDEN_FUNCTIONS, function_name),
        AuthAction::Pragma { pragma_name, .. } => contains(HARMLESS_PRAGMAS, pragma_name),
        _ => false,
    };
    if allowed {
        Authorization::Allow
    } else {
        Authorization::Deny
    }
}

/// A path that SQLite takes for a file: a relative one that begins with `file:` would be a URI with options.
fn plain(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| Error::io("find", path, source))
}

fn foreign(path: &Path, source: &rusqlite::Error) -> Error {
    Error::Input {
        path: path.to_owned(),
        reason: format!("cannot be read as a database: {}", message(source)),
    }
}

fn refused(attempt: &str, source: &rusqlite::Error) -> Error {
    database(attempt, &message(source))
}

fn database(attempt: &str, reason: &str) -> Error {
    Error::Database {
        attempt: attempt.to_owned(),
        source: reason.into(),
    }
}

/// SQLite's reason on one line. It may quote the query and names of the database, so it is escaped.
fn message(source: &rusqlite::Error) -> String {
    let text = match source {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let begin = text
        .char_indices()
        .nth(REASON_LIMIT)
        .and_then(|(end, _)| text.get(..end));
    let shown = schema::text::escaped(begin.unwrap_or(&text).as_bytes()).to_string();
    match begin {
        Some(_) => format!("{shown}... ({} bytes)", text.len()),
        None => shown,
    }
}
