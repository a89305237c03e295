//! Table `routing_rules`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Rules that choose the routing table, of every network namespace (the dump of rtnetlink, as `ip rule` shows it). They are
    /// tried in the order of `priority`.
    pub struct RoutingRule<'a> in "routing_rules" {
        sources: [Source::NetDump("rules")],
        key: [
            net_namespace, family, priority, source, source_netmask, destination, destination_netmask, incoming_interface,
            outgoing_interface, mark, mark_mask, tos, ip_protocol, route_table, inverted,
        ],
        logical_key: [
            family, priority, source, source_netmask, destination, destination_netmask, incoming_interface, outgoing_interface,
            mark, mark_mask, tos, ip_protocol, route_table, inverted,
        ],
        volatile: [net_namespace],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet` or `inet6`.
        family: Text<'a>,
        /// Order: the least is tried first.
        priority: u32,
        /// `lookup`, `goto`, `nop`, `blackhole`, `unreachable`, `prohibit` or a number.
        action: Text<'a>,
        /// Table that is looked in: `main`, `local`, `default` or a number; NULL for other actions.
        route_table: Option<Text<'a>>,
        /// Source network; NULL for all.
        source: Option<crate::table::Address>,
        /// Length of the source's prefix, bits.
        source_netmask: u8,
        /// Destination network; NULL for all.
        destination: Option<crate::table::Address>,
        /// Length of the destination's prefix, bits.
        destination_netmask: u8,
        /// Interface that a packet came in by; NULL for all.
        incoming_interface: Option<Text<'a>>,
        /// Interface that a socket is bound to; NULL for all.
        outgoing_interface: Option<Text<'a>>,
        /// Mark of the packet; NULL for all.
        mark: Option<u32>,
        /// Which bits of the mark count; NULL for all.
        mark_mask: Option<u32>,
        /// Type of service, 0 for all.
        tos: u8,
        /// Number of the protocol above IP; NULL for all.
        ip_protocol: Option<u8>,
        /// Priority of the rule that `goto` goes to; NULL for other actions.
        goto_priority: Option<u32>,
        /// 1 when it is for all packets that the rest does not describe.
        inverted: bool,
        /// Prefixes that are this short or shorter do not count (`suppress_prefixlength`); NULL where all count.
        suppressed_prefix_length: Option<u32>,
        /// Who made it, as in `routes`; NULL where it is not told.
        protocol: Option<Text<'a>>,
    }
}
