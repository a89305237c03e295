//! The one place through which evidence passes on its way from a worker to the bundle: redaction, naming, parts, and
//! the row of `collection_log` that says how the read ended.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use schema::bundle::{FrameOut, PART_LIMIT, Writer};
use schema::parse::netlink;
use schema::records::{
    FdLink, HistoryFile, NamespaceStandIn, ProcessLink, ThreadStat, UncertainProcess,
};
use schema::redact::Redactor;
use schema::source::Content;
use schema::tables::CollectionLog;
use schema::{Outcome, Row, Source, Text, member};
use serde::Serialize;

use crate::protocol::End;

/// What is being written.
pub struct Sink<O> {
    writer: Writer<O>,
    redactor: Option<Redactor>,
    tally: Tally,
    /// Bytes kept of logs, and of the journal.
    log_bytes: u64,
    journal_bytes: u64,
    /// Set once the output took no more: what comes after is lost, and counted.
    full: Option<String>,
}

/// Most symbolic links that are named because their access time changed: with the longest paths they make a sentence
/// of a few hundred KiB.
pub const TOUCHED_LINKS: usize = 100;

/// What was counted on the way.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Planned reads by outcome.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// What was found, by kind.
    pub counts: BTreeMap<&'static str, u64>,
    /// Reads that are missing and should not be, by outcome and reason, with an example.
    pub gaps: BTreeMap<(Outcome, String), (u64, String)>,
    /// Files and directories whose access time was changed.
    pub touched: u64,
    /// Symbolic links whose access time was changed, the first [`TOUCHED_LINKS`] of them.
    pub touched_links: BTreeSet<Vec<u8>>,
    /// Bytes that came of files, links and `fdinfo`.
    pub bytes_read: u64,
}

/// A file on its way in.
#[derive(Debug)]
pub struct Incoming {
    path: Vec<u8>,
    source: Source,
    pid: Option<u32>,
    bytes: Vec<u8>,
    /// Name and parts written so far, where it is longer than one member.
    member: Option<(String, u32)>,
    kept: u64,
}

impl Incoming {
    /// Nothing yet of a file.
    pub fn new(path: Vec<u8>, source: Source, pid: Option<u32>) -> Self {
        Incoming {
            path,
            source,
            pid,
            bytes: Vec::new(),
            member: None,
            kept: 0,
        }
    }

    /// Whether a part is in the bundle already, so that the file cannot be read again.
    pub fn is_begun(&self) -> bool {
        self.member.is_some()
    }
}

impl<O: FrameOut> Sink<O> {
    /// A sink into a bundle that has begun; without a redactor secrets pass.
    pub fn new(writer: Writer<O>, redactor: Option<Redactor>) -> Self {
        Sink {
            writer,
            redactor,
            tally: Tally::default(),
            log_bytes: 0,
            journal_bytes: 0,
            full: None,
        }
    }

    /// What was counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Secrets replaced so far, by rule.
    pub fn redactions(&self) -> BTreeMap<String, u64> {
        let hits = self.redactor.as_ref().map(Redactor::hits);
        hits.into_iter()
            .flatten()
            .map(|(rule, count)| ((*rule).to_owned(), *count))
            .collect()
    }

    /// Bytes kept of logs so far, their rotated siblings included.
    pub fn log_bytes(&self) -> u64 {
        self.log_bytes
    }

    /// Bytes kept of the journal so far.
    pub fn journal_bytes(&self) -> u64 {
        self.journal_bytes
    }

    /// Why the output took no more, if it did.
    pub fn full(&self) -> Option<&str> {
        self.full.as_deref()
    }

    /// Bytes of the bundle once everything open is written, at most.
    pub fn size_bound(&self) -> u64 {
        let open = u64::try_from(self.writer.open_bytes()).unwrap_or(u64::MAX);
        self.writer.size().saturating_add(open)
    }

    /// Closes what is open; afterwards the size is exact.
    pub fn flush(&mut self, now_ms: u64) -> Result<u64, schema::Error> {
        let flushed = self.writer.flush(now_ms);
        self.tolerate(flushed)?;
        Ok(self.writer.size())
    }

    /// Closes what has been open for a second.
    pub fn tick(&mut self, now_ms: u64) -> Result<(), schema::Error> {
        let flushed = self.writer.flush_aged(now_ms);
        self.tolerate(flushed)
    }

    /// Gives up the sink to close the bundle.
    pub fn into_writer(self) -> Writer<O> {
        self.writer
    }

    /// Adds to a count of the manifest.
    pub fn count(&mut self, kind: &'static str, more: u64) {
        let count = self.tally.counts.entry(kind).or_default();
        *count = count.saturating_add(more);
    }

    /// Takes more bytes of a file.
    pub fn chunk(
        &mut self,
        incoming: &mut Incoming,
        bytes: &[u8],
        now_ms: u64,
    ) -> Result<(), schema::Error> {
        self.add_bytes(bytes.len());
        incoming.bytes.extend_from_slice(bytes);
        // A rule must see the whole text; what rules look at is limited to a few MiB.
        if Redactor::looks_at(incoming.source.content()) {
            return Ok(());
        }
        while incoming.bytes.len() > PART_LIMIT {
            self.part(incoming, now_ms)?;
        }
        Ok(())
    }

