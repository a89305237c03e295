//! `/etc/os-release`: assignments, quoted as a shell would.

use std::borrow::Cow;

use super::Parsed;
use super::bytes::{cut, each_line};

/// Names and values, unquoted.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<(&[u8], Cow<'_, [u8]>)>> {
    each_line(
        input,
        |line| line.trim_ascii_start().starts_with(b"#"),
        "an assignment",
        |line| {
            let (name, value) = cut(line.trim_ascii(), b'=')?;
            Some((name, unquoted(value)?))
        },
    )
}

/// `None` where a quote is not closed.
fn unquoted(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !value
        .iter()
        .any(|byte| matches!(byte, b'"' | b'\'' | b'\\'))
    {
        return Some(Cow::Borrowed(value));
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut quote = None;
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'\\') => plain.push(bytes.next()?),
            (Some(b'"'), b'\\') => {
                let escaped = bytes.next()?;
                if !matches!(escaped, b'"' | b'\\' | b'$' | b'`') {
                    plain.push(b'\\');
                }
                plain.push(escaped);
            }
            _ => plain.push(byte),
        }
    }
    quote.is_none().then_some(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments() {
        let check = |line: &[u8], expected: Option<&[u8]>| {
            let parsed = parse(line);
            assert_eq!(parsed.value.first().map(|(_, value)| &**value), expected);
            assert_eq!(parsed.issues.len(), usize::from(expected.is_none()));
        };
        check(b"ID=debian\n", Some(b"debian"));
        check(b"NAME=\"A \\\"B\\\" \\$C \\d\"", Some(b"A \"B\" $C \\d"));
        check(b"NAME='A \\'\"B\"", Some(b"A \\B"));
        check(b"NAME=a\\ b", Some(b"a b"));
        check(b"NAME=\xff\0", Some(b"\xff\0"));
        check(b"NAME=", Some(b""));
        check(b"NAME=\"open", None);
        check(b"NAME=a\\", None);
        check(b"\0\xff", None);
        assert_eq!(parse(b"# a\n\n"), Parsed::default());
    }
}
