//! Rows in batches: made by one thread, inserted by another.
//!
//! What makes rows borrows from frames that are gone when the batch is inserted, so their text is copied once, into one
//! buffer for the whole batch.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement};
use schema::tables::{LogLine, ParseIssue};
use schema::{Binder, Row, Text};

use crate::db::ddl;
use crate::extract::Sink;
use crate::parse::Issue;

/// Batches on their way: enough that neither side waits for a hiccup of the other.
pub(super) const WAITING: usize = 8;
/// Values after which a batch goes on its way.
const MOST_CELLS: usize = 8192;
/// Bytes of text after which it does.
const MOST_TEXT: usize = 256 << 10;
/// Rows of one statement: a step costs as much as binding a row, and ten of them do as well as fifty.
const ROWS_AT_ONCE: usize = 10;

/// One value; text lies in the batch's buffer.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Null,
    Integer(i64),
    Text { start: usize, end: usize },
    Blob { start: usize, end: usize },
}

/// Some rows of one table.
#[derive(Debug)]
pub(super) struct Batch {
    table: &'static str,
    /// Columns of a row, without `snapshot_id`.
    columns: usize,
    cells: Vec<Cell>,
    text: Vec<u8>,
}

impl Batch {
    fn new(table: &'static str, columns: usize) -> Self {
        Batch {
            table,
            columns,
            cells: Vec::with_capacity(MOST_CELLS),
            text: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.cells.len() >= MOST_CELLS || self.text.len() >= MOST_TEXT
    }

    fn value(&self, cell: Cell) -> ValueRef<'_> {
        let text = |start, end| self.text.get(start..end).unwrap_or_default();
        match cell {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) => ValueRef::Integer(value),
            Cell::Text { start, end } => ValueRef::Text(text(start, end)),
            Cell::Blob { start, end } => ValueRef::Blob(text(start, end)),
        }
    }
}

impl Binder for Batch {
    fn int(&mut self, value: i64) {
        self.cells.push(Cell::Integer(value));
    }

    fn text(&mut self, value: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(value);
        let end = self.text.len();
        // SQLite's own functions stop at a NUL, so such text is a BLOB too.
        let is_text = memchr::memchr(0, value).is_none() && std::str::from_utf8(value).is_ok();
        self.cells.push(if is_text {
            Cell::Text { start, end }
        } else {
            Cell::Blob { start, end }
        });
    }

    fn null(&mut self) {
        self.cells.push(Cell::Null);
    }
}

/// Where rows go on the thread that makes them.
pub(super) struct Collector {
    batches: HashMap<&'static str, Batch>,
    to: SyncSender<Batch>,
}

impl Collector {
    pub(super) fn new(to: SyncSender<Batch>) -> Self {
        Collector {
            batches: HashMap::new(),
            to,
        }
    }

    /// Sends what is left.
    pub(super) fn finish(self) {
        for batch in self.batches.into_values() {
            // Whoever inserts has failed, and says so itself.
            let _ = self.to.send(batch);
        }
    }
}

impl Sink for Collector {
    fn row<R: Row>(&mut self, row: &R) {
        let new = || Batch::new(R::TABLE.name, R::TABLE.columns.len());
        let batch = self.batches.entry(R::TABLE.name).or_insert_with(new);
        row.bind(batch);
        if batch.is_full() {
            let _ = self.to.send(std::mem::replace(batch, new()));
        }
    }

    fn issue(&mut self, member: &str, issue: Issue) {
        self.row(&ParseIssue {
            member: member.into(),
            line: issue.line,
            reason: issue.reason.as_ref().into(),
            excerpt: issue.excerpt.into(),
        });
    }

    fn unlisted(&mut self, member: &str, count: u64) {
        self.row(&ParseIssue {
            member: member.into(),
            line: None,
            reason: format!("{count} more, which are not listed one by one").into(),
            excerpt: Text::default(),
        });
    }
}

/// The statements of one table.
struct Statements<'c> {
    many: Statement<'c>,
    one: Statement<'c>,
}