    /// Takes the end of a file: its bytes go into the bundle, and how it ended into the log.
    pub fn file(
        &mut self,
        mut incoming: Incoming,
        last: &[u8],
        end: &End<'_>,
        now_ms: u64,
    ) -> Result<(), schema::Error> {
        self.chunk(&mut incoming, last, now_ms)?;
        let content = incoming.source.content();
        let mut redactions = 0;
        let mut original_hmac = None;
        let mut offset = end.offset;
        if let Some(redactor) = self.redactor.as_mut().filter(|_| content != Content::Plain) {
            if offset > 0 {
                let cut = Redactor::cut_command(content, &incoming.bytes);
                incoming.bytes.drain(..cut);
                offset = offset.saturating_add(u64::try_from(cut).unwrap_or(u64::MAX));
            }
            let redacted = redactor.redact(content, &incoming.bytes);
            redactions = redacted.count;
            original_hmac = redacted.original_hmac;
            if let std::borrow::Cow::Owned(bytes) = redacted.bytes {
                incoming.bytes = bytes;
            }
        }
        while incoming.bytes.len() > PART_LIMIT {
            self.part(&mut incoming, now_ms)?;
        }
        // An empty file is a fact, and so a member; a file that could not be read is none. Of empty logs there may be thousands, and their
        // outcome says it.
        let has_content = matches!(end.outcome, Outcome::Collected | Outcome::Truncated)
            && incoming.source != Source::FoundLog;
        if has_content || !incoming.bytes.is_empty() {
            self.part(&mut incoming, now_ms)?;
        }
        if matches!(
            incoming.source,
            Source::Log(_) | Source::FoundLog | Source::Tail(_)
        ) {
            self.log_bytes = self.log_bytes.saturating_add(incoming.kept);
        }
        if incoming.source == Source::Journal {
            self.journal_bytes = self.journal_bytes.saturating_add(incoming.kept);
        }
        let (member, parts) = incoming.member.unzip();
        self.note(end, &incoming.path);
        self.log(
            &CollectionLog {
                path: Text::from(incoming.path.as_slice()),
                pid: incoming.pid,
                outcome: end.outcome,
                errno: end.errno,
                reason: end.reason.clone(),
                member: member.map(Text::from),
                parts: parts.unwrap_or(0),
                bytes_kept: incoming.kept,
                bytes_seen: end.seen,
                offset,
                inode: end.file.map(|file| file.inode),
                mtime: end.file.map(|file| file.mtime),
                uid: end.file.map(|file| file.uid),
                redactions,
                original_hmac: original_hmac.map(Text::from),
                duration_us: end.duration_us,
            },
            now_ms,
        )
    }

    /// Notes how a read ended that gives no file: a listing, a link that could not be read.
    pub fn outcome(
        &mut self,
        path: &[u8],
        pid: Option<u32>,
        end: &End<'_>,
        now_ms: u64,
    ) -> Result<(), schema::Error> {
        self.note(end, path);
        self.log(
            &CollectionLog {
                path: Text::from(path),
                pid,
                outcome: end.outcome,
                errno: end.errno,
                reason: end.reason.clone(),
                member: None,
                parts: 0,
                bytes_kept: 0,
                bytes_seen: end.seen,
                offset: end.offset,
                inode: None,
                mtime: None,
                uid: None,
                redactions: 0,
                original_hmac: None,
                duration_us: end.duration_us,
            },
            now_ms,
        )
    }

    /// Counts a read that was collected without a row of its own: its record says so.
    pub fn collected(&mut self) {
        self.add_outcome(Outcome::Collected);
    }

    /// Takes a link.
    pub fn link(&mut self, link: &ProcessLink<'_>, now_ms: u64) -> Result<(), schema::Error> {
        self.add_bytes(link.target.as_bytes().len());
        let written = self.writer.record(link, now_ms);
        self.tolerate(written)
    }

    /// Takes an fd.
    pub fn fd(&mut self, fd: &FdLink<'_>, now_ms: u64) -> Result<(), schema::Error> {
        self.count("fds", 1);
        for text in [&fd.target, &fd.fdinfo].into_iter().flatten() {
            self.add_bytes(text.as_bytes().len());
        }
        let written = self.writer.record(fd, now_ms);
        self.tolerate(written)
    }

    /// Takes a thread.
    pub fn thread(&mut self, thread: &ThreadStat<'_>, now_ms: u64) -> Result<(), schema::Error> {
        self.count("threads", 1);
        self.add_bytes(thread.stat.as_bytes().len());
        let written = self.writer.record(thread, now_ms);
        self.tolerate(written)
    }

    /// Takes a row of a record type or table that needs nothing more.
    pub fn record<R: Row + Serialize>(
        &mut self,
        row: &R,
        now_ms: u64,
    ) -> Result<(), schema::Error> {
        let written = self.writer.record(row, now_ms);
        self.tolerate(written)
    }

