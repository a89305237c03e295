//! `/proc/PID/mountinfo`: fields parted by single blanks, any number of optional ones before a `-`.

use std::borrow::Cow;

use super::Parsed;
use super::bytes::{cut, decimal, each_line, no_heading, unescape_octal};

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount<'a> {
    pub(crate) id: u32,
    pub(crate) parent: u32,
    pub(crate) device_number: &'a [u8],
    pub(crate) root: Cow<'a, [u8]>,
    pub(crate) path: Cow<'a, [u8]>,
    pub(crate) options: &'a [u8],
    /// Blank-separated.
    pub(crate) propagation: Vec<u8>,
    pub(crate) kind: &'a [u8],
    /// May be empty: a mount's source can be any text.
    pub(crate) device: Cow<'a, [u8]>,
    pub(crate) super_options: Cow<'a, [u8]>,
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Mount<'_>>> {
    each_line(input, no_heading, "a mount", mount)
}

fn mount(line: &[u8]) -> Option<Mount<'_>> {
    let mut rest = line;
    let mut next = || {
        let (field, after) = cut(rest, b' ').unwrap_or((rest, b""));
        rest = after;
        field
    };
    let id = decimal(next())?;
    let parent = decimal(next())?;
    let device_number = next();
    let root = unescape_octal(next());
    let path = unescape_octal(next());
    let options = next();
    let mut optional = Vec::new();
    loop {
        match next() {
            b"-" => break,
            // No field is empty before the dash: the line ended.
            b"" => return None,
            field => optional.push(field),
        }
    }
    let kind = next();
    let device = unescape_octal(next());
    (!kind.is_empty()).then(|| Mount {
        id,
        parent,
        device_number,
        root,
        path,
        options,
        propagation: optional.join(&b' '),
        kind,
        device,
        // All the rest: some file systems do not escape a blank here.
        super_options: unescape_octal(rest),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts() {
        let check =
            |line: &[u8], path: &[u8], propagation: &[u8], device: &[u8], options: &[u8]| {
                let parsed = parse(line);
                assert_eq!(parsed.issues, []);
                let mount = parsed.value.first().unwrap();
                assert_eq!((&*mount.path, &*mount.propagation), (path, propagation));
                assert_eq!((&*mount.device, &*mount.super_options), (device, options));
            };
        check(
            b"36 35 98:0 /mnt1 /mnt\\040\\134040 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n",
            b"/mnt \\040",
            b"master:1 shared:2",
            b"/dev/root",
            b"rw,errors=continue",
        );
        check(
            b"36 35 0:5 / /a\xff rw - tmpfs  rw",
            b"/a\xff",
            b"",
            b"",
            b"rw",
        );
        check(
            b"37 35 0:6 /x//deleted /run/netns\\012b rw unbindable - nsfs nsfs\\043 rw",
            b"/run/netns\nb",
            b"unbindable",
            b"nsfs#",
            b"rw",
        );
        check(
            b"38 35 0:7 / /host rw - 9p C:\\134 rw,aname=x;path=C:\\Some Files;uid=0,trans=fd",
            b"/host",
            b"",
            b"C:\\",
            b"rw,aname=x;path=C:\\Some Files;uid=0,trans=fd",
        );
        check(
            b"38 35 0:7 mnt:[4026532136] /a rw shared:9 master:1 propagate_from:2 - tmpfs - rw",
            b"/a",
            b"shared:9 master:1 propagate_from:2",
            b"-",
            b"rw",
        );
        check(b"39 35 0:8 / /b rw - proc proc", b"/b", b"", b"proc", b"");
    }

    #[test]
    fn hostile() {
        assert_eq!(parse(b""), Parsed::default());
        let odd = b"36 35 98:0 / / rw shared:1\n\0\xff\n99999999999 1 0:1 / / rw - a b c\n36 35 0:1 / / rw -\n36 35 0:1 / / rw  - a b c";
        assert_eq!(parse(odd).issues.len(), 5);
    }
}
