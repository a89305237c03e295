//! The files of a process that hold one value or a few named counters: `io`, `oom_score_adj`, `loginuid`, `wchan`.

use super::bytes::{cut, decimal, each_line, integer, no_heading};
use super::{Issue, Parsed};

/// The counters of `io` that tables hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Io {
    pub(crate) read_bytes: Option<u64>,
    pub(crate) write_bytes: Option<u64>,
}

/// Reads `io`.
pub(crate) fn io(input: &[u8]) -> Parsed<Io> {
    let mut value = Io::default();
    let lines = each_line(input, no_heading, "a name and a count", |line| {
        let (name, count) = cut(line, b':')?;
        match name {
            b"read_bytes" => value.read_bytes = Some(decimal(count.trim_ascii())?),
            b"write_bytes" => value.write_bytes = Some(decimal(count.trim_ascii())?),
            // No table holds these, and `cancelled_write_bytes` may be below 0.
            _ => {}
        }
        Some(())
    });
    lines.map(|_| value)
}

/// Reads `oom_score_adj`.
pub(crate) fn oom_score_adj(input: &[u8]) -> Parsed<Option<i32>> {
    one(input, "a number", |word| Some(Some(integer(word)?)))
}

/// Reads `loginuid`; nobody logged in where all bits are set.
pub(crate) fn loginuid(input: &[u8]) -> Parsed<Option<u32>> {
    one(input, "a user id", |word| {
        let uid = decimal(word)?;
        Some((uid != u32::MAX).then_some(uid))
    })
}

/// Reads `wchan`: a name, or `0` where the process waits in none or the reader may not know.
pub(crate) fn wchan(input: &[u8]) -> Option<&[u8]> {
    let word = input.trim_ascii();
    (!word.is_empty() && word != b"0").then_some(word)
}

fn one<'a, T>(
    input: &'a [u8],
    expected: &'static str,
    read: impl Fn(&'a [u8]) -> Option<Option<T>>,
) -> Parsed<Option<T>> {
    match read(input.trim_ascii()) {
        Some(value) => Parsed::from(value),
        None => Parsed::odd(None, Issue::at(1, expected, input)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let text =
            b"rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: -4096\n";
        assert_eq!(io(text).issues, []);
        assert_eq!(
            io(text).value,
            Io {
                read_bytes: Some(4096),
                write_bytes: Some(8192)
            }
        );
        let check = |input: &[u8], adjustment, uid, wait: Option<&[u8]>| {
            assert_eq!(oom_score_adj(input).value, adjustment);
            assert_eq!(loginuid(input).value, uid);
            assert_eq!(wchan(input), wait);
        };
        check(b"-1000\n", Some(-1000), None, Some(b"-1000"));
        check(b"4294967295", None, None, Some(b"4294967295"));
        check(b"0", Some(0), Some(0), None);
        check(b"", None, None, None);
        check(b"\xff\0", None, None, Some(b"\xff\0"));
        assert_eq!(io(b"read_bytes: -1\n\0\xff").issues.len(), 2);
        assert_eq!(loginuid(b"4294967295").issues, []);
    }
}
