//! The rules: which bytes of environments, argument lists and shell command lines are secrets.
//!
//! All three are lists of words. A word is a secret by the name before its `=`, by the option before it, by what the
//! program takes such an option for, or by its own form (a URL with a password, an HTTP header).

use std::ops::Range;

use super::Secret;
use super::forms::{is_secret_name, own_form};
use super::history::{self, Newlines};
use super::json;
use crate::source::Content;

/// Options that are secrets only to certain programs: the program's name, the option, and whether the value may
/// stand in the same word.
const PROGRAM_OPTIONS: &[(&[&str], &str, bool)] = &[
    (
        &[
            "mysql",
            "mysqldump",
            "mysqladmin",
            "mysqlimport",
            "mariadb",
            "mysqlcheck",
            "mysqlshow",
            "mysqlsh",
            "mariadb-dump",
            "mariadb-admin",
            "mariadb-import",
            "mariadb-check",
        ],
        "-p",
        true,
    ),
    (&["sshpass"], "-p", true),
    (&["redis-cli"], "-a", false),
    // `docker login` and its like: `-p` of the program itself is something else.
    (
        &["login", "twine", "evil-winrm", "useradd", "usermod"],
        "-p",
        true,
    ),
    (&["curl"], "-b", false),
    (&["openssl"], "-k", false),
    (&["mosquitto_pub", "mosquitto_sub"], "-P", false),
    (&["xfreerdp", "wlfreerdp"], "/p:", true),
    (&["rdesktop"], "-p", true),
    (&["sqlcmd", "bcp", "ipmitool", "zip", "unzip"], "-P", true),
    (&["7z", "7za", "rar", "unrar"], "-p", true),
    (&["rar", "unrar"], "-hp", true),
    (&SNMP, "-A", true),
    (&SNMP, "-X", true),
    (&SNMP, "-c", true),
    (&["ldappasswd"], "-s", true),
    (&["ldappasswd"], "-a", true),
    (
        &[
            "ldapsearch",
            "ldapmodify",
            "ldapadd",
            "ldapdelete",
            "ldapwhoami",
            "ldappasswd",
        ],
        "-w",
        true,
    ),
    (
        &["mongo", "mongosh", "mongodump", "mongorestore"],
        "-p",
        true,
    ),
];
const SNMP: [&str; 5] = ["snmpget", "snmpset", "snmpwalk", "snmpbulkwalk", "snmptrap"];
/// Options of programs whose value is a user and a password, with what stands between them.
const USER_OPTIONS: &[(&[&str], &[&str], u8)] = &[
    (
        &["curl", "wget"],
        &["-u", "--user", "--proxy-user", "-U"],
        b':',
    ),
    (
        &["smbclient", "mount.cifs", "rpcclient"],
        &["-U", "--user"],
        b'%',
    ),
    (&["lftp"], &["-u", "--user"], b','),
];
/// Words that say that a command reads a secret from its standard input.
const SECRET_READERS: &[&str] = &[
    "--password-stdin",
    "--stdin",
    "--with-token",
    "-S",
    "chpasswd",
    "passwd",
    "smbpasswd",
    "cryptsetup",
];

/// The secrets of a text, in order and without overlap.
pub(super) fn find(content: Content, text: &[u8]) -> Vec<Secret> {
    let mut secrets = Vec::new();
    match content {
        Content::Plain => {}
        Content::Environ => {
            for entry in pieces(text, 0..text.len(), |byte| byte == 0) {
                own_form(text, &entry, &mut secrets);
                let name = memchr::memchr(b'=', slice(text, &entry)).unwrap_or(0);
                let equals = entry.start.saturating_add(name);
                let value = equals.saturating_add(1).min(entry.end)..entry.end;
                if is_secret_name(slice(text, &(entry.start..equals))) {
                    secrets.push(Secret {
                        range: unquoted(text, value),
                        rule: "named value",
                    });
                } else {
                    // A value may be a command line, or options of a program.
                    line(text, value, &mut secrets);
                }
            }
        }
        Content::Arguments => {
            let words: Vec<_> = pieces(text, 0..text.len(), |byte| byte == 0).collect();
            let is_line = |position: usize, word: &Range<usize>| {
                let before = position.checked_sub(1).and_then(|at| words.get(at));
                let before = before.map_or(&b""[..], |before| slice(text, before));
                slice(text, word).contains(&b' ')
                    && before.starts_with(b"-")
                    && before.ends_with(b"c")
            };
            // What stands behind `-c` is a command line of its own, and other arguments may be one.
            let named = words.iter().enumerate().map(|(position, word)| {
                let end = if is_line(position, word) {
                    word.start
                } else {
                    word.end
                };
                word.start..end
            });
            command(text, &named.collect::<Vec<_>>(), &mut secrets);
            for word in &words {
                own_form(text, word, &mut secrets);
                if slice(text, word).contains(&b' ') {
                    line(text, word.clone(), &mut secrets);
                }
            }
        }
        Content::Json => json::find(text, &mut secrets),
        Content::Configuration => super::configuration::find(text, &mut secrets),
        Content::History => {
            for command in history::commands(text) {
                history_command(text, command, &mut secrets);
            }
        }
    }
    secrets.retain(|secret| !secret.range.is_empty());
    // Where two overlap, all that either covers is secret.
    secrets.sort_by_key(|secret| secret.range.start);
    let mut apart: Vec<Secret> = Vec::with_capacity(secrets.len());
    for secret in secrets {
        match apart.last_mut() {
            Some(last) if secret.range.start < last.range.end => {
                last.range.end = last.range.end.max(secret.range.end);
            }
            _ => apart.push(secret),
        }
    }
    apart
}

