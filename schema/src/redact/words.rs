//! The rules: which bytes of environments, argument lists and shell command lines are secrets.
//!
//! All three are lists of words. A word is a secret by the name before its `=`, by the option before it, by what the
//! program takes such an option for, or by its own form (a URL with a password, an HTTP header).

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::Secret;
use super::history::{self, Newlines};
use crate::source::Content;

/// Every rule needs one of these to stand somewhere in the text, in any case.
pub(super) const KEYWORDS: &[&str] = &[
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "credential",
    "auth",
    "cookie",
    "://",
    "mysql",
    "mariadb",
    "curl",
    "wget",
    "redis-cli",
    "ldap",
    "smbclient",
    "mongo",
    "rpcclient",
    "cifs",
];

/// Parts of a name that say that its value is a secret.
const SECRET_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "accesskey",
    "access_key",
    "privatekey",
    "private_key",
    "credential",
];
/// Ends of a name that say so.
const SECRET_ENDS: &[&str] = &["_pass", "_pwd", "_key", "_auth", "_cookie"];
/// Whole names that say so.
const SECRET_NAMES: &[&str] = &["pass", "auth", "pgpass", "mysql_pwd", "key"];
/// Ends of a name that say that its value only tells where the secret lies.
const INDIRECT_ENDS: &[&str] = &[
    "_file", "_path", "_dir", "_id", "_url", "_name", "_type", "_length", "_sock",
];

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
            "mariadb-dump",
            "mariadb-admin",
        ],
        "-p",
        true,
    ),
    (&["sshpass"], "-p", true),
    (&["redis-cli"], "-a", false),
    (
        &[
            "ldapsearch",
            "ldapmodify",
            "ldapadd",
            "ldapdelete",
            "ldapwhoami",
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
/// Options of programs whose value is `user:password` or `user%password`.
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
];

/// `scheme://user:PASSWORD@`.
static URL_PASSWORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?-u)[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@'"]*:([^\s/@'"]+)@"#).ok()
});
/// An HTTP header that carries a secret.
static HEADER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i-u)(?:authorization:\s*(?:bearer|basic|token|digest)?\s*|proxy-authorization:\s*(?:bearer|basic)?\s*|x-api-key:\s*|x-auth-token:\s*|cookie:\s*)([^\s'"][^'"\r\n]*)"#,
    )
    .ok()
});

