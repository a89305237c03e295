//! `/proc/PID/net/{tcp,tcp6,udp,udp6}`: one layout for four files.

use std::net::IpAddr;

use super::Parsed;
use super::address::ByteOrder;
use super::bytes::{cut, decimal, each_line, fields, hex};

/// A socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InetSocket {
    pub(crate) local: (IpAddr, u16),
    pub(crate) remote: (IpAddr, u16),
    /// As `ss` writes it.
    pub(crate) state: &'static str,
    pub(crate) send_queue: u32,
    pub(crate) recv_queue: u32,
    pub(crate) uid: u32,
    pub(crate) inode: u64,
}

/// Reads the lines below the heading.
pub(crate) fn parse(input: &[u8], order: ByteOrder) -> Parsed<Vec<InetSocket>> {
    each_line(
        input,
        |line| line.trim_ascii_start().starts_with(b"sl "),
        "a socket",
        |line| socket(line, order),
    )
}

fn socket(line: &[u8], order: ByteOrder) -> Option<InetSocket> {
    let mut fields = fields(line);
    fields.next()?.strip_suffix(b":")?;
    let local = order.endpoint(fields.next()?)?;
    let remote = order.endpoint(fields.next()?)?;
    let state = state(fields.next()?)?;
    let (send_queue, recv_queue) = cut(fields.next()?, b':')?;
    Some(InetSocket {
        local,
        remote,
        state,
        send_queue: hex(send_queue)?,
        recv_queue: hex(recv_queue)?,
        // Skipped: timer, retransmits; time-out.
        uid: decimal(fields.nth(2)?)?,
        inode: decimal(fields.nth(1)?)?,
    })
}

/// The kernel's `TCP_*` states, which UDP borrows.
fn state(code: &[u8]) -> Option<&'static str> {
    Some(match hex::<u8>(code)? {
        1 => "ESTAB",
        2 => "SYN-SENT",
        // 12 is a request that is not yet a socket, `TCP_NEW_SYN_RECV`.
        3 | 12 => "SYN-RECV",
        4 => "FIN-WAIT-1",
        5 => "FIN-WAIT-2",
        6 => "TIME-WAIT",
        7 => "UNCONN",
        8 => "CLOSE-WAIT",
        9 => "LAST-ACK",
        10 => "LISTEN",
        11 => "CLOSING",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn check(lines: &[u8], issues: usize, expected: &[InetSocket]) {
        let text = [HEADING.as_bytes(), lines].concat();
        let parsed = parse(&text, ByteOrder::Little);
        assert_eq!(parsed.value, expected);
        assert_eq!(parsed.issues.len(), issues);
    }

    #[test]
    fn sockets() {
        let listening = InetSocket {
            local: ("192.0.2.1".parse().unwrap(), 8080),
            remote: ("0.0.0.0".parse().unwrap(), 0),
            state: "LISTEN",
            send_queue: 0,
            recv_queue: 3,
            uid: 33,
            inode: u64::MAX,
        };
        check(
            b"   0: 010200C0:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000    33        0 18446744073709551615 1 0\n",
            0,
            &[listening],
        );
        check(
            b"23456: 010200C0:1F90 00000000:0000 07 00000002:00000003 00:00000000 00000000    33        0 7 2 0 0\n",
            0,
            &[InetSocket {
                state: "UNCONN",
                send_queue: 2,
                inode: 7,
                ..listening
            }],
        );
    }

    #[test]
    fn hostile() {
        check(b"", 0, &[]);
        check(
            b"   0: 010200C0:1F90 00000000:0000 0A\n\0\xff\n   1: 010200C0:1F90 00000000:0000 FF 0:0 0:0 0 0 0 0\n",
            3,
            &[],
        );
    }
}
