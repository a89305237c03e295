//! From the members of a capture to rows: what must be known first, then everything else.
//!
//! Two passes. The first reads the few members that tell how to understand the others: which path a blob has, which
//! process stands for which namespace, the host's users and its time zone. The second hands every member to the
//! tables that name its source.

mod issues;
mod machine;

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use schema::frame::{self, RecordHeader};
use schema::records::{
    FdLink, FileSystemStat, FoundConfig, FoundLog, HistoryFile, NamespaceStandIn, ProcessLink,
    ThreadStat, UncertainProcess,
};
use schema::source::{Located, SourceMap, split_process};
use schema::tables::{CollectionLog, RecordTables, SnapshotRow, each_record_table};
use schema::{Outcome, Row, Source, Table, Text, member, rotated};
use serde::Deserialize;

use crate::Error;
use crate::evidence::{Evidence, Item, Problem};
use crate::extract::{Facts, File, FileFact, Record, Sink, UserFact};
use crate::parse::{Issue, Parsed};
use crate::tables::{Extractors, Wanted};
use crate::unpack::{Allowance, Packed};
use issues::Issues;
pub use machine::Machine;
use machine::Traces;

const PASSWD: &str = "root/etc/passwd";
const LOCALTIME: &str = "root/etc/localtime";
const TIMEZONE: &str = "root/etc/timezone";

/// A capture of which is known what its files are parsed with.
pub struct Snapshot<'a> {
    evidence: &'a mut Evidence,
    facts: Facts,
    /// Exact path by blob.
    blobs: HashMap<String, Vec<u8>>,
    /// What was wrong with the members that facts come from.
    issues: Vec<Problem>,
}

