//! The configuration files that processes lead to, and what those include.

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
/// How far a file may be included by one that is included.
const INCLUDE_DEPTH: usize = 3;

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
    /// What those that were read include, as they say it.
    included: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    /// Which process leads to which, as far as it is written.
    told: BTreeSet<(Vec<u8>, u32)>,
    bytes: u64,
}

/// A file as processes with the same mounts and root directory see it.
type Seen = (Option<u64>, Option<Vec<u8>>, Vec<u8>);

/// Who leads to it, and how.
#[derive(Debug, Clone, Copy)]
struct Holder {
    pid: u32,
    uid: u32,
    found_by: &'static str,
}

/// A file that is to be read, or a directory that is to be listed.
#[derive(Debug, Clone)]
struct Wanted {
    /// The path as it is shown.
    path: Vec<u8>,
    /// The path as the processes see it.
    target: Vec<u8>,
    /// What names in it are to be like, of a directory; none of a file.
    patterns: Vec<Vec<u8>>,
    /// Directory of the file that nobody includes: what it and those below it include is relative to that.
    base: Vec<u8>,
    /// Whether the path begins at the root directory of the process.
    through: bool,
    holders: Vec<Holder>,
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

    /// Takes note of how the read of a file ended, and of what it includes; `bytes` are its end.
    pub(super) fn answer(&mut self, path: &[u8], end: &End<'_>, bytes: &[u8]) {
        self.answered.insert(path.to_vec());
        if matches!(end.outcome, Outcome::Collected | Outcome::Truncated) {
            self.read.insert(path.to_vec());
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.bytes = self.bytes.saturating_add(length);
            let included = config::included(bytes);
            if !included.is_empty() {
                self.included.insert(path.to_vec(), included);
            }
        }
    }

    /// Takes note that the listing of a directory ended.
    pub(super) fn listed(&mut self, path: &[u8]) {
        self.answered.insert(path.to_vec());
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
        let place = met.map(|met| {
            (
                met.mount_namespace,
                met.root.clone(),
                met.working.as_deref(),
            )
        });
        let (namespace, root, working) = place.unwrap_or_default();
        // Below another root directory the path is told from the host's.
        let working = match &root {
            Some(root) => working.and_then(|working| working.strip_prefix(root.as_slice())),
            None => working,
        };
        let named = config::named(arguments, working)
            .into_iter()
            .map(|path| (path, "argument"));
        let called = config::of_program(arguments)
            .into_iter()
            .map(|path| (path, "program"));
        for (path, found_by) in named.chain(called) {
            let seen = (namespace, root.clone(), path);
            let holder = Holder { pid, uid, found_by };
            self.found_configs.add(seen, holder);
        }
    }

    /// Reads the configuration files, and what they include.
    pub(super) fn configs(&mut self) -> Result<(), Error> {
        self.progress.stage("configuration");
        let mut left_out = self.found_configs.over;
        let mut wanted = self.led_to(&mut left_out);
        let mut hung = BTreeMap::new();
        let mut room = FILE_LIMIT;
        for depth in 0..=INCLUDE_DEPTH {
            left_out = left_out.saturating_add(cut(&mut wanted, room));
            room = room.saturating_sub(wanted.len());
            self.ask(&wanted, &mut hung)?;
            if depth == INCLUDE_DEPTH {
                break;
            }
            let (directories, mut files) = self.included_by(&wanted);
            let directories: Vec<Wanted> = directories.into_iter().take(room).collect();
            self.names.clear();
            self.ask(&directories, &mut hung)?;
            files.extend(self.named_in(&directories));
            if files.is_empty() {
                break;
            }
            wanted = merged(files);
        }
        if left_out > 0 && self.stop.is_none() {
            let reason =
                format!("number: {left_out} configuration files that processes name are left out");
            let end = End::because(Outcome::Truncated, reason);
            let now = self.now_ms();
            self.sink.outcome(b"/proc", None, &end, now)?;
        }
        Ok(())
    }

