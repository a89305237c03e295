//! Answers of `sock_diag`: `struct inet_diag_msg`, `unix_diag_msg`, `packet_diag_msg` and `netlink_diag_msg`, each with attributes.

use std::net::IpAddr;

use super::Parsed;
use super::netlink::{ByteOrder, Fields, each_message, family_name, u8_of, u32_of};

/// `SOCK_DIAG_BY_FAMILY`.
const SOCKET: u16 = 20;
/// `TCPDIAG_GETSOCK`, of the older request.
const TCP_SOCKET: u16 = 18;
/// `TCP_LISTEN`, of unix sockets too.
const LISTEN: u8 = 10;

/// The state as `ss` writes it, from the numbers of TCP, which all kinds of sockets share.
fn state(number: u8) -> &'static str {
    match number {
        1 => "ESTAB",
        2 => "SYN-SENT",
        3 | 12 => "SYN-RECV",
        4 => "FIN-WAIT-1",
        5 => "FIN-WAIT-2",
        6 => "TIME-WAIT",
        8 => "CLOSE-WAIT",
        9 => "LAST-ACK",
        LISTEN => "LISTEN",
        11 => "CLOSING",
        _ => "UNCONN",
    }
}

/// Memory of a socket, bytes (`SK_MEMINFO_*`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) received: u32,
    pub(crate) receive_buffer: u32,
    pub(crate) sent: u32,
    pub(crate) send_buffer: u32,
    /// Packets that found no room; not of all kernels.
    pub(crate) drops: Option<u32>,
}

impl Memory {
    fn read(value: &[u8], order: ByteOrder) -> Option<Self> {
        let mut fields = Fields::of(value, order);
        Some(Memory {
            received: fields.u32()?,
            receive_buffer: fields.u32()?,
            sent: fields.u32()?,
            send_buffer: fields.u32()?,
            drops: {
                fields.array::<16>();
                fields.u32()
            },
        })
    }
}

/// What TCP knows of a connection, as far as the kernel tells (`struct tcp_info`, which grows at its end).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TcpInfo {
    pub(crate) segment_size: u32,
    pub(crate) last_sent_ms: u32,
    pub(crate) last_received_ms: u32,
    pub(crate) rtt_us: u32,
    pub(crate) rtt_variance_us: u32,
    pub(crate) congestion_window: u32,
    pub(crate) total_retransmits: u32,
    pub(crate) bytes_acked: Option<u64>,
    pub(crate) bytes_received: Option<u64>,
}

impl TcpInfo {
    fn read(value: &[u8], order: ByteOrder) -> Option<Self> {
        let mut fields = Fields::of(value, order);
        // State, congestion state, retransmits, probes, back-off, options, window scales; then rto, ato.
        fields.array::<16>()?;
        let segment_size = fields.u32()?;
        // rcv_mss, unacked, sacked, lost, retrans, fackets.
        fields.array::<24>()?;
        let last_sent_ms = fields.u32()?;
        fields.u32()?;
        let last_received_ms = fields.u32()?;
        // last_ack_recv, pmtu, rcv_ssthresh.
        fields.array::<12>()?;
        let (rtt_us, rtt_variance_us) = (fields.u32()?, fields.u32()?);
        // snd_ssthresh.
        fields.u32()?;
        let congestion_window = fields.u32()?;
        // advmss, reordering, rcv_rtt, rcv_space.
        fields.array::<16>()?;
        let total_retransmits = fields.u32()?;
        // pacing_rate, max_pacing_rate.
        fields.array::<16>();
        Some(TcpInfo {
            segment_size,
            last_sent_ms,
            last_received_ms,
            rtt_us,
            rtt_variance_us,
            congestion_window,
            total_retransmits,
            bytes_acked: fields.u64(),
            bytes_received: fields.u64(),
        })
    }
}

