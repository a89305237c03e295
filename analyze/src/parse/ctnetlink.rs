//! Answers of ctnetlink: entries and expectations of connection tracking (`linux/netfilter/nfnetlink_conntrack.h`). Numbers in
//! attributes are in network order.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::Parsed;
use super::netlink::{
    ByteOrder, Fields, address, any_address, attributes, each_message, family_name, text_of, u8_of,
};
use super::nf_conntrack::{Direction, Entry, Offload};

/// `IPCTNL_MSG_CT_NEW` of `NFNL_SUBSYS_CTNETLINK`.
const ENTRY: u16 = 1 << 8;
/// `IPCTNL_MSG_EXP_NEW` of `NFNL_SUBSYS_CTNETLINK_EXP`.
const EXPECTATION: u16 = 2 << 8;

const SEEN_REPLY: u32 = 1 << 1;
const ASSURED: u32 = 1 << 2;
const OFFLOAD: u32 = 1 << 14;
const HARDWARE_OFFLOAD: u32 = 1 << 15;

const TCP_STATES: &[&str] = &[
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
];
const SCTP_STATES: &[&str] = &[
    "NONE",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
    "HEARTBEAT_SENT",
    "HEARTBEAT_ACKED",
];
const DCCP_STATES: &[&str] = &[
    "NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT", "IGNORE",
    "INVALID",
];

/// What only the dump tells of an entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Details<'a> {
    pub(crate) id: Option<u32>,
    pub(crate) status: u32,
    /// Nanoseconds since 1970.
    pub(crate) start: Option<u64>,
    pub(crate) labels: Option<&'a [u8]>,
    pub(crate) helper: Option<&'a [u8]>,
}

/// Reads a dump of entries.
pub(crate) fn entries(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<(Entry<'_>, Details<'_>)>> {
    each_message(
        bytes,
        order,
        ENTRY,
        "expected an entry of connection tracking",
        entry,
    )
}

fn entry(mut fields: Fields<'_>) -> Option<(Entry<'_>, Details<'_>)> {
    let order = fields.order();
    // Version and resource.
    let [family, _, _, _] = fields.array()?;
    let mut entry = Entry {
        family: family_name(family)?,
        // What is 0 is left out.
        mark: Some(0),
        ..Entry::default()
    };
    let mut details = Details::default();
    let mut protocol = None;
    for (kind, value) in fields.attributes() {
        match kind {
            1 => protocol = Some(original(&mut entry, value, order)?),
            2 => {
                let tuple = Tuple::read(value, order)?;
                tuple.into_direction(&mut entry.reply);
            }
            3 => details.status = be32(value)?,
            4 => entry.state = state(value, order).map(str::as_bytes),
            5 => {
                let help = attributes(value, order).find(|(kind, _)| *kind == 1);
                details.helper = help.map(|(_, name)| text_of(name));
            }
            7 => entry.timeout = Some(be32(value)?),
            8 => entry.mark = Some(be32(value)?),
            9 => counters(&mut entry.original, value, order),
            10 => counters(&mut entry.reply, value, order),
            11 => entry.uses = Some(be32(value)?),
            12 => details.id = Some(be32(value)?),
            18 => entry.zone = Some(be16(value)?),
            19 => {
                let name = attributes(value, order).find(|(kind, _)| *kind == 1);
                entry.security_context = name.map(|(_, name)| text_of(name));
            }
            20 => {
                let start = attributes(value, order).find(|(kind, _)| *kind == 1);
                details.start = start.and_then(|(_, start)| be64(start));
            }
            22 => details.labels = Some(value),
            _ => {}
        }
    }
    entry.protocol_number = protocol?;
    entry.protocol = protocol_name(entry.protocol_number).as_bytes();
    entry.reply.dst?;
    entry.assured = details.status & ASSURED != 0;
    entry.unreplied = details.status & SEEN_REPLY == 0;
    entry.offload = match details.status {
        status if status & HARDWARE_OFFLOAD != 0 => Some(Offload::Hardware),
        status if status & OFFLOAD != 0 => Some(Offload::Software),
        _ => None,
    };
    Some((entry, details))
}

/// Takes the tuple that the flow began with; returns its protocol.
fn original(entry: &mut Entry<'_>, value: &[u8], order: ByteOrder) -> Option<u8> {
    let tuple = Tuple::read(value, order)?;
    let protocol = tuple.protocol?;
    entry.icmp_type = tuple.icmp_type;
    entry.icmp_code = tuple.icmp_code;
    tuple.into_direction(&mut entry.original);
    Some(protocol)
}

/// Addresses, ports and what other protocols have in their place (`CTA_TUPLE_*`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tuple {
    src: Option<IpAddr>,
    dst: Option<IpAddr>,
    protocol: Option<u8>,
    sport: Option<u16>,
    dport: Option<u16>,
    icmp_id: Option<u16>,
    icmp_type: Option<u8>,
    icmp_code: Option<u8>,
    zone: Option<u16>,
}

