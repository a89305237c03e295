//! `/proc/PID/net/fib_trie`: the routing tables of IPv4 as a tree, of which only the host's own addresses are read.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::address::written;
use super::bytes::{fields, is_blank, lines};
use super::{Issue, Parsed};

/// The host's own addresses: leaves with a route `/32 host LOCAL`, each once however many tables show it.
pub(crate) fn parse(input: &[u8]) -> Parsed<BTreeSet<Ipv4Addr>> {
    let mut parsed = Parsed::from(BTreeSet::new());
    let mut leaf = None;
    for (number, line) in lines(input) {
        if is_blank(line) {
            continue;
        }
        let mut fields = fields(line);
        match fields.next() {
            Some(b"|--") => {
                leaf = match fields.next().and_then(written) {
                    Some(IpAddr::V4(address)) => Some(address),
                    _ => None,
                };
                if leaf.is_none() {
                    parsed.note(Issue::at(number, "an address", line));
                }
            }
            // An inner node, or the heading of a table (`Main:`, `Id 7:`).
            Some(b"+--") => leaf = None,
            _ if line.ends_with(b":") => leaf = None,
            Some(b"/32") if fields.next() == Some(b"host") && fields.next() == Some(b"LOCAL") => {
                parsed.value.extend(leaf);
            }
            Some(prefix) if prefix.starts_with(b"/") => {}
            _ => parsed.note(Issue::at(number, "a node of the tree", line)),
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_addresses() {
        let check = |input: &[u8], issues: usize, expected: &[&str]| {
            let parsed = parse(input);
            let shown: Vec<_> = parsed.value.iter().map(Ipv4Addr::to_string).collect();
            assert_eq!(shown, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 192.0.2.0\n        \
              /24 link UNICAST\nLocal:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.0\n        /8 host LOCAL\n     |-- 127.0.0.1\n        \
              /32 host LOCAL\n     |-- 192.0.2.5\n        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n",
            0,
            &["127.0.0.1", "192.0.2.5"],
        );
        check(b"", 0, &[]);
        check(b"/32 host LOCAL\n|-- 1.2.3\n/32 host LOCAL\n\0\xff", 2, &[]);
    }
}
