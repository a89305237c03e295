//! The hosts that a command line names: by the arguments of the programs that go to other hosts.

mod arguments;
mod databases;
mod options;
mod programs;
mod runners;
mod web;

use std::borrow::Cow;

use super::shell_words::{self, Command, LENGTH_LIMIT};
use arguments::{Argument, Arguments, Options};

/// Command lines within command lines that are entered, as in `ssh a "ssh b"`.
const DEPTH_LIMIT: usize = 4;
/// Command lines that are entered of one: loops within loops would make millions.
const LINE_LIMIT: usize = 1000;
/// Most hosts of one command: a line that names more is no command that somebody typed.
const HOST_LIMIT: usize = 256;
/// What the pseudonym of a secret begins with, and how many hex digits follow.
const SECRET: &[u8] = b"secret:";
const SECRET_DIGITS: usize = 16;

/// A host that a program is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The program, without its directory.
    pub(crate) program: Vec<u8>,
    /// Name or address, without the brackets of IPv6.
    pub(crate) host: Vec<u8>,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<Vec<u8>>,
}

/// The hosts of a line, in the order they are named, each once.
pub(crate) fn hosts(line: &[u8]) -> Vec<Named> {
    let mut finder = Finder {
        found: Vec::new(),
        exported: Vec::new(),
        depth: 0,
        lines: 0,
    };
    // A history that a crash has left behind has NULs before a line.
    let start = line.iter().position(|byte| *byte != 0);
    let line = line.get(start.unwrap_or(0)..).unwrap_or(line);
    let line = line.get(..LENGTH_LIMIT).unwrap_or(line);
    finder.line(&without_secrets(line));
    finder.found
}

/// A line without the pseudonyms of secrets, which have the form of a host with its port.
fn without_secrets(line: &[u8]) -> Cow<'_, [u8]> {
    let mut line = Cow::Borrowed(line);
    let mut from = 0_usize;
    while let Some(rest) = line.get(from..)
        && let Some(at) = memchr::memmem::find(rest, SECRET)
    {
        let start = from.saturating_add(at);
        from = start.saturating_add(SECRET.len());
        let end = from.saturating_add(SECRET_DIGITS);
        if line
            .get(from..end)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        {
            if let Some(secret) = line.to_mut().get_mut(start..end) {
                secret.fill(shell_words::UNKNOWN);
            }
            from = end;
        }
    }
    line
}

struct Finder {
    found: Vec<Named>,
    /// `NAME=value` of the variables that earlier commands have exported.
    exported: Vec<Vec<u8>>,
    depth: usize,
    lines: usize,
}

/// A place to connect to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Endpoint<'a> {
    host: &'a [u8],
    port: Option<u16>,
    user: Option<&'a [u8]>,
}

impl Finder {
    fn line(&mut self, line: &[u8]) {
        self.enter(|finder| {
            for Command { assignments, words } in shell_words::commands(line) {
                finder.command(&assignments, &words);
            }
        });
    }

    /// A command that another one runs.
    fn inner(&mut self, words: &[Vec<u8>]) {
        self.enter(|finder| finder.command(&[], words));
    }

    fn enter(&mut self, look: impl FnOnce(&mut Self)) {
        if self.depth >= DEPTH_LIMIT || self.lines >= LINE_LIMIT {
            return;
        }
        self.lines = self.lines.saturating_add(1);
        self.depth = self.depth.saturating_add(1);
        look(self);
        self.depth = self.depth.saturating_sub(1);
    }

    /// Words that make a command line once they are joined, as `ssh` and `eval` do.
    fn joined(&mut self, words: &[Vec<u8>]) {
        if !words.is_empty() {
            self.line(&words.join(&b' '));
        }
    }

    fn command(&mut self, assignments: &[Vec<u8>], words: &[Vec<u8>]) {
        let mut words = words;
        let mut told: Vec<&[u8]> = assignments.iter().map(Vec::as_slice).collect();
        while let [program, rest @ ..] = words {
            let name = base_name(program);
            if let Some(wrapped) = runners::wrapped(name, rest) {
                // `env NAME=value COMMAND`.
                let own = rest.len().saturating_sub(wrapped.len());
                let own = rest.get(..own).unwrap_or_default().iter();
                told.extend(
                    own.map(Vec::as_slice)
                        .filter(|word| runners::variable(word).is_some()),
                );
                words = wrapped;
                continue;
            }
            match name {
                b"export" => self.export(rest),
                b"set" => self.set(rest),
                b"find" => self.find(rest),
                b"tmux" => self.tmux(rest),
                b"parallel" => self.parallel(rest),
                b"eval" | b"watch" => self.joined(runners::watched(rest)),
                b"bash" | b"sh" | b"zsh" | b"dash" | b"ksh" | b"mksh" | b"ash" | b"fish"
                | b"su" | b"runuser" | b"script" => {
                    self.shell(rest);
                }
                _ => self.program(name, rest, &told),
            }
            return;
        }
    }

    fn export(&mut self, words: &[Vec<u8>]) {
        for word in words {
            if let Some(name) = runners::variable(word) {
                self.exported
                    .retain(|known| runners::variable(known) != Some(name));
                self.exported.push(word.clone());
            }
        }
    }

    /// `set -x NAME VALUE` of fish.
    fn set(&mut self, words: &[Vec<u8>]) {
        let is_option = |word: &&Vec<u8>| word.starts_with(b"-");
        let is_export = |word: &Vec<u8>| {
            word == b"--export" || !word.starts_with(b"--") && word.contains(&b'x')
        };
        let mut rest = words.iter().skip_while(is_option);
        if words.iter().take_while(is_option).any(is_export)
            && let (Some(name), Some(value)) = (rest.next(), rest.next())
        {
            self.export(&[[name.as_slice(), b"=", value].concat()]);
        }
    }

