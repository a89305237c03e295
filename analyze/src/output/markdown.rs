//! A Markdown table. Whoever pastes it into an issue must not load an image, follow a link or end the table by it.

use std::io::Write;

use super::table::drawn;
use super::{Output, Style, shown};
use crate::Error;
use crate::db::query::{Rows, Value};

pub(super) struct Markdown<'w> {
    out: &'w mut dyn Write,
    widest: Option<usize>,
    indent: Option<String>,
    /// Position of the column that is drawn before the next one.
    indent_at: Option<usize>,
}

impl<'w> Markdown<'w> {
    pub(super) fn new(out: &'w mut dyn Write, style: &Style) -> Self {
        Markdown {
            out,
            widest: style.widest,
            indent: style.indent.clone(),
            indent_at: None,
        }
    }

    fn line(&mut self, cells: impl Iterator<Item = String>) -> Result<(), Error> {
        let cells: Vec<String> = cells.collect();
        writeln!(self.out, "| {} |", cells.join(" | ")).map_err(Error::Output)
    }
}

impl Rows for Markdown<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        let indent = self.indent.as_deref();
        self.indent_at = names.iter().position(|name| Some(name.as_str()) == indent);
        let indent_at = self.indent_at;
        let names = names
            .iter()
            .enumerate()
            .filter(|(index, _)| Some(*index) != indent_at)
            .map(|(_, name)| escaped(&schema::text::escaped(name.as_bytes()).to_string()));
        let names: Vec<String> = names.collect();
        let rule: Vec<String> = names.iter().map(|_| "---".to_owned()).collect();
        self.line(names.into_iter())?;
        self.line(rule.into_iter())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        let mut drawing = String::new();
        let mut cells = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            if Some(index) == self.indent_at {
                // Blanks in a row would become one.
                drawing = escaped(&drawn(value)).replace(' ', "&nbsp;");
                continue;
            }
            let text = escaped(&shown(value, "", self.widest));
            cells.push(std::mem::take(&mut drawing) + &text);
        }
        self.line(cells.into_iter())
    }
}

impl Output for Markdown<'_> {
    fn finish(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(Error::Output)
    }
}

pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~'
            | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    escaped
}