/// Command lines within quotes within command lines that are entered.
const DEPTH_LIMIT: u8 = 2;

/// How a line is written, and in how many others it lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    newlines: Newlines,
    depth: u8,
}

impl Place {
    fn of(newlines: Newlines) -> Self {
        Place { newlines, depth: 0 }
    }
}

/// A command line of a shell: its commands, each with its words.
pub(super) fn line(text: &[u8], range: Range<usize>, secrets: &mut Vec<Secret>) {
    quoted_line(text, range, Place::of(Newlines::Plain), secrets);
}

/// A command of a history, as a whole and line by line: where what was taken for one command is several, a quote in one
/// of them hides nothing of the others.
fn history_command(text: &[u8], command: history::Command, secrets: &mut Vec<Secret>) {
    let history::Command { range, newlines } = command;
    let lines: Vec<_> = pieces(text, range.clone(), |byte| byte == b'\n').collect();
    quoted_line(text, range, Place::of(newlines), secrets);
    if lines.len() > 1 {
        for piece in lines {
            line(text, piece, secrets);
        }
    }
}

fn quoted_line(text: &[u8], range: Range<usize>, place: Place, secrets: &mut Vec<Secret>) {
    own_form(text, &range, secrets);
    // A quote that is never closed would hide the rest of the line from the rules.
    if !split_line(text, range.clone(), place, true, secrets) {
        split_line(text, range, place, false, secrets);
    }
}

/// The byte that comes next in a command, and in how many it is written.
fn next_byte(rest: &[u8], newlines: Newlines) -> Option<(u8, usize)> {
    Some(match (newlines, rest) {
        (Newlines::Fish, [b'\\', b'n', ..]) | (Newlines::Zsh, [b'\\', b'\n', ..]) => (b'\n', 2),
        (Newlines::Fish, [b'\\', b'\\', ..]) => (b'\\', 2),
        (_, [byte, ..]) => (*byte, 1),
        (_, []) => return None,
    })
}

/// How many bytes a backslash takes with it, and whether it only says that the line goes on.
fn escape(rest: &[u8], newlines: Newlines) -> (usize, bool) {
    match (newlines, rest) {
        // zsh doubles it, also where it writes no times.
        (Newlines::Plain, [b'\\', b'\n', ..]) => (2, true),
        (Newlines::Plain, [b'\\']) => (1, true),
        _ => match next_byte(rest, newlines) {
            Some((byte, length)) => (length, byte == b'\n'),
            None => (0, true),
        },
    }
}

