//! `/proc/PID/net/netlink`: a heading, then eight to ten columns.

use std::borrow::Cow;

use super::Parsed;
use super::bytes::{decimal, each_line, fields, hex, wrapped};

/// A netlink socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NetlinkSocket {
    /// As `ss` names it, or the number where it has no name.
    pub(crate) protocol: Cow<'static, str>,
    /// 0 for the kernel's own.
    pub(crate) port_id: u32,
    /// The first 32, a bit for each.
    pub(crate) groups: u32,
    pub(crate) recv_queue: u32,
    pub(crate) send_queue: u32,
    /// Since Linux 2.6.30.
    pub(crate) drops: Option<u32>,
    /// Since Linux 2.6.31.
    pub(crate) inode: Option<u64>,
}

/// Reads the lines below the heading.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<NetlinkSocket>> {
    each_line(
        input,
        |line| line.starts_with(b"sk "),
        "a netlink socket",
        |line| {
            let mut fields = fields(line);
            // Skipped: the address.
            let protocol = protocol(decimal(fields.nth(1)?)?);
            let port_id = wrapped(fields.next()?)?;
            let groups = hex(fields.next()?)?;
            let recv_queue = decimal(fields.next()?)?;
            let send_queue = decimal(fields.next()?)?;
            // Skipped: whether it dumps (an address before Linux 4.0), references.
            fields.nth(1)?;
            let mut last = || match fields.next() {
                None => Some(None),
                Some(digits) => Some(Some(decimal::<u64>(digits)?)),
            };
            let (drops, inode) = (last()?, last()?);
            Some(NetlinkSocket {
                protocol,
                port_id,
                groups,
                recv_queue,
                send_queue,
                drops: drops.and_then(|drops| u32::try_from(drops).ok()),
                inode,
            })
        },
    )
}

/// The name of a netlink protocol as `ss` has it.
pub(crate) fn protocol(number: u32) -> Cow<'static, str> {
    Cow::Borrowed(match number {
        0 => "rtnl",
        1 => "unused",
        2 => "usersock",
        3 => "fw",
        4 => "tcpdiag",
        5 => "nflog",
        6 => "xfrm",
        7 => "selinux",
        8 => "iscsi",
        9 => "audit",
        10 => "fiblookup",
        11 => "connector",
        12 => "nft",
        13 => "ip6fw",
        14 => "dec-rt",
        15 => "uevent",
        16 => "genl",
        18 => "scsi-trans",
        19 => "ecryptfs",
        20 => "rdma",
        21 => "crypto",
        22 => "smc",
        other => return Cow::Owned(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], issues: usize, expected: &[NetlinkSocket]) {
        let parsed = parse(input);
        assert_eq!(parsed.value, expected);
        assert_eq!(parsed.issues.len(), issues);
    }

    #[test]
    fn sockets() {
        let kernel = NetlinkSocket {
            protocol: "rtnl".into(),
            port_id: 0,
            groups: 0,
            recv_queue: 0,
            send_queue: 0,
            drops: Some(0),
            inode: Some(4),
        };
        check(
            b"sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n\
              0000000000000000 0   0          00000000 0        0        0     2        0        4       \n\
              00000000abcdef01 15  4294963199 80000002 4352     128      0     2        7        18446744073709551615\n",
            0,
            &[
                kernel.clone(),
                NetlinkSocket {
                    protocol: "uevent".into(),
                    port_id: 4_294_963_199,
                    groups: 0x8000_0002,
                    recv_queue: 4352,
                    send_queue: 128,
                    drops: Some(7),
                    inode: Some(u64::MAX),
                },
            ],
        );
        // Dump as an address, a negative port id, no inode.
        check(
            b"sk       Eth Pid    Groups   Rmem     Wmem     Dump     Locks     Drops     Inode\n\
              f6f3c800 31  -4097  00000000 0        0          (null) 2        0        4\n\
              f6f3c800 0   0      00000000 0        0        00000000 2\n",
            0,
            &[
                NetlinkSocket {
                    protocol: "31".into(),
                    port_id: 4_294_963_199,
                    ..kernel.clone()
                },
                NetlinkSocket {
                    drops: None,
                    inode: None,
                    ..kernel
                },
            ],
        );
    }

    #[test]
    fn hostile() {
        check(b"", 0, &[]);
        check(
            b"0 0 0 0 0 0 0\n\0\xff\n0 0 4294967296 0 0 0 0 2 0 1\n0 0 0 0 0 0 0 2 x 1\n",
            4,
            &[],
        );
    }
}
