//! Why there is no bundle. What the host refused is an outcome in the bundle, not an error.

use std::io;
use std::path::PathBuf;

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The root directory cannot be captured.
    #[error("cannot {attempt} {}", shown(.path))]
    Root {
        /// What was attempted.
        attempt: &'static str,
        /// The directory or file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The bundle cannot be created, or its name is taken.
    #[error("cannot {attempt} {}", shown(.path))]
    Output {
        /// What was attempted.
        attempt: &'static str,
        /// The bundle.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The bundle could not be ended, or not named: what there is of it is kept.
    #[error("the bundle keeps its partial name {}", shown(.path))]
    Unnamed {
        /// The partial name.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// Standard output is closed: a bundle would go nowhere.
    #[error("standard output is closed")]
    Closed,
    /// Standard output is a terminal, which cannot take a bundle.
    #[error("standard output is a terminal; redirect it, as in `capture -o - > host.tar.zst`")]
    Terminal,
    /// No worker could be started.
    #[error("cannot {attempt}")]
    Worker {
        /// What was attempted.
        attempt: &'static str,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The bundle could not be written.
    #[error("cannot write the bundle")]
    Bundle(#[from] schema::Error),
    /// The arguments contradict each other or a limit.
    #[error("{0}")]
    Argument(String),
    /// Help text or the plan could not be printed.
    #[error("cannot print")]
    Print(#[source] io::Error),
}

/// A path for a message: what it holds must not act on the terminal.
pub fn shown(path: &std::path::Path) -> impl std::fmt::Display + '_ {
    schema::text::escaped(path.as_os_str().as_encoded_bytes())
}