/// Looks at each command of a line; says whether every quote was closed.
fn split_line(
    text: &[u8],
    range: Range<usize>,
    place: Place,
    quotes: bool,
    secrets: &mut Vec<Secret>,
) -> bool {
    let newlines = place.newlines;
    let rest = |from| text.get(from..range.end).unwrap_or_default();
    let mut words = Vec::new();
    // What the command reads that stands behind a `|`.
    let mut source: Vec<Range<usize>> = Vec::new();
    let mut start = None;
    // The quote that is open, and whether a backslash means something in it.
    let mut quote: Option<(u8, bool)> = None;
    let (mut next, mut end, mut before) = (range.start, range.start, 0);
    while let Some((byte, length)) = next_byte(rest(next), newlines) {
        let position = next;
        next = position.saturating_add(length);
        if byte == b'\\' && quote.is_none_or(|(_, escapes)| escapes) {
            let (length, goes_on) = escape(rest(next), newlines);
            next = next.saturating_add(length);
            before = 0;
            if !goes_on {
                start.get_or_insert(position);
                end = next;
            }
            continue;
        }
        let ends = matches!(byte, b';' | b'|' | b'&' | b'(' | b')' | b'`' | b'\n');
        if quote.is_none() && (ends || matches!(byte, b' ' | b'\t')) {
            if let Some(start) = start.take() {
                words.push(word(text, start..end, place, secrets));
            }
            if ends {
                command(text, &words, secrets);
                standard_input(text, &source, &words, secrets);
                source.clear();
                if byte == b'|' {
                    std::mem::swap(&mut source, &mut words);
                }
                words.clear();
            }
            before = byte;
            continue;
        }
        start.get_or_insert(position);
        end = next;
        match quote {
            Some((open, _)) if open == byte => quote = None,
            None if quotes && matches!(byte, b'\'' | b'"') => {
                let escapes = byte == b'"' || before == b'$' || newlines == Newlines::Fish;
                quote = Some((byte, escapes));
            }
            _ => {}
        }
        before = byte;
    }
    if let Some(start) = start {
        words.push(word(text, start..end, place, secrets));
    }
    command(text, &words, secrets);
    standard_input(text, &source, &words, secrets);
    quote.is_none()
}

/// A word without its quotes. What they hold may be a command line of its own, as in `ssh a "mysql -px"`.
fn word(text: &[u8], word: Range<usize>, place: Place, secrets: &mut Vec<Secret>) -> Range<usize> {
    let bytes = slice(text, &word);
    let is_entered = place.depth < DEPTH_LIMIT && bytes.contains(&b' ');
    if let Some(first) = memchr::memchr2(b'\'', b'"', bytes).filter(|_| is_entered) {
        let start = word.start.saturating_add(first).saturating_add(1);
        let is_closed = bytes.last() == bytes.get(first);
        let end = word.end.saturating_sub(usize::from(is_closed));
        let place = Place {
            depth: place.depth.saturating_add(1),
            ..place
        };
        quoted_line(text, start..end.max(start), place, secrets);
    }
    unquoted(text, word)
}

/// What `echo` writes to, or `<<<` gives to, a program that is told to read a secret.
fn standard_input(
    text: &[u8],
    source: &[Range<usize>],
    words: &[Range<usize>],
    secrets: &mut Vec<Secret>,
) {
    let (mut reads, mut has_users, mut follows) = (false, false, false);
    let mut given: Vec<Range<usize>> = Vec::new();
    for range in words {
        let word = slice(text, range);
        has_users |= word == b"chpasswd";
        reads |= SECRET_READERS.iter().any(|name| name.as_bytes() == word);
        if follows {
            given.push(range.clone());
        }
        follows = word == b"<<<";
        if let Some(given_here) = word.strip_prefix(b"<<<").filter(|given| !given.is_empty()) {
            let start = range.end.saturating_sub(given_here.len());
            given.push(unquoted(text, start..range.end));
        }
    }
    if !reads {
        return;
    }
    if let Some((program, arguments)) = source.split_first()
        && matches!(slice(text, program), b"echo" | b"printf")
    {
        let is_option = |range: &&Range<usize>| slice(text, range).starts_with(b"-");
        given.extend(arguments.iter().skip_while(is_option).cloned());
    }
    for range in given {
        let user = memchr::memchr(b':', slice(text, &range)).filter(|_| has_users);
        let user = user.map_or(0, |at| at.saturating_add(1));
        secrets.push(Secret {
            range: range.start.saturating_add(user)..range.end,
            rule: "standard input",
        });
    }
}

