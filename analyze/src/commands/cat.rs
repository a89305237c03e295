//! Command `cat`.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use schema::member;
use schema::text::escaped;

use crate::evidence::Evidence;
use crate::source::Source;
use crate::{Error, Exit, snapshot};

/// Arguments of `cat`.
///
/// On a terminal control characters are shown, as in `\\x1b`, and do not act; a file or a pipe gets the bytes as they are.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle, or a directory that one was extracted to.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// A path on the host, as `/proc/1/status`, or the name of a member, as `root/proc/1/status`.
    #[arg(value_name = "PATH")]
    path: OsString,
}

/// Runs `cat`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let mut evidence = Source::evidence(&args.bundle)?;
    let wanted = args.path.as_encoded_bytes();
    let absent = |whole: bool| {
        let reason = if whole {
            format!("has no file and no member {}", escaped(wanted))
        } else {
            format!(
                "{} cannot be found: it is cut off or damaged",
                escaped(wanted)
            )
        };
        Error::Input {
            path: args.bundle.clone(),
            reason,
        }
    };
    let found = if wanted.starts_with(b"/") {
        let parts = match member::of_path(wanted) {
            Some(name) => write_parts(&mut evidence, &name, out)?,
            None => 0,
        };
        // Its path may not be a member's name: then the outcomes of the reads know where it is.
        let mut blobs = snapshot::blob_paths(&mut evidence)?.into_iter();
        match blobs.find(|(_, path)| parts == 0 && path == wanted) {
            Some((blob, _)) => write_parts(&mut evidence, &blob, out)?,
            None => parts,
        }
    } else {
        let name = std::str::from_utf8(wanted).map_err(|_| absent(true))?;
        write_member(&mut evidence, name, out)?
    };
    if found == 0 {
        return Err(absent(evidence.is_whole()));
    }
    Ok(super::exit_of(&evidence))
}

/// Writes a content with all its parts, in their order; returns how many there are.
fn write_parts(evidence: &mut Evidence, name: &str, out: &mut dyn Write) -> Result<u32, Error> {
    let mut next = 0_u32;
    // The writer wrote one part after the other, and a directory sorts them.
    evidence.some(&|found| member::split_part(found).0 == name, &mut |item| {
        let part = member::split_part(item.name).1;
        if part != next {
            return Err(Error::Argument(format!(
                "part {next} of {} is missing",
                escaped(name.as_bytes())
            )));
        }
        next = next.saturating_add(1);
        write(item.content, out)
    })?;
    Ok(next)
}

fn write_member(evidence: &mut Evidence, name: &str, out: &mut dyn Write) -> Result<u32, Error> {
    let mut count = 0_u32;
    evidence.some(&|found| found == name, &mut |item| {
        count = count.saturating_add(1);
        write(item.content, out)
    })?;
    Ok(count)
}

fn write(content: &[u8], out: &mut dyn Write) -> Result<(), Error> {
    if io::stdout().is_terminal() {
        let shown = schema::text::escaped_lines(content);
        return out.write_all(shown.as_bytes()).map_err(Error::Output);
    }
    out.write_all(content).map_err(Error::Output)
}
