//! `/proc/PID/net/arp`: a heading, then six columns.

use std::net::IpAddr;

use super::Parsed;
use super::address::written;
use super::bytes::{each_line, fields, hex};

/// A neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Neighbor<'a> {
    pub(crate) address: IpAddr,
    pub(crate) hardware_type: u32,
    pub(crate) flags: u32,
    /// Empty where the hardware has no addresses.
    pub(crate) mac: &'a [u8],
    pub(crate) interface: &'a [u8],
}

/// Reads the lines below the heading.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Neighbor<'_>>> {
    each_line(
        input,
        |line| line.starts_with(b"IP address "),
        "a neighbour",
        |line| {
            let mut fields = fields(line);
            let address = written(fields.next()?)?;
            let hardware_type = hex(fields.next()?.strip_prefix(b"0x")?)?;
            let flags = hex(fields.next()?.strip_prefix(b"0x")?)?;
            let fourth = fields.next()?;
            let fifth = fields.next()?;
            // The mask is always `*`.
            let (mac, interface) = match fields.next() {
                Some(interface) => (fourth, interface),
                None => (&b""[..], fifth),
            };
            Some(Neighbor {
                address,
                hardware_type,
                flags,
                mac,
                interface,
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors() {
        let check = |input: &[u8], issues: usize, expected: &[Neighbor<'_>]| {
            let parsed = parse(input);
            assert_eq!(parsed.value, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        let complete = Neighbor {
            address: "192.0.2.1".parse().unwrap(),
            hardware_type: 1,
            flags: 2,
            mac: b"02:00:5e:00:00:01",
            interface: b"eth0",
        };
        check(
            b"IP address       HW type     Flags       HW address            Mask     Device\n\
              192.0.2.1        0x1         0x2         02:00:5e:00:00:01     *        eth0\n\
              192.0.2.1        0x300       0x6                               *        tun0\n",
            0,
            &[
                complete,
                Neighbor {
                    hardware_type: 0x300,
                    flags: 6,
                    mac: b"",
                    interface: b"tun0",
                    ..complete
                },
            ],
        );
        // InfiniBand, cut by the kernel, and a neighbour that does not answer.
        check(
            b"192.0.2.1        0x20        0x2         80:00:00:48:fe:80:00:00:00:     *        ib0\n\
              192.0.2.1        0x1         0x0         00:00:00:00:00:00     *        eth0.100\n",
            0,
            &[
                Neighbor {
                    hardware_type: 0x20,
                    mac: b"80:00:00:48:fe:80:00:00:00:",
                    interface: b"ib0",
                    ..complete
                },
                Neighbor {
                    flags: 0,
                    mac: b"00:00:00:00:00:00",
                    interface: b"eth0.100",
                    ..complete
                },
            ],
        );
        check(b"", 0, &[]);
        check(
            b"192.0.2.1 0x1\n\0\xff\n192.0.2.300 0x1 0x2 a * b\n",
            3,
            &[],
        );
    }
}
