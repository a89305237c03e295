//! `/proc/PID/net/nf_conntrack`: words and `key=value`, the original direction before the reply.

use std::net::IpAddr;

use super::Parsed;
use super::address::written;
use super::bytes::{cut, decimal, each_line, fields, no_heading};

/// One direction of a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Direction {
    pub(crate) src: Option<IpAddr>,
    pub(crate) dst: Option<IpAddr>,
    pub(crate) sport: Option<u16>,
    pub(crate) dport: Option<u16>,
    pub(crate) packets: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

/// An entry of the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// `inet` or `inet6`.
    pub(crate) family: &'static str,
    pub(crate) protocol: &'a [u8],
    pub(crate) protocol_number: u8,
    pub(crate) timeout: Option<u32>,
    pub(crate) state: Option<&'a [u8]>,
    pub(crate) original: Direction,
    pub(crate) reply: Direction,
    pub(crate) icmp_type: Option<u8>,
    pub(crate) icmp_code: Option<u8>,
    pub(crate) icmp_id: Option<u16>,
    pub(crate) assured: bool,
    pub(crate) unreplied: bool,
    pub(crate) offload: bool,
    pub(crate) mark: Option<u32>,
    pub(crate) zone: u16,
}

impl Entry<'_> {
    /// What is translated: without NAT the reply is the original turned round.
    pub(crate) fn nat(&self) -> Option<&'static str> {
        let (original, reply) = (&self.original, &self.reply);
        let destination = (reply.src, reply.sport) != (original.dst, original.dport);
        let source = (reply.dst, reply.dport) != (original.src, original.sport);
        match (source, destination) {
            (false, false) => None,
            (true, false) => Some("snat"),
            (false, true) => Some("dnat"),
            (true, true) => Some("both"),
        }
    }
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Entry<'_>>> {
    each_line(input, no_heading, "a connection tracking entry", entry)
}

fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let mut fields = fields(line);
    let mut entry = Entry {
        family: match fields.next()? {
            b"ipv4" => "inet",
            b"ipv6" => "inet6",
            _ => return None,
        },
        // Skipped: the number of the family.
        protocol: fields.nth(1)?,
        protocol_number: decimal(fields.next()?)?,
        ..Entry::default()
    };
    let mut in_reply = false;
    for field in fields {
        if let Some((key, value)) = cut(field, b'=') {
            entry.take(key, value, &mut in_reply)?;
        } else if field.starts_with(b"[") {
            match field {
                b"[ASSURED]" => entry.assured = true,
                b"[UNREPLIED]" => entry.unreplied = true,
                b"[OFFLOAD]" | b"[HW_OFFLOAD]" => entry.offload = true,
                _ => {}
            }
        } else if entry.original.src.is_some() {
            // A word that some newer kernel adds.
        } else if entry.timeout.is_none() && field.first()?.is_ascii_digit() {
            entry.timeout = Some(decimal(field)?);
        } else {
            entry.state = Some(field);
        }
    }
    // Cut off, or no entry at all.
    in_reply.then_some(())?;
    entry.reply.dst?;
    Some(entry)
}

