//! Comma-separated values, the same in a file as on a terminal: who looks at the file later must not be acted on either.
//!
//! Text is escaped as [`schema::text::escaped_lines`] does it. A cell that a spreadsheet would take for a formula gets a `'`
//! before it, as does one that begins with a `'` itself. So the exact bytes can be had back: one leading `'` goes, then
//! the escapes are undone.

use std::io::{self, Write};

use super::Output;
use crate::Error;
use crate::db::query::{Rows, Value};

pub(super) struct Csv<'w> {
    writer: ::csv::Writer<&'w mut dyn Write>,
}

impl<'w> Csv<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Csv {
            writer: ::csv::Writer::from_writer(out),
        }
    }

    /// Cell by cell: a row may hold more than should be in memory twice.
    fn record(&mut self, cells: impl Iterator<Item = String>) -> Result<(), Error> {
        for cell in cells {
            self.writer.write_field(cell).map_err(failed)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(failed)
    }
}

fn cell(value: &Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        // Numbers stay numbers: a negative one is no formula.
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        Value::Text(bytes) | Value::Blob(bytes) => text(bytes),
    }
}

/// Spreadsheets run cells that begin with one of these as formulas, which can start programs and send data out.
fn text(bytes: &[u8]) -> String {
    let mut text = schema::text::escaped_lines(bytes);
    if text.starts_with(['=', '+', '-', '@', '\t', '\'']) {
        text.insert(0, '\'');
    }
    text
}

impl Rows for Csv<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        self.record(names.iter().map(|name| text(name.as_bytes())))
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        self.record(values.iter().map(cell))
    }
}

impl Output for Csv<'_> {
    fn finish(&mut self) -> Result<(), Error> {
        self.writer.flush().map_err(Error::Output)
    }
}

fn failed(error: ::csv::Error) -> Error {
    Error::Output(match error.into_kind() {
        ::csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    })
}
