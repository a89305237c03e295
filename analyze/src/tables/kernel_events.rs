//! Table `kernel_events`: one row for an event that several logs tell of.

use std::collections::{BTreeSet, HashMap};

use schema::tables::KernelEvent;
use schema::{Row, TableDef, Text};

use super::kernel_lines::{KernelLines, Place};
use super::log_lines::whole_seconds;
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{Issue, kernel_event};

/// Events that are kept: a disk that dies complains of each of its sectors.
const EVENT_LIMIT: usize = 200_000;
/// Daemons may give the time of one line this much apart.
const WRITERS_US: i64 = 2_000_000;
/// The same stamp in two boots, at least so far apart, is of two events.
const BOOTS_US: i64 = 86_400_000_000;
/// Events with the same message that a line is compared with.
const NEIGHBOURS: usize = 16;

/// Fills `kernel_events`.
#[derive(Default)]
pub(super) struct Events {
    lines: KernelLines,
    found: HashMap<Vec<u8>, Vec<Found>>,
    count: usize,
    is_over: bool,
}

/// An event, as the logs that were read so far tell it.
struct Found {
    time_us: Option<i64>,
    stamp_us: Option<u64>,
    path: Vec<u8>,
    line_no: u64,
    paths: BTreeSet<Vec<u8>>,
}

impl Found {
    /// Whether a line of another log tells of the same.
    fn is_same(&self, path: &[u8], place: &Place) -> bool {
        if self.paths.contains(path) {
            return false;
        }
        let apart = match (self.time_us, place.time_us) {
            (Some(one), Some(other)) => Some(one.abs_diff(other)),
            _ => None,
        };
        let within = |most: i64| apart.is_some_and(|apart| apart <= most.unsigned_abs());
        match (self.stamp_us, place.stamp_us) {
            (Some(one), Some(other)) => one == other && (apart.is_none() || within(BOOTS_US)),
            _ => within(WRITERS_US),
        }
    }
}

impl Extract for Events {
    const TABLE: TableDef = KernelEvent::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, _sink: &mut S) {
        let Events {
            lines,
            found,
            count,
            is_over,
        } = self;
        lines.each(file, facts, &mut |message, place| {
            if kernel_event::line(message).is_none() {
                return;
            }
            if *count >= EVENT_LIMIT {
                *is_over = true;
                return;
            }
            let same = found.entry(message.to_vec()).or_default();
            let known = same
                .iter_mut()
                .rev()
                .take(NEIGHBOURS)
                .find(|known| known.is_same(file.path, place));
            if let Some(known) = known {
                known.paths.insert(file.path.to_vec());
                let is_exact =
                    |time_us: Option<i64>| time_us.is_some_and(|us| us.rem_euclid(1_000_000) != 0);
                if known.time_us.is_none() || (is_exact(place.time_us) && !is_exact(known.time_us))
                {
                    known.time_us = place.time_us;
                    known.path = file.path.to_vec();
                    known.line_no = place.line_no;
                }
                known.stamp_us = known.stamp_us.or(place.stamp_us);
                return;
            }
            *count = count.saturating_add(1);
            same.push(Found {
                time_us: place.time_us,
                stamp_us: place.stamp_us,
                path: file.path.to_vec(),
                line_no: place.line_no,
                paths: BTreeSet::from([file.path.to_vec()]),
            });
        });
    }

    fn finish<S: Sink>(&mut self, _facts: &Facts, sink: &mut S) {
        if self.is_over {
            let reason = format!("at most {EVENT_LIMIT} events; there are more");
            sink.issue("kernel_events", Issue::whole(reason, b""));
        }
        let mut events: Vec<(&Vec<u8>, &Found)> = self
            .found
            .iter()
            .flat_map(|(message, found)| found.iter().map(move |found| (message, found)))
            .collect();
        events
            .sort_by_key(|(message, found)| (found.time_us, *message, &found.path, found.line_no));
        for (message, found) in events {
            let Some(event) = kernel_event::line(message) else {
                continue;
            };
            sink.row(&KernelEvent {
                time: found.time_us.map(whole_seconds),
                time_us: found.time_us,
                kind: Text::from(event.kind),
                subject: event.subject.map(Text::from),
                pid: event.pid,
                process_name: event.name.map(Text::from),
                message: Text::from(message.as_slice()),
                path: Text::from(found.path.as_slice()),
                line_no: found.line_no,
                logs: u32::try_from(found.paths.len()).unwrap_or(u32::MAX),
            });
        }
    }
}
