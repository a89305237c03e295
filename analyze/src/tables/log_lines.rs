//! Table `log_lines`.

use std::collections::HashMap;

use schema::tables::LogLine;
use schema::{Row, Source, TableDef, Text, rotated};

use super::journal::{self, Entries};
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::log_line::{self, Entry};
use crate::parse::log_time::Calendar;
use crate::parse::{bytes, dev_kmsg, syslog};

/// A log's times may run ahead of its modification time by this much: clocks are set back, zones are wrong.
const SLACK_US: i64 = 86_400_000_000;

/// Fills `log_lines`.
#[derive(Default)]
pub(super) struct LogLines {
    progress: Progress,
    journal: Entries,
}

/// How far logs were read, by path: a log may come in parts.
#[derive(Default)]
pub(super) struct Progress(HashMap<Vec<u8>, Reached>);

/// How far a log was read.
#[derive(Default)]
struct Reached {
    lines: u64,
    /// Time of its last line.
    time_us: Option<i64>,
}

impl Extract for LogLines {
    const TABLE: TableDef = LogLine::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        match file.source {
            Source::Log(_) | Source::FoundLog => {
                self.progress.lines(file, facts, &mut |line_no, line| {
                    sink.row(&LogLine {
                        path: Text::from(file.path),
                        line_no,
                        time: line.time_us.map(whole_seconds),
                        time_us: line.time_us,
                        host: line.host.as_deref().map(Text::from),
                        program: line.program.as_deref().map(Text::from),
                        pid: line.pid,
                        severity: line.severity,
                        message: Text::from(&*line.message),
                    });
                });
            }
            Source::Device(_) => self.kernel(file, facts, sink),
            Source::Journal => self.journal(file, facts, sink),
            // The zone, which is in the facts already.
            _ => {}
        }
    }
}

impl Progress {
    /// Hands over the lines of a log, or of a part of one, that are not blank. A line that goes on in the next ones, as with the
    /// calls of a stack trace, is one with them.
    pub(super) fn lines(
        &mut self,
        file: &File<'_>,
        facts: &Facts,
        take: &mut dyn FnMut(u64, &Entry<'_>),
    ) {
        let reached = self.0.entry(file.path.to_vec()).or_default();
        let mut calendar = calendar(file, facts);
        calendar.after_us = reached.time_us;
        let mut last = 0;
        let mut pending: Option<(u64, Entry<'_>)> = None;
        for (number, text) in bytes::lines(file.content) {
            last = number;
            if bytes::is_blank(text) {
                continue;
            }
            let line = log_line::entry(text, &calendar);
            calendar.after_us = line.time_us.or(calendar.after_us);
            if bytes::is_blank(&line.message) {
                continue;
            }
            match &mut pending {
                Some((_, entry)) if entry.goes_on_in(&line) => {
                    entry.join(&line, &calendar);
                }
                pending => {
                    let next = (reached.lines.saturating_add(number), line);
                    if let Some((line_no, entry)) = pending.replace(next) {
                        take(line_no, &entry);
                    }
                }
            }
        }
        if let Some((line_no, entry)) = pending {
            take(line_no, &entry);
        }
        reached.lines = reached.lines.saturating_add(last);
        reached.time_us = calendar.after_us;
    }
}

impl LogLines {
    /// Entries of the journal; what is torn is reported by its own table.
    fn journal<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let calendar = calendar(file, facts);
        let _ = self.journal.each(file, &mut |line_no, entry| {
            let Some(message) = entry.get("MESSAGE") else {
                return;
            };
            let time_us = journal::time_us(entry);
            let field = |name: &str| entry.get(name).map(Text::from);
            let is_kernel = entry.get("_TRANSPORT") == Some(b"kernel");
            let program = field("SYSLOG_IDENTIFIER").or_else(|| field("_COMM"));
            // Programs that write to their output have its level for all lines, whatever they say.
            let is_output = entry.get("_TRANSPORT") == Some(b"stdout");
            let said = is_output
                .then(|| log_line::inner(message, &calendar).severity)
                .flatten();
            sink.row(&LogLine {
                path: Text::from(file.path),
                line_no,
                time: time_us.map(whole_seconds),
                time_us,
                host: field("_HOSTNAME"),
                program: if is_kernel {
                    Some(Text::from("kernel"))
                } else {
                    program
                },
                pid: entry.number("_PID").or_else(|| entry.number("SYSLOG_PID")),
                severity: said.or_else(|| entry.number("PRIORITY")),
                message: Text::from(message),
            });
        });
    }

    fn kernel<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let reached = self.progress.0.entry(file.path.to_vec()).or_default();
        for record in dev_kmsg::parse(file.content).reported(file.member, sink) {
            let time_us = since_boot(record.time_us, facts);
            // What programs write to the device is tagged as in other logs.
            let (program, pid, message) = if record.facility == 0 {
                (Some(&b"kernel"[..]), None, &*record.message)
            } else {
                syslog::tagged(&record.message)
            };
            sink.row(&LogLine {
                path: Text::from(file.path),
                line_no: reached.lines.saturating_add(record.line),
                time: time_us.map(whole_seconds),
                time_us,
                host: None,
                program: program.map(Text::from),
                pid,
                severity: Some(record.severity),
                message: Text::from(message),
            });
        }
        let lines = bytes::lines(file.content).last();
        reached.lines = reached
            .lines
            .saturating_add(lines.map_or(0, |(number, _)| number));
    }
}

/// When a record of the kernel's log was written, microseconds since 1970.
pub(super) fn since_boot(time_us: u64, facts: &Facts) -> Option<i64> {
    facts.boot_time_us()?.checked_add_unsigned(time_us)
}

pub(super) fn whole_seconds(time_us: i64) -> i64 {
    time_us.div_euclid(1_000_000)
}

fn calendar<'a>(file: &File<'_>, facts: &'a Facts) -> Calendar<'a> {
    let mtime_us = facts
        .files
        .get(file.path)
        .and_then(|fact| fact.mtime?.checked_mul(1_000_000));
    let latest_us = mtime_us.unwrap_or(facts.header.clocks.realtime_us);
    let is_rotated = match file.source {
        Source::Log(log) => {
            std::str::from_utf8(file.path).is_ok_and(|path| rotated::sibling(log, path).is_some())
        }
        _ => facts.found_logs.get(file.path).copied().unwrap_or(false),
    };
    // A file of an earlier boot counts from that one.
    let boot_us = facts
        .boot_time_us()
        .filter(|boot| !is_rotated && latest_us >= *boot);
    Calendar {
        zone: &facts.time_zone,
        latest_us: latest_us.saturating_add(SLACK_US),
        after_us: None,
        boot_us,
    }
}
