//! Command `completions`.

use std::io::Write;

use crate::{Error, Exit};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs `completions`.
pub fn run(_args: &Args, _out: &mut dyn Write) -> Result<Exit, Error> {
    Err(Error::Argument("not yet".to_owned()))
}
