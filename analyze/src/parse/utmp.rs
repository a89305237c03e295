//! The classic files of logins, utmp(5): records of fixed length, which differ by the word size of the host, in its byte order.
//!
//! A record is taken for what it says, a torn one costs itself. A dead tree may be that of a host with the other byte order: of
//! sessions it is tried too, and taken where more records make sense in it. Those of lastlog have too little in them to tell.
//!
//! There are crates with these records as they lie in the memory of the analyst's own machine; the host's may have the other order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::ByteOrder;
use super::{Issue, Parsed};

/// Where the numbers lie that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    length: usize,
    /// Of session, seconds and microseconds: offset and whether there are eight bytes.
    session: (usize, bool),
    seconds: (usize, bool),
    microseconds: (usize, bool),
    address: usize,
}

/// With times of 32 bits, as on x86, and on s390x and ppc64 that were begun so.
const SHORT: Layout = Layout {
    length: 384,
    session: (336, false),
    seconds: (340, false),
    microseconds: (344, false),
    address: 348,
};
/// With times of 64 bits, as on arm64 and riscv64, and with musl.
const LONG: Layout = Layout {
    length: 400,
    session: (336, true),
    seconds: (344, true),
    microseconds: (352, true),
    address: 360,
};
/// Records by which the layout is told.
const PROBED: usize = 200;
/// Seconds since 1970 that a record may have by which the layout is told: no clock of a host with logins stood before or behind.
const PLAUSIBLE: std::ops::Range<i64> = 500_000_000..10_000_000_000;
/// Bytes of the names in a record of lastlog.
const LASTLOG_NAMES: usize = 32 + 256;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Counted from 1.
    pub(crate) number: u64,
    pub(crate) kind: i16,
    pub(crate) pid: i32,
    pub(crate) line: &'a [u8],
    pub(crate) user: &'a [u8],
    pub(crate) host: &'a [u8],
    pub(crate) termination: i16,
    pub(crate) exit: i16,
    pub(crate) session: i64,
    pub(crate) time_us: i64,
    pub(crate) address: Option<IpAddr>,
}

/// What utmp(5) calls a kind.
pub(crate) fn kind_name(kind: i16) -> Option<&'static str> {
    Some(match kind {
        0 => "empty",
        1 => "runlevel",
        2 => "boot_time",
        3 => "new_time",
        4 => "old_time",
        5 => "init",
        6 => "login",
        7 => "user",
        8 => "dead",
        9 => "accounting",
        _ => return None,
    })
}

/// Reads a file, of which what is before `offset` is not there.
pub(crate) fn parse(content: &[u8], offset: u64, order: ByteOrder) -> Parsed<Vec<Record<'_>>> {
    let ((layout, order), _) = both_orders(order)
        .flat_map(|order| [SHORT, LONG].map(|layout| (layout, order)))
        .map(|(layout, order)| ((layout, order), sound(content, offset, order, layout)))
        .reduce(|best, other| if other.1 > best.1 { other } else { best })
        .unwrap_or(((SHORT, order), (0, false)));
    let content = aligned(content, offset, layout);
    let records = content.chunks_exact(layout.length);
    let torn = records.remainder();
    let records: Vec<_> = (1..)
        .zip(records)
        .filter(|(_, record)| record.iter().any(|byte| *byte != 0))
        .filter_map(|(number, bytes)| record(number, bytes, order, layout))
        .collect();
    let mut parsed = Parsed::from(records);
    if !torn.is_empty() {
        let reason = format!("{} bytes behind the last record", torn.len());
        parsed.note(Issue::whole(reason, torn));
    }
    parsed
}

/// That of the host first.
fn both_orders(order: ByteOrder) -> impl Iterator<Item = ByteOrder> {
    let other = match order {
        ByteOrder::Little => ByteOrder::Big,
        ByteOrder::Big => ByteOrder::Little,
    };
    [order, other].into_iter()
}

/// From the first record that is whole.
fn aligned(content: &[u8], offset: u64, layout: Layout) -> &[u8] {
    let length = u64::try_from(layout.length).unwrap_or(u64::MAX);
    let over = offset.checked_rem(length).unwrap_or(0);
    let skip = if over == 0 {
        0
    } else {
        length.saturating_sub(over)
    };
    content
        .get(usize::try_from(skip).unwrap_or(usize::MAX)..)
        .unwrap_or_default()
}

