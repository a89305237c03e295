//! The steps that all parsers share: lines, fields and numbers of byte text.

pub(crate) use schema::parse::escape::{unescape, unescape_octal};

use super::{Issue, Parsed};

/// Lines with their numbers, counted from 1, without the newline.
pub(crate) fn lines(input: &[u8]) -> Lines<'_> {
    Lines {
        rest: input,
        number: 0,
    }
}

/// See [`lines`].
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = cut(self.rest, b'\n').unwrap_or((self.rest, b""));
        self.rest = rest;
        self.number = self.number.saturating_add(1);
        Some((self.number, line))
    }
}

/// Parses each line that is neither blank nor a heading; a line that `parse` refuses becomes an issue.
pub(crate) fn each_line<'a, T>(
    input: &'a [u8],
    is_heading: impl Fn(&[u8]) -> bool,
    expected: &'static str,
    mut parse: impl FnMut(&'a [u8]) -> Option<T>,
) -> Parsed<Vec<T>> {
    let mut parsed = Parsed::from(Vec::new());
    for (number, line) in lines(input) {
        if is_blank(line) || is_heading(line) {
            continue;
        }
        match parse(line) {
            Some(row) => parsed.value.push(row),
            None => parsed.note(Issue::at(number, expected, line)),
        }
    }
    parsed
}

/// For [`each_line`] on a file without a heading.
pub(crate) fn no_heading(_line: &[u8]) -> bool {
    false
}

/// Whether a line holds nothing.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// Fields separated by runs of blanks and tabs.
pub(crate) fn fields(line: &[u8]) -> Fields<'_> {
    Fields { rest: line }
}

/// See [`fields`].
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// What follows the last field, its separator included.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let start = self
            .rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t'))?;
        let (_, rest) = self.rest.split_at_checked(start)?;
        let end = memchr::memchr2(b' ', b'\t', rest).unwrap_or(rest.len());
        let (field, rest) = rest.split_at_checked(end)?;
        self.rest = rest;
        Some(field)
    }
}

/// What stands before and after the first such byte.
pub(crate) fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    cut_at(text, memchr::memchr(at, text)?)
}

/// What stands before and after the last such byte.
pub(crate) fn cut_last(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    cut_at(text, memchr::memrchr(at, text)?)
}

fn cut_at(text: &[u8], position: usize) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(position)?;
    Some((before, rest.get(1..)?))
}

/// An unsigned decimal number: digits and nothing else, within the type's range.
pub(crate) fn decimal<T: TryFrom<u64>>(digits: &[u8]) -> Option<T> {
    unsigned(digits, 10)
}

/// A hexadecimal number without prefix.
pub(crate) fn hex<T: TryFrom<u64>>(digits: &[u8]) -> Option<T> {
    unsigned(digits, 16)
}

/// An octal number; leading zeros as the kernel writes them.
pub(crate) fn octal<T: TryFrom<u64>>(digits: &[u8]) -> Option<T> {
    unsigned(digits, 8)
}

/// A decimal number that may be negative.
pub(crate) fn integer<T: TryFrom<i64>>(text: &[u8]) -> Option<T> {
    let value = match text.strip_prefix(b"-") {
        Some(digits) => 0i64.checked_sub_unsigned(decimal(digits)?)?,
        None => decimal(text)?,
    };
    T::try_from(value).ok()
}

/// A number of 32 bits that kernels print, or once printed, as if it had a sign: above 2^31 it is negative.
pub(crate) fn wrapped(text: &[u8]) -> Option<u32> {
    decimal(text).or_else(|| integer::<i32>(text).map(i32::cast_unsigned))
}

fn unsigned<T: TryFrom<u64>>(digits: &[u8], radix: u32) -> Option<T> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for byte in digits {
        let digit = char::from(*byte).to_digit(radix)?;
        value = value
            .checked_mul(u64::from(radix))?
            .checked_add(u64::from(digit))?;
    }
    T::try_from(value).ok()
}

/// What the kernel appends to the path of a file that has lost its name.
pub(crate) const DELETED: &[u8] = b" (deleted)";

/// A path without the kernel's ` (deleted)`, and whether it was there.
pub(crate) fn strip_deleted(path: &[u8]) -> (&[u8], bool) {
    path.strip_suffix(DELETED)
        .map_or((path, false), |path| (path, true))
}

/// The target of a link of `/proc` without the kernel's ` (deleted)`, and whether the file has no name any more.
///
/// A file may really be called so: `link_count` above 0 says that the file has a name, and then the target stays as
/// it is. The same holds for a file that was opened by one of two hard links of which that one was removed: it still
/// has a name, so it is not deleted, and nothing in `/proc` tells it from the first case.
pub(crate) fn link_target(target: &[u8], link_count: Option<u64>) -> (&[u8], bool) {
    if link_count.is_some_and(|count| count > 0) {
        (target, false)
    } else {
        strip_deleted(target)
    }
}

/// Name and number of `name:[number]`, as links to sockets, pipes and namespaces have it.
pub(crate) fn bracketed(target: &[u8]) -> Option<(&[u8], u64)> {
    let (name, number) = cut(target.strip_suffix(b"]")?, b'[')?;
    Some((name.strip_suffix(b":")?, decimal(number)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_lines() {
        let check = |line: &[u8], expected: &[&[u8]]| {
            assert_eq!(fields(line).collect::<Vec<_>>(), expected);
        };
        check(b" a\t b  ", &[b"a", b"b"]);
        check(b"", &[]);
        let numbered: Vec<_> = lines(b"a\n\nb").collect();
        assert_eq!(numbered, [(1, &b"a"[..]), (2, b""), (3, b"b")]);
        assert_eq!(lines(b"a\n").count(), 1);
    }

    #[test]
    fn numbers() {
        assert_eq!(decimal::<u64>(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal::<u64>(b"18446744073709551616"), None);
        assert_eq!(decimal::<u8>(b"256"), None);
        assert_eq!(decimal::<u8>(b""), None);
        assert_eq!(decimal::<u8>(b"+1"), None);
        assert_eq!(integer::<i32>(b"-20"), Some(-20));
        assert_eq!(integer::<i64>(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(wrapped(b"4294967295"), Some(u32::MAX));
        assert_eq!(wrapped(b"-1"), Some(u32::MAX));
        assert_eq!(wrapped(b"-2147483649"), None);
        assert_eq!(hex::<u32>(b"0100007F"), Some(0x0100_007f));
        assert_eq!(octal::<u32>(b"0100002"), Some(0o100_002));
        assert_eq!(octal::<u32>(b"8"), None);
    }

    #[test]
    fn targets() {
        let check = |target: &[u8], count, expected: (&[u8], bool)| {
            assert_eq!(link_target(target, count), expected);
        };
        check(b"/a (deleted)", None, (b"/a", true));
        check(b"/a (deleted)", Some(0), (b"/a", true));
        check(b"/a (deleted)", Some(1), (b"/a (deleted)", false));
        check(b"/a (deleted) (deleted)", Some(0), (b"/a (deleted)", true));
        check(b"/a", None, (b"/a", false));
        assert_eq!(bracketed(b"socket:[7]"), Some((&b"socket"[..], 7)));
        assert_eq!(bracketed(b"socket:[]"), None);
    }
}
