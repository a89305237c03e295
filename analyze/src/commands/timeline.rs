//! Command `timeline`.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::Format;
use super::diff::{What, wanted};
use crate::db::query::{Snapshot, Unlocked};
use crate::diff::{self, Diff, Side, Sides};
use crate::{Error, Exit, output, source};

/// Arguments of `timeline`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A database with several snapshots of a host.
    pub source: PathBuf,
    /// The host, where the database holds several.
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// What counts as a difference.
    #[command(flatten)]
    pub what: What,
}

/// What a host went through: its first snapshot, then what differs in each from the one before it.
#[derive(Serialize)]
struct Timeline {
    first: Snapshot,
    steps: Vec<Diff>,
}

/// Runs `timeline`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let opened = source::open(&args.source, &wanted())?;
    let limits = args.what.limits();
    let scope = args.what.scope(&[])?;
    let snapshots = Unlocked::open(opened.database(), limits)?.snapshots()?;
    let mut snapshots = of_one_host(snapshots, args.host.as_deref())?.into_iter();
    let Some(first) = snapshots.next() else {
        return Err(Error::Argument("the database holds no snapshot".to_owned()));
    };
    let mut timeline = Timeline {
        first: first.clone(),
        steps: Vec::new(),
    };
    let mut before = first;
    for after in snapshots {
        let open = |snapshot: &Snapshot| {
            Side::open(opened.database(), Some(&snapshot.id.to_string()), limits)
        };
        let sides = Sides([open(&before)?, open(&after)?]);
        timeline.steps.push(diff::compare(sides, &scope)?);
        before = after;
    }
    opened.forget();
    match args.format {
        Format::Text => timeline.write_text(out)?,
        Format::Json => {
            output::object(out, &timeline)?;
            out.write_all(b"\n").map_err(Error::Output)?;
        }
    }
    Ok(
        if timeline.steps.iter().all(Diff::is_empty) && opened.is_whole() {
            Exit::Success
        } else {
            Exit::Partial
        },
    )
}

/// The snapshots of the host that is meant: of the only one, where none is named.
fn of_one_host(snapshots: Vec<Snapshot>, wanted: Option<&str>) -> Result<Vec<Snapshot>, Error> {
    let name = |snapshot: &Snapshot| snapshot.host.clone().unwrap_or_default();
    let mut hosts: Vec<String> = snapshots.iter().map(name).collect();
    hosts.sort();
    hosts.dedup();
    let host = match (wanted, hosts.as_slice()) {
        (Some(wanted), _) if hosts.iter().any(|host| host == wanted) => wanted.to_owned(),
        (Some(wanted), _) => {
            return Err(Error::Argument(format!(
                "no snapshot is of a host {}; there are {}",
                schema::text::escaped(wanted.as_bytes()),
                hosts.join(", ")
            )));
        }
        (None, [] | [_]) => return Ok(snapshots),
        (None, several) => {
            return Err(Error::Argument(format!(
                "the database holds several hosts: {}; name one with --host",
                several.join(", ")
            )));
        }
    };
    let of_host = snapshots
        .into_iter()
        .filter(|snapshot| name(snapshot) == host);
    Ok(of_host.collect())
}

impl Timeline {
    fn write_text(&self, out: &mut dyn Write) -> Result<(), Error> {
        let mut write = |text: String| out.write_all(text.as_bytes()).map_err(Error::Output);
        write(format!("{}\n", self.first.moment()))?;
        for step in &self.steps {
            write(format!("\n{}  {}\n", step.after.moment(), step.verdict()))?;
            let mut lines = Vec::new();
            step.write_groups(&mut lines)?;
            for line in String::from_utf8_lossy(&lines)
                .lines()
                .filter(|line| !line.is_empty())
            {
                write(format!("  {line}\n"))?;
            }
        }
        Ok(())
    }
}