/// The share of records that make sense in a layout, in thousandths, and whether the last one is whole.
fn sound(content: &[u8], offset: u64, order: ByteOrder, layout: Layout) -> (usize, bool) {
    let mut count = 0_usize;
    let records = aligned(content, offset, layout).chunks_exact(layout.length);
    let is_whole = records.remainder().is_empty();
    let sound = records
        .filter(|bytes| bytes.iter().any(|byte| *byte != 0))
        .take(PROBED)
        .inspect(|_| count = count.saturating_add(1))
        .filter(|bytes| {
            record(0, bytes, order, layout).is_some_and(|record| {
                let is_time = PLAUSIBLE.contains(&record.time_us.div_euclid(1_000_000));
                let is_text = [record.line, record.user]
                    .iter()
                    .all(|text| !text.iter().any(u8::is_ascii_control));
                kind_name(record.kind).is_some() && is_time && record.pid >= 0 && is_text
            }) && microseconds(bytes, order, layout)
                .is_some_and(|part| (0..1_000_000).contains(&part))
        })
        .count();
    let share = sound.saturating_mul(1000).checked_div(count).unwrap_or(0);
    (share, is_whole)
}

fn number(bytes: &[u8], (at, is_long): (usize, bool), order: ByteOrder) -> Option<i64> {
    let rest = bytes.get(at..)?;
    Some(match (is_long, order) {
        (true, ByteOrder::Little) => i64::from_le_bytes(*rest.first_chunk()?),
        (true, ByteOrder::Big) => i64::from_be_bytes(*rest.first_chunk()?),
        (false, ByteOrder::Little) => i32::from_le_bytes(*rest.first_chunk()?).into(),
        (false, ByteOrder::Big) => i32::from_be_bytes(*rest.first_chunk()?).into(),
    })
}

fn short(bytes: &[u8], at: usize, order: ByteOrder) -> Option<i16> {
    let pair = *bytes.get(at..)?.first_chunk()?;
    Some(match order {
        ByteOrder::Little => i16::from_le_bytes(pair),
        ByteOrder::Big => i16::from_be_bytes(pair),
    })
}

fn microseconds(bytes: &[u8], order: ByteOrder, layout: Layout) -> Option<i64> {
    number(bytes, layout.microseconds, order)
}

/// A name that ends with the first NUL, or fills its place.
fn name(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    let place = bytes.get(at..at.checked_add(length)?)?;
    let end = memchr::memchr(0, place).unwrap_or(length);
    place.get(..end)
}

fn record(number_of: u64, bytes: &[u8], order: ByteOrder, layout: Layout) -> Option<Record<'_>> {
    let seconds = number(bytes, layout.seconds, order)?;
    let time_us = seconds
        .checked_mul(1_000_000)?
        .checked_add(microseconds(bytes, order, layout)?)?;
    let address: &[u8; 16] = bytes.get(layout.address..)?.first_chunk()?;
    let address = match address {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] => None,
        [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] => Some(IpAddr::from([*a, *b, *c, *d])),
        all => {
            let address = Ipv6Addr::from(*all);
            let mapped = address
                .to_ipv4_mapped()
                .map(|address: Ipv4Addr| IpAddr::from(address));
            Some(mapped.unwrap_or(address.into()))
        }
    };
    Some(Record {
        number: number_of,
        kind: short(bytes, 0, order)?,
        pid: i32::try_from(number(bytes, (4, false), order)?).ok()?,
        line: name(bytes, 8, 32)?,
        user: name(bytes, 44, 32)?,
        host: name(bytes, 76, 256)?,
        termination: short(bytes, 332, order)?,
        exit: short(bytes, 334, order)?,
        session: number(bytes, layout.session, order)?,
        time_us,
        address,
    })
}

/// The last login of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastLogin<'a> {
    pub(crate) uid: u32,
    pub(crate) time: i64,
    pub(crate) line: &'a [u8],
    pub(crate) host: &'a [u8],
}

