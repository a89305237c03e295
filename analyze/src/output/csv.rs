//! Comma-separated values.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{Output, exact};
use crate::Error;
use crate::db::query::{Rows, Value};

pub(super) struct Csv<'w> {
    writer: ::csv::Writer<&'w mut dyn Write>,
    terminal: bool,
}

impl<'w> Csv<'w> {
    pub(super) fn new(out: &'w mut dyn Write, terminal: bool) -> Self {
        Csv {
            writer: ::csv::Writer::from_writer(out),
            terminal,
        }
    }

    fn cell(&self, value: &Value<'_>) -> String {
        match value {
            Value::Null => String::new(),
            // Numbers stay numbers: a negative one is no formula.
            Value::Integer(value) => value.to_string(),
            Value::Real(value) => value.to_string(),
            Value::Text(bytes) => self.text(&exact(bytes)),
            Value::Blob(bytes) => self.text(&schema::text::escaped(bytes).to_string()),
        }
    }

    /// Spreadsheets run cells that begin with one of these as formulas, which can start programs and send data out.
    fn text(&self, text: &str) -> String {
        let text = if self.terminal {
            Cow::Owned(schema::text::escaped(text.as_bytes()).to_string())
        } else {
            Cow::Borrowed(text)
        };
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            format!("'{text}")
        } else {
            text.into_owned()
        }
    }
}

impl Rows for Csv<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        let names: Vec<String> = names.iter().map(|name| self.text(name)).collect();
        self.writer.write_record(names).map_err(failed)
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        let cells: Vec<String> = values.iter().map(|value| self.cell(value)).collect();
        self.writer.write_record(cells).map_err(failed)
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
