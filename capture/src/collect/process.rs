//! A visit to a process: its directory is opened once, so that all that is read in one visit is of one process.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::path::DecInt;
use schema::records::{FdLink, ProcessLink, ThreadStat};
use schema::{Outcome, Text};

use super::{Collector, Position, read};
use crate::host::{self, Refusal};
use crate::plan::ItemKind;
use crate::protocol::{Access, End, Identity, Moment, Reply, Visit};

/// Most bytes of one `fdinfo`: that of an epoll with a thousand targets, or an inotify with as many watches.
const FDINFO_LIMIT: usize = 64 << 10;
/// Links of the directory of threads where there is one.
const ONE_THREAD: u64 = 3;
/// Most threads that are asked whether they live: exited ones stay only while a tracer holds them.
const MOST_ASKED: usize = 1000;
/// What the kernel appends to the target of a link whose file has no name any more.
const DELETED: &[u8] = b" (deleted)";

/// Where in a request an item is, for the shared cell.
#[derive(Clone, Copy)]
struct Place {
    request: u8,
    task: u8,
    item: u16,
}

impl Place {
    fn at(self, sub: u32) -> Position {
        Position {
            request: self.request,
            task: self.task,
            item: self.item,
            sub,
        }
    }
}

impl<F: AsFd> Collector<'_, F> {
    pub(super) fn visit(&mut self, request: u8, task: u8, visit: &Visit) -> std::io::Result<()> {
        let mut place = Place {
            request,
            task,
            item: 0,
        };
        self.begin(place.at(0));
        let process = match self.meet(visit) {
            Ok((process, identity, uncertain)) => {
                self.replies.send(&Reply::Visiting {
                    pid: visit.pid,
                    identity,
                    uncertain,
                })?;
                process
            }
            Err(end) => {
                if end.outcome == Outcome::Vanished {
                    self.replies.send(&Reply::Visiting {
                        pid: visit.pid,
                        identity: Identity {
                            has_ended: true,
                            ..visit.identity
                        },
                        uncertain: false,
                    })?;
                }
                for _ in &visit.items {
                    self.replies.send(&Reply::Item(end.clone()))?;
                }
                return Ok(());
            }
        };
        let leader_exited = self.living_thread(process.as_fd(), visit.pid);
        let mut after = visit.after;
        for (number, position) in (0_u16..).zip(&visit.items) {
            place.item = number;
            self.begin(place.at(0));
            let item = self.items.get(usize::from(*position)).copied();
            let started = Instant::now();
            let Some(item) = item else {
                self.replies
                    .send(&Reply::Item(End::of_errno(Errno::INVAL)))?;
                continue;
            };
            let thread = leader_exited
                .as_ref()
                .filter(|_| goes_with_leader(item.kind));
            let process = thread.map_or(process.as_fd(), |(_, thread)| thread.as_fd());
            let end = match item.kind {
                ItemKind::File(_) | ItemKind::NetFile(_) | ItemKind::MountFile(_) => {
                    let opened = if self.host.is_live() {
                        self.host.process_file(process, &item.kind.path())
                    } else {
                        // A link that stands there is followed within the tree.
                        let path = format!("/proc/{}/{}", visit.pid, item.kind.path());
                        self.host.file(path.as_bytes(), &Access::System)
                    };
                    match opened {
                        Ok(opened) => self.answer(item.source, &opened, started)?,
                        Err(refusal) => {
                            let end = self.refused(process, refusal);
                            self.answer_refused(end, started)?;
                        }
                    }
                    continue;
                }
                ItemKind::Link(name) => self.link(process, visit.pid, name)?,
                ItemKind::Threads => self.threads(process, visit.pid, after.take(), place)?,
                ItemKind::Fds if visit.fd_links => self.fds(process, visit, after.take(), place)?,
                ItemKind::Fds => self.fdinfos(process, visit, after.take(), place)?,
            };
            let reason = thread.map(|(tid, _)| {
                Text::from(format!("the main thread has exited: asked thread {tid}").into_bytes())
            });
            self.replies.send(&Reply::Item(End {
                duration_us: read::elapsed_us(started),
                reason: end.reason.or(reason),
                ..end
            }))?;
        }
        Ok(())
    }

    /// Opens the directory of a process, once it is told that it is the one that an earlier visit met.
    pub(super) fn meet(&self, visit: &Visit) -> Result<(OwnedFd, Identity, bool), End<'static>> {
        if visit.identity.has_ended {
            // Whatever has its pid by now is not what these reads were planned for.
            return Err(End::of_errno(Errno::SRCH));
        }
        let from = self.now_ticks();
        let process = self.host.process(visit.pid).map_err(Refusal::end)?;
        let met = from.zip(self.now_ticks());
        let met = met.map(|(from, until)| Moment { from, until });
        let (identity, uncertain) = self.identify(process.as_fd(), visit, met)?;
        Ok((process, identity, uncertain))
    }

    /// The time since boot in the unit of start times; `None` for a dead tree.
    fn now_ticks(&self) -> Option<u64> {
        if !self.host.is_live() {
            return None;
        }
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let (seconds, nanoseconds) = (
            u64::try_from(now.tv_sec).ok()?,
            u64::try_from(now.tv_nsec).ok()?,
        );
        // As the kernel does: nanoseconds since boot, divided without rest.
        let nanoseconds = seconds
            .checked_mul(1_000_000_000)?
            .checked_add(nanoseconds)?;
        nanoseconds.checked_div(1_000_000_000_u64.checked_div(self.clock_ticks)?)
    }

    /// Which process this is, and whether it is in doubt that it is the one an earlier visit met. A pid that
    /// certainly means another process by now is refused: the first one vanished.
    fn identify(
        &self,
        process: BorrowedFd<'_>,
        visit: &Visit,
        met: Option<Moment>,
    ) -> Result<(Identity, bool), End<'static>> {
        let reused = || Err(End::because(Outcome::Vanished, "the pid was reused"));
        let directory = rustix::fs::fstat(process).map_err(End::of_errno)?;
        let before = visit.identity;
        let mut now = Identity {
            pidfd_inode: before.pidfd_inode,
            directory_inode: Some(directory.st_ino),
            start_ticks: before.start_ticks,
            met: before.met.or(met),
            has_ended: false,
        };
        // The kernel numbers the directories one after the other, in 32 bits: one of another process has another number.
        let is_first = before == Identity::default();
        if !is_first && before.directory_inode == now.directory_inode {
            return Ok((now, false));
        }
        let pidfd_inode = self.own_pids.then(|| host::pidfd_inode(visit.pid));
        now.pidfd_inode = pidfd_inode.flatten();
        if let (Some(before), Some(now_inode)) = (before.pidfd_inode, now.pidfd_inode) {
            return if before == now_inode {
                Ok((now, false))
            } else {
                reused()
            };
        }
        if is_first {
            return Ok((now, false));
        }
        // When memory is short the inode changes for the same process too: its start time decides, where it can be read.
        let stat = self.host.process_file(process, "stat").ok();
        let ticks = stat.and_then(|opened| schema::parse::stat::start_ticks(&read::small(&opened)));
        match ticks {
            None if has_ended(process) => Err(End::of_errno(Errno::SRCH)),
            ticks => match same_process(before, ticks) {
                Some(false) => reused(),
                same => {
                    now.start_ticks = ticks.or(before.start_ticks);
                    Ok((now, same.is_none()))
                }
            },
        }
    }

    /// How a read below the directory of a process ended that was refused: a file that is missing (ENOENT) there is no
    /// fact about the kernel once the process has ended, and ESRCH is no sign that it has: a kernel thread says so of
    /// its environment.
    pub(super) fn refused(&self, process: BorrowedFd<'_>, refusal: Refusal) -> End<'static> {
        let is_doubtful = matches!(refusal, Refusal::Errno(Errno::NOENT | Errno::SRCH));
        let end = refusal.end();
        if !is_doubtful || !self.host.is_live() {
            return end;
        }
        let outcome = if has_ended(process) {
            Outcome::Vanished
        } else {
            Outcome::Absent
        };
        End { outcome, ..end }
    }

    /// The directory of a thread that lives, where the main thread has exited before the others: the process then looks
    /// like a zombie, without files, memory and directories, while its other threads have them all.
    fn living_thread(&self, process: BorrowedFd<'_>, pid: u32) -> Option<(u32, OwnedFd)> {
        if !self.host.is_live() {
            return None;
        }
        // The kernel counts threads as links of their directory: most processes have one, and are asked no more.
        let task = rustix::fs::statat(process, "task", AtFlags::SYMLINK_NOFOLLOW).ok()?;
        if task.st_nlink <= ONE_THREAD || self.lives(process, "stat") {
            return None;
        }
        let (tids, task) = self.listing(process, "task", None).ok()?;
        let mut others = tids.into_iter().filter(|tid| *tid != pid);
        let living = others
            .by_ref()
            .take(MOST_ASKED)
            .find(|tid| self.lives(task.as_fd(), &format!("{tid}/stat")))?;
        let thread = self
            .host
            .process_directory(task.as_fd(), &living.to_string());
        Some((living, thread.ok()?))
    }

    /// Whether a thread has not exited, by its stat.
    fn lives(&self, directory: BorrowedFd<'_>, stat: &str) -> bool {
        let Ok(opened) = self.host.process_file(directory, stat) else {
            return false;
        };
        let stat = read::small(&opened);
        // The name may hold parentheses too.
        let state = memchr::memrchr(b')', &stat)
            .and_then(|end| stat.get(end.saturating_add(2)))
            .copied();
        !matches!(state, None | Some(b'Z' | b'X'))
    }

    fn link(
        &mut self,
        process: BorrowedFd<'_>,
        pid: u32,
        name: &'static str,
    ) -> std::io::Result<End<'static>> {
        let buffer = std::mem::take(&mut self.buffer);
        match self.host.process_link(process, name, buffer) {
            Ok(target) => {
                let link_count = self.count_names(process, name, &target);
                let file = (name == "exe").then(|| self.host.executable(process));
                let file = file.flatten();
                self.replies.send(&Reply::Link(ProcessLink {
                    inode: file.map(|(inode, ..)| inode),
                    size: file.map(|(_, size, _)| size),
                    mtime_us: file.map(|(.., mtime_us)| mtime_us),
                    pid,
                    name: Text::from(name),
                    target: Text::from(target.as_slice()),
                    link_count,
                }))?;
                self.buffer = target;
                Ok(End::of(Outcome::Collected))
            }
            Err(Refusal::Errno(Errno::INVAL)) => Ok(no_link()),
            Err(refusal) => Ok(self.refused(process, refusal)),
        }
    }

    fn threads(
        &mut self,
        process: BorrowedFd<'_>,
        pid: u32,
        after: Option<u32>,
        place: Place,
    ) -> std::io::Result<End<'static>> {
        let (tids, task) = match self.listing(process, "task", after) {
            Ok(listing) => listing,
            Err(end) => return Ok(end),
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        for tid in tids {
            self.begin(place.at(tid));
            buffer.clear();
            let name = format!("{tid}/stat");
            let read = self
                .host
                .process_file(task.as_fd(), &name)
                .map_err(|refusal| match refusal {
                    // A thread that ended after it was listed.
                    Refusal::Errno(Errno::NOENT) if self.host.is_live() => Errno::SRCH.into(),
                    refusal => refusal,
                })
                .and_then(|opened| Ok(read_once(&opened.fd, &mut buffer, 4 << 10)?));
            match read {
                Ok(()) => self.replies.send(&Reply::Thread(ThreadStat {
                    pid,
                    tid,
                    stat: Text::from(buffer.as_slice()),
                }))?,
                Err(refusal) => self.replies.send(&Reply::Entry {
                    name: Text::from(format!("task/{tid}/stat")),
                    end: refusal.end(),
                })?,
            }
        }
        self.buffer = buffer;
        Ok(End::of(Outcome::Collected))
    }

    /// Each fd's link, then its `fdinfo`.
    fn fds(
        &mut self,
        process: BorrowedFd<'_>,
        visit: &Visit,
        after: Option<u32>,
        place: Place,
    ) -> std::io::Result<End<'static>> {
        let (fds, links) = match self.listing(process, "fd", after) {
            Ok(listing) => listing,
            Err(end) => return Ok(end),
        };
        // Without it the links alone are worth having.
        let fdinfo = self.host.process_directory(process, "fdinfo").ok();
        let mut target = Vec::with_capacity(4 << 10);
        for fd in fds {
            self.begin(place.at(fd));
            let name = DecInt::new(fd);
            target.clear();
            match rustix::fs::readlinkat_raw(&links, name.as_c_str(), spare_capacity(&mut target)) {
                Ok(_) => {
                    let link_count = self.count_names(links.as_fd(), name.as_str(), &target);
                    self.fd(visit.pid, fd, Some(&target), fdinfo.as_ref(), link_count)?;
                }
                Err(errno) => {
                    if errno == Errno::INVAL {
                        self.fd(visit.pid, fd, None, fdinfo.as_ref(), None)?;
                    }
                    self.replies.send(&Reply::Entry {
                        name: Text::from(format!("fd/{fd}")),
                        end: match errno {
                            // Closed after it was listed.
                            Errno::NOENT => End::of(Outcome::Vanished),
                            Errno::INVAL => no_link(),
                            errno => End::of_errno(errno),
                        },
                    })?;
                }
            }
        }
        Ok(End::of(Outcome::Collected))
    }

    /// The `fdinfo` of each fd, where the links cannot be read.
    fn fdinfos(
        &mut self,
        process: BorrowedFd<'_>,
        visit: &Visit,
        after: Option<u32>,
        place: Place,
    ) -> std::io::Result<End<'static>> {
        let (fds, fdinfo) = match self.listing(process, "fdinfo", after) {
            Ok(listing) => listing,
            Err(end) => return Ok(end),
        };
        for fd in fds {
            self.begin(place.at(fd));
            self.fd(visit.pid, fd, None, Some(&fdinfo), None)?;
        }
        Ok(End::because(
            Outcome::TimedOut,
            "the links hung; fdinfo was read without them",
        ))
    }

    fn fd(
        &mut self,
        pid: u32,
        fd: u32,
        target: Option<&[u8]>,
        directory: Option<&OwnedFd>,
        link_count: Option<u64>,
    ) -> std::io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let read = directory.map(|directory| self.fdinfo(directory, fd, &mut buffer));
        self.replies.send(&Reply::Fd(FdLink {
            pid,
            fd,
            target: target.map(Text::from),
            fdinfo: matches!(read, Some(Ok(()))).then(|| Text::from(buffer.as_slice())),
            link_count,
        }))?;
        self.buffer = buffer;
        match read {
            Some(Err(refusal)) => self.replies.send(&Reply::Entry {
                name: Text::from(format!("fdinfo/{fd}")),
                end: match refusal {
                    Refusal::Errno(Errno::NOENT) if self.host.is_live() => {
                        End::of(Outcome::Vanished)
                    }
                    refusal => refusal.end(),
                },
            }),
            _ => Ok(()),
        }
    }

    fn fdinfo(&self, directory: &OwnedFd, fd: u32, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
        let name = DecInt::new(fd);
        let file = if self.host.is_live() {
            // The directory is procfs and the name a number: nothing else can be opened here, and nothing is faster.
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            rustix::fs::openat(directory, name.as_c_str(), flags, Mode::empty())?
        } else {
            self.host.process_file(directory.as_fd(), name.as_str())?.fd
        };
        Ok(read_once(&file, buffer, FDINFO_LIMIT)?)
    }

    /// How many names the file has, where its link looks as if it had none.
    fn count_names(&self, directory: BorrowedFd<'_>, name: &str, target: &[u8]) -> Option<u64> {
        target
            .ends_with(DELETED)
            .then(|| self.host.link_count(directory, name, target))
            .flatten()
    }

    /// A directory of a process, with the numbers in it that come after one; how reading it ended where it cannot be.
    fn listing(
        &self,
        process: BorrowedFd<'_>,
        name: &str,
        after: Option<u32>,
    ) -> Result<(Vec<u32>, OwnedFd), End<'static>> {
        self.host
            .process_directory(process, name)
            .and_then(|directory| Ok((Self::numbers(&directory, after)?, directory)))
            .map_err(|refusal| self.refused(process, refusal))
    }

    /// The numbers in a directory that come after one, sorted.
    fn numbers(directory: &OwnedFd, after: Option<u32>) -> Result<Vec<u32>, Refusal> {
        let mut numbers: Vec<u32> = Vec::new();
        host::list(directory, |name| {
            numbers.extend(super::decimal(name));
        })?;
        numbers.retain(|number| after.is_none_or(|after| *number > after));
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Whether a process that started at `ticks` is the one that was met before, by the times alone; `None` where they
/// leave it open. The start times of two processes may be the same tick, so that equality alone proves nothing.
fn same_process(before: Identity, ticks: Option<u64>) -> Option<bool> {
    let ticks = ticks?;
    if before.start_ticks.is_some_and(|before| before != ticks) {
        return Some(false);
    }
    let met = before.met?;
    if ticks < met.from {
        // It had the pid when the other one was met.
        Some(true)
    } else if ticks > met.until {
        Some(false)
    } else {
        None
    }
}

/// Whether the kernel shows nothing of it, for the whole process, once the main thread has exited.
fn goes_with_leader(kind: ItemKind) -> bool {
    match kind {
        ItemKind::File(name) => matches!(name, "cmdline" | "environ" | "maps"),
        ItemKind::Threads => false,
        _ => true,
    }
}

/// How reading a link ended that is none: a dead tree may have a file in its place.
fn no_link() -> End<'static> {
    End::because(Outcome::Absent, "no symbolic link")
}

