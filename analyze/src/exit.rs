//! Exit codes.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The answer is whole; `diff`: no difference.
    Success,
    /// The answer is there, but the bundle was cut off or damaged; `diff`: differences.
    Partial,
    /// No answer: wrong arguments, foreign or unreadable input, a failed check.
    Failure,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Success => 0,
            Exit::Partial => 1,
            Exit::Failure => 2,
        })
    }
}
