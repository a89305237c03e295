//! What a worker does with a request: read, bounded, and answer.

mod file_systems;
mod files;
mod journal;
mod net_dump;
mod process;
mod read;
mod rotated;

use std::os::fd::AsFd;

use schema::Text;
use schema::frame;

use crate::host::{self, Host};
use crate::plan::{self, ProcessItem};
use crate::protocol::{End, ItemGroup, Reply, Request, RotatedTask};
use crate::sys::Cell;

pub(crate) use files::first_line;
pub(crate) use read::small;
use rotated::Newest;

/// Replies that have come together are sent on: large enough that a switch between worker and parent pays.
const SEND_AT: usize = 256 << 10;
/// Most bytes of a file in one reply.
pub(crate) const CHUNK: usize = 256 << 10;

/// A worker: the host, the plan it shares with the parent, and the way back.
#[derive(Debug)]
pub struct Collector<'a, F> {
    host: &'a Host,
    items: Vec<ProcessItem>,
    sources: Vec<schema::Source>,
    /// Whether pids of the captured `/proc` mean the same processes to system calls.
    own_pids: bool,
    /// Clock ticks in a second.
    clock_ticks: u64,
    cell: &'a Cell,
    replies: Replies<F>,
    net_dumps: net_dump::NetDumps,
    /// Whether asking may load modules of the kernel.
    allow_module_load: bool,
    /// Kept for its allocation.
    buffer: Vec<u8>,
}

/// Frames on their way to the parent.
#[derive(Debug)]
struct Replies<F> {
    out: F,
    frames: Vec<u8>,
}

/// Where a request has got to, as the shared cell holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Number of the request, modulo 256.
    pub request: u8,
    /// Position of the visit in it; of the file, for a request of files.
    pub task: u8,
    /// Position of the item in the visit.
    pub item: u16,
    /// Number of the fd or thread within an item.
    pub sub: u32,
}

impl Position {
    /// As one word.
    pub fn pack(self) -> u64 {
        u64::from(self.request) << 56
            | u64::from(self.task) << 48
            | u64::from(self.item) << 32
            | u64::from(self.sub)
    }

    /// From one word.
    pub fn unpack(word: u64) -> Self {
        let [request, task, item_high, item_low, sub @ ..] = word.to_be_bytes();
        Position {
            request,
            task,
            item: u16::from_be_bytes([item_high, item_low]),
            sub: u32::from_be_bytes(sub),
        }
    }
}

impl<'a, F: AsFd> Collector<'a, F> {
    /// A collector that answers to `out`.
    pub fn new(
        host: &'a Host,
        own_pids: bool,
        allow_module_load: bool,
        cell: &'a Cell,
        out: F,
    ) -> Self {
        Collector {
            host,
            items: plan::process_items(),
            sources: schema::tables::sources(),
            own_pids,
            clock_ticks: rustix::param::clock_ticks_per_second(),
            cell,
            replies: Replies {
                out,
                frames: Vec::with_capacity(SEND_AT + CHUNK),
            },
            net_dumps: net_dump::NetDumps::default(),
            allow_module_load,
            buffer: Vec::with_capacity(64 << 10),
        }
    }

    /// Does the `number`th request.
    pub fn work(&mut self, number: u8, request: &Request) -> std::io::Result<()> {
        match request {
            Request::ListProcesses => self.list_processes(number)?,
            Request::ListDirectory(path) => self.list_directory(path)?,
            Request::ListRotated(task) => self.list_rotated(number, task)?,
            Request::Visits(visits) => {
                for (task, visit) in (0_u8..).zip(visits) {
                    self.visit(number, task, visit)?;
                }
            }
            Request::Files(tasks) => {
                for (position, task) in (0_u8..).zip(tasks) {
                    self.begin_task(number, position, 0);
                    self.file(task)?;
                }
            }
            Request::FileSystems(tasks) => {
                for (position, task) in (0_u8..).zip(tasks) {
                    self.begin_task(number, position, 0);
                    self.file_system(task)?;
                }
            }
        }
        let links = self.host.take_touched_links();
        if !links.is_empty() {
            let links = links.iter().map(|path| Text::from(path.as_slice()));
            self.replies.send(&Reply::TouchedLinks(links.collect()))?;
        }
        self.replies.send(&Reply::Done)?;
        self.replies.flush()
    }

    fn begin(&self, position: Position) {
        self.cell.begin(position.pack());
    }

    /// Begins with what is no item of a visit: a file, a file system, or the `sub`th step of a listing.
    fn begin_task(&self, request: u8, task: u8, sub: u32) {
        self.begin(Position {
            request,
            task,
            item: 0,
            sub,
        });
    }