impl<'a> Entry<'a> {
    /// Takes one value; `None` where a known key has no value that it can have.
    fn take(&mut self, key: &'a [u8], value: &'a [u8], in_reply: &mut bool) -> Option<()> {
        // The second source begins the reply.
        *in_reply |= key == b"src" && self.original.src.is_some();
        let direction = if *in_reply {
            &mut self.reply
        } else {
            &mut self.original
        };
        match key {
            b"src" => direction.src = Some(written(value)?),
            b"dst" => direction.dst = Some(written(value)?),
            b"sport" => direction.sport = Some(decimal(value)?),
            b"dport" => direction.dport = Some(decimal(value)?),
            b"packets" => direction.packets = Some(decimal(value)?),
            b"bytes" => direction.bytes = Some(decimal(value)?),
            // Those of the reply are another type's, and follow from these.
            b"type" if !*in_reply => self.icmp_type = Some(decimal(value)?),
            b"code" if !*in_reply => self.icmp_code = Some(decimal(value)?),
            b"id" if !*in_reply => self.icmp_id = Some(decimal(value)?),
            b"mark" => self.mark = Some(decimal(value)?),
            b"zone" | b"zone-orig" => self.zone = decimal(value)?,
            b"zone-reply" if self.zone == 0 => self.zone = decimal(value)?,
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Entry<'_> {
        let parsed = parse(line.as_bytes());
        assert_eq!(parsed.issues, []);
        *parsed.value.first().unwrap()
    }

    fn check(line: &str, nat: Option<&str>) {
        assert_eq!(one(line).nat(), nat, "{line}");
    }

    const TCP: &str = "ipv4     2 tcp      6 431999 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=40000 dport=443 \
                       packets=10 bytes=1000 src=198.51.100.2 dst=192.0.2.1 sport=443 dport=40000 packets=8 bytes=900 \
                       [ASSURED] mark=7 secctx=system_u:object_r:unlabeled_t:s0 zone=3 use=2\n";

    #[test]
    fn all_columns() {
        let original = Direction {
            src: Some("192.0.2.1".parse().unwrap()),
            dst: Some("198.51.100.2".parse().unwrap()),
            sport: Some(40000),
            dport: Some(443),
            packets: Some(10),
            bytes: Some(1000),
        };
        assert_eq!(
            one(TCP),
            Entry {
                family: "inet",
                protocol: b"tcp",
                protocol_number: 6,
                timeout: Some(431_999),
                state: Some(b"ESTABLISHED"),
                original,
                reply: Direction {
                    src: original.dst,
                    dst: original.src,
                    sport: original.dport,
                    dport: original.sport,
                    packets: Some(8),
                    bytes: Some(900),
                },
                assured: true,
                mark: Some(7),
                zone: 3,
                ..Entry::default()
            }
        );
    }

    #[test]
    fn translation() {
        check(TCP, None);
        check(
            "ipv4 2 udp 17 29 src=192.0.2.1 dst=198.51.100.2 sport=4 dport=53 [UNREPLIED] src=198.51.100.2 dst=203.0.113.9 \
             sport=53 dport=4 mark=0 use=1",
            Some("snat"),
        );
        check(
            "ipv4 2 tcp 6 5 SYN_SENT src=192.0.2.1 dst=198.51.100.2 sport=4 dport=80 src=192.0.2.1 dst=192.0.2.1 sport=80 \
             dport=4 use=1",
            Some("dnat"),
        );
        check(
            "ipv4 2 tcp 6 src=192.0.2.1 dst=198.51.100.2 sport=4 dport=80 src=203.0.113.5 dst=203.0.113.9 sport=8080 \
             dport=61000 [OFFLOAD] mark=0 use=2",
            Some("both"),
        );
    }

    #[test]
    fn other_protocols() {
        let icmp = one(
            "ipv6 10 icmpv6 58 29 src=2001:db8::1 dst=2001:db8::2 type=128 code=0 id=61 [UNREPLIED] src=2001:db8::2 \
             dst=2001:db8::1 type=129 code=0 id=61 mark=0 zone-orig=1 use=1",
        );
        assert_eq!(
            (icmp.icmp_type, icmp.icmp_code, icmp.icmp_id, icmp.zone),
            (Some(128), Some(0), Some(61), 1)
        );
        assert_eq!((icmp.family, icmp.nat()), ("inet6", None));
        let unknown = one(
            "ipv4 2 unknown 253 59 src=192.0.2.1 dst=192.0.2.2 src=192.0.2.2 dst=192.0.2.1 zone-reply=4 use=1",
        );
        assert_eq!(
            (unknown.protocol, unknown.protocol_number, unknown.zone),
            (&b"unknown"[..], 253, 4)
        );
        let gre = one(
            "ipv4 2 gre 47 29 timeout=30, stream_timeout=180 src=192.0.2.1 dst=192.0.2.2 srckey=0x0 dstkey=0x1 \
             src=192.0.2.2 dst=192.0.2.1 srckey=0x1 dstkey=0x0 [ASSURED] use=1",
        );
        assert_eq!(
            (gre.timeout, gre.state, gre.assured),
            (Some(29), None, true)
        );
        let offloaded = one(
            "ipv4 2 tcp 6 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1 [HW_OFFLOAD] use=1",
        );
        assert_eq!((offloaded.timeout, offloaded.state), (None, None));
        assert!(offloaded.offload);
    }

    #[test]
    fn hostile() {
        assert_eq!(parse(b""), Parsed::default());
        let cut = b"ipv4 2 tcp 6 431999 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=40000 dport=443\n\
                    ipv4 2 tcp 6 1 X src=192.0.2.1 dst=192.0.2.1 sport=70000\n\0\xff\nipx 4\nipv4 2 tcp 6 99999999999\n";
        assert_eq!((parse(cut).value.len(), parse(cut).issues.len()), (0, 5));
    }
}
