//! `/proc/locks`: a number and a colon, `->` before one who waits, then the lock and its range.

use super::Parsed;
use super::bytes::{cut_last, decimal, each_line, fields, integer, no_heading};

/// A lock, or somebody who waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lock<'a> {
    pub(crate) id: u32,
    pub(crate) is_blocked: bool,
    pub(crate) kind: &'a [u8],
    pub(crate) mode: &'a [u8],
    pub(crate) access: &'a [u8],
    /// Missing for -1, the lock of an open file, and for 0, a process of another pid namespace.
    pub(crate) pid: Option<u32>,
    /// `major:minor` in hexadecimal, and the inode.
    pub(crate) file: Option<(&'a [u8], u64)>,
    pub(crate) start: u64,
    /// Missing for the end of the file.
    pub(crate) end: Option<u64>,
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Lock<'_>>> {
    each_line(input, no_heading, "a lock", |line| {
        let mut fields = fields(line);
        let id = decimal(fields.next()?.strip_suffix(b":")?)?;
        let mut kind = fields.next()?;
        let is_blocked = kind == b"->";
        if is_blocked {
            kind = fields.next()?;
        }
        let (mode, access) = (fields.next()?, fields.next()?);
        let pid: i64 = integer(fields.next()?)?;
        let file = match fields.next()? {
            b"<none>:0" => None,
            file => {
                let (device, inode) = cut_last(file, b':')?;
                Some((device, decimal(inode)?))
            }
        };
        let start = decimal(fields.next()?)?;
        let end = match fields.next()? {
            b"EOF" => None,
            end => Some(decimal(end)?),
        };
        Some(Lock {
            id,
            is_blocked,
            kind,
            mode,
            access,
            pid: u32::try_from(pid).ok().filter(|pid| *pid > 0),
            file,
            start,
            end,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks() {
        let parsed = parse(
            b"1: POSIX  ADVISORY  WRITE 700 fd:00:2531452 0 EOF\n1: -> POSIX  ADVISORY  READ  701 fd:00:2531452 10 19\n\
              1:  -> POSIX  ADVISORY  WRITE 702 fd:00:2531452 15 15\n2: OFDLCK ADVISORY  READ  -1 08:01:77 0 9223372036854775806\n\
              3: LEASE  BREAKING  UNLCK 0 <none>:0 0 EOF\n",
        );
        assert_eq!(parsed.issues, []);
        let lock = Lock {
            id: 1,
            is_blocked: false,
            kind: b"POSIX",
            mode: b"ADVISORY",
            access: b"WRITE",
            pid: Some(700),
            file: Some((b"fd:00", 2_531_452)),
            start: 0,
            end: None,
        };
        assert_eq!(
            parsed.value,
            [
                lock,
                Lock {
                    is_blocked: true,
                    access: b"READ",
                    pid: Some(701),
                    start: 10,
                    end: Some(19),
                    ..lock
                },
                Lock {
                    is_blocked: true,
                    pid: Some(702),
                    start: 15,
                    end: Some(15),
                    ..lock
                },
                Lock {
                    id: 2,
                    kind: b"OFDLCK",
                    access: b"READ",
                    pid: None,
                    file: Some((b"08:01", 77)),
                    end: Some(9_223_372_036_854_775_806),
                    ..lock
                },
                Lock {
                    id: 3,
                    kind: b"LEASE",
                    mode: b"BREAKING",
                    access: b"UNLCK",
                    pid: None,
                    file: None,
                    ..lock
                },
            ]
        );
    }

    #[test]
    fn odd_lines() {
        let parsed = parse(b"\n1: POSIX\n1 POSIX ADVISORY WRITE 1 1:2:3 0 EOF\n\0\xff\n1: -> POSIX ADVISORY WRITE 1 1:2:3 0 -1\n");
        assert_eq!((parsed.value.len(), parsed.issues.len()), (0, 4));
    }
}