impl<'a> Snapshot<'a> {
    /// Reads the facts: the first pass.
    pub fn open(evidence: &'a mut Evidence) -> Result<Self, Error> {
        let header = evidence.header().clone();
        let is_dead = header.mode == schema::header::Mode::Dead;
        let mut traces = Traces::default();
        let mut facts = Facts {
            machine: Machine::of(&header),
            header,
            net_namespaces: HashMap::new(),
            mount_namespaces: HashMap::new(),
            file_systems: HashMap::new(),
            time_zone: TimeZone::UTC,
            users: Vec::new(),
            files: HashMap::new(),
            named_histories: HashMap::new(),
            found_logs: HashMap::new(),
            found_configs: HashSet::new(),
        };
        let mut blobs = HashMap::new();
        let mut issues = Vec::new();
        let (mut local_time, mut zone_by_link, mut zone_by_name) = (None, None, None);
        let wanted = |name: &str| {
            (is_dead && Traces::wants(name))
                || matches!(name, PASSWD | LOCALTIME | TIMEZONE)
                || matches!(
                    member::record_table(name),
                    Some(
                        "collection_log"
                            | "namespace_stand_ins"
                            | "file_system_stats"
                            | "history_files"
                            | "found_logs"
                            | "found_configs"
                    )
                )
        };
        evidence.some(&wanted, &mut |item| {
            match item.name {
                PASSWD => facts.users = users(item.content),
                LOCALTIME => match TimeZone::tzif("/etc/localtime", item.content) {
                    Ok(zone) => local_time = Some(zone),
                    Err(error) => issues.push(Problem {
                        place: LOCALTIME.to_owned(),
                        reason: format!("a time zone: {error}"),
                    }),
                },
                TIMEZONE => zone_by_name = zone_of_name(item.content),
                // What does not decode is told by the second pass.
                name if Traces::wants(name) => traces.take(name, item.content),
                name => match member::record_table(name) {
                    Some("collection_log") => {
                        let _ = each_row(item.content, |row: CollectionLog<'_>| {
                            note_outcome(&row, &mut facts, &mut blobs);
                            zone_by_link = zone_by_link.take().or_else(|| zone_of_link(&row));
                        });
                    }
                    Some("file_system_stats") => {
                        let _ = each_row(item.content, |row: FileSystemStat<'_>| {
                            let device = row.device_number.into_owned();
                            let stat = FileSystemStat {
                                device_number: Text::default(),
                                ..row
                            };
                            facts.file_systems.insert(device.as_bytes().to_vec(), stat);
                        });
                    }
                    Some("history_files") => {
                        let _ = each_row(item.content, |row: HistoryFile<'_>| {
                            let path = row.path.as_bytes().to_vec();
                            let first = facts.named_histories.entry(path).or_insert(row.uid);
                            // Of several users it is its owner's.
                            *first = first.filter(|first| Some(*first) == row.uid);
                        });
                    }
                    Some("found_logs") => {
                        let _ = each_row(item.content, |row: FoundLog<'_>| {
                            let is_rotated = row.found_by.as_bytes() == b"rotated";
                            let path = row.path.as_bytes().to_vec();
                            facts.found_logs.insert(path, is_rotated);
                        });
                    }
                    Some("found_configs") => {
                        let _ = each_row(item.content, |row: FoundConfig<'_>| {
                            facts.found_configs.insert(row.path.as_bytes().to_vec());
                        });
                    }
                    _ => {
                        let _ = each_row(item.content, |row: NamespaceStandIn<'_>| {
                            let namespaces = match row.r#type.as_bytes() {
                                b"net" => &mut facts.net_namespaces,
                                b"mnt" => &mut facts.mount_namespaces,
                                _ => return,
                            };
                            namespaces.insert(row.pid, row.inode);
                        });
                    }
                },
            }
            Ok(())
        })?;
        facts.machine = traces.conclude(&facts.header);
        let sources = SourceMap::new();
        let has_logs = facts.files.iter().any(|(path, fact)| {
            let located = located(&sources, &facts, path).map(|located| located.source);
            matches!(located, Some(Source::Log(_) | Source::FoundLog))
                && matches!(fact.outcome, Outcome::Collected | Outcome::Truncated)
        });
        match local_time.or(zone_by_link).or(zone_by_name) {
            Some(zone) => facts.time_zone = zone,
            None if !has_logs => {}
            None => issues.push(Problem {
                place: LOCALTIME.to_owned(),
                reason: "the host's time zone is not known: times without one are taken as UTC"
                    .to_owned(),
            }),
        }
        Ok(Snapshot {
            evidence,
            facts,
            blobs,
            issues,
        })
    }

    /// Hands the evidence of the wanted tables to them, and their rows to `sink`: the second pass.
    ///
    /// Frames that have nothing of it are not read where the index of an undamaged bundle tells. What is wrong with those
    /// stays unknown then.
    pub fn rows<S: Sink>(&mut self, wanted: &Wanted, sink: &mut S) -> Result<(), Error> {
        let sources = SourceMap::new();
        let mut extractors = Extractors::new(wanted);
        let sink = &mut Issues::before(sink);
        // A compressed log can only be read when all its parts are there.
        let mut packed: Option<Packed> = None;
        let mut allowance = Allowance::default();
        let (facts, blobs) = (&self.facts, &self.blobs);
        let asked = extractors.sources();
        let is_wanted = |name: &str| match member::record_table(name) {
            Some(table) => {
                wanted.has(table)
                    || asked
                        .iter()
                        .any(|source| matches!(source, Source::Evidence(name) if *name == table))
            }
            None => path_of(blobs, member::split_part(name).0)
                .and_then(|path| located(&sources, facts, path))
                .is_some_and(|located| asked.contains(&located.source)),
        };
        let mut take = |item: &Item<'_>| {
            let (base, part) = member::split_part(item.name);
            if let Some(table) = member::record_table(item.name) {
                let mut records = Records {
                    member: item.name,
                    table,
                    content: item.content,
                    known: false,
                    sink: &mut *sink,
                };
                records.load(&mut extractors, facts);
                return Ok(());
            }
            if let Some(path) = path_of(blobs, base)
                && let Some(located) = located(&sources, facts, path)
            {
                let file = File {
                    path,
                    member: item.name,
                    source: located.source,
                    pid: located.pid,
                    net_namespace: located.net_namespace,
                    part,
                    content: item.content,
                };
                if matches!(
                    file.source,
                    Source::Log(_) | Source::FoundLog | Source::Tail(_)
                ) && rotated::is_compressed(path)
                {
                    if packed.as_ref().is_none_or(|packed| packed.path != path) {
                        let next = Packed::new(path, item.name, file.source);
                        let last = packed.replace(next);
                        unpack(last, &mut allowance, &mut extractors, facts, sink);
                    }
                    if let Some(packed) = &mut packed {
                        packed.add(item.content);
                    }
                } else {
                    extractors.file(&file, facts, sink);
                }
            }
            Ok(())
        };
        if *wanted == Wanted::All || !self.evidence.is_whole() {
            self.evidence.all(&mut take)?;
        } else {
            self.evidence.some(&is_wanted, &mut take)?;
        }
        unpack(packed, &mut allowance, &mut extractors, facts, sink);
        extractors.finish(facts, sink);
        for problem in self.issues.iter().chain(&self.evidence.problems()) {
            tell(sink, &problem.place, problem.reason.clone(), b"");
        }
        sink.finish();
        Ok(())
    }

    /// The row of table `snapshots`, once all members were read.
    pub fn row(&self, digest: &str) -> SnapshotRow<'static> {
        let (header, manifest) = (self.evidence.header(), self.evidence.manifest());
        let machine = &self.facts.machine;
        let footprint = manifest.and_then(|manifest| manifest.footprint);
        let totals = manifest.map(|manifest| &manifest.totals);
        let mut reasons = Vec::new();
        if self.evidence.is_cut_off() {
            reasons.push("the capture was cut off: its closing sums are missing".to_owned());
        } else if !self.evidence.is_whole() {
            let count = self.evidence.problems().len();
            reasons.push(format!(
                "the bundle is damaged: {count} problems, see parse_issues"
            ));
        }
        if let Some(manifest) = manifest {
            reasons.extend_from_slice(&manifest.incomplete_reasons);
            if !manifest.complete && manifest.incomplete_reasons.is_empty() {
                reasons.push("the capture does not say why".to_owned());
            }
        }
        let text = |text: &Option<String>| text.clone().map(Text::from);
        let duration_us = manifest.and_then(|manifest| duration_us(header.clocks, manifest.clocks));
        SnapshotRow {
            capture_id: header.capture_id.clone().into(),
            digest: digest.to_owned().into(),
            label: text(&header.label),
            hostname: text(&header.host.hostname),
            boot_id: text(&header.host.boot_id),
            kernel_release: text(&machine.kernel_release),
            machine: text(&header.host.machine),
            mode: match header.mode {
                schema::header::Mode::Live => "live".into(),
                schema::header::Mode::Dead => "dead".into(),
            },
            root: header.root.clone().into(),
            time: header.clocks.realtime_us.div_euclid(1_000_000),
            time_us: header.clocks.realtime_us,
            duration_ms: duration_us.map(|duration| duration.div_euclid(1000)),
            complete: reasons.is_empty(),
            incomplete_reason: (!reasons.is_empty()).then(|| reasons.join("; ").into()),
            intact: self.evidence.is_whole(),
            redaction: if header.redaction.enabled {
                "on"
            } else {
                "off"
            }
            .into(),
            redaction_key_id: header
                .redaction
                .enabled
                .then(|| header.redaction.key_id.clone().into()),
            capture_version: header.tool.clone().into(),
            capture_pid: header.own_pid,
            clock_ticks: machine.clock_ticks.0,
            clock_ticks_by: machine.clock_ticks.1.into(),
            page_size: machine.page_size.0,
            page_size_by: machine.page_size.1.into(),
            endianness: machine.byte_order.0.as_str().into(),
            endianness_by: machine.byte_order.1.into(),
            capture_user_ms: footprint.map(|footprint| footprint.user_ms),
            capture_system_ms: footprint.map(|footprint| footprint.system_ms),
            capture_peak_rss_bytes: footprint.map(|footprint| footprint.peak_rss_bytes),
            capture_peak_rss_bound_bytes: footprint.map(|footprint| footprint.peak_rss_bound_bytes),
            capture_bytes_read: footprint.map(|footprint| footprint.bytes_read),
            bundle_bytes: totals
                .map(|totals| totals.compressed)
                .filter(|size| *size > 0),
            workers_started: footprint.map(|footprint| footprint.workers_started),
            workers_killed: footprint.map(|footprint| footprint.workers_killed),
            workers_died: footprint.map(|footprint| footprint.workers_died),
            workers_abandoned: footprint.map(|footprint| footprint.workers_abandoned),
            reads_planned: footprint.map(|footprint| footprint.reads_planned),
            reads_collected: footprint.map(|footprint| footprint.reads_collected),
        }
    }

    /// Whether the capture is whole, as far as it was read.
    pub fn is_whole(&self) -> bool {
        self.evidence.is_whole()
    }
}

