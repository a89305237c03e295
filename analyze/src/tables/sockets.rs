//! Table `sockets`.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use schema::table::{Address, Hex64};
use schema::tables::Socket;
use schema::{Row, Source, TableDef, Text};

use super::net_dumps::{Dumps, Verdict};
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::sock_diag::{self, Memory};
use crate::parse::{Issue, proc_net_netlink, proc_net_packet, proc_net_tcp, proc_net_unix};

const LISTEN: &str = "LISTEN";

/// Fills `sockets`.
#[derive(Default)]
pub(super) struct Sockets {
    dumps: Dumps,
    /// Inodes of listening sockets by namespace and the file that tells of them too: two witnesses must name the same.
    listening: HashMap<(Option<u64>, &'static str), BTreeSet<u64>>,
}

impl Extract for Sockets {
    const TABLE: TableDef = Socket::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        match file.source {
            Source::NetDump(name) => {
                self.dumps.saw(file);
                self.dump(name, file, facts, sink);
            }
            Source::NetNamespace(name) => match self.dumps.judge(file, facts) {
                Verdict::Alone => text(name, file, facts, sink),
                Verdict::Told => self.compare(name, file, facts, sink),
                Verdict::Waits => {}
            },
            _ => {}
        }
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        for alone in self.dumps.alone(facts) {
            if let Source::NetNamespace(name) = alone.file().source {
                text(name, &alone.file(), facts, sink);
            }
        }
    }
}

impl Sockets {
    fn dump<S: Sink>(&mut self, name: &'static str, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let mut listens = |name, inode| {
            let inodes = self.listening.entry((file.net_namespace, name));
            inodes.or_default().insert(inode);
        };
        match name {
            "unix" => unix_dump(file, facts, &mut listens, sink),
            "packet" => packet_dump(file, facts, sink),
            "netlink" => netlink_dump(file, facts, sink),
            name => {
                let protocol = name.strip_suffix('6').unwrap_or(name);
                inet_dump(protocol, file, facts, &mut listens, sink);
            }
        }
    }

    /// Holds a file against the dump that was taken before it: what listens is not hidden from one of them, nor made up by one,
    /// unless it came or went between the two. A file of several parts is longer than what has a second witness.
    fn compare<S: Sink>(&self, name: &'static str, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let inodes: BTreeSet<u64> = match name {
            "tcp" | "tcp6" => {
                let sockets = proc_net_tcp::parse(file.content, facts.byte_order()).value;
                let listening = sockets.iter().filter(|socket| socket.state == LISTEN);
                listening.map(|socket| socket.inode).collect()
            }
            "unix" => {
                let sockets = proc_net_unix::parse(file.content).value;
                let listening = sockets.iter().filter(|socket| socket.state == LISTEN);
                listening.filter_map(|socket| socket.inode).collect()
            }
            _ => return,
        };
        let none = BTreeSet::new();
        let dumped = self.listening.get(&(facts.net_namespace(file), name));
        let dumped = dumped.unwrap_or(&none);
        let mut tell = |here: &BTreeSet<u64>, there: &BTreeSet<u64>, witness: &str| {
            let mut only = here.difference(there);
            if let Some(first) = only.next() {
                let count = only.count().saturating_add(1);
                let reason = format!(
                    "{count} listening sockets are only in {witness}, such as that of inode {first}"
                );
                sink.issue(file.member, Issue::whole(reason, b""));
            }
        };
        tell(dumped, &inodes, "the netlink dump");
        tell(&inodes, dumped, "the file");
    }
}

