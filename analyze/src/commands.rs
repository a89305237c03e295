//! The commands: one file each, with its arguments and `run`.

pub mod brief;
pub mod cat;
pub mod completions;
pub mod diff;
pub mod extract;
pub mod load;
pub mod ls;
pub mod man;
pub mod reach;
pub mod show;
pub mod sql;
pub mod tables;
pub mod verify;

use clap::ValueEnum;

/// How a command without a table of results shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}
