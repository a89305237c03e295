//! The binary histories of ksh93 and mksh (`.sh_history`): commands ended by NUL.
//!
//! | shell | file | before a command |
//! |---|---|---|
//! | ksh93 | begins with `81 01`, the version | nothing; now and then `82 00` and its number in three bytes and a `00` |
//! | mksh | begins with `AB CD` | `FF` and its number in four bytes |
//!
//! In ksh93's, `81 00` takes the command before it back. Both are read from any place on: the beginning of a long file is
//! not kept.

use std::ops::Range;

/// A command of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Where it stands.
    pub range: Range<usize>,
    /// Whether it stands behind a number as mksh writes it.
    pub is_numbered: bool,
}

/// Whether a text is such a file, or a part of one: text has no NULs.
pub fn is_binary(text: &[u8]) -> bool {
    text.starts_with(&[0x81, 0x01])
        || text.starts_with(&[0x81, 0x00])
        || text.starts_with(&[0xab, 0xcd])
        || memchr::memchr(0, text).is_some()
}

/// The commands, in order.
pub fn commands(text: &[u8]) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut at = match text {
        [0x81, 0x00 | 0x01, ..] | [0xab, 0xcd, ..] => 2,
        _ => 0,
    };
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (head, is_numbered) = match rest {
            [0x82, 0, ..] => (6, false),
            [0x81, 0, ..] => (2, false),
            // Padding to an even length; and what the shell skips, as a version that was written into the middle.
            [0 | 0x81, ..] => (1, false),
            [0xff, ..] => (5, true),
            _ => (0, false),
        };
        at = at.saturating_add(head);
        if head > 0 && !is_numbered {
            continue;
        }
        let Some(rest) = text.get(at..) else { break };
        let length = memchr::memchr(0, rest).unwrap_or(rest.len());
        let range = at..at.saturating_add(length);
        at = range.end.saturating_add(1);
        commands.push(Command { range, is_numbered });
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], expected: &[&str]) {
        let shown: Vec<String> = commands(text)
            .into_iter()
            .map(|command| {
                let number = if command.is_numbered { "#" } else { "" };
                let text = text.get(command.range).unwrap();
                format!("{number}{}", text.escape_ascii())
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn files_of_ksh93() {
        check(
            b"\x81\x01ls -l\n\0cd /srv\n\0\0\x82\0\0\0\x03\0for h in a\ndo x\ndone\n\0\x81\0",
            &["ls -l\\n", "cd /srv\\n", "for h in a\\ndo x\\ndone\\n"],
        );
        check(b"\x81\x01", &[]);
        check(b"\x81\x01cut off", &["cut off"]);
    }

    #[test]
    fn files_of_mksh() {
        check(
            b"\xab\xcd\xff\0\0\0\x01ls\0\xff\0\0\x01\x2ccd /\0",
            &["#ls", "#cd /"],
        );
    }

    #[test]
    fn files_that_are_cut_or_odd() {
        check(b"tail of one\0\xff\0\0\0\x07id\0", &["tail of one", "#id"]);
        check(b"\xff\0\0", &[]);
        check(b"\x82\0", &[]);
        check(b"\0\0\0", &[]);
        check(b"", &[]);
        assert!(!is_binary(b"ls\n") && is_binary(b"ls\0") && is_binary(b"\x81\x01"));
    }
}
