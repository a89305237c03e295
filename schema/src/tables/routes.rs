//! Table `routes`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Routes of every network namespace (`/proc/PID/net/route`, the main table only, and `ipv6_route`).
    pub struct Route<'a> in "routes" {
        sources: [Source::NetNamespace("route"), Source::NetNamespace("ipv6_route")],
        key: [net_namespace, family, destination, netmask, gateway, metric, interface],
        logical_key: [family, destination, netmask, gateway, metric, interface],
        volatile: [net_namespace, reference_count, use_count],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet` or `inet6`.
        family: Text<'a>,
        /// `unicast`, `local`, `anycast`, `multicast`, or `unreachable` for one that refuses: in IPv6 the kernel itself has one
        /// for all destinations, on `lo` with the highest metric.
        r#type: Text<'a>,
        /// Destination network.
        destination: crate::table::Address,
        /// Length of the destination's prefix, bits.
        netmask: u8,
        /// Next hop; NULL when directly connected.
        gateway: Option<crate::table::Address>,
        /// Source prefix of an IPv6 route; NULL where it has none and for IPv4.
        source: Option<crate::table::Address>,
        /// Length of the source's prefix, bits; NULL where it has none.
        source_netmask: Option<u8>,
        /// Interface.
        interface: Text<'a>,
        /// Flags as `route(8)` numbers them.
        flags: u32,
        /// Metric.
        metric: u32,
        /// Largest packet of the route, bytes; 0 for the interface's own. NULL for IPv6, and where the file does not tell.
        mtu: Option<u32>,
        /// References.
        reference_count: u32,
        /// Look-ups.
        use_count: u32,
    }
}
