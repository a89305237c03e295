//! The histories of shells: those in the homes, and those that processes name in their environment (`HISTFILE`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use schema::parse::passwd;
use schema::records::HistoryFile;
use schema::text::escaped;
use schema::{Outcome, Source, Text};

use super::logs::current_log;
use super::schedule::current_file;
use super::{Capture, Met};
use crate::Error;
use crate::history::{self, PATH_LIMIT};
use crate::jobs::{Job, Outstanding, Queue};
use crate::plan;
use crate::protocol::{Access, End, FileTask, Named, Request};
use crate::sink::Incoming;

/// Homes that are searched.
const HOME_LIMIT: usize = 10_000;
/// Files that the processes of one user may name in one mount namespace. A user has one, or one for each shell; each
/// more is one that he may have made to hang.
const NAMED_LIMIT: usize = 8;
/// Files that are kept of those: some may turn out to be named by programs that do not speak for the user.
const KEPT_LIMIT: usize = 32;
/// Processes that are kept of those that name the same file.
const SPEAKER_LIMIT: usize = 16;
/// Users whose processes name files in the host's mount namespace.
const USER_LIMIT: usize = 1000;
/// The same for all other mount namespaces together, where a user counts once for each.
const APART_LIMIT: usize = 2000;
/// Files named by the processes of one user that may hang, before none of his is tried any more.
const HANG_LIMIT: usize = 2;
/// How long one of these reads may wait: they are not tried a second time.
const PATIENCE: Duration = Duration::from_secs(1);

/// The files that processes name.
#[derive(Debug, Default)]
pub(super) struct NamedFiles {
    pools: BTreeMap<Pool, Files>,
    /// How many pools are of the host's mount namespace.
    own_pools: usize,
    /// The first process of users that were over their limit, in the host's mount namespace and in others.
    over: [Option<(u32, Vec<u8>)>; 2],
    /// How the reads of this round ended, by path.
    answers: BTreeMap<Vec<u8>, Answer>,
    /// How many of a user's files hung.
    hung: BTreeMap<u32, usize>,
    /// How many of a pool were answered for.
    answered: BTreeMap<Pool, usize>,
    /// The pools of which files are left out, and are said to be.
    full: BTreeSet<Pool>,
}

/// Whose files are counted together: what happens in another mount namespace takes nothing from the host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pool {
    /// `None` for the host's own mount namespace.
    mount_namespace: Option<u64>,
    /// The user whose processes name the files.
    owner: u32,
}

/// The files of a pool.
#[derive(Debug, Default)]
struct Files {
    kept: BTreeMap<Seen, Speakers>,
    /// The first process and its file beyond those.
    over: Option<(u32, Seen)>,
}

/// A file as a process of a mount namespace sees it. Two processes with the same root see the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    root: Option<Vec<u8>>,
    path: Vec<u8>,
}

/// The first processes that name a file.
#[derive(Debug, Default)]
struct Speakers {
    pids: BTreeSet<u32>,
    /// Whether there are more.
    is_cut: bool,
}

/// A file that is to be read once, with who may say so.
#[derive(Debug)]
struct Candidate {
    mount_namespace: Option<u64>,
    seen: Seen,
    /// Users and their processes, in the order in which they are tried. Root comes last: the others can only speak of
    /// what is their own.
    speakers: VecDeque<(u32, u32)>,
    /// Users with more processes than these.
    cut: BTreeSet<u32>,
    was_tried: bool,
}

/// How the read of a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The process did not speak for its user.
    Silent,
    /// The process did, and this became of the file.
    Ended(Outcome),
}

impl NamedFiles {
    /// Takes note of the file that the environment of a process names, where it may be read. `owner` is the user of the
    /// process, `own` the host's mount namespace.
    pub(super) fn learn(
        &mut self,
        pid: u32,
        met: &Met,
        owner: Option<u32>,
        own: Option<u64>,
        environ: &[u8],
    ) {
        let (Some(path), Some(owner)) = (history::path(environ), owner) else {
            return;
        };
        let pool = Pool {
            mount_namespace: met.mount_namespace.filter(|inode| Some(*inode) != own),
            owner,
        };
        let is_own = pool.mount_namespace.is_none();
        if !self.pools.contains_key(&pool) {
            let apart = self.pools.len().saturating_sub(self.own_pools);
            let (count, limit) = if is_own {
                (self.own_pools, USER_LIMIT)
            } else {
                (apart, APART_LIMIT)
            };
            // Nobody else can keep the host's root from being among them.
            if count >= limit && (!is_own || owner != 0) {
                let [own, apart] = &mut self.over;
                let over = if is_own { own } else { apart };
                over.get_or_insert((pid, path));
                return;
            }
            self.own_pools = self.own_pools.saturating_add(usize::from(is_own));
        }
        let files = self.pools.entry(pool).or_default();
        let seen = Seen {
            root: met.root.clone(),
            path,
        };
        if files.kept.len() >= KEPT_LIMIT && !files.kept.contains_key(&seen) {
            files.over.get_or_insert((pid, seen));
            return;
        }
        let speakers = files.kept.entry(seen).or_default();
        speakers.pids.insert(pid);
        if speakers.pids.len() > SPEAKER_LIMIT {
            speakers.pids.pop_last();
            speakers.is_cut = true;
        }
    }

