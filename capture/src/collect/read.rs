//! Reading, always bounded, and answering in chunks.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use schema::source::LOG_TAIL_LIMIT;
use schema::{Outcome, Source, Text};

use super::{CHUNK, Collector, Replies};
use crate::host::Opened;
use crate::protocol::{End, Reply};

/// Room that every read is given: `/proc` fills at most a page or what one record needs.
const READ_SIZE: usize = 64 << 10;
/// Most bytes that are looked at in a device: it may be written to faster than it is read.
const DEVICE_LIMIT: u64 = 64 << 20;

/// Which part of a source is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// The beginning.
    Head,
    /// The beginning and the end, half of the limit each.
    Ends,
    /// The end.
    Tail,
    /// As much of the end as is left of a budget: more was meant to be kept.
    Rest,
    /// The last records of a device.
    Records,
}

fn keep(source: Source, opened: &Opened) -> Keep {
    match source {
        Source::Process("cmdline" | "environ") => Keep::Ends,
        _ if opened.is_device => Keep::Records,
        Source::Log(_)
        | Source::FoundLog
        | Source::Tail(_)
        | Source::Home(_)
        | Source::NamedHistory
        | Source::Device(_) => Keep::Tail,
        _ => Keep::Head,
    }
}

/// How the read of a file ended that is no text.
fn no_text(opened: &Opened) -> End<'static> {
    End {
        seen: opened.size,
        file: opened.facts,
        access_time_touched: opened.access_time_touched,
        expected: true,
        ..End::because(Outcome::Skipped, "no text")
    }
}

/// Whether one read gives everything that fits its buffer, so that a short one needs no second to find the end.
fn is_one_record(source: Source) -> bool {
    matches!(
        source,
        Source::Process(
            "stat" | "status" | "io" | "limits" | "cgroup" | "oom_score_adj" | "loginuid" | "wchan"
        )
    )
}

impl<F: AsFd> Collector<'_, F> {
    /// Reads what was opened for a source, and answers.
    pub(super) fn answer(
        &mut self,
        source: Source,
        opened: &Opened,
        started: Instant,
    ) -> std::io::Result<()> {
        let one_record = is_one_record(source);
        self.answer_kept(
            keep(source, opened),
            source.limit(),
            one_record,
            opened,
            started,
        )
    }

    /// Reads a rotated log, and answers.
    pub(super) fn answer_rotated(
        &mut self,
        is_compressed: bool,
        limit: u64,
        opened: &Opened,
        started: Instant,
    ) -> std::io::Result<()> {
        if !is_compressed {
            let keep = if limit < LOG_TAIL_LIMIT {
                Keep::Rest
            } else {
                Keep::Tail
            };
            return self.answer_kept(keep, limit, false, opened, started);
        }
        if opened.size > limit {
            let reason = format!("size: {} bytes, over the limit of {limit}", opened.size);
            let end = End {
                seen: opened.size,
                file: opened.facts,
                ..End::because(Outcome::Skipped, reason)
            };
            return self.answer_refused(end, started);
        }
        self.answer_kept(Keep::Head, limit, false, opened, started)
    }

    /// Reads the end of a log that was found by following a process, and answers: what is no text is none.
    pub(super) fn answer_log(
        &mut self,
        limit: u64,
        opened: &Opened,
        started: Instant,
    ) -> std::io::Result<()> {
        /// Bytes of the end that are looked at.
        const LAST: u64 = 4 << 10;
        let mut last = Vec::new();
        let start = opened.size.saturating_sub(LAST);
        let read = read_at(&opened.fd, &mut last, start, opened.size);
        // A log that was emptied while a process wrote on begins with a hole.
        let hole = last.iter().take_while(|byte| **byte == 0).count();
        let text = last.get(hole..).unwrap_or_default();
        if read.is_ok() && !last.is_empty() && (text.is_empty() || text.contains(&0)) {
            return self.answer_refused(no_text(opened), started);
        }
        self.answer_rotated(false, limit, opened, started)
    }

    /// Reads the beginning of a configuration file that was found by following a process, and answers: what is no text is
    /// none.
    pub(super) fn answer_config(
        &mut self,
        opened: &Opened,
        started: Instant,
    ) -> std::io::Result<()> {
        /// Bytes of the beginning that are looked at.
        const FIRST: u64 = 4 << 10;
        let mut first = Vec::new();
        let read = read_at(&opened.fd, &mut first, 0, opened.size.min(FIRST));
        if read.is_ok() && first.contains(&0) {
            return self.answer_refused(no_text(opened), started);
        }
        self.answer(Source::FoundConfig, opened, started)
    }

    fn answer_kept(
        &mut self,
        keep: Keep,
        limit: u64,
        one_record: bool,
        opened: &Opened,
        started: Instant,
    ) -> std::io::Result<()> {
        let Collector {
            replies, buffer, ..
        } = self;
        buffer.clear();
        let mut end = match keep {
            Keep::Head => head(replies, buffer, opened, limit, one_record)?,
            Keep::Ends => ends(buffer, &opened.fd, limit),
            Keep::Tail => tail(replies, buffer, opened, limit)?,
            Keep::Rest => End {
                expected: false,
                ..tail(replies, buffer, opened, limit)?
            },
            Keep::Records => records(replies, buffer, &opened.fd, limit)?,
        };
        end.file = opened.facts;
        end.access_time_touched = opened.access_time_touched;
        end.duration_us = elapsed_us(started);
        replies.send(&Reply::File {
            end,
            bytes: Text::from(buffer.as_slice()),
        })
    }

    /// Answers for a file that could not be opened.
    pub(super) fn answer_refused(
        &mut self,
        mut end: End<'static>,
        started: Instant,
    ) -> std::io::Result<()> {
        end.duration_us = elapsed_us(started);
        self.replies.send(&Reply::File {
            end,
            bytes: Text::default(),
        })
    }
}

