//! Why a bundle could not be written or read.

use std::io;

/// Why a bundle could not be written or read. What one source of the host refused is no error but an
/// [`Outcome`](crate::Outcome).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes could not be written to, or read from, where the bundle is.
    #[error("cannot {attempt}")]
    Io {
        /// What was attempted, as in "cannot write frame 3".
        attempt: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The input is not a Freezeframe bundle.
    #[error("not a bundle: {0}")]
    NotABundle(String),
    /// The bundle is written in a format this version does not know.
    #[error("bundle format {found} is newer than {known}, which this version reads")]
    Format {
        /// The version in the header.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The bundle goes past a limit that honest bundles keep.
    #[error("{what} is over the limit of {limit}")]
    Limit {
        /// What is too large, with its place.
        what: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// The bytes contradict the format.
    #[error("damaged: {0}")]
    Damaged(String),
    /// A row could not be encoded.
    #[error("cannot encode a row of {table}: {reason}")]
    Encode {
        /// The table.
        table: &'static str,
        /// The codec's reason.
        reason: String,
    },
}

impl Error {
    /// An I/O error with what was attempted.
    pub fn io(attempt: impl Into<String>, source: io::Error) -> Self {
        Error::Io {
            attempt: attempt.into(),
            source,
        }
    }
}
