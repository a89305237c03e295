//! Files of a control group below `/sys/fs/cgroup`, of both versions.

use super::bytes::{cut, decimal, fields, lines};

/// A number alone; `max` for none, and of version 1 what no machine has: the largest that fits, in whole pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// A number.
    Of(u64),
    /// No limit.
    Unlimited,
}

impl Amount {
    /// The number, if there is one.
    pub(crate) fn number(self) -> Option<u64> {
        match self {
            Amount::Of(number) => Some(number),
            Amount::Unlimited => None,
        }
    }
}

/// Reads a file that holds one number.
pub(crate) fn amount(input: &[u8]) -> Option<Amount> {
    /// `PAGE_COUNTER_MAX` of machines with pages of 64 KiB, and all above.
    const NO_LIMIT: u64 = 0x7fff_ffff_ffff_0000;
    match input.trim_ascii() {
        // `-1` is how the processor's quota says it.
        b"max" | b"-1" => Some(Amount::Unlimited),
        digits => match decimal::<u64>(digits)? {
            NO_LIMIT.. => Some(Amount::Unlimited),
            number => Some(Amount::Of(number)),
        },
    }
}

/// Quota and period of `cpu.max`.
pub(crate) fn quota(input: &[u8]) -> Option<(Amount, u64)> {
    let mut fields = fields(input.trim_ascii());
    Some((amount(fields.next()?)?, decimal(fields.next()?)?))
}

/// The value of a name in a file of `name value` lines.
pub(crate) fn named(input: &[u8], name: &[u8]) -> Option<u64> {
    lines(input).find_map(|(_, line)| {
        let (found, value) = cut(line, b' ')?;
        (found == name).then(|| decimal(value)).flatten()
    })
}

/// What was read and written, summed up over all devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Transfers {
    pub(crate) read_bytes: u64,
    pub(crate) written_bytes: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

/// Reads `io.stat`: a device, then `name=value`.
pub(crate) fn io_stat(input: &[u8]) -> Option<Transfers> {
    let mut all = Transfers::default();
    for (_, line) in lines(input) {
        for field in fields(line).skip(1) {
            let (name, value) = cut(field, b'=')?;
            let sum = match name {
                b"rbytes" => &mut all.read_bytes,
                b"wbytes" => &mut all.written_bytes,
                b"rios" => &mut all.reads,
                b"wios" => &mut all.writes,
                _ => continue,
            };
            *sum = sum.saturating_add(decimal(value)?);
        }
    }
    Some(all)
}

/// Reads a file of `blkio`, a device, `Read` or `Write` and a number: what was read and what was written.
pub(crate) fn blkio(input: &[u8]) -> Option<(u64, u64)> {
    let (mut read, mut written) = (0_u64, 0_u64);
    for (_, line) in lines(input) {
        let words: Vec<&[u8]> = fields(line).collect();
        match words.as_slice() {
            [_, b"Read", number] => read = read.saturating_add(decimal(number)?),
            [_, b"Write", number] => written = written.saturating_add(decimal(number)?),
            // Their sum, and other kinds.
            _ => {}
        }
    }
    Some((read, written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_limits() {
        assert_eq!(amount(b"4096\n"), Some(Amount::Of(4096)));
        assert_eq!(amount(b"max\n"), Some(Amount::Unlimited));
        assert_eq!(amount(b"9223372036854771712\n"), Some(Amount::Unlimited));
        assert_eq!(amount(b"-1\n"), Some(Amount::Unlimited));
        assert_eq!(quota(b"max 100000\n"), Some((Amount::Unlimited, 100_000)));
        assert_eq!(
            quota(b"50000 100000\n"),
            Some((Amount::Of(50_000), 100_000))
        );
        for odd in [&b""[..], b"x", b"-2", b"1 2", b"\xff"] {
            assert_eq!(amount(odd), None);
            assert_eq!(quota(&odd[..odd.len().min(1)]), None);
        }
    }

    #[test]
    fn files() {
        let events = b"low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n";
        assert_eq!(named(events, b"oom_kill"), Some(2));
        assert_eq!(named(events, b"oom"), Some(3));
        assert_eq!(named(events, b"none"), None);
        let stat = b"8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=5 wbytes=0 rios=1 wios=0\n";
        let sum = Transfers {
            read_bytes: 15,
            written_bytes: 20,
            reads: 2,
            writes: 2,
        };
        assert_eq!(io_stat(stat), Some(sum));
        assert_eq!(io_stat(b""), Some(Transfers::default()));
        assert_eq!(io_stat(b"8:0 rbytes=x\n"), None);
        let old = b"8:0 Read 10\n8:0 Write 20\n8:0 Sync 1\n8:0 Total 30\nTotal 30\n";
        assert_eq!(blkio(old), Some((10, 20)));
        assert_eq!(blkio(b"8:0 Read x\n"), None);
    }
}
