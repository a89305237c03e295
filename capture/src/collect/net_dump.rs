//! Netlink dumps of network namespaces: entering one, asking, and leaving it.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use schema::{Outcome, Text, member};

use super::{CHUNK, Collector, Replies, read};
use crate::host::{Host, Opened, Refusal};
use crate::netlink::{Answer, Dump, Family, Socket};
use crate::protocol::{Access, End, FileTask, NetWay, Reply, Visit};

/// How many connections are tracked in a network namespace.
const CONNTRACK_COUNT: &[u8] = b"/proc/sys/net/netfilter/nf_conntrack_count";
/// How often a dump is asked for again when the table changed meanwhile.
const RETRIES: u32 = 3;
/// How much of a dump is held back, so that it can be asked for again. What is longer has been sent by the time it ends: interfaces,
/// addresses, routes and neighbours, which the kernel says of that they changed, are seldom as long, and what is as long is never
/// at rest.
const HELD: usize = 2 << 20;

/// What a worker has of network namespaces.
#[derive(Debug, Default)]
pub(super) struct NetDumps {
    /// The worker's own.
    own: Option<OwnedFd>,
    /// That of the last dump, with a socket of each family.
    current: Option<(NetWay, Sockets)>,
    modules: Option<Modules>,
}

/// Sockets in one namespace.
#[derive(Debug)]
struct Sockets {
    route: rustix::io::Result<Socket>,
    sock_diag: rustix::io::Result<Socket>,
    netfilter: Option<rustix::io::Result<Socket>>,
    /// Whether no connection is tracked in it. The table belongs to all namespaces, and a dump of none walks all of it.
    tracks_nothing: bool,
}

/// Which modules of the kernel are there.
#[derive(Debug)]
enum Modules {
    /// None can be loaded, so that asking loads none.
    Fixed,
    /// Those that are loaded, and those that are built in.
    Known(BTreeSet<Vec<u8>>),
}

/// The bytes of a file that is longer than a page.
fn whole(opened: &Opened) -> Vec<u8> {
    let mut bytes = Vec::new();
    read::ends(&mut bytes, &opened.fd, schema::source::FILE_LIMIT);
    bytes
}

impl Modules {
    fn read(host: &Host) -> Self {
        let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let lines = bytes.split(|byte| *byte == b'\n');
            lines.map(<[u8]>::to_vec).collect()
        };
        let loaded = match host.proc_file(b"/proc/modules") {
            Ok(opened) => whole(&opened),
            // A kernel without modules has no such file; a procfs that shows nothing but processes has no other either.
            Err(Refusal::Errno(Errno::NOENT)) if host.proc_file(b"/proc/uptime").is_ok() => {
                return Modules::Fixed;
            }
            Err(_) => Vec::new(),
        };
        let disabled = super::first_line(host, b"/proc/sys/kernel/modules_disabled");
        if disabled.as_deref() == Some("1") {
            return Modules::Fixed;
        }
        let loaded = lines(&loaded).into_iter().filter_map(|line| {
            let name = line.split(|byte| *byte == b' ').next()?;
            Some(name.to_vec())
        });
        let release = super::first_line(host, b"/proc/sys/kernel/osrelease");
        // Where `/lib` is a link, following it would change its access time.
        let built_in = release.and_then(|release| {
            ["/usr/lib", "/lib"].iter().find_map(|place| {
                let path = format!("{place}/modules/{release}/modules.builtin");
                host.file(path.as_bytes(), &Access::System).ok()
            })
        });
        let built_in = built_in.map_or_else(Vec::new, |opened| whole(&opened));
        let built_in = lines(&built_in).into_iter().filter_map(|path| {
            let name = path.rsplit(|byte| *byte == b'/').next()?;
            let name = name.split(|byte| *byte == b'.').next()?;
            // As the kernel itself writes it.
            Some(
                name.iter()
                    .map(|byte| if *byte == b'-' { b'_' } else { *byte })
                    .collect(),
            )
        });
        Modules::Known(loaded.chain(built_in).collect())
    }

    /// The first of some modules that is not there and could be loaded.
    fn lack<'a>(&self, needed: impl IntoIterator<Item = &'a &'static str>) -> Option<&'static str> {
        let Modules::Known(known) = self else {
            return None;
        };
        needed
            .into_iter()
            .copied()
            .find(|name| !known.contains(name.as_bytes()))
    }
}

