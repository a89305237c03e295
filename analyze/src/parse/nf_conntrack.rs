//! `/proc/PID/net/nf_conntrack` and the older `ip_conntrack`: words and `key=value`, the original direction before the
//! reply. `conntrack -L` prints the same, with a few words more.

use std::net::IpAddr;

use super::Parsed;
use super::address::written;
use super::bytes::{Fields, cut, decimal, each_line, fields, hex, integer, no_heading};

/// One direction of a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Direction {
    pub(crate) src: Option<IpAddr>,
    pub(crate) dst: Option<IpAddr>,
    pub(crate) sport: Option<u16>,
    pub(crate) dport: Option<u16>,
    /// GRE's instead of a port.
    pub(crate) src_key: Option<u32>,
    /// GRE's instead of a port.
    pub(crate) dst_key: Option<u32>,
    /// Identifier of ICMP.
    pub(crate) icmp_id: Option<u16>,
    /// A zone of this direction alone.
    pub(crate) zone: Option<u16>,
    pub(crate) packets: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

/// What forwards a flow past the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offload {
    /// A flow table of the kernel.
    Software,
    /// The network device.
    Hardware,
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
    /// GRE's own, seconds.
    pub(crate) gre_timeout: Option<u32>,
    /// GRE's own, seconds.
    pub(crate) gre_stream_timeout: Option<u32>,
    pub(crate) assured: bool,
    pub(crate) unreplied: bool,
    pub(crate) offload: Option<Offload>,
    pub(crate) mark: Option<u32>,
    pub(crate) security_context: Option<&'a [u8]>,
    pub(crate) zone: Option<u16>,
    /// Seconds.
    pub(crate) age: Option<u64>,
    pub(crate) uses: Option<u32>,
}

impl Entry<'_> {
    /// The zone of both directions, else that of the only one that has one; 0 without any.
    pub(crate) fn any_zone(&self) -> u16 {
        self.zone
            .or(self.original.zone)
            .or(self.reply.zone)
            .unwrap_or(0)
    }

    /// What is translated: without NAT the reply is the original turned round.
    pub(crate) fn nat(&self) -> Option<&'static str> {
        let (original, reply) = (&self.original, &self.reply);
        let destination = (reply.src, reply.sport, reply.src_key)
            != (original.dst, original.dport, original.dst_key);
        // The identifier of ICMP is the source's in both directions.
        let source = (reply.dst, reply.dport, reply.dst_key, reply.icmp_id)
            != (
                original.src,
                original.sport,
                original.src_key,
                original.icmp_id,
            );
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
    // What happened, in front of what `conntrack -E` prints.
    let first = fields.find(|field| !field.starts_with(b"["))?;
    let family = match first {
        b"ipv4" => Some("inet"),
        b"ipv6" => Some("inet6"),
        _ => None,
    };
    // `ip_conntrack` begins with the protocol; the other names the family first, with its number.
    let protocol = if family.is_some() {
        fields.nth(1)?
    } else {
        first
    };
    let mut entry = Entry {
        protocol,
        protocol_number: decimal(fields.next()?)?,
        ..Entry::default()
    };
    let mut in_reply = false;
    while let Some(field) = fields.next() {
        if let Some((key, value)) = cut(field, b'=') {
            if key == b"secctx" {
                entry.security_context = Some(security_context(line, value, &mut fields));
            } else {
                entry.take(key, value, &mut in_reply)?;
            }
        } else if field.starts_with(b"[") {
            match field {
                b"[ASSURED]" => entry.assured = true,
                b"[UNREPLIED]" => entry.unreplied = true,
                b"[OFFLOAD]" => entry.offload = Some(Offload::Software),
                b"[HW_OFFLOAD]" => entry.offload = Some(Offload::Hardware),
                _ => {}
            }
        } else if entry.original.src.is_some() {
            // A word that some newer kernel adds.
        } else if entry.timeout.is_none() && is_number(field) {
            // Below 0 for a moment, when the timer is late.
            entry.timeout = Some(u32::try_from(integer::<i64>(field)?.max(0)).ok()?);
        } else {
            entry.state = Some(field);
        }
    }
    // Cut off, or no entry at all.
    in_reply.then_some(())?;
    entry.reply.dst?;
    entry.family = match (family, entry.original.src?) {
        (Some(family), _) => family,
        (None, IpAddr::V4(_)) => "inet",
        (None, IpAddr::V6(_)) => "inet6",
    };
    Some(entry)
}

fn is_number(field: &[u8]) -> bool {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    digits.first().is_some_and(u8::is_ascii_digit)
}

