//! The command line.

use std::io::Write;

use clap::{Parser, Subcommand};

use crate::commands::{
    brief, cat, completions, diff, extract, grep, load, ls, man, pid, show, sql, tables, timeline,
    verify,
};
use crate::{Error, Exit};

/// Loads Freezeframe bundles into SQLite and answers questions about them, offline.
///
/// SOURCE is a bundle, a directory that one was extracted to, or a database that `load` made.
///
/// Exit codes: 0 the answer is whole, 1 the bundle was cut off or damaged (`diff`, `timeline`: there are differences), 2 no answer.
#[derive(Debug, Parser)]
#[command(
    name = "analyze",
    version,
    max_term_width = 100,
    subcommand_required = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Load bundles into a database.
    Load(load::Args),
    /// Ask a question in SQL.
    Sql(sql::Args),
    /// Show what a command of the host would have shown.
    Show(show::Args),
    /// Search the log lines for a regular expression.
    Grep(grep::Args),
    /// Sum a snapshot up on one screen.
    Brief(brief::Args),
    /// Tell everything about one process on one screen.
    Pid(pid::Args),
    /// Compare two snapshots.
    Diff(diff::Args),
    /// Tell what happened to a host from each of its snapshots to the next.
    Timeline(timeline::Args),
    /// Check that a bundle is whole and unchanged.
    Verify(verify::Args),
    /// List the members of a bundle.
    Ls(ls::Args),
    /// Write one file of the host, or one member, as it is.
    Cat(cat::Args),
    /// Write all members below a new directory.
    Extract(extract::Args),
    /// List the tables, or the columns of one.
    Tables(tables::Args),
    /// Write completions for a shell.
    Completions(completions::Args),
    /// Write the manual pages.
    Man(man::Args),
}

impl Command {
    /// Runs the command; its results go to `out`.
    pub fn run(&self, out: &mut dyn Write) -> Result<Exit, Error> {
        match self {
            Command::Load(args) => load::run(args, out),
            Command::Sql(args) => sql::run(args, out),
            Command::Show(args) => show::run(args, out),
            Command::Grep(args) => grep::run(args, out),
            Command::Brief(args) => brief::run(args, out),
            Command::Pid(args) => pid::run(args, out),
            Command::Diff(args) => diff::run(args, out),
            Command::Timeline(args) => timeline::run(args, out),
            Command::Verify(args) => verify::run(args, out),
            Command::Ls(args) => ls::run(args, out),
            Command::Cat(args) => cat::run(args, out),
            Command::Extract(args) => extract::run(args, out),
            Command::Tables(args) => tables::run(args, out),
            Command::Completions(args) => completions::run(args, out),
            Command::Man(args) => man::run(args, out),
        }
    }
}
