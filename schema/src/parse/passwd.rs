//! `/etc/passwd`: whose homes are searched for histories.

/// A line of `/etc/passwd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Name.
    pub name: &'a [u8],
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Full name and remarks.
    pub gecos: &'a [u8],
    /// Home directory.
    pub home: &'a [u8],
    /// Shell; empty means `/bin/sh`.
    pub shell: &'a [u8],
}

/// Whether a line adds or removes users of a network service (`+::::::`, `+@group`, `-name`), in `passwd` and `group`.
pub fn is_compat(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'+' | b'-'))
}

/// Reads one line; `None` for what is no user: a comment, a line of a network service, no group id, a number that is
/// none. As in the C library, fields may be missing at the end.
pub fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let mut fields = line.split(|byte| *byte == b':');
    let name = fields
        .next()
        .filter(|name| !name.is_empty() && !name.starts_with(b"#") && !is_compat(name))?;
    let _password = fields.next()?;
    let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
    let (uid, gid) = (number()?, number()?);
    let mut text = || fields.next().unwrap_or_default();
    Some(Entry {
        name,
        uid,
        gid,
        gecos: text(),
        home: text(),
        shell: text(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let full = entry(b"ada:x:1000:1001:Ada,,,:/home/ada:/bin/bash").unwrap();
        assert_eq!((full.name, full.uid, full.gid), (&b"ada"[..], 1000, 1001));
        assert_eq!(
            (full.gecos, full.home, full.shell),
            (&b"Ada,,,"[..], &b"/home/ada"[..], &b"/bin/bash"[..])
        );
        let short = entry(b"ada:x:1000:1001").unwrap();
        assert_eq!(
            (short.uid, short.home, short.shell),
            (1000, &b""[..], &b""[..])
        );
        for odd in [
            &b""[..],
            b"#ada:x:1:1::/:",
            b"+::::::",
            b"+ada:x:1:1::/:",
            b"ada:x:abc:1::/:",
            b"ada:x:1",
            b"ada:x:-1:1::/:",
        ] {
            assert_eq!(entry(odd), None);
        }
    }
}
