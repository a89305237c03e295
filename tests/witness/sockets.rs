//! Sockets: `ss`, against the table of sockets.

use std::path::Path;

use super::facts::{Facts, latin, latin_hex};
use crate::common::namespace::{in_network_of, network_of};
use crate::common::succeed;

/// Sockets of the network namespaces.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    /// Addresses, states and holders.
    pub(crate) inet: Facts,
    pub(crate) unix: Facts,
    /// Raw, packet and netlink sockets, one fact each with its holder.
    pub(crate) other: Facts,
    /// Queues.
    pub(crate) moving: Facts,
}

/// A line of `ss`: columns, holders and details.
struct Line<'a> {
    columns: Vec<&'a str>,
    holders: Vec<String>,
    inode: Option<&'a str>,
    uid: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Line<'a> {
        let (columns, details) = match line.find(" users:(") {
            Some(at) => line.split_at(at),
            None => (line, line),
        };
        let detail = |name: &str| {
            let found = details
                .split_whitespace()
                .find_map(|word| word.strip_prefix(name));
            found.map(|value| value.trim_matches(|character: char| !character.is_ascii_digit()))
        };
        let holders = details.split("pid=").skip(1).filter_map(|rest| {
            let (pid, rest) = rest.split_once(",fd=")?;
            let fd: String = rest.chars().take_while(char::is_ascii_digit).collect();
            Some(format!("{pid} {fd}"))
        });
        let mut holders: Vec<_> = holders.collect();
        if holders.is_empty() {
            holders.push("nobody".to_owned());
        }
        Line {
            columns: columns.split_whitespace().collect(),
            holders,
            inode: detail("ino:"),
            uid: detail("uid:"),
        }
    }
}

impl Sockets {
    pub(crate) fn witnessed(namespaces: &[u32]) -> Sockets {
        let mut sockets = Sockets::default();
        for pid in namespaces {
            let namespace = network_of(*pid);
            let ask = |flags: &[&str]| {
                let shown = succeed(
                    in_network_of(*pid, "ss")
                        .args(["-H", "-a", "-n", "-p", "-e"])
                        .args(flags),
                    &[0],
                );
                latin(&shown)
            };
            for protocol in ["tcp", "udp", "raw"] {
                for (family, flag) in [("inet", "-4"), ("inet6", "-6")] {
                    let shown = ask(&[&format!("--{protocol}"), flag]);
                    for line in shown.lines() {
                        sockets.inet_line(namespace, protocol, family, line);
                    }
                }
            }
            for line in ask(&["--unix"]).lines() {
                sockets.unix_line(namespace, line);
            }
            // What follows a line of a packet socket is indented.
            for line in ask(&["--packet"])
                .lines()
                .filter(|line| line.starts_with("p_"))
            {
                sockets.packet_line(namespace, line);
            }
            for line in ask(&["--family=netlink"]).lines() {
                let line = Line::read(line);
                let (protocol, port) = line.columns[3].split_once(':').expect("protocol:port");
                // Written as a signed number.
                let port: i64 = port.parse().expect("a number");
                sockets.other.0.insert(format!(
                    "{namespace} netlink {}: port {}",
                    netlink_name(protocol),
                    port & 0xffff_ffff
                ));
            }
        }
        sockets
    }

    fn inet_line(&mut self, namespace: u64, protocol: &str, family: &str, line: &str) {
        let line = Line::read(line);
        let (state, local, remote) = (line.columns[0], line.columns[3], line.columns[4]);
        let (local, remote) = (address(local, family), address(remote, family));
        let socket = format!("{namespace} {protocol} {family} {local} {remote}");
        for holder in &line.holders {
            let held = format!("{socket} {holder}");
            let facts = if protocol == "raw" {
                &mut self.other
            } else {
                &mut self.inet
            };
            facts.add(&held, "state", state);
            if protocol == "raw" {
                continue;
            }
            if let Some(inode) = line.inode {
                self.inet.add(&held, "inode", inode);
            }
            // `ss` names every user but root.
            if state != "TIME-WAIT" {
                self.inet.add(&held, "uid", line.uid.unwrap_or("0"));
            }
            self.moving.add(&held, "recv_queue", line.columns[1]);
            let second = if state == "LISTEN" {
                "backlog_limit"
            } else {
                "send_queue"
            };
            self.moving.add(&held, second, line.columns[2]);
        }
    }

