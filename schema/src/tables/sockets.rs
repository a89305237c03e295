//! Table `sockets`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Sockets of every network namespace, whether or not a process holds them: from the dumps of `sock_diag`, and where there is
    /// none from `/proc/PID/net/{tcp,udp,udplite,icmp,raw}`, those with a `6`, `unix`, `packet` and `netlink`. What only the
    /// dumps tell says so by being NULL without them. Those of netlink are never told as a difference.
    pub struct Socket<'a> in "sockets" {
        sources: [
            Source::NetDump("tcp"), Source::NetDump("udp"), Source::NetDump("udp6"),
            Source::NetDump("udplite"), Source::NetDump("udplite6"), Source::NetDump("raw"), Source::NetDump("raw6"),
            Source::NetDump("unix"), Source::NetDump("packet"), Source::NetDump("netlink"),
            Source::NetNamespace("tcp"), Source::NetNamespace("tcp6"), Source::NetNamespace("udp"),
            Source::NetNamespace("udp6"), Source::NetNamespace("udplite"), Source::NetNamespace("udplite6"),
            Source::NetNamespace("icmp"), Source::NetNamespace("icmp6"), Source::NetNamespace("raw"),
            Source::NetNamespace("raw6"), Source::NetNamespace("unix"), Source::NetNamespace("packet"),
            Source::NetNamespace("netlink"),
        ],
        key: [net_namespace, family, protocol, local_address, local_port, remote_address, remote_port, inode, path, port_id],
        logical_key: [family, protocol, local_address, local_port, remote_address, remote_port, state, path, ether_type],
        counters: [drops, total_retransmits, bytes_acked, bytes_received],
        volatile: [
            inode, recv_queue, send_queue, uid, net_namespace, timer, timer_expires, retransmits, interface_index, port_id, groups,
            peer_inode, cookie, cgroup_id, mark, recv_memory, recv_buffer, send_memory, send_buffer, rtt_us, rtt_variance_us,
            congestion_window, segment_size, last_sent_ms, last_received_ms,
        ],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet`, `inet6`, `unix`, `packet` or `netlink`.
        family: Text<'a>,
        /// `tcp`, `udp`, `udplite`, `icmp` (sockets that ping without being raw) or `raw`; for unix `stream`, `dgram` or
        /// `seqpacket`; for packet `raw` or `dgram`; for netlink the name as `ss` has it (`rtnl`, `uevent`, `genl`, ...), or a
        /// number.
        protocol: Text<'a>,
        /// Local address; an IPv4 address of an IPv6 socket is written `::ffff:192.0.2.1`. NULL for other families.
        local_address: Option<crate::table::Address>,
        /// Local port; for raw the number of the protocol, for icmp the identifier. NULL for other families.
        local_port: Option<u16>,
        /// Remote address, written as the local one. NULL for other families.
        remote_address: Option<crate::table::Address>,
        /// Remote port, 0 when not connected. NULL for other families.
        remote_port: Option<u16>,
        /// State as `ss` writes it: `LISTEN`, `ESTAB`, `TIME-WAIT`, `UNCONN`, ... A unix connection that its listener has not
        /// accepted yet is `SYN-SENT`, with inode 0.
        state: Text<'a>,
        /// Owner; NULL for netlink, and for unix without a dump.
        uid: Option<u32>,
        /// Inode; 0 for a socket that no process holds any more (such as TIME-WAIT), and where the kernel does not tell.
        inode: u64,
        /// Path or abstract name (`@name`) of a unix socket; NULL for others and for unnamed ones.
        path: Option<Text<'a>>,
        /// Bytes received and not read, or connections waiting for accept when listening; NULL for unix without a dump.
        recv_queue: Option<u32>,
        /// Bytes sent and not acknowledged, 0 when listening; NULL for packet, and for unix without a dump.
        send_queue: Option<u32>,
        /// What a TCP socket waits for: `on` (an acknowledgement), `keepalive`, `timewait`, `persist` (the peer's window to open);
        /// NULL when for nothing, and for other protocols.
        timer: Option<Text<'a>>,
        /// Milliseconds until that timer ends; NULL without one.
        timer_expires: Option<u64>,
        /// How often the oldest unacknowledged data of a TCP socket was sent again; NULL for other protocols.
        retransmits: Option<u32>,
        /// Packets that were dropped because the socket's queue was full; NULL for tcp, unix and packet.
        drops: Option<u64>,
        /// Number of the interface that a packet, TCP, UDP or raw socket is bound to, 0 for all; NULL for other families, and for
        /// those three without a dump.
        interface_index: Option<u32>,
        /// Ethernet protocol of a packet socket, 3 for all; NULL for other families.
        ether_type: Option<u16>,
        /// Port id of a netlink socket, 0 for the kernel's own, often the pid of who made it; NULL for other families.
        port_id: Option<u32>,
        /// Multicast groups that a netlink socket listens to, a bit for each of the first 32; NULL for other families.
        groups: Option<u32>,
        /// Connections that may wait for accept; NULL when not listening.
        backlog_limit: Option<u32>,
        /// Inode of the socket at the other end of a unix socket; NULL where there is none.
        peer_inode: Option<u64>,
        /// 1 when an IPv6 socket takes no IPv4 connections (`IPV6_V6ONLY`); NULL for others, and for those that are connected.
        ipv6_only: Option<bool>,
        /// What identifies the socket as long as the system is up.
        cookie: Option<crate::table::Hex64>,
        /// Mark that its packets get (`SO_MARK`); NULL where that is 0, and where the dump was not allowed to tell.
        mark: Option<u32>,
        /// Number of the control group that it was made in: the inode of its directory in the unified hierarchy. NULL without one.
        cgroup_id: Option<u64>,
        /// Bytes of kernel memory that what was received and not read takes.
        recv_memory: Option<u32>,
        /// Most that it may take (`SO_RCVBUF`).
        recv_buffer: Option<u32>,
        /// Bytes of kernel memory that what was sent and has not left takes.
        send_memory: Option<u32>,
        /// Most that it may take (`SO_SNDBUF`).
        send_buffer: Option<u32>,
        /// Congestion control of a TCP socket, such as `cubic`.
        congestion: Option<Text<'a>>,
        /// Smoothed round trip time of a TCP connection, microseconds (`tcp_info`, as all that follow).
        rtt_us: Option<u32>,
        /// Mean deviation of the round trip time, microseconds.
        rtt_variance_us: Option<u32>,
        /// Segments that may be under way.
        congestion_window: Option<u32>,
        /// Most bytes of a segment that it sends.
        segment_size: Option<u32>,
        /// Segments that were sent again since the connection was made.
        total_retransmits: Option<u32>,
        /// Bytes sent that the peer has acknowledged.
        bytes_acked: Option<u64>,
        /// Bytes received.
        bytes_received: Option<u64>,
        /// Milliseconds since data was sent last; since the beginning where none was.
        last_sent_ms: Option<u32>,
        /// Milliseconds since data was received last; since the beginning where none was.
        last_received_ms: Option<u32>,
    }
}
