//! `.sh_history`, as ksh93 and mksh write it: binary, without times.

use schema::parse::ksh_history;

use super::bytes::is_blank;
use super::shell_history::Command;

/// Reads the commands; each has its number in the place of a line.
pub(crate) fn parse(input: &[u8]) -> Vec<Command<'_>> {
    (1..)
        .zip(ksh_history::commands(input))
        .filter_map(|(number, command)| {
            let text = input.get(command.range)?;
            Some((number, text.strip_suffix(b"\n").unwrap_or(text)))
        })
        .filter(|(_, text)| !is_blank(text))
        .map(|(line, text)| Command::new(line, None, text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::shell_history::tests::{Row, rows};
    use super::*;

    #[test]
    fn histories() {
        let check = |input: &[u8], expected: &[Row<'_>]| assert_eq!(rows(&parse(input)), expected);
        check(
            b"\x81\x01ls -l\n\0\0for h in a\ndo :\ndone\n\0fc -s ls\n\0\x81\0\x82\0\0\0\x03\0ls \xff\n\0",
            &[
                (1, None, None, b"ls -l"),
                (2, None, None, b"for h in a\ndo :\ndone"),
                (3, None, None, b"fc -s ls"),
                (4, None, None, b"ls \xff"),
            ],
        );
        check(
            b"\xab\xcd\xff\0\0\0\x01ls\0\xff\0\0\0\x02\0\xff\0\0\x01\x2cid\0",
            &[(1, None, None, b"ls"), (3, None, None, b"id")],
        );
        check(b"\x81\x01", &[]);
    }
}
