//! Command `diff`.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use super::reach::now;
use crate::db::query::{Limits, MEMORY_MIB};
use crate::diff::classes::Classes;
use crate::diff::{self, Scope, Side, Sides};
use crate::tables::Wanted;
use crate::{Error, Exit, source};

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle, an extracted directory, or a database: the earlier snapshot.
    pub before: PathBuf,
    /// The later one. With --from and --to it may be left out: both are in one database.
    #[arg(required_unless_present_all = ["from", "to"])]
    pub after: Option<PathBuf>,
    /// Number or label of the earlier snapshot, where BEFORE holds several.
    #[arg(long, value_name = "N|LABEL")]
    pub from: Option<String>,
    /// Number or label of the later snapshot, where AFTER holds several.
    #[arg(long, value_name = "N|LABEL")]
    pub to: Option<String>,
    /// How differences are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Compare only this table, row by row; may be given several times.
    #[arg(long, value_name = "TABLE")]
    pub table: Vec<String>,
    /// What counts as a difference.
    #[command(flatten)]
    pub what: What,
}

/// What counts as a difference, and what finding them may cost.
#[derive(Debug, clap::Args)]
pub struct What {
    /// Tell only what differs in services whose name has this in it.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Compare all columns of all tables, those too that count up or change by themselves.
    #[arg(long)]
    pub all_columns: bool,
    /// A file of what is no difference to you, a line each: TABLE[.COLUMN] [KEY=PATTERN]... [state|counter|volatile].
    #[arg(long, value_name = "FILE")]
    pub ignore: Vec<PathBuf>,
    /// End the comparison of a table after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub timeout: u64,
    /// End the comparison of a table that needs so much memory.
    #[arg(long, value_name = "MIB", default_value_t = MEMORY_MIB, value_parser = clap::value_parser!(u32).range(1..))]
    pub memory: u32,
}

impl What {
    /// What is compared: these tables, or services and what belongs to none.
    pub(super) fn scope<'a>(&'a self, tables: &'a [String]) -> Result<Scope<'a>, Error> {
        let mut classes = if self.all_columns {
            Classes::everything()
        } else {
            Classes::default()
        };
        for path in &self.ignore {
            classes.read(&text(path)?)?;
        }
        Ok(Scope {
            tables,
            service: self.service.as_deref(),
            classes,
        })
    }

    /// What a comparison may cost.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            time: Duration::from_secs(self.timeout),
            memory_mib: self.memory,
        }
    }
}

/// How differences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; schema/diff.schema.json describes it.
    Json,
    /// For a ticket.
    Markdown,
    /// A page of its own.
    Html,
}

/// All tables, without the full text of logs.
pub(super) fn wanted() -> Wanted {
    Wanted::Only(
        schema::tables::TABLES
            .iter()
            .map(|table| table.name)
            .collect(),
    )
}

/// Most bytes of a file of what is no difference.
const IGNORE_LIMIT: u64 = 1 << 20;

/// Runs `diff`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let scope = args.what.scope(&args.table)?;
    let limits = args.what.limits();
    let before = source::open(&args.before, &wanted())?;
    let opened = match &args.after {
        Some(after) => Some(source::open(after, &wanted())?),
        None => None,
    };
    let after = opened.as_ref().unwrap_or(&before);
    let earlier = Side::open(before.database(), args.from.as_deref(), limits)?;
    let later = Side::open(after.database(), args.to.as_deref(), limits)?;
    before.forget();
    after.forget();
    let diff = diff::compare(Sides([earlier, later]), &scope)?;
    match args.format {
        Format::Text => diff.write_text(now(), out)?,
        Format::Json => diff.write_json(out)?,
        Format::Markdown => diff.write_markdown(now(), out)?,
        Format::Html => diff.write_html(now(), out)?,
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

fn text(path: &std::path::Path) -> Result<String, Error> {
    use std::io::Read as _;

    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(IGNORE_LIMIT).read_to_string(&mut text))
        .map_err(|error| Error::io("read", path, error))?;
    Ok(text)
}
