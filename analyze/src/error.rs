//! Why a command could not do its work.

use std::io;
use std::path::PathBuf;

/// Why a command could not do its work. What could not be read on the host is no error here but rows of
/// `collection_log`; what a parser did not understand is rows of `parse_issues`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input is no bundle, or is damaged so that nothing can be read.
    #[error("cannot read {}", shown(.path))]
    Bundle {
        /// The input.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: schema::Error,
    },
    /// A file could not be opened, read or written.
    #[error("cannot {attempt} {}", shown(.path))]
    Io {
        /// What was attempted: "open", "create".
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The database refused.
    #[error("cannot {attempt}")]
    Database {
        /// What was attempted, as in "cannot run the query".
        attempt: String,
        /// SQLite's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The input is understood, and cannot be what the command needs.
    #[error("{}: {reason}", shown(.path))]
    Input {
        /// The input.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The arguments name what does not exist: a table, a query, a snapshot.
    #[error("{0}")]
    Argument(String),
    /// Results could not be written.
    #[error("cannot write the results")]
    Output(#[source] io::Error),
}

impl Error {
    /// An I/O error with its file.
    pub fn io(attempt: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Error::Io {
            attempt,
            path: path.into(),
            source,
        }
    }

    /// The error and its causes in one line.
    ///
    /// Messages of others, SQLite's above all, quote what they were given: the line is escaped as a whole.
    pub fn chain(&self) -> String {
        let mut line = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            line.push_str(": ");
            line.push_str(&error.to_string());
            cause = error.source();
        }
        one_line(&line)
    }

    /// Whether the reader of our output went away, which is no failure of ours.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Error::Output(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// A path for a message: what it holds must not act on the terminal.
pub fn shown(path: &std::path::Path) -> impl std::fmt::Display + '_ {
    schema::text::escaped(path.as_os_str().as_encoded_bytes())
}

/// Replaces what may act on a terminal. Backslashes stay: they are of escapes that were made before.
pub(crate) fn one_line(message: &str) -> String {
    lines(message).replace('\n', " ")
}

/// As [`one_line`], of a text of several lines.
pub(crate) fn lines(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    for character in message.chars() {
        match character {
            '\n' => shown.push('\n'),
            other if schema::text::is_unsafe_to_show(other) => shown.extend(other.escape_unicode()),
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_harmless_line() {
        let error = Error::io(
            "open",
            "/tmp/\u{1b}[31m\u{202e}x\ny",
            io::Error::other("no \u{9b} way\nat all"),
        );
        assert_eq!(
            error.chain(),
            "cannot open /tmp/\\x1b[31m\\u{202e}x\\ny: no \\u{9b} way at all"
        );
    }
}
