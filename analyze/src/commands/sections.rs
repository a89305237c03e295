//! What the commands of several sections have in common: each section is a query that comes with the program.

use std::io::Write;
use std::path::PathBuf;

use super::reach::Reach;
use crate::Error;
use crate::db::query::{Collected, Parameter, Restricted, Rows, Snapshot, Value};
use crate::output::{self, Format, Style};
use crate::queries::Query;

/// Most columns of a terminal that a value takes: two lines of a wide one.
const WIDEST_VALUE: usize = 200;

/// Arguments of every command of several sections.
#[derive(Debug, clap::Args)]
pub struct Sectioned {
    /// A bundle, an extracted directory, or a database.
    pub source: PathBuf,
    /// How it is written: table, markdown, or json, an object of sections.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How far it looks; the newest snapshot where none is named.
    #[command(flatten)]
    pub reach: Reach,
}

/// The first rows of an answer, and how many follow them.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) first: Collected,
    left: usize,
    more: u64,
}

impl Rows for Answer {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        self.first.columns(names)
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            self.first.row(values)
        } else {
            self.more += 1;
            Ok(())
        }
    }
}

/// The answer to a section's query.
pub(super) fn ask(
    database: &Restricted,
    query: &Query,
    parameters: &[(&str, Parameter<'_>)],
) -> Result<Answer, Error> {
    let mut answer = Answer {
        left: query.rows.unwrap_or(usize::MAX),
        ..Answer::default()
    };
    database.run(query.sql, parameters, &mut answer)?;
    Ok(answer)
}

/// Refuses the formats that can hold one table only.
pub(super) fn check_format(command: &str, format: Format) -> Result<(), Error> {
    if matches!(format, Format::Csv | Format::Jsonl) {
        return Err(Error::Argument(format!(
            "{command} has several tables: --format is table, markdown or json"
        )));
    }
    Ok(())
}

/// Writes what stands before the first section.
pub(super) fn begin(
    snapshot: &Snapshot,
    headline: &str,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Error> {
    if format == Format::Json {
        write(out, "{\"snapshot\":")?;
        output::object(out, snapshot)
    } else {
        write(out, &format!("{}\n", for_people(format, headline)))
    }
}

/// Writes a section: its rows, then notes on what could not be looked at.
pub(super) fn section(
    query: &Query,
    answer: &Answer,
    notes: &[String],
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
        indent: query.indent.clone(),
        layout: query.layout,
        widest: Some(WIDEST_VALUE),
    };
    // A heading without rows is worth its line only where nothing else is said.
    if format == Format::Json || !answer.first.rows.is_empty() || notes.is_empty() {
        let mut rows = output::writer(out, &style);
        rows.columns(&answer.first.names)?;
        for row in &answer.first.rows {
            rows.row(row)?;
        }
        rows.finish()?;
    }
    if format == Format::Json {
        write(out, &format!(",\"more\":{}", answer.more))?;
        if !notes.is_empty() {
            write(out, ",\"notes\":")?;
            output::object(out, notes)?;
        }
        return write(out, "}");
    }
    if answer.more > 0 {
        line(out, format, &format!("... {} more", answer.more))?;
    }
    notes.iter().try_for_each(|note| line(out, format, note))
}

/// Writes what stands behind the last section.
pub(super) fn end(format: Format, out: &mut dyn Write) -> Result<(), Error> {
    if format == Format::Json {
        write(out, "}\n")
    } else {
        Ok(())
    }
}

/// A line below a table; in Markdown an empty one before it ends the table.
fn line(out: &mut dyn Write, format: Format, text: &str) -> Result<(), Error> {
    let before = if format == Format::Markdown { "\n" } else { "" };
    write(out, &format!("{before}{}\n", for_people(format, text)))
}

fn for_people(format: Format, text: &str) -> String {
    if format == Format::Markdown {
        output::markdown(text)
    } else {
        text.to_owned()
    }
}

fn write(out: &mut dyn Write, text: &str) -> Result<(), Error> {
    out.write_all(text.as_bytes()).map_err(Error::Output)
}
