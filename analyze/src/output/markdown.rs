//! A Markdown table. Whoever pastes it into an issue must not load an image, follow a link or end the table by it.

use std::io::Write;

use super::{Output, shown};
use crate::Error;
use crate::db::query::{Rows, Value};

pub(super) struct Markdown<'w> {
    out: &'w mut dyn Write,
    widest: Option<usize>,
}

impl<'w> Markdown<'w> {
    pub(super) fn new(out: &'w mut dyn Write, widest: Option<usize>) -> Self {
        Markdown { out, widest }
    }

    fn line(&mut self, cells: impl Iterator<Item = String>) -> Result<(), Error> {
        let cells: Vec<String> = cells.collect();
        writeln!(self.out, "| {} |", cells.join(" | ")).map_err(Error::Output)
    }
}

impl Rows for Markdown<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        let name = |name: &String| escaped(&schema::text::escaped(name.as_bytes()).to_string());
        self.line(names.iter().map(name))?;
        self.line(names.iter().map(|_| "---".to_owned()))
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        let widest = self.widest;
        self.line(
            values
                .iter()
                .map(|value| escaped(&shown(value, "", widest))),
        )
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