fn inet_dump<S: Sink>(
    protocol: &str,
    file: &File<'_>,
    facts: &Facts,
    listening: &mut impl FnMut(&'static str, u64),
    sink: &mut S,
) {
    let is_tcp = protocol == "tcp";
    let parsed = if is_tcp {
        sock_diag::tcp(file.content, facts.byte_order())
    } else {
        sock_diag::inet(file.content, facts.byte_order())
    };
    for socket in parsed.reported(file.member, sink) {
        let inode = u64::from(socket.inode);
        let listens = socket.state == LISTEN;
        if listens {
            listening(if socket.family == "inet" { "tcp" } else { "tcp6" }, inode);
        }
        let ((local, local_port), (remote, remote_port)) = (socket.local, socket.remote);
        let timer = Some(socket.timer).filter(|timer| is_tcp && *timer != "off");
        let drops = socket.memory.and_then(|memory| memory.drops);
        // A listening socket has one too, in which nothing means anything.
        let info = socket.info.filter(|_| is_tcp && !listens);
        sink.row(&Socket {
            local_address: Some(Address(local)),
            local_port: Some(local_port),
            remote_address: Some(Address(remote)),
            remote_port: Some(remote_port),
            state: Text::from(socket.state),
            uid: Some(socket.uid),
            inode,
            recv_queue: Some(socket.recv_queue),
            send_queue: Some(if listens { 0 } else { socket.send_queue }),
            timer: timer.map(Text::from),
            timer_expires: timer.map(|_| u64::from(socket.timer_ms)),
            retransmits: is_tcp.then_some(socket.retransmits),
            drops: drops.filter(|_| !is_tcp).map(u64::from),
            interface_index: Some(socket.interface_index),
            backlog_limit: listens.then_some(socket.send_queue),
            ipv6_only: socket.ipv6_only,
            cookie: Some(Hex64(socket.cookie)),
            mark: socket.mark.filter(|mark| *mark > 0),
            cgroup_id: socket.cgroup_id,
            congestion: socket.congestion.map(Text::from),
            rtt_us: info.map(|info| info.rtt_us),
            rtt_variance_us: info.map(|info| info.rtt_variance_us),
            congestion_window: info.map(|info| info.congestion_window),
            segment_size: info.map(|info| info.segment_size),
            total_retransmits: info.map(|info| info.total_retransmits),
            bytes_acked: info.and_then(|info| info.bytes_acked),
            bytes_received: info.and_then(|info| info.bytes_received),
            last_sent_ms: info.map(|info| info.last_sent_ms),
            last_received_ms: info.map(|info| info.last_received_ms),
            ..with_memory(socket.memory, empty(socket.family, protocol, file, facts))
        });
    }
}

fn unix_dump<S: Sink>(
    file: &File<'_>,
    facts: &Facts,
    listening: &mut impl FnMut(&'static str, u64),
    sink: &mut S,
) {
    let parsed = sock_diag::unix(file.content, facts.byte_order());
    for socket in parsed.reported(file.member, sink) {
        let inode = u64::from(socket.inode);
        let listens = socket.state == LISTEN;
        if listens {
            listening("unix", inode);
        }
        let path = socket.name.map(path_of);
        let path = || path.as_deref().map(Text::from);
        sink.row(&Socket {
            state: Text::from(socket.state),
            uid: socket.uid,
            inode,
            path: path(),
            recv_queue: socket.recv_queue,
            send_queue: if listens { Some(0) } else { socket.send_queue },
            backlog_limit: socket.send_queue.filter(|_| listens),
            peer_inode: socket.peer.map(u64::from),
            cookie: Some(Hex64(socket.cookie)),
            ..with_memory(socket.memory, empty("unix", socket.kind, file, facts))
        });
        // What a connection will be that was not accepted yet: it has no inode.
        for client in &socket.waiting {
            sink.row(&Socket {
                state: Text::from("SYN-SENT"),
                path: path(),
                peer_inode: Some(u64::from(*client)),
                ..empty("unix", socket.kind, file, facts)
            });
        }
    }
}

/// A name as `/proc/PID/net/unix` has it: of an abstract one with `@` for each NUL, of others without the NUL that may end it.
fn path_of(name: &[u8]) -> Cow<'_, [u8]> {
    if name.first() == Some(&0) {
        let at = |byte: &u8| if *byte == 0 { b'@' } else { *byte };
        return Cow::Owned(name.iter().map(at).collect());
    }
    Cow::Borrowed(name.strip_suffix(b"\0").unwrap_or(name))
}

fn packet_dump<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    let parsed = sock_diag::packet(file.content, facts.byte_order());
    for socket in parsed.reported(file.member, sink) {
        sink.row(&Socket {
            uid: socket.uid,
            inode: u64::from(socket.inode),
            recv_queue: socket.memory.map(|memory| memory.received),
            interface_index: socket.interface_index,
            ether_type: Some(socket.ether_type),
            cookie: Some(Hex64(socket.cookie)),
            ..with_memory(socket.memory, empty("packet", socket.kind, file, facts))
        });
    }
}

fn netlink_dump<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    let parsed = sock_diag::netlink(file.content, facts.byte_order());
    for socket in parsed.reported(file.member, sink) {
        let protocol = proc_net_netlink::protocol(u32::from(socket.protocol));
        let memory = socket.memory;
        sink.row(&Socket {
            inode: u64::from(socket.inode),
            recv_queue: memory.map(|memory| memory.received),
            send_queue: memory.map(|memory| memory.sent),
            drops: memory.and_then(|memory| memory.drops).map(u64::from),
            port_id: Some(socket.port_id),
            groups: Some(socket.groups.unwrap_or(0)),
            cookie: Some(Hex64(socket.cookie)),
            ..with_memory(memory, empty("netlink", &protocol, file, facts))
        });
    }
}

