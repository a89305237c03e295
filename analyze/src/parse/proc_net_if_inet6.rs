//! `/proc/PID/net/if_inet6`: six columns without a heading.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use super::Parsed;
use super::address::v6_network_order;
use super::bytes::{each_line, fields, hex, no_heading};

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InterfaceAddress<'a> {
    pub(crate) address: Ipv6Addr,
    pub(crate) prefix_length: u8,
    /// A word, or the number where there is none.
    pub(crate) scope: Cow<'static, str>,
    pub(crate) interface: &'a [u8],
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<InterfaceAddress<'_>>> {
    each_line(input, no_heading, "an IPv6 address", |line| {
        let mut fields = fields(line);
        let address = v6_network_order(fields.next()?)?;
        // Skipped: the interface's number; the flags.
        let prefix_length = hex(fields.nth(1)?)?;
        let scope = match hex::<u8>(fields.next()?)? {
            0x00 => Cow::Borrowed("global"),
            0x10 => Cow::Borrowed("host"),
            0x20 => Cow::Borrowed("link"),
            0x40 => Cow::Borrowed("site"),
            other => Cow::Owned(other.to_string()),
        };
        Some(InterfaceAddress {
            address,
            prefix_length,
            scope,
            interface: fields.nth(1)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |input: &[u8], issues: usize, expected: &[(&str, u8, &str, &[u8])]| {
            let parsed = parse(input);
            let rows: Vec<_> = parsed
                .value
                .iter()
                .map(|row| {
                    (
                        row.address.to_string(),
                        row.prefix_length,
                        &*row.scope,
                        row.interface,
                    )
                })
                .collect();
            let rows: Vec<_> = rows
                .iter()
                .map(|(address, length, scope, interface)| {
                    (&**address, *length, *scope, *interface)
                })
                .collect();
            assert_eq!(rows, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"00000000000000000000000000000001 01 80 10 80       lo\n20010db8000000000000000000000001 02 40 00 00     eth0\n\
              20010db8000000000000000000000002 02 40 50 00     eth0\n",
            0,
            &[
                ("::1", 128, "host", b"lo"),
                ("2001:db8::1", 64, "global", b"eth0"),
                ("2001:db8::2", 64, "80", b"eth0"),
            ],
        );
        check(b"", 0, &[]);
        check(
            b"0001 01 80 10 80 lo\n\0\xff\n20010db8000000000000000000000001 02 140\n",
            3,
            &[],
        );
    }
}
