//! The histories of shells: those in the homes, and those that processes name in their environment (`HISTFILE`).

use std::collections::{BTreeMap, BTreeSet};

use schema::parse::{environ, passwd};
use schema::records::HistoryFile;
use schema::{Outcome, Source, Text};

use super::{Capture, Met};
use crate::Error;
use crate::plan;
use crate::protocol::{Access, End, FileTask, Named, Request};

/// Homes that are searched.
const HOME_LIMIT: usize = 10_000;
/// Bytes of a path: a longer one is none that could be opened.
const PATH_LIMIT: usize = 4000;
/// Files that the processes of one user may name. A user has one, or one for each shell; each more is one that he may
/// have made to hang.
const NAMED_LIMIT: usize = 8;
/// Users whose processes name files.
const USER_LIMIT: usize = 1000;

/// The files that processes name, by the owner that each must have; of each the first process.
#[derive(Debug, Default)]
pub(super) struct NamedFiles(BTreeMap<u32, BTreeMap<Seen, u32>>);

/// A file as a process sees it. Two processes of the same mount namespace and root see the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    mount_namespace: Option<u64>,
    root: Option<Vec<u8>>,
    path: Vec<u8>,
}

impl NamedFiles {
    /// Takes note of the file that the environment of a process names, where it may be read. `owner` is the user that
    /// it must belong to: a process must not make us read what its user could not.
    pub(super) fn learn(&mut self, pid: u32, met: &Met, owner: Option<u32>, environ: &[u8]) {
        let Some(path) = environ::value(environ, "HISTFILE").and_then(usable) else {
            return;
        };
        let Some(owner) = owner else { return };
        if self.0.len() >= USER_LIMIT && !self.0.contains_key(&owner) {
            return;
        }
        let seen = Seen {
            mount_namespace: met.mount_namespace,
            root: met.root.clone(),
            path,
        };
        let files = self.0.entry(owner).or_default();
        // One more than is read, to know that there are more.
        if files.len() <= NAMED_LIMIT || files.contains_key(&seen) {
            let first = files.entry(seen).or_insert(pid);
            *first = pid.min(*first);
        }
    }
}

/// The path of a file that can be a history, without what makes one path of two; `None` for a relative one, which
/// no shell keeps, and for the kernel's own files.
fn usable(path: &[u8]) -> Option<Vec<u8>> {
    let below_root = path
        .strip_prefix(b"/")
        .filter(|_| path.len() <= PATH_LIMIT)?;
    let names: Vec<&[u8]> = below_root
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .collect();
    if matches!(names.first(), None | Some(&(b"proc" | b"sys"))) {
        return None;
    }
    Some([b"/", names.join(&b'/').as_slice()].concat())
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

    /// Each file that a process names, once, unless it was read already.
    fn named_histories(&mut self, homes: &BTreeSet<Vec<u8>>) -> Result<(), Error> {
        self.progress.stage("named histories");
        let source = self
            .sources
            .iter()
            .position(|source| *source == Source::NamedHistory);
        let source = source
            .and_then(|at| u16::try_from(at).ok())
            .unwrap_or(u16::MAX);
        let own_namespace = self
            .processes
            .get(&self.reference)
            .and_then(|met| met.mount_namespace);
        let is_own = |seen: &Seen| {
            seen.mount_namespace
                .is_none_or(|inode| Some(inode) == own_namespace)
        };
        let mut named: Vec<_> = std::mem::take(&mut self.named_files.0)
            .into_iter()
            .flat_map(|(owner, files)| {
                let files = files.into_iter().enumerate();
                files.map(move |(number, (seen, pid))| (owner, number, seen, pid))
            })
            .collect();
        // The host's own files first, so that what other namespaces share with it is known.
        named.sort_by_key(|(_, _, seen, _)| !is_own(seen));
        let mut tasks = Vec::new();
        let mut checked: BTreeMap<Vec<u8>, bool> = BTreeMap::new();
        for (owner, number, seen, pid) in named {
            let is_own = is_own(&seen);
            let through = (!is_own || seen.root.is_some()) && self.is_live;
            let path = if through || !is_own {
                [format!("/proc/{pid}/root").as_bytes(), &seen.path].concat()
            } else {
                [seen.root.as_deref().unwrap_or_default(), &seen.path].concat()
            };
            let left_out = if number >= NAMED_LIMIT {
                let reason =
                    format!("over {NAMED_LIMIT} histories named by processes of uid {owner}");
                Some((reason, false))
            } else if !is_own && !self.is_live {
                let reason = "in another mount namespace, whose files this tree does not have";
                Some((reason.to_owned(), true))
            } else {
                None
            };
            let now = self.now_ms();
            if let Some((reason, expected)) = left_out {
                let end = End {
                    expected,
                    ..End::because(Outcome::Skipped, reason)
                };
                self.sink.outcome(&path, Some(pid), &end, now)?;
                continue;
            }
            // Of users that name the same file only its owner gets it: none of them can keep it from him.
            let is_new = self.planned.insert(path.clone());
            let may_fail = *checked.entry(path.clone()).or_insert(is_new && owner != 0);
            if !is_new && !may_fail {
                continue;
            }
            let met = self.processes.get(&pid).cloned().unwrap_or_default();
            let record = HistoryFile {
                path: Text::from(path.as_slice()),
                pid,
                uid: met.uid,
            };
            self.sink.history_file(&record, now)?;
            let named = Named {
                pid,
                identity: met.identity,
                through,
                was_read: self.planned.contains(&seen.path),
                home: home_length(homes, &path).filter(|_| !through),
                // Nothing is closed to root, and its shells may be told to go on with another user's history.
                owner: (owner != 0).then_some(owner),
            };
            tasks.push(FileTask {
                source,
                path,
                access: Access::Named(named),
            });
        }
        self.files(tasks.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_may_be_histories() {
        let check = |path: &[u8], expected: Option<&[u8]>| {
            assert_eq!(usable(path).as_deref(), expected);
        };
        check(b"/srv//./h ", Some(b"/srv/h "));
        check(b"/srv/../h", Some(b"/srv/../h"));
        check(b"/dev/null", Some(b"/dev/null"));
        for path in [
            &b""[..],
            b"/",
            b"//.",
            b"~/h",
            b"h",
            b"/proc/1/environ",
            b"//proc/kmsg",
            b"/sys/x",
        ] {
            check(path, None);
        }
        check(&[b"/".to_vec(), vec![b'x'; PATH_LIMIT]].concat(), None);
    }

    #[test]
    fn each_file_once_and_not_too_many() {
        let mut files = NamedFiles::default();
        let met = Met::default();
        for pid in (1..100).rev() {
            let environ = format!("A=1\0HISTFILE=/srv/{}\0", pid % 20);
            files.learn(pid, &met, Some(1000), environ.as_bytes());
            files.learn(pid, &met, Some(0), b"HISTFILE=/srv/x\0");
            files.learn(pid, &met, None, b"HISTFILE=/srv/y\0");
        }
        let counts: Vec<_> = files
            .0
            .iter()
            .map(|(owner, files)| (*owner, files.len()))
            .collect();
        assert_eq!(counts, [(0, 1), (1000, NAMED_LIMIT + 1)]);
        assert_eq!(files.0.get(&0).unwrap().values().next(), Some(&1));
    }
}
