//! Table `neighbors`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Neighbour cache of IPv4 of every network namespace (`/proc/PID/net/arp`).
    pub struct Neighbor<'a> in "neighbors" {
        sources: [Source::NetNamespace("arp")],
        key: [net_namespace, interface, address],
        logical_key: [interface, address],
        volatile: [net_namespace],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet`.
        family: Text<'a>,
        /// Protocol address.
        address: crate::table::Address,
        /// Hardware address; the file cuts those longer than a page line, such as InfiniBand's.
        mac: Text<'a>,
        /// Interface.
        interface: Text<'a>,
        /// Hardware type (ARPHRD), 1 for Ethernet.
        hardware_type: u32,
        /// Flags: 2 complete, 4 permanent, 8 published.
        flags: u32,
    }
}
