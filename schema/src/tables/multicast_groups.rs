//! Table `multicast_groups`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Multicast groups that the interfaces of every network namespace listen to (`/proc/PID/net/igmp`, `igmp6`), with all
    /// those that the kernel joins by itself. Which process joined one is not told.
    pub struct MulticastGroup<'a> in "multicast_groups" {
        sources: [Source::NetNamespace("igmp"), Source::NetNamespace("igmp6")],
        key: [net_namespace, interface, address],
        logical_key: [interface, address],
        volatile: [net_namespace, interface_index],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet` or `inet6`.
        family: Text<'a>,
        /// Interface.
        interface: Text<'a>,
        /// Number of the interface.
        interface_index: u32,
        /// Address of the group.
        address: crate::table::Address,
        /// How often it was joined.
        users: u32,
        /// Version of IGMP spoken there, `V1`, `V2` or `V3`; NULL for IPv6.
        querier: Option<Text<'a>>,
    }
}
