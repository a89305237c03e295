//! Addresses as the files of `/proc/PID/net` write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::{cut, hex};

pub(crate) use schema::parse::netlink::ByteOrder;

/// Addresses that the kernel writes as numbers, as they lie in its memory.
pub(crate) trait Words: Sized {
    /// The bytes of a word in memory.
    fn bytes(self, word: u32) -> [u8; 4];
    /// A word as a number, from how it lies in memory in network order.
    fn v4(self, digits: &[u8]) -> Option<Ipv4Addr>;
    /// Four words, each as a number.
    fn v6(self, digits: &[u8]) -> Option<Ipv6Addr>;
    /// `ADDRESS:PORT` of the socket tables, either family.
    fn endpoint(self, text: &[u8]) -> Option<(IpAddr, u16)>;
}

impl Words for ByteOrder {
    fn bytes(self, word: u32) -> [u8; 4] {
        match self {
            ByteOrder::Little => word.to_le_bytes(),
            ByteOrder::Big => word.to_be_bytes(),
        }
    }

    fn v4(self, digits: &[u8]) -> Option<Ipv4Addr> {
        if digits.len() != 8 {
            return None;
        }
        Some(Ipv4Addr::from(self.bytes(hex(digits)?)))
    }

    fn v6(self, digits: &[u8]) -> Option<Ipv6Addr> {
        if digits.len() != 32 {
            return None;
        }
        let mut address = [0; 16];
        for (place, word) in address.chunks_exact_mut(4).zip(digits.chunks_exact(8)) {
            place.copy_from_slice(&self.bytes(hex(word)?));
        }
        Some(Ipv6Addr::from(address))
    }

    fn endpoint(self, text: &[u8]) -> Option<(IpAddr, u16)> {
        let (address, port) = cut(text, b':')?;
        let address = match address.len() {
            8 => IpAddr::V4(self.v4(address)?),
            _ => IpAddr::V6(self.v6(address)?),
        };
        Some((address, hex(port)?))
    }
}

/// 32 hexadecimal digits in network order.
pub(crate) fn v6_network_order(digits: &[u8]) -> Option<Ipv6Addr> {
    ByteOrder::Big.v6(digits)
}

/// An address in its usual form.
pub(crate) fn written(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let check = |order: ByteOrder, text: &[u8], expected: Option<&str>| {
            let shown = order
                .endpoint(text)
                .map(|(address, port)| format!("{address} {port}"));
            assert_eq!(shown.as_deref(), expected);
        };
        check(ByteOrder::Little, b"010200C0:1F90", Some("192.0.2.1 8080"));
        check(ByteOrder::Big, b"C0000201:1F90", Some("192.0.2.1 8080"));
        check(
            ByteOrder::Little,
            b"B80D0120000000000000000001000000:0016",
            Some("2001:db8::1 22"),
        );
        check(
            ByteOrder::Little,
            b"0000000000000000FFFF0000010200C0:0016",
            Some("::ffff:192.0.2.1 22"),
        );
        check(ByteOrder::Little, b"", None);
        check(ByteOrder::Little, b"010200C0", None);
        check(ByteOrder::Little, b"010200C0:10000", None);
        check(ByteOrder::Little, b"01020\xff00:0016", None);
        assert_eq!(ByteOrder::of("big"), ByteOrder::Big);
    }
}
