//! Columns for people, as `ps` writes them.

use std::io::Write;

use unicode_width::UnicodeWidthStr as _;

use super::{Output, Style, shown};
use crate::Error;
use crate::db::query::{Rows, Value};

/// Rows whose widths are found together: more than a screen, and little memory.
const ROWS_AT_ONCE: usize = 500;
/// Bytes of cells that are held at once, whatever their rows hold.
const BYTES_AT_ONCE: usize = 4 << 20;
/// Cells that are wider push only their own row to the right: one long command line must not move all others.
const WIDEST_COLUMN: usize = 80;

pub(super) struct Table<'w> {
    out: &'w mut dyn Write,
    null: &'static str,
    widest: Option<usize>,
    indent: Option<String>,
    /// Position of the column that is drawn before the next one.
    indent_at: Option<usize>,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Of the cells in `rows`.
    bytes: usize,
    columns: Vec<Column>,
}

#[derive(Clone, Copy)]
struct Column {
    /// Only grows, so that later rows keep in line with those that are written already.
    width: usize,
    /// Until a text is seen.
    is_number: bool,
}

impl<'w> Table<'w> {
    pub(super) fn new(out: &'w mut dyn Write, style: &Style) -> Self {
        Table {
            out,
            null: style.null,
            widest: style.widest,
            indent: style.indent.clone(),
            indent_at: None,
            header: Vec::new(),
            rows: Vec::new(),
            bytes: 0,
            columns: Vec::new(),
        }
    }

    fn write_rows(&mut self) -> Result<(), Error> {
        let header = std::mem::take(&mut self.header);
        let header = (!header.is_empty()).then_some(header);
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        for row in header.iter().chain(&rows) {
            for (cell, column) in row.iter().zip(&mut self.columns) {
                let width = cell.width();
                if width <= WIDEST_COLUMN {
                    column.width = column.width.max(width);
                }
            }
        }
        for row in header.iter().chain(&rows) {
            let line = self.line(row);
            writeln!(self.out, "{}", line.trim_end()).map_err(Error::Output)?;
        }
        Ok(())
    }

    fn line(&self, row: &[String]) -> String {
        let mut line = String::new();
        for (index, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
            if index > 0 {
                line.push_str("  ");
            }
            let blanks = " ".repeat(column.width.saturating_sub(cell.width()));
            let (before, after) = if column.is_number {
                (blanks.as_str(), "")
            } else {
                ("", blanks.as_str())
            };
            line.push_str(before);
            line.push_str(cell);
            line.push_str(after);
        }
        line
    }
}

impl Rows for Table<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        let indent = self.indent.as_deref();
        self.indent_at = names.iter().position(|name| Some(name.as_str()) == indent);
        self.header = names
            .iter()
            .enumerate()
            .filter(|(index, _)| Some(*index) != self.indent_at)
            .map(|(_, name)| schema::text::escaped(name.as_bytes()).to_string())
            .collect();
        let column = Column {
            width: 0,
            is_number: true,
        };
        self.columns = vec![column; self.header.len()];
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        let mut cells = Vec::with_capacity(values.len());
        let mut drawing = String::new();
        for (index, value) in values.iter().enumerate() {
            if Some(index) == self.indent_at {
                drawing = drawn(value);
                continue;
            }
            if let Some(column) = self.columns.get_mut(cells.len()) {
                column.is_number &=
                    matches!(value, Value::Null | Value::Integer(_) | Value::Real(_));
            }
            let text = shown(value, self.null, self.widest);
            cells.push(std::mem::take(&mut drawing) + &text);
        }
        self.bytes = cells
            .iter()
            .fold(self.bytes, |sum, cell| sum.saturating_add(cell.len()));
        self.rows.push(cells);
        if self.rows.len() >= ROWS_AT_ONCE || self.bytes >= BYTES_AT_ONCE {
            self.write_rows()?;
        }
        Ok(())
    }
}

impl Output for Table<'_> {
    fn finish(&mut self) -> Result<(), Error> {
        if !self.rows.is_empty() || !self.header.is_empty() {
            self.write_rows()?;
        }
        self.out.flush().map_err(Error::Output)
    }
}

/// The branches of a tree as they are, for they hold backslashes that must not be doubled; anything else is escaped.
pub(super) fn drawn(value: &Value<'_>) -> String {
    match value.bytes() {
        Some(bytes) if bytes.iter().all(|byte| b" |\\_".contains(byte)) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        _ => shown(value, "", None),
    }
}
