//! What all netlink dumps have in common: numbers at fixed places, messages that are rows, attributes.
//!
//! Numbers are in the byte order of the captured host, or where a protocol says so in that of the network; so no library that
//! takes the byte order of this machine can read them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) use schema::parse::netlink::{ByteOrder, attributes};
use schema::parse::netlink::{DONE, ERROR, messages};

use super::{Issue, Parsed};

/// `NLMSG_NOOP`.
const NOTHING: u16 = 1;
/// `AF_INET`.
pub(crate) const AF_INET: u8 = 2;
/// `AF_INET6`.
pub(crate) const AF_INET6: u8 = 10;

/// Parses each message of a dump; one that `parse` refuses, and bytes that are none, become an issue.
pub(crate) fn each_message<'a, T>(
    bytes: &'a [u8],
    order: ByteOrder,
    kind: u16,
    expected: &'static str,
    parse: impl FnMut(Fields<'a>) -> Option<T>,
) -> Parsed<Vec<T>> {
    each_wanted(bytes, order, kind, expected, |_| true, parse)
}

/// The same of messages that begin with an address family, without those of others than IPv4 and IPv6.
pub(crate) fn each_inet_message<'a, T>(
    bytes: &'a [u8],
    order: ByteOrder,
    kind: u16,
    expected: &'static str,
    parse: impl FnMut(Fields<'a>) -> Option<T>,
) -> Parsed<Vec<T>> {
    let is_inet = |payload: &[u8]| {
        let family = payload.first().copied();
        family.is_none_or(|family| family_name(family).is_some())
    };
    each_wanted(bytes, order, kind, expected, is_inet, parse)
}

fn each_wanted<'a, T>(
    bytes: &'a [u8],
    order: ByteOrder,
    kind: u16,
    expected: &'static str,
    is_wanted: impl Fn(&[u8]) -> bool,
    mut parse: impl FnMut(Fields<'a>) -> Option<T>,
) -> Parsed<Vec<T>> {
    let mut parsed = Parsed::from(Vec::new());
    for message in messages(bytes, order) {
        let message = match message {
            Ok(message) => message,
            Err(rest) => {
                parsed.note(Issue::whole("expected a netlink message", rest));
                break;
            }
        };
        let is_row = !matches!(message.kind, NOTHING | ERROR | DONE);
        if !is_row || (message.kind == kind && !is_wanted(message.payload)) {
            continue;
        }
        let fields = Fields {
            rest: message.payload,
            order,
        };
        let row = (message.kind == kind).then(|| parse(fields)).flatten();
        match row {
            Some(row) => parsed.value.push(row),
            None => parsed.note(Issue::whole(expected, message.payload)),
        }
    }
    parsed
}

/// The fixed part of a message or attribute, from its beginning on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
    order: ByteOrder,
}

impl<'a> Fields<'a> {
    /// Of the value of an attribute.
    pub(crate) fn of(value: &'a [u8], order: ByteOrder) -> Self {
        Fields { rest: value, order }
    }

    /// The byte order of its numbers.
    pub(crate) fn order(&self) -> ByteOrder {
        self.order
    }

    /// The next bytes as they are.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(|bytes| self.order.u16(bytes))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(|bytes| self.order.u32(bytes))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(|bytes| self.order.u64(bytes))
    }

    /// A port in network order.
    pub(crate) fn port(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// An address of the family, in sixteen bytes either way.
    pub(crate) fn wide_address(&mut self, family: u8) -> Option<IpAddr> {
        let bytes: [u8; 16] = self.array()?;
        match family {
            AF_INET => address(bytes.get(..4)?),
            AF_INET6 => Some(IpAddr::from(bytes)),
            _ => None,
        }
    }

    /// The attributes that follow.
    pub(crate) fn attributes(self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        attributes(self.rest, self.order)
    }
}

/// The name of an address family.
pub(crate) fn family_name(family: u8) -> Option<&'static str> {
    match family {
        AF_INET => Some("inet"),
        AF_INET6 => Some("inet6"),
        _ => None,
    }
}

