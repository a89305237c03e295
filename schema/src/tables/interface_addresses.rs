//! Table `interface_addresses`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Addresses of the interfaces of every network namespace: from the dump of rtnetlink. Where there is none, the IPv6 ones from
    /// `/proc/PID/net/if_inet6`, and the IPv4 ones as far as `fib_trie` tells them: it names the addresses, not their interfaces,
    /// so those and the prefix are those of the longest connected route of the main table (`/proc/PID/net/route`).
    pub struct InterfaceAddress<'a> in "interface_addresses" {
        sources: [
            Source::NetDump("links"), Source::NetDump("addresses"),
            Source::NetNamespace("if_inet6"), Source::NetNamespace("fib_trie"), Source::NetNamespace("route"),
        ],
        key: [net_namespace, interface, address],
        logical_key: [interface, address],
        volatile: [net_namespace],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// Interface; NULL for an IPv4 address whose connected route names none.
        interface: Option<Text<'a>>,
        /// `inet` or `inet6`.
        family: Text<'a>,
        /// Address.
        address: crate::table::Address,
        /// Length of the prefix, bits; NULL where it is not told.
        prefix_length: Option<u8>,
        /// `global`, `link`, `site`, `host` or a number; NULL where it is not told.
        scope: Option<Text<'a>>,
        /// Address of the other end of a point-to-point link; NULL for other links, and without a dump, as all that follow.
        peer: Option<crate::table::Address>,
        /// Broadcast address; NULL where it has none.
        broadcast: Option<crate::table::Address>,
        /// Name of an IPv4 address, such as `eth0:1`; NULL where it has none.
        label: Option<Text<'a>>,
        /// `IFA_F_*` bits: 1 secondary (IPv4) or temporary (IPv6), 8 found to be a duplicate, 32 deprecated, 64 tentative, 128
        /// permanent, ...
        flags: Option<u32>,
    }
}
