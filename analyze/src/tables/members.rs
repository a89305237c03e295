//! Which container each process belongs to: what the tables of processes and containers share.

use std::collections::{BTreeMap, HashMap};

use schema::records::ProcessLink;
use schema::{Source, Text};

use crate::extract::{Facts, File};
use crate::parse::container::{self, Container, Keeper};
use crate::parse::{bytes, proc_pid_cgroup, proc_pid_cmdline, proc_pid_mountinfo};

/// What names the container of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    /// Its control group.
    Cgroup,
    /// A file that the runtime mounts into its namespace.
    Mount,
}

/// What processes tell of their containers.
#[derive(Default)]
pub(super) struct Members {
    by_cgroup: BTreeMap<u32, Container>,
    /// Paths of control groups that name no container by themselves.
    unnamed: BTreeMap<u32, Vec<Vec<u8>>>,
    by_mount: HashMap<u64, Container>,
    mount_namespaces: HashMap<u32, u64>,
    /// Keepers by their processes.
    keepers: BTreeMap<u32, Keeper>,
}

impl Members {
    /// Learns from a file of a process or of a mount namespace.
    pub(super) fn file(&mut self, file: &File<'_>, facts: &Facts) {
        let Some(pid) = file.pid else {
            return;
        };
        match file.source {
            Source::Process("cgroup") => self.cgroup(pid, file.content),
            Source::Process("cmdline") => {
                let arguments = proc_pid_cmdline::arguments(file.content);
                if let Some(keeper) = container::of_keeper(arguments) {
                    self.keepers.insert(pid, keeper);
                }
            }
            Source::MountNamespace(_) => {
                let Some(namespace) = facts.mount_namespaces.get(&pid) else {
                    return;
                };
                // Its issues are reported by `mounts`.
                let mounts = proc_pid_mountinfo::parse(file.content).value;
                let named = mounts
                    .iter()
                    .find_map(|mount| container::of_mount(&mount.root, &mount.path));
                if let Some(named) = named {
                    self.by_mount.insert(*namespace, named);
                }
            }
            _ => {}
        }
    }

    fn cgroup(&mut self, pid: u32, content: &[u8]) {
        let memberships = proc_pid_cgroup::parse(content).value;
        let named = memberships
            .iter()
            .find_map(|membership| container::of_cgroup(membership.path));
        if let Some(named) = named {
            self.by_cgroup.insert(pid, named);
            return;
        }
        let paths = memberships.iter().map(|membership| membership.path);
        let paths = paths.filter(|path| *path != b"/").map(<[u8]>::to_vec);
        self.unnamed.insert(pid, paths.collect());
    }

    /// Learns from a link of a process.
    pub(super) fn link(&mut self, link: &ProcessLink<'_>) {
        if link.name.as_bytes() == b"ns/mnt"
            && let Some((_, inode)) = bytes::bracketed(link.target.as_bytes())
        {
            self.mount_namespaces.insert(link.pid, inode);
        }
    }

    /// The keepers of containers by their processes.
    pub(super) fn keepers(&self) -> &BTreeMap<u32, Keeper> {
        &self.keepers
    }

    /// What is needed to tell the container of each process, once all is learnt.
    pub(super) fn index(&self) -> Index<'_> {
        let keepers = self.keepers.values();
        Index {
            members: self,
            by_id: keepers
                .clone()
                .map(|keeper| (keeper.container.id.as_str(), keeper))
                .collect(),
            by_cgroup: keepers
                .filter_map(|keeper| Some((keeper.cgroup.as_deref()?, keeper)))
                .collect(),
        }
    }
}

/// See [`Members::index`].
pub(super) struct Index<'a> {
    members: &'a Members,
    by_id: HashMap<&'a str, &'a Keeper>,
    by_cgroup: HashMap<&'a str, &'a Keeper>,
}

impl<'a> Index<'a> {
    /// The container of a process, and what names it.
    pub(super) fn of(&self, pid: u32) -> Option<(&'a Container, Known)> {
        if let Some(named) = self.members.by_cgroup.get(&pid) {
            return Some((named, Known::Cgroup));
        }
        let paths = self.members.unnamed.get(&pid);
        if let Some(kept) = paths.into_iter().flatten().find_map(|path| self.kept(path)) {
            return Some((&kept.container, Known::Cgroup));
        }
        let namespace = self.members.mount_namespaces.get(&pid)?;
        let named = self.members.by_mount.get(namespace)?;
        Some((named, Known::Mount))
    }

    /// The container that a keeper names and that a path leads to, wherever its control group was put.
    fn kept(&self, path: &[u8]) -> Option<&'a Keeper> {
        let path = std::str::from_utf8(path).ok()?;
        let by_part = path
            .split('/')
            .rev()
            .filter(|part| container::is_full_id(part))
            .find_map(|part| self.by_id.get(part));
        let prefixes = path
            .match_indices('/')
            .skip(2)
            .map(|(at, _)| path.get(..at));
        let by_path = std::iter::once(Some(path))
            .chain(prefixes)
            .flatten()
            .find_map(|path| self.by_cgroup.get(path));
        by_part.or(by_path).copied()
    }

    /// The keeper of a container.
    pub(super) fn keeper(&self, id: &str) -> Option<&'a Keeper> {
        self.by_id.get(id).copied()
    }
}

/// Text of our own.
pub(super) fn text(text: &str) -> Text<'static> {
    Text::from(text.to_owned())
}
