//! `/proc/PID/net/dev`: two lines of heading, then an interface and sixteen counters.

use super::Parsed;
use super::bytes::{cut_last, decimal, each_line, fields};

/// The counters of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interface<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) received: Counters,
    pub(crate) frame_errors: u64,
    pub(crate) received_compressed: u64,
    pub(crate) multicast: u64,
    pub(crate) sent: Counters,
    pub(crate) collisions: u64,
    pub(crate) carrier_errors: u64,
    pub(crate) sent_compressed: u64,
}

/// The counters that both directions have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
    pub(crate) errors: u64,
    pub(crate) drops: u64,
    /// Overruns.
    pub(crate) fifo: u64,
}

/// Reads the lines below the heading.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Interface<'_>>> {
    each_line(
        input,
        |line| line.contains(&b'|'),
        "an interface and its counters",
        |line| {
            // Old kernels put no blank behind the colon, and an alias has one in its name.
            let (name, counters) = cut_last(line, b':')?;
            let mut next = fields(counters).map(decimal::<u64>);
            Some(Interface {
                name: name.trim_ascii_start(),
                received: direction(&mut next)?,
                frame_errors: next.next()??,
                received_compressed: next.next()??,
                multicast: next.next()??,
                sent: direction(&mut next)?,
                collisions: next.next()??,
                carrier_errors: next.next()??,
                sent_compressed: next.next()??,
            })
        },
    )
}

fn direction(counters: &mut impl Iterator<Item = Option<u64>>) -> Option<Counters> {
    Some(Counters {
        bytes: counters.next()??,
        packets: counters.next()??,
        errors: counters.next()??,
        drops: counters.next()??,
        fifo: counters.next()??,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces() {
        let check = |input: &[u8], issues: usize, expected: &[Interface<'_>]| {
            let parsed = parse(input);
            assert_eq!(parsed.value, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"Inter-|   Receive                                                |  Transmit\n \
              face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n  \
              eth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
            0,
            &[Interface {
                name: b"eth0",
                received: Counters { bytes: 1, packets: 2, errors: 3, drops: 4, fifo: 5 },
                frame_errors: 6,
                received_compressed: 7,
                multicast: 8,
                sent: Counters { bytes: 9, packets: 10, errors: 11, drops: 12, fifo: 13 },
                collisions: 14,
                carrier_errors: 15,
                sent_compressed: 16,
            }],
        );
        // An alias has a colon in its name, and counters may have no blank before them and 64 bits.
        let parsed = parse(b"eth0:1:18446744073709551615 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0\nbr-30:       7       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0\n");
        assert_eq!(parsed.issues, []);
        let rows: Vec<_> = parsed
            .value
            .iter()
            .map(|row| (row.name, row.received.bytes, row.sent.bytes))
            .collect();
        assert_eq!(rows, [(&b"eth0:1"[..], u64::MAX, 5), (b"br-30", 7, 0)]);
        check(b"", 0, &[]);
        check(b"eth0: 1 2 3\n\0\xff\neth0: 99999999999999999999 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", 3, &[]);
    }
}