/// One command: words by the name, the option or the program before them.
fn command(text: &[u8], words: &[Range<usize>], secrets: &mut Vec<Secret>) {
    for word in words {
        named_value(text, word, secrets);
        // As openssl takes a password.
        if let Some(password) = slice(text, word).strip_prefix(b"pass:") {
            secrets.push(Secret {
                range: word.end.saturating_sub(password.len())..word.end,
                rule: "option value",
            });
        }
    }
    let mut identified = false;
    for (option, value) in words.iter().zip(words.iter().skip(1)) {
        let (option, word) = (slice(text, option), slice(text, value));
        identified |= option.eq_ignore_ascii_case(b"identified");
        let start = if option == b"--from-literal" {
            memchr::memchr(b'=', word).map(|equals| equals.saturating_add(1))
        } else {
            let is_by = identified && option.eq_ignore_ascii_case(b"by");
            let follows = is_by || announces(option);
            (follows && !word.starts_with(b"-") && word != b"=").then_some(0)
        };
        secrets.extend(start.map(|start| Secret {
            range: unquoted(text, value.start.saturating_add(start)..value.end),
            rule: "option value",
        }));
    }
    for value in set_values(text, words) {
        secrets.push(Secret {
            range: value.clone(),
            rule: "set value",
        });
    }
    // The program may stand behind assignments, `sudo` or a shell's own words.
    let mut seen: Vec<&[u8]> = Vec::new();
    for (position, word) in words.iter().enumerate() {
        let name = slice(text, word);
        let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
        // The first of several has all the arguments of the others: a line of nothing but such names must not take a
        // time that grows with its square.
        if !programs().any(|program| program.as_bytes() == name) || seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let arguments = words.get(position.saturating_add(1)..).unwrap_or_default();
        program_options(text, name, arguments, secrets);
        if name == b"htpasswd" {
            htpasswd(text, arguments, secrets);
        }
    }
}

/// Whether the word behind this one is a secret: it is an option, `password:` as YAML has it, or SQL's `PASSWORD`.
fn announces(word: &[u8]) -> bool {
    let quoted = |byte: &u8| matches!(byte, b'{' | b'\'' | b'"' | b'\\');
    if let Some(name) = word.strip_suffix(b":") {
        let start = name.iter().take_while(|byte| quoted(byte)).count();
        let end = name.iter().rev().take_while(|byte| quoted(byte)).count();
        return name
            .get(start..name.len().saturating_sub(end))
            .is_some_and(is_secret_name);
    }
    let is_option = word.starts_with(b"-") && !word.contains(&b'=') && is_secret_name(word);
    is_option || word.eq_ignore_ascii_case(b"password")
}

/// What `set` of fish and tcsh, `setenv`, or the `config` of a program gives to a secret name: all words behind it.
fn set_values<'a>(text: &[u8], words: &'a [Range<usize>]) -> &'a [Range<usize>] {
    /// Words that may stand before it, as in `and set` or `aws configure set`.
    const BEFORE_LIMIT: usize = 4;
    let is_option = |word: &&Range<usize>| slice(text, word).starts_with(b"-");
    for (position, word) in words.iter().enumerate().take(BEFORE_LIMIT) {
        if !matches!(slice(text, word), b"set" | b"setenv" | b"config") {
            continue;
        }
        let behind = words.get(position.saturating_add(1)..).unwrap_or_default();
        let options = behind.iter().take_while(is_option).count();
        if let Some((name, values)) = behind.get(options..).and_then(<[_]>::split_first)
            && !slice(text, name).contains(&b'=')
            && is_secret_name(slice(text, name))
        {
            // `set name = value` of tcsh.
            return match values {
                [equals, values @ ..] if slice(text, equals) == b"=" => values,
                values => values,
            };
        }
    }
    &[]
}

/// The programs that have options that are secrets only to them.
pub(super) fn programs() -> impl Iterator<Item = &'static str> {
    let of_programs = PROGRAM_OPTIONS.iter().map(|(names, ..)| *names);
    let of_users = USER_OPTIONS.iter().map(|(names, ..)| *names);
    of_programs
        .chain(of_users)
        .chain([&["htpasswd"][..]])
        .flatten()
        .copied()
}

