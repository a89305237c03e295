//! Loads Freezeframe bundles into SQLite and answers questions about them, offline.

pub mod cli;
pub mod commands;
pub mod db;
pub mod diff;
pub mod error;
pub mod evidence;
pub mod exit;
pub mod extract;
pub mod output;
pub mod parse;
mod progress;
pub mod queries;
pub mod snapshot;
pub mod source;
pub mod tables;
pub mod temporary;
pub mod unpack;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;

pub use error::Error;
pub use exit::Exit;

/// Runs the program on the arguments of this process: results to stdout, one line to stderr where there are none.
pub fn main() -> ExitCode {
    let command = match cli::Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(usage) => {
            // Help and version come this way too, and go to stdout with success.
            if !usage.use_stderr() {
                let _ = usage.print();
                return Exit::Success.into();
            }
            // It quotes the arguments, among which are names of files that others chose.
            let text = usage.render().to_string();
            let _ = write!(io::stderr().lock(), "{}", error::lines(&text));
            return Exit::Failure.into();
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let result = command.run(&mut out).and_then(|exit| {
        out.flush().map_err(Error::Output)?;
        Ok(exit)
    });
    match result {
        Ok(exit) => exit.into(),
        Err(error) if error.is_closed_pipe() => Exit::Success.into(),
        Err(error) => {
            tell(&error.chain());
            Exit::Failure.into()
        }
    }
}

/// Writes one line for people to stderr.
///
/// A caller escapes what is not its own text. Where stderr is closed nobody wants to know.
pub fn tell(message: &str) {
    let _ = writeln!(io::stderr().lock(), "analyze: {message}");
}
