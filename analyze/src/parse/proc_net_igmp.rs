//! `/proc/PID/net/igmp` and `/proc/PID/net/igmp6`: the multicast groups that interfaces listen to.

use std::net::IpAddr;

use super::address::{ByteOrder, Words, v6_network_order};
use super::bytes::{cut_last, decimal, each_line, fields, is_blank, lines, no_heading};
use super::{Issue, Parsed};

/// A group that an interface listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Membership<'a> {
    pub(crate) interface_index: u32,
    pub(crate) interface: &'a [u8],
    pub(crate) group: IpAddr,
    pub(crate) users: u32,
    /// Version of IGMP that the interface speaks, such as `V3`; IPv4 alone.
    pub(crate) querier: Option<&'a [u8]>,
}

/// Reads the lines of `igmp` below the heading: a line for each interface, then one for each of its groups, indented.
pub(crate) fn parse(input: &[u8], order: ByteOrder) -> Parsed<Vec<Membership<'_>>> {
    let mut parsed = Parsed::from(Vec::new());
    let mut interface = None;
    for (number, line) in lines(input) {
        if is_blank(line) || line.starts_with(b"Idx") {
            continue;
        }
        let understood = if line.first().is_some_and(u8::is_ascii_whitespace) {
            interface
                .and_then(|interface| group(line, interface, order))
                .map(|membership| parsed.value.push(membership))
        } else {
            interface = interface_line(line);
            interface.map(|_| ())
        };
        if understood.is_none() {
            let reason = "an interface or one of its multicast groups";
            parsed.note(Issue::at(number, reason, line));
        }
    }
    parsed
}

/// What the line of an interface says.
#[derive(Clone, Copy)]
struct Interface<'a> {
    index: u32,
    name: &'a [u8],
    querier: Option<&'a [u8]>,
}

fn interface_line(line: &[u8]) -> Option<Interface<'_>> {
    let (before, after) = cut_last(line, b':')?;
    let mut before = fields(before);
    Some(Interface {
        index: decimal(before.next()?)?,
        name: before.next()?,
        querier: fields(after).nth(1),
    })
}

fn group<'a>(line: &[u8], interface: Interface<'a>, order: ByteOrder) -> Option<Membership<'a>> {
    let mut fields = fields(line);
    Some(Membership {
        interface_index: interface.index,
        interface: interface.name,
        group: IpAddr::V4(order.v4(fields.next()?)?),
        users: decimal(fields.next()?)?,
        querier: interface.querier,
    })
}

/// Reads the lines of `igmp6`.
pub(crate) fn parse_v6(input: &[u8]) -> Parsed<Vec<Membership<'_>>> {
    each_line(input, no_heading, "an IPv6 multicast group", |line| {
        let mut fields = fields(line);
        Some(Membership {
            interface_index: decimal(fields.next()?)?,
            interface: fields.next()?,
            group: IpAddr::V6(v6_network_order(fields.next()?)?),
            users: decimal(fields.next()?)?,
            querier: None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parsed: &Parsed<Vec<Membership<'_>>>, issues: usize, expected: &[&str]) {
        let shown: Vec<_> = parsed
            .value
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} {} {}",
                    row.interface_index,
                    schema::text::escaped(row.interface),
                    row.group,
                    row.users,
                    schema::text::escaped(row.querier.unwrap_or(b"-"))
                )
            })
            .collect();
        assert_eq!(shown, expected);
        assert_eq!(parsed.issues.len(), issues);
    }

    #[test]
    fn groups() {
        let text = b"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n\
                     1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n\
                     12\tlong-name.1000:     2      V2\n\t\t\t\tFB0000E0     2 1:000000C8\t\t1\n\t\t\t\t010000E0     1 0:00000000\t\t0\n";
        check(
            &parse(text, ByteOrder::Little),
            0,
            &[
                "1 lo 224.0.0.1 1 V3",
                "12 long-name.1000 224.0.0.251 2 V2",
                "12 long-name.1000 224.0.0.1 1 V2",
            ],
        );
        check(
            &parse(
                b"2\teth0      :     1      V3\n                E0000001     1 0:FFFA22F0      0\n",
                ByteOrder::Big,
            ),
            0,
            &["2 eth0 224.0.0.1 1 V3"],
        );
        check(
            &parse_v6(
                b"1    lo              ff020000000000000000000000000001     1 0000000C 0\n\
                  1234 averylongname12 ff0200000000000000000001ff000001     3 00000004 0\n",
            ),
            0,
            &[
                "1 lo ff02::1 1 -",
                "1234 averylongname12 ff02::1:ff00:1 3 -",
            ],
        );
    }

    #[test]
    fn hostile() {
        check(&parse(b"", ByteOrder::Little), 0, &[]);
        // A group of no interface, or of one that was not understood.
        let odd = b"\t\t\t\t010000E0     1 0:0\t\t0\nx\tlo: 1 V3\n\t\t\t\t010000E0     1 0:0\t\t0\n1\tlo: 1 V3\n\t\t\t\t0100\n\0\xff\n";
        check(&parse(odd, ByteOrder::Little), 5, &[]);
        check(
            &parse_v6(b"1 lo ff02 1\n\0\xff\n99999999999 lo ff020000000000000000000000000001 1\n"),
            3,
            &[],
        );
    }
}
