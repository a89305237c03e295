//! Command `completions`.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::{Error, Exit};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Runs `completions`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    // The generator panics where it cannot write, which memory always can.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "analyze", &mut script);
    out.write_all(&script).map_err(Error::Output)?;
    Ok(Exit::Success)
}
