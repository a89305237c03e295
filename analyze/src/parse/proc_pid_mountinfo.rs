//! `/proc/PID/mountinfo`: fields parted by single blanks, any number of optional ones before a `-`.

use std::borrow::Cow;

use super::Parsed;
use super::bytes::{decimal, each_line, no_heading, unescape_octal};

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
    let mut fields = line.split(|byte| *byte == b' ');
    let id = decimal(fields.next()?)?;
    let parent = decimal(fields.next()?)?;
    let device_number = fields.next()?;
    let root = unescape_octal(fields.next()?);
    let path = unescape_octal(fields.next()?);
    let options = fields.next()?;
    let mut optional = Vec::new();
    loop {
        match fields.next()? {
            b"-" => break,
            field => optional.push(field),
        }
    }
    Some(Mount {
        id,
        parent,
        device_number,
        root,
        path,
        options,
        propagation: optional.join(&b' '),
        kind: fields.next()?,
        device: unescape_octal(fields.next()?),
        super_options: unescape_octal(fields.next()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts() {
        let check = |line: &[u8], path: &[u8], propagation: &[u8], device: &[u8]| {
            let parsed = parse(line);
            assert_eq!(parsed.issues, []);
            let mount = parsed.value.first().unwrap();
            assert_eq!(
                (&*mount.path, &*mount.propagation, &*mount.device),
                (path, propagation, device)
            );
        };
        check(
            b"36 35 98:0 /mnt1 /mnt\\040\\134040 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n",
            b"/mnt \\040",
            b"master:1 shared:2",
            b"/dev/root",
        );
        check(b"36 35 0:5 / /a\xff rw - tmpfs  rw", b"/a\xff", b"", b"");
        assert_eq!(parse(b"").issues.len(), 0);
        assert_eq!(
            parse(b"36 35 98:0 / / rw shared:1\n\0\xff\n99999999999 1 0:1 / / rw - a b c")
                .issues
                .len(),
            3
        );
    }
}
