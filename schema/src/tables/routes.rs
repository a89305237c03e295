//! Table `routes`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Routes of every network namespace, one row per next hop: from the dump of rtnetlink for all tables, and where there is none
    /// from `/proc/PID/net/route`, which has the main table only, and `ipv6_route`.
    pub struct Route<'a> in "routes" {
        sources: [
            Source::NetDump("links"), Source::NetDump("routes"), Source::NetNamespace("route"),
            Source::NetNamespace("ipv6_route"),
        ],
        key: [net_namespace, family, route_table, destination, netmask, source, source_netmask, tos, gateway, metric, interface],
        logical_key: [family, route_table, destination, netmask, source, source_netmask, tos, metric],
        volatile: [net_namespace, reference_count, use_count],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet` or `inet6`.
        family: Text<'a>,
        /// `unicast`, `local`, `broadcast`, `anycast`, `multicast`, `blackhole`, `prohibit`, `throw`, or `unreachable` for one that
        /// refuses: in the file of IPv6 the kernel itself has one for all destinations, on `lo` with the highest metric.
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
        /// Interface; NULL for a route that leads nowhere, and where it has no name any more.
        interface: Option<Text<'a>>,
        /// Flags as `route(8)` numbers them.
        flags: u32,
        /// Metric.
        metric: u32,
        /// Largest packet of the route, bytes; 0 for the interface's own. NULL for IPv6, and where the file does not tell.
        mtu: Option<u32>,
        /// References; NULL where a dump is the source.
        reference_count: Option<u32>,
        /// Look-ups; NULL where a dump is the source, as above.
        use_count: Option<u32>,
        /// Table: `main`, `local`, `default`, or a number; NULL for IPv6 without a dump, where it is not told.
        route_table: Option<Text<'a>>,
        /// Who made it: `kernel`, `boot`, `static`, `dhcp`, `ra`, `bird`, ... as `ip route` has it, or a number; NULL without a dump,
        /// as all that follow.
        protocol: Option<Text<'a>>,
        /// `global`, `site`, `link`, `host`, `nowhere` or a number.
        scope: Option<Text<'a>>,
        /// Address that packets leave with where they have none yet; NULL where the route names none.
        preferred_source: Option<crate::table::Address>,
        /// Type of service that it is for, 0 for all.
        tos: Option<u8>,
        /// Weight of this next hop where there are several, from 1; NULL where there is one.
        weight: Option<u16>,
        /// Number of the next hop object; NULL where the route has its own.
        nexthop_id: Option<u32>,
    }
}
