//! Table `conntrack`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Connection tracking entries of every network namespace (`/proc/PID/net/nf_conntrack`), with NAT made explicit.
    pub struct Conntrack<'a> in "conntrack" {
        sources: [Source::NetNamespace("nf_conntrack")],
        key: [net_namespace, family, protocol, orig_src, orig_sport, orig_dst, orig_dport, zone],
        logical_key: [family, protocol, orig_src, orig_dst, orig_dport, reply_src, reply_dst, nat],
        counters: [orig_packets, orig_bytes, reply_packets, reply_bytes],
        volatile: [timeout, net_namespace, orig_sport, reply_dport],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// `inet` or `inet6`.
        family: Text<'a>,
        /// `tcp`, `udp`, `icmp`, ..., or `unknown`.
        protocol: Text<'a>,
        /// Number of the protocol.
        protocol_number: u8,
        /// State as the file has it, such as `ESTABLISHED`; NULL for protocols without one.
        state: Option<Text<'a>>,
        /// Seconds until the entry ends; NULL where it is offloaded.
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
        /// 1 when traffic was seen both ways for long enough that it is not dropped early.
        assured: bool,
        /// 1 when no reply was seen.
        unreplied: bool,
        /// 1 when the flow bypasses the stack: `[OFFLOAD]` or `[HW_OFFLOAD]`.
        offload: bool,
        /// Connection mark.
        mark: Option<u32>,
        /// Zone; 0 where the file names none.
        zone: u16,
        /// Packets of the original direction; NULL without `nf_conntrack_acct`.
        orig_packets: Option<u64>,
        /// Bytes of the original direction; NULL without `nf_conntrack_acct`.
        orig_bytes: Option<u64>,
        /// Packets of the reply direction; NULL without `nf_conntrack_acct`.
        reply_packets: Option<u64>,
        /// Bytes of the reply direction; NULL without `nf_conntrack_acct`.
        reply_bytes: Option<u64>,
        /// `snat`, `dnat`, `both`, or NULL when addresses and ports are not translated.
        nat: Option<Text<'a>>,
    }
}
