//! `/proc/PID/limits`: columns of fixed width, the name with blanks in it.

use super::Parsed;
use super::bytes::{decimal, each_line, fields};

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit<'a> {
    pub(crate) name: &'a [u8],
    /// `None` when unlimited.
    pub(crate) soft: Option<u64>,
    /// `None` when unlimited.
    pub(crate) hard: Option<u64>,
    pub(crate) units: Option<&'a [u8]>,
}

/// Reads the lines below the heading.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Limit<'_>>> {
    each_line(
        input,
        |line| line.starts_with(b"Limit "),
        "a name and two limits",
        limit,
    )
}

fn limit(line: &[u8]) -> Option<Limit<'_>> {
    let end = memchr::memmem::find(line, b"  ")?;
    let (name, rest) = line.split_at_checked(end)?;
    let mut fields = fields(rest);
    let mut bound = || match fields.next()? {
        b"unlimited" => Some(None),
        digits => Some(Some(decimal(digits)?)),
    };
    let (soft, hard) = (bound()?, bound()?);
    Some(Limit {
        name,
        soft,
        hard,
        units: fields.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], issues: usize, expected: &[Limit<'_>]) {
        let parsed = parse(input);
        assert_eq!(parsed.value, expected);
        assert_eq!(parsed.issues.len(), issues);
    }

    #[test]
    fn limits() {
        check(
            b"Limit                     Soft Limit           Hard Limit           Units     \n\
              Max cpu time              unlimited            unlimited            seconds   \n\
              Max open files            1024                 18446744073709551614 files     \n\
              Max nice priority         0                    0                    \n",
            0,
            &[
                Limit {
                    name: b"Max cpu time",
                    soft: None,
                    hard: None,
                    units: Some(b"seconds"),
                },
                Limit {
                    name: b"Max open files",
                    soft: Some(1024),
                    hard: Some(18_446_744_073_709_551_614),
                    units: Some(b"files"),
                },
                Limit {
                    name: b"Max nice priority",
                    soft: Some(0),
                    hard: Some(0),
                    units: None,
                },
            ],
        );
    }

    #[test]
    fn hostile() {
        check(b"", 0, &[]);
        check(
            b"Max open files            1024\n\0\xff\nMax a  99999999999999999999  1\n",
            3,
            &[],
        );
    }
}
