//! Answers of rtnetlink: interfaces, addresses, routes, rules and neighbours (`linux/rtnetlink.h`).

use std::net::IpAddr;

use super::Parsed;
use super::netlink::{
    ByteOrder, Fields, address, any_address, attributes, each_inet_message, each_message,
    family_name, text_of, u32_of,
};

const LINK: u16 = 16;
const ADDRESS: u16 = 20;
const ROUTE: u16 = 24;
const NEIGHBOR: u16 = 28;
const RULE: u16 = 32;

/// An interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Link<'a> {
    pub(crate) index: u32,
    pub(crate) name: &'a [u8],
    pub(crate) hardware_type: u32,
    pub(crate) flags: u32,
    pub(crate) address: &'a [u8],
    pub(crate) mtu: Option<u32>,
    pub(crate) state: Option<&'static str>,
    pub(crate) kind: Option<&'a [u8]>,
    pub(crate) master: Option<u32>,
    pub(crate) peer: Option<u32>,
    pub(crate) peer_namespace: Option<i32>,
    pub(crate) alias: Option<&'a [u8]>,
    pub(crate) counters: Counters,
}

/// What an interface has counted (`struct rtnl_link_stats64`), summed up as `/proc/net/dev` does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) ipackets: u64,
    pub(crate) opackets: u64,
    pub(crate) ibytes: u64,
    pub(crate) obytes: u64,
    pub(crate) ierrors: u64,
    pub(crate) oerrors: u64,
    pub(crate) idrops: u64,
    pub(crate) odrops: u64,
    pub(crate) collisions: u64,
    pub(crate) ififo: u64,
    pub(crate) ofifo: u64,
    pub(crate) iframe: u64,
    pub(crate) ocarrier: u64,
    pub(crate) imulticast: u64,
    pub(crate) icompressed: u64,
    pub(crate) ocompressed: u64,
}

impl Counters {
    /// Of words of that many bytes.
    fn read(mut next: impl FnMut() -> Option<u64>) -> Option<Self> {
        let mut next = || next();
        let [ipackets, opackets, ibytes, obytes] = [next()?, next()?, next()?, next()?];
        let [ierrors, oerrors, idropped, odrops] = [next()?, next()?, next()?, next()?];
        let [imulticast, collisions] = [next()?, next()?];
        let [length, over, crc, frame, ififo, missed] =
            [next()?, next()?, next()?, next()?, next()?, next()?];
        let [aborted, carrier, ofifo, heartbeat, window] =
            [next()?, next()?, next()?, next()?, next()?];
        let [icompressed, ocompressed] = [next()?, next()?];
        let sum = |values: &[u64]| {
            values
                .iter()
                .fold(0_u64, |sum, value| sum.saturating_add(*value))
        };
        Some(Counters {
            ipackets,
            opackets,
            ibytes,
            obytes,
            ierrors,
            oerrors,
            idrops: sum(&[idropped, missed]),
            odrops,
            collisions,
            ififo,
            ofifo,
            iframe: sum(&[length, over, crc, frame]),
            ocarrier: sum(&[carrier, aborted, window, heartbeat]),
            imulticast,
            icompressed,
            ocompressed,
        })
    }
}

/// Reads a dump of interfaces.
pub(crate) fn links(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Link<'_>>> {
    each_message(bytes, order, LINK, "expected an interface", link)
}

fn link(mut fields: Fields<'_>) -> Option<Link<'_>> {
    let order = fields.order();
    fields.u16()?;
    let hardware_type = u32::from(fields.u16()?);
    let (index, flags) = (fields.u32()?, fields.u32()?);
    // Which flags changed.
    fields.u32()?;
    let mut link = Link {
        index,
        hardware_type,
        flags,
        ..Link::default()
    };
    for (kind, value) in fields.attributes() {
        match kind {
            1 => link.address = value,
            3 => link.name = text_of(value),
            4 => link.mtu = u32_of(value, order),
            5 => link.peer = u32_of(value, order),
            // Words of four bytes, which a later attribute has in eight.
            7 if link.counters == Counters::default() => {
                let mut words = Fields::of(value, order);
                let counters = Counters::read(|| words.u32().map(u64::from));
                link.counters = counters.unwrap_or_default();
            }
            10 => link.master = u32_of(value, order).filter(|master| *master > 0),
            16 => link.state = value.first().map(|state| link_state(*state)),
            18 => {
                let kind = attributes(value, order).find(|(kind, _)| *kind == 1);
                link.kind = kind.map(|(_, kind)| text_of(kind));
            }
            20 => link.alias = Some(text_of(value)),
            23 => {
                let mut words = Fields::of(value, order);
                link.counters = Counters::read(|| words.u64())?;
            }
            37 => link.peer_namespace = u32_of(value, order).map(u32::cast_signed),
            _ => {}
        }
    }
    // Some interfaces name themselves.
    link.peer = link
        .peer
        .filter(|peer| *peer > 0 && (*peer != index || link.peer_namespace.is_some()));
    (!link.name.is_empty()).then_some(link)
}

/// RFC 2863's `ifOperStatus`.
fn link_state(number: u8) -> &'static str {
    match number {
        1 => "notpresent",
        2 => "down",
        3 => "lowerlayerdown",
        4 => "testing",
        5 => "dormant",
        6 => "up",
        _ => "unknown",
    }
}