/// A TCP, UDP or raw socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inet<'a> {
    /// `inet` or `inet6`.
    pub(crate) family: &'static str,
    pub(crate) state: &'static str,
    pub(crate) local: (IpAddr, u16),
    pub(crate) remote: (IpAddr, u16),
    pub(crate) interface_index: u32,
    pub(crate) cookie: u64,
    /// What it waits for, as the socket tables of `/proc` have it.
    pub(crate) timer: &'static str,
    pub(crate) timer_ms: u32,
    pub(crate) retransmits: u32,
    pub(crate) recv_queue: u32,
    /// Of a listening socket the connections that may wait.
    pub(crate) send_queue: u32,
    pub(crate) uid: u32,
    pub(crate) inode: u32,
    pub(crate) ipv6_only: Option<bool>,
    pub(crate) mark: Option<u32>,
    pub(crate) cgroup_id: Option<u64>,
    pub(crate) memory: Option<Memory>,
    pub(crate) info: Option<TcpInfo>,
    pub(crate) congestion: Option<&'a [u8]>,
}

/// Reads a dump of TCP sockets of both families.
pub(crate) fn tcp(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Inet<'_>>> {
    each_message(
        bytes,
        order,
        TCP_SOCKET,
        "expected a TCP socket",
        inet_socket,
    )
}

/// Reads a dump of UDP or raw sockets.
pub(crate) fn inet(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Inet<'_>>> {
    each_message(bytes, order, SOCKET, "expected an inet socket", inet_socket)
}

fn inet_socket(mut fields: Fields<'_>) -> Option<Inet<'_>> {
    let order = fields.order();
    let [family, number, timer, retransmits] = fields.array()?;
    let (local_port, remote_port) = (fields.port()?, fields.port()?);
    let local = (fields.wide_address(family)?, local_port);
    let remote = (fields.wide_address(family)?, remote_port);
    let interface_index = fields.u32()?;
    let cookie = cookie(&mut fields)?;
    let timer_ms = fields.u32()?;
    let (recv_queue, send_queue) = (fields.u32()?, fields.u32()?);
    let (uid, inode) = (fields.u32()?, fields.u32()?);
    let mut socket = Inet {
        family: family_name(family)?,
        state: state(number),
        local,
        remote,
        interface_index,
        cookie,
        timer: match timer {
            1 => "on",
            2 => "keepalive",
            3 => "timewait",
            4 => "persist",
            _ => "off",
        },
        timer_ms,
        retransmits: u32::from(retransmits),
        recv_queue,
        send_queue,
        uid,
        inode,
        ipv6_only: None,
        mark: None,
        cgroup_id: None,
        memory: None,
        info: None,
        congestion: None,
    };
    for (kind, value) in fields.attributes() {
        match kind {
            // INET_DIAG_INFO; a kind of socket without one has an empty one.
            2 => socket.info = TcpInfo::read(value, order),
            // INET_DIAG_CONG.
            4 => socket.congestion = Some(super::netlink::text_of(value)),
            // INET_DIAG_SKMEMINFO.
            7 => socket.memory = Memory::read(value, order),
            // INET_DIAG_SKV6ONLY.
            11 => socket.ipv6_only = u8_of(value).map(|only| only != 0),
            // INET_DIAG_MARK.
            15 => socket.mark = u32_of(value, order),
            // INET_DIAG_CGROUP_ID.
            21 => socket.cgroup_id = Fields::of(value, order).u64(),
            _ => {}
        }
    }
    Some(socket)
}

/// Two words, the lower one first.
fn cookie(fields: &mut Fields<'_>) -> Option<u64> {
    let (low, high) = (fields.u32()?, fields.u32()?);
    Some(u64::from(high) << 32 | u64::from(low))
}

/// A unix socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unix<'a> {
    /// `stream`, `dgram` or `seqpacket`.
    pub(crate) kind: &'static str,
    pub(crate) state: &'static str,
    pub(crate) inode: u32,
    pub(crate) cookie: u64,
    /// As it was bound: an abstract name begins with NUL.
    pub(crate) name: Option<&'a [u8]>,
    /// Inode of the other end.
    pub(crate) peer: Option<u32>,
    /// Inodes of those that wait to be accepted.
    pub(crate) waiting: Vec<u32>,
    pub(crate) recv_queue: Option<u32>,
    /// Of a listening socket the connections that may wait.
    pub(crate) send_queue: Option<u32>,
    pub(crate) memory: Option<Memory>,
    pub(crate) uid: Option<u32>,
}

