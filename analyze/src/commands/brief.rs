//! Command `brief`.

use std::io::Write;

use super::reach::now;
use super::sections;
use crate::db::named;
use crate::{Error, Exit, queries, source};

pub use super::sections::Sectioned as Args;

/// Runs `brief`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    sections::check_format("brief", args.format)?;
    let queries = queries::brief();
    let wanted = named::wanted(queries.iter().map(|query| query.sql));
    let opened = source::open(&args.source, &wanted)?;
    let (snapshot, database) = args.reach.narrowed(&opened)?;
    sections::begin(&snapshot, &snapshot.headline(now()), args.format, out)?;
    for query in &queries {
        let answer = sections::ask(&database, query, &[])?;
        sections::section(query, &answer, &[], args.format, out)?;
    }
    sections::end(args.format, out)?;
    Ok(Exit::of(&opened))
}