    /// Takes a process whose visits may have met two.
    pub fn uncertain(&mut self, pid: u32, reason: &str, now_ms: u64) -> Result<(), schema::Error> {
        let row = UncertainProcess {
            pid,
            reason: Text::from(reason),
        };
        let written = self.writer.record(&row, now_ms);
        self.tolerate(written)
    }

    /// Takes the choice of a process that stands for a namespace.
    pub fn stand_in(
        &mut self,
        kind: &'static str,
        inode: u64,
        pid: u32,
        now_ms: u64,
    ) -> Result<(), schema::Error> {
        let row = NamespaceStandIn {
            r#type: Text::from(kind),
            inode,
            pid,
        };
        let written = self.writer.record(&row, now_ms);
        self.tolerate(written)
    }

    /// Takes note of a file that is read as a history because a process names it.
    pub fn history_file(
        &mut self,
        file: &HistoryFile<'_>,
        now_ms: u64,
    ) -> Result<(), schema::Error> {
        let written = self.writer.record(file, now_ms);
        self.tolerate(written)
    }

    fn log(&mut self, row: &CollectionLog<'_>, now_ms: u64) -> Result<(), schema::Error> {
        let written = self.writer.record(row, now_ms);
        self.tolerate(written)
    }

    fn add_bytes(&mut self, more: usize) {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        self.tally.bytes_read = self.tally.bytes_read.saturating_add(more);
    }

    fn add_outcome(&mut self, outcome: Outcome) {
        let count = self.tally.outcomes.entry(outcome.as_str()).or_default();
        *count = count.saturating_add(1);
    }

    /// Notes that the access time of a symbolic link was changed.
    pub fn touched_link(&mut self, path: &[u8]) {
        if self.tally.touched_links.len() < TOUCHED_LINKS {
            self.tally.touched_links.insert(path.to_vec());
        }
    }

    fn note(&mut self, end: &End<'_>, path: &[u8]) {
        /// Kinds of gaps that are told apart in the summary: reasons may hold text of the host.
        const GAP_LIMIT: usize = 200;
        self.add_outcome(end.outcome);
        self.tally.touched = self
            .tally
            .touched
            .saturating_add(u64::from(end.access_time_touched));
        if !end.is_gap() {
            return;
        }
        let reason = match (&end.reason, end.errno) {
            (Some(reason), _) => reason.display().to_string(),
            (None, Some(errno)) => std::io::Error::from_raw_os_error(errno).to_string(),
            (None, None) => String::new(),
        };
        let mut key = (end.outcome, reason);
        if self.tally.gaps.len() >= GAP_LIMIT && !self.tally.gaps.contains_key(&key) {
            "other reasons".clone_into(&mut key.1);
        }
        let gap = self.tally.gaps.entry(key);
        let (count, _) = gap.or_insert_with(|| (0, schema::text::escaped(path).to_string()));
        *count = count.saturating_add(1);
    }

    /// Writes the next part of a file: at most a member's limit, cut behind a line where there is one, and
    /// between two messages of a dump.
    fn part(&mut self, incoming: &mut Incoming, now_ms: u64) -> Result<(), schema::Error> {
        let length = incoming.bytes.len();
        let cut = if length <= PART_LIMIT {
            length
        } else if let Source::NetDump(_) = incoming.source {
            netlink::boundary(&incoming.bytes, PART_LIMIT, netlink::ByteOrder::NATIVE)
        } else {
            let window = incoming.bytes.get(..PART_LIMIT).unwrap_or_default();
            memchr::memrchr(b'\n', window).map_or(PART_LIMIT, |at| at.saturating_add(1))
        };
        let writer = &mut self.writer;
        let (base, number) = incoming.member.get_or_insert_with(|| {
            let name = member::of_path(&incoming.path).unwrap_or_else(|| writer.next_blob());
            (name, 0)
        });
        let name = member::part(base, *number);
        *number = number.saturating_add(1);
        let lane = incoming.source.lane();
        let content = incoming.bytes.get(..cut).unwrap_or_default();
        let written = writer.member(lane, &name, content, now_ms);
        incoming.kept = incoming
            .kept
            .saturating_add(u64::try_from(cut).unwrap_or(u64::MAX));
        incoming.bytes.drain(..cut);
        self.tolerate(written)
    }

    /// An output that takes no more ends the reading, not the bundle: the writer counts what is lost, and closes it with
    /// the space that was kept, as far as that can still be written.
    fn tolerate(&mut self, written: Result<(), schema::Error>) -> Result<(), schema::Error> {
        match written {
            Err(schema::Error::Io { source, .. }) => {
                self.full.get_or_insert_with(|| match source.kind() {
                    ErrorKind::StorageFull => "the output has no more space".to_owned(),
                    ErrorKind::QuotaExceeded => "the quota of the output is used up".to_owned(),
                    ErrorKind::FileTooLarge => {
                        "the output reached the limit of file sizes".to_owned()
                    }
                    _ => format!("the output failed: {source}"),
                });
                Ok(())
            }
            result => result,
        }
    }
}