    /// The files that command lines lead to.
    fn led_to(&mut self, left_out: &mut u64) -> Vec<Wanted> {
        let own = self.processes.get(&self.reference);
        let own = own.and_then(|met| met.mount_namespace);
        let mut of_user: BTreeMap<u32, usize> = BTreeMap::new();
        let mut wanted = Vec::new();
        for ((namespace, root, target), holders) in std::mem::take(&mut self.found_configs.met) {
            let Some(first) = holders.first().copied() else {
                continue;
            };
            let count = of_user.entry(first.uid).or_default();
            if first.uid != 0 && *count >= OF_USER_LIMIT {
                *left_out = left_out.saturating_add(1);
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
            wanted.push(Wanted {
                path,
                base: directory_of(&target).to_vec(),
                target,
                patterns: Vec::new(),
                through,
                holders,
            });
        }
        wanted
    }

    /// What those include that were read: directories in which names are to be looked for, and files.
    fn included_by(&mut self, wanted: &[Wanted]) -> (Vec<Wanted>, Vec<Wanted>) {
        let included = std::mem::take(&mut self.found_configs.included);
        let all = wanted.iter().flat_map(|file| {
            let values = included.get(&file.path).into_iter().flatten();
            values.filter_map(move |value| {
                let (directory, name) = config::place(value, &file.base)?;
                let root = file.path.strip_suffix(file.target.as_slice())?;
                let (target, patterns) = if config::is_pattern(&name) {
                    (directory, vec![name])
                } else {
                    ([&directory, &b"/"[..], &name].concat(), Vec::new())
                };
                Some(Wanted {
                    path: [root, &target].concat(),
                    target,
                    patterns,
                    ..file.included()
                })
            })
        });
        let (directories, files): (Vec<_>, Vec<_>) =
            all.partition(|wanted| !wanted.patterns.is_empty());
        (merged(directories), files)
    }

    /// The files that were found in directories.
    fn named_in(&mut self, directories: &[Wanted]) -> Vec<Wanted> {
        let names = std::mem::take(&mut self.names);
        let files = names.into_iter().filter_map(|path| {
            let place = directory_of(&path);
            let directory = directories.iter().find(|wanted| wanted.path == place)?;
            let name = path.get(place.len()..)?;
            Some(Wanted {
                target: [&directory.target, name].concat(),
                patterns: Vec::new(),
                path,
                ..directory.clone()
            })
        });
        files.collect()
    }

    /// Reads files, or lists directories.
    fn ask(&mut self, wanted: &[Wanted], hung: &mut BTreeMap<u32, usize>) -> Result<(), Error> {
        let source = self.position(Source::FoundConfig).unwrap_or(u16::MAX);
        for round in wanted.chunks(AT_ONCE) {
            let (mut tasks, mut asked) = (Vec::new(), BTreeSet::new());
            for wanted in round {
                let Some(first) = wanted.holders.first() else {
                    continue;
                };
                if !self.planned.insert(wanted.path.clone()) {
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
                    self.sink
                        .outcome(&wanted.path, Some(first.pid), &end, now)?;
                    continue;
                }
                asked.insert(wanted.path.clone());
                let identity = self.processes.get(&first.pid).map(|met| met.identity);
                tasks.push(FileTask {
                    source,
                    path: wanted.path.clone(),
                    access: Access::Log(FollowedLog {
                        pid: first.pid,
                        identity: identity.unwrap_or_default(),
                        uid: Some(first.uid),
                        way: wanted.way(),
                        limit: 0,
                    }),
                });
            }
            self.try_once(tasks)?;
            for wanted in round {
                if !self.found_configs.read.contains(&wanted.path) {
                    continue;
                }
                for holder in &wanted.holders {
                    if !self
                        .found_configs
                        .told
                        .insert((wanted.path.clone(), holder.pid))
                    {
                        continue;
                    }
                    let record = FoundConfig {
                        path: Text::from(wanted.path.as_slice()),
                        found_by: Text::from(holder.found_by),
                        pid: holder.pid,
                        target: Text::from(wanted.target.as_slice()),
                    };
                    let now = self.now_ms();
                    self.sink.record(&record, now)?;
                }
            }
            for wanted in round {
                let is_answered = self.found_configs.answered.remove(&wanted.path);
                if asked.contains(&wanted.path)
                    && !is_answered
                    && self.stop.is_none()
                    && let Some(first) = wanted.holders.first()
                {
                    let count = hung.entry(first.uid).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        Ok(())
    }
}

impl Wanted {
    /// The same for what it includes.
    fn included(&self) -> Wanted {
        let holders = self.holders.iter().map(|holder| Holder {
            found_by: "include",
            ..*holder
        });
        Wanted {
            holders: holders.collect(),
            ..self.clone()
        }
    }

    fn way(&self) -> LogWay {
        let (path, through) = (self.target.clone(), self.through);
        if self.patterns.is_empty() {
            return LogWay::Named { path, through };
        }
        LogWay::Listed {
            path,
            patterns: self.patterns.clone(),
            through,
        }
    }
}

/// The same with each path once, for all who lead there.
fn merged(wanted: Vec<Wanted>) -> Vec<Wanted> {
    let mut merged: BTreeMap<Vec<u8>, Wanted> = BTreeMap::new();
    for other in wanted {
        let Some(one) = merged.get_mut(&other.path) else {
            merged.insert(other.path.clone(), other);
            continue;
        };
        for pattern in other.patterns {
            if !one.patterns.contains(&pattern) {
                one.patterns.push(pattern);
            }
        }
        for holder in other.holders {
            let is_known = one.holders.iter().any(|known| known.pid == holder.pid);
            if !is_known && one.holders.len() < HOLDER_LIMIT {
                one.holders.push(holder);
            }
        }
    }
    merged.into_values().collect()
}

/// Leaves out what is over a limit; returns how many are.
fn cut(wanted: &mut Vec<Wanted>, limit: usize) -> u64 {
    let over = wanted.len().saturating_sub(limit);
    wanted.truncate(limit);
    u64::try_from(over).unwrap_or(u64::MAX)
}

fn directory_of(path: &[u8]) -> &[u8] {
    let at = memchr::memrchr(b'/', path).unwrap_or(0);
    path.get(..at).unwrap_or_default()
}