/// Inserts batches, on the thread that has the database.
pub(super) struct Inserter<'c> {
    connection: &'c Connection,
    snapshot_id: i64,
    statements: HashMap<&'static str, Statements<'c>>,
    /// Adds a row of `log_lines` to the full text; `None` where that is not wanted.
    full_text: Option<Statement<'c>>,
    rows: u64,
}

impl<'c> Inserter<'c> {
    /// With `full_text` the log lines are added to it as they come: while lines are parsed on the other thread.
    pub(super) fn new(
        connection: &'c Connection,
        snapshot_id: i64,
        full_text: bool,
    ) -> Result<Self, rusqlite::Error> {
        let full_text = full_text.then(|| connection.prepare(ddl::FILL_FULL_TEXT));
        Ok(Inserter {
            connection,
            snapshot_id,
            statements: HashMap::new(),
            full_text: full_text.transpose()?,
            rows: 0,
        })
    }

    /// Inserts all that comes; returns how many rows there were. With the first error nothing more is taken.
    pub(super) fn insert_all(mut self, from: &Receiver<Batch>) -> Result<u64, rusqlite::Error> {
        for batch in from {
            self.insert(&batch)?;
        }
        Ok(self.rows)
    }

    fn insert(&mut self, batch: &Batch) -> Result<(), rusqlite::Error> {
        let columns = batch.columns.max(1);
        let statements = match self.statements.entry(batch.table) {
            std::collections::hash_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::hash_map::Entry::Vacant(vacant) => {
                let prepare = |rows| {
                    let sql = statement(batch.table, batch.columns, rows, self.snapshot_id);
                    self.connection.prepare(&sql)
                };
                vacant.insert(Statements {
                    many: prepare(ROWS_AT_ONCE)?,
                    one: prepare(1)?,
                })
            }
        };
        let mut many = batch
            .cells
            .chunks_exact(columns.saturating_mul(ROWS_AT_ONCE));
        for rows in &mut many {
            execute(&mut statements.many, batch, rows)?;
        }
        for row in many.remainder().chunks_exact(columns) {
            execute(&mut statements.one, batch, row)?;
        }
        // What stays bound takes the small pieces of memory that SQLite keeps at hand from the other statements.
        statements.many.clear_bindings();
        if batch.table == ddl::LINES
            && let Some(statement) = &mut self.full_text
        {
            add_to_full_text(statement, batch, self.connection.last_insert_rowid())?;
        }
        let rows = batch.cells.len().checked_div(columns).unwrap_or(0);
        self.rows = self
            .rows
            .saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
        Ok(())
    }
}

