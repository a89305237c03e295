//! What services listen on, how it is reached from outside, what they are clients of, and where they log to.

use std::collections::{BTreeMap, HashMap};

use schema::Row as _;
use schema::tables::{Conntrack, LogFile, ProcessFd, Socket};

use super::report::{Place, Report, changed};
use super::roles::without_ids;
use super::services::Services;
use super::side::{Gaps, Side, Sides};
use super::{Change, Difference, Kind, values};
use crate::Error;
use crate::db::query::Value;

/// Ports that the kernel gives out where nobody asks for one, unless the host says otherwise.
const EPHEMERAL: (i64, i64) = (32_768, 60_999);
/// New or lost things of one kind of one service that are told one by one.
const MOST_ALIKE: usize = 8;
/// A number in a path that is a date or a pid has at least so many digits.
const LONG_NUMBER: usize = 3;

/// A kind of thing that services have.
struct Sort {
    table: &'static str,
    what: &'static str,
    /// The columns that say which one it is.
    columns: &'static [&'static str],
    /// The first of them are equal where one takes the place of another.
    stays: usize,
    /// The column whose values are compared.
    value: &'static str,
    /// Whether it is worth a word that there is none any more: of what only traffic shows it is not.
    ends: bool,
}

const LISTENERS: Sort = Sort {
    table: "services",
    what: "listener",
    columns: &["protocol", "address", "port"],
    stays: 1,
    value: "host_address",
    ends: true,
};
const UNIX_LISTENERS: Sort = Sort {
    table: "sockets",
    what: "unix listener",
    columns: &["path"],
    stays: 0,
    value: "state",
    ends: true,
};
const UPSTREAMS: Sort = Sort {
    table: "connections",
    what: "upstream",
    columns: &["protocol", "server_address", "server_port"],
    stays: 1,
    value: "nat",
    ends: true,
};
const FLOWS: Sort = Sort {
    table: "conntrack",
    what: "translated flow",
    columns: &[
        "protocol",
        "orig_dst",
        "orig_dport",
        "reply_src",
        "reply_sport",
    ],
    stays: 3,
    value: "nat",
    ends: false,
};
const LOGS: Sort = Sort {
    table: "log_files",
    what: "log file",
    columns: &["path"],
    stays: 0,
    value: "deleted",
    ends: true,
};

/// Things of services, by place and by what is the same in both snapshots of what is the same thing.
type Things = BTreeMap<(Place, Vec<u8>), Thing>;

#[derive(Debug, Clone, PartialEq)]
struct Thing {
    identity: Vec<Value<'static>>,
    value: Value<'static>,
}

/// Reports what differs in listeners, upstreams, translated flows and log files.
pub(super) fn compare(
    sides: &mut Sides,
    services: &Services,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let sockets = sides.gaps(&Socket::TABLE)?;
    let tracked = sides.gaps(&Conntrack::TABLE)?;
    let logged = sides.gaps(&LogFile::TABLE)?;
    let descriptors = sides.gaps(&ProcessFd::TABLE)?;
    let mut both = |has_host, find: fn(&Side, usize, &Services) -> Result<Found, Error>| {
        let found = sides.both(|number, side| find(side, number, services))?;
        Ok::<_, Error>(agreed(found, has_host))
    };
    let found = [
        (&LISTENERS, both(true, listeners)?, &sockets),
        (&UNIX_LISTENERS, both(true, unix_listeners)?, &sockets),
        (&UPSTREAMS, both(false, upstreams)?, &sockets),
        (&FLOWS, both(false, flows)?, &tracked),
        (&LOGS, both(false, logs)?, &logged),
    ];
    for (sort, things, gaps) in found {
        let unread = Unread {
            things: gaps,
            descriptors: &descriptors,
        };
        tell(sort, things, &unread, services, report);
    }
    Ok(())
}

/// What is found on one side, and apart from it what nobody knows whose it is: it may be that of any.
#[derive(Default)]
struct Found {
    owned: Things,
    of_nobody: HashMap<Vec<u8>, Thing>,
}

impl Thing {
    fn named(name: impl Into<Vec<u8>>) -> Self {
        Thing {
            identity: vec![values::text(name)],
            value: Value::Null,
        }
    }
}

impl Found {
    /// Adds what a process has. What the capture has, and what started it, is not there.
    fn of(&mut self, side: usize, services: &Services, pid: Option<i64>, thing: Thing) {
        let place = pid.map(|pid| services.place_of(side, pid));
        if place != Some(None) {
            self.add(place.flatten(), thing);
        }
    }

