//! Exit codes.

use std::process::ExitCode;

/// How a capture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing was denied, timed out, cut by a budget, failed or interrupted. Absent files, processes that ended and
    /// log tails at their limit are normal.
    Complete,
    /// The bundle is written, and says what is missing.
    Incomplete,
    /// There is no bundle.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Complete => 0,
            Exit::Incomplete => 1,
            Exit::Failed => 2,
        })
    }
}
