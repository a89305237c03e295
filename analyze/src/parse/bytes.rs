//! Bytes as lines, fields and numbers, without copying and without asking for UTF-8.

use std::borrow::Cow;
use std::str::FromStr;

/// Lines without their newline, counted from 1. Nothing follows a newline at the very end.
pub(crate) fn lines(input: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut rest = input;
    (1..).map_while(move |number| {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end)?;
        rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
        Some((number, line))
    })
}

/// Fields between blanks and tabs, however many.
pub(crate) fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|field| !field.is_empty())
}

/// A decimal number, whole: no sign for unsigned types, no blanks.
pub(crate) fn number<T: FromStr>(field: &[u8]) -> Option<T> {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// A hexadecimal number of at most 16 digits, without a prefix.
pub(crate) fn hex(field: &[u8]) -> Option<u64> {
    radix(field, 16)
}

/// An octal number, as `fdinfo` writes flags.
pub(crate) fn octal(field: &[u8]) -> Option<u64> {
    radix(field, 8)
}

fn radix(field: &[u8], radix: u32) -> Option<u64> {
    if !field.first()?.is_ascii_alphanumeric() {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(field).ok()?, radix).ok()
}

/// What stands before and behind the first `separator`.
pub(crate) fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, text)?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

/// Undoes the kernel's octal escapes (`\040` for a blank), once. A backslash that begins none stays.
pub(crate) fn unescape_octal(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (
                b'\\',
                [
                    a @ b'0'..=b'3',
                    b @ b'0'..=b'7',
                    c @ b'0'..=b'7',
                    behind @ ..,
                ],
            ) => {
                let digit = |byte: &u8| byte.wrapping_sub(b'0');
                plain.push((digit(a) << 6) | (digit(b) << 3) | digit(c));
                rest = behind;
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted() {
        let all = |text| lines(text).collect::<Vec<_>>();
        assert_eq!(all(b"a\n\nb"), [(1, &b"a"[..]), (2, b""), (3, b"b")]);
        assert_eq!(all(b"a\n"), [(1, &b"a"[..])]);
        assert!(all(b"").is_empty());
    }

    #[test]
    fn numbers_are_whole() {
        assert_eq!(number::<u64>(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number::<i32>(b"-20"), Some(-20));
        for odd in [
            &b""[..],
            b"+1",
            b"-1",
            b" 1",
            b"1x",
            b"18446744073709551616",
            b"\xff",
        ] {
            assert_eq!(number::<u64>(odd), None);
        }
        assert_eq!(
            (hex(b"0A"), hex(b"0x1"), hex(b""), octal(b"0100002")),
            (Some(10), None, None, Some(32_770))
        );
        assert_eq!(hex(b"11112222333344445"), None);
    }

    #[test]
    fn escapes_are_undone_once() {
        let check = |text: &[u8], plain: &[u8]| assert_eq!(*unescape_octal(text), *plain);
        check(b"/mnt/a\\040b\\011\\134", b"/mnt/a b\t\\");
        check(b"\\134040", b"\\040");
        check(b"\\04", b"\\04");
        check(b"\\777\\", b"\\777\\");
    }
}