    /// Takes note of how a read ended.
    pub(super) fn answer(&mut self, path: &[u8], answer: Answer) {
        self.answers.insert(path.to_vec(), answer);
    }

    /// Takes the files out, each once.
    fn candidates(&mut self) -> Vec<Candidate> {
        let mut candidates: BTreeMap<(Option<u64>, Seen), Candidate> = BTreeMap::new();
        let mut pools: Vec<_> = self
            .pools
            .iter_mut()
            .map(|(pool, files)| (*pool, std::mem::take(&mut files.kept)))
            .collect();
        pools.sort_by_key(|(pool, _)| pool.owner == 0);
        for (pool, files) in pools {
            for (seen, speakers) in files {
                let key = (pool.mount_namespace, seen.clone());
                let candidate = candidates.entry(key).or_insert_with(|| Candidate {
                    mount_namespace: pool.mount_namespace,
                    seen,
                    speakers: VecDeque::new(),
                    cut: BTreeSet::new(),
                    was_tried: false,
                });
                let pids = speakers.pids.into_iter();
                candidate.speakers.extend(pids.map(|pid| (pool.owner, pid)));
                if speakers.is_cut {
                    candidate.cut.insert(pool.owner);
                }
            }
        }
        candidates.into_values().collect()
    }
}

impl Candidate {
    fn pool(&self, owner: u32) -> Pool {
        Pool {
            mount_namespace: self.mount_namespace,
            owner,
        }
    }

    fn is_own(&self) -> bool {
        self.mount_namespace.is_none()
    }

    /// Leaves the next user out.
    fn drop_owner(&mut self) {
        if let Some((owner, _)) = self.speakers.front().copied() {
            self.speakers.retain(|(other, _)| *other != owner);
        }
    }
}

/// Bytes of the longest home that a path lies in.
fn home_length(homes: &BTreeSet<Vec<u8>>, path: &[u8]) -> Option<u32> {
    let holds = |home: &&Vec<u8>| {
        let below = path.strip_prefix(home.as_slice());
        !home.is_empty() && below.is_some_and(|below| below.starts_with(b"/"))
    };
    let length = homes.iter().filter(holds).map(Vec::len).max()?;
    u32::try_from(length).ok()
}

/// The path of the file whose answer comes next, if a process names it.
pub(super) fn current_named(asked: &Outstanding) -> Option<&[u8]> {
    let task = current_file(asked)?;
    matches!(task.access, Access::Named(_)).then_some(task.path.as_slice())
}

impl Capture {
    /// The histories in the homes of all users by `/etc/passwd`, and in what lies below `/home`; then those that processes
    /// name.
    pub(super) fn histories(&mut self) -> Result<(), Error> {
        let homes = self.homes()?;
        self.named_histories(&homes)
    }

    fn homes(&mut self) -> Result<BTreeSet<Vec<u8>>, Error> {
        self.progress.stage("homes");
        self.work(vec![Request::ListDirectory(b"/home".to_vec())])?;
        let mut homes: BTreeSet<Vec<u8>> = std::iter::once(b"/root".to_vec()).collect();
        for line in self.passwd.split(|byte| *byte == b'\n') {
            let home = passwd::entry(line).map(|entry| entry.home);
            if let Some(home) = home.filter(|home| home.starts_with(b"/")) {
                let trimmed = home.iter().rposition(|byte| *byte != b'/');
                let end = trimmed.map_or(0, |last| last.saturating_add(1));
                homes.insert(home.get(..end).unwrap_or(home).to_vec());
            }
        }
        homes.retain(|home| home.len() <= PATH_LIMIT);
        for name in std::mem::take(&mut self.names) {
            homes.insert([b"/home/", name.as_slice()].concat());
        }
        if homes.len() > HOME_LIMIT {
            let end = End::because(Outcome::Truncated, format!("over {HOME_LIMIT} homes"));
            let now = self.now_ms();
            self.sink.outcome(b"/home", None, &end, now)?;
        }
        let names = plan::home_files();
        let tasks: Vec<FileTask> = homes
            .iter()
            .take(HOME_LIMIT)
            .flat_map(|home| {
                names.iter().map(|(source, name)| FileTask {
                    source: *source,
                    path: [home.as_slice(), b"/", name.as_bytes()].concat(),
                    access: Access::Home(u32::try_from(home.len()).unwrap_or(0)),
                })
            })
            .collect();
        self.files(tasks.into_iter())?;
        Ok(homes)
    }

