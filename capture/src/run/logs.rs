//! The logs: those that processes lead to, in whatever container and by whatever name, then those of known paths, then rotated
//! ones.

use std::collections::{BTreeMap, VecDeque};

use schema::records::{FdLink, FoundLog};
use schema::source::{FOUND_LOGS_LIMIT, LOG_TAIL_LIMIT};
use schema::{Outcome, Source, Text};

use super::Capture;
use super::schedule::current_file;
use crate::Error;
use crate::jobs::Outstanding;
use crate::log;
use crate::plan;
use crate::protocol::{Access, End, FileTask, FollowedLog, LogWay};

/// Logs that are met, and how many of them are read: those that most was written to.
const MET_LIMIT: usize = 20_000;
const READ_LIMIT: usize = 12_000;
/// Of which so many may be of processes of one user.
const OF_USER_LIMIT: usize = 2_000;
/// Processes that are noted of those that lead to the same log.
const HOLDER_LIMIT: usize = 16;
/// Logs that are asked for at the same time, and how many of those of one user.
const AT_ONCE: usize = 64;
const AT_ONCE_OF_USER: usize = 4;
/// Logs that are passed over in one round because their users have as many in it as they may.
const POSTPONED_LIMIT: usize = 256;
/// Logs of one user that may hang, before none of his is tried any more.
const HANG_LIMIT: usize = 2;
/// Logs of which rotated siblings are looked for: what there is room for of the others is little.
const SIBLINGS_OF: usize = 1_000;
/// Directories in which rotated siblings of found logs are looked for.
const DIRECTORY_LIMIT: usize = 200;

/// The logs that processes lead to.
#[derive(Debug, Default)]
pub(super) struct FoundLogs {
    met: BTreeMap<Seen, Met>,
    /// What container runtimes keep of the output of their containers.
    of_runtimes: Vec<Vec<u8>>,
    /// How many more there were.
    over: u64,
    /// How the reads of this round ended, by path.
    answered: BTreeMap<Vec<u8>, Answer>,
    /// How many of a user's hung.
    hung: BTreeMap<Option<u32>, usize>,
    /// Those of the host's own root that are read, by path.
    siblings: Vec<String>,
}

/// A log as processes with the same mounts and root directory see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    mount_namespace: Option<u64>,
    root: Option<Vec<u8>>,
    target: Vec<u8>,
    /// The holder of a file that has no name any more: two of those with the same name are two files.
    nameless: Option<(u32, u32)>,
}

/// Who leads to it.
#[derive(Debug, Default)]
struct Met {
    /// Process, and descriptor where it holds it open.
    holders: Vec<(u32, Option<u32>)>,
    position: u64,
    inode: Option<u64>,
    uid: Option<u32>,
}

/// How the read of a log ended.
#[derive(Debug)]
enum Answer {
    /// It was read.
    Read,
    /// The same file was read before, under this path.
    Same(Vec<u8>),
    /// There is nothing of it.
    Nothing,
}

/// A log that is to be read.
#[derive(Debug)]
struct Candidate {
    path: Vec<u8>,
    seen: Seen,
    met: Met,
}

impl FoundLogs {
    fn add(
        &mut self,
        seen: Seen,
        holder: (u32, Option<u32>),
        uid: Option<u32>,
    ) -> Option<&mut Met> {
        if self.met.len() >= MET_LIMIT && !self.met.contains_key(&seen) {
            self.over = self.over.saturating_add(1);
            return None;
        }
        let met = self.met.entry(seen).or_insert_with(|| Met {
            uid,
            ..Met::default()
        });
        // Whom root's process leads to, nobody else made to hang.
        if uid == Some(0) && met.uid != uid {
            met.uid = uid;
            met.holders.insert(0, holder);
            met.holders.truncate(HOLDER_LIMIT);
        } else if met.holders.len() < HOLDER_LIMIT && !met.holders.contains(&holder) {
            met.holders.push(holder);
        }
        Some(met)
    }

    /// Takes note of a log that a container runtime keeps, whose daemon need not run.
    pub(super) fn kept_by_runtime(&mut self, path: Vec<u8>) {
        self.of_runtimes.push(path);
    }

    /// Takes note how the read of a log ended.
    pub(super) fn answer(&mut self, path: &[u8], outcome: Outcome) {
        let answer = match outcome {
            Outcome::Collected | Outcome::Truncated => Answer::Read,
            _ => Answer::Nothing,
        };
        self.answered.insert(path.to_vec(), answer);
    }

