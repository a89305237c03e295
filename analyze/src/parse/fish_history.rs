//! `fish_history`: entries that look like YAML and are not.
//!
//! ```text
//! - cmd: COMMAND
//!   when: SECONDS
//!   paths:
//!     - FILE
//! ```
//!
//! In a command `\n` is a newline and `\\` a backslash. Fish 1 wrote `# SECONDS` and the command on the next line, with a
//! backslash before each newline within.

use std::borrow::Cow;

use super::bytes::{cut, decimal, integer, is_blank, lines, unescape};
use super::shell_history::Command;
use super::{Issue, Parsed};

/// What a command begins with.
pub(crate) const COMMAND: &[u8] = b"- cmd: ";

/// Reads the commands.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Command<'_>>> {
    let is_new = lines(input).any(|(_, line)| line.starts_with(COMMAND));
    if is_new {
        entries(input)
    } else {
        fish_1(input).into()
    }
}

fn entries(input: &[u8]) -> Parsed<Vec<Command<'_>>> {
    let mut parsed: Parsed<Vec<Command<'_>>> = Parsed::from(Vec::new());
    for (number, line) in lines(input) {
        if let Some(command) = line.strip_prefix(COMMAND) {
            parsed.value.push(Command {
                line: number,
                time: None,
                duration: None,
                text: unescaped(command),
            });
        } else if let Some(when) = line.strip_prefix(b"  when: ") {
            if let Some(command) = parsed.value.last_mut() {
                command.time = integer(when);
            }
        } else if !is_blank(line) && !line.starts_with(b" ") && number > 1 {
            // The first line is what is left of an entry where the beginning of a long file is not kept.
            let issue = Issue::at(number, "an entry of fish: `- cmd: COMMAND`", line);
            parsed.note(issue);
        }
    }
    parsed.value.retain(|command| !is_blank(&command.text));
    parsed
}

fn unescaped(command: &[u8]) -> Cow<'_, [u8]> {
    unescape(command, |after| match after.first()? {
        b'n' => Some((b'\n', 1)),
        b'\\' => Some((b'\\', 1)),
        _ => None,
    })
}

fn fish_1(input: &[u8]) -> Vec<Command<'_>> {
    let mut commands = Vec::new();
    let (mut number, mut time) = (0_u64, None);
    let mut rest = input;
    while !rest.is_empty() {
        let first = number.saturating_add(1);
        let mut text = Vec::new();
        loop {
            number = number.saturating_add(1);
            let (line, after) = cut(rest, b'\n').unwrap_or((rest, b""));
            rest = after;
            let goes_on = line.strip_suffix(b"\\").filter(|_| !rest.is_empty());
            text.extend_from_slice(goes_on.unwrap_or(line));
            if goes_on.is_none() {
                break;
            }
            text.push(b'\n');
        }
        if let Some(stamp) = text.strip_prefix(b"# ").and_then(decimal) {
            time = Some(stamp);
        } else if !is_blank(&text) {
            commands.push(Command {
                line: first,
                time: time.take(),
                duration: None,
                text: Cow::Owned(text),
            });
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::super::shell_history::tests::{Row, rows};
    use super::*;

    fn check(input: &[u8], expected: &[Row<'_>], issues: usize) {
        let parsed = parse(input);
        assert_eq!(
            (&*rows(&parsed.value), parsed.issues.len()),
            (expected, issues)
        );
    }

    #[test]
    fn entries_of_fish() {
        check(
            b"- cmd: vi /etc/hosts\n  when: 1700000000\n  paths:\n    - /etc/hosts\n- cmd: for h in a\\n    ssh $h\\nend\n  when: \
              1700000009\n- cmd: printf 'a\\\\nb\\x'\n",
            &[
                (1, Some(1_700_000_000), None, b"vi /etc/hosts"),
                (5, Some(1_700_000_009), None, b"for h in a\n    ssh $h\nend"),
                (7, None, None, b"printf 'a\\nb\\x'"),
            ],
            0,
        );
        check(
            b"f of an entry\n- cmd: ls\n  when: soon\n  what: else\nodd\n- cmd: \n- cmd: \xff\n",
            &[(2, None, None, b"ls"), (7, None, None, b"\xff")],
            1,
        );
    }

    #[test]
    fn lines_of_fish_1() {
        check(
            b"# 1700000000\nls\n# 1700000009\nfor h in a\\\nssh $h\\\nend\nid\nlast\\",
            &[
                (2, Some(1_700_000_000), None, b"ls"),
                (4, Some(1_700_000_009), None, b"for h in a\nssh $h\nend"),
                (7, None, None, b"id"),
                (8, None, None, b"last\\"),
            ],
            0,
        );
        check(b"", &[], 0);
    }
}
