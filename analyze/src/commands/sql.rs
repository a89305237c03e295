//! Command `sql`.

use std::io::{self, Read as _, Write};
use std::path::PathBuf;

use super::reach::Reach;
use crate::db::named;
use crate::output::{self, Format, Layout, Style};
use crate::{Error, Exit, source};

/// Most bytes of a statement.
const STATEMENT_LIMIT: u64 = 1 << 20;

/// Arguments of `sql`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle, an extracted directory, or a database.
    pub source: PathBuf,
    /// One SELECT; `-` reads it from stdin. Without --snapshot it sees all snapshots of a database.
    #[arg(value_name = "SQL")]
    pub statement: String,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How far it looks.
    #[command(flatten)]
    pub reach: Reach,
}

/// Runs `sql`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let statement = if args.statement == "-" {
        let mut text = String::new();
        // One byte more: a statement that is cut may be one that nobody meant.
        io::stdin()
            .lock()
            .take(STATEMENT_LIMIT + 1)
            .read_to_string(&mut text)
            .map_err(|source| Error::io("read", "stdin", source))?;
        text
    } else {
        args.statement.clone()
    };
    if u64::try_from(statement.len()).is_ok_and(|length| length > STATEMENT_LIMIT) {
        return Err(Error::Argument(format!(
            "the statement is longer than {STATEMENT_LIMIT} bytes"
        )));
    }
    let opened = source::open(&args.source, &named::wanted([statement.as_str()]))?;
    let database = opened.connect(args.reach.limits())?;
    if let Some(wanted) = &args.reach.snapshot {
        let snapshot = database.snapshot("main", Some(wanted))?;
        database.narrow(snapshot.id)?;
        // It takes its time where there are many lines.
        if named::names_full_text(&statement) {
            database.narrow_full_text(snapshot.id)?;
        }
    }
    let database = database.lock()?;
    let style = Style {
        format: args.format,
        null: "NULL",
        indent: None,
        layout: Layout::Lines,
        widest: None,
    };
    let mut rows = output::writer(out, &style);
    database.run(&statement, &[], rows.as_mut())?;
    rows.finish()?;
    Ok(Exit::of(&opened))
}
