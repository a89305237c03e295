//! `.bash_history`: a command on each line, or, where bash writes times, `#SECONDS` before each command; and `.history` of
//! tcsh, with `#+SECONDS`.

use super::bytes::{cut, decimal, is_blank};
use super::shell_history::Command;
use super::shell_words;

/// Text of a command that is looked at for its end: what is longer goes to the next time.
const COMMAND_LIMIT: usize = 64 << 10;
/// Lines of such a command.
const LINES_LIMIT: usize = 64;

/// Reads the commands. Behind a time stands a command of as many lines as it takes until a shell would wait for no
/// more; a further line before the next time was written by a shell that writes none. Without a time every line is a
/// command.
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
    // The time of the command that follows, and the command that may go on: its line, the input from there on, and its
    // lines so far.
    let mut time = None;
    let mut open: Option<(u64, &[u8], usize)> = None;
    let mut rest = input;
    let mut number = 0u64;
    while !rest.is_empty() {
        number = number.saturating_add(1);
        let (line, after) = cut(rest, b'\n').unwrap_or((rest, b""));
        if let Some(stamp) = stamp(line) {
            commands.extend(close(open.take(), time, rest));
            time = Some(stamp);
        } else if time.is_none() {
            commands.extend(close(Some((number, rest, 1)), None, after));
        } else if open.is_some() || !is_blank(line) {
            let (_, from, lines) = open.get_or_insert((number, rest, 0));
            *lines = lines.saturating_add(1);
            let text = from.get(..from.len().saturating_sub(after.len()));
            let text = text.unwrap_or_default();
            let may_end = *lines <= LINES_LIMIT && text.len() <= COMMAND_LIMIT;
            if may_end && !shell_words::is_open(text) {
                commands.extend(close(open.take(), time.take(), after));
            }
        }
        rest = after;
    }
    commands.extend(close(open, time, rest));
    commands
}

/// The command that reaches from where it was opened to `rest`.
fn close<'a>(
    open: Option<(u64, &'a [u8], usize)>,
    time: Option<i64>,
    rest: &[u8],
) -> Option<Command<'a>> {
    let (line, from, _) = open?;
    let (text, _) = from.split_at_checked(from.len().checked_sub(rest.len())?)?;
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    (!is_blank(text)).then(|| Command::new(line, time, text))
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
        check(
            b"#1700000000\nls\ncat <<E\n#1700000009\ncat <<E\nssh x\nE\nid\n",
            &[
                (2, Some(1_700_000_000), None, b"ls"),
                (3, None, None, b"cat <<E"),
                (5, Some(1_700_000_009), None, b"cat <<E\nssh x\nE"),
                (8, None, None, b"id"),
            ],
        );
        check(
            b"#1700000000\necho 'never closed\nid\n#1700000009\nls\n",
            &[
                (2, Some(1_700_000_000), None, b"echo 'never closed\nid"),
                (5, Some(1_700_000_009), None, b"ls"),
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
