//! `/proc/PID/fdinfo/FD`: four lines of every file, then those of its kind.

use super::bytes::{cut, decimal, integer, lines, octal};
use super::{Issue, Parsed};

/// What every open file has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FdInfo {
    pub(crate) pos: Option<u64>,
    pub(crate) flags: Option<u32>,
    pub(crate) mnt_id: Option<u32>,
    /// Since Linux 5.14.
    pub(crate) ino: Option<u64>,
}

/// Reads the lines of every file; those of its kind (locks, watches, timers) have other names and are left.
pub(crate) fn parse(input: &[u8]) -> Parsed<FdInfo> {
    let mut parsed = Parsed::from(FdInfo::default());
    let found = &mut parsed.value;
    for (number, line) in lines(input) {
        let Some((name, value)) = cut(line, b':') else {
            continue;
        };
        let value = value.trim_ascii();
        let understood = match name {
            // Files whose offset is unsigned, such as `mem`, show one above 2^63 as negative.
            b"pos" => keep(
                &mut found.pos,
                decimal(value).or_else(|| integer(value).map(i64::cast_unsigned)),
            ),
            b"flags" => keep(&mut found.flags, octal(value)),
            b"mnt_id" => keep(&mut found.mnt_id, decimal(value)),
            b"ino" => keep(&mut found.ino, decimal(value)),
            _ => true,
        };
        if !understood {
            parsed.issues.push(Issue::at(number, "a number", line));
        }
    }
    parsed
}

/// The first line of a name counts: the lines of every file come first.
fn keep<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let understood = value.is_some();
    if place.is_none() {
        *place = value;
    }
    understood
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let check = |input: &[u8], issues: usize, expected: FdInfo| {
            let parsed = parse(input);
            assert_eq!(parsed.value, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"pos:\t0\nflags:\t0100002\nmnt_id:\t15\nino:\t9223372036854775809\ntfd:        5 events:       1d pos:7 ino:8\n",
            0,
            FdInfo {
                pos: Some(0),
                flags: Some(0o100_002),
                mnt_id: Some(15),
                ino: Some(9_223_372_036_854_775_809),
            },
        );
        check(
            b"pos:\t-1\n",
            0,
            FdInfo {
                pos: Some(u64::MAX),
                ..FdInfo::default()
            },
        );
        check(b"", 0, FdInfo::default());
        check(
            b"pos:\t\nflags:\t9\n\0\xff\nino:\t99999999999999999999999",
            3,
            FdInfo::default(),
        );
    }
}