pub(super) fn elapsed_us(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn head<F: AsFd>(
    replies: &mut Replies<F>,
    buffer: &mut Vec<u8>,
    opened: &Opened,
    limit: u64,
    one_record: bool,
) -> std::io::Result<End<'static>> {
    let mut seen = 0_u64;
    let outcome = loop {
        if buffer.len() >= CHUNK {
            replies.send(&Reply::Chunk(Text::from(buffer.as_slice())))?;
            buffer.clear();
        }
        buffer.reserve(READ_SIZE);
        let room = buffer.capacity().saturating_sub(buffer.len());
        match rustix::io::read(&opened.fd, spare_capacity(buffer)) {
            Ok(0) => break End::of(Outcome::Collected),
            Ok(count) => {
                seen = seen.saturating_add(to_u64(count));
                if let Some(over) = seen.checked_sub(limit).filter(|over| *over > 0) {
                    let kept = buffer
                        .len()
                        .saturating_sub(usize::try_from(over).unwrap_or(0));
                    buffer.truncate(kept);
                    break End::because(Outcome::Truncated, format!("cut at {limit} bytes"));
                }
                if one_record && count < room {
                    break End::of(Outcome::Collected);
                }
            }
            Err(Errno::INTR) => {}
            Err(errno) => break End::of_errno(errno),
        }
    };
    Ok(End {
        seen: seen.max(opened.size),
        ..outcome
    })
}

/// Reads a text that its owner can make longer than memory: when it is over the limit, its beginning and its end.
pub(super) fn ends(buffer: &mut Vec<u8>, fd: &OwnedFd, limit: u64) -> End<'static> {
    let mut failed = None;
    while to_u64(buffer.len()) <= limit {
        buffer.reserve(READ_SIZE);
        match rustix::io::read(fd, spare_capacity(buffer)) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => {
                failed = Some(errno);
                break;
            }
        }
    }
    let seen = to_u64(buffer.len());
    if let Some(errno) = failed {
        return End {
            seen,
            ..End::of_errno(errno)
        };
    }
    if seen <= limit {
        return End {
            seen,
            ..End::of(Outcome::Collected)
        };
    }
    let length = find_end(fd, seen);
    let half = limit.checked_div(2).unwrap_or(limit);
    let mut tail_start = length.saturating_sub(half).max(half);
    buffer.truncate(usize::try_from(half).unwrap_or(usize::MAX));
    let mut offset = tail_start;
    while offset < length && to_u64(buffer.len()) < limit {
        buffer.reserve(READ_SIZE);
        match rustix::io::pread(fd, spare_capacity(buffer), offset) {
            Ok(0) | Err(_) => break,
            Ok(count) => offset = offset.saturating_add(to_u64(count)),
        }
    }
    buffer.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    // What is left of an entry whose name is missing may be a secret, which nobody could tell.
    let tail = usize::try_from(half).unwrap_or(usize::MAX);
    let cut = buffer.get(tail..).and_then(|tail| memchr::memchr(0, tail));
    if let Some(cut) = cut {
        buffer.drain(tail..tail.saturating_add(cut));
        tail_start = tail_start.saturating_add(to_u64(cut));
    }
    let reason = format!("of {length} bytes, those from {half} to {tail_start} are missing");
    End {
        seen: length,
        ..End::because(Outcome::Truncated, reason)
    }
}

