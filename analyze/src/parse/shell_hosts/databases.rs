//! Clients of databases.

use super::options::{PG_DUMP, PSQL};
use super::programs::Told;
use super::{Argument, Arguments, Endpoint, Finder, Options};
use super::{endpoint, port, split_user, url, url_endpoint};
use crate::parse::bytes::cut;

impl Finder {
    /// Clients with the options `-h`, `--host`, `-p` or `-P`, `-u`, or an address of their own as operand.
    pub(super) fn client(&mut self, name: &[u8], options: Options, words: &[Vec<u8>]) {
        let port_letter = if name.starts_with(b"m") && !name.starts_with(b"mongo") {
            b'P'
        } else {
            b'p'
        };
        // Their operand may be a place without a scheme.
        let is_shell = matches!(name, b"mongo" | b"mongosh" | b"mysqlsh");
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
                Argument::Long(b"uri", Some(value)) => places.push(value),
                Argument::Short(b'u' | b'H', Some(value)) if url(value).is_some() => {
                    places.push(value);
                }
                Argument::Short(b'u', value @ Some(_))
                | Argument::Long(b"user" | b"username", value @ Some(_)) => {
                    told.user = value;
                }
                Argument::Operand(word) if url(word).is_some() => places.push(word),
                Argument::Operand(word)
                    if is_shell
                        && (name == b"mysqlsh" && word.contains(&b'@')
                            || endpoint(cut(word, b'/').map_or(word, |(place, _)| place))
                                .port
                                .is_some()) =>
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

    pub(super) fn postgres(&mut self, name: &[u8], words: &[Vec<u8>], environment: &[&[u8]]) {
        let mut told = Told::default();
        let variables = ["HOST", "HOSTADDR", "PORT", "USER"].map(|key| {
            let value = self.told(environment, &format!("PG{key}"));
            (key.to_ascii_lowercase(), value)
        });
        for (key, value) in &variables {
            if let Some(value) = value {
                told.parameter(key.as_bytes(), value);
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
            if let Some((_, authority)) = url(database) {
                let (user, _) = split_user(authority);
                told.user = user.or(told.user);
                let query = cut(database, b'?').map_or(&b""[..], |(_, query)| query);
                for (key, value) in query
                    .split(|byte| *byte == b'&')
                    .filter_map(|pair| cut(pair, b'='))
                {
                    told.parameter(key, value);
                }
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
                    told.parameter(key, value);
                }
            }
        }
        for host in [told.host, told.address]
            .into_iter()
            .flatten()
            .flat_map(|hosts| hosts.split(|byte| *byte == b','))
        {
            let place = Endpoint {
                host,
                ..Endpoint::default()
            };
            self.named(name, told.complete(place));
        }
    }
}

impl<'a> Told<'a> {
    /// A parameter of a connection as `libpq` names it. A host may have its address told beside its name.
    fn parameter(&mut self, key: &[u8], value: &'a [u8]) {
        match key {
            b"host" => self.host = Some(value),
            b"hostaddr" => self.address = Some(value),
            b"port" => self.port = port(value),
            b"user" => self.user = Some(value),
            _ => {}
        }
    }
}