/// An address of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InterfaceAddress<'a> {
    /// `inet` or `inet6`.
    pub(crate) family: &'static str,
    pub(crate) interface_index: u32,
    pub(crate) address: IpAddr,
    pub(crate) prefix_length: u8,
    pub(crate) scope: u8,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) broadcast: Option<IpAddr>,
    pub(crate) label: Option<&'a [u8]>,
    pub(crate) flags: u32,
}

/// Reads a dump of addresses.
pub(crate) fn addresses(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<InterfaceAddress<'_>>> {
    each_message(
        bytes,
        order,
        ADDRESS,
        "expected an address",
        |mut fields| {
            let [family, prefix_length, flags, scope] = fields.array()?;
            let interface_index = fields.u32()?;
            let (mut local, mut other, mut broadcast, mut label) = (None, None, None, None);
            let mut flags = u32::from(flags);
            for (kind, value) in fields.attributes() {
                match kind {
                    1 => other = address(value),
                    2 => local = address(value),
                    3 => label = Some(text_of(value)),
                    4 => broadcast = address(value),
                    8 => flags = u32_of(value, order).unwrap_or(flags),
                    _ => {}
                }
            }
            let address = local.or(other)?;
            Some(InterfaceAddress {
                family: family_name(family)?,
                interface_index,
                address,
                prefix_length,
                scope,
                peer: other.filter(|other| *other != address),
                broadcast,
                label,
                flags,
            })
        },
    )
}

/// One way of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NextHop {
    pub(crate) gateway: Option<IpAddr>,
    pub(crate) interface_index: Option<u32>,
    /// From 1; `None` for the only one.
    pub(crate) weight: Option<u16>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// `inet` or `inet6`.
    pub(crate) family: &'static str,
    pub(crate) kind: u8,
    pub(crate) table: u32,
    pub(crate) protocol: u8,
    pub(crate) scope: u8,
    pub(crate) tos: u8,
    pub(crate) destination: IpAddr,
    pub(crate) prefix_length: u8,
    pub(crate) source: Option<(IpAddr, u8)>,
    pub(crate) preferred_source: Option<IpAddr>,
    pub(crate) metric: u32,
    pub(crate) mtu: u32,
    pub(crate) nexthop_id: Option<u32>,
    pub(crate) next_hops: Vec<NextHop>,
}

