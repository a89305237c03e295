//! `/proc/PID/net/packet`: a heading, then nine columns.

use super::Parsed;
use super::bytes::{decimal, each_line, fields, hex};

/// A packet socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketSocket {
    /// `raw` or `dgram`; `packet` for the obsolete kind.
    pub(crate) kind: &'static str,
    /// Number of the Ethernet protocol; 3 for all.
    pub(crate) ether_type: u16,
    /// 0 for all interfaces.
    pub(crate) interface_index: u32,
    pub(crate) recv_queue: u32,
    pub(crate) uid: u32,
    pub(crate) inode: u64,
}

/// Reads the lines below the heading.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<PacketSocket>> {
    each_line(
        input,
        |line| line.starts_with(b"sk "),
        "a packet socket",
        |line| {
            let mut fields = fields(line);
            // Skipped: the address, references.
            let kind = match fields.nth(2)? {
                b"2" => "dgram",
                b"3" => "raw",
                b"10" => "packet",
                _ => return None,
            };
            let ether_type = hex(fields.next()?)?;
            let interface_index = decimal(fields.next()?)?;
            // Skipped: whether it runs.
            let recv_queue = decimal(fields.nth(1)?)?;
            Some(PacketSocket {
                kind,
                ether_type,
                interface_index,
                recv_queue,
                uid: decimal(fields.next()?)?,
                inode: decimal(fields.next()?)?,
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], issues: usize, expected: &[PacketSocket]) {
        let parsed = parse(input);
        assert_eq!(parsed.value, expected);
        assert_eq!(parsed.issues.len(), issues);
    }

    #[test]
    fn sockets() {
        let all = PacketSocket {
            kind: "raw",
            ether_type: 3,
            interface_index: 2,
            recv_queue: 450_880,
            uid: 0,
            inode: 16643,
        };
        check(
            b"sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n\
              00000000605d2c64 3      3    0003   2     1 450880 0      16643 \n\
              f6f3c800 2      2    88cc   0     0 0      101    17404 7\n",
            0,
            &[
                all,
                PacketSocket {
                    kind: "dgram",
                    ether_type: 0x88cc,
                    interface_index: 0,
                    recv_queue: 0,
                    uid: 101,
                    inode: 17404,
                },
            ],
        );
    }

    #[test]
    fn hostile() {
        check(b"", 0, &[]);
        check(
            b"0 3 3 0003 2 1 0 0\n\0\xff\n0 3 4 0003 2 1 0 0 1\n0 3 3 10003 2 1 0 0 1\n",
            4,
            &[],
        );
    }
}
