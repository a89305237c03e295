//! Asking the kernel over netlink for all of something: which dumps there are, how each is asked for, and which modules of the
//! kernel must be there already, because asking would load them.
//!
//! Requests for dumps change nothing. The answers travel as they are; `analyze` understands them.

use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, recvfrom, send,
    socket_with,
};
use schema::parse::netlink::{
    ByteOrder, DONE, ERROR, HEADER_LENGTH, INTERRUPTED, Message, messages,
};

/// Room for one answer: the kernel fills at most 32 KiB, whatever it is offered.
const ANSWER_SIZE: usize = 64 << 10;
/// `NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH`: all of the table.
const REQUEST_DUMP: u16 = 0x301;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const TCPDIAG_GETSOCK: u16 = 18;
/// Of inet sockets: `tcp_info`, the name of the congestion control, memory, and which directions are shut down.
const EXTENSIONS: u8 = 1 << 1 | 1 << 3 | 1 << 6 | 1 << 7;
const AF_UNSPEC: u8 = 0;
const AF_UNIX: u8 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const AF_NETLINK: u8 = 16;
const AF_PACKET: u8 = 17;
const IPPROTO_UDP: u8 = 17;
const IPPROTO_UDPLITE: u8 = 136;
const IPPROTO_RAW: u8 = 255;

/// Whom a dump is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Interfaces, addresses, routes, rules, neighbours (`rtnetlink(7)`).
    Route,
    /// Sockets (`sock_diag(7)`).
    SockDiag,
    /// Connection tracking (ctnetlink).
    Netfilter,
}

impl Family {
    fn protocol(self) -> Option<Protocol> {
        match self {
            // `NETLINK_ROUTE` is 0, which stands for none there.
            Family::Route => None,
            Family::SockDiag => Some(netlink::SOCK_DIAG),
            Family::Netfilter => Some(netlink::NETFILTER),
        }
    }

    /// Modules without which even a socket would load one.
    pub fn modules(self) -> &'static [&'static str] {
        match self {
            Family::Route | Family::SockDiag => &[],
            Family::Netfilter => &["nfnetlink"],
        }
    }
}

/// What the kernel is asked for all of.
#[derive(Debug, Clone, Copy)]
pub struct Dump {
    /// As [`schema::Source::NetDump`] has it.
    pub name: &'static str,
    /// Whom it is asked of.
    pub family: Family,
    /// `nlmsg_type` of the request.
    kind: u16,
    /// What follows the header of the request.
    payload: Payload,
    /// Modules that answer. Where one is missing, asking would load it.
    pub modules: &'static [&'static str],
}

/// The fixed part of a request.
#[derive(Debug, Clone, Copy)]
enum Payload {
    /// `struct inet_diag_req_v2`.
    Inet { family: u8, protocol: u8 },
    /// `struct inet_diag_req`: the older request, which is for both families at once. The table of TCP belongs to all namespaces, and
    /// each dump walks all of it.
    Tcp,
    /// `struct unix_diag_req`.
    Unix,
    /// `struct packet_diag_req`.
    Packet,
    /// `struct netlink_diag_req`.
    Netlink,
    /// Zeros that mean everything: the length of the message that the answers begin with (`struct rtgenmsg` would do for a kernel
    /// that does not check, which is no longer every one).
    Everything(usize),
    /// `struct ndmsg` for the addresses that the host answers for, which no dump of neighbours has.
    ProxiedNeighbors,
    /// `struct nfgenmsg` for all families.
    Netfilter,
}

const fn inet(
    name: &'static str,
    family: u8,
    protocol: u8,
    modules: &'static [&'static str],
) -> Dump {
    Dump {
        name,
        family: Family::SockDiag,
        kind: SOCK_DIAG_BY_FAMILY,
        payload: Payload::Inet { family, protocol },
        modules,
    }
}

