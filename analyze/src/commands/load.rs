//! Command `load`.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;

use super::Format;
use crate::db::load::{self, Loaded};
use crate::error::shown;
use crate::evidence::Evidence;
use crate::source::{Source, check_database};
use crate::{Error, Exit, output, tell};

/// Arguments of `load`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The database; made where it is not there yet.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// Bundles, or directories that bundles were extracted to.
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs `load`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    // All are looked at before anything is written.
    let mut opened = HashSet::new();
    for source in &args.sources {
        if opened.insert(source) {
            Source::evidence(source)?;
        }
    }
    if args.db.symlink_metadata().is_ok() {
        check_database(&args.db)?;
    }
    let mut exit = Exit::Success;
    for source in &args.sources {
        let started = Instant::now();
        let mut evidence = Source::evidence(source)?;
        let loaded = load::load(&args.db, &mut evidence)?;
        if loaded.rows.is_none() {
            let (id, source) = (loaded.snapshot_id, shown(source));
            tell(&format!("{source}: is loaded already, as snapshot {id}"));
        }
        if !loaded.whole {
            exit = Exit::Partial;
        }
        let seconds = started.elapsed().as_secs_f64();
        show(args.format, &evidence, &loaded, seconds, out)?;
    }
    Ok(exit)
}

fn show(
    format: Format,
    evidence: &Evidence,
    loaded: &Loaded,
    seconds: f64,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let header = evidence.header();
    let time = super::time(header.clocks.realtime_us);
    match format {
        Format::Text => {
            let host = header.host.hostname.as_deref().unwrap_or("(no name)");
            let host = schema::text::escaped(host.as_bytes());
            let id = loaded.snapshot_id;
            let state = if loaded.whole {
                ""
            } else {
                ", cut off or damaged"
            };
            match loaded.rows {
                Some(rows) => {
                    writeln!(
                        out,
                        "snapshot {id}: {host} {time}, {rows} rows in {seconds:.1} s{state}"
                    )
                }
                None => writeln!(out, "snapshot {id}: {host} {time}, already there"),
            }
            .map_err(Error::Output)
        }
        Format::Json => {
            let line = json!({
                "snapshot_id": loaded.snapshot_id,
                "source": shown(evidence.path()).to_string(),
                "capture_id": header.capture_id,
                "hostname": header.host.hostname,
                "time": time,
                "rows": loaded.rows,
                "already_loaded": loaded.rows.is_none(),
                "whole": loaded.whole,
                "seconds": seconds,
            });
            output::object(out, &line)?;
            writeln!(out).map_err(Error::Output)
        }
    }
}
