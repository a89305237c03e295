//! `/proc/PID/mountinfo`, which capture reads too.

use schema::parse::mountinfo::{self, Mount};

use super::Parsed;
use super::bytes::{each_line, no_heading};

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Mount<'_>>> {
    each_line(input, no_heading, "a mount", mountinfo::mount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_lines_are_issues() {
        let parsed =
            parse(b"36 35 98:0 / / rw shared:1\n\n\0\xff\n36 35 0:5 / /a rw - tmpfs  rw\n");
        let paths: Vec<_> = parsed.value.iter().map(|mount| &*mount.path).collect();
        assert_eq!(paths, [b"/a"]);
        let lines: Vec<_> = parsed.issues.iter().map(|issue| issue.line).collect();
        assert_eq!(lines, [Some(1), Some(3)]);
    }
}
