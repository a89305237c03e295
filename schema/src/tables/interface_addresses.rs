//! Table `interface_addresses`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// IPv6 addresses of the interfaces of every network namespace (`/proc/PID/net/if_inet6`), and the IPv4 ones as far as
    /// `fib_trie` tells them: it names the addresses, not their interfaces, so that is
    /// filled in from the connected routes of the main table (`/proc/PID/net/route`).
    pub struct InterfaceAddress<'a> in "interface_addresses" {
        sources: [
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
    }
}
