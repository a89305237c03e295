//! `/proc/PID/net/unix`: fixed columns, then the path exactly as it was bound.
//!
//! A path may hold a newline, and so forge a line. What does not look like the kernel's own columns is an issue; what
//! does cannot be told from a real one here.

use super::Parsed;
use super::bytes::{cut, decimal, each_line, hex};

/// A socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnixSocket<'a> {
    /// `stream`, `dgram` or `seqpacket`.
    pub(crate) kind: &'static str,
    /// As `ss` writes it.
    pub(crate) state: &'static str,
    /// `None` where the kernel has no such column.
    pub(crate) inode: Option<u64>,
    /// Begins with `@` for an abstract name, in which the kernel writes `@` for NUL.
    pub(crate) path: Option<&'a [u8]>,
}

/// `__SO_ACCEPTCON`: it listens.
const LISTENS: u32 = 0x0001_0000;

/// Reads the lines below the heading.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<UnixSocket<'_>>> {
    each_line(
        input,
        |line| line.starts_with(b"Num "),
        "a unix socket",
        socket,
    )
}

fn socket(line: &[u8]) -> Option<UnixSocket<'_>> {
    let (number, rest) = cut(line, b':')?;
    hex::<u64>(number.strip_prefix(b"0x").unwrap_or(number))?;
    let mut columns = Columns(rest);
    // References and protocol.
    columns.hex::<u32>()?;
    columns.hex::<u32>()?;
    let flags: u32 = columns.hex()?;
    let kind = match columns.hex::<u16>()? {
        1 => "stream",
        2 => "dgram",
        5 => "seqpacket",
        _ => return None,
    };
    let state = match columns.hex::<u8>()? {
        1 if flags & LISTENS != 0 => "LISTEN",
        // Connected, but nobody holds it yet; `ss` reads it so from this file.
        2 => "SYN-SENT",
        3 => "ESTAB",
        4 => "CLOSING",
        _ => "UNCONN",
    };
    let Columns(rest) = columns;
    let Some(rest) = rest.strip_prefix(b" ") else {
        // Neither inode nor path.
        return rest.is_empty().then_some(UnixSocket {
            kind,
            state,
            inode: None,
            path: None,
        });
    };
    if matches!(rest.first(), Some(b'/' | b'@')) {
        return Some(UnixSocket {
            kind,
            state,
            inode: None,
            path: Some(rest),
        });
    }
    // Padded with blanks to five columns, by gVisor to eight.
    let rest = rest.trim_ascii_start();
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let (inode, path) = rest.split_at_checked(end)?;
    Some(UnixSocket {
        kind,
        state,
        inode: Some(decimal(inode)?),
        path: path.strip_prefix(b" ").filter(|path| !path.is_empty()),
    })
}

/// What is left of a line of columns, each after one blank.
struct Columns<'a>(&'a [u8]);

impl Columns<'_> {
    fn hex<T: TryFrom<u64>>(&mut self) -> Option<T> {
        let rest = self.0.strip_prefix(b" ")?;
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        let (digits, rest) = rest.split_at_checked(end)?;
        self.0 = rest;
        hex(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Expected<'a> = (&'a str, &'a str, Option<u64>, Option<&'a [u8]>);

    fn check(input: &[u8], issues: usize, expected: &[Expected<'_>]) {
        let parsed = parse(input);
        let rows: Vec<_> = parsed
            .value
            .iter()
            .map(|row| (row.kind, row.state, row.inode, row.path))
            .collect();
        assert_eq!(rows, expected);
        assert_eq!(parsed.issues.len(), issues);
    }

    #[test]
    fn sockets() {
        check(
            b"Num       RefCount Protocol Flags    Type St Inode Path\n\
              0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/a b\n\
              00000000: 00000003 00000000 00000000 0001 03   345\n\
              00000000: 00000003 00000000 00000000 0005 01 123456789  x \n\
              0000000000000000: 00000002 00000000 00000000 0002 01     7 @name@\xff\n",
            0,
            &[
                ("stream", "LISTEN", Some(12345), Some(b"/run/a b")),
                ("stream", "ESTAB", Some(345), None),
                ("seqpacket", "UNCONN", Some(123_456_789), Some(b" x ")),
                ("dgram", "UNCONN", Some(7), Some(b"@name@\xff")),
            ],
        );
    }

    #[test]
    fn other_forms() {
        // Without the inode, in columns as narrow as their numbers, and while connecting and closing.
        check(
            b"Num       RefCount Protocol Flags    Type St Path\n\
              0000000000000000: 00000002 00000000 00010000 0001 01 /run/a b\n\
              00000000: 00000003 00000000 00000000 0001 03\n\
              0: 3 0 0 1 2 18446744073709551615 @a\n\
              0: 3 0 0 2 4     5\n\
              0x00c000123400: 00000002 00000000 00000000 0001 03       77 /run/c\n",
            0,
            &[
                ("stream", "LISTEN", None, Some(b"/run/a b")),
                ("stream", "ESTAB", None, None),
                ("stream", "SYN-SENT", Some(u64::MAX), Some(b"@a")),
                ("dgram", "CLOSING", Some(5), None),
                ("stream", "ESTAB", Some(77), Some(b"/run/c")),
            ],
        );
    }

    #[test]
    fn hostile() {
        check(b"", 0, &[]);
        check(
            b"rest of a name\n0000: 1 0 0 1  1 1\n00000000: 00000003 00000000 00000000 0009 01 1\n\0\xff\n\
              00000000: 00000003 00000000 00000000 0001 01 99999999999999999999999 /a\n",
            5,
            &[],
        );
    }
}
