//! Table `log_lines`.

use std::collections::HashMap;

use schema::tables::LogLine;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{bytes, dev_kmsg, syslog};

/// A log's times may run ahead of its modification time by this much: clocks are set back, zones are wrong.
const SLACK_US: i64 = 86_400_000_000;

/// Fills `log_lines`.
#[derive(Default)]
pub(super) struct LogLines {
    /// Lines in the parts that were seen, by path.
    earlier: HashMap<Vec<u8>, u64>,
}

impl Extract for LogLines {
    const TABLE: TableDef = LogLine::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let earlier = self.earlier.entry(file.path.to_vec()).or_default();
        match file.source {
            Source::Log(_) => log(file, *earlier, facts, sink),
            Source::Device(_) => kernel(file, *earlier, facts, sink),
            // The zone, which is in the facts already.
            _ => return,
        }
        *earlier = earlier.saturating_add(
            bytes::lines(file.content)
                .last()
                .map_or(0, |(number, _)| number),
        );
    }
}

fn log<S: Sink>(file: &File<'_>, earlier: u64, facts: &Facts, sink: &mut S) {
    let written = facts
        .files
        .get(file.path)
        .and_then(|fact| fact.mtime?.checked_mul(1_000_000));
    let calendar = syslog::Calendar {
        zone: &facts.time_zone,
        latest_us: written
            .unwrap_or(facts.header.clocks.realtime_us)
            .saturating_add(SLACK_US),
    };
    for (number, text) in bytes::lines(file.content) {
        if bytes::is_blank(text) {
            continue;
        }
        let line = syslog::line(text, &calendar);
        sink.row(&LogLine {
            path: Text::from(file.path),
            line_no: earlier.saturating_add(number),
            time: line.time_us.map(whole_seconds),
            time_us: line.time_us,
            host: line.host.map(Text::from),
            program: line.program.map(Text::from),
            pid: line.pid,
            severity: line.severity,
            message: Text::from(line.message),
        });
    }
}

fn kernel<S: Sink>(file: &File<'_>, earlier: u64, facts: &Facts, sink: &mut S) {
    for record in dev_kmsg::parse(file.content).reported(file.member, sink) {
        let time_us = facts
            .boot_time_us()
            .and_then(|boot| boot.checked_add_unsigned(record.time_us));
        // What programs write to the device is tagged as in other logs.
        let (program, pid, message) = if record.facility == 0 {
            (Some(&b"kernel"[..]), None, &*record.message)
        } else {
            syslog::tagged(&record.message)
        };
        sink.row(&LogLine {
            path: Text::from(file.path),
            line_no: earlier.saturating_add(record.line),
            time: time_us.map(whole_seconds),
            time_us,
            host: None,
            program: program.map(Text::from),
            pid,
            severity: Some(record.severity),
            message: Text::from(message),
        });
    }
}

fn whole_seconds(time_us: i64) -> i64 {
    time_us.div_euclid(1_000_000)
}
