//! The last entries of a journal file.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use schema::{Outcome, Text};

use super::{CHUNK, Collector, read};
use crate::host::Opened;
use crate::journal::{Journal, Odd, ReadAt};
use crate::protocol::{End, Reply};

impl ReadAt for &OwnedFd {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match rustix::io::pread(self, rest, at) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(filled)
    }
}

impl<F: AsFd> Collector<'_, F> {
    /// Answers with the last entries of a journal file, at most so many, of so many bytes, and not older than that.
    pub(super) fn journal(
        &mut self,
        entries: u32,
        limit: u64,
        since_us: u64,
        opened: &Opened,
        started: Instant,
    ) -> std::io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let end = match Journal::open(&opened.fd) {
            Ok(journal) => self.journal_entries(journal, entries, limit, since_us, &mut buffer)?,
            Err(Odd::Foreign | Odd::Torn) => End {
                expected: true,
                ..End::because(Outcome::Skipped, "no journal")
            },
        };
        let sent = self.replies.send(&Reply::File {
            end: End {
                seen: opened.size,
                file: opened.facts,
                access_time_touched: opened.access_time_touched,
                duration_us: read::elapsed_us(started),
                ..end
            },
            bytes: Text::from(buffer.as_slice()),
        });
        self.buffer = buffer;
        sent
    }

    fn journal_entries(
        &mut self,
        mut journal: Journal<&OwnedFd>,
        entries: u32,
        limit: u64,
        since_us: u64,
        buffer: &mut Vec<u8>,
    ) -> std::io::Result<End<'static>> {
        let all = journal.entries();
        // From the end: what fits, and how much is torn.
        let missing = journal.missing();
        let (mut first, mut size, mut torn) = (all, 0_u64, missing);
        let mut is_cut = false;
        while let Some(number) = first.checked_sub(1) {
            buffer.clear();
            let is_old = journal.realtime(number).is_some_and(|us| us < since_us);
            if is_old || all.saturating_sub(number) > u64::from(entries) {
                is_cut = true;
                break;
            }
            match journal.export(number, buffer) {
                Ok(()) => {
                    let length = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
                    if size.saturating_add(length) > limit {
                        is_cut = true;
                        break;
                    }
                    size = size.saturating_add(length);
                }
                Err(_) => torn = torn.saturating_add(1),
            }
            first = number;
        }
        buffer.clear();
        for number in first..all {
            let _ = journal.export(number, buffer);
            if buffer.len() >= CHUNK {
                self.replies
                    .send(&Reply::Chunk(Text::from(buffer.as_slice())))?;
                buffer.clear();
            }
        }
        let kept = all.saturating_sub(first);
        Ok(if torn > 0 {
            let (kept, all) = (kept.saturating_add(missing), all.saturating_add(missing));
            let reason = format!("{torn} of the last {kept} of {all} entries cannot be read");
            End::because(Outcome::Truncated, reason)
        } else if is_cut {
            End {
                expected: true,
                ..End::because(
                    Outcome::Truncated,
                    format!("the last {kept} of {all} entries are kept"),
                )
            }
        } else {
            End::of(Outcome::Collected)
        })
    }
}