/// Reads a dump of routes. Families that are neither IPv4 nor IPv6 are left out.
pub(crate) fn routes(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Route>> {
    each_inet_message(bytes, order, ROUTE, "expected a route", route)
}

fn route(mut fields: Fields<'_>) -> Option<Route> {
    let order = fields.order();
    let [family, prefix_length, source_length, tos] = fields.array()?;
    let [table, protocol, scope, kind] = fields.array()?;
    fields.u32()?;
    let any = any_address(family);
    let mut route = Route {
        family: family_name(family)?,
        kind,
        table: u32::from(table),
        protocol,
        scope,
        tos,
        destination: any,
        prefix_length,
        source: (source_length > 0).then_some((any, source_length)),
        preferred_source: None,
        metric: 0,
        mtu: 0,
        nexthop_id: None,
        next_hops: Vec::new(),
    };
    let mut single = NextHop {
        gateway: None,
        interface_index: None,
        weight: None,
    };
    for (kind, value) in fields.attributes() {
        match kind {
            1 => route.destination = address(value)?,
            2 => route.source = Some((address(value)?, source_length)),
            4 => single.interface_index = u32_of(value, order),
            5 => single.gateway = address(value),
            6 => route.metric = u32_of(value, order)?,
            7 => route.preferred_source = address(value),
            8 => {
                let mtu = attributes(value, order).find(|(kind, _)| *kind == 2);
                route.mtu = mtu.and_then(|(_, mtu)| u32_of(mtu, order)).unwrap_or(0);
            }
            9 => route.next_hops = next_hops(value, order)?,
            15 => route.table = u32_of(value, order)?,
            18 => single.gateway = via(value),
            30 => route.nexthop_id = u32_of(value, order),
            _ => {}
        }
    }
    if route.next_hops.is_empty() {
        route.next_hops.push(single);
    }
    Some(route)
}

/// A gateway of another family (`struct rtvia`): the family, then the address.
fn via(value: &[u8]) -> Option<IpAddr> {
    address(value.get(2..)?)
}

/// Several ways (`struct rtnexthop` with attributes, one behind the other).
fn next_hops(value: &[u8], order: ByteOrder) -> Option<Vec<NextHop>> {
    const HEADER_LENGTH: usize = 8;
    let mut hops = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let mut fields = Fields::of(rest, order);
        let length = usize::from(fields.u16()?);
        let [_, weight] = fields.array()?;
        let interface_index = fields.u32()?;
        let mut gateway = None;
        for (kind, value) in attributes(rest.get(HEADER_LENGTH..length)?, order) {
            match kind {
                5 => gateway = address(value),
                18 => gateway = via(value),
                _ => {}
            }
        }
        hops.push(NextHop {
            gateway,
            interface_index: Some(interface_index),
            weight: Some(u16::from(weight).saturating_add(1)),
        });
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(hops)
}

/// The name of a route's type as `ip route` has it.
pub(crate) fn route_type(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "unicast",
        2 => "local",
        3 => "broadcast",
        4 => "anycast",
        5 => "multicast",
        6 => "blackhole",
        7 => "unreachable",
        8 => "prohibit",
        9 => "throw",
        10 => "nat",
        11 => "xresolve",
        _ => return None,
    })
}

/// The name of who made a route, as `/etc/iproute2/rt_protos` has it.
pub(crate) fn protocol_name(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "unspec",
        1 => "redirect",
        2 => "kernel",
        3 => "boot",
        4 => "static",
        8 => "gated",
        9 => "ra",
        10 => "mrt",
        11 => "zebra",
        12 => "bird",
        13 => "dnrouted",
        14 => "xorp",
        15 => "ntk",
        16 => "dhcp",
        17 => "mrouted",
        18 => "keepalived",
        42 => "babel",
        84 => "ovn",
        99 => "openr",
        186 => "bgp",
        187 => "isis",
        188 => "ospf",
        189 => "rip",
        192 => "eigrp",
        _ => return None,
    })
}

/// The name of a routing table.
pub(crate) fn table_name(number: u32) -> Option<&'static str> {
    Some(match number {
        253 => "default",
        254 => "main",
        255 => "local",
        _ => return None,
    })
}

/// The name of how far an address or route reaches.
pub(crate) fn scope_name(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "global",
        200 => "site",
        253 => "link",
        254 => "host",
        255 => "nowhere",
        _ => return None,
    })
}

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule<'a> {
    /// `inet` or `inet6`.
    pub(crate) family: &'static str,
    pub(crate) priority: u32,
    pub(crate) action: u8,
    pub(crate) table: u32,
    pub(crate) source: Option<IpAddr>,
    pub(crate) source_length: u8,
    pub(crate) destination: Option<IpAddr>,
    pub(crate) destination_length: u8,
    pub(crate) incoming: Option<&'a [u8]>,
    pub(crate) outgoing: Option<&'a [u8]>,
    pub(crate) mark: Option<u32>,
    pub(crate) mark_mask: Option<u32>,
    pub(crate) tos: u8,
    pub(crate) ip_protocol: Option<u8>,
    pub(crate) goto: Option<u32>,
    pub(crate) is_inverted: bool,
    pub(crate) suppressed_prefix_length: Option<u32>,
    pub(crate) protocol: Option<u8>,
}

/// Reads a dump of rules. Families that are neither IPv4 nor IPv6 are left out.
pub(crate) fn rules(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Rule<'_>>> {
    each_inet_message(bytes, order, RULE, "expected a rule", rule)
}