    /// The value of a variable, among those told for a command and those exported before it.
    fn told(&self, told: &[&[u8]], name: &str) -> Option<Vec<u8>> {
        let exported = self.exported.iter().map(Vec::as_slice);
        let value = exported
            .chain(told.iter().copied())
            .filter_map(|word| word.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
            .next_back();
        value.map(<[u8]>::to_vec)
    }

    /// `find ... -exec COMMAND ;`.
    fn find(&mut self, words: &[Vec<u8>]) {
        let is_exec = |word: &Vec<u8>| matches!(&**word, b"-exec" | b"-execdir" | b"-ok");
        for command in words.split(is_exec).skip(1) {
            let end = command
                .iter()
                .position(|word| matches!(&**word, b";" | b"+"));
            self.inner(
                command
                    .get(..end.unwrap_or(command.len()))
                    .unwrap_or_default(),
            );
        }
    }

    /// `sh -c COMMAND`.
    fn shell(&mut self, words: &[Vec<u8>]) {
        let is_command = |word: &&Vec<u8>| {
            let flags = word
                .strip_prefix(b"-")
                .filter(|flags| !flags.starts_with(b"-"));
            flags.is_some_and(|flags| flags.contains(&b'c')) || *word == b"--command"
        };
        let mut words = words.iter();
        if words.by_ref().find(is_command).is_some()
            && let Some(command) = words.next()
        {
            self.line(command);
        }
    }

    fn named(&mut self, program: &[u8], endpoint: Endpoint<'_>) {
        let host = endpoint.host;
        let host = host
            .strip_prefix(b"[")
            .and_then(|host| host.strip_suffix(b"]"))
            .unwrap_or(host);
        if !is_host(host) || self.found.len() >= HOST_LIMIT {
            return;
        }
        let is_known = |byte: &u8| *byte != shell_words::UNKNOWN;
        let user = endpoint.user;
        let user = user.filter(|user| !user.is_empty() && user.iter().all(is_known));
        let named = Named {
            program: program.to_vec(),
            host: host.to_vec(),
            port: endpoint.port,
            user: user.map(<[u8]>::to_vec),
        };
        if !self.found.contains(&named) {
            self.found.push(named);
        }
    }
}

fn base_name(program: &[u8]) -> &[u8] {
    program
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or(program)
}

/// Whether a text can be the name or the address of a host.
fn is_host(text: &[u8]) -> bool {
    let may_begin = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | 0x80..);
    let may_be = |byte: &u8| may_begin(*byte) || matches!(byte, b'.' | b'-' | b'%');
    text.len() <= 255 && text.first().copied().is_some_and(may_begin) && text.iter().all(may_be)
}

/// A port in decimal.
fn port(text: &[u8]) -> Option<u16> {
    super::bytes::decimal(text)
}

/// User and the rest of `user@rest`. The password of `user:password@rest` is dropped.
fn split_user(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match super::bytes::cut_last(text, b'@') {
        Some((user, rest)) => {
            let user = super::bytes::cut(user, b':').map_or(user, |(user, _)| user);
            (Some(user), rest)
        }
        None => (None, text),
    }
}

/// `user@host:port`, each part but the host missing where it is not there. Several colons without brackets are those of
/// an IPv6 address.
fn endpoint(text: &[u8]) -> Endpoint<'_> {
    let (user, rest) = split_user(text);
    let (host, port_text) = match rest {
        [b'[', ..] => match super::bytes::cut(rest, b']') {
            Some((host, after)) => (
                host.get(1..).unwrap_or_default(),
                after.strip_prefix(b":").unwrap_or_default(),
            ),
            None => (rest, &b""[..]),
        },
        _ => match super::bytes::cut(rest, b':') {
            Some((host, after)) if !after.contains(&b':') => (host, after),
            _ => (rest, &b""[..]),
        },
    };
    Endpoint {
        host,
        port: port(port_text),
        user,
    }
}

/// Scheme and authority of a URL.
fn url(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memmem::find(text, b"://")?;
    let (scheme, rest) = text.split_at_checked(at)?;
    let is_scheme = scheme
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let rest = rest.get(3..)?;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let authority = rest.get(..end.unwrap_or(rest.len()))?;
    (is_scheme && !scheme.is_empty() && !scheme.eq_ignore_ascii_case(b"file"))
        .then_some((scheme, authority))
}

/// The place that a URL names.
fn url_endpoint(text: &[u8]) -> Option<Endpoint<'_>> {
    url(text).map(|(_, authority)| endpoint(authority))
}

/// The place of `user@host:path`, where no slash stands before the colon: else it is a local file.
fn remote_path(text: &[u8]) -> Option<Endpoint<'_>> {
    if memchr::memmem::find(text, b"://").is_some() {
        return url_endpoint(text);
    }
    let bracket = memchr::memchr(b'[', text);
    let end = match bracket.filter(|at| *at == 0 || text.get(at.wrapping_sub(1)) == Some(&b'@')) {
        Some(_) => memchr::memmem::find(text, b"]:")?.checked_add(1)?,
        None => memchr::memchr(b':', text)?,
    };
    let before = text.get(..end)?;
    if before.contains(&b'/') {
        return None;
    }
    let (user, host) = split_user(before);
    Some(Endpoint {
        host,
        port: None,
        user,
    })
}

#[cfg(test)]
mod tests;
