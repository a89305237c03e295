//! `/proc/PID/cmdline`: arguments, each ended by a NUL.

use std::borrow::Cow;

/// The arguments, empty ones included. The last one has no NUL where the process overwrote it or it was cut.
pub(crate) fn arguments(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = input.strip_suffix(b"\0").unwrap_or(input);
    // An empty file has no argument; a lone NUL is one empty argument.
    let rest = (!input.is_empty()).then_some(text);
    rest.into_iter()
        .flat_map(|text| text.split(|byte| *byte == 0))
}

/// The arguments joined by blanks.
///
/// A process that wrote a title over its arguments leaves NULs behind it, one for each byte that the title is shorter:
/// where one argument with a blank in it, or one that is followed by several, is followed by nothing but empty ones, it
/// stands alone.
pub(crate) fn joined(input: &[u8]) -> Cow<'_, [u8]> {
    let text = input.strip_suffix(b"\0").unwrap_or(input);
    match super::bytes::cut(text, 0) {
        None => Cow::Borrowed(text),
        Some((title, rest))
            if (title.contains(&b' ') || rest.len() > 1) && rest.iter().all(|byte| *byte == 0) =>
        {
            Cow::Borrowed(title)
        }
        Some(_) => text
            .iter()
            .map(|byte| if *byte == 0 { b' ' } else { *byte })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], expected: &[&[u8]], line: &[u8]) {
        assert_eq!(arguments(input).collect::<Vec<_>>(), expected);
        assert_eq!(&*joined(input), line);
    }

    #[test]
    fn command_lines() {
        check(
            b"/bin/a\0-b\0c d\0",
            &[b"/bin/a", b"-b", b"c d"],
            b"/bin/a -b c d",
        );
        check(b"a\0\0b\0\0", &[b"a", b"", b"b", b""], b"a  b ");
        check(b"\0", &[b""], b"");
        check(b"", &[], b"");
    }

    #[test]
    fn overwritten_titles() {
        check(b"a: worker", &[b"a: worker"], b"a: worker");
        check(b"a: b\0\0\0", &[b"a: b", b"", b""], b"a: b");
        check(
            b"org.example.app\0\0\0\0",
            &[b"org.example.app", b"", b"", b""],
            b"org.example.app",
        );
        check(b"a\0\0", &[b"a", b""], b"a ");
    }

    #[test]
    fn hostile() {
        check(b"\xff\n\0a", &[b"\xff\n", b"a"], b"\xff\n a");
    }
}
