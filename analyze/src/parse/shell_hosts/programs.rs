//! What each program takes for a host.

use super::options::{
    AUTOSSH, BY_URL, CURL, KUBECTL, LDAP, LFTP, MONGO, MONGO_TOOLS, MOSH, MYSQL, NETCAT, NONE,
    Operands, PG_DUMP, PLAIN, PSQL, REDIS, RSYNC, SCP, SFTP, SSH, SSH_COPY_ID, WGET, WRAPPERS,
    short,
};
use super::{Argument, Arguments, Endpoint, Finder, Options};
use super::{endpoint, port, remote_path, split_user, url, url_endpoint};
use crate::parse::bytes::{cut, cut_last};

/// The words of the command that a program runs, where it is one that runs another.
pub(super) fn wrapped<'a>(program: &[u8], words: &'a [Vec<u8>]) -> Option<&'a [Vec<u8>]> {
    if program == b"ip" {
        return match words {
            [netns, exec, _, rest @ ..] if netns == b"netns" && exec == b"exec" => Some(rest),
            _ => None,
        };
    }
    if matches!(program, b"docker" | b"podman") {
        let rest = words.strip_prefix(&[b"exec".to_vec()])?;
        let options = Options {
            long: "env user workdir env-file detach-keys",
            ..short("euw")
        };
        return Some(command_of(options, 1, rest));
    }
    let (_, letters, long, operands) = WRAPPERS
        .iter()
        .find(|(names, ..)| is_one_of(program, names))?;
    let options = Options {
        long,
        ..short(letters)
    };
    Some(command_of(options, *operands, words))
}

/// What follows options, assignments and that many operands.
fn command_of(options: Options, operands: usize, words: &[Vec<u8>]) -> &[Vec<u8>] {
    let mut arguments = Arguments::new(options, words);
    let mut left = operands;
    let mut rest = words;
    while let Some(argument) = arguments.next() {
        if let Argument::Operand(word) = argument {
            let is_assignment = cut(word, b'=').is_some_and(|(name, _)| {
                name.iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            });
            if left == 0 && !is_assignment {
                return rest
                    .get(
                        rest.len()
                            .saturating_sub(arguments.rest().len())
                            .saturating_sub(1)..,
                    )
                    .unwrap_or_default();
            }
            left = left.saturating_sub(usize::from(!is_assignment));
        }
        rest = arguments.rest();
    }
    &[]
}

/// The command line that `watch` and `eval` run.
pub(super) fn watched(words: &[Vec<u8>]) -> &[Vec<u8>] {
    command_of(short("nq"), 0, words)
}

fn is_one_of(program: &[u8], names: &str) -> bool {
    names.split(' ').any(|name| name.as_bytes() == program)
}

/// What options say of the place to connect to.
#[derive(Default)]
struct Told<'a> {
    host: Option<&'a [u8]>,
    port: Option<u16>,
    user: Option<&'a [u8]>,
}