    fn unix_line(&mut self, namespace: u64, line: &str) {
        let parsed = Line::read(line);
        let kind = match parsed.columns[0] {
            "u_str" => "stream",
            "u_dgr" => "dgram",
            "u_seq" => "seqpacket",
            other => panic!("no kind {other}"),
        };
        // Behind the path: its inode, the path of the peer, and its inode, 0 where there is none.
        let peer = line.split(" users:(").next().expect("a part");
        let peer = peer.split(" <-> ").next().expect("a part").trim_end();
        let peer = peer.rsplit(char::is_whitespace).next().expect("a part");
        // A path may hold blanks: it ends before its inode, the peer and the peer's inode.
        let columns = line.split(" users:(").next().expect("a part");
        let columns = columns.split(" <-> ").next().expect("a part").trim_end();
        let mut from_end = columns.rsplitn(4, char::is_whitespace).skip(2);
        let inode = from_end.next().expect("the inode");
        let front = from_end.next().expect("what is before it");
        // Kind, state and queues stand before it.
        let path = (0..4).fold(front, |rest, _| {
            let rest = rest.trim_start().split_once(char::is_whitespace);
            rest.map_or("", |(_, rest)| rest)
        });
        let socket = format!("{namespace} unix {kind} {inode}");
        for holder in &parsed.holders {
            self.unix.add(&socket, "holder", holder);
        }
        self.unix.add(&socket, "state", parsed.columns[1]);
        if peer != "0" {
            self.unix.add(&socket, "peer_inode", peer);
        }
        self.unix.add(&socket, "uid", parsed.uid.unwrap_or("0"));
        if path.trim() != "*" {
            self.unix.add(&socket, "path", latin_hex(path.trim()));
        }
    }

    fn packet_line(&mut self, namespace: u64, line: &str) {
        let line = Line::read(line);
        let kind = match line.columns[0] {
            "p_raw" => "raw",
            "p_dgr" => "dgram",
            other => panic!("no kind {other}"),
        };
        let inode = line.inode.expect("packet sockets have one");
        for holder in &line.holders {
            self.other.0.insert(format!(
                "{namespace} packet {kind} {inode}: holder {holder}"
            ));
        }
    }

    pub(crate) fn stored(database: &Path) -> Sockets {
        let ask = |sql: &str| Facts::query(database, sql);
        let held = "FROM sockets AS s LEFT JOIN process_fds AS f ON f.type = 'socket' AND f.inode = s.inode";
        let name = "s.net_namespace || ' ' || s.protocol || ' ' || s.family || ' ' || s.local_address || ' ' || s.local_port
            || ' ' || s.remote_address || ' ' || s.remote_port || ' ' || coalesce(f.pid || ' ' || f.fd, 'nobody') AS subject";
        let mut unix = ask(
            "SELECT net_namespace || ' unix ' || protocol || ' ' || inode AS subject, state, nullif(hex(path), '') AS path,
               peer_inode, uid
             FROM sockets WHERE family = 'unix'",
        );
        let holders = ask(&format!(
            "SELECT DISTINCT s.net_namespace || ' unix ' || s.protocol || ' ' || s.inode || ': holder '
               || coalesce(f.pid || ' ' || f.fd, 'nobody') AS subject, '' AS alone {held} WHERE s.family = 'unix'"
        ));
        unix.0.extend(
            holders
                .0
                .iter()
                .filter_map(|fact| fact.strip_suffix(": alone "))
                .map(str::to_owned),
        );
        Sockets {
            inet: ask(&format!(
                "SELECT {name}, s.state, s.inode, iif(s.state = 'TIME-WAIT', NULL, s.uid) AS uid {held}
                 WHERE s.protocol IN ('tcp', 'udp')"
            )),
            unix,
            other: {
                let mut other = ask(&format!(
                    "SELECT {name}, s.state {held} WHERE s.protocol = 'raw' AND s.family GLOB 'inet*'"
                ));
                let packet = ask(&format!(
                    "SELECT s.net_namespace || ' packet ' || s.protocol || ' ' || s.inode AS subject,
                       coalesce(f.pid || ' ' || f.fd, 'nobody') AS holder {held} WHERE s.family = 'packet'"
                ));
                let netlink = ask(
                    "SELECT net_namespace || ' netlink ' || protocol AS subject, port_id AS port
                     FROM sockets WHERE family = 'netlink'
                       -- Those through which the capture asked.
                       AND port_id NOT IN (SELECT pid FROM processes WHERE is_collector)",
                );
                other.0.extend(packet.0.into_iter().chain(netlink.0));
                other
            },
            moving: ask(&format!(
                "SELECT {name}, s.recv_queue, iif(s.state = 'LISTEN', NULL, s.send_queue) AS send_queue,
                   s.backlog_limit {held} WHERE s.protocol IN ('tcp', 'udp')"
            )),
        }
    }
}

/// Names of netlink protocols, as `ss` has them where it does not write numbers.
fn netlink_name(number: &str) -> &str {
    match number {
        "0" => "rtnl",
        "4" => "tcpdiag",
        "6" => "xfrm",
        "9" => "audit",
        "10" => "fiblookup",
        "12" => "nft",
        "15" => "uevent",
        "16" => "genl",
        other => other,
    }
}

/// `ss` writes `*` for the IPv6 wildcard of a socket that takes both families, and for any port; it names the interface of
/// a link-local address, which `/proc` does not.
fn address(shown: &str, family: &str) -> String {
    let (address, port) = shown.rsplit_once(':').expect("address:port");
    let address = address.split('%').next().expect("a part");
    let address = address.trim_start_matches('[').trim_end_matches(']');
    let address = match (address, family) {
        ("*", "inet6") => "::",
        ("*", _) => "0.0.0.0",
        _ => address,
    };
    format!("{address} {}", if port == "*" { "0" } else { port })
}
