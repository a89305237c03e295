//! Command `pid`.

use std::io::Write;

use super::reach::now;
use super::sections::{self, Answer};
use crate::db::query::{Parameter, Restricted, Value};
use crate::output::Format;
use crate::queries::{self, Query};
use crate::tables::Wanted;
use crate::{Error, Exit, source};

/// The section whose rows say what could not be read.
const NOT_READ: &str = "90-not-read";

/// Arguments of `pid`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The process.
    #[arg(value_name = "N")]
    pub pid: u32,
    /// What all commands of several sections take.
    #[command(flatten)]
    pub sections: sections::Sectioned,
}

/// Runs `pid`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let pid = args.pid;
    let args = &args.sections;
    sections::check_format("pid", args.format)?;
    let opened = source::open(&args.source, &Wanted::All)?;
    let (snapshot, database) = args.reach.narrowed(&opened)?;
    let parameters = [(":pid", Parameter::Number(i64::from(pid)))];
    let process = database.collect("SELECT pid FROM processes WHERE pid = :pid", &parameters)?;
    if process.rows.is_empty() {
        return Err(missing(pid, &database)?);
    }
    let queries = queries::pid();
    let answers = queries
        .iter()
        .map(|query| sections::ask(&database, query, &parameters))
        .collect::<Result<Vec<Answer>, Error>>()?;
    let sections: Vec<(&Query, &Answer)> = queries.iter().zip(&answers).collect();
    let not_read = sections.iter().filter(|(query, _)| query.name == NOT_READ);
    let gaps: Vec<Gap> = not_read
        .flat_map(|(_, answer)| &answer.first.rows)
        .filter_map(|row| Gap::of(row))
        .collect();
    sections::begin(&snapshot, &snapshot.headline(now()), args.format, out)?;
    for (query, answer) in sections {
        let notes: Vec<String> = gaps
            .iter()
            .filter(|gap| query.reads.iter().any(|name| gap.is_of(name)))
            .map(Gap::note)
            .collect();
        let is_empty = answer.first.rows.is_empty() && notes.is_empty();
        if args.format == Format::Json || !is_empty {
            sections::section(query, answer, &notes, args.format, out)?;
        }
    }
    sections::end(args.format, out)?;
    Ok(Exit::of(&opened))
}

/// Why there is no answer, with what the snapshot knows of that number.
fn missing(pid: u32, database: &Restricted) -> Result<Error, Error> {
    let mut text = format!("the snapshot has no process {pid}");
    for query in queries::missing()
        .iter()
        .filter(|query| query.name == "pid")
    {
        let hints = database.collect(query.sql, &[(":pid", Parameter::Number(i64::from(pid)))])?;
        for hint in hints.rows.iter().filter_map(|row| row.first()) {
            text.push_str("; ");
            text.push_str(&shown(hint));
        }
    }
    Ok(Error::Argument(text))
}

/// A source that could not be read, or not wholly.
struct Gap {
    source: String,
    outcome: String,
    detail: String,
}

impl Gap {
    /// What a row of [`NOT_READ`] says. What the host does not have is no gap.
    fn of(row: &[Value<'_>]) -> Option<Gap> {
        let [source, outcome, detail] = row else {
            return None;
        };
        let gap = Gap {
            source: shown(source),
            outcome: shown(outcome),
            detail: shown(detail),
        };
        (gap.outcome != schema::Outcome::Absent.as_str()).then_some(gap)
    }

    /// Whether the source is the named file of a process, or the file of that path.
    fn is_of(&self, name: &str) -> bool {
        let below_process = schema::source::split_process(&self.source);
        self.source == name || below_process.is_some_and(|(_, rest)| rest == name)
    }

    fn note(&self) -> String {
        let Gap {
            source,
            outcome,
            detail,
        } = self;
        if detail.is_empty() {
            format!("not wholly read: {source}: {outcome}")
        } else {
            format!("not wholly read: {source}: {outcome} ({detail})")
        }
    }
}

fn shown(value: &Value<'_>) -> String {
    schema::text::escaped(value.bytes().unwrap_or_default()).to_string()
}