/// The host's path of a member.
fn path_of<'p>(blobs: &'p HashMap<String, Vec<u8>>, base: &'p str) -> Option<&'p [u8]> {
    match blobs.get(base) {
        Some(path) => Some(path),
        None => member::host_path(base).map(str::as_bytes),
    }
}

/// The source that names a path: by the path itself, or because a process named it.
fn located(sources: &SourceMap, facts: &Facts, path: &[u8]) -> Option<Located> {
    let named = || {
        if facts.named_histories.contains_key(path) {
            return Some(Located::of(Source::NamedHistory));
        }
        if facts.found_configs.contains(path) {
            return Some(Located::of(Source::FoundConfig));
        }
        let is_log = facts.found_logs.contains_key(path);
        is_log.then(|| Located::of(Source::FoundLog))
    };
    sources.locate(path).or_else(named)
}

/// Hands the text of a compressed log to the tables, part by part.
fn unpack<S: Sink>(
    packed: Option<Packed>,
    allowance: &mut Allowance,
    extractors: &mut Extractors,
    facts: &Facts,
    sink: &mut S,
) {
    let Some(packed) = packed else {
        return;
    };
    let mut part = 0_u32;
    let result = packed.text(allowance, &mut |content| {
        let file = File {
            path: &packed.path,
            member: &packed.member,
            source: packed.source,
            pid: None,
            net_namespace: None,
            part,
            content,
        };
        extractors.file(&file, facts, sink);
        part = part.saturating_add(1);
    });
    if let Err(torn) = result {
        tell(sink, &packed.member, torn.reason, &torn.rest);
    }
}