    /// Each file that a process names, once, unless it was read already. The host's own come first, and of those root's:
    /// nobody else can make them hang.
    fn named_histories(&mut self, homes: &BTreeSet<Vec<u8>>) -> Result<(), Error> {
        self.progress.stage("named histories");
        let mut stages: BTreeMap<u8, Vec<Candidate>> = BTreeMap::new();
        for file in self.named_files.candidates() {
            let is_roots = file.speakers.front().is_some_and(|(owner, _)| *owner == 0);
            let stage = match (file.is_own(), is_roots) {
                (true, true) => 0,
                (true, false) => 1,
                (false, _) => 2,
            };
            stages.entry(stage).or_default().push(file);
        }
        for mut files in stages.into_values() {
            while !files.is_empty() {
                self.round(&mut files, homes)?;
                files.retain(|file| !file.speakers.is_empty());
            }
        }
        self.left_out()
    }

    /// Tries the next process of each file; of one user's not more at a time than may hang.
    fn round(&mut self, files: &mut [Candidate], homes: &BTreeSet<Vec<u8>>) -> Result<(), Error> {
        let mut flying: BTreeMap<u32, usize> = BTreeMap::new();
        let mut flying_of_pool: BTreeMap<Pool, usize> = BTreeMap::new();
        let mut tasks: Vec<FileTask> = Vec::new();
        let mut tried: Vec<(usize, Vec<u8>)> = Vec::new();
        for (number, file) in files.iter_mut().enumerate() {
            let Some((owner, pid)) = file.speakers.front().copied() else {
                continue;
            };
            let pool = file.pool(owner);
            let path = self.path(file, pid);
            let hung = self.named_files.hung.get(&owner).copied().unwrap_or(0);
            let answered = self.named_files.answered.get(&pool).copied();
            let answered = answered.unwrap_or(0);
            if !file.is_own() && !self.is_live {
                let reason = "in another mount namespace, whose files this tree does not have";
                let end = End {
                    expected: true,
                    ..End::because(Outcome::Skipped, reason)
                };
                self.note(&path, pid, &end)?;
                file.drop_owner();
                continue;
            }
            if answered >= NAMED_LIMIT {
                self.over_the_limit(pool, pid, &path)?;
                file.drop_owner();
                continue;
            }
            if hung >= HANG_LIMIT {
                let reason =
                    format!("not tried: {hung} histories hung that processes of uid {owner} name");
                self.note(&path, pid, &End::because(Outcome::Skipped, reason))?;
                file.drop_owner();
                continue;
            }
            let at_once = flying.entry(owner).or_default();
            let of_pool = flying_of_pool.entry(pool).or_default();
            let room = NAMED_LIMIT.saturating_sub(answered);
            if *at_once >= HANG_LIMIT.saturating_sub(hung) || *of_pool >= room {
                continue;
            }
            if !self.planned.insert(path.clone()) && !file.was_tried {
                file.speakers.clear();
                continue;
            }
            *at_once = at_once.saturating_add(1);
            *of_pool = of_pool.saturating_add(1);
            file.was_tried = true;
            tasks.push(self.named_task(file, owner, pid, &path, homes)?);
            tried.push((number, path));
        }
        self.try_once(tasks)?;
        let mut answers = std::mem::take(&mut self.named_files.answers);
        for (number, path) in tried {
            if let Some(file) = files.get_mut(number) {
                self.conclude(file, answers.remove(&path), &path)?;
            }
        }
        Ok(())
    }

    /// Where a file lies, as a process sees it.
    fn path(&self, file: &Candidate, pid: u32) -> Vec<u8> {
        let Seen { root, path } = &file.seen;
        if !file.is_own() || (root.is_some() && self.is_live) {
            [format!("/proc/{pid}/root").as_bytes(), path].concat()
        } else {
            [root.as_deref().unwrap_or_default(), path].concat()
        }
    }

