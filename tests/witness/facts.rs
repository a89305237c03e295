//! Facts of a host as lines that can be compared: what a witness says, and what the database says.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;

use serde_json::{Map, Value};

use crate::common::{analyze, hex, succeed};

/// Facts of one kind: one line for each field of each thing.
#[derive(Debug, Default, Clone)]
pub(crate) struct Facts(pub(crate) BTreeSet<String>);

impl Facts {
    pub(crate) fn add(&mut self, subject: impl Display, field: &str, value: impl Display) {
        self.0.insert(format!("{subject}: {field} {value}"));
    }

    /// The rows of a query: its column `subject`, with each of the others that is not NULL.
    pub(crate) fn query(database: &Path, sql: &str) -> Facts {
        let mut facts = Facts::default();
        for row in objects(database, sql) {
            let subject = text(&row["subject"]);
            for (field, value) in row.iter().filter(|(field, _)| *field != "subject") {
                if !value.is_null() {
                    facts.add(&subject, field, text(value));
                }
            }
        }
        facts
    }

    /// How many lines begin so.
    pub(crate) fn about(&self, start: &str) -> usize {
        self.0.iter().filter(|fact| fact.starts_with(start)).count()
    }
}

/// What a witness said before and after a capture, and what the database says.
pub(crate) struct Compared<'a> {
    pub(crate) what: &'a str,
    pub(crate) before: &'a Facts,
    pub(crate) after: &'a Facts,
    pub(crate) found: &'a Facts,
}

impl Compared<'_> {
    /// What was there before and after must be found.
    pub(crate) fn missing(&self) -> Vec<String> {
        let both: Vec<_> = self.before.0.intersection(&self.after.0).collect();
        if both.is_empty() {
            return vec![format!(
                "{}: nothing was the same before and after",
                self.what
            )];
        }
        let missing = both.iter().filter(|fact| !self.found.0.contains(**fact));
        missing
            .map(|fact| format!("{}: missing: {fact}", self.what))
            .collect()
    }

    /// What is found must have been there before or after.
    pub(crate) fn invented(&self) -> Vec<String> {
        let known =
            |fact: &&String| !self.before.0.contains(*fact) && !self.after.0.contains(*fact);
        let found = self.found.0.iter().filter(known);
        found
            .map(|fact| format!("{}: invented: {fact}", self.what))
            .collect()
    }
}

/// The rows of a query, by the names of their columns.
pub(crate) fn objects(database: &Path, sql: &str) -> Vec<Map<String, Value>> {
    let mut command = analyze();
    command
        .arg("sql")
        .arg(database)
        .arg(sql)
        .args(["--format", "json"]);
    let json = succeed(&mut command, &[0, 1]);
    serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Bytes as characters of the same number, so that lines with any bytes in them can be split as text.
pub(crate) fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes of [`latin`] text, as SQL's `hex()`.
pub(crate) fn latin_hex(text: &str) -> String {
    let bytes: Vec<u8> = text
        .chars()
        .map(|character| u8::try_from(character).expect("it was a byte"))
        .collect();
    hex(&bytes)
}
