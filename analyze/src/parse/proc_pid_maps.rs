//! `/proc/PID/maps`: five columns, then the file.

use std::borrow::Cow;

use super::Parsed;
use super::bytes::{cut, decimal, each_line, fields, hex, no_heading, strip_deleted, unescape};

/// A mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping<'a> {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) permissions: &'a [u8],
    pub(crate) offset: u64,
    pub(crate) device: &'a [u8],
    pub(crate) inode: u64,
    /// Without the kernel's ` (deleted)`; a file that is really called so cannot be told from a deleted one here.
    pub(crate) path: Option<Cow<'a, [u8]>>,
    pub(crate) deleted: bool,
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Mapping<'_>>> {
    each_line(input, no_heading, "a mapping", mapping)
}

fn mapping(line: &[u8]) -> Option<Mapping<'_>> {
    let mut fields = fields(line);
    let (start, end) = cut(fields.next()?, b'-')?;
    let (permissions, offset, device, inode) = (
        fields.next()?,
        fields.next()?,
        fields.next()?,
        fields.next()?,
    );
    // Padded to a column: a path begins with `/`, `[` or a letter, never with a blank.
    let (path, deleted) = strip_deleted(fields.rest().trim_ascii_start());
    Some(Mapping {
        start: hex(start)?,
        end: hex(end)?,
        permissions,
        offset: hex(offset)?,
        device,
        inode: decimal(inode)?,
        path: (!path.is_empty()).then(|| unescape_newlines(path)),
        deleted,
    })
}

/// The kernel escapes only the newline here, not the backslash, so nothing else may be decoded.
fn unescape_newlines(path: &[u8]) -> Cow<'_, [u8]> {
    unescape(path, |after| {
        after.starts_with(b"012").then_some((b'\n', 3))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &[u8], path: Option<&[u8]>, deleted: bool) {
        let parsed = parse(line);
        assert_eq!(parsed.issues, []);
        let [mapping] = &parsed.value[..] else {
            panic!("{parsed:?}")
        };
        assert_eq!((mapping.path.as_deref(), mapping.deleted), (path, deleted));
    }

    #[test]
    fn paths() {
        check(
            b"7f0000000000-7f0000001000 r-xp 00001000 fd:01 123456                     /usr/lib/a b.so\n",
            Some(b"/usr/lib/a b.so"),
            false,
        );
        check(b"7f00-8000 rw-p 00000000 00:00 0 \n", None, false);
        check(
            b"7f00-8000 rw-p 00000000 00:00 0      [heap]",
            Some(b"[heap]"),
            false,
        );
        check(
            b"7f00-8000 rw-s 0 00:01 7 /memfd:x (deleted)",
            Some(b"/memfd:x"),
            true,
        );
        check(
            b"7f00-8000 rw-s 0 00:01 7 /a\\012b\\040\xff",
            Some(b"/a\nb\\040\xff"),
            false,
        );
    }

    #[test]
    fn other_names() {
        // A 32-bit host's, those that the kernel makes up, and one that a process gave.
        check(
            b"08048000-08089000 r-xp 00000000 03:01 104219     /bin/tcsh\n",
            Some(b"/bin/tcsh"),
            false,
        );
        check(
            b"7f00-8000 rw-p 00000000 00:00 0                          [stack:1234]",
            Some(b"[stack:1234]"),
            false,
        );
        check(
            b"7f00-8000 rw-p 00000000 00:00 0                          [anon:a b (deleted) c]",
            Some(b"[anon:a b (deleted) c]"),
            false,
        );
        check(
            b"7f00-8000 rw-s 00000000 00:01 98306                      /SYSV0052e2c1 (deleted)",
            Some(b"/SYSV0052e2c1"),
            true,
        );
        check(
            b"7f00-8000 rw-s 00000000 00:0c 8589934593                 anon_inode:[perf_event]",
            Some(b"anon_inode:[perf_event]"),
            false,
        );
        check(
            b"7f00-8000 r--p 100000000 103:02 1 /a (deleted) (deleted)",
            Some(b"/a (deleted)"),
            true,
        );
    }

    #[test]
    fn columns() {
        let parsed = parse(
            b"ffffffffff600000-ffffffffff601000 --xp 0000a000 fd:01 18446744073709551615 /x\n",
        );
        assert_eq!(
            parsed.value,
            [Mapping {
                start: 0xffff_ffff_ff60_0000,
                end: 0xffff_ffff_ff60_1000,
                permissions: b"--xp",
                offset: 0xa000,
                device: b"fd:01",
                inode: u64::MAX,
                path: Some(Cow::Borrowed(b"/x")),
                deleted: false,
            }]
        );
    }

    #[test]
    fn hostile() {
        assert_eq!(parse(b""), Parsed::default());
        assert_eq!(
            parse(b"7f00 rw-p 0 0 0\n\0\xff\n7f00-8000 rw-p 0\n-1-2 rw-p 0 0:0 0")
                .issues
                .len(),
            4
        );
    }
}