    fn named_task(
        &mut self,
        file: &Candidate,
        uid: u32,
        pid: u32,
        path: &[u8],
        homes: &BTreeSet<Vec<u8>>,
    ) -> Result<FileTask, Error> {
        let source = self.position(Source::NamedHistory).unwrap_or(u16::MAX);
        let met = self.processes.get(&pid).cloned().unwrap_or_default();
        let record = HistoryFile {
            path: Text::from(path),
            pid,
            uid: met.uid,
        };
        let now = self.now_ms();
        self.sink.history_file(&record, now)?;
        let through = self.is_live && (!file.is_own() || file.seen.root.is_some());
        let named = Named {
            pid,
            identity: met.identity,
            uid,
            mount_namespace: met.mount_namespace,
            root: met.root,
            through,
            home: home_length(homes, path).filter(|_| !through),
        };
        Ok(FileTask {
            source,
            path: path.to_vec(),
            access: Access::Named(named),
        })
    }

    /// Asks for files, each by a request of its own that is not made again when it hangs.
    pub(super) fn try_once(&mut self, tasks: Vec<FileTask>) -> Result<(), Error> {
        self.progress.expect(tasks.len());
        let patience = PATIENCE.min(self.settings.item_timeout);
        let ready = tasks.into_iter().map(|task| Job {
            request: Request::Files(vec![task]),
            patience,
            is_retry: false,
        });
        self.schedule(Queue {
            ready: ready.collect(),
            late: Vec::new(),
        })
    }

    /// What the answer means for who else may be asked for the file.
    fn conclude(
        &mut self,
        file: &mut Candidate,
        answer: Option<Answer>,
        path: &[u8],
    ) -> Result<(), Error> {
        let Some((owner, pid)) = file.speakers.front().copied() else {
            return Ok(());
        };
        let count = |count: &mut usize| *count = count.saturating_add(1);
        if answer == Some(Answer::Silent) {
            file.speakers.pop_front();
            let is_last = file.speakers.front().is_none_or(|next| next.0 != owner);
            if is_last && file.cut.contains(&owner) {
                let reason = format!(
                    "named by over {SPEAKER_LIMIT} processes of uid {owner}, of which the first do not speak for it"
                );
                self.note(path, pid, &End::because(Outcome::Skipped, reason))?;
            }
            return Ok(());
        }
        let pool = file.pool(owner);
        count(self.named_files.answered.entry(pool).or_default());
        match answer {
            // The file is not this user's, or nobody's history.
            Some(Answer::Ended(Outcome::Skipped)) if self.stop.is_none() => file.drop_owner(),
            None if self.stop.is_none() => {
                count(self.named_files.hung.entry(owner).or_default());
                file.speakers.clear();
            }
            _ => file.speakers.clear(),
        }
        Ok(())
    }

    /// Says once of a pool that it has more files than are read.
    fn over_the_limit(&mut self, pool: Pool, pid: u32, path: &[u8]) -> Result<(), Error> {
        if !self.named_files.full.insert(pool) {
            return Ok(());
        }
        let owner = pool.owner;
        let reason = format!("over {NAMED_LIMIT} histories named by processes of uid {owner}");
        self.note(path, pid, &End::because(Outcome::Skipped, reason))
    }

    /// Says of what was not even kept that it is missing.
    fn left_out(&mut self) -> Result<(), Error> {
        let pools: Vec<_> = std::mem::take(&mut self.named_files.pools)
            .into_iter()
            .filter_map(|(pool, files)| Some((pool, files.over?)))
            .collect();
        for (pool, (pid, seen)) in pools {
            self.over_the_limit(pool, pid, &seen.path)?;
        }
        let limits = [
            (USER_LIMIT, ""),
            (APART_LIMIT, " in other mount namespaces"),
        ];
        for (over, (limit, place)) in std::mem::take(&mut self.named_files.over)
            .into_iter()
            .zip(limits)
        {
            if let Some((pid, path)) = over {
                let reason = format!("over {limit} users{place} whose processes name histories");
                self.note(&path, pid, &End::because(Outcome::Truncated, reason))?;
            }
        }
        Ok(())
    }

