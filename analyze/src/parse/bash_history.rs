//! `.bash_history`: a command on each line, or, where bash writes times, `#SECONDS` before each command.

use super::bytes::{cut, decimal, is_blank};

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Command<'a> {
    /// Line on which it begins, counted from 1.
    pub(crate) line: u64,
    /// Epoch seconds.
    pub(crate) time: Option<i64>,
    pub(crate) text: &'a [u8],
}

/// Reads the commands. From the first time on a command goes to the next one and may have many lines, as bash reads
/// its file; before it every line is one.
pub(crate) fn parse(input: &[u8]) -> Vec<Command<'_>> {
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
    (!is_blank(text)).then_some(Command { line, time, text })
}

fn stamp(line: &[u8]) -> Option<i64> {
    decimal(line.strip_prefix(b"#")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories() {
        let check = |input: &[u8], expected: &[(u64, Option<i64>, &[u8])]| {
            let rows: Vec<_> = parse(input)
                .iter()
                .map(|command| (command.line, command.time, command.text))
                .collect();
            assert_eq!(rows, expected);
        };
        check(
            b"ls\n\n# not a time\ncd /\n",
            &[
                (1, None, b"ls"),
                (3, None, b"# not a time"),
                (4, None, b"cd /"),
            ],
        );
        check(
            b"old\n#1700000000\nfor a in b\ndo c\n\ndone\n#1700000009\nls \xff",
            &[
                (1, None, b"old"),
                (3, Some(1_700_000_000), b"for a in b\ndo c\n\ndone"),
                (8, Some(1_700_000_009), b"ls \xff"),
            ],
        );
        check(b"", &[]);
        check(b"#1\n#2\n", &[]);
        check(
            b"#99999999999999999999\n\0",
            &[(1, None, b"#99999999999999999999"), (2, None, b"\0")],
        );
    }
}
