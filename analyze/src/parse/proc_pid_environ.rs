//! `/proc/PID/environ`: `NAME=value`, each ended by a NUL.

/// A variable: its name, and its value where there is a `=`.
pub(crate) type Variable<'a> = (&'a [u8], Option<&'a [u8]>);

/// The variables. Empty entries are what a title written over the environment leaves, not variables.
pub(crate) fn variables(input: &[u8]) -> impl Iterator<Item = Variable<'_>> {
    input
        .split(|byte| *byte == 0)
        .filter(|entry| !entry.is_empty())
        .map(|entry| match super::bytes::cut(entry, b'=') {
            Some((name, value)) => (name, Some(value)),
            None => (entry, None),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments() {
        let check = |input: &[u8], expected: &[Variable<'_>]| {
            assert_eq!(variables(input).collect::<Vec<_>>(), expected);
        };
        check(
            b"A=1\0B=\0C=x=y\0",
            &[(b"A", Some(b"1")), (b"B", Some(b"")), (b"C", Some(b"x=y"))],
        );
        check(b"", &[]);
        check(
            b"\0\0no sign\0=v\0\xff=\n",
            &[
                (b"no sign", None),
                (b"", Some(b"v")),
                (b"\xff", Some(b"\n")),
            ],
        );
    }
}
