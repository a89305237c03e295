//! The rotated siblings of the logs: found by listing, read newest first within what is left of the logs' budget.

use std::collections::BTreeMap;

use schema::rotated::{self, Age};
use schema::source::{COMPRESSED_LOG_LIMIT, LOG_TAIL_LIMIT, LOGS_LIMIT};
use schema::{Outcome, Source};

use super::{Capture, logs};
use crate::Error;
use crate::plan;
use crate::protocol::{Access, End, FileTask, Request, RotatedTask};

/// Rotated logs that are read, and most that are named of one log: a year of days for each log of a distribution.
pub(crate) const SIBLING_LIMIT: usize = 2000;

/// A rotated log that was found.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sibling {
    /// 0 for the newest of its log.
    rank: usize,
    /// Position of the log among the sources.
    source: u16,
    path: String,
    is_compressed: bool,
}

impl Capture {
    /// Reads the rotated siblings of all logs: the newest of each, then the second newest.
    pub(super) fn siblings(&mut self) -> Result<(), Error> {
        let known = plan::logs().into_iter();
        let known: Vec<(u16, String)> = known
            .filter(|log| {
                let source = self.sources.get(usize::from(log.source));
                let is_log = matches!(source, Some(Source::Log(_)));
                log.access == Access::System && (self.settings.known_logs || !is_log)
            })
            .map(|log| (log.source, log.path.to_owned()))
            .collect();
        let found = self.position(Source::FoundLog);
        let is_known = |path: &str| known.iter().any(|(_, log)| log == path);
        let mut logs = known.clone();
        for path in self
            .found_logs
            .siblings()
            .iter()
            .filter(|path| !is_known(path))
        {
            logs.extend(found.map(|position| (position, path.clone())));
        }
        let all: Vec<String> = logs.iter().map(|(_, path)| path.clone()).collect();
        let mut paths = Vec::new();
        for (directory, logs) in logs::directories(&all) {
            let names = logs.iter().filter_map(|log| log.rsplit_once('/'));
            let task = RotatedTask {
                directory: directory.as_bytes().to_vec(),
                logs: names.map(|(_, name)| name.to_owned()).collect(),
            };
            self.work(vec![Request::ListRotated(task)])?;
            let names = std::mem::take(&mut self.names);
            let names = names
                .iter()
                .filter_map(|name| std::str::from_utf8(name).ok());
            paths.extend(names.map(|name| format!("{directory}/{name}")));
        }
        let mut ranked = ranked(&logs, &paths);
        let older = ranked.split_off(ranked.len().min(SIBLING_LIMIT));
        for sibling in ranked {
            self.sibling(sibling)?;
        }
        if let (Some(first), None) = (older.first(), &self.stop) {
            let count = older.len();
            let reason = format!("number: over {SIBLING_LIMIT} rotated logs, {count} are not read");
            let end = End::because(Outcome::Skipped, reason);
            let now = self.now_ms();
            self.sink.outcome(first.path.as_bytes(), None, &end, now)?;
        }
        Ok(())
    }

    /// One at a time: what a file may take depends on what the ones before it took.
    fn sibling(&mut self, sibling: Sibling) -> Result<(), Error> {
        let left = LOGS_LIMIT.saturating_sub(self.sink.log_bytes());
        if left == 0 && self.stop.is_none() {
            let reason = format!("size: the {LOGS_LIMIT} bytes for all logs are spent");
            let end = End::because(Outcome::Skipped, reason);
            let now = self.now_ms();
            self.sink
                .outcome(sibling.path.as_bytes(), None, &end, now)?;
            return Ok(());
        }
        let limit = if sibling.is_compressed {
            COMPRESSED_LOG_LIMIT
        } else {
            LOG_TAIL_LIMIT
        };
        if self.sources.get(usize::from(sibling.source)) == Some(&Source::FoundLog) {
            if self.planned.contains(sibling.path.as_bytes()) {
                return Ok(());
            }
            let path = sibling.path.as_bytes();
            self.tell_found(path, "rotated", None, path)?;
        }
        let task = FileTask {
            source: sibling.source,
            path: sibling.path.into_bytes(),
            access: Access::Rotated(limit.min(left)),
        };
        self.files(std::iter::once(task))
    }
}

/// The rotated logs among `paths`, by age within their log.
fn ranked(logs: &[(u16, String)], paths: &[String]) -> Vec<Sibling> {
    let mut found: BTreeMap<(u16, bool), Vec<_>> = BTreeMap::new();
    for path in paths {
        for (source, log) in logs {
            if let Some(sibling) = rotated::sibling(log, path) {
                // A host that changed from numbers to dates has both, and either may be the newer.
                let is_dated = matches!(sibling.age, Age::Date(_));
                found.entry((*source, is_dated)).or_default().push((
                    sibling.age,
                    sibling.is_compressed,
                    path,
                ));
            }
        }
    }
    let mut ranked = Vec::new();
    for ((source, _), mut siblings) in found {
        siblings.sort();
        ranked.extend(
            siblings
                .into_iter()
                .enumerate()
                .map(|(rank, (_, is_compressed, path))| Sibling {
                    rank,
                    source,
                    path: path.clone(),
                    is_compressed,
                }),
        );
    }
    ranked.sort();
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_every_log_come_before_older_ones() {
        let logs = [(3, "/var/log/syslog"), (4, "/var/log/kern.log")]
            .map(|(source, path)| (source, path.to_owned()));
        let paths = [
            "/var/log/kern.log",
            "/var/log/kern.log-20261031",
            "/var/log/kern.log-20261101",
            "/var/log/syslog.10.gz",
            "/var/log/syslog.2.gz",
            "/var/log/syslog.1",
            "/var/log/other.1",
        ]
        .map(str::to_owned);
        let order: Vec<(usize, String, bool)> = ranked(&logs, &paths)
            .into_iter()
            .map(|sibling| (sibling.rank, sibling.path, sibling.is_compressed))
            .collect();
        let expected = [
            (0, "/var/log/syslog.1", false),
            (0, "/var/log/kern.log-20261101", false),
            (1, "/var/log/syslog.2.gz", true),
            (1, "/var/log/kern.log-20261031", false),
            (2, "/var/log/syslog.10.gz", true),
        ];
        assert_eq!(
            order,
            expected.map(|(rank, path, packed)| (rank, path.to_owned(), packed))
        );
    }
}
