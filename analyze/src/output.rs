//! How rows are written: each format escapes what is dangerous in it.
//!
//! | format | NULL | text that is no UTF-8 | against |
//! |---|---|---|---|
//! | `table` | as the command says | `\xHH` | terminals: controls, C1 and bidi characters appear as `\x1b`, `\u{202e}` |
//! | `csv` | empty | `\xHH` | spreadsheets: text that would be a formula gets a `'` before it |
//! | `json`, `jsonl` | `null` | `{"bytes_hex": "..."}` | terminals: as `\u001b`, which a reader turns back |
//! | `markdown` | empty | `\xHH` | markup: links, images, tags and table ends are escaped |
//!
//! Rows are written as they come; only `table` looks at some hundred of them at a time to find the widths.

mod csv;
mod json;
mod markdown;
mod table;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::Write;

use crate::Error;
use crate::db::query::{Rows, Value};

pub use json::object;

/// A format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for people.
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// One array of objects.
    Json,
    /// One object per line.
    Jsonl,
    /// A Markdown table.
    Markdown,
}

/// What a writer must know beside the rows.
#[derive(Debug, Clone)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// What `table` writes for NULL.
    pub null: &'static str,
    /// Whether the output is a terminal, on which even CSV must not act.
    pub terminal: bool,
    /// The column that `table` draws before the next one, see [`crate::queries`].
    pub indent: Option<String>,
}

/// Longest text that is written for people; longer ones are named by their size.
pub const ELIDED_ABOVE: usize = 1 << 20;

/// Takes rows and writes them.
pub trait Output: Rows {
    /// Writes what is still to be written.
    fn finish(&mut self) -> Result<(), Error>;
}

/// A writer of rows.
pub fn writer<'w>(out: &'w mut dyn Write, style: &Style) -> Box<dyn Output + 'w> {
    match style.format {
        Format::Table => Box::new(table::Table::new(out, style)),
        Format::Csv => Box::new(csv::Csv::new(out, style.terminal)),
        Format::Json => Box::new(json::Json::array(out)),
        Format::Jsonl => Box::new(json::Json::lines(out)),
        Format::Markdown => Box::new(markdown::Markdown::new(out)),
    }
}

/// A text with everything escaped that is code in Markdown.
pub fn markdown(text: &str) -> String {
    markdown::escaped(text)
}

/// A value for people.
fn shown(value: &Value<'_>, null: &str) -> String {
    match value {
        Value::Null => null.to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        Value::Text(bytes) | Value::Blob(bytes) if bytes.len() > ELIDED_ABOVE => {
            format!("({} bytes)", bytes.len())
        }
        Value::Text(bytes) | Value::Blob(bytes) => schema::text::escaped(bytes).to_string(),
    }
}

/// The bytes as text where they are text, else escaped.
fn exact(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(schema::text::escaped(bytes).to_string()),
    }
}
