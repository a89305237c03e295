//! Table `neighbors`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Neighbour caches of every network namespace: from the dump of rtnetlink for IPv4 and IPv6, and where there is none from
    /// `/proc/PID/net/arp`, which has IPv4 only.
    pub struct Neighbor<'a> in "neighbors" {
        sources: [
            Source::NetDump("links"), Source::NetDump("neighbors"), Source::NetDump("proxied_neighbors"),
            Source::NetNamespace("arp"),
        ],
        key: [net_namespace, interface, address, proxy],
        logical_key: [interface, address, proxy],
        volatile: [net_namespace, state, flags],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet` or `inet6`.
        family: Text<'a>,
        /// Protocol address.
        address: crate::table::Address,
        /// Hardware address; NULL where it is not known (yet). The file has zeros then, and cuts those longer than a page line,
        /// such as InfiniBand's.
        mac: Option<Text<'a>>,
        /// Interface; NULL where it has no name any more.
        interface: Option<Text<'a>>,
        /// Hardware type of the interface (ARPHRD), 1 for Ethernet; NULL as above.
        hardware_type: Option<u32>,
        /// Flags: 2 complete, 4 permanent, 8 published.
        flags: u32,
        /// `INCOMPLETE`, `REACHABLE`, `STALE`, `DELAY`, `PROBE`, `FAILED`, `NOARP` or `PERMANENT`, as `ip neigh` has it; NULL without
        /// a dump, and for an address that is only answered for.
        state: Option<Text<'a>>,
        /// 1 when the host answers for the address (proxy ARP, proxy NDP).
        proxy: bool,
        /// 1 when the neighbour is known to be a router; NULL without a dump.
        router: Option<bool>,
    }
}