const fn diag(name: &'static str, payload: Payload, modules: &'static [&'static str]) -> Dump {
    Dump {
        name,
        family: Family::SockDiag,
        kind: SOCK_DIAG_BY_FAMILY,
        payload,
        modules,
    }
}

const fn route(name: &'static str, kind: u16, length: usize) -> Dump {
    Dump {
        name,
        family: Family::Route,
        kind,
        payload: Payload::Everything(length),
        modules: &[],
    }
}

const fn netfilter(name: &'static str, kind: u16) -> Dump {
    Dump {
        name,
        family: Family::Netfilter,
        kind,
        payload: Payload::Netfilter,
        modules: &["nf_conntrack", "nf_conntrack_netlink"],
    }
}

const UDP: &[&str] = &["inet_diag", "udp_diag"];
const RAW: &[&str] = &["inet_diag", "raw_diag"];

const DUMPS: &[Dump] = &[
    Dump {
        name: "tcp",
        family: Family::SockDiag,
        kind: TCPDIAG_GETSOCK,
        payload: Payload::Tcp,
        modules: &["inet_diag", "tcp_diag"],
    },
    inet("udp", AF_INET, IPPROTO_UDP, UDP),
    inet("udp6", AF_INET6, IPPROTO_UDP, UDP),
    inet("udplite", AF_INET, IPPROTO_UDPLITE, UDP),
    inet("udplite6", AF_INET6, IPPROTO_UDPLITE, UDP),
    inet("raw", AF_INET, IPPROTO_RAW, RAW),
    inet("raw6", AF_INET6, IPPROTO_RAW, RAW),
    diag("unix", Payload::Unix, &["unix_diag"]),
    diag("packet", Payload::Packet, &["af_packet_diag"]),
    diag("netlink", Payload::Netlink, &["netlink_diag"]),
    // RTM_GETLINK with struct ifinfomsg, RTM_GETADDR with ifaddrmsg, RTM_GETROUTE with rtmsg, RTM_GETNEIGH with ndmsg, RTM_GETRULE
    // with fib_rule_hdr.
    route("links", 18, 16),
    route("addresses", 22, 8),
    route("routes", 26, 12),
    route("neighbors", 30, 12),
    route("rules", 34, 12),
    Dump {
        name: "proxied_neighbors",
        family: Family::Route,
        kind: 30,
        payload: Payload::ProxiedNeighbors,
        modules: &[],
    },
    // IPCTNL_MSG_CT_GET of NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_EXP_GET of NFNL_SUBSYS_CTNETLINK_EXP.
    netfilter("conntrack", (1 << 8) | 1),
    netfilter("expectations", (2 << 8) | 1),
];

impl Dump {
    /// The dump of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        DUMPS.iter().find(|dump| dump.name == name)
    }

    /// The request.
    fn request(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        match self.payload {
            Payload::Tcp => {
                // Family and lengths of prefixes, all of them ignored; an id that is; all states.
                payload.extend([AF_UNSPEC, 0, 0, EXTENSIONS]);
                payload.resize(52, 0);
                payload.extend([0xff; 4]);
                payload.resize(60, 0);
            }
            Payload::Inet { family, protocol } => {
                payload.extend([family, protocol, EXTENSIONS, 0]);
                // All states, and an id that is ignored.
                payload.extend([0xff; 4]);
                payload.resize(56, 0);
            }
            Payload::Unix => {
                /// Name, inode in the file system, peer, connections that wait, queues, memory, user.
                const SHOW: u32 = 0b111_1111;
                payload.extend([AF_UNIX, 0, 0, 0]);
                payload.extend([0xff; 4]);
                payload.extend([0; 4]);
                payload.extend(SHOW.to_ne_bytes());
                payload.extend([0; 8]);
            }
            Payload::Packet => {
                /// Interface and options, multicast list, rings, fan-out, memory; not the filter, which needs privileges.
                const SHOW: u32 = 0b1_1111;
                payload.extend([AF_PACKET, 0, 0, 0]);
                payload.extend([0; 4]);
                payload.extend(SHOW.to_ne_bytes());
                payload.extend([0; 8]);
            }
            Payload::Netlink => {
                /// Memory and groups.
                const SHOW: u32 = 0b11;
                const ALL_PROTOCOLS: u8 = 0xff;
                payload.extend([AF_NETLINK, ALL_PROTOCOLS, 0, 0]);
                payload.extend([0; 4]);
                payload.extend(SHOW.to_ne_bytes());
                payload.extend([0; 8]);
            }
            Payload::Everything(length) => payload.resize(length, 0),
            Payload::ProxiedNeighbors => {
                const NTF_PROXY: u8 = 8;
                payload.extend([0; 10]);
                payload.extend([NTF_PROXY, 0]);
            }
            Payload::Netfilter => payload.extend([AF_UNSPEC, 0, 0, 0]),
        }
        let length = HEADER_LENGTH.saturating_add(payload.len());
        let mut request = Vec::with_capacity(length);
        request.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
        request.extend(self.kind.to_ne_bytes());
        request.extend(REQUEST_DUMP.to_ne_bytes());
        // Sequence number and port, both the kernel's to fill.
        request.extend([0; 8]);
        request.extend(payload);
        request
    }
}

/// How far an answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// There is more to receive.
    More,
    /// That was all.
    Done,
    /// The kernel will not, or could not go on.
    Refused(Errno),
}

