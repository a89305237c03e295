//! Command `man`.

use std::io::Write;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::{Error, Exit};

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directory that gets `analyze.1` and a page for each command; without it, `analyze.1` goes to stdout.
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Runs `man`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    match &args.directory {
        Some(directory) => clap_mangen::generate_to(Cli::command(), directory)
            .map_err(|error| Error::io("write manual pages to", directory, error))?,
        None => Man::new(Cli::command())
            .render(out)
            .map_err(Error::Output)?,
    }
    Ok(Exit::Success)
}
