//! `.bash_history`: a command on each line, or, where bash writes times, `#SECONDS` before each command; and `.history` of
//! tcsh, with `#+SECONDS`.

use std::borrow::Cow;

use super::bytes::{cut, decimal, is_blank};
use super::shell_history::Command;

/// Reads the commands. From the first time on a command goes to the next one and may have many lines, as bash reads
/// its file; before it every line is one.
pub(crate) fn parse(input: &[u8]) -> Vec<Command<'_>> {
    stamped(input, stamp)
}

/// Reads the commands of a file of tcsh.
pub(crate) fn parse_tcsh(input: &[u8]) -> Vec<Command<'_>> {
    stamped(input, tcsh_stamp)
}

/// The time that bash writes before a command.
pub(crate) fn stamp(line: &[u8]) -> Option<i64> {
    decimal(line.strip_prefix(b"#")?)
}

/// The time that tcsh writes before a command.
pub(crate) fn tcsh_stamp(line: &[u8]) -> Option<i64> {
    decimal(line.strip_prefix(b"#+")?)
}

fn stamped(input: &[u8], stamp: impl Fn(&[u8]) -> Option<i64>) -> Vec<Command<'_>> {
    let mut commands = Vec::new();
    let mut time = None;
    // The command that is not ended yet: its line, and the input from there on.
    let mut open: Option<(u64, &[u8])> = None;
    let mut rest = input;
    let mut number = 0u64;
    while !rest.is_empty() {
        number = number.saturating_add(1);
        let (line, after) = cut(rest, b'\n').unwrap_or((rest, b""));
        if let Some(stamp) = stamp(line) {
            commands.extend(close(open.take(), time, rest));
            time = Some(stamp);
        } else if time.is_none() {
            commands.extend(close(Some((number, rest)), None, after));
        } else if open.is_none() {
            open = Some((number, rest));
        }
        rest = after;
    }
    commands.extend(close(open, time, rest));
    commands
}

/// The command that reaches from where it was opened to `rest`.
fn close<'a>(open: Option<(u64, &'a [u8])>, time: Option<i64>, rest: &[u8]) -> Option<Command<'a>> {
    let (line, from) = open?;
    let (text, _) = from.split_at_checked(from.len().checked_sub(rest.len())?)?;
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    (!is_blank(text)).then_some(Command {
        line,
        time,
        duration: None,
        text: Cow::Borrowed(text),
    })
}

#[cfg(test)]
mod tests {
    use super::super::shell_history::tests::{Row, rows};
    use super::*;

    #[test]
    fn histories() {
        let check = |input: &[u8], expected: &[Row<'_>]| assert_eq!(rows(&parse(input)), expected);
        check(
            b"ls\n\n# not a time\ncd /\n",
            &[
                (1, None, None, b"ls"),
                (3, None, None, b"# not a time"),
                (4, None, None, b"cd /"),
            ],
        );
        check(
            b"old\n#1700000000\nfor a in b\ndo c\n\ndone\n#1700000009\nls \xff",
            &[
                (1, None, None, b"old"),
                (3, Some(1_700_000_000), None, b"for a in b\ndo c\n\ndone"),
                (8, Some(1_700_000_009), None, b"ls \xff"),
            ],
        );
        check(b"", &[]);
        check(b"#1\n#2\n", &[]);
        check(
            b"#99999999999999999999\n\0",
            &[
                (1, None, None, b"#99999999999999999999"),
                (2, None, None, b"\0"),
            ],
        );
    }

    #[test]
    fn histories_of_tcsh() {
        let commands = parse_tcsh(b"#1\n#+1700000000\nforeach h ( a b )\n#+1700000001\nend\n");
        assert_eq!(
            rows(&commands),
            [
                (1, None, None, &b"#1"[..]),
                (3, Some(1_700_000_000), None, b"foreach h ( a b )"),
                (5, Some(1_700_000_001), None, b"end"),
            ]
        );
    }
}
