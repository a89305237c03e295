//! `/proc/diskstats`: device numbers, a name, and 11, 15 or 17 counters; 4 for a partition of an old kernel.

use super::Parsed;
use super::bytes::{decimal, each_line, fields, no_heading};

/// Bytes of a sector here, whatever the device's own are.
const SECTOR: u64 = 512;

/// A device or partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disk<'a> {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) name: &'a [u8],
    pub(crate) reads: Requests,
    pub(crate) writes: Requests,
    /// Requests under way, time with any, time of all: missing for a partition of an old kernel. Times are in
    /// milliseconds.
    pub(crate) now: Option<[u64; 3]>,
    pub(crate) discards: Option<Requests>,
    /// Flushes and their time, milliseconds.
    pub(crate) flushes: Option<[u64; 2]>,
}

/// What was done of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requests {
    pub(crate) count: u64,
    pub(crate) merged: Option<u64>,
    pub(crate) bytes: u64,
    /// Milliseconds.
    pub(crate) time: Option<u64>,
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Disk<'_>>> {
    each_line(input, no_heading, "a disk and its counters", |line| {
        let mut fields = fields(line);
        let major = decimal(fields.next()?)?;
        let minor = decimal(fields.next()?)?;
        let name = fields.next()?;
        let numbers: Vec<u64> = fields.map(decimal).collect::<Option<_>>()?;
        if let [reads, read, writes, written] = *numbers {
            return Some(Disk {
                major,
                minor,
                name,
                reads: few(reads, read)?,
                writes: few(writes, written)?,
                now: None,
                discards: None,
                flushes: None,
            });
        }
        let group = |first: usize| {
            let group = numbers.get(first..)?.first_chunk::<4>()?;
            all(*group)
        };
        let now = numbers.get(8..)?.first_chunk::<3>()?;
        let flushes = numbers.get(15..).and_then(<[u64]>::first_chunk::<2>);
        Some(Disk {
            major,
            minor,
            name,
            reads: group(0)?,
            writes: group(4)?,
            now: Some(*now),
            discards: group(11),
            flushes: flushes.copied(),
        })
    })
}

fn all([count, merged, sectors, time]: [u64; 4]) -> Option<Requests> {
    Some(Requests {
        merged: Some(merged),
        time: Some(time),
        ..few(count, sectors)?
    })
}

fn few(count: u64, sectors: u64) -> Option<Requests> {
    Some(Requests {
        count,
        merged: None,
        bytes: sectors.checked_mul(SECTOR)?,
        time: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(count: u64, merged: u64, sectors: u64, time: u64) -> Requests {
        Requests {
            count,
            merged: Some(merged),
            bytes: sectors * 512,
            time: Some(time),
        }
    }

    #[test]
    fn disks() {
        let disk = |minor, name: &'static [u8]| Disk {
            major: 8,
            minor,
            name,
            reads: requests(10, 11, 12, 13),
            writes: requests(20, 21, 22, 23),
            now: Some([3, 31, 32]),
            discards: None,
            flushes: None,
        };
        let short = |count, sectors| Requests {
            merged: None,
            time: None,
            ..requests(count, 0, sectors, 0)
        };
        let parsed = parse(
            b"   8       0 sda 10 11 12 13 20 21 22 23 3 31 32\n\
              8       1 sda1 10 12 20 22\n   \
              8       2 sda2 10 11 12 13 20 21 22 23 3 31 32 40 41 42 43\n   \
              8       3 sda3 10 11 12 13 20 21 22 23 3 31 32 40 41 42 43 50 51\n   \
              8       4 sda4 10 11 12 13 20 21 22 23 3 31 32 40 41 42 43 50 51 60 61\n",
        );
        assert_eq!(parsed.issues, []);
        let discards = Some(requests(40, 41, 42, 43));
        let flushes = Some([50, 51]);
        assert_eq!(
            parsed.value,
            [
                disk(0, b"sda"),
                Disk {
                    reads: short(10, 12),
                    writes: short(20, 22),
                    now: None,
                    ..disk(1, b"sda1")
                },
                Disk {
                    discards,
                    ..disk(2, b"sda2")
                },
                Disk {
                    discards,
                    flushes,
                    ..disk(3, b"sda3")
                },
                Disk {
                    discards,
                    flushes,
                    ..disk(4, b"sda4")
                },
            ]
        );
    }

    #[test]
    fn odd_lines() {
        let parsed = parse(
            b"\n8 0 sda\n8 0 sda 1 2 3 4 5 6 7 8 9 10\n\0\xff\n8 0 a 1 18446744073709551615 3 4\n8 0 a 1 -2 3 4\n",
        );
        assert_eq!((parsed.value.len(), parsed.issues.len()), (0, 5));
    }
}
