//! Parsers of the host's files, named after the file they read: bytes in, rows and issues out.
//!
//! A parser does no I/O, knows no clock, judges by what the text contains and never by a kernel's version. An odd line
//! costs that line and becomes an [`Issue`]; nothing is skipped in silence and nothing panics.

pub(crate) mod bytes;
pub(crate) mod proc_loadavg;

/// What a parser understood, and what it did not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed<T> {
    /// What the text says.
    pub value: T,
    /// The lines that were not understood.
    pub issues: Vec<Issue>,
}

impl<T> From<T> for Parsed<T> {
    fn from(value: T) -> Self {
        Parsed {
            value,
            issues: Vec::new(),
        }
    }
}

/// What a parser could not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Line within the member, counted from 1; `None` where the text has no lines.
    pub line: Option<u64>,
    /// What was expected, in words.
    pub reason: &'static str,
    /// The beginning of the text, at most [`EXCERPT_LIMIT`] bytes.
    pub excerpt: Vec<u8>,
}

/// Most bytes of an excerpt: enough to recognise the line.
pub const EXCERPT_LIMIT: usize = 120;

impl Issue {
    /// An issue of one line.
    pub fn at(line: u64, reason: &'static str, text: &[u8]) -> Self {
        Issue {
            line: Some(line),
            reason,
            excerpt: excerpt(text),
        }
    }

    /// An issue of a text as a whole.
    pub fn whole(reason: &'static str, text: &[u8]) -> Self {
        Issue {
            line: None,
            reason,
            excerpt: excerpt(text),
        }
    }
}

fn excerpt(text: &[u8]) -> Vec<u8> {
    text.get(..EXCERPT_LIMIT).unwrap_or(text).to_vec()
}