    /// Takes note that a log is the same file as one that was read.
    pub(super) fn is_same(&mut self, path: &[u8], first: &[u8]) {
        let same = Answer::Same(first.to_vec());
        self.answered.insert(path.to_vec(), same);
    }

    /// The logs of the host's own root that were read, of which rotated siblings may lie beside them.
    pub(super) fn siblings(&self) -> &[String] {
        &self.siblings
    }
}

/// The path of the log whose answer comes next, if it was found through a process.
pub(super) fn current_log(asked: &Outstanding) -> Option<&[u8]> {
    let task = current_file(asked)?;
    matches!(task.access, Access::Log(_)).then_some(task.path.as_slice())
}

impl Capture {
    /// Reads all logs.
    pub(super) fn logs(&mut self) -> Result<(), Error> {
        self.progress.stage("logs");
        let (devices, logs): (Vec<_>, Vec<_>) = plan::logs()
            .into_iter()
            .map(FileTask::from)
            .partition(|task| task.access == Access::Device);
        // What the kernel said is overwritten first.
        self.files(devices.into_iter())?;
        self.followed_logs()?;
        let is_wanted = |task: &FileTask| {
            let source = self.sources.get(usize::from(task.source));
            let is_log = matches!(source, Some(Source::Log(_)));
            !self.planned.contains(&task.path) && (self.settings.known_logs || !is_log)
        };
        let logs: Vec<_> = logs.into_iter().filter(is_wanted).collect();
        self.files(logs.into_iter())?;
        self.siblings()
    }

    /// Learns of a log that a process holds open.
    pub(super) fn learn_descriptor(&mut self, link: &FdLink<'_>) {
        let (Some(target), Some(fdinfo)) = (&link.target, &link.fdinfo) else {
            return;
        };
        let target = target.as_bytes();
        let Some(held) = log::held(link.fd, target, fdinfo.as_bytes()) else {
            return;
        };
        if self.is_own(link.pid) {
            return;
        }
        let (mut seen, uid) = self.seen(link.pid, target);
        // A file may really be called so.
        if target.ends_with(b" (deleted)") && link.link_count.is_none_or(|count| count == 0) {
            seen.nameless = Some((link.pid, link.fd));
        }
        if let Some(met) = self.found_logs.add(seen, (link.pid, Some(link.fd)), uid) {
            met.position = met.position.max(held.position);
            met.inode = held.inode.or(met.inode);
        }
    }

    /// Learns of logs that the command line of a process names.
    pub(super) fn learn_arguments(&mut self, pid: u32, arguments: &[u8]) {
        if self.is_own(pid) {
            return;
        }
        for path in log::named(arguments) {
            let (seen, uid) = self.seen(pid, &path);
            // What it may read is not known of a process of several users.
            if uid.is_some() || !self.is_live {
                self.found_logs.add(seen, (pid, None), uid);
            }
        }
    }

    pub(super) fn is_own(&self, pid: u32) -> bool {
        self.own_pid == Some(pid) || self.worker_pids.contains(&pid)
    }

    fn seen(&self, pid: u32, target: &[u8]) -> (Seen, Option<u32>) {
        let met = self.processes.get(&pid);
        let seen = Seen {
            mount_namespace: met.and_then(|met| met.mount_namespace),
            root: met.and_then(|met| met.root.clone()),
            target: target.to_vec(),
            nameless: None,
        };
        (seen, met.and_then(|met| met.uid))
    }

