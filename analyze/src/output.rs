//! How rows are written: each format escapes what is dangerous in it.
//!
//! | format | NULL | text that is no UTF-8 | against |
//! |---|---|---|---|
//! | `table` | as the command says | `\xHH` | terminals: controls, C1 and bidi characters appear as `\x1b`, `\u{202e}` |
//! | `csv` | empty | `\xHH` | spreadsheets: text that would be a formula gets a `'` before it; terminals: as `table`, but
//!   newlines and tabs stay |
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
mod vertical;

use std::io::Write;

use unicode_width::UnicodeWidthStr as _;

use crate::Error;
use crate::db::query::{Rows, Value};

pub use json::{object, pretty};

/// A format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for people.
    Table,
    /// Comma-separated values with a header. To have the exact text back: take one leading `'` away, then undo the escapes
    /// \\\\, \\r, \\xHH (a byte) and \\u{H} (a character).
    Csv,
    /// One array of objects.
    Json,
    /// One object per line.
    Jsonl,
    /// A Markdown table.
    Markdown,
}

/// How people see rows; the other formats keep them as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// A line for each row.
    #[default]
    Lines,
    /// A line for each value that is not NULL, with its name before it: for one row of many columns.
    Vertical,
}

/// What a writer must know beside the rows.
#[derive(Debug, Clone)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// What `table` writes for NULL.
    pub null: &'static str,
    /// The column that `table` draws before the next one, see [`crate::queries`].
    pub indent: Option<String>,
    /// How people see the rows.
    pub layout: Layout,
    /// Most columns of a terminal that people see of a value; of a longer one they see its beginning and its size.
    pub widest: Option<usize>,
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
    let for_people: Box<dyn Output + 'w> = match style.format {
        Format::Csv => return Box::new(csv::Csv::new(out)),
        Format::Json => return Box::new(json::Json::array(out)),
        Format::Jsonl => return Box::new(json::Json::lines(out)),
        Format::Table => Box::new(table::Table::new(out, style)),
        Format::Markdown => Box::new(markdown::Markdown::new(out, style)),
    };
    match style.layout {
        Layout::Lines => for_people,
        Layout::Vertical => Box::new(vertical::Vertical::new(for_people)),
    }
}

/// A text with everything escaped that is code in Markdown.
pub fn markdown(text: &str) -> String {
    markdown::escaped(text)
}

/// A value for people.
fn shown(value: &Value<'_>, null: &str, widest: Option<usize>) -> String {
    match value {
        Value::Null => null.to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        Value::Text(bytes) | Value::Blob(bytes) if bytes.len() > ELIDED_ABOVE => {
            format!("({} bytes)", bytes.len())
        }
        Value::Text(bytes) | Value::Blob(bytes) => widest
            .and_then(|widest| beginning(bytes, widest))
            .unwrap_or_else(|| schema::text::escaped(bytes).to_string()),
    }
}

/// The beginning and the size of a text that is wider than so many columns; an escape is never cut in two.
fn beginning(bytes: &[u8], widest: usize) -> Option<String> {
    let mut text = String::new();
    let mut width = 0_usize;
    for chunk in bytes.utf8_chunks() {
        let characters = chunk.valid().char_indices();
        let valid = characters.map(|(at, character)| {
            let end = at + character.len_utf8();
            chunk.valid().as_bytes().get(at..end).unwrap_or_default()
        });
        for piece in valid.chain(std::iter::once(chunk.invalid())) {
            let piece = schema::text::escaped(piece).to_string();
            width = width.saturating_add(piece.width());
            if width > widest {
                return Some(format!("{text}... ({} bytes)", bytes.len()));
            }
            text.push_str(&piece);
        }
    }
    None
}
