//! Table `last`.

use schema::tables::Last;
use schema::{Row, Source, TableDef, Text};

use super::logged_in_users::{Whole, kind};
use crate::db::foreign;
use crate::db::query::Value;
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{Issue, utmp};

/// Logins by wtmpdb: times in microseconds; kinds of its own, of which 1 is a start of the system and 3 a login.
const WTMPDB: &str =
    "SELECT Type, User, Login, Logout, TTY, RemoteHost, Service FROM wtmp ORDER BY ID";
/// The last logins by lastlog2: times in seconds.
const LASTLOG2: &str =
    "SELECT NULL, Name, Time, NULL, TTY, RemoteHost, Service FROM Lastlog2 ORDER BY Name";

/// Fills `last`.
#[derive(Default)]
pub(super) struct Logins {
    classic: Whole,
    failed: Whole,
    lastlog: Whole,
    databases: Whole,
}

impl Extract for Logins {
    const TABLE: TableDef = Last::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, _sink: &mut S) {
        let files = match file.source {
            Source::Tail("/var/log/btmp") => &mut self.failed,
            Source::Tail(_) => &mut self.classic,
            Source::Host("/var/log/lastlog") => &mut self.lastlog,
            _ => &mut self.databases,
        };
        files.add(file);
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        let order = facts.byte_order();
        for (files, failed) in [(&self.classic, false), (&self.failed, true)] {
            for (path, member, content) in files.iter() {
                let offset = facts.files.get(path).map_or(0, |fact| fact.offset);
                for record in utmp::parse(content, offset, order).reported(member, sink) {
                    sink.row(&of_record(path, failed, &record));
                }
            }
        }
        for (path, member, content) in self.lastlog.iter() {
            for login in utmp::lastlog(content, order).reported(member, sink) {
                let Some(time_us) = login.time.checked_mul(1_000_000) else {
                    continue;
                };
                sink.row(&Last {
                    uid: Some(login.uid),
                    tty: Text::from(login.line),
                    host: Text::from(login.host),
                    time: login.time,
                    time_us,
                    type_name: Text::from("last_login"),
                    record_no: u64::from(login.uid).saturating_add(1),
                    ..empty(path)
                });
            }
        }
        for (path, member, content) in self.databases.iter() {
            let is_lastlog = path.ends_with(b"lastlog2.db");
            let sql = if is_lastlog { LASTLOG2 } else { WTMPDB };
            match foreign::rows(content, sql) {
                Ok(rows) => {
                    for (number, values) in (1..).zip(&rows) {
                        if let Some(row) = of_database(path, number, is_lastlog, values) {
                            sink.row(&row);
                        }
                    }
                }
                Err(reason) => sink.issue(member, Issue::whole(reason.to_owned(), b"")),
            }
        }
    }
}

fn empty(path: &[u8]) -> Last<'_> {
    Last {
        username: None,
        uid: None,
        tty: Text::default(),
        pid: None,
        r#type: None,
        type_name: Text::default(),
        failed: false,
        time: 0,
        time_us: 0,
        logout_time: None,
        host: Text::default(),
        address: None,
        session: None,
        termination: None,
        exit_status: None,
        service: None,
        path: Text::from(path),
        record_no: 0,
    }
}

fn of_record<'a>(path: &'a [u8], failed: bool, record: &utmp::Record<'a>) -> Last<'a> {
    // What a process ended with is only written for its end.
    let is_end = record.kind == 8;
    Last {
        username: Some(Text::from(record.user)),
        tty: Text::from(record.line),
        pid: Some(record.pid),
        r#type: Some(record.kind.into()),
        type_name: kind(record.kind),
        failed,
        time: record.time_us.div_euclid(1_000_000),
        time_us: record.time_us,
        host: Text::from(record.host),
        address: record
            .address
            .map(|address| Text::from(address.to_string())),
        session: Some(record.session),
        termination: is_end.then(|| record.termination.into()),
        exit_status: is_end.then(|| record.exit.into()),
        record_no: record.number,
        ..empty(path)
    }
}

fn of_database<'a>(
    path: &'a [u8],
    number: u64,
    is_lastlog: bool,
    values: &'a [Value<'static>],
) -> Option<Last<'a>> {
    let [kind, user, login, logout, tty, host, service] = values else {
        return None;
    };
    let text = |value: &'a Value<'static>| value.bytes().map(Text::from);
    let time = login.integer()?;
    let time_us = if is_lastlog {
        time.checked_mul(1_000_000)?
    } else {
        time
    };
    let type_name = match kind.integer() {
        None => Text::from("last_login"),
        Some(1) => Text::from("boot_time"),
        Some(2) => Text::from("runlevel"),
        Some(3) => Text::from("user"),
        Some(other) => Text::from(other.to_string()),
    };
    Some(Last {
        username: text(user),
        tty: text(tty).unwrap_or_default(),
        type_name,
        time: time_us.div_euclid(1_000_000),
        time_us,
        logout_time: logout
            .integer()
            .map(|time_us| time_us.div_euclid(1_000_000)),
        host: text(host).unwrap_or_default(),
        service: text(service),
        record_no: number,
        ..empty(path)
    })
}
