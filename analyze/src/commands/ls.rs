//! Command `ls`.

use std::io::Write;
use std::path::PathBuf;

use schema::bundle::Lane;
use schema::member;
use schema::source::SourceMap;
use schema::text::escaped;
use serde_json::json;

use super::Format;
use crate::source::Source;
use crate::{Error, Exit, snapshot};

/// Arguments of `ls`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle, or a directory that one was extracted to.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// How the members are shown; JSON is one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs `ls`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let mut evidence = Source::evidence(&args.bundle)?;
    let blobs = snapshot::blob_paths(&mut evidence)?;
    let sources = SourceMap::new();
    evidence.all(&mut |item| {
        let (base, _) = member::split_part(item.name);
        let path = match blobs.get(base) {
            Some(path) => Some(path.as_slice()),
            None => member::host_path(base).map(str::as_bytes),
        };
        let located = path.and_then(|path| sources.locate(path));
        let lane = located.map_or_else(
            || Lane::of_member(base, &sources),
            |located| located.source.lane(),
        );
        let (name, bytes) = (escaped(item.name.as_bytes()), item.content.len());
        let path = path.map(|path| escaped(path).to_string());
        match (args.format, path) {
            (Format::Text, Some(path)) => writeln!(out, "{bytes:>9} {lane:<7} {name}  {path}"),
            (Format::Text, None) => writeln!(out, "{bytes:>9} {lane:<7} {name}"),
            (Format::Json, path) => {
                let name = name.to_string();
                let object =
                    json!({"member": name, "bytes": bytes, "lane": lane.as_str(), "path": path});
                writeln!(out, "{object}")
            }
        }
        .map_err(Error::Output)
    })?;
    Ok(super::exit_of(&evidence))
}