/// The length of a text of which `known` bytes were read, by asking for single bytes: some 80 reads for the longest
/// possible, where reading it whole would take its owner's memory and our time.
fn find_end(fd: &OwnedFd, known: u64) -> u64 {
    /// Above what an address space holds.
    const ADDRESS_LIMIT: u64 = 1 << 57;
    let has = |offset: u64| {
        let mut byte = [0];
        matches!(rustix::io::pread(fd, &mut byte, offset), Ok(1..))
    };
    let (mut inside, mut outside) = (known, known.saturating_mul(2));
    while outside < ADDRESS_LIMIT && has(outside) {
        inside = outside;
        outside = outside.saturating_mul(2);
    }
    while outside.saturating_sub(inside) > 1 {
        let middle = inside.midpoint(outside);
        if has(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    outside
}

/// Reads more of a file, but nothing behind `end`: the kernel refuses to read past what any file can have.
fn read_at(fd: &OwnedFd, buffer: &mut Vec<u8>, offset: u64, end: u64) -> rustix::io::Result<usize> {
    let before = buffer.len();
    let most = usize::try_from(end.saturating_sub(offset)).unwrap_or(READ_SIZE);
    buffer.resize(before.saturating_add(most.min(READ_SIZE)), 0);
    let read = rustix::io::pread(fd, buffer.get_mut(before..).unwrap_or_default(), offset);
    buffer.truncate(before.saturating_add(*read.as_ref().unwrap_or(&0)));
    read
}

/// Where the last page begins of a file that is said to end in a hole, if there is something in it: file systems miscount at the end
/// of the longest files that they can have.
fn end_of_longest(opened: &Opened) -> Option<u64> {
    const PAGE: u64 = 4 << 10;
    let start = opened
        .size
        .checked_sub(1)?
        .checked_div(PAGE)?
        .checked_mul(PAGE)?;
    let mut page = Vec::new();
    read_at(&opened.fd, &mut page, start, opened.size).ok()?;
    page.iter().any(|byte| *byte != 0).then_some(start)
}

fn tail<F: AsFd>(
    replies: &mut Replies<F>,
    buffer: &mut Vec<u8>,
    opened: &Opened,
    limit: u64,
) -> std::io::Result<End<'static>> {
    // What is written after the file was opened is not read: a log may grow faster than it is.
    let size = opened.size;
    let mut start = size.saturating_sub(limit);
    if start > 0 {
        // The end of a sparse file is found without reading its holes.
        match rustix::fs::seek(&opened.fd, rustix::fs::SeekFrom::Data(start)) {
            Ok(first) => start = first.min(size),
            Err(Errno::NXIO) => start = end_of_longest(opened).unwrap_or(size),
            Err(_) => {}
        }
    }
    let mut offset = start;
    let mut outcome = if start > 0 {
        End {
            expected: true,
            ..End::because(
                Outcome::Truncated,
                format!("the last {limit} bytes are kept"),
            )
        }
    } else {
        End::of(Outcome::Collected)
    };
    while offset < size {
        if buffer.len() >= CHUNK {
            replies.send(&Reply::Chunk(Text::from(buffer.as_slice())))?;
            buffer.clear();
        }
        match read_at(&opened.fd, buffer, offset, size) {
            Ok(0) => {
                outcome = End {
                    expected: true,
                    ..End::because(
                        Outcome::Truncated,
                        format!("it shrank to {offset} bytes while it was read"),
                    )
                };
                break;
            }
            Ok(count) => offset = offset.saturating_add(to_u64(count)),
            Err(Errno::INTR) => {}
            Err(errno) => {
                outcome = End::of_errno(errno);
                break;
            }
        }
    }
    Ok(End {
        seen: size,
        offset: start,
        ..outcome
    })
}

/// Reads the records of a device until there is none left, and keeps the last ones.
fn records<F: AsFd>(
    replies: &mut Replies<F>,
    buffer: &mut Vec<u8>,
    fd: &OwnedFd,
    limit: u64,
) -> std::io::Result<End<'static>> {
    let mut records: VecDeque<Vec<u8>> = VecDeque::new();
    let (mut seen, mut kept) = (0_u64, 0_u64);
    let mut outcome = loop {
        if seen > DEVICE_LIMIT {
            break End::because(Outcome::Truncated, "written faster than it was read");
        }
        let mut record = Vec::with_capacity(8 << 10);
        match rustix::io::read(fd, spare_capacity(&mut record)) {
            Ok(0) | Err(Errno::AGAIN) => break End::of(Outcome::Collected),
            Ok(count) => {
                seen = seen.saturating_add(to_u64(count));
                kept = kept.saturating_add(to_u64(count));
                record.shrink_to_fit();
                records.push_back(record);
                while kept > limit
                    && let Some(first) = records.pop_front()
                {
                    kept = kept.saturating_sub(to_u64(first.len()));
                }
            }
            // EPIPE: the next record was overwritten before we came to it; reading goes on with the oldest one.
            Err(Errno::INTR | Errno::PIPE) => {}
            Err(errno) => break End::of_errno(errno),
        }
    };
    if outcome.outcome == Outcome::Collected && kept < seen {
        outcome = End {
            expected: true,
            ..End::because(
                Outcome::Truncated,
                format!("the last {limit} bytes are kept"),
            )
        };
    }
    for record in records {
        if buffer.len() >= CHUNK {
            replies.send(&Reply::Chunk(Text::from(buffer.as_slice())))?;
            buffer.clear();
        }
        buffer.extend_from_slice(&record);
    }
    Ok(End {
        seen,
        offset: seen.saturating_sub(kept),
        ..outcome
    })
}

