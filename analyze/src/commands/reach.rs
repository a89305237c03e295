//! What the asking commands have in common: how far they look, and how long.

use std::io::{IsTerminal as _, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::db::query::{Restricted, Snapshot, Unlocked};
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
}

impl Reach {
    /// The time a query may take.
    pub(super) fn time_limit(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// The one snapshot that is meant, the newest where none is named, and a connection on which all tables and views
    /// mean it.
    pub(super) fn narrowed(&self, opened: &Opened) -> Result<(Snapshot, Restricted), Error> {
        let database = Unlocked::open(opened.database())?;
        let snapshot = database.snapshot("main", self.snapshot.as_deref())?;
        database.narrow(snapshot.id)?;
        Ok((snapshot, database.lock(self.time_limit())?))
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

/// Whether somebody looks at the results directly.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}