fn program_options(
    text: &[u8],
    program: &[u8],
    arguments: &[Range<usize>],
    secrets: &mut Vec<Secret>,
) {
    let is = |names: &[&str]| names.iter().any(|name| name.as_bytes() == program);
    let next = |position: usize| arguments.get(position.saturating_add(1)).cloned();
    for (_, option, joined) in PROGRAM_OPTIONS.iter().filter(|(names, ..)| is(names)) {
        for (position, argument) in arguments.iter().enumerate() {
            let range = match slice(text, argument).strip_prefix(option.as_bytes()) {
                // `mysql -p` alone asks for the password: what follows is the database.
                Some([]) if program.starts_with(b"mysql") || program.starts_with(b"mariadb") => {
                    None
                }
                Some([]) => next(position),
                Some(_) if *joined => argument
                    .start
                    .checked_add(option.len())
                    .map(|start| unquoted(text, start..argument.end)),
                _ => None,
            };
            secrets.extend(range.map(|range| Secret {
                range,
                rule: "program option",
            }));
        }
    }
    for (_, options, separator) in USER_OPTIONS.iter().filter(|(names, ..)| is(names)) {
        for (position, argument) in arguments.iter().enumerate() {
            let word = slice(text, argument);
            let value =
                options
                    .iter()
                    .find_map(|option| match word.strip_prefix(option.as_bytes())? {
                        [] => next(position),
                        [b'=', ..] => Some(
                            argument.start.checked_add(option.len())?.checked_add(1)?..argument.end,
                        ),
                        _ if option.len() == 2 => {
                            Some(argument.start.checked_add(2)?..argument.end)
                        }
                        _ => None,
                    });
            let value =
                value.or_else(|| next(position).filter(|_| is(&["curl"]) && ends_in_u(word)));
            let password = value.and_then(|value| {
                let at = memchr::memchr(*separator, slice(text, &value))?;
                Some(value.start.checked_add(at)?.checked_add(1)?..value.end)
            });
            secrets.extend(password.map(|range| Secret {
                range,
                rule: "user and password",
            }));
        }
    }
}

/// Whether a word is several of curl's options in one, of which `-u` is the last.
fn ends_in_u(word: &[u8]) -> bool {
    matches!(word, [b'-', options @ .., b'u'] if options.len() < 8 && options.iter().all(u8::is_ascii_alphabetic))
}

/// `htpasswd -b FILE USER PASSWORD`.
fn htpasswd(text: &[u8], arguments: &[Range<usize>], secrets: &mut Vec<Secret>) {
    let is_batch = |word: &Range<usize>| matches!(slice(text, word), [b'-', options @ ..] if !options.starts_with(b"-") && options.contains(&b'b'));
    if !arguments.iter().any(is_batch) {
        return;
    }
    let before_output = arguments
        .iter()
        .take_while(|word| !slice(text, word).contains(&b'>'));
    secrets.extend(before_output.last().map(|word| Secret {
        range: word.clone(),
        rule: "program option",
    }));
}

/// `NAME=value` and `--name=value`; also `--option=name=value`.
fn named_value(text: &[u8], word: &Range<usize>, secrets: &mut Vec<Secret>) {
    let mut start = word.start;
    let mut is_literal = false;
    for equals in memchr::memchr_iter(b'=', slice(text, word)) {
        let equals = word.start.saturating_add(equals);
        let name = text.get(start..equals).unwrap_or_default();
        start = equals.saturating_add(1);
        // What stands in the query of a URL goes only as far as the next `&`; a command line is looked at by itself.
        let is_name = !name.iter().any(|byte| matches!(byte, b'?' | b'&' | b' '));
        if is_literal || (is_name && is_secret_name(name)) {
            secrets.push(Secret {
                range: unquoted(text, start..word.end),
                rule: "named value",
            });
            return;
        }
        // `kubectl create secret --from-literal=name=value`.
        is_literal = name == b"--from-literal";
    }
}

/// Non-empty pieces between separators.
pub(super) fn pieces(
    text: &[u8],
    range: Range<usize>,
    separates: impl Fn(u8) -> bool + Copy,
) -> impl Iterator<Item = Range<usize>> {
    let mut start = range.start;
    text.get(range)
        .unwrap_or_default()
        .split(move |byte| separates(*byte))
        .map(move |piece| {
            let piece = start..start.saturating_add(piece.len());
            start = piece.end.saturating_add(1);
            piece
        })
        .filter(|piece| !piece.is_empty())
}

/// A word without the quotes around it, or without the one that is left of a pair.
pub(super) fn unquoted(text: &[u8], word: Range<usize>) -> Range<usize> {
    let bytes = slice(text, &word);
    let is_open = |at: usize| at == 0 || bytes.get(at.saturating_sub(1)) != Some(&b'\\');
    let is_odd = |quote: u8| {
        memchr::memchr_iter(quote, bytes)
            .filter(|at| is_open(*at))
            .count()
            % 2
            == 1
    };
    match bytes {
        [open @ (b'\'' | b'"'), .., close] if open == close => {
            word.start.saturating_add(1)..word.end.saturating_sub(1)
        }
        [open @ (b'\'' | b'"'), ..] if is_odd(*open) => word.start.saturating_add(1)..word.end,
        [.., close @ (b'\'' | b'"')] if is_odd(*close) => word.start..word.end.saturating_sub(1),
        _ => word,
    }
}

pub(super) fn slice<'a>(text: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    text.get(range.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