/// The whole of a small file, for facts that are not evidence.
pub(crate) fn small(opened: &Opened) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(4 << 10);
    while buffer.len() < (4 << 10) {
        match rustix::io::read(&opened.fd, spare_capacity(&mut buffer)) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => break,
        }
    }
    buffer
}

fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn opened(content: &[u8]) -> Opened {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0)).unwrap();
        Opened {
            fd: file.into(),
            facts: None,
            size: to_u64(content.len()),
            is_device: false,
            access_time_touched: false,
        }
    }

    #[test]
    fn a_long_command_line_keeps_both_ends() {
        let text: Vec<u8> = (0..1_000_003_u32).flat_map(u32::to_le_bytes).collect();
        let file = opened(&text);
        let mut buffer = Vec::new();
        let end = ends(&mut buffer, &file.fd, 100_000);
        assert_eq!((end.outcome, end.seen), (Outcome::Truncated, 4_000_012));
        // The tail begins with the first NUL that is in it: those bytes are 5f 11 0f 00.
        assert_eq!(buffer.len(), 99_997);
        assert_eq!(buffer[..50_000], text[..50_000]);
        assert_eq!(buffer[50_000..], text[text.len() - 49_997..]);
        assert_eq!(
            end.reason.unwrap().as_bytes(),
            b"of 4000012 bytes, those from 50000 to 3950015 are missing"
        );

        let file = opened(&text[..100_000]);
        let mut buffer = Vec::new();
        let end = ends(&mut buffer, &file.fd, 100_000);
        assert_eq!((end.outcome, buffer.len()), (Outcome::Collected, 100_000));
    }

    fn replies() -> Replies<std::fs::File> {
        Replies {
            out: tempfile::tempfile().unwrap(),
            frames: Vec::new(),
        }
    }

    #[test]
    fn a_tail_begins_where_the_limit_says() {
        let mut buffer = Vec::new();
        let end = tail(
            &mut replies(),
            &mut buffer,
            &opened(b"one\ntwo\nthree\n"),
            6,
        )
        .unwrap();
        assert_eq!(
            (buffer.as_slice(), end.offset, end.seen),
            (&b"three\n"[..], 8, 14)
        );
        assert!(end.outcome == Outcome::Truncated && !end.is_gap());
        let mut buffer = Vec::new();
        let end = tail(&mut replies(), &mut buffer, &opened(b"one\n"), 6).unwrap();
        assert_eq!(
            (buffer.as_slice(), end.offset, end.outcome),
            (&b"one\n"[..], 0, Outcome::Collected)
        );
    }

    #[test]
    fn a_sparse_log_costs_nothing() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(1 << 42).unwrap();
        let opened = Opened {
            fd: file.into(),
            size: 1 << 42,
            ..opened(b"")
        };
        let mut buffer = Vec::new();
        let end = tail(&mut replies(), &mut buffer, &opened, 1 << 20).unwrap();
        assert_eq!((buffer.len(), end.seen), (0, 1 << 42));
    }

    #[test]
    fn what_is_over_the_limit_is_cut_and_said() {
        let mut buffer = Vec::new();
        let end = head(
            &mut replies(),
            &mut buffer,
            &opened(&[b'x'; 5000]),
            4000,
            false,
        )
        .unwrap();
        assert_eq!(
            (end.outcome, buffer.len(), end.seen),
            (Outcome::Truncated, 4000, 5000)
        );
        assert!(end.is_gap());
    }
}
