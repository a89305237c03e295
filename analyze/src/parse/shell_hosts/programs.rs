//! What each program takes for a host.

use super::options::{
    AUTOSSH, BY_URL, KUBECTL, LDAP, LFTP, MONGO, MONGO_TOOLS, MOSH, MYSQL, NETCAT, NONE, OC_LOGIN,
    Operands, PLAIN, PSSH, REDIS, RSYNC, SCP, SFTP, SSH, SSH_COPY_ID, SSHFS, short,
};
use super::{Argument, Arguments, Endpoint, Finder, Options};
use super::{endpoint, port, remote_path, split_user, url, url_endpoint};
use crate::parse::bytes::{cut, cut_last};

pub(super) fn is_one_of(program: &[u8], names: &str) -> bool {
    names.split(' ').any(|name| name.as_bytes() == program)
}

/// What options say of the place to connect to.
#[derive(Default)]
pub(super) struct Told<'a> {
    pub(super) host: Option<&'a [u8]>,
    /// The address of the host, where it is told beside its name.
    pub(super) address: Option<&'a [u8]>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<&'a [u8]>,
}

impl<'a> Told<'a> {
    /// A place, completed by what the options say.
    pub(super) fn complete(&self, endpoint: Endpoint<'a>) -> Endpoint<'a> {
        Endpoint {
            host: endpoint.host,
            port: endpoint.port.or(self.port),
            user: endpoint.user.or(self.user),
        }
    }
}

impl Finder {
    pub(super) fn program(&mut self, name: &[u8], words: &[Vec<u8>], told: &[&[u8]]) {
        match name {
            b"ssh" | b"slogin" | b"autossh" => self.ssh(name, words),
            b"mosh" => self.mosh(name, words),
            b"scp" => self.copies(name, SCP, b'P', words),
            b"sftp" => self.copies(name, SFTP, b'P', words),
            b"rsync" => self.copies(name, RSYNC, 0, words),
            b"ssh-copy-id" => self.ssh_copy_id(name, words),
            b"sshfs" => self.copies(name, SSHFS, b'p', words),
            b"pssh" | b"parallel-ssh" => self.pssh(name, words),
            b"curl" => self.curl(name, words),
            b"wget" => self.wget(name, words),
            b"psql" | b"pg_dump" | b"pg_dumpall" | b"pg_restore" | b"pg_isready"
            | b"pg_basebackup" | b"pgbench" | b"createdb" | b"dropdb" | b"createuser"
            | b"dropuser" | b"vacuumdb" | b"reindexdb" | b"pgcli" => {
                self.postgres(name, words, told);
            }
            b"docker" | b"podman" | b"nerdctl" | b"docker-compose" | b"podman-compose" => {
                self.containers(name, words, told);
            }
            b"oc" if words.first().is_some_and(|word| word == b"login") => {
                self.oc_login(name, words);
            }
            b"kubectl" | b"oc" | b"helm" | b"k9s" => self.kubectl(name, words),
            b"redis-cli" | b"valkey-cli" => self.client(name, REDIS, words),
            b"mongo" | b"mongosh" => self.client(name, MONGO, words),
            b"mongodump" | b"mongorestore" | b"mongoexport" | b"mongoimport" | b"mongostat"
            | b"mongotop" => {
                self.client(name, MONGO_TOOLS, words);
            }
            b"ldapsearch" | b"ldapmodify" | b"ldapadd" | b"ldapdelete" | b"ldapwhoami"
            | b"ldappasswd" => {
                self.client(name, LDAP, words);
            }
            b"nc" | b"ncat" | b"netcat" => self.netcat(name, words),
            b"lftp" => self.lftp(name, words),
            b"git" => self.git(name, words, told),
            b"openssl" => self.openssl(name, words),
            _ if name.starts_with(b"mysql") || name.starts_with(b"mariadb") || name == b"mycli" => {
                self.client(name, MYSQL, words);
            }
            _ => {
                if is_one_of(name, BY_URL) {
                    self.urls(name, words);
                } else if let Some((_, options, operands)) =
                    PLAIN.iter().find(|(names, ..)| is_one_of(name, names))
                {
                    self.plain(name, *options, *operands, words);
                }
            }
        }
    }