impl Tuple {
    fn read(value: &[u8], order: ByteOrder) -> Option<Self> {
        let mut tuple = Tuple::default();
        for (kind, value) in attributes(value, order) {
            match kind {
                1 => {
                    for (kind, value) in attributes(value, order) {
                        match kind {
                            1 | 3 => tuple.src = Some(address(value)?),
                            2 | 4 => tuple.dst = Some(address(value)?),
                            _ => {}
                        }
                    }
                }
                2 => {
                    for (kind, value) in attributes(value, order) {
                        match kind {
                            1 => tuple.protocol = Some(u8_of(value)?),
                            2 => tuple.sport = Some(be16(value)?),
                            3 => tuple.dport = Some(be16(value)?),
                            4 | 7 => tuple.icmp_id = Some(be16(value)?),
                            5 | 8 => tuple.icmp_type = Some(u8_of(value)?),
                            6 | 9 => tuple.icmp_code = Some(u8_of(value)?),
                            _ => {}
                        }
                    }
                }
                3 => tuple.zone = Some(be16(value)?),
                _ => {}
            }
        }
        Some(tuple)
    }

    fn into_direction(self, direction: &mut Direction) {
        const GRE: u8 = 47;
        direction.src = self.src;
        direction.dst = self.dst;
        if self.protocol == Some(GRE) {
            direction.src_key = self.sport.map(u32::from);
            direction.dst_key = self.dport.map(u32::from);
        } else {
            direction.sport = self.sport;
            direction.dport = self.dport;
        }
        direction.icmp_id = self.icmp_id;
        direction.zone = self.zone;
    }
}

/// As `/proc/PID/net/nf_conntrack` names them.
fn protocol_name(number: u8) -> &'static str {
    match number {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        33 => "dccp",
        47 => "gre",
        58 => "icmpv6",
        132 => "sctp",
        136 => "udplite",
        _ => "unknown",
    }
}

/// The state of a protocol that has one (`CTA_PROTOINFO_*`).
fn state(value: &[u8], order: ByteOrder) -> Option<&'static str> {
    let (kind, value) = attributes(value, order).next()?;
    let names = match kind {
        1 => TCP_STATES,
        2 => DCCP_STATES,
        3 => SCTP_STATES,
        _ => return None,
    };
    let (_, number) = attributes(value, order).find(|(kind, _)| *kind == 1)?;
    names.get(usize::from(u8_of(number)?)).copied()
}

fn counters(direction: &mut Direction, value: &[u8], order: ByteOrder) {
    for (kind, value) in attributes(value, order) {
        match kind {
            1 => direction.packets = be64(value),
            2 => direction.bytes = be64(value),
            _ => {}
        }
    }
}

/// A set of labels as hexadecimal digits, the first label last; `None` where it is empty. The kernel keeps it as words of eight
/// bytes, each in the host's order.
pub(crate) fn labels(bytes: &[u8], order: ByteOrder) -> Option<String> {
    if bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    let mut text = String::new();
    for word in bytes.chunks(8).rev() {
        let digits = |text: &mut String, byte: &u8| {
            let _ = write!(text, "{byte:02x}");
        };
        match order {
            ByteOrder::Little => word.iter().rev().for_each(|byte| digits(&mut text, byte)),
            ByteOrder::Big => word.iter().for_each(|byte| digits(&mut text, byte)),
        }
    }
    Some(text)
}

fn be16(value: &[u8]) -> Option<u16> {
    value.first_chunk().copied().map(u16::from_be_bytes)
}

fn be32(value: &[u8]) -> Option<u32> {
    value.first_chunk().copied().map(u32::from_be_bytes)
}

fn be64(value: &[u8]) -> Option<u64> {
    value.first_chunk().copied().map(u64::from_be_bytes)
}

/// A connection that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expectation<'a> {
    /// `inet` or `inet6`.
    pub(crate) family: &'static str,
    pub(crate) protocol_number: u8,
    pub(crate) expected: Direction,
    pub(crate) src_port_mask: Option<u16>,
    pub(crate) master_protocol_number: Option<u8>,
    pub(crate) master: Direction,
    pub(crate) timeout: Option<u32>,
    pub(crate) id: Option<u32>,
    pub(crate) helper: Option<&'a [u8]>,
    pub(crate) flags: u32,
    pub(crate) zone: u16,
}

