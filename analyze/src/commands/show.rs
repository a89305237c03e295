//! Command `show`.

use std::io::Write;
use std::path::PathBuf;

use super::reach::{Reach, headline};
use crate::db::named;
use crate::output::{self, Format, Style};
use crate::{Error, Exit, queries, source};

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to show; without it the names are listed.
    #[arg(requires = "source")]
    pub name: Option<String>,
    /// A bundle, an extracted directory, or a database.
    pub source: Option<PathBuf>,
    /// Show only what belongs to this process.
    #[arg(long)]
    pub pid: Option<u32>,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How far it looks; the newest snapshot where none is named.
    #[command(flatten)]
    pub reach: Reach,
}

/// Runs `show`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let queries = queries::show();
    let (Some(name), Some(source)) = (&args.name, &args.source) else {
        for query in &queries {
            writeln!(out, "{:<10} {}", query.name, query.description).map_err(Error::Output)?;
        }
        return Ok(Exit::Success);
    };
    let Some(query) = queries.iter().find(|query| query.name == name) else {
        let names: Vec<&str> = queries.iter().map(|query| query.name).collect();
        return Err(Error::Argument(format!(
            "there is no {} to show; there are {}",
            schema::text::escaped(name.as_bytes()),
            names.join(", ")
        )));
    };
    if args.pid.is_some() && !query.parameters.iter().any(|name| name == "pid") {
        return Err(Error::Argument(format!(
            "show {name} does not tell processes apart: it takes no --pid"
        )));
    }
    let opened = source::open(source, &named::wanted([query.sql]))?;
    let (snapshot, database) = args.reach.narrowed(&opened)?;
    headline(&snapshot, args.format, out)?;
    let style = Style {
        format: args.format,
        null: "",
        indent: query.indent.clone(),
        layout: query.layout,
        widest: None,
    };
    let pid = args.pid.map(|pid| (":pid", i64::from(pid)));
    let mut rows = output::writer(out, &style);
    database.run(query.sql, pid.as_slice(), rows.as_mut())?;
    rows.finish()?;
    Ok(Exit::of(&opened))
}
