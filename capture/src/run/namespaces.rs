//! Namespaces: the files of each, through one process of it, and the netlink dumps of network namespaces, also of those in which
//! no process is.

use std::collections::{BTreeMap, BTreeSet};

use schema::records::FdLink;
use schema::{Outcome, Source, member, source};

use super::{Capture, STAND_INS};
use crate::Error;
use crate::history;
use crate::plan::{self, ItemKind};
use crate::protocol::{Access, End, FileTask, ItemGroup, NetWay, Request, Visit};

/// Bytes of a dump up to which the file that tells the same is read too: a second witness, which costs as much again.
const WITNESS_LIMIT: u64 = 1 << 20;
/// Network namespaces in which no process is that are entered: any user can mount and hold as many as he likes in a namespace of
/// his own.
const OTHERS_LIMIT: usize = 10_000;

/// What is known of network namespaces, but for which processes are in which.
#[derive(Debug, Default)]
pub(super) struct NetDumps {
    /// A process and the descriptor by which it holds one.
    held: BTreeMap<u64, (u32, u32)>,
    /// Those that answered.
    answered: BTreeSet<u64>,
    /// Dumps that are whole, and whether they are longer than [`WITNESS_LIMIT`].
    whole: BTreeMap<(u64, &'static str), bool>,
}

impl NetDumps {
    /// Learns of what a process holds open.
    pub(super) fn descriptor(&mut self, link: &FdLink<'_>) {
        let target = link.target.as_ref().map(schema::Text::as_bytes);
        let inode = target.and_then(|target| history::namespace_inode_of(b"net", target));
        if let Some(inode) = inode {
            self.held.entry(inode).or_insert((link.pid, link.fd));
        }
    }

    /// Learns how a dump ended.
    pub(super) fn learn(&mut self, path: &[u8], source: Source, end: &End<'_>) {
        let inode = std::str::from_utf8(path).ok().and_then(member::split_dump);
        let (Some((inode, _)), Source::NetDump(name)) = (inode, source) else {
            return;
        };
        let is_elsewhere = match end.outcome {
            Outcome::Vanished | Outcome::TimedOut => true,
            // What was there is another one by now; a rule of our own would be the same by another way.
            Outcome::Skipped => !end.expected,
            _ => false,
        };
        if !is_elsewhere {
            self.answered.insert(inode);
        }
        if end.outcome == Outcome::Collected {
            self.whole.insert((inode, name), end.seen > WITNESS_LIMIT);
        }
    }
}

impl Capture {
    /// The files of each namespace, through one process of it; when that one ends meanwhile, through another.
    pub(super) fn namespaces(&mut self, group: ItemGroup) -> Result<(), Error> {
        let (kind, items) = match group {
            ItemGroup::Net => (
                "net",
                plan::positions(&self.items, |item| {
                    matches!(item.kind, ItemKind::NetFile(_))
                }),
            ),
            ItemGroup::Mount => (
                "mnt",
                plan::positions(&self.items, |item| {
                    matches!(item.kind, ItemKind::MountFile(_))
                }),
            ),
        };
        let mut members: BTreeMap<Option<u64>, Vec<u32>> = BTreeMap::new();
        for (pid, met) in &self.processes {
            let inode = match group {
                ItemGroup::Net => met.net_namespace,
                ItemGroup::Mount => met.mount_namespace,
            };
            members.entry(inode).or_default().push(*pid);
        }
        let lacking = self.lacking(group, &mut members);
        // Processes that do not tell their namespace stand for it only where none does.
        if members.len() > 1 {
            members.remove(&None);
        }
        let known = members.keys().flatten().count() + lacking.len();
        self.sink.count(
            match group {
                ItemGroup::Net => "network namespaces",
                ItemGroup::Mount => "mount namespaces",
            },
            u64::try_from(known).unwrap_or(u64::MAX),
        );
        for attempt in 0..STAND_INS {
            let tried: Vec<(Option<u64>, u32)> = members
                .iter()
                .filter_map(|(inode, pids)| Some((*inode, *pids.get(attempt)?)))
                .collect();
            let mut visits = Vec::new();
            for (inode, pid) in &tried {
                let items = self.untold(*inode, *pid, &items)?;
                visits.push(Request::Visits(vec![Visit::new(*pid, items)]));
            }
            self.progress.expect(visits.len());
            self.work(visits)?;
            for (inode, pid) in tried {
                if !self.stood_in.contains(&(pid, group)) {
                    continue;
                }
                members.remove(&inode);
                if let Some(inode) = inode {
                    let now = self.now_ms();
                    self.sink.stand_in(kind, inode, pid, now)?;
                }
            }
            if members.is_empty() || self.stop.is_some() {
                break;
            }
        }
        if self.stop.is_some() {
            return Ok(());
        }
        for inode in members.into_keys().flatten() {
            let end = End::because(Outcome::Failed, "none of its processes could be asked");
            let now = self.now_ms();
            self.sink
                .outcome(format!("{kind}:[{inode}]").as_bytes(), None, &end, now)?;
        }
        self.without_process(group, kind, &lacking)
    }

