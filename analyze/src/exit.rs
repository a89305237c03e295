//! Exit codes.

use std::process::ExitCode;

use crate::source::Opened;

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

impl Exit {
    /// How an answer ends that was found: whole where its source was.
    pub fn of(opened: &Opened) -> Self {
        if opened.is_whole() {
            Exit::Success
        } else {
            Exit::Partial
        }
    }
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Partial => 1,
            Exit::Failure => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
