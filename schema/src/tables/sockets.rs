//! Table `sockets`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Sockets of every network namespace (`/proc/PID/net/{tcp,tcp6,udp,udp6,unix}`), whether or not a process holds them.
    pub struct Socket<'a> in "sockets" {
        sources: [
            Source::NetNamespace("tcp"), Source::NetNamespace("tcp6"), Source::NetNamespace("udp"),
            Source::NetNamespace("udp6"), Source::NetNamespace("unix"),
        ],
        key: [net_namespace, family, protocol, local_address, local_port, remote_address, remote_port, inode, path],
        logical_key: [family, protocol, local_address, local_port, remote_address, remote_port, state, path],
        volatile: [inode, recv_queue, send_queue, uid, net_namespace],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet`, `inet6` or `unix`.
        family: Text<'a>,
        /// `tcp` or `udp`; for unix `stream`, `dgram` or `seqpacket`.
        protocol: Text<'a>,
        /// Local address; NULL for unix.
        local_address: Option<crate::table::Address>,
        /// Local port; NULL for unix.
        local_port: Option<u16>,
        /// Remote address; NULL for unix.
        remote_address: Option<crate::table::Address>,
        /// Remote port, 0 when not connected; NULL for unix.
        remote_port: Option<u16>,
        /// State as `ss` writes it: `LISTEN`, `ESTAB`, `TIME-WAIT`, `UNCONN`, ...
        state: Text<'a>,
        /// Owner; NULL for unix.
        uid: Option<u32>,
        /// Inode; 0 for a socket that no process holds any more (such as TIME-WAIT).
        inode: u64,
        /// Path or abstract name (`@name`) of a unix socket; NULL for others and for unnamed ones.
        path: Option<Text<'a>>,
        /// Bytes received and not read, or connections waiting for accept when listening; NULL for unix.
        recv_queue: Option<u32>,
        /// Bytes sent and not acknowledged; NULL for unix.
        send_queue: Option<u32>,
    }
}
