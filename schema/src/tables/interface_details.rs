//! Table `interface_details`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Interfaces and their counters (`/proc/PID/net/dev`).
    pub struct InterfaceDetail<'a> in "interface_details" {
        sources: [Source::NetNamespace("dev")],
        key: [net_namespace, interface],
        logical_key: [interface],
        counters: [
            ipackets, opackets, ibytes, obytes, ierrors, oerrors, idrops, odrops, collisions, ififo, ofifo, iframe, ocarrier,
            imulticast, icompressed, ocompressed,
        ],
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
        /// Overruns of the receiver's queue; among `ierrors`.
        ififo: u64,
        /// Underruns of the sender's queue; among `oerrors`.
        ofifo: u64,
        /// Received frames of a wrong length, sum or alignment; among `ierrors`.
        iframe: u64,
        /// Losses of the carrier while sending, and other errors of the line; among `oerrors`.
        ocarrier: u64,
        /// Multicast packets received.
        imulticast: u64,
        /// Compressed packets received.
        icompressed: u64,
        /// Compressed packets sent.
        ocompressed: u64,
    }
}
