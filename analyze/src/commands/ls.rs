//! Command `ls`.

use std::io::Write;

use crate::{Error, Exit};

/// Arguments of `ls`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs `ls`.
pub fn run(_args: &Args, _out: &mut dyn Write) -> Result<Exit, Error> {
    Err(Error::Argument("not yet".to_owned()))
}