/// Reads a dump of unix sockets.
pub(crate) fn unix(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Unix<'_>>> {
    each_message(bytes, order, SOCKET, "expected a unix socket", unix_socket)
}

fn unix_socket(mut fields: Fields<'_>) -> Option<Unix<'_>> {
    let order = fields.order();
    let [family, kind, number, _] = fields.array()?;
    let mut socket = Unix {
        kind: match (family, kind) {
            (1, 1) => "stream",
            (1, 2) => "dgram",
            (1, 5) => "seqpacket",
            _ => return None,
        },
        state: state(number),
        inode: fields.u32()?,
        cookie: cookie(&mut fields)?,
        ..Unix::default()
    };
    for (kind, value) in fields.attributes() {
        match kind {
            // UNIX_DIAG_NAME.
            0 => socket.name = Some(value).filter(|name| !name.is_empty()),
            // UNIX_DIAG_PEER; 0 for one that nobody holds.
            2 => socket.peer = u32_of(value, order).filter(|peer| *peer > 0),
            // UNIX_DIAG_ICONS.
            3 => {
                let mut inodes = Fields::of(value, order);
                while let Some(inode) = inodes.u32() {
                    socket.waiting.push(inode);
                }
            }
            // UNIX_DIAG_RQLEN.
            4 => {
                let mut queues = Fields::of(value, order);
                socket.recv_queue = queues.u32();
                socket.send_queue = queues.u32();
            }
            // UNIX_DIAG_MEMINFO.
            5 => socket.memory = Memory::read(value, order),
            // UNIX_DIAG_UID.
            7 => socket.uid = u32_of(value, order),
            _ => {}
        }
    }
    Some(socket)
}

/// A packet socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet {
    /// `raw` or `dgram`.
    pub(crate) kind: &'static str,
    pub(crate) ether_type: u16,
    pub(crate) inode: u32,
    pub(crate) cookie: u64,
    pub(crate) interface_index: Option<u32>,
    pub(crate) uid: Option<u32>,
    pub(crate) memory: Option<Memory>,
}

/// Reads a dump of packet sockets.
pub(crate) fn packet(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Packet>> {
    each_message(
        bytes,
        order,
        SOCKET,
        "expected a packet socket",
        |mut fields| {
            let [family, kind] = fields.array()?;
            let mut socket = Packet {
                kind: match (family, kind) {
                    (17, 3) => "raw",
                    (17, 2) => "dgram",
                    // SOCK_PACKET, which is as old as Linux.
                    (17, 10) => "packet",
                    _ => return None,
                },
                ether_type: fields.u16()?,
                inode: fields.u32()?,
                cookie: cookie(&mut fields)?,
                interface_index: None,
                uid: None,
                memory: None,
            };
            for (kind, value) in fields.attributes() {
                match kind {
                    // PACKET_DIAG_INFO begins with the interface.
                    0 => socket.interface_index = u32_of(value, order),
                    // PACKET_DIAG_UID.
                    5 => socket.uid = u32_of(value, order),
                    // PACKET_DIAG_MEMINFO.
                    6 => socket.memory = Memory::read(value, order),
                    _ => {}
                }
            }
            Some(socket)
        },
    )
}

/// A netlink socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Netlink {
    pub(crate) protocol: u8,
    pub(crate) is_connected: bool,
    pub(crate) port_id: u32,
    pub(crate) inode: u32,
    pub(crate) cookie: u64,
    /// The first 32.
    pub(crate) groups: Option<u32>,
    pub(crate) memory: Option<Memory>,
}