    /// What is kept of a file: nothing of a named history or a log that is the same file as one that was read, by whatever
    /// path.
    pub(super) fn once<'a>(
        &mut self,
        asked: &mut Outstanding,
        end: End<'a>,
        bytes: &'a [u8],
    ) -> (End<'a>, &'a [u8]) {
        let named = current_named(asked);
        if let Some(path) = named {
            self.named_files.answer(path, Answer::Ended(end.outcome));
        }
        let has_content = matches!(end.outcome, Outcome::Collected | Outcome::Truncated);
        let source = current_file(asked).map(|task| usize::from(task.source));
        let is_config =
            source.and_then(|source| self.sources.get(source)) == Some(&Source::FoundConfig);
        if let Some(path) = current_log(asked) {
            if is_config {
                self.found_configs.answer(path, &end, bytes);
                return (end, bytes);
            }
            self.found_logs.answer(path, end.outcome);
        }
        let (Some(file), Some(task)) = (end.file.filter(|_| has_content), current_file(asked))
        else {
            return (end, bytes);
        };
        let key = (file.device, file.inode);
        let first = self.read_files.entry(key).or_insert(task.path.clone());
        let is_log = matches!(task.access, Access::Log(_))
            || (task.access == Access::System
                && matches!(
                    self.sources.get(usize::from(task.source)),
                    Some(Source::Log(_))
                ));
        let is_again = (named.is_some() || is_log) && *first != task.path;
        if !is_again || asked.incoming.as_ref().is_some_and(Incoming::is_begun) {
            return (end, bytes);
        }
        let reason = format!("the same file as {}", escaped(first));
        if matches!(task.access, Access::Log(_)) {
            self.found_logs.is_same(&task.path, first);
        }
        asked.incoming = None;
        let end = End {
            expected: true,
            duration_us: end.duration_us,
            ..End::because(Outcome::Skipped, reason)
        };
        (end, &[])
    }

    fn note(&mut self, path: &[u8], pid: u32, end: &End<'_>) -> Result<(), Error> {
        let now = self.now_ms();
        Ok(self.sink.outcome(path, Some(pid), end, now)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(files: &mut NamedFiles, pid: u32, namespace: u64, owner: u32, path: &str) {
        let met = Met {
            mount_namespace: Some(namespace),
            ..Met::default()
        };
        let environ = format!("A=1\0HISTFILE={path}\0");
        files.learn(pid, &met, Some(owner), Some(1), environ.as_bytes());
    }

    #[test]
    fn each_file_once_with_all_who_name_it() {
        let mut files = NamedFiles::default();
        for pid in (1..100).rev() {
            learn(&mut files, pid, 1, 0, "/srv/x");
        }
        learn(&mut files, 200, 1, 1000, "/srv//x");
        learn(&mut files, 201, 2, 1000, "/srv/x");
        files.learn(7, &Met::default(), None, Some(1), b"HISTFILE=/srv/y\0");
        let candidates = files.candidates();
        let [own, apart] = candidates.as_slice() else {
            panic!("{candidates:?}");
        };
        let first: Vec<(u32, u32)> = (1..=16).map(|pid| (0, pid)).collect();
        assert_eq!(own.speakers, [&[(1000, 200)], first.as_slice()].concat());
        assert_eq!(own.cut, BTreeSet::from([0]));
        assert_eq!(apart.speakers, [(1000, 201)]);
        assert_eq!((apart.mount_namespace, apart.cut.len()), (Some(2), 0));
    }

    #[test]
    fn nobody_takes_the_room_of_another() {
        let mut files = NamedFiles::default();
        for number in 1..=3000 {
            let path = format!("/srv/{number}");
            learn(&mut files, number, 1, 1000, &path);
            learn(&mut files, number, 1, 100_000 + number, &path);
            learn(&mut files, number, 2 + u64::from(number), 0, &path);
        }
        learn(&mut files, 4000, 1, 0, "/root/h");
        let pools = [1000, 100_999, 101_000, 0].map(|owner| Pool {
            mount_namespace: None,
            owner,
        });
        let kept = pools.map(|pool| files.pools.get(&pool).map(|files| files.kept.len()));
        assert_eq!(kept, [Some(KEPT_LIMIT), Some(1), None, Some(1)]);
        assert_eq!(files.own_pools, USER_LIMIT + 1);
        assert_eq!(files.pools.len(), USER_LIMIT + 1 + APART_LIMIT);
        let over = |pid: u32, path: &str| Some((pid, path.as_bytes().to_vec()));
        let expected = [over(1000, "/srv/1000"), over(2001, "/srv/2001")];
        assert_eq!(files.over, expected);
        let first = files
            .pools
            .get(&pools[0])
            .and_then(|files| files.over.as_ref());
        assert_eq!(first.map(|(pid, _)| *pid), Some(33));
    }
}
