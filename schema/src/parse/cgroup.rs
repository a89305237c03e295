//! `/proc/PID/cgroup`: `hierarchy:controllers:path`, a line for each hierarchy.

/// Membership of a process in one hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership<'a> {
    /// Number of the hierarchy, as it is written; `0` for the unified one.
    pub hierarchy: &'a [u8],
    /// Controllers, comma-separated, or `name=...`; empty for the unified hierarchy.
    pub controllers: &'a [u8],
    /// Path below the hierarchy's mount point. It is the rest of the line, and may hold colons.
    pub path: &'a [u8],
}

/// Reads a line.
pub fn membership(line: &[u8]) -> Option<Membership<'_>> {
    let mut parts = line.splitn(3, |byte| *byte == b':');
    Some(Membership {
        hierarchy: parts.next()?,
        controllers: parts.next()?,
        path: parts.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let check = |line: &[u8], expected: Option<(&[u8], &[u8], &[u8])>| {
            let found = membership(line);
            let found = found.map(|found| (found.hierarchy, found.controllers, found.path));
            assert_eq!(found, expected);
        };
        check(b"0::/a:b", Some((b"0", b"", b"/a:b")));
        check(b"4:cpu,cpuacct:/", Some((b"4", b"cpu,cpuacct", b"/")));
        check(
            b"1:name=systemd:/\xff",
            Some((b"1", b"name=systemd", b"/\xff")),
        );
        check(b"", None);
        check(b"0:x", None);
    }
}