    fn add(&mut self, place: Option<Place>, thing: Thing) {
        let key = values::identity(&thing.identity);
        match place {
            Some(place) => {
                self.owned.entry((place, key)).or_insert(thing);
            }
            None => {
                self.of_nobody.entry(key).or_insert(thing);
            }
        }
    }
}

/// What of both sides is compared: where one side does not know whose something is, it is whose the other says.
fn agreed(found: [Found; 2], has_host: bool) -> [Things; 2] {
    // What took the place of another ends as that does. Of files each may have a new one in its place, or none.
    let only_in = |one: &Things, other: &Things, place: Place| {
        let own = one
            .keys()
            .filter(|key| key.0 == place && !other.contains_key(*key));
        own.count()
    };
    let is_replaced = |from: &Things, to: &Things, place: Place, thing: &Thing| {
        if thing.identity.len() == 1 {
            return !has_host && only_in(from, to, place) <= only_in(to, from, place);
        }
        to.iter().any(|(key, other)| {
            key.0 == place
                && !from.contains_key(key)
                && other.identity.last() == thing.identity.last()
        })
    };
    let missing = |from: &Found, to: &Found| -> Things {
        let known = from.owned.iter().filter(|(key, thing)| {
            !to.owned.contains_key(*key)
                && to.of_nobody.contains_key(&key.1)
                && !is_replaced(&from.owned, &to.owned, key.0, thing)
        });
        known
            .map(|(key, thing)| (key.clone(), thing.clone()))
            .collect()
    };
    // What the kernel itself has, as servers of files do, belongs to the host.
    let of_host = |from: &Found, to: &Found| -> Things {
        let is_known = |key: &Vec<u8>| {
            to.of_nobody.contains_key(key) || to.owned.keys().any(|(_, known)| known == key)
        };
        let own = from
            .of_nobody
            .iter()
            .filter(|(key, _)| has_host && !is_known(key));
        own.map(|(key, thing)| ((Place::Host, key.clone()), thing.clone()))
            .collect()
    };
    let [before, after] = &found;
    let mut added = [missing(after, before), missing(before, after)];
    let [to_before, to_after] = &mut added;
    to_before.extend(of_host(before, after));
    to_after.extend(of_host(after, before));
    let [before, after] = found;
    let mut things = [before.owned, after.owned];
    for (things, added) in things.iter_mut().zip(added) {
        things.extend(added);
    }
    things
}

/// What could not be read: of the things themselves, and of what their holders have open.
struct Unread<'a> {
    things: &'a [Gaps; 2],
    descriptors: &'a [Gaps; 2],
}

impl Unread<'_> {
    fn hide(&self, services: &Services, side: usize, place: Place) -> bool {
        self.things.get(side).is_some_and(|gaps| gaps.whole)
            || self
                .descriptors
                .get(side)
                .is_some_and(|gaps| place != Place::Host && services.is_hidden(side, place, gaps))
    }
}

fn tell(
    sort: &Sort,
    things: [Things; 2],
    gaps: &Unread<'_>,
    services: &Services,
    report: &mut Report<'_>,
) {
    let [mut before, mut after] = things;
    for ((place, _), one, other) in values::shared(&mut before, &mut after) {
        // Who does not come any more is not seen.
        if one.value != other.value && other.value != Value::Null {
            let identity = named(sort, &other.identity);
            let values = [vec![one.value], vec![other.value]];
            report.add(
                place,
                changed(sort.table, sort.what, identity, sort.value, values),
            );
        }
    }
    let mut places: BTreeMap<Place, [Vec<Thing>; 2]> = BTreeMap::new();
    for (side, things) in [before, after].into_iter().enumerate() {
        for ((place, _), thing) in things {
            // What a new service brings is the new service.
            if !services.is_in_both(place) {
                if let Some(value) = thing
                    .identity
                    .last()
                    .filter(|_| sort.what == LISTENERS.what)
                {
                    report.brings(place, side, sort.what, value.clone());
                }
            } else if let Some(things) = places.entry(place).or_default().get_mut(side) {
                things.push(thing);
            }
        }
    }
    for (place, [mut gone, mut new]) in places {
        if !(0..2).any(|side| gaps.hide(services, side, place)) {
            for (one, other) in pairs(sort, &mut gone, &mut new) {
                report.add(place, moved(sort, &one, &other));
            }
        }
        for (kind, side, mut things) in [(Kind::Removed, 0, gone), (Kind::Added, 1, new)] {
            let other = usize::from(side == 0);
            if gaps.hide(services, other, place) {
                for thing in &things {
                    report.unknown(sort.table, sort.what, other, named(sort, &thing.identity));
                }
                continue;
            }
            if kind == Kind::Removed && !sort.ends && !report.scope().classes.all() {
                continue;
            }
            let count = |number: usize| {
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                if side == 0 { [number, 0] } else { [0, number] }
            };
            let mut of_one = 1;
            if things.len() > MOST_ALIKE {
                of_one = things.len();
                things.truncate(1);
            }
            for thing in things {
                report.add(
                    place,
                    Difference {
                        kind,
                        table: sort.table,
                        what: sort.what,
                        identity: named(sort, &thing.identity),
                        counts: count(of_one),
                        changes: Vec::new(),
                    },
                );
            }
        }
    }
}