    /// Asks the kernel for all of what it knows of each network namespace, by one way into it; where that is closed meanwhile, by
    /// another one.
    pub(super) fn net_dumps(&mut self) -> Result<(), Error> {
        // A dead tree has no kernel to ask.
        if !self.is_live {
            return Ok(());
        }
        let dumps: Vec<(u16, &'static str)> = (0_u16..)
            .zip(&self.sources)
            .filter_map(|(position, source)| match source {
                Source::NetDump(name) => Some((position, *name)),
                _ => None,
            })
            .collect();
        let mut ways: BTreeMap<u64, Vec<NetWay>> = BTreeMap::new();
        for (pid, met) in &self.processes {
            let Some(inode) = met.net_namespace else {
                continue;
            };
            let ways = ways.entry(inode).or_default();
            if ways.len() < STAND_INS {
                ways.push(NetWay::Process {
                    pid: *pid,
                    identity: met.identity,
                });
            }
        }
        let with_processes = ways.len();
        let mut left_out = BTreeSet::new();
        let others = self.file_systems.net_namespaces.keys();
        for inode in others.chain(self.net_dumps.held.keys()) {
            let count = ways.len().saturating_sub(with_processes);
            if !ways.contains_key(inode) && count >= OTHERS_LIMIT {
                left_out.insert(*inode);
                continue;
            }
            let ways = ways.entry(*inode).or_default();
            ways.extend(self.file_systems.net_namespaces.get(inode).cloned());
            if let Some((pid, fd)) = self.net_dumps.held.get(inode)
                && let Some(met) = self.processes.get(pid)
            {
                ways.push(NetWay::Descriptor {
                    pid: *pid,
                    identity: met.identity,
                    fd: *fd,
                });
            }
        }
        if let Some(first) = left_out.first() {
            let reason = format!(
                "over {OTHERS_LIMIT} network namespaces without a process: {} are left out",
                left_out.len()
            );
            let end = End::because(Outcome::Truncated, reason);
            let now = self.now_ms();
            let path = format!("net:[{first}]");
            self.sink.outcome(path.as_bytes(), None, &end, now)?;
        }
        let others = ways.len().saturating_sub(with_processes);
        self.sink.count(
            "network namespaces without a process",
            u64::try_from(others).unwrap_or(u64::MAX),
        );
        let longest = ways.values().map(Vec::len).max().unwrap_or(0);
        for attempt in 0..longest {
            let mut requests = Vec::new();
            for (inode, ways) in &ways {
                if self.net_dumps.answered.contains(inode) {
                    continue;
                }
                let Some(way) = ways.get(attempt) else {
                    continue;
                };
                let tasks = dumps.iter().map(|(source, name)| FileTask {
                    source: *source,
                    path: member::dump(*inode, name).into_bytes(),
                    access: Access::NetDump(way.clone()),
                });
                requests.push(Request::Files(tasks.collect()));
            }
            if requests.is_empty() || (attempt > 0 && self.stop.is_some()) {
                break;
            }
            self.progress
                .expect(requests.len().saturating_mul(dumps.len()));
            self.work(requests)?;
        }
        Ok(())
    }

    /// The items of a namespace that are read: those that no dump has told already, and in the host's own namespace also those that
    /// a short one has. The kernel's tables belong to all namespaces, so that each file of each namespace costs what the
    /// whole host has.
    fn untold(&mut self, inode: Option<u64>, pid: u32, items: &[u16]) -> Result<Vec<u16>, Error> {
        let own = self.processes.get(&self.reference);
        let is_own = inode.is_some() && own.and_then(|met| met.net_namespace) == inode;
        let mut untold = Vec::new();
        for position in items {
            let kind = self.items.get(usize::from(*position)).map(|item| item.kind);
            let dump = match kind {
                Some(ItemKind::NetFile(name)) => source::dump_of(name),
                _ => None,
            };
            let told = inode.zip(dump);
            match (kind, told) {
                (Some(kind), Some(told))
                    if let Some(is_long) = self.net_dumps.whole.get(&told)
                        && (*is_long || !is_own) =>
                {
                    let reason = format!("told by the netlink dump {}", told.1);
                    let end = End {
                        expected: true,
                        ..End::because(Outcome::Skipped, reason)
                    };
                    let path = format!("/proc/{pid}/{}", kind.path());
                    let now = self.now_ms();
                    self.sink.outcome(path.as_bytes(), Some(pid), &end, now)?;
                }
                _ => untold.push(*position),
            }
        }
        Ok(untold)
    }
}
