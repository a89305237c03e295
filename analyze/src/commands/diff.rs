//! Command `diff`.

use std::io::Write;

use crate::{Error, Exit};

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs `diff`.
pub fn run(_args: &Args, _out: &mut dyn Write) -> Result<Exit, Error> {
    Err(Error::Argument("not yet".to_owned()))
}
