//! Table `interface_details`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Interfaces and their counters (`/proc/PID/net/dev`).
    pub struct InterfaceDetail<'a> in "interface_details" {
        sources: [Source::NetNamespace("dev")],
        key: [net_namespace, interface],
        logical_key: [interface],
        counters: [ipackets, opackets, ibytes, obytes, ierrors, oerrors, idrops, odrops, collisions],
        volatile: [net_namespace],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// Interface.
        interface: Text<'a>,
        /// Packets received.
        ipackets: u64,
        /// Packets sent.
        opackets: u64,
        /// Bytes received.
        ibytes: u64,
        /// Bytes sent.
        obytes: u64,
        /// Errors while receiving.
        ierrors: u64,
        /// Errors while sending.
        oerrors: u64,
        /// Received packets dropped.
        idrops: u64,
        /// Packets to send dropped.
        odrops: u64,
        /// Collisions.
        collisions: u64,
    }
}
