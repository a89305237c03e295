//! The commands: one file each, with its arguments and `run`.

pub mod brief;
pub mod cat;
pub mod completions;
pub mod diff;
pub mod extract;
pub mod grep;
pub mod load;
pub mod ls;
pub mod man;
pub mod pid;
pub mod reach;
pub mod sections;
pub mod show;
pub mod sql;
pub mod tables;
pub mod timeline;
pub mod verify;

use clap::ValueEnum;

use crate::evidence::Evidence;
use crate::{Exit, source};

/// How a command without a table of results shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A time in UTC, to the second.
fn time(epoch_us: i64) -> String {
    jiff::Timestamp::from_second(epoch_us.div_euclid(1_000_000)).map_or_else(
        |_| "at an impossible time".to_owned(),
        |time| time.to_string(),
    )
}

/// The answer is there; whether it is whole, the capture decides.
fn exit_of(evidence: &Evidence) -> Exit {
    if evidence.is_whole() {
        return Exit::Success;
    }
    source::tell_broken(evidence);
    Exit::Partial
}
