//! Table `conntrack_expectations`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Connections that a helper of connection tracking expects because of another one, such as the data connection of FTP, of every
    /// network namespace (the dump of ctnetlink).
    pub struct ConntrackExpectation<'a> in "conntrack_expectations" {
        sources: [Source::NetDump("expectations")],
        key: [net_namespace, id],
        volatile: [net_namespace, timeout, id],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet` or `inet6`.
        family: Text<'a>,
        /// Number of the expected protocol.
        protocol_number: u8,
        /// Expected source; NULL where it is not told.
        src: Option<crate::table::Address>,
        /// Expected source port; NULL where the protocol has none. Any where `src_port_mask` is 0.
        sport: Option<u16>,
        /// Expected destination; NULL where it is not told.
        dst: Option<crate::table::Address>,
        /// Expected destination port; NULL where the protocol has none.
        dport: Option<u16>,
        /// Which bits of the source port count; NULL where the protocol has none.
        src_port_mask: Option<u16>,
        /// Protocol of the connection because of which it is expected.
        master_protocol_number: Option<u8>,
        /// Source of that connection.
        master_src: Option<crate::table::Address>,
        /// Source port of that connection.
        master_sport: Option<u16>,
        /// Destination of that connection.
        master_dst: Option<crate::table::Address>,
        /// Destination port of that connection.
        master_dport: Option<u16>,
        /// Seconds until it is expected no more; NULL where it stays.
        timeout: Option<u32>,
        /// Helper, such as `ftp`; NULL where it is not told.
        helper: Option<Text<'a>>,
        /// `NF_CT_EXPECT_*` bits: 1 permanent, 2 inactive, 4 made by a user.
        flags: u32,
        /// Zone.
        zone: u16,
        /// Identifier.
        id: Option<u32>,
    }
}