/// A context of `AppArmor` has its mode behind a blank: `name (enforce)`.
fn security_context<'a>(line: &'a [u8], name: &'a [u8], fields: &mut Fields<'a>) -> &'a [u8] {
    let mut ahead = fields.clone();
    let after_name = fields.rest().len();
    match ahead.next() {
        Some(mode) if mode.starts_with(b"(") && mode.ends_with(b")") => {
            *fields = ahead;
            let start = line
                .len()
                .checked_sub(after_name.saturating_add(name.len()));
            let end = line.len().checked_sub(fields.rest().len());
            start
                .zip(end)
                .and_then(|(start, end)| line.get(start..end))
                .unwrap_or(name)
        }
        _ => name,
    }
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
            b"srckey" => direction.src_key = Some(hex(value.strip_prefix(b"0x")?)?),
            b"dstkey" => direction.dst_key = Some(hex(value.strip_prefix(b"0x")?)?),
            b"packets" => direction.packets = Some(decimal(value)?),
            b"bytes" => direction.bytes = Some(decimal(value)?),
            // Those of the reply are another type's, and follow from these.
            b"type" if !*in_reply => self.icmp_type = Some(decimal(value)?),
            b"code" if !*in_reply => self.icmp_code = Some(decimal(value)?),
            // `conntrack -L -o id` ends with another.
            b"id" if self.icmp_type.is_some() && direction.icmp_id.is_none() => {
                direction.icmp_id = Some(decimal(value)?);
            }
            b"timeout" => {
                let seconds = value.strip_suffix(b",").unwrap_or(value);
                self.gre_timeout = Some(decimal(seconds)?);
            }
            b"stream_timeout" => self.gre_stream_timeout = Some(decimal(value)?),
            b"mark" => self.mark = Some(decimal(value)?),
            b"zone" => self.zone = Some(decimal(value)?),
            // Stands in its direction in the file, and may come last elsewhere.
            b"zone-orig" => self.original.zone = Some(decimal(value)?),
            b"zone-reply" => self.reply.zone = Some(decimal(value)?),
            b"delta-time" => self.age = Some(decimal(value)?),
            b"use" => self.uses = Some(decimal(value)?),
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
            ..Direction::default()
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
                    ..Direction::default()
                },
                assured: true,
                mark: Some(7),
                security_context: Some(b"system_u:object_r:unlabeled_t:s0"),
                zone: Some(3),
                uses: Some(2),
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
    fn icmp() {
        let icmp = one(
            "ipv6     10 icmpv6   58 29 src=2001:0db8:0000:0000:0000:0000:0000:0001 dst=2001:0db8:0000:0000:0000:0000:0000:0002 \
             type=128 code=0 id=61 [UNREPLIED] src=2001:0db8:0000:0000:0000:0000:0000:0002 \
             dst=2001:0db8:0000:0000:0000:0000:0000:0001 type=129 code=0 id=61 mark=0 use=1",
        );
        assert_eq!((icmp.icmp_type, icmp.icmp_code), (Some(128), Some(0)));
        assert_eq!(
            (icmp.original.icmp_id, icmp.reply.icmp_id),
            (Some(61), Some(61))
        );
        assert_eq!((icmp.family, icmp.nat()), ("inet6", None));
        assert_eq!(icmp.original.src, Some("2001:db8::1".parse().unwrap()));
        // Two hosts behind one address that ping with the same identifier.
        check(
            "ipv4 2 icmp 1 29 src=192.0.2.1 dst=198.51.100.2 type=8 code=0 id=7 src=198.51.100.2 dst=192.0.2.1 type=0 code=0 \
             id=4711 mark=0 use=1",
            Some("snat"),
        );
    }

    #[test]
    fn gre() {
        let gre = one(
            "ipv4     2 gre      47 29 timeout=30, stream_timeout=180 src=192.0.2.1 dst=192.0.2.2 srckey=0x0 dstkey=0x61a8 \
             src=192.0.2.2 dst=192.0.2.1 srckey=0x61a8 dstkey=0x0 [ASSURED] mark=0 use=1",
        );
        assert_eq!(
            (gre.timeout, gre.state, gre.assured),
            (Some(29), None, true)
        );
        assert_eq!(
            (gre.gre_timeout, gre.gre_stream_timeout),
            (Some(30), Some(180))
        );
        assert_eq!(
            (gre.original.src_key, gre.original.dst_key),
            (Some(0), Some(0x61a8))
        );
        assert_eq!(
            (gre.reply.src_key, gre.reply.dst_key),
            (Some(0x61a8), Some(0))
        );
        assert_eq!(gre.nat(), None);
    }

    #[test]
    fn zones() {
        let zone = |zones: &str, last: &str| {
            let line = format!(
                "ipv4 2 unknown 253 59 src=192.0.2.1 dst=192.0.2.2 {zones}packets=1 bytes=9 src=192.0.2.2 dst=192.0.2.1 {last}use=1"
            );
            let entry = one(&line);
            (entry.any_zone(), entry.original.zone, entry.reply.zone)
        };
        assert_eq!(zone("", ""), (0, None, None));
        assert_eq!(zone("", "mark=0 zone=5 "), (5, None, None));
        assert_eq!(zone("zone-orig=65535 ", ""), (65535, Some(65535), None));
        assert_eq!(
            zone("", "zone-reply=4 packets=0 bytes=0 "),
            (4, None, Some(4))
        );
        assert_eq!(zone("zone-orig=3 ", "zone-reply=4 "), (3, Some(3), Some(4)));
    }

    #[test]
    fn old_and_printed_forms() {
        // Without the family, as `ip_conntrack` has it.
        let old = one(
            "tcp      6 117 SYN_SENT src=192.0.2.1 dst=198.51.100.2 sport=40000 dport=443 packets=1 bytes=60 [UNREPLIED] \
             src=198.51.100.2 dst=192.0.2.1 sport=443 dport=40000 packets=0 bytes=0 mark=0 secctx=null use=2",
        );
        assert_eq!(
            (old.family, old.protocol, old.protocol_number, old.timeout),
            ("inet", &b"tcp"[..], 6, Some(117))
        );
        assert_eq!((old.state, old.unreplied), (Some(&b"SYN_SENT"[..]), true));
        let unknown =
            one("unknown  50 599 src=192.0.2.1 dst=192.0.2.2 src=192.0.2.2 dst=192.0.2.1 use=1");
        assert_eq!(
            (unknown.protocol, unknown.protocol_number, unknown.timeout),
            (&b"unknown"[..], 50, Some(599))
        );
        // As `conntrack -L -f ipv6 -o id,labels` prints.
        let printed = one(
            "sctp     132 3 CLOSED src=2001:db8::1 dst=2001:db8::2 sport=1 dport=2 src=2001:db8::2 dst=2001:db8::1 sport=2 dport=1 \
             [ASSURED] mark=0 helper=x labels=a,b use=1 id=3735928559",
        );
        assert_eq!(
            (printed.family, printed.state, printed.original.icmp_id),
            ("inet6", Some(&b"CLOSED"[..]), None)
        );
        let stamped = one(
            "udp      17 4 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=53 src=192.0.2.2 dst=192.0.2.1 sport=53 dport=1 mark=0 \
             delta-time=26 [start=Sun Sep  2 15:32:30 2001] use=1",
        );
        assert_eq!(
            (stamped.state, stamped.age, stamped.uses),
            (None, Some(26), Some(1))
        );
        let event = one(
            " [UPDATE] tcp      6 60 SYN_RECV src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1",
        );
        assert_eq!((event.protocol, event.timeout), (&b"tcp"[..], Some(60)));
        let late = one(
            "udp 17 -1 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1 use=1",
        );
        assert_eq!((late.timeout, late.state), (Some(0), None));
    }

    #[test]
    fn flags_and_contexts() {
        const FLOW: &str = "ipv4 2 tcp 6 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1";
        let with = |rest: &str| format!("{FLOW} {rest}");
        let line = with("[OFFLOAD] mark=0 use=2");
        let software = one(&line);
        assert_eq!((software.timeout, software.state), (None, None));
        assert_eq!(software.offload, Some(Offload::Software));
        let line = with("[HW_OFFLOAD] mark=4294967295 delta-time=86400 use=3 [NEWER] words");
        let hardware = one(&line);
        assert_eq!(hardware.offload, Some(Offload::Hardware));
        assert_eq!(
            (hardware.mark, hardware.age, hardware.uses),
            (Some(u32::MAX), Some(86400), Some(3))
        );
        let context = |rest: &str, expected: &str| {
            let line = with(rest);
            assert_eq!(one(&line).security_context, Some(expected.as_bytes()));
        };
        context(
            "mark=0 secctx=/usr/bin/a (enforce) zone=1 use=2",
            "/usr/bin/a (enforce)",
        );
        context("secctx=u:r:t:s0-s0:c0.c1023 use=2", "u:r:t:s0-s0:c0.c1023");
        context("mark=0 secctx= use=2", "");
    }

    #[test]
    fn hostile() {
        assert_eq!(parse(b""), Parsed::default());
        let cut = b"ipv4 2 tcp 6 431999 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=40000 dport=443\n\
                    ipv4 2 tcp 6 1 X src=192.0.2.1 dst=192.0.2.1 sport=70000\n\0\xff\nipx 4\nipv4 2 tcp 6 99999999999\n";
        assert_eq!((parse(cut).value.len(), parse(cut).issues.len()), (0, 5));
    }
}
