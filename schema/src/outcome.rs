//! How a planned read ended.

use serde::{Deserialize, Serialize};

use crate::table::{Binder, Column};

/// How a planned read ended. Every planned read ends as exactly one of these, and the bundle keeps it.
///
/// Encoded by position in records: variants are only ever appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Outcome {
    /// All bytes are in the bundle.
    Collected,
    /// A limit cut the bytes; `bytes_seen` says how long the source was where that could be learnt.
    Truncated,
    /// The kernel refused (EACCES, EPERM).
    Denied,
    /// The host does not have it (ENOENT).
    Absent,
    /// The process ended before it was read.
    Vanished,
    /// The read hung past its limit; its worker was killed or abandoned.
    TimedOut,
    /// Not tried, for the reason given.
    Skipped,
    /// Any other error, with its number.
    Failed,
}

impl Outcome {
    /// All outcomes, in the order they are reported.
    pub const ALL: [Outcome; 8] = [
        Outcome::Collected,
        Outcome::Truncated,
        Outcome::Denied,
        Outcome::Absent,
        Outcome::Vanished,
        Outcome::TimedOut,
        Outcome::Skipped,
        Outcome::Failed,
    ];

    /// The word in `collection_log.outcome`.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Collected => "collected",
            Outcome::Truncated => "truncated",
            Outcome::Denied => "denied",
            Outcome::Absent => "absent",
            Outcome::Vanished => "vanished",
            Outcome::TimedOut => "timed out",
            Outcome::Skipped => "skipped",
            Outcome::Failed => "failed",
        }
    }

    /// Whether the outcome means that something which exists is not, or not wholly, in the bundle.
    ///
    /// Absent files and ended processes are facts about the host. Truncation counts only where it was no agreed
    /// limit, which the caller knows.
    pub fn is_gap(self) -> bool {
        matches!(
            self,
            Outcome::Denied | Outcome::TimedOut | Outcome::Skipped | Outcome::Failed
        )
    }
}

impl Column for Outcome {
    const SQL: &'static str = "TEXT";
    const LAYOUT: &'static str = "outcome";
    fn bind<B: Binder>(&self, binder: &mut B) {
        binder.text(self.as_str().as_bytes());
    }
}