fn named(sort: &Sort, identity: &[Value<'static>]) -> Vec<(&'static str, Value<'static>)> {
    sort.columns
        .iter()
        .copied()
        .zip(identity.iter().cloned())
        .collect()
}

/// Takes out which took the place of which: the only ones that have the same port, and then the only ones that are left.
fn pairs(sort: &Sort, gone: &mut Vec<Thing>, new: &mut Vec<Thing>) -> Vec<(Thing, Thing)> {
    let mut found = Vec::new();
    let mut begin = 0;
    while let Some(one) = gone.get(begin) {
        let is_alike =
            |thing: &Thing| stays(sort, one, thing) && one.identity.last() == thing.identity.last();
        let alone = gone.iter().filter(|thing| is_alike(thing)).count() == 1;
        let mut others = (0..new.len()).filter(|at| new.get(*at).is_some_and(is_alike));
        match (others.next(), others.next()) {
            (Some(at), None) if alone => found.push((gone.remove(begin), new.remove(at))),
            _ => begin += 1,
        }
    }
    if let ([one], [other]) = (gone.as_slice(), new.as_slice())
        && stays(sort, one, other)
    {
        found.extend(gone.pop().zip(new.pop()));
    }
    found
}

/// Whether one can have taken the place of the other.
fn stays(sort: &Sort, one: &Thing, other: &Thing) -> bool {
    let begin = |thing: &Thing| values::identity(thing.identity.iter().take(sort.stays));
    begin(one) == begin(other)
}

fn moved(sort: &Sort, one: &Thing, other: &Thing) -> Difference {
    let columns = sort
        .columns
        .iter()
        .zip(one.identity.iter().zip(&other.identity));
    let changes =
        columns
            .filter(|(_, (before, after))| before != after)
            .map(|(column, (before, after))| Change {
                column,
                before: vec![before.clone()],
                after: vec![after.clone()],
            });
    Difference {
        kind: Kind::Moved,
        table: sort.table,
        what: sort.what,
        identity: named(sort, &one.identity),
        counts: [1, 1],
        changes: changes.collect(),
    }
}

/// An address for people: all of them are `*`, and IPv4 is IPv4.
const SHOWN_ADDRESS: &str = "CASE WHEN address IN ('0.0.0.0', '::') THEN '*' WHEN address LIKE '::ffff:%.%' THEN substr(address, 8) ELSE address END";

fn listeners(side: &Side, number: usize, services: &Services) -> Result<Found, Error> {
    let (low, high) = ephemeral(side)?;
    let sql = format!(
        "SELECT pid, host_address || ':' || host_port || ' by ' || host_via, protocol, {SHOWN_ADDRESS}, port
         FROM services
         WHERE NOT (protocol LIKE 'udp%' AND port BETWEEN {low} AND {high})
         ORDER BY pid"
    );
    let mut found = Found::default();
    for row in side.ask(&sql)?.rows {
        let mut values = row.into_iter();
        let (Some(pid), Some(value)) = (values.next(), values.next()) else {
            continue;
        };
        found.of(
            number,
            services,
            pid.integer(),
            Thing {
                identity: values.collect(),
                value,
            },
        );
    }
    Ok(found)
}

/// The ports that the kernel gives out by itself.
fn ephemeral(side: &Side) -> Result<(i64, i64), Error> {
    let sql =
        "SELECT current_value FROM system_controls WHERE name = 'net.ipv4.ip_local_port_range'";
    let range = side.text(sql)?;
    let range = range.and_then(|range| {
        let range = range.replace("\\t", " ");
        let mut ports = range.split_whitespace().map(str::parse::<i64>);
        Some((ports.next()?.ok()?, ports.next()?.ok()?))
    });
    Ok(range.unwrap_or(EPHEMERAL))
}

fn unix_listeners(side: &Side, number: usize, services: &Services) -> Result<Found, Error> {
    // One that was bound without a name got five hex digits.
    let sql = "SELECT min(fds.pid), listening.path
         FROM (
           SELECT DISTINCT inode, path FROM sockets
           WHERE family = 'unix' AND state = 'LISTEN' AND path IS NOT NULL AND inode <> 0
             AND path NOT GLOB '@[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'
         ) AS listening
         LEFT JOIN process_fds AS fds ON fds.inode = listening.inode AND fds.type = 'socket'
         GROUP BY listening.inode, listening.path";
    let mut found = Found::default();
    for row in side.ask(sql)?.rows {
        if let [pid, path] = row.as_slice() {
            // A new container has a new id.
            let path = without_ids(path.bytes().unwrap_or_default());
            found.of(number, services, pid.integer(), Thing::named(path));
        }
    }
    Ok(found)
}

/// What services are clients of.
fn upstreams(side: &Side, number: usize, services: &Services) -> Result<Found, Error> {
    let sql = "SELECT DISTINCT client_pid, protocol, coalesce(dialed_address, server_address), coalesce(dialed_port, server_port)
         FROM connections";
    let mut found = Found::default();
    for row in side.ask(sql)?.rows {
        let mut values = row.into_iter();
        let pid = values.next().and_then(|pid| pid.integer());
        found.of(
            number,
            services,
            pid,
            Thing {
                identity: values.collect(),
                value: Value::Null,
            },
        );
    }
    Ok(found)
}

/// Flows that the host leads elsewhere; those that end on it are told with the listener that they lead to.
fn flows(side: &Side, _: usize, _: &Services) -> Result<Found, Error> {
    let sql =
        "SELECT DISTINCT nat, protocol, orig_dst, orig_dport, reply_src, reply_sport FROM conntrack
         WHERE nat IN ('dnat', 'both') AND orig_dport IS NOT NULL
           AND reply_src NOT IN (SELECT address FROM interface_addresses)";
    let mut found = Found::default();
    for row in side.ask(sql)?.rows {
        let mut values = row.into_iter();
        if let Some(value) = values.next() {
            let identity = values.collect();
            found.add(Some(Place::Host), Thing { identity, value });
        }
    }
    Ok(found)
}

fn logs(side: &Side, number: usize, services: &Services) -> Result<Found, Error> {
    // What has it open knows whether it is there; an argument only where it is to be.
    // One that a service has not opened again since its restart is there all the same, at a path that is always looked at.
    let sql = "SELECT pid, coalesce(target, path), found_by = 'open file' AS is_open FROM log_files
         WHERE pid IS NULL OR found_by IN ('open file', 'argument') ORDER BY is_open DESC, pid";
    let mut found = Found::default();
    for row in side.ask(sql)?.rows {
        let [pid, path, is_open] = row.as_slice() else {
            continue;
        };
        let Some(path) = path.bytes() else {
            continue;
        };
        let removed = path.strip_suffix(b" (deleted)");
        let path = removed.unwrap_or(path);
        let thing = Thing {
            value: values::text(if removed.is_some() { "yes" } else { "no" }),
            ..Thing::named(path)
        };
        // A new day's, or that of another pid, is the same log.
        let key = without_numbers(path);
        let Some(pid) = pid.integer() else {
            found.of_nobody.insert(key, thing);
            continue;
        };
        let Some(place) = services.place_of(number, pid) else {
            continue;
        };
        // It is there while any process has it so.
        let is_there = removed.is_none() && is_open.integer() == Some(1);
        let known = found
            .owned
            .entry((place, key))
            .or_insert_with(|| thing.clone());
        if is_there {
            *known = thing;
        }
    }
    Ok(found)
}

/// A path in which long numbers are all the same.
fn without_numbers(path: &[u8]) -> Vec<u8> {
    let mut seen = Vec::with_capacity(path.len());
    for part in path.chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit()) {
        if part.len() >= LONG_NUMBER && part.iter().all(u8::is_ascii_digit) {
            seen.push(b'#');
        } else {
            seen.extend_from_slice(part);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_day_is_no_new_log() {
        let same = |one: &str, other: &str| {
            without_numbers(one.as_bytes()) == without_numbers(other.as_bytes())
        };
        assert!(same("/srv/app.20261130.log", "/srv/app.20261201.log"));
        assert!(same("/srv/gc.log.1234", "/srv/gc.log.77812"));
        assert!(!same("/srv/app1.log", "/srv/app2.log"));
        assert!(!same("/srv/a.log", "/srv/b.log"));
    }
}
