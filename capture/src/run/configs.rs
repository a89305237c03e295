//! The configuration files that processes lead to.

use std::collections::{BTreeMap, BTreeSet};

use schema::records::FoundConfig;
use schema::source::CONFIGS_LIMIT;
use schema::{Outcome, Source, Text};

use super::Capture;
use crate::Error;
use crate::config;
use crate::protocol::{Access, End, FileTask, FollowedLog, LogWay};

/// Files that are met, and processes that are noted of those that lead to the same one.
const FILE_LIMIT: usize = 4_000;
const HOLDER_LIMIT: usize = 16;
/// Files that are asked for at the same time.
const AT_ONCE: usize = 64;
/// Files of one user that are read, and of which so many may hang before none of his is tried any more.
const OF_USER_LIMIT: usize = 500;
const HANG_LIMIT: usize = 2;

/// The configuration files that processes lead to.
#[derive(Debug, Default)]
pub(super) struct FoundConfigs {
    met: BTreeMap<Seen, Vec<Holder>>,
    /// How many more there were.
    over: u64,
    /// Those that were read, by path.
    read: BTreeSet<Vec<u8>>,
    /// Those of which it is known how their read ended: the others hung.
    answered: BTreeSet<Vec<u8>>,
    bytes: u64,
}

/// A file as processes with the same mounts and root directory see it.
type Seen = (Option<u64>, Option<Vec<u8>>, Vec<u8>);

/// Who leads to it, and how.
#[derive(Debug, Clone, Copy)]
struct Holder {
    pid: u32,
    uid: u32,
    is_argument: bool,
}

impl FoundConfigs {
    fn add(&mut self, seen: Seen, holder: Holder) {
        if self.met.len() >= FILE_LIMIT && !self.met.contains_key(&seen) {
            self.over = self.over.saturating_add(1);
            return;
        }
        let holders = self.met.entry(seen).or_default();
        // Whom root's process leads to, nobody else made to hang.
        if holder.uid == 0 && holders.first().is_some_and(|first| first.uid != 0) {
            holders.insert(0, holder);
            holders.truncate(HOLDER_LIMIT);
        } else if holders.len() < HOLDER_LIMIT {
            holders.push(holder);
        }
    }

    /// Takes note that a file was read, and how much of it was kept.
    pub(super) fn answer(&mut self, path: &[u8], end: &End<'_>, bytes: u64) {
        self.answered.insert(path.to_vec());
        if matches!(end.outcome, Outcome::Collected | Outcome::Truncated) {
            self.read.insert(path.to_vec());
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }
}

impl Capture {
    /// Learns of the configuration of a process from its command line.
    pub(super) fn learn_configs(&mut self, pid: u32, arguments: &[u8]) {
        let met = self.processes.get(&pid);
        // What it may read is not known of a process of several users.
        let uid = met.and_then(|met| met.uid).or((!self.is_live).then_some(0));
        let (Some(uid), false) = (uid, self.is_own(pid)) else {
            return;
        };
        let place = met.map(|met| (met.mount_namespace, met.root.clone()));
        let (namespace, root) = place.unwrap_or_default();
        let named = config::named(arguments)
            .into_iter()
            .map(|path| (path, true));
        let called = config::of_program(arguments)
            .into_iter()
            .map(|path| (path, false));
        for (path, is_argument) in named.chain(called) {
            let seen = (namespace, root.clone(), path);
            let holder = Holder {
                pid,
                uid,
                is_argument,
            };
            self.found_configs.add(seen, holder);
        }
    }

    /// Reads the configuration files.
    pub(super) fn configs(&mut self) -> Result<(), Error> {
        self.progress.stage("configuration");
        let source = self.position(Source::FoundConfig).unwrap_or(u16::MAX);
        let own = self.processes.get(&self.reference);
        let own = own.and_then(|met| met.mount_namespace);
        let met = std::mem::take(&mut self.found_configs.met);
        let mut left_out = self.found_configs.over;
        let mut of_user: BTreeMap<u32, usize> = BTreeMap::new();
        let mut wanted = Vec::new();
        for ((namespace, root, target), holders) in met {
            let Some(first) = holders.first().copied() else {
                continue;
            };
            let count = of_user.entry(first.uid).or_default();
            if first.uid != 0 && *count >= OF_USER_LIMIT {
                left_out = left_out.saturating_add(1);
                continue;
            }
            *count = count.saturating_add(1);
            let is_elsewhere = namespace.is_some_and(|inode| Some(inode) != own);
            let through = is_elsewhere || root.is_some();
            if through && !self.is_live {
                continue;
            }
            let path = if through {
                [format!("/proc/{}/root", first.pid).as_bytes(), &target].concat()
            } else {
                target.clone()
            };
            wanted.push((path, target, through, holders));
        }
        if left_out > 0 && self.stop.is_none() {
            let reason =
                format!("number: {left_out} configuration files that processes name are left out");
            let end = End::because(Outcome::Truncated, reason);
            let now = self.now_ms();
            self.sink.outcome(b"/proc", None, &end, now)?;
        }
        let mut hung: BTreeMap<u32, usize> = BTreeMap::new();
        for round in wanted.chunks(AT_ONCE) {
            let (mut tasks, mut asked) = (Vec::new(), BTreeSet::new());
            for (path, target, through, holders) in round {
                let Some(first) = holders.first() else {
                    continue;
                };
                if !self.planned.insert(path.clone()) {
                    continue;
                }
                let of_user = hung.get(&first.uid).copied().unwrap_or(0);
                let refused = if of_user >= HANG_LIMIT {
                    Some(format!("not tried: {of_user} files of the same user hung"))
                } else if self.found_configs.bytes >= CONFIGS_LIMIT {
                    Some(format!(
                        "size: the {CONFIGS_LIMIT} bytes for configuration are spent"
                    ))
                } else {
                    None
                };
                if let Some(reason) = refused {
                    let end = End::because(Outcome::Skipped, reason);
                    let now = self.now_ms();
                    self.sink.outcome(path, Some(first.pid), &end, now)?;
                    continue;
                }
                asked.insert(path.clone());
                let identity = self.processes.get(&first.pid).map(|met| met.identity);
                tasks.push(FileTask {
                    source,
                    path: path.clone(),
                    access: Access::Log(FollowedLog {
                        pid: first.pid,
                        identity: identity.unwrap_or_default(),
                        uid: Some(first.uid),
                        way: LogWay::Named {
                            path: target.clone(),
                            through: *through,
                        },
                        limit: 0,
                    }),
                });
            }
            self.try_once(tasks)?;
            for (path, target, _, holders) in round {
                if !self.found_configs.read.contains(path) {
                    continue;
                }
                for holder in holders {
                    let found_by = if holder.is_argument {
                        "argument"
                    } else {
                        "program"
                    };
                    let record = FoundConfig {
                        path: Text::from(path.as_slice()),
                        found_by: Text::from(found_by),
                        pid: holder.pid,
                        target: Text::from(target.as_slice()),
                    };
                    let now = self.now_ms();
                    self.sink.record(&record, now)?;
                }
            }
            for (path, .., holders) in round {
                let is_answered = self.found_configs.answered.remove(path);
                if asked.contains(path)
                    && !is_answered
                    && self.stop.is_none()
                    && let Some(first) = holders.first()
                {
                    let count = hung.entry(first.uid).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        Ok(())
    }
}