/// Reads a dump of expectations.
pub(crate) fn expectations(bytes: &[u8], order: ByteOrder) -> Parsed<Vec<Expectation<'_>>> {
    each_message(
        bytes,
        order,
        EXPECTATION,
        "expected an expectation of connection tracking",
        expectation,
    )
}

fn expectation(mut fields: Fields<'_>) -> Option<Expectation<'_>> {
    let order = fields.order();
    let [family, _, _, _] = fields.array()?;
    let mut expectation = Expectation {
        family: family_name(family)?,
        protocol_number: 0,
        expected: Direction::default(),
        src_port_mask: None,
        master_protocol_number: None,
        master: Direction::default(),
        timeout: None,
        id: None,
        helper: None,
        flags: 0,
        zone: 0,
    };
    let mut protocol = None;
    let mut source_mask = None;
    for (kind, value) in fields.attributes() {
        match kind {
            1 => {
                let tuple = Tuple::read(value, order)?;
                expectation.master_protocol_number = tuple.protocol;
                tuple.into_direction(&mut expectation.master);
            }
            2 => {
                let tuple = Tuple::read(value, order)?;
                protocol = tuple.protocol;
                tuple.into_direction(&mut expectation.expected);
            }
            3 => {
                let mask = Tuple::read(value, order)?;
                expectation.src_port_mask = mask.sport;
                source_mask = mask.src;
            }
            4 => expectation.timeout = be32(value),
            5 => expectation.id = be32(value),
            6 => expectation.helper = Some(text_of(value)),
            7 => expectation.zone = be16(value)?,
            8 => expectation.flags = be32(value)?,
            _ => {}
        }
    }
    expectation.protocol_number = protocol?;
    // From anywhere: the address that stands there means nothing then.
    if source_mask == Some(any_address(family)) {
        expectation.expected.src = None;
    }
    Some(expectation)
}

#[cfg(test)]
mod tests {
    use super::super::netlink::fixture::{attribute, message, torture};
    use super::*;

    fn tuple(kind: u16, src: &[u8], dst: &[u8], proto: &[u8]) -> Vec<u8> {
        let (source, destination) = if src.len() == 4 { (1, 2) } else { (3, 4) };
        let ip = [attribute(source, src), attribute(destination, dst)].concat();
        let parts = [attribute(0x8001, &ip), attribute(0x8002, proto)].concat();
        attribute(kind | 0x8000, &parts)
    }

    fn ports(protocol: u8, source: u16, destination: u16) -> Vec<u8> {
        [
            attribute(1, &[protocol]),
            attribute(2, &source.to_be_bytes()),
            attribute(3, &destination.to_be_bytes()),
        ]
        .concat()
    }

    fn dnat() -> Vec<u8> {
        let payload = [
            &[2, 0, 0, 0][..],
            &tuple(1, &[192, 0, 2, 9], &[192, 0, 2, 1], &ports(6, 40_000, 8080)),
            &tuple(
                2,
                &[198, 51, 100, 2],
                &[192, 0, 2, 9],
                &ports(6, 80, 40_000),
            ),
            &attribute(3, &0x1ae_u32.to_be_bytes()),
            &attribute(0x8004, &attribute(0x8001, &attribute(1, &[3]))),
            &attribute(7, &431_999_u32.to_be_bytes()),
            &attribute(8, &7_u32.to_be_bytes()),
            &attribute(
                0x8009,
                &[
                    attribute(1, &5_u64.to_be_bytes()),
                    attribute(2, &600_u64.to_be_bytes()),
                ]
                .concat(),
            ),
            &attribute(11, &1_u32.to_be_bytes()),
            &attribute(12, &0xdead_beef_u32.to_be_bytes()),
            &attribute(18, &3_u16.to_be_bytes()),
            &attribute(0x8013, &attribute(1, b"system_u:object_r:x\0")),
            &attribute(0x8014, &attribute(1, &1_000_000_000_u64.to_be_bytes())),
            &attribute(22, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]),
        ];
        message(ENTRY, &payload.concat())
    }

    #[test]
    fn an_entry_with_everything() {
        let dump = dnat();
        let parsed = entries(&dump, ByteOrder::Little);
        assert_eq!(parsed.issues, []);
        let [(entry, details)] = parsed.value.try_into().unwrap();
        let shown = |address: Option<IpAddr>| address.unwrap().to_string();
        assert_eq!((entry.protocol, entry.protocol_number), (&b"tcp"[..], 6));
        assert_eq!(entry.state, Some(&b"ESTABLISHED"[..]));
        assert_eq!(
            (shown(entry.original.dst), entry.original.dport),
            ("192.0.2.1".into(), Some(8080))
        );
        assert_eq!(
            (shown(entry.reply.src), entry.reply.sport),
            ("198.51.100.2".into(), Some(80))
        );
        assert_eq!(entry.nat(), Some("dnat"));
        assert_eq!(
            (entry.assured, entry.unreplied, entry.mark, entry.zone),
            (true, false, Some(7), Some(3))
        );
        assert_eq!(
            (entry.original.packets, entry.original.bytes),
            (Some(5), Some(600))
        );
        assert_eq!(entry.security_context, Some(&b"system_u:object_r:x"[..]));
        assert_eq!(details.id, Some(0xdead_beef));
        assert_eq!(details.start, Some(1_000_000_000));
        assert_eq!(
            labels(details.labels.unwrap(), ByteOrder::Little).as_deref(),
            Some("80000000000000000000000000000001")
        );
        assert_eq!(labels(&[0; 16], ByteOrder::Little), None);
        torture(&dump, |bytes, order| entries(bytes, order).value.len());
    }

    #[test]
    fn protocols_without_ports() {
        let v6 = |last| {
            let mut address = [0; 16];
            (address[0], address[1], address[15]) = (0x20, 1, last);
            address
        };
        let ping = [
            attribute(1, &[58]),
            attribute(7, &9_u16.to_be_bytes()),
            attribute(8, &[128]),
            attribute(9, &[0]),
        ];
        let payload = [
            &[10, 0, 0, 0][..],
            &tuple(1, &v6(1), &v6(2), &ping.concat()),
            &tuple(2, &v6(2), &v6(1), &ping.concat()),
            &attribute(3, &8_u32.to_be_bytes()),
        ];
        let gre = [
            &[2, 0, 0, 0][..],
            &tuple(1, &[192, 0, 2, 1], &[192, 0, 2, 2], &ports(47, 1, 2)),
            &tuple(2, &[192, 0, 2, 2], &[192, 0, 2, 1], &ports(47, 2, 1)),
        ];
        let other = [
            &[2, 0, 0, 0][..],
            &tuple(1, &[192, 0, 2, 1], &[192, 0, 2, 2], &attribute(1, &[50])),
            &tuple(2, &[192, 0, 2, 2], &[192, 0, 2, 1], &attribute(1, &[50])),
        ];
        let dump = [payload.concat(), gre.concat(), other.concat()];
        let dump: Vec<u8> = dump
            .iter()
            .flat_map(|payload| message(ENTRY, payload))
            .collect();
        let parsed = entries(&dump, ByteOrder::Little);
        assert_eq!(parsed.issues, []);
        let [(ping, _), (gre, _), (other, _)] = parsed.value.try_into().unwrap();
        assert_eq!((ping.family, ping.protocol), ("inet6", &b"icmpv6"[..]));
        assert_eq!(
            (ping.icmp_type, ping.icmp_code, ping.original.icmp_id),
            (Some(128), Some(0), Some(9))
        );
        assert!(ping.unreplied);
        assert_eq!((gre.original.src_key, gre.original.sport), (Some(1), None));
        assert_eq!(
            (other.protocol, other.protocol_number, other.nat()),
            (&b"unknown"[..], 50, None)
        );
    }

    #[test]
    fn what_is_expected() {
        let payload = [
            &[2, 0, 0, 0][..],
            &tuple(1, &[192, 0, 2, 9], &[192, 0, 2, 1], &ports(6, 40_000, 21)),
            &tuple(2, &[192, 0, 2, 1], &[192, 0, 2, 9], &ports(6, 0, 5000)),
            &tuple(3, &[255; 4], &[255; 4], &ports(6, 0, 65_535)),
            &attribute(4, &299_u32.to_be_bytes()),
            &attribute(5, &5_u32.to_be_bytes()),
            &attribute(6, b"ftp\0"),
            &attribute(8, &1_u32.to_be_bytes()),
        ];
        let dump = message(EXPECTATION, &payload.concat());
        let parsed = expectations(&dump, ByteOrder::Little);
        assert_eq!(parsed.issues, []);
        let [row] = parsed.value.try_into().unwrap();
        assert_eq!(
            (row.expected.dport, row.src_port_mask),
            (Some(5000), Some(0))
        );
        assert_eq!(
            (row.master.dport, row.helper),
            (Some(21), Some(&b"ftp"[..]))
        );
        assert_eq!((row.timeout, row.flags, row.id), (Some(299), 1, Some(5)));
        torture(&dump, |bytes, order| expectations(bytes, order).value.len());
    }
}