    /// The logs that are read, those first that most was written to.
    fn candidates(&mut self) -> Vec<Candidate> {
        // Which one is the host's own is known by now.
        let own = self.processes.get(&self.reference);
        let own = own.and_then(|met| met.mount_namespace);
        let mut candidates: Vec<Candidate> = std::mem::take(&mut self.found_logs.met)
            .into_iter()
            .filter_map(|(mut seen, met)| {
                seen.mount_namespace = seen.mount_namespace.filter(|inode| Some(*inode) != own);
                let (pid, fd) = met.holders.first().copied()?;
                let below_root = [format!("/proc/{pid}/root").as_bytes(), &seen.target].concat();
                let path = match (seen.nameless, fd) {
                    (Some((pid, fd)), _) => format!("/proc/{pid}/fd/{fd}").into_bytes(),
                    (None, _) if seen.mount_namespace.is_some() => below_root,
                    // The kernel tells descriptors by our own root, arguments are told by theirs.
                    (None, None) if seen.root.is_some() => below_root,
                    _ => seen.target.clone(),
                };
                Some(Candidate { path, seen, met })
            })
            .collect();
        candidates.sort_by(|a, b| {
            let order = |of: &Candidate| {
                let is_elsewhere = of.seen.mount_namespace.is_some();
                (is_elsewhere, of.met.uid != Some(0), of.path.clone())
            };
            let written = b.met.position.cmp(&a.met.position);
            written.then_with(|| order(a).cmp(&order(b)))
        });
        // Those that a process holds open are among them already.
        let of_runtimes = std::mem::take(&mut self.found_logs.of_runtimes);
        candidates.extend(of_runtimes.into_iter().map(|path| Candidate {
            seen: Seen {
                mount_namespace: None,
                root: None,
                target: path.clone(),
                nameless: None,
            },
            met: Met {
                uid: Some(0),
                ..Met::default()
            },
            path,
        }));
        candidates
    }

    fn followed_logs(&mut self) -> Result<(), Error> {
        let source = self.position(Source::FoundLog).unwrap_or(u16::MAX);
        let (mut of_user, mut left_out) = (BTreeMap::new(), self.found_logs.over);
        let mut waiting = Vec::new();
        for candidate in self.candidates() {
            let count: &mut usize = of_user.entry(candidate.met.uid).or_default();
            let limit = match candidate.met.uid {
                Some(0) => READ_LIMIT,
                _ => OF_USER_LIMIT,
            };
            if *count >= limit || waiting.len() >= READ_LIMIT {
                left_out = left_out.saturating_add(1);
                continue;
            }
            let is_in_tree =
                candidate.seen.mount_namespace.is_none() && candidate.seen.nameless.is_none();
            if self.is_live || is_in_tree {
                *count = count.saturating_add(1);
                waiting.push(candidate);
            }
        }
        if left_out > 0 && self.stop.is_none() {
            let reason = format!(
                "number: over {READ_LIMIT} logs that processes write to, {left_out} are left out"
            );
            let end = End::because(Outcome::Truncated, reason);
            let now = self.now_ms();
            self.sink.outcome(b"/proc", None, &end, now)?;
        }
        // Small ones first: what they leave of their share is for the others.
        waiting.sort_by_key(|candidate| {
            let is_of_runtime = candidate.met.holders.is_empty();
            (is_of_runtime, candidate.met.position)
        });
        self.progress.expect(waiting.len());
        let mut waiting = VecDeque::from(waiting);
        while !waiting.is_empty() {
            self.log_round(&mut waiting, source)?;
        }
        Ok(())
    }

