//! The history of a shell, whichever it is: which one wrote the file, and its commands.

use std::borrow::Cow;

use schema::parse::ksh_history;

use super::bytes::{cut_last, is_blank, lines};
use super::{Parsed, bash_history, fish_history, sh_history, zsh_history};

/// Lines that are looked at to learn which shell wrote a file whose name does not tell.
const LINES_LIMIT: usize = 64;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command<'a> {
    /// Line on which it begins, or its number in a file without lines, counted from 1.
    pub(crate) line: u64,
    /// Epoch seconds.
    pub(crate) time: Option<i64>,
    /// Seconds.
    pub(crate) duration: Option<u64>,
    pub(crate) text: Cow<'a, [u8]>,
}

impl<'a> Command<'a> {
    /// A command of a shell that does not measure.
    pub(crate) fn new(line: u64, time: Option<i64>, text: &'a [u8]) -> Self {
        Command {
            line,
            time,
            duration: None,
            text: Cow::Borrowed(text),
        }
    }
}

/// A history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct History<'a> {
    /// The shell that wrote it, where that can be told.
    pub(crate) shell: Option<&'static str>,
    pub(crate) commands: Parsed<Vec<Command<'a>>>,
}

/// Reads a history. Its text decides which shell wrote it where it says so at once, else its name, else its text.
pub(crate) fn parse<'a>(path: &[u8], text: &'a [u8]) -> History<'a> {
    let name = cut_last(path, b'/').map_or(path, |(_, name)| name);
    let shell = by_first_bytes(text)
        .or_else(|| by_name(name, text))
        .or_else(|| by_text(text, LINES_LIMIT));
    let commands = match shell {
        Some("ksh" | "mksh") if ksh_history::is_binary(text) => sh_history::parse(text).into(),
        Some("fish") => fish_history::parse(text),
        Some("zsh") => zsh_history::parse(text).into(),
        Some("bash") => bash_history::parse(text).into(),
        Some("tcsh") => bash_history::parse_tcsh(text).into(),
        _ => plain(text).into(),
    };
    History { shell, commands }
}

fn by_first_bytes(text: &[u8]) -> Option<&'static str> {
    match text {
        [0x81, 0x00 | 0x01, ..] => Some("ksh"),
        [0xab, 0xcd, ..] => Some("mksh"),
        _ => by_text(text, 1).filter(|shell| matches!(*shell, "zsh" | "fish")),
    }
}

fn by_name(name: &[u8], text: &[u8]) -> Option<&'static str> {
    match name {
        b".bash_history" => Some("bash"),
        b".zsh_history" | b".zhistory" | b".histfile" => Some("zsh"),
        b"fish_history" => Some("fish"),
        b".ash_history" => Some("ash"),
        b".sh_history" | b".ksh_history" => Some(binary(text).unwrap_or("ksh")),
        _ => None,
    }
}

fn by_text(text: &[u8], limit: usize) -> Option<&'static str> {
    if let Some(shell) = binary(text) {
        return Some(shell);
    }
    let signed = |line: &[u8]| {
        if matches!(zsh_history::stamp(line), Some((Some(_), Some(_), _))) {
            Some("zsh")
        } else if line.starts_with(fish_history::COMMAND) {
            Some("fish")
        } else if bash_history::tcsh_stamp(line).is_some() {
            Some("tcsh")
        } else {
            bash_history::stamp(line).map(|_| "bash")
        }
    };
    lines(text)
        .map(|(_, line)| line)
        .filter(|line| !is_blank(line))
        .take(limit)
        .find_map(signed)
}

/// Which shell wrote a binary history whose beginning is not there.
fn binary(text: &[u8]) -> Option<&'static str> {
    if !ksh_history::is_binary(text) {
        return None;
    }
    let commands = ksh_history::commands(text);
    let is_mksh = commands.iter().any(|command| command.is_numbered);
    Some(if is_mksh { "mksh" } else { "ksh" })
}

/// A command on each line.
fn plain(text: &[u8]) -> Vec<Command<'_>> {
    lines(text)
        .filter(|(_, line)| !is_blank(line))
        .map(|(line, text)| Command::new(line, None, text))
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Line, time, duration and text of a command.
    pub(crate) type Row<'a> = (u64, Option<i64>, Option<u64>, &'a [u8]);

    pub(crate) fn rows<'a>(commands: &'a [Command<'_>]) -> Vec<Row<'a>> {
        commands
            .iter()
            .map(|command| {
                let Command {
                    line,
                    time,
                    duration,
                    text,
                } = command;
                (*line, *time, *duration, &**text)
            })
            .collect()
    }

    #[test]
    fn who_wrote_it() {
        let check = |path: &str, text: &[u8], shell, first: &[u8]| {
            let history = parse(path.as_bytes(), text);
            let first_row = rows(&history.commands.value)
                .first()
                .map(|row| row.3.to_vec());
            assert_eq!(
                (history.shell, first_row.as_deref()),
                (shell, Some(first)),
                "{path}"
            );
        };
        check("/root/.bash_history", b"ls\n", Some("bash"), b"ls");
        check("/root/.zsh_history", b"ls\n", Some("zsh"), b"ls");
        check("/root/.zhistory", b"\\: x\n", Some("zsh"), b": x");
        check("/root/.histfile", b"#1\nls\n", Some("zsh"), b"#1");
        check(
            "/root/.ash_history",
            b"#1700000000\n",
            Some("ash"),
            b"#1700000000",
        );
        check("/root/.sh_history", b"ls\nid\n", Some("ksh"), b"ls");
        check("/root/.sh_history", b"\x81\x01ls\n\0", Some("ksh"), b"ls");
        check(
            "/root/.sh_history",
            b"\xab\xcd\xff\0\0\0\x01ls\0",
            Some("mksh"),
            b"ls",
        );
        check(
            "/root/.sh_history",
            b"xy\0\xff\0\0\0\x01ls\0",
            Some("mksh"),
            b"xy",
        );
        check("/root/.history", b"#+1700000000\nls\n", Some("tcsh"), b"ls");
        check("/root/.history", b"ls\n", None, b"ls");
        check("/srv/h", b"\n#1700000000\nls\n", Some("bash"), b"ls");
        check("/srv/h", b"ls\n: 1700000000:0;id\n", Some("zsh"), b"ls");
        check("/srv/h", b"- cmd: ls\n  when: 1\n", Some("fish"), b"ls");
        check(
            "/srv/.bash_history",
            b": 1700000000:0;ls\n",
            Some("zsh"),
            b"ls",
        );
        check("/srv/h", b"ls\0id\0", Some("ksh"), b"ls");
        check("/root/.bash_history", b"ls\0\n", Some("bash"), b"ls\0");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text: Vec<u8>) {
            for name in [".bash_history", ".zsh_history", "fish_history", ".sh_history", ".history", "h"] {
                parse(name.as_bytes(), &text);
            }
        }
    }
}
