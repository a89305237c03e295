//! Table `sockets`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Sockets of every network namespace (`/proc/PID/net/{tcp,udp,udplite,icmp,raw}`, those with a `6`, `unix`, `packet` and
    /// `netlink`), whether or not a process holds them. Those of netlink are never told as a difference.
    pub struct Socket<'a> in "sockets" {
        sources: [
            Source::NetNamespace("tcp"), Source::NetNamespace("tcp6"), Source::NetNamespace("udp"),
            Source::NetNamespace("udp6"), Source::NetNamespace("udplite"), Source::NetNamespace("udplite6"),
            Source::NetNamespace("icmp"), Source::NetNamespace("icmp6"), Source::NetNamespace("raw"),
            Source::NetNamespace("raw6"), Source::NetNamespace("unix"), Source::NetNamespace("packet"),
            Source::NetNamespace("netlink"),
        ],
        key: [net_namespace, family, protocol, local_address, local_port, remote_address, remote_port, inode, path, port_id],
        logical_key: [family, protocol, local_address, local_port, remote_address, remote_port, state, path, ether_type],
        counters: [drops],
        volatile: [
            inode, recv_queue, send_queue, uid, net_namespace, timer, timer_expires, retransmits, interface_index, port_id, groups,
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
        /// Owner; NULL for unix and netlink.
        uid: Option<u32>,
        /// Inode; 0 for a socket that no process holds any more (such as TIME-WAIT), and where the kernel does not tell.
        inode: u64,
        /// Path or abstract name (`@name`) of a unix socket; NULL for others and for unnamed ones.
        path: Option<Text<'a>>,
        /// Bytes received and not read, or connections waiting for accept when listening; NULL for unix.
        recv_queue: Option<u32>,
        /// Bytes sent and not acknowledged; NULL for unix and packet.
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
        /// Number of the interface that a packet socket is bound to, 0 for all; NULL for other families.
        interface_index: Option<u32>,
        /// Ethernet protocol of a packet socket, 3 for all; NULL for other families.
        ether_type: Option<u16>,
        /// Port id of a netlink socket, 0 for the kernel's own, often the pid of who made it; NULL for other families.
        port_id: Option<u32>,
        /// Multicast groups that a netlink socket listens to, a bit for each of the first 32; NULL for other families.
        groups: Option<u32>,
    }
}
