//! `/proc/PID/cgroup`: `hierarchy:controllers:path`, a line for each hierarchy.

use schema::parse::cgroup::membership;

use super::Parsed;
use super::bytes::{decimal, each_line, no_heading};

/// Membership in one hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Membership<'a> {
    pub(crate) hierarchy: u32,
    pub(crate) controllers: &'a [u8],
    pub(crate) path: &'a [u8],
}

/// Reads the lines. The path is the rest of its line and may hold colons.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Membership<'_>>> {
    each_line(
        input,
        no_heading,
        "hierarchy, controllers and path",
        |line| {
            let found = membership(line)?;
            Some(Membership {
                hierarchy: decimal(found.hierarchy)?,
                controllers: found.controllers,
                path: found.path,
            })
        },
    )
}

/// The path in the systemd hierarchy, else in the unified one, else in the first named; one that is not `/` comes before one
/// that is.
pub(crate) fn main_path<'a>(memberships: &[Membership<'a>]) -> Option<&'a [u8]> {
    let find = |controllers: &[u8]| {
        memberships
            .iter()
            .find(|membership| membership.controllers == controllers)
    };
    // Where hierarchies of version 1 are in use, the unified one may exist beside them and say nothing.
    let candidates = [find(b"name=systemd"), find(b"")];
    let candidates = candidates.into_iter().flatten().chain(memberships);
    candidates
        .clone()
        .find(|membership| membership.path != b"/")
        .or_else(|| candidates.into_iter().next())
        .map(|membership| membership.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memberships() {
        let check = |input: &[u8], issues: usize, expected: &[(u32, &[u8], &[u8])]| {
            let parsed = parse(input);
            let rows: Vec<_> = parsed
                .value
                .iter()
                .map(|row| (row.hierarchy, row.controllers, row.path))
                .collect();
            assert_eq!(rows, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"12:cpu,cpuacct:/a:b\n1:name=systemd:/\n0::/system.slice/x.service\n",
            0,
            &[
                (12, b"cpu,cpuacct", b"/a:b"),
                (1, b"name=systemd", b"/"),
                (0, b"", b"/system.slice/x.service"),
            ],
        );
        check(b"", 0, &[]);
        check(
            b"0:\n\0\xff\n99999999999::/\n0::/\xff",
            3,
            &[(0, b"", b"/\xff")],
        );
    }
}