/// Reads a dump of netlink sockets.
pub(crate) fn netlink(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Netlink>> {
    each_message(
        bytes,
        order,
        SOCKET,
        "expected a netlink socket",
        |mut fields| {
            let [16, _, protocol, number] = fields.array()? else {
                return None;
            };
            let port_id = fields.u32()?;
            // Port and group that it is connected to.
            fields.array::<8>()?;
            let mut socket = Netlink {
                protocol,
                is_connected: number == 1,
                port_id,
                inode: fields.u32()?,
                cookie: cookie(&mut fields)?,
                groups: None,
                memory: None,
            };
            for (kind, value) in fields.attributes() {
                match kind {
                    // NETLINK_DIAG_MEMINFO.
                    0 => socket.memory = Memory::read(value, order),
                    // NETLINK_DIAG_GROUPS: a bitmap, long in words of eight bytes.
                    1 => socket.groups = first_word(value, order),
                    _ => {}
                }
            }
            Some(socket)
        },
    )
}

/// The lower half of the first word of a bitmap.
fn first_word(value: &[u8], order: ByteOrder) -> Option<u32> {
    let mut fields = Fields::of(value, order);
    match fields.u64() {
        Some(word) => u32::try_from(word & u64::from(u32::MAX)).ok(),
        // Of a machine with words of four bytes.
        None => u32_of(value, order),
    }
}

#[cfg(test)]
mod tests {
    use super::super::netlink::fixture::{attribute, message, torture};
    use super::*;

    fn u32s(values: &[u32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    fn connection() -> Vec<u8> {
        let mut payload = vec![2, 1, 1, 3];
        payload.extend([0x1f, 0x90, 0xc0, 0x00]);
        payload.extend([192, 0, 2, 1]);
        payload.extend([0; 12]);
        payload.extend([198, 51, 100, 2]);
        payload.extend([0; 12]);
        payload.extend(u32s(&[2, 0x1234, 1, 250, 5, 7, 33, 4711]));
        let mut info = vec![0; 240];
        for (at, value) in [
            (16, 1448),
            (44, 9),
            (52, 8),
            (68, 15_000),
            (72, 7500),
            (80, 10),
            (100, 3),
        ] {
            info[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
        }
        info[120..128].copy_from_slice(&5_000_000_000_u64.to_le_bytes());
        info[128..136].copy_from_slice(&77_u64.to_le_bytes());
        payload.extend(attribute(2, &info));
        payload.extend(attribute(4, b"cubic\0"));
        payload.extend(attribute(7, &u32s(&[1, 131_072, 2, 16_384, 0, 0, 0, 0, 6])));
        payload.extend(attribute(21, &99_u64.to_le_bytes()));
        message(TCP_SOCKET, &payload)
    }

    #[test]
    fn connections() {
        let dump = connection();
        let parsed = tcp(&dump, ByteOrder::Little);
        assert_eq!(parsed.issues, []);
        let [socket] = parsed.value.try_into().unwrap();
        let shown = |(address, port)| std::net::SocketAddr::new(address, port).to_string();
        assert_eq!(shown(socket.local), "192.0.2.1:8080");
        assert_eq!(shown(socket.remote), "198.51.100.2:49152");
        assert_eq!(
            (socket.state, socket.timer, socket.timer_ms),
            ("ESTAB", "on", 250)
        );
        assert_eq!((socket.recv_queue, socket.send_queue), (5, 7));
        assert_eq!(
            (socket.uid, socket.inode, socket.retransmits),
            (33, 4711, 3)
        );
        assert_eq!(socket.cookie, 0x1_0000_1234);
        assert_eq!(
            (socket.congestion, socket.cgroup_id),
            (Some(&b"cubic"[..]), Some(99))
        );
        assert_eq!(socket.memory.unwrap().drops, Some(6));
        assert_eq!(
            socket.info,
            Some(TcpInfo {
                segment_size: 1448,
                last_sent_ms: 9,
                last_received_ms: 8,
                rtt_us: 15_000,
                rtt_variance_us: 7500,
                congestion_window: 10,
                total_retransmits: 3,
                bytes_acked: Some(5_000_000_000),
                bytes_received: Some(77),
            })
        );
        torture(&dump, |bytes, order| tcp(bytes, order).value.len());
    }

    #[test]
    fn both_ends_of_a_unix_socket() {
        let payload = [
            &[1, 1, 10, 0][..],
            &u32s(&[50, 7, 0]),
            &attribute(0, b"\0name"),
            &attribute(3, &u32s(&[61, 62])),
            &attribute(4, &u32s(&[2, 128])),
            &attribute(7, &u32s(&[1000])),
        ];
        let connected = [
            &[1, 5, 1, 0][..],
            &u32s(&[51, 8, 0]),
            &attribute(2, &u32s(&[52])),
        ];
        let dump = [
            message(SOCKET, &payload.concat()),
            message(SOCKET, &connected.concat()),
        ];
        let dump = dump.concat();
        let parsed = unix(&dump, ByteOrder::Little);
        assert_eq!(parsed.issues, []);
        assert_eq!(
            parsed.value,
            [
                Unix {
                    kind: "stream",
                    state: "LISTEN",
                    inode: 50,
                    cookie: 7,
                    name: Some(b"\0name"),
                    waiting: vec![61, 62],
                    recv_queue: Some(2),
                    send_queue: Some(128),
                    uid: Some(1000),
                    ..Unix::default()
                },
                Unix {
                    kind: "seqpacket",
                    state: "ESTAB",
                    inode: 51,
                    cookie: 8,
                    peer: Some(52),
                    ..Unix::default()
                },
            ]
        );
        torture(&dump, |bytes, order| unix(bytes, order).value.len());
    }

    #[test]
    fn packet_and_netlink() {
        let payload = [
            &[17, 3, 3, 0][..],
            &u32s(&[70, 1, 0]),
            &attribute(0, &u32s(&[4, 2])),
            &attribute(5, &u32s(&[0])),
        ];
        let dump = message(SOCKET, &payload.concat());
        let parsed = packet(&dump, ByteOrder::Little).value;
        assert_eq!(
            (
                parsed[0].kind,
                parsed[0].ether_type,
                parsed[0].interface_index
            ),
            ("raw", 3, Some(4))
        );
        torture(&dump, |bytes, order| packet(bytes, order).value.len());
        let payload = [
            &[16, 3, 0, 0][..],
            &u32s(&[1234, 0, 0, 80, 1, 0]),
            &attribute(1, &u32s(&[0x11, 1])),
        ];
        let dump = message(SOCKET, &payload.concat());
        let parsed = netlink(&dump, ByteOrder::Little).value;
        assert_eq!(
            (parsed[0].port_id, parsed[0].inode, parsed[0].groups),
            (1234, 80, Some(0x11))
        );
        torture(&dump, |bytes, order| netlink(bytes, order).value.len());
    }

    #[test]
    fn of_another_byte_order() {
        let big = |value: u32| value.to_be_bytes();
        let mut payload = vec![10, 10, 0, 0, 0, 22, 0, 0];
        payload.extend([0; 32]);
        for value in [0, 1, 0, 0, 0, 128, 0, 9] {
            payload.extend(big(value));
        }
        payload.extend([0, 5, 0, 11, 1, 0, 0, 0]);
        let mut dump = big(16 + 80).to_vec();
        dump.extend([0, 20, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
        dump.extend(payload);
        let parsed = inet(&dump, ByteOrder::Big);
        assert_eq!(parsed.issues, []);
        let [socket] = parsed.value.try_into().unwrap();
        assert_eq!(
            (socket.family, socket.state, socket.local.1),
            ("inet6", "LISTEN", 22)
        );
        assert_eq!(
            (socket.send_queue, socket.inode, socket.ipv6_only),
            (128, 9, Some(true))
        );
    }
}