/// A socket in one network namespace, through which dumps are asked for one after the other.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl Socket {
    /// Makes a socket in the network namespace that this thread is in. It stays in that one.
    pub fn open(family: Family) -> rustix::io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let protocol = family.protocol();
        socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, protocol).map(Socket)
    }

    /// Asks for a dump.
    pub fn ask(&self, dump: &Dump) -> rustix::io::Result<()> {
        let request = dump.request();
        retry(|| send(&self.0, &request, SendFlags::empty())).map(drop)
    }

    /// Receives more of the answer behind what `buffer` has. `was_interrupted` is set once the kernel says that the table changed
    /// under it.
    pub fn receive(
        &self,
        buffer: &mut Vec<u8>,
        was_interrupted: &mut bool,
    ) -> rustix::io::Result<Answer> {
        let before = buffer.len();
        buffer.reserve(ANSWER_SIZE);
        let room = buffer.capacity().saturating_sub(before);
        let (_, length, from) =
            retry(|| recvfrom(&self.0, spare_capacity(buffer), RecvFlags::TRUNC))?;
        let from = from.and_then(|from| SocketAddrNetlink::try_from(from).ok());
        if from.is_none_or(|from| from.pid() != 0) {
            // Whoever may may send us anything; only the kernel is asked.
            buffer.truncate(before);
            return Ok(Answer::More);
        }
        if length > room {
            return Err(Errno::MSGSIZE);
        }
        let (answer, changed) = read(buffer.get(before..).unwrap_or_default())?;
        *was_interrupted |= changed;
        Ok(answer)
    }
}

/// How far an answer has come with the messages that were received, and whether one of them says that the table changed under it
/// (`NLM_F_DUMP_INTR`).
fn read(received: &[u8]) -> rustix::io::Result<(Answer, bool)> {
    let (mut answer, mut was_interrupted) = (Answer::More, false);
    for message in messages(received, ByteOrder::NATIVE) {
        let message = message.map_err(|_| Errno::BADMSG)?;
        was_interrupted |= message.flags & INTERRUPTED != 0;
        if matches!(message.kind, ERROR | DONE) {
            answer = end_of(&message);
        }
    }
    Ok((answer, was_interrupted))
}

/// What a closing message says, by the error number that it begins with.
fn end_of(message: &Message<'_>) -> Answer {
    let code = message.payload.first_chunk();
    let code = code.map_or(0, |code| i32::from_ne_bytes(*code));
    match code.checked_neg() {
        Some(errno @ 1..) => Answer::Refused(Errno::from_raw_os_error(errno)),
        _ => Answer::Done,
    }
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_dump_can_be_asked_for() {
        let mut declared = 0;
        for source in schema::tables::sources() {
            if let schema::Source::NetDump(name) = source {
                assert!(Dump::find(name).is_some(), "{name}");
                declared += 1;
            }
        }
        assert_eq!(declared, DUMPS.len());
    }

    #[test]
    fn requests_have_the_length_that_they_say() {
        for dump in DUMPS {
            let request = dump.request();
            let all: Vec<_> = messages(&request, ByteOrder::NATIVE).collect();
            assert_eq!(all.len(), 1, "{}", dump.name);
            let message = all[0].unwrap();
            assert_eq!(
                (message.kind, message.flags),
                (dump.kind, REQUEST_DUMP),
                "{}",
                dump.name
            );
        }
    }

    #[test]
    fn the_loopback_is_among_the_links() {
        let socket = Socket::open(Family::Route).unwrap();
        socket.ask(Dump::find("links").unwrap()).unwrap();
        let (mut bytes, mut interrupted) = (Vec::new(), false);
        while socket.receive(&mut bytes, &mut interrupted).unwrap() == Answer::More {}
        assert!(bytes.windows(3).any(|name| name == b"lo\0"));
        let last = messages(&bytes, ByteOrder::NATIVE).last().unwrap();
        assert_eq!(last.unwrap().kind, DONE);
        // The socket is free for the next one.
        bytes.clear();
        socket.ask(Dump::find("rules").unwrap()).unwrap();
        while socket.receive(&mut bytes, &mut interrupted).unwrap() == Answer::More {}
        assert!(!bytes.is_empty());
    }

    /// The kernel marks each message behind the change, the last one too.
    #[test]
    fn a_table_that_changed_meanwhile() {
        let message = |kind: u16, flags: u16| {
            let mut bytes = 20_u32.to_ne_bytes().to_vec();
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(flags.to_ne_bytes());
            bytes.resize(20, 0);
            bytes
        };
        let whole = [message(20, 2), message(20, 2)].concat();
        assert_eq!(read(&whole), Ok((Answer::More, false)));
        let changed = [message(20, 2), message(20, 2 | INTERRUPTED)].concat();
        assert_eq!(read(&changed), Ok((Answer::More, true)));
        assert_eq!(
            read(&message(DONE, 2 | INTERRUPTED)),
            Ok((Answer::Done, true))
        );
        assert_eq!(read(&[&whole[..], &[1]].concat()), Err(Errno::BADMSG));
    }

    #[test]
    fn what_ends_an_answer_may_be_an_error() {
        let message = |code: i32| {
            let payload = code.to_ne_bytes();
            end_of(&Message {
                kind: DONE,
                flags: 0,
                payload: &payload,
            })
        };
        assert_eq!(message(0), Answer::Done);
        assert_eq!(message(-1), Answer::Refused(Errno::PERM));
        // The number of what was dumped, in some kernels.
        assert_eq!(message(7), Answer::Done);
        let none = Message {
            kind: DONE,
            flags: 0,
            payload: &[],
        };
        assert_eq!(end_of(&none), Answer::Done);
    }
}
