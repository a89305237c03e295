//! `/proc/PID/net/snmp` and `netstat` (a line of names, then a line of numbers), `snmp6` (a name and a number a line),
//! `sockstat` and `sockstat6` (names and numbers by turns).

use super::bytes::{cut, each_line, fields, integer, is_blank, lines, no_heading};
use super::{Issue, Parsed};

/// A counter of a protocol, in the kernel's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counter<'a> {
    pub(crate) protocol: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) value: i64,
}

/// Reads `snmp` and `netstat`. Names without their numbers, and numbers without their names, cost that line.
pub(crate) fn parse_pairs(input: &[u8]) -> Parsed<Vec<Counter<'_>>> {
    let mut parsed = Parsed::from(Vec::new());
    let mut heading: Option<(u64, &[u8])> = None;
    for (number, line) in lines(input).filter(|(_, line)| !is_blank(line)) {
        let has_numbers = protocol(line).is_some_and(|(_, rest)| {
            let first = rest.trim_ascii_start().first();
            first.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')
        });
        match heading.take() {
            Some((_, names)) if has_numbers && is_pair(names, line) => {
                if !add_pair(names, line, &mut parsed.value) {
                    let reason = "a number for each name";
                    parsed.note(Issue::at(number, reason, line));
                }
                continue;
            }
            Some((at, names)) => parsed.note(Issue::at(at, LONELY, names)),
            None => {}
        }
        if has_numbers || protocol(line).is_none() {
            parsed.note(Issue::at(number, LONELY, line));
        } else {
            heading = Some((number, line));
        }
    }
    if let Some((at, names)) = heading {
        parsed.note(Issue::at(at, LONELY, names));
    }
    parsed
}

const LONELY: &str = "a protocol's names, then its numbers";

fn protocol(line: &[u8]) -> Option<(&[u8], &[u8])> {
    cut(line, b':').filter(|(protocol, _)| !protocol.is_empty())
}

fn is_pair(names: &[u8], numbers: &[u8]) -> bool {
    protocol(names).map(|(name, _)| name) == protocol(numbers).map(|(name, _)| name)
}

/// Adds the counters that have both; says whether all had.
fn add_pair<'a>(names: &'a [u8], numbers: &[u8], counters: &mut Vec<Counter<'a>>) -> bool {
    let (Some((protocol, names)), Some((_, numbers))) = (protocol(names), protocol(numbers)) else {
        return false;
    };
    let (names, numbers) = (fields(names), fields(numbers));
    let mut all = names.clone().count() == numbers.clone().count();
    for (name, number) in names.zip(numbers) {
        match integer(number) {
            Some(value) => counters.push(Counter {
                protocol,
                name,
                value,
            }),
            None => all = false,
        }
    }
    all
}

/// Reads `snmp6`: the protocol's name ends in the first 6.
pub(crate) fn parse_list(input: &[u8]) -> Parsed<Vec<Counter<'_>>> {
    each_line(input, no_heading, "a name and a number", |line| {
        let mut fields = fields(line);
        let whole = fields.next()?;
        let end = whole.iter().position(|byte| *byte == b'6')?;
        let (protocol, name) = whole.split_at_checked(end.checked_add(1)?)?;
        Some(Counter {
            protocol,
            name,
            value: integer(fields.next()?)?,
        })
    })
}

/// Reads `sockstat` and `sockstat6`.
pub(crate) fn parse_turns(input: &[u8]) -> Parsed<Vec<Counter<'_>>> {
    let lines = each_line(input, no_heading, "a protocol, names and numbers", |line| {
        let (protocol, rest) = protocol(line)?;
        let mut fields = fields(rest);
        let mut counters = Vec::new();
        while let Some(name) = fields.next() {
            counters.push(Counter {
                protocol,
                name,
                value: integer(fields.next()?)?,
            });
        }
        Some(counters)
    });
    lines.map(|lists| lists.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parsed: &Parsed<Vec<Counter<'_>>>) -> (Vec<String>, Vec<Option<u64>>) {
        let text = String::from_utf8_lossy;
        let show = |counter: &Counter<'_>| {
            let (protocol, name) = (text(counter.protocol), text(counter.name));
            format!("{protocol} {name} {}", counter.value)
        };
        (
            parsed.value.iter().map(show).collect(),
            parsed.issues.iter().map(|issue| issue.line).collect(),
        )
    }

    #[test]
    fn pairs_of_lines() {
        let parsed = parse_pairs(
            b"Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: MaxConn ActiveOpens\nTcp: -1 12\nIcmpMsg: InType3\nIcmpMsg: 7\n",
        );
        let expected = [
            "Ip Forwarding 1",
            "Ip DefaultTTL 64",
            "Tcp MaxConn -1",
            "Tcp ActiveOpens 12",
            "IcmpMsg InType3 7",
        ];
        assert_eq!(
            shown(&parsed),
            (expected.map(str::to_owned).to_vec(), vec![])
        );
    }

    #[test]
    fn odd_pairs() {
        let check = |input: &[u8], expected: &[&str], issues: &[u64]| {
            let issues: Vec<_> = issues.iter().copied().map(Some).collect();
            let expected: Vec<_> = expected.iter().map(|row| (*row).to_owned()).collect();
            assert_eq!(shown(&parse_pairs(input)), (expected, issues));
        };
        check(b"", &[], &[]);
        // The numbers of Ip are missing, then its names.
        check(b"Ip: A B\nTcp: A\nTcp: 1\nIp: 1 2\n", &["Tcp A 1"], &[1, 4]);
        check(b"Ip: A B\nIp: 1\n", &["Ip A 1"], &[2]);
        check(b"Ip: A\nIp: 1 2\n", &["Ip A 1"], &[2]);
        check(b"Ip: A B\nIp: 18446744073709551615 2\n", &["Ip B 2"], &[2]);
        check(b"\0\xff\nIp: A\n", &[], &[1, 2]);
        check(b": A\n: 1\n", &[], &[1, 2]);
    }

    #[test]
    fn lists_and_turns() {
        let parsed = parse_list(
            b"Ip6InReceives                   \t120\nUdpLite6OutDatagrams  3\nIcmp6OutType143 4\n",
        );
        let expected = [
            "Ip6 InReceives 120",
            "UdpLite6 OutDatagrams 3",
            "Icmp6 OutType143 4",
        ];
        assert_eq!(
            shown(&parsed),
            (expected.map(str::to_owned).to_vec(), vec![])
        );
        let parsed = parse_list(b"IpInReceives 1\nIp6InReceives\n\0\xff6 x\n");
        assert_eq!(shown(&parsed), (vec![], vec![Some(1), Some(2), Some(3)]));

        let parsed =
            parse_turns(b"sockets: used 290\nTCP: inuse 5 orphan 0\nFRAG6: inuse 0 memory 0\n");
        let expected = [
            "sockets used 290",
            "TCP inuse 5",
            "TCP orphan 0",
            "FRAG6 inuse 0",
            "FRAG6 memory 0",
        ];
        assert_eq!(
            shown(&parsed),
            (expected.map(str::to_owned).to_vec(), vec![])
        );
        let parsed = parse_turns(b"TCP: inuse\nTCP inuse 5\n\0\xff: a b\n");
        assert_eq!(shown(&parsed), (vec![], vec![Some(1), Some(2), Some(3)]));
    }
}
