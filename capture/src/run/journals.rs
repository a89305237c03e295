//! The journal: the last entries of its files, those first that are written to.

use std::cmp::Reverse;

use schema::source::{JOURNALS, JOURNALS_LIMIT};
use schema::{Outcome, Source};

use super::Capture;
use crate::Error;
use crate::protocol::{Access, End, FileTask, Request};

/// Files that are read: a host keeps a hundred.
const FILES_LIMIT: usize = 1000;

impl Capture {
    /// Reads the journal, wherever it is kept.
    pub(super) fn journals(&mut self) -> Result<(), Error> {
        self.progress.stage("journal");
        let mut files = Vec::new();
        for place in JOURNALS {
            for directory in self.names_in(place.as_bytes())? {
                let directory = [place.as_bytes(), b"/", &directory].concat();
                // Beside the directories of machines lie files, where somebody put them there.
                if is_journal(&directory) {
                    files.push(directory);
                    continue;
                }
                for name in self.names_in(&directory)? {
                    let path = [&directory, b"/".as_slice(), &name].concat();
                    files.extend(is_journal(&path).then_some(path));
                }
            }
        }
        files.sort_by_cached_key(|path| order(path));
        let source = self.position(Source::Journal).unwrap_or(u16::MAX);
        let now = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default();
        let since = self
            .settings
            .journal_since
            .map(|age| now.saturating_sub(age));
        let since_us = since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(0));
        let mut read = 0_usize;
        for path in files {
            let left = JOURNALS_LIMIT.saturating_sub(self.sink.journal_bytes());
            if read >= FILES_LIMIT || left == 0 {
                let reason = format!("size: the {JOURNALS_LIMIT} bytes for the journal are spent");
                // As with a log of which the end is kept: the rest is older.
                let end = End {
                    expected: true,
                    ..End::because(Outcome::Skipped, reason)
                };
                let now = self.now_ms();
                self.sink.outcome(&path, None, &end, now)?;
                continue;
            }
            read = read.saturating_add(1);
            let access = Access::Journal {
                entries: self.settings.journal_entries,
                limit: left,
                since_us,
            };
            self.files(std::iter::once(FileTask {
                source,
                path,
                access,
            }))?;
        }
        Ok(())
    }

    fn names_in(&mut self, directory: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        self.names.clear();
        self.work(vec![Request::ListDirectory(directory.to_vec())])?;
        Ok(std::mem::take(&mut self.names))
    }
}

fn is_journal(path: &[u8]) -> bool {
    path.ends_with(b".journal") || path.ends_with(b".journal~")
}

/// Files that are written to before those that are full, of which the name tells when they were begun: the newest first.
fn order(path: &[u8]) -> (bool, bool, Reverse<Vec<u8>>, Vec<u8>) {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let stem = name.strip_suffix(b"~").unwrap_or(name);
    let stem = stem.strip_suffix(b".journal").unwrap_or(stem);
    let full = stem.iter().position(|byte| *byte == b'@');
    let begun = stem.rsplit(|byte| *byte == b'-').next();
    let begun = begun.filter(|_| full.is_some()).unwrap_or_default();
    (
        full.is_some(),
        !name.starts_with(b"system"),
        Reverse(begun.to_vec()),
        path.to_vec(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_comes_first() {
        let mut names = [
            "/j/m/system@a-0000000000000001-0006000000000001.journal",
            "/j/m/user-1000.journal",
            "/j/m/system@a-0000000000000009-0006000000000009.journal",
            "/j/m/system.journal",
            "/j/m/system@0006000000000005-a.journal~",
        ];
        names.sort_by_cached_key(|path| order(path.as_bytes()));
        assert_eq!(names[0], "/j/m/system.journal");
        assert_eq!(names[1], "/j/m/user-1000.journal");
        assert!(names[4].contains("0000000000000001-"));
    }
}
