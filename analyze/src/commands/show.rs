//! Command `show`.

use std::io::Write;
use std::path::PathBuf;

use super::grep::moment;
use super::reach::{Reach, headline};
use crate::db::named;
use crate::db::query::Parameter;
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
    /// Show only what belongs to this service: a container by its name or the beginning of its id, a unit of systemd, or a program.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Only from this time on: epoch seconds, or ISO 8601, UTC where it has no zone.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<i64>,
    /// Only before this time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<i64>,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How far it looks; the newest snapshot where none is named.
    #[command(flatten)]
    pub reach: Reach,
}

impl Args {
    /// The parameters that have a value.
    fn parameters(&self) -> Vec<(&'static str, Parameter<'_>)> {
        let number = |value: Option<i64>| value.map(Parameter::Number);
        let service = self.service.as_deref().map(Parameter::Text);
        [
            (":pid", number(self.pid.map(i64::from))),
            (":service", service),
            (":since", number(self.since)),
            (":until", number(self.until)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
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
    let parameters = args.parameters();
    for (parameter, _) in &parameters {
        let option = parameter.trim_start_matches(':');
        if !query.parameters.iter().any(|known| known == option) {
            return Err(Error::Argument(format!("show {name} takes no --{option}")));
        }
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
    let mut rows = output::writer(out, &style);
    database.run(query.sql, &parameters, rows.as_mut())?;
    rows.finish()?;
    Ok(Exit::of(&opened))
}
