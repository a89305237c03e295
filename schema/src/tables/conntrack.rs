//! Table `conntrack`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Connection tracking entries of every network namespace, with NAT made explicit: from the dump of ctnetlink, and where there
    /// is none from `/proc/PID/net/nf_conntrack`, or the older `ip_conntrack` where a kernel has only that.
    pub struct Conntrack<'a> in "conntrack" {
        sources: [
            Source::NetDump("conntrack"), Source::NetNamespace("nf_conntrack"), Source::NetNamespace("ip_conntrack"),
        ],
        key: [
            net_namespace, family, protocol, protocol_number, orig_src, orig_sport, orig_src_key, orig_dst, orig_dport, orig_dst_key,
            icmp_type, icmp_code, icmp_id, zone, orig_zone, reply_zone,
        ],
        logical_key: [family, protocol, orig_src, orig_dst, orig_dport, reply_src, reply_dst, nat],
        counters: [orig_packets, orig_bytes, reply_packets, reply_bytes],
        volatile: [
            timeout, age, use_count, net_namespace, orig_sport, reply_dport, icmp_id, reply_icmp_id, orig_src_key, orig_dst_key,
            reply_src_key, reply_dst_key, id, start_time_us, status,
        ],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet` or `inet6`.
        family: Text<'a>,
        /// `tcp`, `udp`, `udplite`, `sctp`, `dccp`, `icmp`, `icmpv6`, `gre`, or `unknown` for all that the kernel has no name for.
        protocol: Text<'a>,
        /// Number of the protocol.
        protocol_number: u8,
        /// State as the file has it, such as `ESTABLISHED`; NULL for protocols without one.
        state: Option<Text<'a>>,
        /// Seconds until the entry ends; NULL where it is offloaded. GRE's own time-outs are in `gre_timeout`.
        timeout: Option<u32>,
        /// Source of the original direction.
        orig_src: Option<crate::table::Address>,
        /// Source port of the original direction; NULL for protocols without ports.
        orig_sport: Option<u16>,
        /// Destination of the original direction.
        orig_dst: Option<crate::table::Address>,
        /// Destination port of the original direction; NULL for protocols without ports.
        orig_dport: Option<u16>,
        /// Source of the reply direction.
        reply_src: Option<crate::table::Address>,
        /// Source port of the reply direction.
        reply_sport: Option<u16>,
        /// Destination of the reply direction.
        reply_dst: Option<crate::table::Address>,
        /// Destination port of the reply direction.
        reply_dport: Option<u16>,
        /// Type of an ICMP entry; NULL for others.
        icmp_type: Option<u8>,
        /// Code of an ICMP entry; NULL for others.
        icmp_code: Option<u8>,
        /// Identifier of an ICMP entry; NULL for others.
        icmp_id: Option<u16>,
        /// Identifier of the reply of an ICMP entry, another where it is translated; NULL for others.
        reply_icmp_id: Option<u16>,
        /// Source key of the original direction of a GRE entry; NULL for others.
        orig_src_key: Option<u32>,
        /// Destination key of the original direction of a GRE entry; NULL for others.
        orig_dst_key: Option<u32>,
        /// Source key of the reply of a GRE entry; NULL for others.
        reply_src_key: Option<u32>,
        /// Destination key of the reply of a GRE entry; NULL for others.
        reply_dst_key: Option<u32>,
        /// Seconds that a GRE entry lives without a reply; NULL for others.
        gre_timeout: Option<u32>,
        /// Seconds that a GRE entry lives once there was a reply; NULL for others.
        gre_stream_timeout: Option<u32>,
        /// 1 when traffic was seen both ways for long enough that it is not dropped early.
        assured: bool,
        /// 1 when no reply was seen.
        unreplied: bool,
        /// 1 when the flow bypasses the stack: `[OFFLOAD]` or `[HW_OFFLOAD]`.
        offload: bool,
        /// 1 when the hardware forwards the flow: `[HW_OFFLOAD]`.
        hardware_offload: bool,
        /// Connection mark; NULL where a text without marks is the source.
        mark: Option<u32>,
        /// Security context of the flow's packets (`secctx`); NULL where there is none.
        security_context: Option<Text<'a>>,
        /// Zone; 0 where the file names none, and that of the one direction that has one where not both do.
        zone: u16,
        /// Zone of the original direction alone (`zone-orig`); NULL where `zone` is of both.
        orig_zone: Option<u16>,
        /// Zone of the reply direction alone (`zone-reply`); NULL where `zone` is of both.
        reply_zone: Option<u16>,
        /// Seconds since the flow began (`delta-time`); NULL without `nf_conntrack_timestamp`.
        age: Option<u64>,
        /// References to the entry (`use`).
        use_count: Option<u32>,
        /// Packets of the original direction; NULL without `nf_conntrack_acct`.
        orig_packets: Option<u64>,
        /// Bytes of the original direction; NULL without `nf_conntrack_acct`.
        orig_bytes: Option<u64>,
        /// Packets of the reply direction; NULL without `nf_conntrack_acct`.
        reply_packets: Option<u64>,
        /// Bytes of the reply direction; NULL without `nf_conntrack_acct`.
        reply_bytes: Option<u64>,
        /// `snat`, `dnat`, `both`, or NULL when addresses, ports, keys and identifiers are not translated.
        nat: Option<Text<'a>>,
        /// Identifier of the entry, as `conntrack -L -o id` shows it; NULL without a dump, as all that follow.
        id: Option<u32>,
        /// `IPS_*` bits: 1 expected, 2 seen reply, 4 assured, 8 confirmed, 16 source NAT, 32 destination NAT, 512 dying, ...
        status: Option<u32>,
        /// When the flow began, microseconds since 1970; NULL without `nf_conntrack_timestamp`.
        start_time_us: Option<i64>,
        /// Labels, 32 hex digits, the first bit last; NULL where there are none.
        labels: Option<Text<'a>>,
        /// Helper that follows the flow, such as `ftp`; NULL without one.
        helper: Option<Text<'a>>,
    }
}