impl<'a> Told<'a> {
    /// A place, completed by what the options say.
    fn complete(&self, endpoint: Endpoint<'a>) -> Endpoint<'a> {
        Endpoint {
            host: endpoint.host,
            port: endpoint.port.or(self.port),
            user: endpoint.user.or(self.user),
        }
    }
}

impl Finder {
    pub(super) fn program(&mut self, name: &[u8], words: &[Vec<u8>], assignments: &[Vec<u8>]) {
        match name {
            b"ssh" | b"slogin" | b"autossh" => self.ssh(name, words),
            b"mosh" => self.mosh(name, words),
            b"scp" => self.copies(name, SCP, b'P', words),
            b"sftp" => self.copies(name, SFTP, b'P', words),
            b"rsync" => self.copies(name, RSYNC, 0, words),
            b"ssh-copy-id" => self.ssh_copy_id(name, words),
            b"curl" => self.curl(name, words),
            b"wget" => self.wget(name, words),
            b"psql" | b"pg_dump" | b"pg_dumpall" | b"pg_restore" | b"pg_isready"
            | b"pg_basebackup" | b"pgbench" | b"createdb" | b"dropdb" | b"createuser"
            | b"dropuser" | b"vacuumdb" | b"reindexdb" | b"pgcli" => {
                self.postgres(name, words, assignments);
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
            b"git" => self.git(name, words),
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
        loop {
            let before = arguments.rest();
            match arguments.next() {
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

    fn curl(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let mut told = Told::default();
        let mut urls = Vec::new();
        for argument in Arguments::new(CURL, words) {
            match argument {
                Argument::Short(b'u', Some(user)) | Argument::Long(b"user", Some(user)) => {
                    told.user = Some(cut(user, b':').map_or(user, |(user, _)| user));
                }
                Argument::Short(b'x', Some(proxy))
                | Argument::Long(
                    b"proxy" | b"preproxy" | b"socks4" | b"socks4a" | b"socks5"
                    | b"socks5-hostname",
                    Some(proxy),
                ) => self.named(name, web(proxy)),
                Argument::Operand(word) | Argument::Long(b"url", Some(word)) => urls.push(word),
                _ => {}
            }
        }
        self.web(name, &told, &urls);
    }

    fn wget(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let mut told = Told::default();
        let mut urls = Vec::new();
        for argument in Arguments::new(WGET, words) {
            match argument {
                Argument::Long(b"user" | b"http-user" | b"ftp-user", user @ Some(_)) => {
                    told.user = user;
                }
                Argument::Operand(word) => urls.push(word),
                _ => {}
            }
        }
        self.web(name, &told, &urls);
    }

    fn web<'a>(&mut self, name: &[u8], told: &Told<'a>, urls: &[&'a [u8]]) {
        for text in urls
            .iter()
            .filter(|text| !text.to_ascii_lowercase().starts_with(b"file:"))
        {
            self.named(name, told.complete(web(text)));
        }
    }

    /// Clients with the options `-h`, `--host`, `-p` or `-P`, `-u`, or an address of their own as operand.
    fn client(&mut self, name: &[u8], options: Options, words: &[Vec<u8>]) {
        let port_letter = if name.starts_with(b"m") && !name.starts_with(b"mongo") {
            b'P'
        } else {
            b'p'
        };
        let is_mongo_shell = matches!(name, b"mongo" | b"mongosh");
        let is_mongo = name.starts_with(b"mongo");
        let mut told = Told::default();
        let mut places = Vec::new();
        for argument in Arguments::new(options, words) {
            match argument {
                Argument::Short(b'h', value @ Some(_))
                | Argument::Long(b"host", value @ Some(_)) => told.host = value,
                // To the shells of MongoDB and its tools it is the password.
                Argument::Short(letter, Some(value)) if letter == port_letter && !is_mongo => {
                    told.port = port(value);
                }
                Argument::Long(b"port", Some(value)) => told.port = port(value),
                Argument::Short(b'u' | b'H', Some(value)) | Argument::Long(b"uri", Some(value))
                    if url(value).is_some() =>
                {
                    places.push(value);
                }
                Argument::Short(b'u', value @ Some(_))
                | Argument::Long(b"user" | b"username", value @ Some(_)) => {
                    told.user = value;
                }
                Argument::Operand(word) if url(word).is_some() => places.push(word),
                Argument::Operand(word)
                    if is_mongo_shell
                        && endpoint(cut(word, b'/').map_or(word, |(place, _)| place))
                            .port
                            .is_some() =>
                {
                    places.push(word);
                }
                _ => {}
            }
        }
        // A replica set is named before its hosts.
        let hosts = told
            .host
            .map(|host| cut(host, b'/').map_or(host, |(_, hosts)| hosts));
        for host in hosts
            .into_iter()
            .flat_map(|hosts| hosts.split(|byte| *byte == b','))
        {
            let place = url_endpoint(host).unwrap_or_else(|| endpoint(host));
            self.named(name, told.complete(place));
        }
        for place in places {
            self.several(name, &told, place);
        }
    }

    /// A URL whose authority may name several hosts.
    fn several<'a>(&mut self, name: &[u8], told: &Told<'a>, place: &'a [u8]) {
        let authority = url(place).map_or_else(
            || cut(place, b'/').map_or(place, |(place, _)| place),
            |(_, authority)| authority,
        );
        let (user, hosts) = split_user(authority);
        for host in hosts.split(|byte| *byte == b',') {
            let place = Endpoint {
                user,
                ..endpoint(host)
            };
            self.named(name, told.complete(place));
        }
    }

    fn postgres(&mut self, name: &[u8], words: &[Vec<u8>], assignments: &[Vec<u8>]) {
        let mut told = Told::default();
        for (key, value) in assignments.iter().filter_map(|word| cut(word, b'=')) {
            match key {
                b"PGHOST" => told.host = Some(value),
                b"PGPORT" => told.port = port(value),
                b"PGUSER" => told.user = Some(value),
                _ => {}
            }
        }
        let mut databases = Vec::new();
        let options = if matches!(name, b"psql" | b"pgcli" | b"pgbench") {
            PSQL
        } else {
            PG_DUMP
        };
        for argument in Arguments::new(options, words) {
            match argument {
                Argument::Short(b'h', value @ Some(_))
                | Argument::Long(b"host", value @ Some(_)) => told.host = value,
                Argument::Short(b'p', Some(value)) | Argument::Long(b"port", Some(value)) => {
                    told.port = port(value);
                }
                Argument::Short(b'U', value @ Some(_))
                | Argument::Long(b"username", value @ Some(_)) => {
                    told.user = value;
                }
                Argument::Short(b'd', Some(word))
                | Argument::Long(b"dbname", Some(word))
                | Argument::Operand(word) => {
                    databases.push(word);
                }
                _ => {}
            }
        }
        for database in databases {
            if url(database).is_some() {
                self.several(name, &told, database);
            } else if database.contains(&b'=') {
                for (key, value) in database
                    .split(u8::is_ascii_whitespace)
                    .filter_map(|pair| cut(pair, b'='))
                {
                    let value = value
                        .strip_prefix(b"'")
                        .and_then(|value| value.strip_suffix(b"'"))
                        .unwrap_or(value);
                    match key {
                        b"host" | b"hostaddr" => told.host = Some(value),
                        b"port" => told.port = port(value),
                        b"user" => told.user = Some(value),
                        _ => {}
                    }
                }
            }
        }
        for host in told
            .host
            .into_iter()
            .flat_map(|hosts| hosts.split(|byte| *byte == b','))
        {
            let place = Endpoint {
                host,
                ..Endpoint::default()
            };
            self.named(name, told.complete(place));
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
    fn git(&mut self, name: &[u8], words: &[Vec<u8>]) {
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
        for argument in Arguments::new(short("bojcu"), arguments.rest()) {
            // `a:b` alone may be two branches.
            if let Argument::Operand(word) = argument
                && (word.contains(&b'@') || url(word).is_some() || command == Some(b"clone"))
                && let Some(place) = remote_path(word)
            {
                self.named(name, place);
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

    fn urls(&mut self, name: &[u8], words: &[Vec<u8>]) {
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
        for host in hosts {
            let place = url_endpoint(host).unwrap_or_else(|| ssh_target(host));
            self.named(name, told.complete(place));
        }
    }
}

/// `[user@]host` or `ssh://[user@]host[:port]`.
fn ssh_target(text: &[u8]) -> Endpoint<'_> {
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
fn web(text: &[u8]) -> Endpoint<'_> {
    url_endpoint(text).unwrap_or_else(|| {
        let end = text
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#'));
        endpoint(text.get(..end.unwrap_or(text.len())).unwrap_or(text))
    })
}
