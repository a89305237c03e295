//! Where the commands of a history stand, in whatever format a shell wrote it. A command of several lines is one, so that
//! a quote is followed across them.

use std::ops::Range;

use super::words::pieces;
use crate::parse::ksh_history;

/// Most lines that are taken for one command. More are taken line by line: a quote that is never closed must not hide
/// the rest of the file from the rules.
const LINES_LIMIT: usize = 64;
/// What fish writes before a command.
const FISH: &[u8] = b"- cmd: ";

/// A command, and how its lines are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) range: Range<usize>,
    pub(super) newlines: Newlines,
}

/// How a newline within a command is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newlines {
    /// As it is.
    Plain,
    /// Behind a backslash, as zsh does.
    Zsh,
    /// As `\n`, and a backslash doubled, as fish does.
    Fish,
}

/// The commands of a history.
pub(super) fn commands(text: &[u8]) -> Vec<Command> {
    let plain = |range| Command {
        range,
        newlines: Newlines::Plain,
    };
    let mut commands: Vec<Command> = Vec::new();
    if ksh_history::is_binary(text) {
        for ksh_history::Command { range, .. } in ksh_history::commands(text) {
            let lines: Vec<_> = pieces(text, range.clone(), |byte| byte == b'\n').collect();
            if lines.len() > LINES_LIMIT {
                commands.extend(lines.into_iter().map(plain));
            } else {
                commands.push(plain(range));
            }
        }
        return commands;
    }
    let (mut lines, mut has_times, mut goes_on) = (0, false, false);
    for line in pieces(text, 0..text.len(), |byte| byte == b'\n') {
        let bytes = text.get(line.clone()).unwrap_or_default();
        if is_time(bytes) {
            has_times = true;
            goes_on = false;
            continue;
        }
        lines = if goes_on && lines < LINES_LIMIT {
            lines.saturating_add(1)
        } else {
            0
        };
        goes_on = has_times || bytes.ends_with(b"\\");
        if bytes.starts_with(FISH) {
            commands.push(Command {
                range: line.start.saturating_add(FISH.len())..line.end,
                newlines: Newlines::Fish,
            });
        } else if let Some(last) = commands.last_mut().filter(|_| lines > 0) {
            last.range.end = line.end;
        } else {
            let newlines = if is_extended(bytes) {
                Newlines::Zsh
            } else {
                Newlines::Plain
            };
            commands.push(Command {
                range: line,
                newlines,
            });
        }
    }
    commands
}

/// Bytes of a tail that belong to a command whose beginning is missing: what is secret in them no rule can tell.
pub(super) fn cut_command(text: &[u8]) -> usize {
    if ksh_history::is_binary(text) {
        // The number that mksh writes before a command may hold a NUL.
        let end = memchr::memmem::find(text, b"\0\xff").or_else(|| memchr::memchr(0, text));
        return end.map_or(text.len(), |at| at.saturating_add(1));
    }
    let mut begins = memchr::memchr_iter(b'\n', text)
        .map(|at| at.saturating_add(1))
        .take(LINES_LIMIT);
    let line = |start: usize| {
        let rest = text.get(start..).unwrap_or_default();
        rest.split(|byte| *byte == b'\n').next().unwrap_or(rest)
    };
    // Where the file has times, a command goes on to the next.
    let marked = begins.clone().find(|start| {
        let line = line(*start);
        is_time(line) || is_extended(line) || line.starts_with(FISH)
    });
    let goes_on = |start: &usize| {
        let before = text.get(..start.saturating_sub(1)).unwrap_or_default();
        before.ends_with(b"\\")
    };
    marked
        .or_else(|| begins.find(|start| !goes_on(start)))
        .unwrap_or(text.len())
}

/// Whether bash or tcsh wrote the line to say when the next command was entered.
fn is_time(line: &[u8]) -> bool {
    let digits = line.strip_prefix(b"#").unwrap_or_default();
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Whether a line begins as zsh writes it with a time.
fn is_extended(line: &[u8]) -> bool {
    let digits = line.strip_prefix(b": ").unwrap_or_default();
    digits.first().is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], expected: &[(Newlines, &str)]) {
        let shown: Vec<_> = commands(text)
            .into_iter()
            .map(|command| {
                let bytes = text.get(command.range).unwrap();
                (command.newlines, bytes.escape_ascii().to_string())
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(newlines, text)| (*newlines, (*text).to_owned()))
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn each_format() {
        use Newlines::{Fish, Plain, Zsh};
        check(
            b"ls\ncd \\\n  /\n\nid",
            &[(Plain, "ls"), (Plain, "cd \\\\\\n  /"), (Plain, "id")],
        );
        check(
            b"old\n#1700000000\nfor a\ndone\n#1700000001\nls\n",
            &[(Plain, "old"), (Plain, "for a\\ndone"), (Plain, "ls")],
        );
        check(
            b": 1700000000:0;for a\\\ndone\n: 1700000001:0;ls\n",
            &[
                (Zsh, ": 1700000000:0;for a\\\\\\ndone"),
                (Zsh, ": 1700000001:0;ls"),
            ],
        );
        check(
            b"- cmd: ls\\nid\n  when: 1700000000\n",
            &[(Fish, "ls\\\\nid"), (Plain, "  when: 1700000000")],
        );
        check(
            b"\x81\x01ls\n\0a\nb\n\0",
            &[(Plain, "ls\\n"), (Plain, "a\\nb\\n")],
        );
        check(b"\xab\xcd\xff\0\0\0\x2cls\0", &[(Plain, "ls")]);
        check(b"", &[]);
    }

    #[test]
    fn tails_begin_with_a_command() {
        let check = |text: &[u8], expected: &[u8]| {
            let rest = text.get(cut_command(text)..).unwrap();
            assert_eq!(rest, expected, "{}", text.escape_ascii());
        };
        check(b"ORD=abc\nls\nid\n", b"ls\nid\n");
        check(b"-a \\\nabc\nid\n", b"id\n");
        check(b"ORD='a\nbc'\n#1700000000\nls\n", b"#1700000000\nls\n");
        check(b"abc\n#+1700000000\nls\n", b"#+1700000000\nls\n");
        check(b"a\\\nbc\n: 1700000000:0;ls\n", b": 1700000000:0;ls\n");
        check(
            b"ORD abc\n  when: 1\n  paths:\n    - x\n- cmd: ls\n",
            b"- cmd: ls\n",
        );
        check(b"- cmd: ls\n  when: 1\n- cmd: id\n", b"- cmd: id\n");
        check(b"ORD=a\nbc\n\0ls\n\0", b"ls\n\0");
        check(
            b"\0\0\x2cA=x\0\xff\0\0\x01\x2dls\0",
            b"\xff\0\0\x01\x2dls\0",
        );
        check(b"abc", b"");
        check(b"", b"");
        // A time far behind says nothing about the beginning.
        let plain = [&b"abc\n"[..], &b"x\n".repeat(100), b"#1\nls\n"].concat();
        check(&plain, plain.get(4..).unwrap());
    }

    #[test]
    fn too_many_lines_are_no_command() {
        let text = [b"#1\n".to_vec(), b"x\n".repeat(100)].concat();
        let ends: Vec<_> = commands(&text)
            .iter()
            .map(|command| command.range.len())
            .collect();
        assert_eq!(ends, [129, 69]);
    }
}
