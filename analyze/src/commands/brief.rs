//! Command `brief`.

use std::io::Write;
use std::path::PathBuf;

use super::reach::{Reach, now};
use super::sections;
use crate::output::Format;
use crate::{Error, Exit, queries, source};

/// Arguments of `brief`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle, an extracted directory, or a database.
    pub source: PathBuf,
    /// How it is written: table, markdown, or json, an object of sections.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How far it looks; the newest snapshot where none is named.
    #[command(flatten)]
    pub reach: Reach,
}

/// Runs `brief`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    sections::check_format("brief", args.format)?;
    let opened = source::open(&args.source)?;
    let (snapshot, database) = args.reach.narrowed(&opened)?;
    sections::begin(&snapshot, &snapshot.headline(now()), args.format, out)?;
    for query in queries::brief() {
        let answer = sections::ask(&database, &query, &[])?;
        sections::section(&query, &answer, &[], args.format, out)?;
    }
    sections::end(args.format, out)?;
    Ok(Exit::of(&opened))
}