/// By the clock that nobody sets, where there is one.
fn duration_us(start: schema::header::Clocks, end: schema::header::Clocks) -> Option<i64> {
    match (start.boottime_us, end.boottime_us) {
        (Some(start), Some(end)) => end.checked_sub(start),
        _ => end.realtime_us.checked_sub(start.realtime_us),
    }
}

/// The zone that `/etc/localtime` names where it is a link to a zone file that the tree does not have.
fn zone_of_link(row: &CollectionLog<'_>) -> Option<TimeZone> {
    let reason = row.reason.as_ref()?.as_bytes();
    let is_link = row.path.as_bytes() == b"/etc/localtime" && row.outcome == Outcome::Absent;
    let (_, name) = std::str::from_utf8(reason).ok()?.split_once("/zoneinfo/")?;
    TimeZone::get(name).ok().filter(|_| is_link)
}

/// The zone that `/etc/timezone` names, by the rules that came with this program.
fn zone_of_name(text: &[u8]) -> Option<TimeZone> {
    let name = std::str::from_utf8(text).ok()?.trim();
    TimeZone::get(name).ok()
}

fn users(passwd: &[u8]) -> Vec<UserFact> {
    passwd
        .split(|byte| *byte == b'\n')
        .filter_map(schema::parse::passwd::entry)
        .map(|entry| UserFact {
            uid: entry.uid,
            name: entry.name.to_vec(),
            home: entry.home.to_vec(),
        })
        .collect()
}

fn note_outcome(row: &CollectionLog<'_>, facts: &mut Facts, blobs: &mut HashMap<String, Vec<u8>>) {
    let path = row.path.as_bytes();
    if let Some(name) = row.member.as_ref()
        && let Ok(name) = std::str::from_utf8(name.as_bytes())
        && member::is_blob(name)
    {
        blobs.insert(name.to_owned(), path.to_vec());
    }
    let process = std::str::from_utf8(path).ok().and_then(split_process);
    // A history of another root directory is found through a process, and no file of `/proc`.
    // What has no name any more is found by its descriptor.
    if process.is_none_or(|(_, name)| name.starts_with("root/"))
        || (row.member.is_some() && process.is_some_and(|(_, name)| name.starts_with("fd/")))
    {
        let fact = FileFact {
            outcome: row.outcome,
            offset: row.offset,
            mtime: row.mtime,
            uid: row.uid,
            inode: row.inode,
            size: row.bytes_seen,
            kept: row.bytes_kept,
        };
        // Of several attempts the one that was not refused.
        if row.member.is_some() || !facts.files.contains_key(path) {
            facts.files.insert(path.to_vec(), fact);
        }
    }
}

