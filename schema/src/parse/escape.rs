//! Backslashes in what the kernel writes.

use std::borrow::Cow;

/// Decodes `\ooo`, once: what it decodes to is not looked at again. A backslash before anything else stays.
pub fn unescape_octal(text: &[u8]) -> Cow<'_, [u8]> {
    unescape(text, |after| {
        let mut value = 0_u8;
        for digit in after.get(..3)? {
            let digit = char::from(*digit).to_digit(8)?;
            value = value
                .checked_mul(8)?
                .checked_add(u8::try_from(digit).ok()?)?;
        }
        Some((value, 3))
    })
}

/// Replaces what follows each backslash by the byte `decode` makes of it, with the count of bytes that it took.
pub fn unescape(text: &[u8], decode: impl Fn(&[u8]) -> Option<(u8, usize)>) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = memchr::memchr(b'\\', rest) {
        let (before, after) = rest.split_at_checked(position).unwrap_or((rest, b""));
        let after = after.get(1..).unwrap_or_default();
        plain.extend_from_slice(before);
        if let Some((byte, taken)) = decode(after) {
            plain.push(byte);
            rest = after.get(taken..).unwrap_or_default();
        } else {
            plain.push(b'\\');
            rest = after;
        }
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once() {
        let check = |text: &[u8], expected: &[u8]| assert_eq!(&*unescape_octal(text), expected);
        check(b"/a\\040b", b"/a b");
        check(b"/a\\134040b", b"/a\\040b");
        check(b"\\04", b"\\04");
        check(b"\\999\\", b"\\999\\");
        check(b"\\777", b"\\777");
    }
}
