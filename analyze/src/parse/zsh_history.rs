//! `.zsh_history`: a command on each line, or `: SECONDS:DURATION;COMMAND` where zsh writes times.
//!
//! A newline within a command stands behind a backslash. A command that ends in backslashes has a blank behind them,
//! and one that begins with a colon, where no times are written, a backslash before it. Bytes that zsh uses for itself
//! (NUL and 0x83 to 0xa2) are written as 0x83 and the byte with its bit 0x20 turned over.

use std::borrow::Cow;

use super::bytes::{cut, decimal, is_blank, lines};
use super::shell_history::Command;

/// What announces a byte that zsh uses for itself.
const META: u8 = 0x83;

/// Reads the commands.
pub(crate) fn parse(input: &[u8]) -> Vec<Command<'_>> {
    let mut commands = Vec::new();
    let mut open: Option<(u64, Vec<u8>)> = None;
    for (number, line) in lines(input) {
        let goes_on = line.strip_suffix(b"\\");
        if open.is_none() && goes_on.is_none() {
            commands.extend(command(number, Cow::Borrowed(line)));
            continue;
        }
        let (_, text) = open.get_or_insert_with(|| (number, Vec::new()));
        text.extend_from_slice(goes_on.unwrap_or(line));
        if goes_on.is_some() {
            text.push(b'\n');
        } else if let Some((first, text)) = open.take() {
            commands.extend(command(first, Cow::Owned(text)));
        }
    }
    // Cut off behind a backslash.
    if let Some((first, mut text)) = open {
        text.pop();
        commands.extend(command(first, Cow::Owned(text)));
    }
    commands
}

/// Time and duration of a line that has a place for them, and what stands behind it.
pub(crate) fn stamp(line: &[u8]) -> Option<(Option<i64>, Option<u64>, &[u8])> {
    let (time, rest) = cut(line.strip_prefix(b":")?, b':')?;
    let (duration, command) = cut(rest, b';')?;
    let (time, duration) = (time.trim_ascii_start(), duration.trim_ascii_start());
    let numbers = (decimal(time), decimal(duration));
    // Neither a number nor nothing: it is no time.
    let is_odd = numbers.0.is_none() && !time.is_empty();
    let is_odd = is_odd || numbers.1.is_none() && !duration.is_empty();
    (!is_odd).then_some((numbers.0, numbers.1, command))
}

fn command(line: u64, mut text: Cow<'_, [u8]>) -> Option<Command<'_>> {
    let last = text.iter().rfind(|byte| **byte != b' ');
    if last == Some(&b'\\') {
        text = part(text, |text| text.strip_suffix(b" ").unwrap_or(text));
    }
    let stamped = stamp(&text).map(|(time, duration, _)| (time, duration));
    text = match stamped {
        Some(_) => part(text, |text| {
            stamp(text).map_or(text, |(_, _, command)| command)
        }),
        None if text.starts_with(b"\\:") => part(text, |text| text.get(1..).unwrap_or(text)),
        None => text,
    };
    if memchr::memchr(META, &text).is_some() {
        text = Cow::Owned(without_meta(&text));
    }
    (!is_blank(&text)).then(|| Command {
        line,
        time: stamped.and_then(|(time, _)| time),
        duration: stamped.and_then(|(_, duration)| duration),
        text,
    })
}

/// A part of a text, borrowed where the text is.
fn part(text: Cow<'_, [u8]>, of: impl Fn(&[u8]) -> &[u8]) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(of(text)),
        Cow::Owned(text) => Cow::Owned(of(&text).to_vec()),
    }
}

fn without_meta(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let meant = after.first().map(|next| next ^ 0x20);
        // Another byte behind it: not written by zsh.
        let meant = meant.filter(|meant| *byte == META && matches!(meant, 0 | META..=0xa2));
        if let Some(meant) = meant {
            plain.push(meant);
            rest = after.get(1..).unwrap_or_default();
        } else {
            plain.push(*byte);
            rest = after;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::shell_history::tests::{Row, rows};
    use super::*;

    fn check(input: &[u8], expected: &[Row<'_>]) {
        assert_eq!(rows(&parse(input)), expected);
    }

    #[test]
    fn histories_with_times() {
        let (first, second) = (Some(1_700_000_000), Some(1_700_000_009));
        check(
            b": 1700000000:0;ls -l\n: 1700000009:75;for h in a\\\ndo ssh $h\\\ndone\nold\n",
            &[
                (1, first, Some(0), b"ls -l"),
                (2, second, Some(75), b"for h in a\ndo ssh $h\ndone"),
                (5, None, None, b"old"),
            ],
        );
        check(
            b": 1700000000:0;echo ends in \\ \n: 1700000009:0;: > x; y\n: 1700000009:0;a \\\\\nb\n: 1:2;\n",
            &[
                (1, first, Some(0), b"echo ends in \\"),
                (2, second, Some(0), b": > x; y"),
                (3, second, Some(0), b"a \\\nb"),
            ],
        );
        check(
            b": 1700000000:0;printf x\\\\  \n: 1700000009:0;cut off\\\n",
            &[
                (1, first, Some(0), b"printf x\\\\ "),
                (2, second, Some(0), b"cut off"),
            ],
        );
    }

    #[test]
    fn plain_histories() {
        check(
            b"ls\n: :;\n\\: > x\n: no time\n:1:2\n: 99999999999999999999:0;x\nend\\",
            &[
                (1, None, None, b"ls"),
                (3, None, None, b": > x"),
                (4, None, None, b": no time"),
                (5, None, None, b":1:2"),
                (6, None, None, b": 99999999999999999999:0;x"),
                (7, None, None, b"end"),
            ],
        );
    }

    #[test]
    fn bytes_that_zsh_uses_for_itself() {
        check(
            b"echo gr\xc3\xbc\xc3\x83\xbfe \xe3\x83\xa3\x83\xa4 nul\x83\x20\n",
            &[(1, None, None, "echo grüße ツ nul\0".as_bytes())],
        );
        // As another program writes them: left as they are.
        check(
            "echo ツ\n".as_bytes(),
            &[(1, None, None, "echo ツ".as_bytes())],
        );
        check(b"x\x83\n", &[(1, None, None, b"x\x83")]);
    }
}
