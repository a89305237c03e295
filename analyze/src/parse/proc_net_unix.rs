//! `/proc/PID/net/unix`: fixed columns, then the path exactly as it was bound.
//!
//! A path may hold a newline, and so forge a line. What does not look exactly like the kernel's own columns is an
//! issue; what does cannot be told from a real one here.

use super::Parsed;
use super::bytes::{decimal, each_line, hex};

/// A socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnixSocket<'a> {
    /// `stream`, `dgram` or `seqpacket`.
    pub(crate) kind: &'static str,
    /// As `ss` writes it.
    pub(crate) state: &'static str,
    pub(crate) inode: u64,
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
    let mut columns = Columns(line);
    let number_end = memchr::memchr(b':', line).filter(|end| (8..=16).contains(end))?;
    columns.digits(number_end)?;
    columns.literal(b": ")?;
    columns.digits(8)?;
    columns.literal(b" ")?;
    columns.digits(8)?;
    columns.literal(b" ")?;
    let flags: u32 = hex(columns.digits(8)?)?;
    columns.literal(b" ")?;
    let kind = match columns.digits(4)? {
        b"0001" => "stream",
        b"0002" => "dgram",
        b"0005" => "seqpacket",
        _ => return None,
    };
    columns.literal(b" ")?;
    let state = match columns.digits(2)? {
        b"01" if flags & LISTENS != 0 => "LISTEN",
        b"03" => "ESTAB",
        _ => "UNCONN",
    };
    columns.literal(b" ")?;
    // Padded with blanks to five columns.
    let Columns(rest) = columns;
    let padding = rest
        .iter()
        .take(4)
        .take_while(|byte| **byte == b' ')
        .count();
    let (_, rest) = rest.split_at_checked(padding)?;
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let (inode, path) = rest.split_at_checked(end)?;
    Some(UnixSocket {
        kind,
        state,
        inode: decimal(inode)?,
        path: path.strip_prefix(b" ").filter(|path| !path.is_empty()),
    })
}

/// What is left of a line of fixed columns.
struct Columns<'a>(&'a [u8]);

impl<'a> Columns<'a> {
    fn digits(&mut self, count: usize) -> Option<&'a [u8]> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)
    }

    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Expected<'a> = (&'a str, &'a str, u64, Option<&'a [u8]>);

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
                ("stream", "LISTEN", 12345, Some(b"/run/a b")),
                ("stream", "ESTAB", 345, None),
                ("seqpacket", "UNCONN", 123_456_789, Some(b" x ")),
                ("dgram", "UNCONN", 7, Some(b"@name@\xff")),
            ],
        );
    }

    #[test]
    fn hostile() {
        check(b"", 0, &[]);
        check(
            b"rest of a name\n0000: 1 0 0 1 1 1\n00000000: 00000003 00000000 00000000 0009 01 1\n\0\xff\n\
              00000000: 00000003 00000000 00000000 0001 01 99999999999999999999999 /a\n",
            5,
            &[],
        );
    }
}