/// Reads lastlog, in which the record of each user stands at the place of the id: 292 bytes, or 296 where times have 64 bits.
pub(crate) fn lastlog(content: &[u8], order: ByteOrder) -> Parsed<Vec<LastLogin<'_>>> {
    let read = |is_long: bool| {
        let start = if is_long { 8 } else { 4 };
        let length = LASTLOG_NAMES.saturating_add(start);
        let records = content.chunks_exact(length);
        let torn = records.remainder();
        let found: Vec<_> = (0_u32..)
            .zip(records)
            .filter(|(_, record)| record.iter().any(|byte| *byte != 0))
            .filter_map(|(uid, bytes)| {
                Some(LastLogin {
                    uid,
                    time: number(bytes, (0, is_long), order)?,
                    line: name(bytes, start, 32)?,
                    host: name(bytes, start.checked_add(32)?, 256)?,
                })
            })
            .collect();
        (found, torn)
    };
    let is_sound = |login: &&LastLogin<'_>| {
        let is_text = |text: &[u8]| !text.iter().any(u8::is_ascii_control);
        PLAUSIBLE.contains(&login.time) && is_text(login.line) && is_text(login.host)
    };
    let share = |found: &[LastLogin<'_>]| {
        let sound = found.iter().take(PROBED).filter(is_sound).count();
        sound
            .saturating_mul(1000)
            .checked_div(found.len().min(PROBED))
            .unwrap_or(0)
    };
    let (short, long) = (read(false), read(true));
    let (found, torn) = if share(&long.0) > share(&short.0) {
        long
    } else {
        short
    };
    let mut parsed = Parsed::from(found);
    if !torn.is_empty() {
        let reason = format!("{} bytes behind the last record", torn.len());
        parsed.note(Issue::whole(reason, torn));
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record as the C library of a machine writes it.
    fn written(layout: Layout, order: ByteOrder, kind: i16, user: &str, seconds: i64) -> Vec<u8> {
        let mut bytes = vec![0; layout.length];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        let two = |value: i16| match order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        };
        let four = |value: i32| match order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        };
        let eight = |value: i64| match order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        };
        put(0, &two(kind));
        put(4, &four(4711));
        put(8, b"pts/7");
        put(44, user.as_bytes());
        put(76, b"client.example");
        put(332, &two(15));
        put(334, &two(-1));
        for ((at, is_long), value) in [
            (layout.session, 77),
            (layout.seconds, seconds),
            (layout.microseconds, 250_000),
        ] {
            if is_long {
                put(at, &eight(value));
            } else {
                put(at, &four(i32::try_from(value).unwrap()));
            }
        }
        put(layout.address, &[192, 0, 2, 7]);
        bytes
    }

    #[test]
    fn records_of_all_machines() {
        for layout in [SHORT, LONG] {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                let mut file = written(layout, order, 7, "ada", 1_795_510_350);
                file.extend(vec![0; layout.length]);
                file.extend(written(layout, order, 8, &"x".repeat(32), 1_795_510_351));
                let parsed = parse(&file, 0, order);
                assert!(parsed.issues.is_empty());
                let [login, logout] = parsed.value.as_slice() else {
                    panic!("{layout:?} {order:?} {parsed:?}");
                };
                let expected = Record {
                    number: 1,
                    kind: 7,
                    pid: 4711,
                    line: b"pts/7",
                    user: b"ada",
                    host: b"client.example",
                    termination: 15,
                    exit: -1,
                    session: 77,
                    time_us: 1_795_510_350_250_000,
                    address: Some(IpAddr::from([192, 0, 2, 7])),
                };
                assert_eq!(*login, expected);
                assert_eq!((logout.number, logout.kind, logout.user.len()), (3, 8, 32));
                // A dead tree of the other kind of machine.
                let foreign = both_orders(order).last().unwrap();
                assert_eq!(parse(&file, 0, foreign).value, parsed.value);
                // Of the end of a file, which begins within a record.
                let offset = u64::try_from(layout.length).unwrap() * 10 + 17;
                let tail = [&vec![0xff; layout.length - 17], &file[..]].concat();
                assert_eq!(parse(&tail, offset, order).value, parsed.value);
                // What is torn costs itself.
                let torn = parse(&file[..file.len() - 1], 0, order);
                assert_eq!((torn.value.len(), torn.issues.len()), (1, 1));
            }
        }
    }

    #[test]
    fn addresses() {
        let mut bytes = written(SHORT, ByteOrder::Little, 7, "ada", 1);
        let address = Ipv6Addr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7]);
        bytes[SHORT.address..SHORT.address + 16].copy_from_slice(&address.octets());
        assert_eq!(
            parse(&bytes, 0, ByteOrder::Little).value[0].address,
            Some(address.into())
        );
    }

    #[test]
    fn last_logins() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for (is_long, length) in [(false, 292), (true, 296)] {
                let mut file = vec![0; length * 1001];
                let at = length * 1000;
                let time: i64 = 1_795_510_350;
                let written = match (is_long, order) {
                    (true, ByteOrder::Little) => time.to_le_bytes().to_vec(),
                    (true, ByteOrder::Big) => time.to_be_bytes().to_vec(),
                    (false, ByteOrder::Little) => {
                        i32::try_from(time).unwrap().to_le_bytes().to_vec()
                    }
                    (false, ByteOrder::Big) => i32::try_from(time).unwrap().to_be_bytes().to_vec(),
                };
                let names = at + written.len();
                file[at..names].copy_from_slice(&written);
                file[names..names + 5].copy_from_slice(b"pts/7");
                file[names + 32..names + 41].copy_from_slice(b"192.0.2.7");
                let expected = LastLogin {
                    uid: 1000,
                    time,
                    line: b"pts/7",
                    host: b"192.0.2.7",
                };
                assert_eq!(
                    lastlog(&file, order).value,
                    [expected],
                    "{is_long} {order:?}"
                );
            }
        }
    }

    #[test]
    fn hostile() {
        for odd in [
            &b""[..],
            b"x",
            &[0xff; 383],
            &[0xff; 384],
            &[0xff; 800],
            &[0; 400],
            &[0x80; 292],
        ] {
            for order in [ByteOrder::Little, ByteOrder::Big] {
                assert!(parse(odd, u64::MAX, order).value.len() <= odd.len() / 384);
                assert!(lastlog(odd, order).value.len() <= odd.len() / 292);
            }
        }
    }
}