/// An address, by its length.
pub(crate) fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::V4(Ipv4Addr::from(
            bytes.first_chunk::<4>().copied()?,
        ))),
        16 => Some(IpAddr::V6(Ipv6Addr::from(
            bytes.first_chunk::<16>().copied()?,
        ))),
        _ => None,
    }
}

/// The address that no bits of a prefix are set of: of the family's length.
pub(crate) fn any_address(family: u8) -> IpAddr {
    if family == AF_INET6 {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    }
}

/// A number of one byte.
pub(crate) fn u8_of(value: &[u8]) -> Option<u8> {
    value.first().copied()
}

/// A number of four bytes in the host's order.
pub(crate) fn u32_of(value: &[u8], order: ByteOrder) -> Option<u32> {
    Fields::of(value, order).u32()
}

/// Text without the NUL that ends it.
pub(crate) fn text_of(value: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, value).unwrap_or(value.len());
    value.get(..end).unwrap_or(value)
}

/// A hardware address as it is written; `None` for one of no bytes.
pub(crate) fn mac(bytes: &[u8]) -> Option<String> {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    (!digits.is_empty()).then(|| digits.join(":"))
}

/// Messages of a dump, for the tests of parsers.
#[cfg(test)]
pub(crate) mod fixture {
    use super::ByteOrder;

    /// One message.
    pub(crate) fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(16 + payload.len()).unwrap();
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(kind.to_le_bytes());
        bytes.extend([2, 0]);
        bytes.extend([0; 8]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// One attribute.
    pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(kind.to_le_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// Every beginning of a dump, and it with every byte changed, must be parsed without a panic.
    pub(crate) fn torture<T>(dump: &[u8], parse: impl Fn(&[u8], ByteOrder) -> T) {
        for end in 0..dump.len() {
            parse(&dump[..end], ByteOrder::Little);
            parse(&dump[..end], ByteOrder::Big);
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = dump.to_vec();
                changed[end] = value;
                parse(&changed, ByteOrder::Little);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{attribute, message};
    use super::*;

    #[test]
    fn rows_and_issues() {
        let dump = [
            message(20, &[7, 0, 0, 0]),
            message(21, b"other"),
            message(20, b""),
            message(DONE, &[0; 4]),
            b"tail".to_vec(),
        ];
        let dump = dump.concat();
        let parsed = each_message(&dump, ByteOrder::Little, 20, "a number", |mut fields| {
            fields.u32()
        });
        assert_eq!(parsed.value, [7]);
        let reasons: Vec<_> = parsed.issues.iter().map(|issue| &*issue.reason).collect();
        assert_eq!(
            reasons,
            ["a number", "a number", "expected a netlink message"]
        );
    }

    #[test]
    fn values() {
        let bytes = [
            &[AF_INET, 1, 0, 2, 0x1f, 0x90][..],
            &[192, 0, 2, 1],
            &[0; 12],
            &attribute(3, b"eth0\0\0"),
        ];
        let bytes = bytes.concat();
        let mut fields = Fields::of(&bytes, ByteOrder::Big);
        assert_eq!(fields.array(), Some([AF_INET, 1]));
        assert_eq!(fields.u16(), Some(2));
        assert_eq!(fields.port(), Some(8080));
        assert_eq!(
            fields.wide_address(AF_INET),
            Some("192.0.2.1".parse().unwrap())
        );
        let mut fields = Fields::of(&bytes, ByteOrder::Little);
        fields.array::<22>();
        let (kind, value) = fields.attributes().next().unwrap();
        assert_eq!((kind, text_of(value)), (3, &b"eth0"[..]));
        assert_eq!(fields.u64(), Some(u64::from_le_bytes(*b"\x0a\0\x03\0eth0")));
        assert_eq!(mac(&[2, 0xff]).as_deref(), Some("02:ff"));
        assert_eq!(mac(b""), None);
        assert_eq!(address(b"abc"), None);
    }
}
