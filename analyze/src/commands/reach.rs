//! What the asking commands have in common: how far they look, and how long.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::db::query::{Limits, MEMORY_MIB, Restricted, Snapshot};
use crate::output::{self, Format};
use crate::source::Opened;
use crate::{Error, tell};

/// Options of every command that asks a database.
#[derive(Debug, clap::Args)]
pub struct Reach {
    /// Ask only the snapshot of this number or label. Without it `sql` asks all snapshots of a database, every other command
    /// the newest.
    #[arg(long, value_name = "N|LABEL")]
    pub snapshot: Option<String>,
    /// End a query after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub timeout: u64,
    /// End a query that needs so much memory.
    #[arg(long, value_name = "MIB", default_value_t = MEMORY_MIB, value_parser = clap::value_parser!(u32).range(1..))]
    pub memory: u32,
}

impl Reach {
    /// What a query may cost.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            time: Duration::from_secs(self.timeout),
            memory_mib: self.memory,
        }
    }

    /// The one snapshot that is meant, the newest where none is named, and a connection on which all tables and views
    /// mean it.
    pub(super) fn narrowed(&self, opened: &Opened) -> Result<(Snapshot, Restricted), Error> {
        let database = opened.connect(self.limits())?;
        let snapshot = database.snapshot("main", self.snapshot.as_deref())?;
        database.narrow(snapshot.id)?;
        Ok((snapshot, database.lock()?))
    }
}

/// Writes the first line of an answer of one table: above it for people, and where programs read on, apart from it.
pub(super) fn headline(
    snapshot: &Snapshot,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let headline = snapshot.headline(now());
    match format {
        Format::Table => writeln!(out, "{headline}").map_err(Error::Output),
        Format::Markdown => {
            writeln!(out, "{}\n", output::markdown(&headline)).map_err(Error::Output)
        }
        Format::Csv | Format::Json | Format::Jsonl => {
            tell(&headline);
            Ok(())
        }
    }
}

/// The analyst's clock, epoch seconds: only the age in the first line of an answer comes from it.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}