impl<F: AsFd> Collector<'_, F> {
    /// Asks for a dump, and answers with it.
    pub(super) fn net_dump(&mut self, task: &FileTask, way: &NetWay) -> std::io::Result<()> {
        let started = Instant::now();
        let named = std::str::from_utf8(&task.path).ok();
        let named = named.and_then(member::split_dump);
        let Some((inode, dump)) = named.and_then(|(inode, name)| Some((inode, Dump::find(name)?)))
        else {
            return self.answer_refused(End::of_errno(Errno::INVAL), started);
        };
        let modules = match self.net_dumps.modules.take() {
            Some(modules) => modules,
            None if self.allow_module_load => Modules::Fixed,
            None => Modules::read(self.host),
        };
        let lack = modules.lack(dump.family.modules().iter().chain(dump.modules));
        let may_netfilter = modules.lack(Family::Netfilter.modules()).is_none();
        self.net_dumps.modules = Some(modules);
        if let Some(module) = lack {
            let reason = format!("would load the kernel module {module}; see --allow-module-load");
            let end = End {
                expected: true,
                ..End::because(Outcome::Skipped, reason)
            };
            return self.answer_refused(end, started);
        }
        let entered = self.net_dumps.current.as_ref().map(|(way, _)| way);
        if entered != Some(way) {
            self.net_dumps.current = None;
            match self.enter(inode, way, may_netfilter)? {
                Ok(sockets) => self.net_dumps.current = Some((way.clone(), sockets)),
                Err(end) => return self.answer_refused(end, started),
            }
        }
        let sockets = self.net_dumps.current.as_ref().map(|(_, sockets)| sockets);
        if dump.name == "conntrack" && sockets.is_some_and(|sockets| sockets.tracks_nothing) {
            let reason = "nf_conntrack_count is 0";
            let end = End::because(Outcome::Collected, reason);
            return self.answer_refused(end, started);
        }
        self.ask(dump, started)
    }

    /// Makes sockets in a network namespace. An error is one of the worker, which is of no use outside its own namespace.
    fn enter(
        &mut self,
        inode: u64,
        way: &NetWay,
        may_netfilter: bool,
    ) -> std::io::Result<Result<Sockets, End<'static>>> {
        let own = match self.net_dumps.own.take() {
            Some(own) => own,
            None => match self.host.own_net_namespace() {
                Ok(own) => own,
                Err(refusal) => return Ok(Err(refusal.end())),
            },
        };
        let sockets = || Sockets {
            route: Socket::open(Family::Route),
            sock_diag: Socket::open(Family::SockDiag),
            netfilter: may_netfilter.then(|| Socket::open(Family::Netfilter)),
            // The setting is that of the namespace of who opens it.
            tracks_nothing: super::first_line(self.host, CONNTRACK_COUNT).as_deref() == Some("0"),
        };
        let kind = Some(LinkNameSpaceType::Network);
        let is_own = rustix::fs::fstat(&own)?.st_ino == inode;
        let made = if is_own {
            Ok(sockets())
        } else {
            match self.elsewhere(inode, way, &own) {
                Ok(namespace) => match move_into_link_name_space(namespace.as_fd(), kind) {
                    Ok(()) => {
                        let made = sockets();
                        move_into_link_name_space(own.as_fd(), kind)?;
                        Ok(made)
                    }
                    Err(errno) => Err(End::of_errno(errno)),
                },
                Err(end) => Err(end),
            }
        };
        self.net_dumps.own = Some(own);
        Ok(made)
    }

    /// Opens a network namespace that is not the worker's own.
    fn elsewhere(&self, inode: u64, way: &NetWay, own: &OwnedFd) -> Result<OwnedFd, End<'static>> {
        let found = self.find_namespace(way)?;
        let namespace = self.host.net_namespace(&found, own.as_fd(), inode);
        namespace.map_err(Refusal::end)
    }

    /// Takes hold of what should be a network namespace.
    fn find_namespace(&self, way: &NetWay) -> Result<OwnedFd, End<'static>> {
        let link = |pid, identity, name: &str| {
            let visit = Visit {
                identity,
                ..Visit::new(pid, Vec::new())
            };
            let (process, ..) = self.meet(&visit)?;
            let found = self.host.behind(process.as_fd(), name);
            found.map_err(|refusal| self.refused(process.as_fd(), refusal))
        };
        match way {
            NetWay::Process { pid, identity } => link(*pid, *identity, "ns/net"),
            NetWay::Descriptor { pid, identity, fd } => link(*pid, *identity, &format!("fd/{fd}")),
            NetWay::Mount { pid, path, way } => {
                let found = self.host.mount(*pid, path, way);
                found.map(|(_, found)| found).map_err(Refusal::end)
            }
        }
    }

    /// Asks for a dump in the namespace that was entered.
    fn ask(&mut self, dump: &Dump, started: Instant) -> std::io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut attempt = 0;
        let end = loop {
            buffer.clear();
            let (end, may_ask_again) = self.answer_dump(dump, &mut buffer)?;
            if !may_ask_again || attempt >= RETRIES {
                break end;
            }
            attempt = attempt.saturating_add(1);
        };
        send_all_but_a_chunk(&mut self.replies, &mut buffer)?;
        let duration_us = read::elapsed_us(started);
        let sent = self.replies.send(&Reply::File {
            end: End { duration_us, ..end },
            bytes: Text::from(buffer.as_slice()),
        });
        buffer.clear();
        // What was held back is not kept for the rest of the worker's life.
        buffer.shrink_to(CHUNK);
        self.buffer = buffer;
        sent
    }

    /// Asks once; says whether the table changed meanwhile and the dump can be asked for again, since nothing of it was sent.
    fn answer_dump(
        &mut self,
        dump: &Dump,
        buffer: &mut Vec<u8>,
    ) -> std::io::Result<(End<'static>, bool)> {
        let limit = schema::source::NET_TABLE_LIMIT;
        // The kernel does not say of sockets and connections that they changed.
        let held = match dump.family {
            Family::Route => HELD,
            Family::SockDiag | Family::Netfilter => CHUNK,
        };
        let (mut seen, mut was_interrupted, mut has_sent) = (0_u64, false, false);
        let socket = self
            .net_dumps
            .current
            .as_ref()
            .and_then(|(_, sockets)| match dump.family {
                Family::Route => Some(&sockets.route),
                Family::SockDiag => Some(&sockets.sock_diag),
                Family::Netfilter => sockets.netfilter.as_ref(),
            });
        let refused = |errno| (refused_errno(dump.family, errno), false);
        let socket = match socket {
            Some(Ok(socket)) => socket,
            Some(Err(errno)) => return Ok(refused(*errno)),
            None => return Ok(refused(Errno::PROTONOSUPPORT)),
        };
        if let Err(errno) = socket.ask(dump) {
            return Ok(refused(errno));
        }
        loop {
            let before = buffer.len();
            let received = socket.receive(buffer, &mut was_interrupted);
            let more = u64::try_from(buffer.len().saturating_sub(before)).unwrap_or(0);
            seen = seen.saturating_add(more);
            match received {
                Ok(Answer::More) if seen > limit => {
                    // What is left of the answer would come before the next one.
                    self.net_dumps.current = None;
                    let reason = format!("cut at {limit} bytes");
                    let end = End::because(Outcome::Truncated, reason);
                    return Ok((End { seen, ..end }, false));
                }
                Ok(Answer::More) if buffer.len() >= held => {
                    send_all_but_a_chunk(&mut self.replies, buffer)?;
                    has_sent = true;
                }
                Ok(Answer::More) => {}
                Ok(Answer::Done) if was_interrupted => {
                    let reason = "the kernel's table changed while it was dumped";
                    let end = End::because(Outcome::Truncated, reason);
                    return Ok((End { seen, ..end }, !has_sent));
                }
                Ok(Answer::Done) => {
                    let end = End::of(Outcome::Collected);
                    return Ok((End { seen, ..end }, false));
                }
                Ok(Answer::Refused(errno)) => {
                    buffer.truncate(before);
                    let end = refused_errno(dump.family, errno);
                    return Ok((End { seen, ..end }, false));
                }
                Err(errno) => {
                    buffer.truncate(before);
                    // Where the answer was not understood, the rest of it may be yet to come.
                    self.net_dumps.current = None;
                    let end = refused_errno(dump.family, errno);
                    return Ok((End { seen, ..end }, false));
                }
            }
        }
    }
}

