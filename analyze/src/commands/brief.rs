//! Command `brief`.

use std::io::Write;
use std::path::PathBuf;

use super::reach::{Reach, now};
use crate::db::query::{Restricted, Rows, Unlocked, Value};
use crate::output::{self, Format, Output, Style};
use crate::queries::{self, Query};
use crate::{Error, Exit, source};

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
    if matches!(args.format, Format::Csv | Format::Jsonl) {
        return Err(Error::Argument(
            "brief has several tables: --format is table, markdown or json".to_owned(),
        ));
    }
    let opened = source::open(&args.source)?;
    let database = Unlocked::open(opened.database())?;
    let snapshot = database.snapshot("main", args.reach.snapshot.as_deref())?;
    database.narrow(snapshot.id)?;
    let database = database.lock(args.reach.time_limit())?;
    let headline = snapshot.headline(now());
    if args.format == Format::Json {
        write(out, "{\"snapshot\":")?;
        output::object(out, &snapshot)?;
    } else {
        write(out, &format!("{}\n", for_people(args.format, &headline)))?;
    }
    for query in queries::brief() {
        section(&database, &query, args.format, out)?;
    }
    if args.format == Format::Json {
        write(out, "}\n")?;
    }
    Ok(Exit::of(&opened))
}

fn section(
    database: &Restricted,
    query: &Query,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Error> {
    // The number before the name is only the order.
    let name = query
        .name
        .split_once('-')
        .map_or(query.name, |(_, name)| name);
    match format {
        Format::Json => {
            write(out, ",\n")?;
            output::object(out, name)?;
            write(out, ":{\"title\":")?;
            output::object(out, &query.title)?;
            write(out, ",\"rows\":")?;
        }
        Format::Markdown => write(out, &format!("\n## {}\n\n", query.title))?,
        _ => write(out, &format!("\n{}\n", query.title))?,
    }
    let style = Style {
        format,
        null: "",
        terminal: true,
        indent: query.indent.clone(),
    };
    let mut bounded = Bounded {
        inner: output::writer(out, &style),
        left: query.rows.unwrap_or(usize::MAX),
        more: 0,
    };
    database.run(query.sql, &[], &mut bounded)?;
    bounded.inner.finish()?;
    let more = bounded.more;
    drop(bounded);
    match format {
        Format::Json => write(out, &format!(",\"more\":{more}}}")),
        _ if more > 0 => write(out, &for_people(format, &format!("\n... {more} more\n"))),
        _ => Ok(()),
    }
}

/// Passes the first rows on and counts the others.
struct Bounded<'w> {
    inner: Box<dyn Output + 'w>,
    left: usize,
    more: u64,
}

impl Rows for Bounded<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        self.inner.columns(names)
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            self.inner.row(values)
        } else {
            self.more += 1;
            Ok(())
        }
    }
}

fn for_people(format: Format, text: &str) -> String {
    if format == Format::Markdown {
        output::markdown(text)
    } else {
        text.trim_start_matches('\n').to_owned()
    }
}

fn write(out: &mut dyn Write, text: &str) -> Result<(), Error> {
    out.write_all(text.as_bytes()).map_err(Error::Output)
}