fn rule(mut fields: Fields<'_>) -> Option<Rule<'_>> {
    /// `FIB_RULE_INVERT`.
    const INVERTED: u32 = 2;
    let order = fields.order();
    let [family, destination_length, source_length, tos] = fields.array()?;
    let [table, _, _, action] = fields.array()?;
    let flags = fields.u32()?;
    let mut rule = Rule {
        family: family_name(family)?,
        priority: 0,
        action,
        table: u32::from(table),
        source: None,
        source_length,
        destination: None,
        destination_length,
        incoming: None,
        outgoing: None,
        mark: None,
        mark_mask: None,
        tos,
        ip_protocol: None,
        goto: None,
        is_inverted: flags & INVERTED != 0,
        suppressed_prefix_length: None,
        protocol: None,
    };
    for (kind, value) in fields.attributes() {
        match kind {
            1 => rule.destination = address(value),
            2 => rule.source = address(value),
            3 => rule.incoming = Some(text_of(value)),
            4 => rule.goto = u32_of(value, order),
            6 => rule.priority = u32_of(value, order)?,
            10 => rule.mark = u32_of(value, order),
            // All bits: none is suppressed.
            14 => {
                let length = u32_of(value, order);
                rule.suppressed_prefix_length = length.filter(|length| *length != u32::MAX);
            }
            15 => rule.table = u32_of(value, order)?,
            16 => rule.mark_mask = u32_of(value, order),
            17 => rule.outgoing = Some(text_of(value)),
            21 => rule.protocol = value.first().copied(),
            22 => rule.ip_protocol = value.first().copied(),
            _ => {}
        }
    }
    // The kernel tells the mask of every mark, and of none.
    if rule.mark.is_none() {
        rule.mark_mask = rule.mark_mask.filter(|mask| *mask != 0);
    }
    Some(rule)
}

/// The name of what a rule does.
pub(crate) fn action_name(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "lookup",
        2 => "goto",
        3 => "nop",
        6 => "blackhole",
        7 => "unreachable",
        8 => "prohibit",
        _ => return None,
    })
}

/// A neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Neighbor<'a> {
    /// `inet` or `inet6`.
    pub(crate) family: &'static str,
    pub(crate) interface_index: u32,
    pub(crate) address: IpAddr,
    pub(crate) mac: &'a [u8],
    /// `NUD_*` bits, of which one is set.
    pub(crate) state: u16,
    /// `NTF_*` bits.
    pub(crate) flags: u8,
}

impl Neighbor<'_> {
    /// Whether the host answers for the address (`NTF_PROXY`).
    pub(crate) fn is_proxy(&self) -> bool {
        self.flags & 8 != 0
    }

    /// Whether it is known to be a router (`NTF_ROUTER`).
    pub(crate) fn is_router(&self) -> bool {
        self.flags & 0x80 != 0
    }

    /// As `ip neigh` has it.
    pub(crate) fn state_name(&self) -> Option<&'static str> {
        Some(match self.state {
            0x01 => "INCOMPLETE",
            0x02 => "REACHABLE",
            0x04 => "STALE",
            0x08 => "DELAY",
            0x10 => "PROBE",
            0x20 => "FAILED",
            0x40 => "NOARP",
            0x80 => "PERMANENT",
            _ => return None,
        })
    }

    /// The flags that `/proc/net/arp` shows of it (`ATF_*`).
    pub(crate) fn arp_flags(&self) -> u32 {
        /// All states in which the hardware address is known.
        const VALID: u16 = 0x80 | 0x40 | 0x02 | 0x10 | 0x04 | 0x08;
        const PERMANENT: u16 = 0x80;
        if self.is_proxy() {
            return 8 | 4;
        }
        let complete = if self.state & VALID != 0 { 2 } else { 0 };
        let permanent = if self.state & PERMANENT != 0 { 4 } else { 0 };
        complete | permanent
    }
}

/// Reads a dump of neighbours. Families that are neither IPv4 nor IPv6, such as what bridges have learnt, are left out.
pub(crate) fn neighbors(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Neighbor<'_>>> {
    each_inet_message(bytes, order, NEIGHBOR, "expected a neighbour", neighbor)
}

fn neighbor(mut fields: Fields<'_>) -> Option<Neighbor<'_>> {
    let [family, _, _, _] = fields.array()?;
    let interface_index = fields.u32()?;
    let state = fields.u16()?;
    let [flags, _] = fields.array()?;
    let (mut at, mut mac) = (None, &b""[..]);
    for (kind, value) in fields.attributes() {
        match kind {
            1 => at = address(value),
            2 => mac = value,
            _ => {}
        }
    }
    Some(Neighbor {
        family: family_name(family)?,
        interface_index,
        address: at?,
        mac,
        state,
        flags,
    })
}

/// The flags that `route(8)` shows of a route (`RTF_*`): up, gateway, host, reject.
pub(crate) fn route_flags(route: &Route, hop: &NextHop) -> u32 {
    let full = if route.destination.is_ipv4() { 32 } else { 128 };
    let gateway = if hop.gateway.is_some() { 2 } else { 0 };
    let host = if route.prefix_length == full { 4 } else { 0 };
    let reject = if matches!(route.kind, 6..=9) {
        0x200
    } else {
        0
    };
    1 | gateway | host | reject
}

#[cfg(test)]
mod tests;
