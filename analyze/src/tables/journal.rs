//! Table `journal`.

use std::collections::HashMap;

use schema::tables::JournalEntry;
use schema::{Row, TableDef, Text};

use super::log_lines::whole_seconds;
use super::members::text;
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::Issue;
use crate::parse::container;
use crate::parse::journal_export::{self, Entry, Next};

/// Fields that have a column.
const COLUMNS: [&str; 20] = [
    "__REALTIME_TIMESTAMP",
    "__MONOTONIC_TIMESTAMP",
    "__SEQNUM",
    "_BOOT_ID",
    "_HOSTNAME",
    "SYSLOG_IDENTIFIER",
    "_PID",
    "_UID",
    "_COMM",
    "_EXE",
    "_SYSTEMD_UNIT",
    "UNIT",
    "_SYSTEMD_CGROUP",
    "CONTAINER_ID_FULL",
    "_TRANSPORT",
    "PRIORITY",
    "MESSAGE_ID",
    "MESSAGE",
    // What the others say already.
    "__CURSOR",
    "_MACHINE_ID",
];

/// Fills `journal`.
#[derive(Default)]
pub(super) struct Journal {
    entries: Entries,
}

/// Entries of files whose parts are cut anywhere.
#[derive(Default)]
pub(super) struct Entries(HashMap<Vec<u8>, Begun>);

/// What is known of a file.
#[derive(Default)]
struct Begun {
    /// The beginning of an entry whose end is in the next part.
    rest: Vec<u8>,
    count: u64,
    member: String,
}

impl Entries {
    /// Hands over the entries of a file, or of a part of one, with their numbers; returns what was not understood.
    pub(super) fn each(
        &mut self,
        file: &File<'_>,
        take: &mut dyn FnMut(u64, &Entry<'_>),
    ) -> Option<Issue> {
        let begun = self.0.entry(file.path.to_vec()).or_default();
        file.member.clone_into(&mut begun.member);
        let joined;
        let mut input = if begun.rest.is_empty() {
            file.content
        } else {
            joined = [&std::mem::take(&mut begun.rest), file.content].concat();
            joined.as_slice()
        };
        loop {
            match journal_export::next(input) {
                Next::Entry(entry, used) => {
                    begun.count = begun.count.saturating_add(1);
                    take(begun.count, &entry);
                    input = input.get(used..).unwrap_or_default();
                }
                Next::Partial => {
                    begun.rest = input.to_vec();
                    return None;
                }
                Next::Odd => return Some(Issue::whole("no entry of a journal".to_owned(), input)),
            }
        }
    }

    /// Member and text of what is left behind the last whole entry of each file.
    pub(super) fn torn(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let begun = self
            .0
            .values()
            .filter(|begun| begun.rest.iter().any(|byte| *byte != b'\n'));
        begun.map(|begun| (begun.member.as_str(), begun.rest.as_slice()))
    }
}

/// When the journal took an entry, microseconds since 1970.
pub(super) fn time_us(entry: &Entry<'_>) -> Option<i64> {
    i64::try_from(entry.number::<u64>("__REALTIME_TIMESTAMP")?).ok()
}

impl Extract for Journal {
    const TABLE: TableDef = JournalEntry::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let mut torn = 0_u64;
        let issue = self.entries.each(file, &mut |line_no, entry| {
            torn = torn.saturating_add(entry.torn.into());
            let field = |name: &str| entry.get(name).map(Text::from);
            let time_us = time_us(entry).unwrap_or(0);
            let unit = entry.get("_SYSTEMD_UNIT").or_else(|| entry.get("UNIT"));
            let cgroup = entry.get("_SYSTEMD_CGROUP");
            let container = entry
                .get("CONTAINER_ID_FULL")
                .map(|id| Text::from(id.to_vec()))
                .or_else(|| Some(text(&container::of_cgroup(cgroup?)?.id)));
            let others: serde_json::Map<String, serde_json::Value> = entry
                .fields
                .iter()
                .filter(|(name, _)| !COLUMNS.iter().any(|known| **name == *known.as_bytes()))
                .map(|(name, value)| {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    (text(name), text(value).into())
                })
                .collect();
            sink.row(&JournalEntry {
                path: Text::from(file.path),
                line_no,
                time: whole_seconds(time_us),
                time_us,
                monotonic_us: entry.number("__MONOTONIC_TIMESTAMP"),
                boot_id: field("_BOOT_ID"),
                seqnum: entry.number("__SEQNUM"),
                host: field("_HOSTNAME"),
                identifier: field("SYSLOG_IDENTIFIER"),
                pid: entry.number("_PID"),
                uid: entry.number("_UID"),
                process_name: field("_COMM"),
                process_path: field("_EXE"),
                systemd_unit: unit.map(Text::from),
                cgroup: cgroup.map(Text::from),
                container_id: container,
                transport: field("_TRANSPORT"),
                severity: entry.number("PRIORITY"),
                message_id: field("MESSAGE_ID"),
                message: field("MESSAGE"),
                fields: text(&serde_json::Value::Object(others).to_string()),
            });
        });
        if let Some(issue) = issue {
            sink.issue(file.member, issue);
        }
        if torn > 0 {
            let reason = format!("{torn} fields cannot be unpacked");
            sink.issue(file.member, Issue::whole(reason, b""));
        }
    }

    fn finish<S: Sink>(&mut self, _facts: &Facts, sink: &mut S) {
        for (member, rest) in self.entries.torn() {
            let issue = Issue::whole("the last entry is not whole".to_owned(), rest);
            sink.issue(member, issue);
        }
    }
}