    fn ssh(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let options = if name == b"autossh" { AUTOSSH } else { SSH };
        let mut arguments = Arguments::new(options, words);
        let (mut told, mut target) = (Told::default(), None);
        let mut command: &[Vec<u8>] = &[];
        let known = self.found.len();
        loop {
            let before = arguments.rest();
            match arguments.next() {
                // Shows the configuration and connects to nothing.
                Some(Argument::Short(b'G', _)) => return self.found.truncate(known),
                Some(Argument::Short(letter, value)) => {
                    self.ssh_option(name, letter, value.unwrap_or_default(), &mut told);
                }
                Some(Argument::Operand(_)) if target.is_some() => {
                    command = before;
                    break;
                }
                Some(Argument::Operand(word)) => target = Some(word),
                Some(Argument::Long(..)) => {}
                None => break,
            }
        }
        if let Some(target) = target {
            self.named(name, told.complete(ssh_target(target)));
        }
        self.joined(command);
    }

    /// An option that `ssh` and its kin share: jumps, forwards, and what is told of the target.
    fn ssh_option<'a>(&mut self, name: &[u8], letter: u8, value: &'a [u8], told: &mut Told<'a>) {
        match letter {
            b'l' => told.user = Some(value),
            b'p' => told.port = port(value),
            b'J' => self.jumps(name, value),
            b'W' => self.named(name, endpoint(value)),
            b'L' | b'R' => self.forward(name, value),
            b'o' => {
                let at = value.iter().position(|byte| matches!(byte, b'=' | b' '));
                let (key, value) = value
                    .split_at_checked(at.unwrap_or(value.len()))
                    .unwrap_or((value, b""));
                let value = value.get(1..).unwrap_or_default().trim_ascii();
                match &*key.to_ascii_lowercase() {
                    b"port" => told.port = port(value),
                    b"user" => told.user = Some(value),
                    b"hostname" => self.named(
                        name,
                        Endpoint {
                            host: value,
                            ..Endpoint::default()
                        },
                    ),
                    b"proxyjump" => self.jumps(name, value),
                    b"proxycommand" => self.line(value),
                    b"localforward" | b"remoteforward" => {
                        if let Some((_, target)) = cut_last(value, b' ') {
                            self.named(name, endpoint(target));
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn jumps(&mut self, name: &[u8], list: &[u8]) {
        if list.eq_ignore_ascii_case(b"none") {
            return;
        }
        for jump in list.split(|byte| *byte == b',') {
            let place = url_endpoint(jump).unwrap_or_else(|| endpoint(jump));
            self.named(name, place);
        }
    }

    /// `[bind:]port:host:hostport`. What is local to the other end is the other end.
    fn forward(&mut self, name: &[u8], value: &[u8]) {
        let Some((rest, hostport)) = cut_last(value, b':') else {
            return;
        };
        let host = if rest.ends_with(b"]") {
            memchr::memrchr(b'[', rest).and_then(|at| rest.get(at..))
        } else {
            cut_last(rest, b':').map(|(_, host)| host)
        };
        if let (Some(host), Some(port)) = (host, port(hostport))
            && !matches!(host, b"localhost" | b"127.0.0.1" | b"[::1]" | b"0.0.0.0")
        {
            let place = Endpoint {
                host,
                port: Some(port),
                user: None,
            };
            self.named(name, place);
        }
    }

    fn mosh(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let mut told = Told::default();
        let mut target = None;
        for argument in Arguments::new(MOSH, words) {
            match argument {
                Argument::Long(b"ssh", Some(shell)) => {
                    told.port = told.port.or(self.remote_shell(shell));
                }
                Argument::Operand(word) if target.is_none() => target = Some(word),
                _ => {}
            }
        }
        if let Some(target) = target {
            self.named(name, told.complete(ssh_target(target)));
        }
    }

    /// The port that a command line of `ssh` without a host tells; its jumps are hosts.
    fn remote_shell(&mut self, line: &[u8]) -> Option<u16> {
        let commands = super::shell_words::commands(line);
        let words = commands.first().map(|command| command.words.as_slice());
        let [_, options @ ..] = words? else {
            return None;
        };
        let mut told = Told::default();
        for argument in Arguments::new(SSH, options) {
            if let Argument::Short(letter, value) = argument {
                self.ssh_option(b"ssh", letter, value.unwrap_or_default(), &mut told);
            }
        }
        told.port
    }

    /// `scp`, `sftp` and `rsync`: each operand may lie on a host.
    fn copies(&mut self, name: &[u8], options: Options, port_letter: u8, words: &[Vec<u8>]) {
        let mut told = Told::default();
        let mut operands = Vec::new();
        for argument in Arguments::new(options, words) {
            match argument {
                Argument::Short(b'e', Some(shell)) | Argument::Long(b"rsh", Some(shell))
                    if name == b"rsync" =>
                {
                    told.port = told.port.or(self.remote_shell(shell));
                }
                Argument::Long(b"port", Some(value)) => told.port = port(value),
                Argument::Long(b"files-from", Some(list)) => operands.push(list),
                Argument::Short(letter, Some(value)) if letter == port_letter => {
                    told.port = port(value);
                }
                Argument::Short(letter @ (b'J' | b'o'), Some(value)) => {
                    self.ssh_option(name, letter, value, &mut told);
                }
                Argument::Operand(word) => operands.push(word),
                _ => {}
            }
        }
        for word in operands {
            let place = if name == b"sftp" && !word.contains(&b':') {
                Some(ssh_target(word))
            } else {
                remote_path(word)
            };
            if let Some(place) = place {
                self.named(name, told.complete(place));
            }
        }
    }

    /// Hosts of `-H`, which may be several in one word.
    fn pssh(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let mut told = Told::default();
        let mut places = Vec::new();
        for argument in Arguments::new(PSSH, words) {
            match argument {
                Argument::Short(b'l', user @ Some(_)) | Argument::Long(b"user", user @ Some(_)) => {
                    told.user = user;
                }
                Argument::Short(b'H', Some(list)) | Argument::Long(b"host", Some(list)) => {
                    places.extend(list.split(u8::is_ascii_whitespace));
                }
                Argument::Operand(_) => break,
                _ => {}
            }
        }
        for place in places {
            self.named(name, told.complete(endpoint(place)));
        }
    }

    fn ssh_copy_id(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let mut told = Told::default();
        let mut targets = Vec::new();
        for argument in Arguments::new(SSH_COPY_ID, words) {
            match argument {
                Argument::Short(letter @ (b'p' | b'o'), Some(value)) => {
                    self.ssh_option(name, letter, value, &mut told);
                }
                Argument::Operand(word) => targets.push(word),
                _ => {}
            }
        }
        for target in targets {
            self.named(name, told.complete(ssh_target(target)));
        }
    }

    fn kubectl(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let end = words.iter().position(|word| word == b"--");
        let (own, command) = words
            .split_at_checked(end.unwrap_or(words.len()))
            .unwrap_or((words, &[]));
        for argument in Arguments::new(KUBECTL, own) {
            match argument {
                Argument::Short(b's', Some(value))
                | Argument::Long(b"server" | b"kube-apiserver", Some(value)) => {
                    self.named(name, web(value));
                }
                Argument::Short(b'f', Some(value))
                | Argument::Long(b"filename" | b"values" | b"repo", Some(value))
                | Argument::Operand(value) => {
                    if let Some(place) = url_endpoint(value) {
                        self.named(name, place);
                    }
                }
                _ => {}
            }
        }
        self.inner(command.get(1..).unwrap_or_default());
    }

    fn oc_login(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let mut operands = Arguments::new(OC_LOGIN, words).filter_map(|argument| match argument {
            Argument::Operand(word) | Argument::Long(b"server", Some(word)) => Some(word),
            _ => None,
        });
        if let Some(server) = operands.nth(1) {
            self.named(name, web(server));
        }
    }

    fn netcat(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let listens = Arguments::new(NETCAT, words).any(|argument| {
            matches!(
                argument,
                Argument::Short(b'l', _) | Argument::Long(b"listen", _)
            )
        });
        if let Some(Argument::Short(_, Some(proxy))) = Arguments::new(NETCAT, words)
            .find(|argument| matches!(argument, Argument::Short(b'x', _)))
        {
            self.named(name, endpoint(proxy));
        }
        if !listens {
            self.plain(name, NETCAT, Operands::First, words);
        }
    }

    fn lftp(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let mut told = Told::default();
        for argument in Arguments::new(LFTP, words) {
            match argument {
                Argument::Short(b'u', Some(user)) => {
                    told.user = Some(cut(user, b',').map_or(user, |(user, _)| user));
                }
                Argument::Short(b'p', Some(value)) => told.port = port(value),
                Argument::Operand(word) => self.named(name, told.complete(web(word))),
                _ => {}
            }
        }
    }

    /// What `git` fetches from and pushes to.
    fn git(&mut self, name: &[u8], words: &[Vec<u8>], environment: &[&[u8]]) {
        let mut arguments = Arguments::new(short("Cc"), words);
        let command = arguments.find_map(|argument| match argument {
            Argument::Operand(word) => Some(word),
            _ => None,
        });
        let goes_out = matches!(
            command,
            Some(
                b"clone"
                    | b"fetch"
                    | b"pull"
                    | b"push"
                    | b"remote"
                    | b"ls-remote"
                    | b"submodule"
                    | b"archive"
            )
        );
        if !goes_out {
            return;
        }
        let shell = self.told(environment, "GIT_SSH_COMMAND");
        let told = Told {
            port: shell.and_then(|shell| self.remote_shell(&shell)),
            ..Told::default()
        };
        for argument in Arguments::new(short("bojcu"), arguments.rest()) {
            // `a:b` alone may be two branches.
            if let Argument::Operand(word) = argument
                && (word.contains(&b'@') || url(word).is_some() || command == Some(b"clone"))
                && let Some(place) = remote_path(word)
            {
                self.named(name, told.complete(place));
            }
        }
    }

    fn openssl(&mut self, name: &[u8], words: &[Vec<u8>]) {
        for (option, value) in words.iter().zip(words.iter().skip(1)) {
            if matches!(&**option, b"-connect" | b"-host" | b"-proxy") {
                self.named(name, endpoint(value));
            }
        }
    }

    pub(super) fn urls(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let values = Arguments::new(NONE, words).filter_map(|argument| match argument {
            Argument::Operand(word) => Some(word),
            Argument::Long(_, value) => value,
            Argument::Short(..) => None,
        });
        for place in values.filter_map(url_endpoint) {
            self.named(name, place);
        }
    }

    fn plain(&mut self, name: &[u8], options: Options, operands: Operands, words: &[Vec<u8>]) {
        let mut told = Told::default();
        let mut hosts = Vec::new();
        for argument in Arguments::new(options, words) {
            match argument {
                Argument::Short(b'l', value @ Some(_)) if name == b"telnet" => told.user = value,
                Argument::Operand(word) => hosts.push(word),
                _ => {}
            }
        }
        match operands {
            Operands::First => {
                told.port = hosts.get(1).and_then(|word| port(word));
                hosts.truncate(1);
            }
            Operands::Last => {
                hosts.drain(..hosts.len().saturating_sub(1));
            }
            Operands::All => {}
        }
        let hosts = hosts
            .iter()
            .flat_map(|list| list.split(|byte| *byte == b','));
        for host in hosts {
            let place = url_endpoint(host).unwrap_or_else(|| ssh_target(host));
            self.named(name, told.complete(place));
        }
    }
}

/// `[user@]host` or `ssh://[user@]host[:port]`.
pub(super) fn ssh_target(text: &[u8]) -> Endpoint<'_> {
    url_endpoint(text).unwrap_or_else(|| {
        let (user, host) = split_user(text);
        Endpoint {
            host,
            port: None,
            user,
        }
    })
}

/// The place of a URL whose scheme may be missing.
pub(super) fn web(text: &[u8]) -> Endpoint<'_> {
    url_endpoint(text).unwrap_or_else(|| {
        let end = text
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#'));
        endpoint(text.get(..end.unwrap_or(text.len())).unwrap_or(text))
    })
}