    /// Asks for the next logs, of one user not more than may hang.
    fn log_round(&mut self, waiting: &mut VecDeque<Candidate>, source: u16) -> Result<(), Error> {
        let (mut tasks, mut postponed, mut asked) = (Vec::new(), Vec::new(), Vec::new());
        let mut at_once: BTreeMap<Option<u32>, usize> = BTreeMap::new();
        let mut unanswered = u64::try_from(waiting.len()).unwrap_or(u64::MAX);
        let mut has_small = false;
        let mut budget = FOUND_LOGS_LIMIT.saturating_sub(self.sink.log_bytes());
        while tasks.len() < AT_ONCE
            && postponed.len() < POSTPONED_LIMIT
            && let Some(candidate) = waiting.pop_front()
        {
            let uid = candidate.met.uid;
            let of_user = at_once.entry(uid).or_default();
            let hung = self.found_logs.hung.get(&uid).copied().unwrap_or(0);
            // Nobody else made root's to hang.
            if uid != Some(0) && *of_user >= AT_ONCE_OF_USER && hung < HANG_LIMIT {
                postponed.push(candidate);
                continue;
            }
            // A fair share: what small ones leave, those after them may take.
            let limit = budget.checked_div(unanswered).unwrap_or(0).max(4 << 10);
            let limit = limit.min(LOG_TAIL_LIMIT).min(budget);
            // What they leave is known once they are read.
            let is_cut = candidate.met.position > limit;
            if is_cut && has_small {
                waiting.push_front(candidate);
                break;
            }
            has_small |= !is_cut;
            unanswered = unanswered.saturating_sub(1);
            if !self.planned.insert(candidate.path.clone()) {
                continue;
            }
            let refused = if hung >= HANG_LIMIT {
                Some(format!("not tried: {hung} logs of the same user hung"))
            } else if limit == 0 {
                Some(format!(
                    "size: the {FOUND_LOGS_LIMIT} bytes for logs that processes write to are spent"
                ))
            } else {
                None
            };
            if let Some(reason) = refused {
                let pid = candidate.met.holders.first().map(|(pid, _)| *pid);
                let now = self.now_ms();
                let end = End::because(Outcome::Skipped, reason);
                self.sink.outcome(&candidate.path, pid, &end, now)?;
                self.tell_holders(&candidate.path, &candidate)?;
                continue;
            }
            budget = budget.saturating_sub(limit);
            *of_user = of_user.saturating_add(1);
            tasks.push(self.log_task(&candidate, source, limit));
            asked.push(candidate);
        }
        for candidate in postponed.into_iter().rev() {
            waiting.push_front(candidate);
        }
        self.try_once(tasks)?;
        let answered = std::mem::take(&mut self.found_logs.answered);
        for candidate in asked {
            let mut path = &candidate.path;
            match answered.get(&candidate.path) {
                Some(Answer::Same(first)) => path = first,
                Some(Answer::Read)
                    if candidate.path == candidate.seen.target
                        && self.found_logs.siblings.len() < SIBLINGS_OF =>
                {
                    let path = String::from_utf8(candidate.path.clone());
                    self.found_logs.siblings.extend(path);
                }
                Some(Answer::Read | Answer::Nothing) => {}
                None if self.stop.is_some() => {}
                None => {
                    let hung = self.found_logs.hung.entry(candidate.met.uid).or_default();
                    *hung = hung.saturating_add(1);
                }
            }
            self.tell_holders(path, &candidate)?;
        }
        Ok(())
    }

    fn log_task(&self, candidate: &Candidate, source: u16, limit: u64) -> FileTask {
        let Candidate { path, seen, met } = candidate;
        let (pid, fd) = met.holders.first().copied().unwrap_or_default();
        let is_own = *path == seen.target;
        let way = match fd {
            // In a dead tree its link leads anywhere; the file lies at the path.
            Some(fd) if self.is_live => LogWay::Descriptor {
                fd,
                target: seen.target.clone(),
                inode: met.inode,
            },
            _ => LogWay::Named {
                path: seen.target.clone(),
                through: !is_own,
            },
        };
        let identity = self.processes.get(&pid).map(|met| met.identity);
        FileTask {
            source,
            path: path.clone(),
            access: Access::Log(FollowedLog {
                pid,
                identity: identity.unwrap_or_default(),
                uid: met.uid,
                way,
                limit,
            }),
        }
    }

    /// Says which processes lead to a log.
    fn tell_holders(&mut self, path: &[u8], candidate: &Candidate) -> Result<(), Error> {
        let target = &candidate.seen.target;
        for (pid, fd) in &candidate.met.holders {
            let found_by = if fd.is_some() {
                "open file"
            } else {
                "argument"
            };
            self.tell_found(path, found_by, Some((*pid, *fd)), target)?;
        }
        if candidate.met.holders.is_empty() {
            self.tell_found(path, "runtime", None, target)?;
        }
        Ok(())
    }

    /// Says how a log was found.
    pub(super) fn tell_found(
        &mut self,
        path: &[u8],
        found_by: &str,
        holder: Option<(u32, Option<u32>)>,
        target: &[u8],
    ) -> Result<(), Error> {
        let record = FoundLog {
            path: Text::from(path),
            found_by: Text::from(found_by),
            pid: holder.map(|(pid, _)| pid),
            fd: holder.and_then(|(_, fd)| fd),
            target: Text::from(target),
        };
        let now = self.now_ms();
        Ok(self.sink.record(&record, now)?)
    }
}

/// Directories in which rotated siblings of found logs are looked for, with the paths of the logs.
pub(super) fn directories(logs: &[String]) -> BTreeMap<&str, Vec<&str>> {
    let mut directories: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for log in logs {
        if let Some((directory, _)) = log.rsplit_once('/')
            && (directories.len() < DIRECTORY_LIMIT || directories.contains_key(directory))
        {
            directories.entry(directory).or_default().push(log);
        }
    }
    directories
}