/// Adds a batch of lines that is in its table already; `last` is the row number of its last line.
fn add_to_full_text(
    statement: &mut Statement<'_>,
    batch: &Batch,
    last: i64,
) -> Result<(), rusqlite::Error> {
    let searched = ddl::SEARCHED.map(|name| {
        let columns = LogLine::TABLE.columns;
        columns.iter().position(|column| column.name == name)
    });
    let rows = batch.cells.chunks_exact(batch.columns.max(1));
    let first = i64::try_from(rows.len()).map_or(last, |rows| last.saturating_sub(rows));
    for (number, row) in (first.saturating_add(1)..).zip(rows) {
        statement.raw_bind_parameter(1, number)?;
        for (index, column) in (2_usize..).zip(searched) {
            let cell = column.and_then(|column| row.get(column));
            let value = cell.map_or(ValueRef::Null, |cell| batch.value(*cell));
            statement.raw_bind_parameter(index, ToSqlOutput::Borrowed(value))?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}

/// `OR ROLLBACK`: whoever loads gives up with the first error anyway, and a statement of many rows that could be undone by
/// itself makes FTS5 write what it has collected each time that one begins.
fn statement(table: &str, columns: usize, rows: usize, snapshot_id: i64) -> String {
    let row = format!("({snapshot_id}{})", ", ?".repeat(columns));
    let rows = vec![row; rows].join(", ");
    format!(
        "INSERT OR ROLLBACK INTO {} VALUES {rows}",
        ddl::quoted(table)
    )
}

/// A statement keeps what the row before bound, so each value is bound, NULL too.
fn execute(
    statement: &mut Statement<'_>,
    batch: &Batch,
    cells: &[Cell],
) -> Result<(), rusqlite::Error> {
    for (index, cell) in (1_usize..).zip(cells) {
        statement.raw_bind_parameter(index, ToSqlOutput::Borrowed(batch.value(*cell)))?;
    }
    statement.raw_execute().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as fill batches, and a number that no statement divides.
    const ROWS: u64 = 16_391;

    #[test]
    fn rows_arrive_in_their_order() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&ddl::tables()).unwrap();
        let (to, from) = std::sync::mpsc::sync_channel(1);
        let rows = std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut collector = Collector::new(to);
                for number in 0..ROWS {
                    let line = (number % 2 == 0).then_some(number);
                    let reason = if number % 3 == 0 { "text" } else { "\0" };
                    let issue = Issue {
                        line,
                        ..Issue::whole(reason, b"\xff")
                    };
                    collector.issue(&number.to_string(), issue);
                }
                collector.finish();
            });
            Inserter::new(&connection, 3, false)
                .unwrap()
                .insert_all(&from)
        });
        assert_eq!(rows.unwrap(), ROWS);
        let wrong = "SELECT count(*), sum(NOT (
              snapshot_id = 3 AND CAST(member AS INTEGER) = rowid - 1
              AND line IS CASE rowid % 2 WHEN 1 THEN rowid - 1 END
              AND typeof(reason) = CASE (rowid - 1) % 3 WHEN 0 THEN 'text' ELSE 'blob' END
              AND excerpt = x'ff')) FROM parse_issues";
        let found = connection.query_row(wrong, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        assert_eq!(found.unwrap(), (i64::try_from(ROWS).unwrap(), 0));
    }

    #[test]
    fn the_full_text_is_that_of_the_lines() {
        let connection = Connection::open_in_memory().unwrap();
        ddl::create_all(&connection, []).unwrap();
        // Room for all batches: there is no second thread.
        let (to, from) = std::sync::mpsc::sync_channel(1000);
        let mut collector = Collector::new(to);
        for number in 0..ROWS {
            let message = format!("word{number} \u{fc}ber");
            let message = if number % 5 == 0 {
                b"\xff torn\0"
            } else {
                message.as_bytes()
            };
            collector.row(&LogLine {
                program: (number % 2 == 0).then_some("sshd".into()),
                path: "/var/log/syslog".into(),
                line_no: number,
                time: None,
                time_us: None,
                host: None,
                pid: None,
                severity: None,
                message: message.into(),
            });
        }
        collector.finish();
        let inserter = Inserter::new(&connection, 1, true).unwrap();
        assert_eq!(inserter.insert_all(&from).unwrap(), ROWS);
        // With rank 1 the index is compared with the table.
        let check = "INSERT INTO log_lines_fts (log_lines_fts, rank) VALUES ('integrity-check', 1)";
        connection.execute_batch(check).unwrap();
        let found = "SELECT count(*) FROM log_lines_fts('program:sshd AND uber')";
        let found: i64 = connection.query_row(found, [], |row| row.get(0)).unwrap();
        let expected = (0..ROWS).filter(|number| number % 2 == 0 && number % 5 != 0);
        assert_eq!(found, i64::try_from(expected.count()).unwrap());
    }

    #[test]
    fn the_first_error_ends_it() {
        let connection = Connection::open_in_memory().unwrap();
        let (to, from) = std::sync::mpsc::sync_channel(1);
        let mut collector = Collector::new(to);
        collector.unlisted("member", 1);
        collector.finish();
        assert!(
            Inserter::new(&connection, 1, false)
                .unwrap()
                .insert_all(&from)
                .is_err()
        );
    }
}
