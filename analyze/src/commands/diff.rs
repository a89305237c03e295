//! Command `diff`.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Format;
use super::reach::now;
use crate::db::query::{Limits, MEMORY_MIB};
use crate::diff::{self, Databases, Pair};
use crate::tables::Wanted;
use crate::{Error, Exit, source};

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle, an extracted directory, or a database: the earlier snapshot.
    pub before: PathBuf,
    /// The later one, then the tables to compare. With --from and --to AFTER may be left out: both are in one database.
    #[arg(value_name = "AFTER [TABLE]...")]
    pub rest: Vec<OsString>,
    /// Number or label of the earlier snapshot, where BEFORE holds several.
    #[arg(long, value_name = "N|LABEL")]
    pub from: Option<String>,
    /// Number or label of the later snapshot, where AFTER holds several.
    #[arg(long, value_name = "N|LABEL")]
    pub to: Option<String>,
    /// How differences are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// End the comparison of a table after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub timeout: u64,
    /// End the comparison of a table that needs so much memory.
    #[arg(long, value_name = "MIB", default_value_t = MEMORY_MIB, value_parser = clap::value_parser!(u32).range(1..))]
    pub memory: u32,
}

/// Runs `diff`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let (after, tables) = args.split()?;
    let before = source::open(&args.before, &Wanted::All)?;
    let opened = after
        .map(|after| source::open(after, &Wanted::All))
        .transpose()?;
    let after = opened.as_ref().unwrap_or(&before);
    let limits = Limits {
        time: Duration::from_secs(args.timeout),
        memory_mib: args.memory,
    };
    let databases = Databases::open(before.database(), after.database(), limits)?;
    before.forget();
    after.forget();
    let pair = Pair {
        databases,
        from: args.from.as_deref(),
        to: args.to.as_deref(),
    };
    let diff = diff::compare(pair, &tables)?;
    match args.format {
        Format::Text => diff.write_text(now(), out)?,
        Format::Json => diff.write_json(out)?,
    }
    // Of what cannot be read nobody knows that it is the same.
    Ok(
        if diff.is_empty() && before.is_whole() && after.is_whole() {
            Exit::Success
        } else {
            Exit::Partial
        },
    )
}

impl Args {
    /// The later source where it is another one, and the names of tables.
    fn split(&self) -> Result<(Option<&Path>, Vec<String>), Error> {
        let names = |rest: &[OsString]| -> Vec<String> {
            let names = rest.iter().map(|name| name.to_string_lossy().into_owned());
            names.collect()
        };
        let is_table = |name: &OsString| {
            name.to_str()
                .is_some_and(|name| schema::tables::find(name).is_some())
        };
        match self.rest.split_first() {
            Some((first, rest)) if !is_table(first) => {
                Ok((Some(Path::new(first)), names(rest)))
            }
            _ if self.from.is_some() && self.to.is_some() => Ok((None, names(&self.rest))),
            _ => Err(Error::Argument(
                "diff compares two snapshots: name AFTER, or with --from and --to two of one database"
                    .to_owned(),
            )),
        }
    }
}
