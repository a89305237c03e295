//! Table `network_counters`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Counters of the network protocols of every network namespace (`/proc/PID/net/{snmp,netstat,snmp6,sockstat,sockstat6}`),
    /// one row per number, so that those of any kernel are kept. Names are the kernel's, as `nstat` and `netstat -s` know them.
    pub struct NetworkCounter<'a> in "network_counters" {
        sources: [
            Source::NetNamespace("snmp"), Source::NetNamespace("netstat"), Source::NetNamespace("snmp6"),
            Source::NetNamespace("sockstat"), Source::NetNamespace("sockstat6"),
        ],
        key: [net_namespace, protocol, name],
        logical_key: [protocol, name],
        volatile: [net_namespace, value],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// In lower case: `ip`, `icmp`, `icmpmsg`, `tcp`, `udp`, `udplite` of snmp; `tcpext`, `ipext`, `mptcpext` of netstat; `ip6`,
        /// `icmp6`, `udp6`, `udplite6` of snmp6; and of sockstat `sockets`, `tcp`, `udp`, `udplite`, `raw`, `frag` with the same
        /// followed by `6`.
        protocol: Text<'a>,
        /// Name of the counter within the protocol, such as `RetransSegs`; those of sockstat are in lower case (`inuse`,
        /// `orphan`, `tw`, `alloc`, `mem` in pages, `memory` in bytes).
        name: Text<'a>,
        /// The number; a few are negative (`MaxConn` of tcp is -1).
        value: i64,
    }
}