    fn list_processes(&mut self, number: u8) -> std::io::Result<()> {
        let mut pids = Vec::new();
        // Every kernel has it.
        let mut has_uptime = false;
        let listed = self.host.list_proc(|name| {
            pids.extend(decimal(name).filter(|pid| *pid > 0));
            has_uptime |= name == b"uptime";
        });
        pids.sort_unstable();
        if !self.host.is_live() {
            self.provided(number, &pids)?;
        }
        for part in pids.chunks(10_000) {
            self.replies.send(&Reply::Processes(part.to_vec()))?;
        }
        let mut end = ended(listed);
        if self.host.is_live() && end.outcome == schema::Outcome::Collected {
            let hidden = if !has_uptime {
                Some("nothing but processes is shown (subset=pid)")
            } else if !pids.contains(&1) {
                // It lives as long as its pid namespace does.
                Some("process 1 is not shown, so those of other users may be hidden too (hidepid)")
            } else {
                None
            };
            end = hidden.map_or(end, |reason| {
                End::because(schema::Outcome::Truncated, reason)
            });
        }
        self.replies.send(&Reply::Listed(end))
    }

    /// Tells where a dead tree has the files of namespaces: a partial one may have them for a single process, or for
    /// none.
    fn provided(&mut self, number: u8, pids: &[u32]) -> std::io::Result<()> {
        let (mut net, mut mount) = (Vec::new(), Vec::new());
        for pid in pids {
            // On a slow disk the whole of it takes longer than one read may.
            self.begin_task(number, 0, *pid);
            if self
                .host
                .has_directory(format!("/proc/{pid}/net").as_bytes())
            {
                net.push(*pid);
            }
            let mountinfo = format!("/proc/{pid}/mountinfo");
            if self.host.has_file(mountinfo.as_bytes()) {
                mount.push(*pid);
            }
        }
        for (group, pids) in [(ItemGroup::Net, net), (ItemGroup::Mount, mount)] {
            for part in pids.chunks(10_000) {
                let pids = part.to_vec();
                self.replies.send(&Reply::Provided { group, pids })?;
            }
        }
        Ok(())
    }

    fn list_directory(&mut self, path: &[u8]) -> std::io::Result<()> {
        /// Entries of `/home` that are looked at: more is a hostile or a very large host, and is said to be cut.
        const NAME_LIMIT: usize = 100_000;
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut more = false;
        let mut end = self.entries(path, |name| {
            if names.len() < NAME_LIMIT {
                names.push(name.to_vec());
            } else {
                more = true;
            }
        });
        names.sort_unstable();
        if more {
            end.outcome = schema::Outcome::Truncated;
            end.reason = Some("over 100,000 entries".into());
        }
        self.names(&names, end)
    }

    fn list_rotated(&mut self, number: u8, task: &RotatedTask) -> std::io::Result<()> {
        let mut newest = Newest::new(&task.logs);
        let mut seen = 0_u32;
        let mut end = self.entries(&task.directory, |name| {
            seen = seen.wrapping_add(1);
            // On a slow disk the whole of it takes longer than one read may.
            self.begin_task(number, 0, seen);
            newest.add(name);
        });
        let (names, left_out) = newest.take();
        if left_out > 0 && end.outcome == schema::Outcome::Collected {
            let limit = rotated::LIMIT;
            end.outcome = schema::Outcome::Truncated;
            end.reason = Some(
                format!("over {limit} rotated logs of one log, {left_out} are left out").into(),
            );
        }
        self.names(&names, end)
    }

    /// Names in a directory, and how listing it ended.
    fn entries(&self, path: &[u8], each: impl FnMut(&[u8])) -> End<'static> {
        let (directory, access_time_touched) = match self.host.directory(path) {
            Ok(found) => found,
            Err(refusal) => return refusal.end(),
        };
        let listed = host::list(directory, each);
        End {
            access_time_touched,
            ..ended(listed)
        }
    }

    /// Answers with the names in a directory.
    fn names<N: AsRef<[u8]>>(&mut self, names: &[N], end: End<'static>) -> std::io::Result<()> {
        for part in names.chunks(1000) {
            let part = part.iter().map(|name| Text::from(name.as_ref()));
            self.replies.send(&Reply::Names(part.collect()))?;
        }
        self.replies.send(&Reply::Listed(end))
    }
}

/// How a listing ended.
fn ended(listed: Result<(), crate::host::Refusal>) -> End<'static> {
    match listed {
        Ok(()) => End::of(schema::Outcome::Collected),
        Err(refusal) => refusal.end(),
    }
}

impl<F: AsFd> Replies<F> {
    fn send(&mut self, reply: &Reply<'_>) -> std::io::Result<()> {
        frame::write(&mut self.frames, reply).map_err(std::io::Error::other)?;
        if self.frames.len() >= SEND_AT {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let mut rest = self.frames.as_slice();
        while !rest.is_empty() {
            match rustix::io::write(&self.out, rest) {
                Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        self.frames.clear();
        Ok(())
    }
}

/// A number in decimal digits as the kernel writes it, without sign or leading zero.
fn decimal(name: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(name).ok()?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_canonical = is_plain && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_processes_are_plain_numbers() {
        let check = |name: &[u8], expected| assert_eq!(decimal(name), expected);
        check(b"7", Some(7));
        check(b"4294967295", Some(u32::MAX));
        check(b"0", Some(0));
        for odd in [&b""[..], b"+7", b"07", b"7a", b" 7", b"4294967296", b"\xff"] {
            check(odd, None);
        }
    }

    #[test]
    fn positions_fit_a_word() {
        let position = Position {
            request: 200,
            task: 15,
            item: 40_000,
            sub: u32::MAX - 1,
        };
        assert_eq!(Position::unpack(position.pack()), position);
    }
}
