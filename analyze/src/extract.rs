//! From the evidence of a snapshot to the rows of tables: what an extractor gets, and where its rows go.

use std::collections::{HashMap, HashSet};

use schema::header::Header;
use schema::records::{
    FdLink, FileSystemStat, FoundConfig, FoundLog, ProcessLink, ThreadStat, UncertainProcess,
};
use schema::{Outcome, Row, Source, TableDef};

use crate::parse::address::ByteOrder;
use crate::parse::{Issue, Parsed};
use crate::snapshot::Machine;

/// A file of the host as it travels in the bundle.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Exact path on the host, also where the bytes lie in a blob.
    pub path: &'a [u8],
    /// Member that holds the bytes.
    pub member: &'a str,
    /// The source that names the path.
    pub source: Source,
    /// The process of a path below `/proc/PID/`.
    pub pid: Option<u32>,
    /// The network namespace of a netlink dump.
    pub net_namespace: Option<u64>,
    /// Which part this is, counted from 0, of a text that is longer than one member. Parts are cut at line ends.
    pub part: u32,
    /// The bytes.
    pub content: &'a [u8],
}

/// A row of evidence that is not a file.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// A link of a process.
    ProcessLink(&'a ProcessLink<'a>),
    /// An open file descriptor.
    FdLink(&'a FdLink<'a>),
    /// The stat line of a thread.
    ThreadStat(&'a ThreadStat<'a>),
    /// A process whose pid may have been reused.
    UncertainProcess(&'a UncertainProcess<'a>),
    /// A log that was found by following a process.
    FoundLog(&'a FoundLog<'a>),
    /// A configuration file that was found by following a process.
    FoundConfig(&'a FoundConfig<'a>),
}

impl Record<'_> {
    /// The source that tables name to get such records.
    pub fn source(&self) -> Source {
        Source::Evidence(match self {
            Record::ProcessLink(_) => ProcessLink::TABLE.name,
            Record::FdLink(_) => FdLink::TABLE.name,
            Record::ThreadStat(_) => ThreadStat::TABLE.name,
            Record::UncertainProcess(_) => UncertainProcess::TABLE.name,
            Record::FoundLog(_) => FoundLog::TABLE.name,
            Record::FoundConfig(_) => FoundConfig::TABLE.name,
        })
    }
}

/// What is known of the snapshot before its files are parsed. The analyst's own clock, zone and users play no part.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The bundle's header: clock ticks, page size, clocks, own pid.
    pub header: Header,
    /// The machine of the host: byte order, ticks, boot time.
    pub machine: Machine,
    /// Network namespace by the process that stands for it.
    pub net_namespaces: HashMap<u32, u64>,
    /// Mount namespace by the process that stands for it.
    pub mount_namespaces: HashMap<u32, u64>,
    /// What local file systems said of their size, by `major:minor`.
    pub file_systems: HashMap<Vec<u8>, FileSystemStat<'static>>,
    /// The host's time zone, from its own `/etc/localtime`; UTC where that is missing.
    pub time_zone: jiff::tz::TimeZone,
    /// Users by `/etc/passwd`, in its order.
    pub users: Vec<UserFact>,
    /// How reading the files outside `/proc` ended, by exact path.
    pub files: HashMap<Vec<u8>, FileFact>,
    /// User of the processes that name a file as their history, by the file's exact path; `None` where they are of several.
    pub named_histories: HashMap<Vec<u8>, Option<u32>>,
    /// Logs that were found by following a process, by exact path, and whether each is a rotated one.
    pub found_logs: HashMap<Vec<u8>, bool>,
    /// Configuration files that were found by following a process, by exact path.
    pub found_configs: HashSet<Vec<u8>>,
}

/// A user of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFact {
    /// User id.
    pub uid: u32,
    /// Name.
    pub name: Vec<u8>,
    /// Home directory.
    pub home: Vec<u8>,
}

/// How reading one file outside `/proc` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFact {
    /// The outcome.
    pub outcome: Outcome,
    /// Where in the file the kept bytes begin.
    pub offset: u64,
    /// Modification time, epoch seconds.
    pub mtime: Option<i64>,
    /// Owner.
    pub uid: Option<u32>,
    /// Inode.
    pub inode: Option<u64>,
    /// Its size, or how much of it was seen, bytes.
    pub size: u64,
    /// Bytes that are kept.
    pub kept: u64,
}

impl Facts {
    /// When the host booted, microseconds since 1970; `None` where a dead tree does not tell.
    pub fn boot_time_us(&self) -> Option<i64> {
        self.machine.boot_time_us
    }

    /// The network namespace that a file tells of.
    pub fn net_namespace(&self, file: &File<'_>) -> Option<u64> {
        file.net_namespace
            .or_else(|| self.net_namespaces.get(&file.pid?).copied())
    }

    /// The host's byte order.
    pub(crate) fn byte_order(&self) -> ByteOrder {
        self.machine.byte_order.0
    }

    /// Pages as bytes.
    pub(crate) fn pages_to_bytes(&self, pages: u64) -> Option<u64> {
        pages.checked_mul(u64::from(self.machine.page_size.0))
    }

    /// The time of day that many ticks after the host booted, epoch seconds; `None` where that is not known.
    pub(crate) fn started(&self, ticks: u64) -> Option<i64> {
        let since_boot = i64::try_from(self.ticks_to_ms(ticks)).ok()?;
        let time_us = self
            .boot_time_us()?
            .checked_add(since_boot.checked_mul(1000)?)?;
        Some(time_us.div_euclid(1_000_000))
    }

    /// Clock ticks as milliseconds.
    pub fn ticks_to_ms(&self, ticks: u64) -> u64 {
        let per_second = u128::from(self.machine.clock_ticks.0.max(1));
        let ms = u128::from(ticks)
            .saturating_mul(1000)
            .checked_div(per_second);
        ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(u64::MAX)
    }
}

/// Where rows and issues go.
pub trait Sink {
    /// Takes a row. The row may borrow from the file it was parsed from.
    fn row<R: Row>(&mut self, row: &R);
    /// Takes what a parser could not understand in a member.
    fn issue(&mut self, member: &str, issue: Issue);
    /// Takes how many more there were than are told one by one.
    fn unlisted(&mut self, member: &str, count: u64);
}

/// Fills one table. Each is asked only for the sources that its table's declaration names.
pub trait Extract: Default {
    /// The table it fills.
    const TABLE: TableDef;

    /// Takes a file of one of the table's sources.
    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let _ = (file, facts, sink);
    }

    /// Takes a record of one of the table's sources.
    fn record<S: Sink>(&mut self, record: Record<'_>, facts: &Facts, sink: &mut S) {
        let _ = (record, facts, sink);
    }

    /// Emits what could only be known after the last file and record.
    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        let _ = (facts, sink);
    }
}

impl<T> Parsed<T> {
    /// As [`Parsed::reported`], of a member whose name takes longer to make than most texts to parse.
    pub(crate) fn reported_as<S: Sink>(self, member: impl FnOnce() -> String, sink: &mut S) -> T {
        if self.issues.is_empty() && self.unlisted == 0 {
            return self.value;
        }
        self.reported(&member(), sink)
    }

    /// What was understood, after the rest was reported as issues of `member`.
    pub fn reported<S: Sink>(self, member: &str, sink: &mut S) -> T {
        for issue in self.issues {
            sink.issue(member, issue);
        }
        if self.unlisted > 0 {
            sink.unlisted(member, self.unlisted);
        }
        self.value
    }
}
