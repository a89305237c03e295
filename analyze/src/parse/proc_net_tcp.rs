//! `/proc/PID/net/{tcp,udp,udplite,icmp,raw}` and those with a `6`: one layout for ten files.

use std::net::IpAddr;

use super::Parsed;
use super::address::{ByteOrder, Words};
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
    /// As `ss -o` writes it; `off` where none runs.
    pub(crate) timer: &'static str,
    /// Clock ticks until the timer ends.
    pub(crate) timer_ticks: u64,
    pub(crate) retransmits: u32,
    pub(crate) uid: u32,
    pub(crate) inode: u64,
    /// Of all but TCP, which has another number in its place.
    pub(crate) drops: Option<u64>,
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
    let (timer, ticks) = cut(fields.next()?, b':')?;
    Some(InetSocket {
        local,
        remote,
        state,
        send_queue: hex(send_queue)?,
        recv_queue: hex(recv_queue)?,
        timer: running(timer)?,
        timer_ticks: hex(ticks)?,
        retransmits: hex(fields.next()?)?,
        uid: decimal(fields.next()?)?,
        // Skipped: time-out; references, address.
        inode: decimal(fields.nth(1)?)?,
        drops: fields.nth(2).and_then(decimal),
    })
}

/// What a timer waits for.
fn running(code: &[u8]) -> Option<&'static str> {
    Some(match hex::<u8>(code)? {
        0 => "off",
        1 => "on",
        2 => "keepalive",
        3 => "timewait",
        4 => "persist",
        _ => "unknown",
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
            timer: "off",
            timer_ticks: 0,
            retransmits: 0,
            uid: 33,
            inode: u64::MAX,
            drops: None,
        };
        check(
            b"   0: 010200C0:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000    33        0 18446744073709551615 1 0\n",
            0,
            &[listening],
        );
        check(
            b"23456: 010200C0:1F90 00000000:0000 07 00000002:00000003 00:00000000 00000000    33        0 7 2 00000000f36aa1b9 4294967296\n",
            0,
            &[InetSocket {
                state: "UNCONN",
                send_queue: 2,
                inode: 7,
                drops: Some(4_294_967_296),
                ..listening
            }],
        );
    }

    #[test]
    fn timers() {
        let timers = |line: &str| {
            let parsed = parse(line.as_bytes(), ByteOrder::Little);
            assert_eq!(parsed.issues, []);
            parsed
                .value
                .first()
                .map(|row| (row.state, row.timer, row.timer_ticks, row.retransmits))
        };
        assert_eq!(
            timers(
                "   3: 010200C0:0016 020200C0:C000 01 00000024:00000000 01:00000019 00000003     0        0 9 4 0 25 4 29 10 -1"
            ),
            Some(("ESTAB", "on", 25, 3))
        );
        // Kernels 2.6 end the line early; TIME-WAIT and requests have no owner.
        assert_eq!(
            timers(
                "   4: 010200C0:0016 020200C0:C000 06 00000000:00000000 03:00001770 00000000     0        0 0 3 f6f3c800"
            ),
            Some(("TIME-WAIT", "timewait", 6000, 0))
        );
        assert_eq!(
            timers(
                "   5: 010200C0:0016 020200C0:C000 03 00000000:00000000 01:00000064 00000001     0        0 0 0"
            ),
            Some(("SYN-RECV", "on", 100, 1))
        );
    }

    #[test]
    fn byte_orders_and_families() {
        let check = |order, line: &str, local: &str, remote: &str| {
            let parsed = parse(line.as_bytes(), order);
            assert_eq!(parsed.issues, []);
            let row = parsed.value.first().unwrap();
            let shown = |(address, port)| std::net::SocketAddr::new(address, port).to_string();
            assert_eq!(
                (shown(row.local), shown(row.remote)),
                (local.into(), remote.into())
            );
        };
        let rest = "01 00000000:00000000 00:00000000 00000000 0 0 1 1 0 20 4 30 10 -1";
        check(
            ByteOrder::Big,
            &format!("   0: C0000201:0016 C6336402:01BB {rest}"),
            "192.0.2.1:22",
            "198.51.100.2:443",
        );
        // As numbers of four bytes each, so big-endian hosts write the address as it is.
        check(
            ByteOrder::Big,
            &format!(
                "   0: 20010DB8000000000000000000000001:0016 00000000000000000000FFFFC0000202:C000 {rest}"
            ),
            "[2001:db8::1]:22",
            "[::ffff:192.0.2.2]:49152",
        );
        check(
            ByteOrder::Little,
            &format!(
                "   0: B80D0120000000000000000001000000:0016 0000000000000000FFFF0000020200C0:C000 {rest}"
            ),
            "[2001:db8::1]:22",
            "[::ffff:192.0.2.2]:49152",
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
