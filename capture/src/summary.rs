//! The one screen at the end: where the bundle is, what is in it, what is missing and why.

use std::io::{self, Write};

use schema::text::escaped;
use serde::Serialize;

use crate::run::Captured;

/// Gaps that are listed before the rest is only counted: the screen must stay one.
const GAPS_SHOWN: usize = 12;

/// What was captured, for a script.
#[derive(Debug, Serialize)]
struct Report<'a> {
    path: Option<String>,
    size: u64,
    sha256: &'a str,
    members: u64,
    duration_ms: u64,
    complete: bool,
    incomplete_reasons: &'a [String],
    outcomes: &'a std::collections::BTreeMap<String, u64>,
    counts: &'a std::collections::BTreeMap<String, u64>,
    redactions: &'a std::collections::BTreeMap<String, u64>,
    side_effects: &'a [String],
    footprint: Option<schema::manifest::Footprint>,
}

/// Prints it for a script.
pub fn json(captured: &Captured, out: &mut dyn Write) -> io::Result<()> {
    let manifest = &captured.manifest;
    let report = Report {
        path: path(captured),
        size: captured.written.size,
        sha256: &captured.written.sha256,
        members: captured.written.members,
        duration_ms: crate::watch::milliseconds(captured.duration),
        complete: manifest.complete,
        incomplete_reasons: &manifest.incomplete_reasons,
        outcomes: &manifest.outcomes,
        counts: &manifest.counts,
        redactions: &manifest.redactions,
        side_effects: &manifest.side_effects,
        footprint: manifest.footprint,
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

/// Prints it for a person.
pub fn text(captured: &Captured, out: &mut dyn Write) -> io::Result<()> {
    let manifest = &captured.manifest;
    let written = &captured.written;
    writeln!(
        out,
        "{}",
        path(captured).unwrap_or_else(|| "standard output".to_owned())
    )?;
    writeln!(
        out,
        "  size      {} bytes ({}), {} members, in {:.1} s",
        written.size,
        indicatif::BinaryBytes(written.size),
        written.members,
        captured.duration.as_secs_f64()
    )?;
    writeln!(out, "  sha256    {}", written.sha256)?;
    writeln!(out, "  found     {}", counted(&manifest.counts))?;
    writeln!(out, "  reads     {}", counted(&manifest.outcomes))?;
    if let Some(footprint) = &manifest.footprint {
        writeln!(
            out,
            "  cost      {} ms of CPU, at most {} of memory, {} read",
            footprint.user_ms.saturating_add(footprint.system_ms),
            indicatif::BinaryBytes(footprint.peak_rss_bound_bytes),
            indicatif::BinaryBytes(footprint.bytes_read)
        )?;
    }
    let secrets: u64 = manifest.redactions.values().sum();
    if secrets > 0 {
        writeln!(out, "  redacted  {secrets} secrets")?;
    }
    for effect in &manifest.side_effects {
        writeln!(out, "  touched   {effect}")?;
    }
    if written.lost_members > 0 {
        writeln!(
            out,
            "  lost      {} members could not be written",
            written.lost_members
        )?;
    }
    if manifest.complete {
        return writeln!(out, "  complete");
    }
    for reason in manifest.incomplete_reasons.iter().take(GAPS_SHOWN) {
        writeln!(out, "  missing   {}", escaped(reason.as_bytes()))?;
    }
    let more = manifest.incomplete_reasons.len().saturating_sub(GAPS_SHOWN);
    if more > 0 {
        writeln!(
            out,
            "  missing   {more} more reasons: `analyze sql BUNDLE \"SELECT * FROM coverage\"`"
        )?;
    }
    Ok(())
}

fn path(captured: &Captured) -> Option<String> {
    let path = captured.path.as_ref()?;
    Some(escaped(path.as_os_str().as_encoded_bytes()).to_string())
}

fn counted(counts: &std::collections::BTreeMap<String, u64>) -> String {
    let counts: Vec<_> = counts
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    counts.join(", ")
}