fn text<S: Sink>(name: &'static str, file: &File<'_>, facts: &Facts, sink: &mut S) {
    match name {
        "unix" => unix(file, facts, sink),
        "packet" => packet(file, facts, sink),
        "netlink" => netlink(file, facts, sink),
        name => match name.strip_suffix('6') {
            Some(protocol) => inet("inet6", protocol, file, facts, sink),
            None => inet("inet", name, file, facts, sink),
        },
    }
}

fn inet<S: Sink>(
    family: &'static str,
    protocol: &'static str,
    file: &File<'_>,
    facts: &Facts,
    sink: &mut S,
) {
    let is_tcp = protocol == "tcp";
    let parsed = proc_net_tcp::parse(file.content, facts.byte_order());
    for socket in parsed.reported(file.member, sink) {
        let ((local, local_port), (remote, remote_port)) = (socket.local, socket.remote);
        let timer = Some(socket.timer).filter(|timer| is_tcp && *timer != "off");
        sink.row(&Socket {
            local_address: Some(Address(local)),
            local_port: Some(local_port),
            remote_address: Some(Address(remote)),
            remote_port: Some(remote_port),
            state: Text::from(socket.state),
            uid: Some(socket.uid),
            inode: socket.inode,
            recv_queue: Some(socket.recv_queue),
            send_queue: Some(socket.send_queue),
            timer: timer.map(Text::from),
            timer_expires: timer.map(|_| facts.ticks_to_ms(socket.timer_ticks)),
            retransmits: is_tcp.then_some(socket.retransmits),
            drops: socket.drops.filter(|_| !is_tcp),
            ..empty(family, protocol, file, facts)
        });
    }
}

fn unix<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    for socket in proc_net_unix::parse(file.content).reported(file.member, sink) {
        sink.row(&Socket {
            state: Text::from(socket.state),
            inode: socket.inode.unwrap_or(0),
            path: socket.path.map(Text::from),
            ..empty("unix", socket.kind, file, facts)
        });
    }
}

fn packet<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    for socket in proc_net_packet::parse(file.content).reported(file.member, sink) {
        sink.row(&Socket {
            uid: Some(socket.uid),
            inode: socket.inode,
            recv_queue: Some(socket.recv_queue),
            interface_index: Some(socket.interface_index),
            ether_type: Some(socket.ether_type),
            ..empty("packet", socket.kind, file, facts)
        });
    }
}

fn netlink<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    for socket in proc_net_netlink::parse(file.content).reported(file.member, sink) {
        sink.row(&Socket {
            inode: socket.inode.unwrap_or(0),
            recv_queue: Some(socket.recv_queue),
            send_queue: Some(socket.send_queue),
            drops: socket.drops.map(u64::from),
            port_id: Some(socket.port_id),
            groups: Some(socket.groups),
            ..empty("netlink", &socket.protocol, file, facts)
        });
    }
}

/// A socket of which nothing is known but its kind. Those of packet and netlink are never connected.
fn empty<'a>(family: &'static str, protocol: &'a str, file: &File<'_>, facts: &Facts) -> Socket<'a> {
    Socket {
        net_namespace: facts.net_namespace(file),
        family: Text::from(family),
        protocol: Text::from(protocol),
        local_address: None,
        local_port: None,
        remote_address: None,
        remote_port: None,
        state: Text::from("UNCONN"),
        uid: None,
        inode: 0,
        path: None,
        recv_queue: None,
        send_queue: None,
        timer: None,
        timer_expires: None,
        retransmits: None,
        drops: None,
        interface_index: None,
        ether_type: None,
        port_id: None,
        groups: None,
        backlog_limit: None,
        peer_inode: None,
        ipv6_only: None,
        cookie: None,
        mark: None,
        cgroup_id: None,
        recv_memory: None,
        recv_buffer: None,
        send_memory: None,
        send_buffer: None,
        congestion: None,
        rtt_us: None,
        rtt_variance_us: None,
        congestion_window: None,
        segment_size: None,
        total_retransmits: None,
        bytes_acked: None,
        bytes_received: None,
        last_sent_ms: None,
        last_received_ms: None,
    }
}

/// With what its memory is known to be.
fn with_memory(memory: Option<Memory>, socket: Socket<'_>) -> Socket<'_> {
    Socket {
        recv_memory: memory.map(|memory| memory.received),
        recv_buffer: memory.map(|memory| memory.receive_buffer),
        send_memory: memory.map(|memory| memory.sent),
        send_buffer: memory.map(|memory| memory.send_buffer),
        ..socket
    }
}