/// Whether the process of a directory has ended and was waited for.
fn has_ended(process: BorrowedFd<'_>) -> bool {
    let status = rustix::fs::statat(process, "status", AtFlags::SYMLINK_NOFOLLOW);
    matches!(status, Err(Errno::NOENT | Errno::SRCH))
}

/// Reads what one read gives, and more only where the buffer was too small for it.
fn read_once(file: &OwnedFd, buffer: &mut Vec<u8>, limit: usize) -> rustix::io::Result<()> {
    while buffer.len() < limit {
        buffer.reserve(4 << 10);
        let room = buffer.capacity().saturating_sub(buffer.len());
        match rustix::io::read(file, spare_capacity(buffer)) {
            Ok(count) if count < room => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    buffer.truncate(limit);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_tell_a_process_from_its_successor() {
        let check = |start_ticks, met: Option<(u64, u64)>, ticks, same| {
            let before = Identity {
                start_ticks,
                met: met.map(|(from, until)| Moment { from, until }),
                ..Identity::default()
            };
            assert_eq!(same_process(before, ticks), same, "{before:?} {ticks:?}");
        };
        // It was there already when the first one was met.
        check(None, Some((100, 101)), Some(99), Some(true));
        check(Some(99), Some((100, 101)), Some(99), Some(true));
        // It started later.
        check(None, Some((100, 101)), Some(102), Some(false));
        check(Some(99), Some((100, 101)), Some(100), Some(false));
        // Within the same tick both may have started.
        check(None, Some((100, 101)), Some(101), None);
        check(Some(100), Some((100, 100)), Some(100), None);
        check(Some(100), None, Some(100), None);
        check(Some(100), Some((100, 101)), None, None);
    }
}
