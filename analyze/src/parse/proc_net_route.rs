//! `/proc/PID/net/route` and `/proc/PID/net/ipv6_route`: the main table of IPv4, all tables of IPv6.

use std::net::IpAddr;

use super::Parsed;
use super::address::{ByteOrder, Words, v6_network_order};
use super::bytes::{decimal, each_line, fields, hex, no_heading, wrapped};

/// A route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) interface: &'a [u8],
    pub(crate) destination: IpAddr,
    pub(crate) prefix_length: u8,
    pub(crate) gateway: Option<IpAddr>,
    /// With the length of its prefix.
    pub(crate) source: Option<(IpAddr, u8)>,
    pub(crate) flags: u32,
    pub(crate) metric: u32,
    pub(crate) mtu: Option<u32>,
    pub(crate) references: u32,
    pub(crate) uses: u32,
}

/// `RTF_GATEWAY`.
const HAS_GATEWAY: u32 = 2;

/// `RTF_REJECT`.
const REJECTS: u32 = 0x200;
/// `RTF_ANYCAST`, of IPv6 alone.
const IS_ANYCAST: u32 = 0x10_0000;
/// `RTF_LOCAL`, of IPv6 alone.
const IS_LOCAL: u32 = 0x8000_0000;

impl Route<'_> {
    /// What becomes of its packets, by its flags and destination.
    pub(crate) fn kind(&self) -> &'static str {
        let has = |flag: u32| self.flags & flag != 0;
        match self.destination {
            _ if has(REJECTS) => "unreachable",
            IpAddr::V6(_) if has(IS_ANYCAST) => "anycast",
            IpAddr::V6(_) if has(IS_LOCAL) => "local",
            destination if destination.is_multicast() => "multicast",
            _ => "unicast",
        }
    }
}

/// Reads the lines of `route` below the heading.
pub(crate) fn parse(input: &[u8], order: ByteOrder) -> Parsed<Vec<Route<'_>>> {
    each_line(
        input,
        |line| fields(line).next() == Some(b"Iface"),
        "a route",
        |line| {
            let mut fields = fields(line);
            let interface = fields.next()?;
            let destination = order.v4(fields.next()?)?;
            let gateway = order.v4(fields.next()?)?;
            let flags = hex(fields.next()?)?;
            let references = wrapped(fields.next()?)?;
            let uses = decimal(fields.next()?)?;
            let metric = wrapped(fields.next()?)?;
            let mask = order.v4(fields.next()?)?.to_bits();
            Some(Route {
                interface,
                destination: IpAddr::V4(destination),
                prefix_length: u8::try_from(mask.count_ones()).ok()?,
                gateway: (flags & HAS_GATEWAY != 0).then_some(IpAddr::V4(gateway)),
                source: None,
                flags,
                metric,
                mtu: match fields.next() {
                    Some(mtu) => Some(wrapped(mtu)?),
                    None => None,
                },
                references,
                uses,
            })
        },
    )
}

/// Reads the lines of `ipv6_route`.
pub(crate) fn parse_v6(input: &[u8]) -> Parsed<Vec<Route<'_>>> {
    each_line(input, no_heading, "an IPv6 route", |line| {
        let mut fields = fields(line);
        let destination = v6_network_order(fields.next()?)?;
        let prefix_length = hex(fields.next()?)?;
        let source = v6_network_order(fields.next()?)?;
        let source_length: u8 = hex(fields.next()?)?;
        let gateway = v6_network_order(fields.next()?)?;
        let metric = hex(fields.next()?)?;
        let references = hex(fields.next()?)?;
        let uses = hex(fields.next()?)?;
        let flags = hex(fields.next()?)?;
        Some(Route {
            interface: fields.next()?,
            destination: IpAddr::V6(destination),
            prefix_length,
            gateway: (!gateway.is_unspecified()).then_some(IpAddr::V6(gateway)),
            source: (source_length > 0).then_some((IpAddr::V6(source), source_length)),
            flags,
            metric,
            mtu: None,
            references,
            uses,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parsed: &Parsed<Vec<Route<'_>>>, issues: usize, expected: &[&str]) {
        let shown: Vec<_> = parsed
            .value
            .iter()
            .map(|route| {
                format!(
                    "{}/{} via {:?} {} {:x} {}",
                    route.destination,
                    route.prefix_length,
                    route.gateway,
                    schema::text::escaped(route.interface),
                    route.flags,
                    route.metric
                )
            })
            .collect();
        assert_eq!(shown, expected);
        assert_eq!(parsed.issues.len(), issues);
    }

    #[test]
    fn routes() {
        let text = b"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                     eth0\t00000000\tFE0200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0   \n\
                     eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0   \n";
        check(
            &parse(text, ByteOrder::Little),
            0,
            &[
                "0.0.0.0/0 via Some(192.0.2.254) eth0 3 100",
                "192.0.2.0/24 via None eth0 1 0",
            ],
        );
        check(
            &parse_v6(
                b"20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 \
                  00000100 00000001 00000000 00000001     eth0\n",
            ),
            0,
            &["2001:db8::/64 via None eth0 1 256"],
        );
    }

    #[test]
    fn kinds() {
        let check = |line: &[u8], expected: &str| {
            let parsed = parse_v6(line);
            assert_eq!(parsed.value.first().unwrap().kind(), expected);
        };
        check(
            b"00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 \
              ffffffff 00000001 00000000 00200200       lo\n",
            "unreachable",
        );
        check(
            b"fe800000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 \
              00000000 00000002 00000000 80200001     eth0\n",
            "local",
        );
        check(
            b"fe800000000000000000000000000000 80 00000000000000000000000000000000 00 00000000000000000000000000000000 \
              00000000 00000003 00000000 00300001     eth0\n",
            "anycast",
        );
        check(
            b"ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 \
              00000100 00000002 00000000 00000001     eth0\n",
            "multicast",
        );
    }

    #[test]
    fn odd_but_honest() {
        // A reject route of another byte order, with a metric above 2^31.
        let text = b"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                     *\tC6336400\t00000000\t0201\t0\t0\t-1\tFFFFFF00\t0\t0\t0                                \n";
        check(
            &parse(text, ByteOrder::Big),
            0,
            &["198.51.100.0/24 via None * 201 4294967295"],
        );
        // Apart by blanks, and cut before the columns that nobody uses.
        let text = b"Iface Destination Gateway Flags RefCnt Use Metric Mask\nwg0 00000080 00000000 0001 0 0 0 00000080\n";
        let parsed = parse(text, ByteOrder::Little);
        assert_eq!(parsed.value.first().map(|route| route.mtu), Some(None));
        check(&parsed, 0, &["128.0.0.0/1 via None wg0 1 0"]);
        let parsed = parse_v6(
            b"00000000000000000000000000000000 00 20010db8000000010000000000000000 40 fe800000000000000000000000000001 \
              ffffffff 00000001 00000000 00000003     eth0\n",
        );
        let source = ("2001:db8:0:1::".parse().unwrap(), 64);
        assert_eq!(
            parsed.value.first().map(|route| route.source),
            Some(Some(source))
        );
        check(&parsed, 0, &["::/0 via Some(fe80::1) eth0 3 4294967295"]);
    }

    #[test]
    fn hostile() {
        let odd = b"eth0\t000200C0\n\0\xff\neth0 0 0 0 0 0 0 0 0 0\n";
        check(&parse(odd, ByteOrder::Little), 3, &[]);
        check(&parse_v6(odd), 3, &[]);
        check(&parse(b"", ByteOrder::Big), 0, &[]);
    }
}
