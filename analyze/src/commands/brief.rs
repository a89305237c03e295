//! Command `brief`.

use std::io::Write;

use crate::{Error, Exit};

/// Arguments of `brief`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs `brief`.
pub fn run(_args: &Args, _out: &mut dyn Write) -> Result<Exit, Error> {
    Err(Error::Argument("not yet".to_owned()))
}
