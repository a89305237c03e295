//! Columns for people, as `ps` writes them.

use std::io::Write;

use comfy_table::{Cell, CellAlignment, ColumnConstraint, Width};

use super::{Output, Style, shown};
use crate::Error;
use crate::db::query::{Rows, Value};

/// Rows whose widths are found together: more than a screen, and little memory.
const ROWS_AT_ONCE: usize = 500;

pub(super) struct Table<'w> {
    out: &'w mut dyn Write,
    null: &'static str,
    indent: Option<String>,
    /// Position of the column that is drawn before the next one.
    indent_at: Option<usize>,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    is_number: Vec<bool>,
    widths: Vec<u16>,
}

impl<'w> Table<'w> {
    pub(super) fn new(out: &'w mut dyn Write, style: &Style) -> Self {
        Table {
            out,
            null: style.null,
            indent: style.indent.clone(),
            indent_at: None,
            header: Vec::new(),
            rows: Vec::new(),
            is_number: Vec::new(),
            widths: Vec::new(),
        }
    }

    fn write_rows(&mut self) -> Result<(), Error> {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        let aligned = |cells: Vec<String>, is_number: &[bool]| -> Vec<Cell> {
            let cells = cells.into_iter().zip(is_number);
            cells
                .map(|(text, is_number)| {
                    Cell::new(text).set_alignment(if *is_number {
                        CellAlignment::Right
                    } else {
                        CellAlignment::Left
                    })
                })
                .collect()
        };
        // The header comes once; later rows keep to its widths as far as they can.
        let header = std::mem::take(&mut self.header);
        if !header.is_empty() {
            table.set_header(aligned(header, &self.is_number));
        }
        for row in self.rows.drain(..) {
            table.add_row(aligned(row, &self.is_number));
        }
        let constraints = self.widths.iter();
        table.set_constraints(
            constraints.map(|width| ColumnConstraint::LowerBoundary(Width::Fixed(*width))),
        );
        // Constraints count the padding of one blank on either side.
        let found = table.column_max_content_widths();
        let widths = found.iter().map(|width| width.saturating_add(2));
        let known = self.widths.iter().copied().chain(std::iter::repeat(0));
        self.widths = widths.zip(known).map(|(new, old)| new.max(old)).collect();
        for line in table.lines() {
            let line = line.strip_prefix(' ').unwrap_or(&line).trim_end();
            writeln!(self.out, "{line}").map_err(Error::Output)?;
        }
        Ok(())
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
        // Until a text is seen.
        self.is_number = vec![true; self.header.len()];
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
            if let Some(is_number) = self.is_number.get_mut(cells.len()) {
                *is_number &= matches!(value, Value::Null | Value::Integer(_) | Value::Real(_));
            }
            let text = shown(value, self.null);
            cells.push(std::mem::take(&mut drawing) + &text);
        }
        self.rows.push(cells);
        if self.rows.len() >= ROWS_AT_ONCE {
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
fn drawn(value: &Value<'_>) -> String {
    let text = shown(value, "");
    match value.bytes() {
        Some(bytes) if bytes.iter().all(|byte| b" |\\_".contains(byte)) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        _ => text,
    }
}
