//! Command `verify`.

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::json;

use super::Format;
use crate::error::shown;
use crate::evidence::{Evidence, Problem, Totals};
use crate::source::Source;
use crate::{Error, Exit, output};

/// Most problems that are shown to people; programs get all.
const SHOWN_PROBLEMS: usize = 50;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle, or a directory that one was extracted to.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs `verify`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let mut evidence = Source::evidence(&args.bundle)?;
    evidence.check_index();
    let totals = evidence.all(&mut |_| Ok(()))?;
    let problems = evidence.problems();
    match args.format {
        Format::Text => show_text(&evidence, totals, &problems, out).map_err(Error::Output),
        Format::Json => show_json(&evidence, totals, &problems, out),
    }?;
    // The report has said why already.
    Ok(if evidence.is_whole() {
        Exit::Success
    } else {
        Exit::Partial
    })
}

fn verdict(evidence: &Evidence) -> &'static str {
    if evidence.is_whole() {
        "whole"
    } else if evidence.is_cut_off() {
        "cut off"
    } else {
        "damaged"
    }
}

fn show_text(
    evidence: &Evidence,
    totals: Totals,
    problems: &[Problem],
    out: &mut dyn Write,
) -> io::Result<()> {
    let escaped = |text: &str| schema::text::escaped(text.as_bytes()).to_string();
    let header = evidence.header();
    writeln!(out, "{}", shown(evidence.path()))?;
    writeln!(
        out,
        "  capture {} of {} at {}",
        escaped(&header.capture_id),
        escaped(header.host.hostname.as_deref().unwrap_or("(no name)")),
        super::time(header.clocks.realtime_us),
    )?;
    for problem in problems.iter().take(SHOWN_PROBLEMS) {
        writeln!(out, "  {problem}")?;
    }
    let more = problems.len().saturating_sub(SHOWN_PROBLEMS);
    if more > 0 {
        writeln!(
            out,
            "  and {more} more problems (--format json has them all)"
        )?;
    }
    if let Some((readable, all)) = evidence.readable_frames() {
        write!(out, "  {readable} of {all} frames, ")?;
    } else {
        write!(out, "  ")?;
    }
    writeln!(
        out,
        "{} members, {} bytes can be read",
        totals.members, totals.bytes
    )?;
    match evidence.manifest() {
        Some(manifest) if manifest.complete => {
            writeln!(out, "  the capture missed nothing")?;
        }
        Some(manifest) => {
            let reasons = escaped(&manifest.incomplete_reasons.join("; "));
            writeln!(out, "  the capture is incomplete: {reasons}")?;
        }
        None => writeln!(out, "  the capture did not reach its end")?,
    }
    writeln!(out, "{}", verdict(evidence))
}

fn show_json(
    evidence: &Evidence,
    totals: Totals,
    problems: &[Problem],
    out: &mut dyn Write,
) -> Result<(), Error> {
    let header = evidence.header();
    let manifest = evidence.manifest();
    let problems: Vec<_> = problems
        .iter()
        .map(|problem| json!({"place": problem.place, "reason": problem.reason}))
        .collect();
    let frames = evidence.readable_frames();
    let result = json!({
        "source": shown(evidence.path()).to_string(),
        "verdict": verdict(evidence),
        "whole": evidence.is_whole(),
        "capture_id": header.capture_id,
        "hostname": header.host.hostname,
        "time": super::time(header.clocks.realtime_us),
        "frames": frames.map(|(_, all)| all),
        "readable_frames": frames.map(|(readable, _)| readable),
        "members": totals.members,
        "bytes": totals.bytes,
        "complete": manifest.map(|manifest| manifest.complete),
        "incomplete_reasons": manifest.map(|manifest| &manifest.incomplete_reasons),
        "problems": problems,
    });
    output::pretty(out, &result)
}
