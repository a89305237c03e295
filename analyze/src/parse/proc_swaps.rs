//! `/proc/swaps`: a heading, then five columns.

use std::borrow::Cow;

use super::Parsed;
use super::bytes::{decimal, each_line, fields, integer, unescape_octal};

/// A swap area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Swap<'a> {
    pub(crate) path: Cow<'a, [u8]>,
    pub(crate) kind: &'a [u8],
    /// Bytes.
    pub(crate) size: u64,
    /// Bytes.
    pub(crate) used: u64,
    pub(crate) priority: i32,
}

/// Reads the lines below the heading.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Swap<'_>>> {
    each_line(
        input,
        |line| line.starts_with(b"Filename"),
        "a swap area",
        |line| {
            let mut fields = fields(line);
            let path = unescape_octal(fields.next()?);
            let kind = fields.next()?;
            let size = decimal::<u64>(fields.next()?)?.checked_mul(1024)?;
            let used = decimal::<u64>(fields.next()?)?.checked_mul(1024)?;
            Some(Swap {
                path,
                kind,
                size,
                used,
                priority: integer(fields.next()?)?,
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swaps() {
        let check = |input: &[u8], issues: usize, expected: &[Swap<'_>]| {
            let parsed = parse(input);
            assert_eq!(parsed.value, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/swap\\040file                          file\t\t2048\t\t1\t\t-2\n",
            0,
            &[Swap {
                path: Cow::Borrowed(b"/swap file"),
                kind: b"file",
                size: 2048 * 1024,
                used: 1024,
                priority: -2,
            }],
        );
        // Tabs alone, a deleted file, a negative priority of old kernels.
        check(
            b"Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n/swap\\040(deleted)\tfile\t4\t0\t-1\n",
            0,
            &[Swap {
                path: Cow::Borrowed(b"/swap (deleted)"),
                kind: b"file",
                size: 4096,
                used: 0,
                priority: -1,
            }],
        );
        check(b"", 0, &[]);
        check(
            b"/a file 1\n\0\xff\n/a file 18446744073709551615 0 0\n",
            3,
            &[],
        );
    }
}