/// The secrets of a text, in order and without overlap.
pub(super) fn find(content: Content, text: &[u8]) -> Vec<Secret> {
    let mut secrets = Vec::new();
    match content {
        Content::Plain => {}
        Content::Environ => {
            for entry in pieces(text, 0..text.len(), |byte| byte == 0) {
                named_value(text, &entry, &mut secrets);
                own_form(text, &entry, &mut secrets);
                // A value may be a command line, or options of a program.
                if slice(text, &entry).contains(&b' ') {
                    let name = memchr::memchr(b'=', slice(text, &entry)).unwrap_or(0);
                    let start = entry.start.saturating_add(name).saturating_add(1);
                    line(text, start.min(entry.end)..entry.end, &mut secrets);
                }
            }
        }
        Content::Arguments => {
            let words: Vec<_> = pieces(text, 0..text.len(), |byte| byte == 0).collect();
            command(text, &words, &mut secrets);
            // An argument may be a command line of its own, as in `sh -c`.
            for word in &words {
                if slice(text, word).contains(&b' ') {
                    line(text, word.clone(), &mut secrets);
                }
            }
        }
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

/// A command line of a shell: its commands, each with its words.
fn line(text: &[u8], range: Range<usize>, secrets: &mut Vec<Secret>) {
    quoted_line(text, range, Newlines::Plain, secrets);
}

/// A command of a history, as a whole and line by line: where what was taken for one command is several, a quote in one
/// of them hides nothing of the others.
fn history_command(text: &[u8], command: history::Command, secrets: &mut Vec<Secret>) {
    let history::Command { range, newlines } = command;
    let lines: Vec<_> = pieces(text, range.clone(), |byte| byte == b'\n').collect();
    quoted_line(text, range, newlines, secrets);
    if lines.len() > 1 {
        for piece in lines {
            line(text, piece, secrets);
        }
    }
}

fn quoted_line(text: &[u8], range: Range<usize>, newlines: Newlines, secrets: &mut Vec<Secret>) {
    own_form(text, &range, secrets);
    // A quote that is never closed would hide the rest of the line from the rules.
    if !split_line(text, range.clone(), newlines, true, secrets) {
        split_line(text, range, newlines, false, secrets);
    }
}

/// Looks at each command of a line; says whether every quote was closed.
fn split_line(
    text: &[u8],
    range: Range<usize>,
    newlines: Newlines,
    quotes: bool,
    secrets: &mut Vec<Secret>,
) -> bool {
    let mut words = Vec::new();
    let (mut start, mut quote, mut before) = (None, None, 0);
    let mut next = range.start;
    while next < range.end {
        let position = next;
        let (byte, length) = match (newlines, text.get(position..range.end)) {
            (Newlines::Fish, Some([b'\\', b'n', ..]))
            | (Newlines::Zsh, Some([b'\\', b'\n', ..])) => (b'\n', 2),
            (Newlines::Fish, Some([b'\\', b'\\', ..])) => (b'\\', 2),
            (_, Some([byte, ..])) => (*byte, 1),
            _ => break,
        };
        next = position.saturating_add(length);
        let goes_on = byte == b'\n' && before == b'\\';
        before = byte;
        let separates = quote.is_none()
            && matches!(
                byte,
                b' ' | b'\t' | b';' | b'|' | b'&' | b'(' | b')' | b'\n'
            );
        if separates {
            if let Some(start) = start.take() {
                words.push(unquoted(text, start..position));
            }
            if matches!(byte, b';' | b'|' | b'&' | b'(' | b')' | b'\n') && !goes_on {
                command(text, &words, secrets);
                words.clear();
            }
            continue;
        }
        start.get_or_insert(position);
        match quote {
            Some(open) if open == byte => quote = None,
            None if quotes && matches!(byte, b'\'' | b'"') => quote = Some(byte),
            _ => {}
        }
    }
    if let Some(start) = start {
        words.push(unquoted(text, start..range.end));
    }
    command(text, &words, secrets);
    quote.is_none()
}

/// One command: words by the name, the option or the program before them.
fn command(text: &[u8], words: &[Range<usize>], secrets: &mut Vec<Secret>) {
    for word in words {
        named_value(text, word, secrets);
        own_form(text, word, secrets);
    }
    for (option, value) in words.iter().zip(words.iter().skip(1)) {
        let name = slice(text, option);
        let is_option = name.starts_with(b"-") && !name.contains(&b'=') && is_secret_name(name);
        if is_option && !slice(text, value).starts_with(b"-") {
            secrets.push(Secret {
                range: value.clone(),
                rule: "option value",
            });
        }
    }
    // The program may stand behind assignments, `sudo` or a shell's own words.
    let mut seen: Vec<&[u8]> = Vec::new();
    for (position, word) in words.iter().enumerate() {
        let name = slice(text, word);
        let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
        // The first of several has all the arguments of the others: a line of nothing but such names must not take a
        // time that grows with its square.
        if !has_options(name) || seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let arguments = words.get(position.saturating_add(1)..).unwrap_or_default();
        program_options(text, name, arguments, secrets);
    }
}

/// Whether a program has options that are secrets only to it.
fn has_options(program: &[u8]) -> bool {
    let of_programs = PROGRAM_OPTIONS.iter().map(|(names, ..)| *names);
    let of_users = USER_OPTIONS.iter().map(|(names, ..)| *names);
    of_programs
        .chain(of_users)
        .flatten()
        .any(|name| name.as_bytes() == program)
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
                    .map(|start| start..argument.end),
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

/// `NAME=value` and `--name=value`.
fn named_value(text: &[u8], word: &Range<usize>, secrets: &mut Vec<Secret>) {
    let bytes = slice(text, word);
    let Some(equals) = memchr::memchr(b'=', bytes) else {
        return;
    };
    let name = bytes.get(..equals).unwrap_or_default();
    if is_secret_name(name)
        && let Some(start) = word
            .start
            .checked_add(equals)
            .and_then(|at| at.checked_add(1))
    {
        secrets.push(Secret {
            range: unquoted(text, start..word.end),
            rule: "named value",
        });
    }
}

/// Secrets that need no name: URLs and HTTP headers.
fn own_form(text: &[u8], word: &Range<usize>, secrets: &mut Vec<Secret>) {
    let bytes = slice(text, word);
    for (form, rule) in [(&*URL_PASSWORD, "url password"), (&*HEADER, "http header")] {
        let Some(form) = form else { continue };
        for found in form
            .captures_iter(bytes)
            .filter_map(|captures| captures.get(1))
        {
            let start = word.start.saturating_add(found.start());
            let end = word.start.saturating_add(found.end());
            secrets.push(Secret {
                range: start..end,
                rule,
            });
        }
    }
}

/// Whether a variable or option of that name holds a secret.
fn is_secret_name(name: &[u8]) -> bool {
    /// Longer ones are no names.
    const NAME_LIMIT: usize = 128;
    if name.is_empty() || name.len() > NAME_LIMIT {
        return false;
    }
    let plain: Vec<u8> = name
        .iter()
        .skip_while(|byte| **byte == b'-')
        .map(|byte| {
            if matches!(byte, b'-' | b'.') {
                b'_'
            } else {
                byte.to_ascii_lowercase()
            }
        })
        .collect();
    let ends = |list: &[&str]| list.iter().any(|end| plain.ends_with(end.as_bytes()));
    let contains = |part: &&str| memchr::memmem::find(&plain, part.as_bytes()).is_some();
    let secret = SECRET_PARTS.iter().any(contains)
        || ends(SECRET_ENDS)
        || SECRET_NAMES.iter().any(|whole| whole.as_bytes() == plain);
    secret && !ends(INDIRECT_ENDS)
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
fn unquoted(text: &[u8], word: Range<usize>) -> Range<usize> {
    let bytes = slice(text, &word);
    let is_odd = |quote: u8| memchr::memchr_iter(quote, bytes).count() % 2 == 1;
    match bytes {
        [open @ (b'\'' | b'"'), .., close] if open == close => {
            word.start.saturating_add(1)..word.end.saturating_sub(1)
        }
        [open @ (b'\'' | b'"'), ..] if is_odd(*open) => word.start.saturating_add(1)..word.end,
        [.., close @ (b'\'' | b'"')] if is_odd(*close) => word.start..word.end.saturating_sub(1),
        _ => word,
    }
}

fn slice<'a>(text: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    text.get(range.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows a text with `*` for its secrets.
    fn check(content: Content, text: &str, expected: &str) {
        let mut shown = String::new();
        let mut done = 0;
        for secret in find(content, text.as_bytes()) {
            shown.push_str(text.get(done..secret.range.start).unwrap());
            shown.push('*');
            done = secret.range.end;
        }
        shown.push_str(text.get(done..).unwrap());
        assert_eq!(shown, expected);
    }

    #[test]
    fn environments() {
        let check = |text, expected| check(Content::Environ, text, expected);
        check(
            "DB_PASSWORD=pl0ver x\0HOME=/root\0",
            "DB_PASSWORD=*\0HOME=/root\0",
        );
        check(
            "STRIPE_KEY=k1\0aws_secret_access_key=k2\0",
            "STRIPE_KEY=*\0aws_secret_access_key=*\0",
        );
        check("PGPASSWORD=\"a b\"\0", "PGPASSWORD=\"*\"\0");
        check(
            "PASSWORD_FILE=/run/secrets/db\0PWD=/srv\0OLDPWD=/\0",
            "PASSWORD_FILE=/run/secrets/db\0PWD=/srv\0OLDPWD=/\0",
        );
        check(
            "SSH_AUTH_SOCK=/run/a\0AWS_ACCESS_KEY_ID=AK\0",
            "SSH_AUTH_SOCK=/run/a\0AWS_ACCESS_KEY_ID=AK\0",
        );
        check(
            "DATABASE_URL=postgres://ada:pl0ver@db.example/app\0",
            "DATABASE_URL=postgres://ada:*@db.example/app\0",
        );
        check(
            "OPTS=-Dstore.password=pl0ver -v\0RUN=mysql -ppl0ver app\0",
            "OPTS=-Dstore.password=* -v\0RUN=mysql -p* app\0",
        );
        check("EMPTY_TOKEN=\0TOKEN\0=x\0", "EMPTY_TOKEN=\0TOKEN\0=x\0");
    }

    #[test]
    fn arguments() {
        let check = |text, expected| check(Content::Arguments, text, expected);
        check(
            "app\0--db-password=pl0ver\0-v\0",
            "app\0--db-password=*\0-v\0",
        );
        check(
            "app\0--token\0pl0ver\0--token\0--next\0",
            "app\0--token\0*\0--token\0--next\0",
        );
        check(
            "/usr/bin/mysql\0-u\0ada\0-ppl0ver\0app\0",
            "/usr/bin/mysql\0-u\0ada\0-p*\0app\0",
        );
        check("mysql\0-p\0app\0", "mysql\0-p\0app\0");
        check("mongodump\0-p\0pl0ver\0", "mongodump\0-p\0*\0");
        check(
            "sshpass\0-p\0pl0ver\0ssh\0host\0",
            "sshpass\0-p\0*\0ssh\0host\0",
        );
        check(
            "curl\0-u\0ada:pl0ver\0https://api.example\0",
            "curl\0-u\0ada:*\0https://api.example\0",
        );
        check(
            "curl\0-H\0Authorization: Bearer abc.def\0",
            "curl\0-H\0Authorization: Bearer *\0",
        );
        check(
            "sh\0-c\0mysql -ppl0ver app | grep x\0",
            "sh\0-c\0mysql -p* app | grep x\0",
        );
        check("nginx: master process\0", "nginx: master process\0");
        check(
            "ls\0-p\0x\0--key-file=/etc/k\0",
            "ls\0-p\0x\0--key-file=/etc/k\0",
        );
    }

    #[test]
    fn histories() {
        let check = |text, expected| check(Content::History, text, expected);
        check(
            "#1700000000\nmysql -u ada -p'pl0ver' app\nls\n",
            "#1700000000\nmysql -u ada -p* app\nls\n",
        );
        check(
            "export API_TOKEN='a b' && make\n",
            "export API_TOKEN='*' && make\n",
        );
        check(
            "PGPASSWORD=pl0ver psql -h db.example\n",
            "PGPASSWORD=* psql -h db.example\n",
        );
        check(
            "curl -H \"X-Api-Key: pl0ver\" https://api.example\n",
            "curl -H \"X-Api-Key: *\" https://api.example\n",
        );
        check(
            "git clone https://ada:pl0ver@git.example/x; passwd ada\n",
            "git clone https://ada:*@git.example/x; passwd ada\n",
        );
        check(
            "echo it's unbalanced --password x\n",
            "echo it's unbalanced --password *\n",
        );
        check("", "");
        // Would take minutes if each name looked at all that follow.
        let names = "mysql ".repeat(400_000);
        check(&(names.clone() + "-pabc"), &(names + "-p*"));
    }

    #[test]
    fn histories_of_every_shell() {
        let check = |text, expected| check(Content::History, text, expected);
        check(
            ": 1700000000:0;export TOKEN=abc\n: 1700000001:3;mysql -pabc \\\\\n -h db\n",
            ": 1700000000:0;export TOKEN=*\n: 1700000001:3;mysql -p* \\\\\n -h db\n",
        );
        check(
            ": 1700000000:0;mysql shop\\\nssh -p22 a\n",
            ": 1700000000:0;mysql shop\\\nssh -p22 a\n",
        );
        check(
            "- cmd: ls\\nmysql -psecret\\nid\n  when: 1700000000\n- cmd: A_TOKEN='x\\\\ny' id\n",
            "- cmd: ls\\nmysql -p*\\nid\n  when: 1700000000\n- cmd: A_TOKEN='*' id\n",
        );
        check(
            "#1700000000\nexport A_TOKEN='x y\nz'\nid\n#1700000001\nmysql shop\nssh -p22 a\n",
            "#1700000000\nexport A_TOKEN='*'\nid\n#1700000001\nmysql shop\nssh -p22 a\n",
        );
        check(
            "#1700000000\necho it's\nmysql -pabc\necho that's\n",
            "#1700000000\necho it's\nmysql -p*\necho that's\n",
        );
        check(
            "mysql -pabc\n\0\0for a in b\ndo redis-cli -a x\ndone\n\0",
            "mysql -p*\n\0\0for a in b\ndo redis-cli -a *\ndone\n\0",
        );
    }
}