/// Paths by blob, as the outcomes of the reads name them.
pub fn blob_paths(evidence: &mut Evidence) -> Result<HashMap<String, Vec<u8>>, Error> {
    Ok(Snapshot::open(evidence)?.blobs)
}

/// Hands the rows of a record member to `take`; what does not decode is an issue, and does not end it.
fn each_row<'a, R: Row + Deserialize<'a>>(
    content: &'a [u8],
    mut take: impl FnMut(R),
) -> Parsed<()> {
    let whole = |reason: String| Parsed::odd((), Issue::whole(reason, b""));
    let mut rest = content;
    let mut parsed = Parsed::from(());
    let header: RecordHeader = match frame::next(&mut rest) {
        Some(first) => match first.and_then(frame::decode) {
            Ok(header) => header,
            Err(error) => return whole(format!("the header of its records: {error}")),
        },
        None => return whole("it has no header of its records".to_owned()),
    };
    if header.table != R::TABLE.name || header.fingerprint != R::TABLE.fingerprint() {
        let reason = "its records have a layout that this version does not know";
        return whole(reason.to_owned());
    }
    while let Some(next) = frame::next(&mut rest) {
        let bytes = next.as_ref().copied().unwrap_or_default();
        match next.and_then(frame::decode::<R>) {
            Ok(row) => take(row),
            Err(error) => parsed.note(Issue::whole(format!("a record: {error}"), bytes)),
        }
    }
    parsed
}

/// One record member on its way into its table, or to the tables that are made from it.
struct Records<'a, S> {
    member: &'a str,
    table: &'a str,
    content: &'a [u8],
    /// Whether a table took it.
    known: bool,
    sink: &'a mut S,
}

impl<S: Sink> Records<'_, S> {
    fn load(&mut self, extractors: &mut Extractors, facts: &Facts) {
        let sink = &mut *self.sink;
        let parsed = if self.table == ProcessLink::TABLE.name {
            each_row(self.content, |row: ProcessLink<'_>| {
                extractors.record(Record::ProcessLink(&row), facts, sink);
            })
        } else if self.table == FdLink::TABLE.name {
            each_row(self.content, |row: FdLink<'_>| {
                extractors.record(Record::FdLink(&row), facts, sink);
            })
        } else if self.table == ThreadStat::TABLE.name {
            each_row(self.content, |row: ThreadStat<'_>| {
                extractors.record(Record::ThreadStat(&row), facts, sink);
            })
        } else if self.table == UncertainProcess::TABLE.name {
            each_row(self.content, |row: UncertainProcess<'_>| {
                extractors.record(Record::UncertainProcess(&row), facts, sink);
            })
        } else if self.table == FoundLog::TABLE.name {
            each_row(self.content, |row: FoundLog<'_>| {
                extractors.record(Record::FoundLog(&row), facts, sink);
            })
        } else if self.table == FoundConfig::TABLE.name {
            each_row(self.content, |row: FoundConfig<'_>| {
                extractors.record(Record::FoundConfig(&row), facts, sink);
            })
        } else if self.table == NamespaceStandIn::TABLE.name {
            // The first pass took them.
            each_row(self.content, |_: NamespaceStandIn<'_>| ())
        } else if self.table == FileSystemStat::TABLE.name {
            each_row(self.content, |_: FileSystemStat<'_>| ())
        } else if self.table == HistoryFile::TABLE.name {
            each_row(self.content, |_: HistoryFile<'_>| ())
        } else {
            each_record_table(self);
            if self.known {
                return;
            }
            let reason = "records of a table that this version does not know";
            Parsed::odd((), Issue::whole(reason, b""))
        };
        parsed.reported(self.member, self.sink);
    }
}

impl<S: Sink> RecordTables for Records<'_, S> {
    fn table<T: Table>(&mut self) {
        if <T::Row<'_> as Row>::TABLE.name != self.table {
            return;
        }
        self.known = true;
        let sink = &mut *self.sink;
        let parsed = each_row(self.content, |row: T::Row<'_>| sink.row(&row));
        parsed.reported(self.member, self.sink);
    }
}

fn tell<S: Sink>(sink: &mut S, member: &str, reason: String, text: &[u8]) {
    sink.issue(member, Issue::whole(reason, text));
}