/// Sends the front of what was received, until what is left goes into one message.
fn send_all_but_a_chunk<F: AsFd>(
    replies: &mut Replies<F>,
    buffer: &mut Vec<u8>,
) -> std::io::Result<()> {
    let mut rest = buffer.as_slice();
    while let Some((chunk, after)) = rest.split_at_checked(CHUNK) {
        replies.send(&Reply::Chunk(Text::from(chunk)))?;
        rest = after;
    }
    let sent = buffer.len().saturating_sub(rest.len());
    buffer.drain(..sent);
    Ok(())
}

/// What the kernel's refusal of a dump means.
fn refused_errno(family: Family, errno: Errno) -> End<'static> {
    let end = End::of_errno(errno);
    match (family, errno) {
        // Of a kind of socket that it does not know, of a part of netfilter that it does not have.
        (_, Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT) | (Family::Netfilter, Errno::INVAL) => {
            End {
                outcome: Outcome::Absent,
                ..end
            }
        }
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_that_are_missing() {
        let known = |names: &[&str]| {
            Modules::Known(names.iter().map(|name| name.as_bytes().to_vec()).collect())
        };
        let lack = |modules: &Modules| modules.lack(&["inet_diag", "tcp_diag"]);
        assert_eq!(lack(&Modules::Fixed), None);
        assert_eq!(lack(&known(&[])), Some("inet_diag"));
        assert_eq!(lack(&known(&["inet_diag"])), Some("tcp_diag"));
        assert_eq!(lack(&known(&["tcp_diag", "inet_diag", "ext4"])), None);
    }

    /// A tree is enough to look for modules in, and has what this kernel may not have.
    #[test]
    fn modules_of_a_host() {
        let tree = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let read = || {
            let root = tree.path().as_os_str().as_encoded_bytes();
            Modules::read(&Host::open(root).unwrap())
        };
        let needed = ["inet_diag", "tcp_diag", "nf_conntrack"];
        write("proc/version", "x");
        // It shows nothing but processes: what it has is not known.
        assert_eq!(read().lack(&needed), Some("inet_diag"));
        write("proc/uptime", "1.0 1.0\n");
        assert_eq!(read().lack(&needed), None);
        // Longer than a page, with what matters at its end.
        let other = "veth 40960 0 - Live 0x0000000000000000\n".repeat(400);
        write(
            "proc/modules",
            &format!("{other}inet_diag 24576 1 tcp_diag, Live 0x0\ntcp_diag 16384 0 - Live 0x0\n"),
        );
        assert_eq!(read().lack(&needed), Some("nf_conntrack"));
        write("proc/sys/kernel/osrelease", "6.1.0-invented\n");
        write(
            "usr/lib/modules/6.1.0-invented/modules.builtin",
            "kernel/fs/x.ko\nkernel/net/netfilter/nf-conntrack.ko\n",
        );
        assert_eq!(read().lack(&needed), None);
        assert_eq!(read().lack(&["unix_diag"]), Some("unix_diag"));
        write("proc/sys/kernel/modules_disabled", "1\n");
        assert_eq!(read().lack(&["unix_diag"]), None);
    }

    #[test]
    fn what_a_refusal_means() {
        let check = |family, errno, outcome| {
            assert_eq!(refused_errno(family, errno).outcome, outcome, "{errno}");
        };
        check(Family::Netfilter, Errno::INVAL, Outcome::Absent);
        check(Family::SockDiag, Errno::INVAL, Outcome::Failed);
        check(Family::SockDiag, Errno::NOENT, Outcome::Absent);
        check(Family::Netfilter, Errno::PERM, Outcome::Denied);
        check(Family::Route, Errno::PROTONOSUPPORT, Outcome::Absent);
    }
}
