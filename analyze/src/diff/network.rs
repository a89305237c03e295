//! What services listen on, how it is reached from outside, what they are clients of, and where they log to.

use std::collections::{BTreeMap, HashSet};

use schema::Row as _;
use schema::tables::{Conntrack, LogFile, Socket};

use super::report::{Place, Report};
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
    value: "found_by",
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
    sides: &Sides,
    services: &Services,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let sockets = sides.gaps(&Socket::TABLE)?;
    let tracked = sides.gaps(&Conntrack::TABLE)?;
    let both = |things: fn(&Side, usize, &Services) -> Result<Things, Error>| {
        let Sides([before, after]) = sides;
        Ok::<_, Error>([things(before, 0, services)?, things(after, 1, services)?])
    };
    tell(&LISTENERS, both(listeners)?, &sockets, services, report);
    tell(
        &UNIX_LISTENERS,
        both(unix_listeners)?,
        &sockets,
        services,
        report,
    );
    tell(
        &UPSTREAMS,
        upstreams(sides, services)?,
        &sockets,
        services,
        report,
    );
    tell(&FLOWS, both(flows)?, &tracked, services, report);
    let gaps = sides.gaps(&LogFile::TABLE)?;
    tell(&LOGS, both(logs)?, &gaps, services, report);
    Ok(())
}

fn tell(
    sort: &Sort,
    things: [Things; 2],
    gaps: &[Gaps; 2],
    services: &Services,
    report: &mut Report<'_>,
) {
    let [mut before, mut after] = things;
    let shared: Vec<(Place, Vec<u8>)> = before
        .keys()
        .filter(|key| after.contains_key(*key))
        .cloned()
        .collect();
    for key in shared {
        if let (Some(one), Some(other)) = (before.remove(&key), after.remove(&key)) {
            // Who does not come any more is not seen.
            if one.value != other.value && other.value != Value::Null {
                let identity = named(sort, &other.identity);
                report.add(
                    key.0,
                    super::report::changed(
                        sort.table,
                        sort.what,
                        identity,
                        sort.value,
                        [vec![one.value], vec![other.value]],
                    ),
                );
            }
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
    for (place, [gone, new]) in places {
        let [gone, new] = match [gone.as_slice(), new.as_slice()] {
            [[one], [other]] if stays(sort, one, other) && !gaps[0].whole && !gaps[1].whole => {
                report.add(place, moved(sort, one, other));
                continue;
            }
            _ => [gone, new],
        };
        for (kind, side, mut things) in [(Kind::Removed, 0, gone), (Kind::Added, 1, new)] {
            let other = usize::from(side == 0);
            if gaps.get(other).is_some_and(|gaps| gaps.whole) {
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

fn things(rows: impl Iterator<Item = (Place, Thing)>) -> Things {
    let mut things = Things::new();
    for (place, thing) in rows {
        let key = (place, values::identity(&thing.identity));
        things.entry(key).or_insert(thing);
    }
    things
}

/// An address for people: all of them are `*`, and IPv4 is IPv4.
const SHOWN_ADDRESS: &str = "CASE WHEN address IN ('0.0.0.0', '::') THEN '*' WHEN address LIKE '::ffff:%.%' THEN substr(address, 8) ELSE address END";

fn listeners(side: &Side, number: usize, services: &Services) -> Result<Things, Error> {
    let (low, high) = ephemeral(side)?;
    let sql = format!(
        "SELECT pid, net_namespace, host_address || ':' || host_port || ' by ' || host_via, protocol, {SHOWN_ADDRESS}, port
         FROM services
         WHERE NOT (protocol LIKE 'udp%' AND port BETWEEN {low} AND {high})
         ORDER BY pid"
    );
    let rows = side.ask(&sql)?.rows.into_iter().filter_map(|row| {
        let mut values = row.into_iter();
        let pid = values.next()?.integer();
        let namespace = values.next()?.integer();
        let place = match pid {
            Some(pid) => services.place_of(number, pid)?,
            None => services.place_of_net(number, namespace),
        };
        let value = values.next()?;
        let identity = values.collect();
        Some((place, Thing { identity, value }))
    });
    Ok(things(rows))
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

fn unix_listeners(side: &Side, number: usize, services: &Services) -> Result<Things, Error> {
    // One that was bound without a name got five hex digits.
    let sql = "SELECT min(fds.pid), listening.path
         FROM (
           SELECT DISTINCT inode, path FROM sockets
           WHERE family = 'unix' AND state = 'LISTEN' AND path IS NOT NULL AND inode <> 0
             AND path NOT GLOB '@[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'
         ) AS listening
         JOIN process_fds AS fds ON fds.inode = listening.inode AND fds.type = 'socket'
         GROUP BY listening.inode, listening.path";
    let rows = side.ask(sql)?.rows.into_iter().filter_map(|row| {
        let mut values = row.into_iter();
        let place = services.place_of(number, values.next()?.integer()?)?;
        // A new container has a new id.
        let path = values.next()?;
        let thing = Thing {
            identity: vec![values::text(without_ids(path.bytes()?))],
            value: Value::Null,
        };
        Some((place, thing))
    });
    Ok(things(rows))
}

/// What services are clients of. A connection of which nobody knows whose it is any more may be that of any.
fn upstreams(sides: &Sides, services: &Services) -> Result<[Things; 2], Error> {
    let mut found = Vec::new();
    let mut unowned = Vec::new();
    for (number, side) in sides.0.iter().enumerate() {
        let sql = "SELECT DISTINCT client_pid, protocol, coalesce(dialed_address, server_address), coalesce(dialed_port, server_port)
             FROM connections";
        let mut of_nobody: HashSet<Vec<u8>> = HashSet::new();
        let mut owned = Things::new();
        for row in side.ask(sql)?.rows {
            let mut values = row.into_iter();
            let pid = values.next().and_then(|pid| pid.integer());
            let identity: Vec<Value<'static>> = values.collect();
            let key = values::identity(&identity);
            match pid {
                None => {
                    of_nobody.insert(key);
                }
                Some(pid) => {
                    if let Some(place) = services.place_of(number, pid) {
                        let value = Value::Null;
                        owned
                            .entry((place, key))
                            .or_insert(Thing { identity, value });
                    }
                }
            }
        }
        found.push(owned);
        unowned.push(of_nobody);
    }
    let mut found = <[Things; 2]>::try_from(found).unwrap_or_default();
    // What took the place of another is at the same port.
    let is_replaced = |from: &Things, to: &Things, (place, _): &(Place, Vec<u8>), thing: &Thing| {
        to.iter().any(|(key, other)| {
            key.0 == *place
                && !from.contains_key(key)
                && other.identity.last() == thing.identity.last()
        })
    };
    let missing = |from: &Things, to: &Things, of_nobody: Option<&HashSet<Vec<u8>>>| -> Things {
        let known = from.iter().filter(|(key, thing)| {
            !to.contains_key(*key)
                && of_nobody.is_some_and(|of_nobody| of_nobody.contains(&key.1))
                && !is_replaced(from, to, key, thing)
        });
        known
            .map(|(key, thing)| (key.clone(), thing.clone()))
            .collect()
    };
    let [before, after] = &found;
    let added = [
        missing(after, before, unowned.first()),
        missing(before, after, unowned.get(1)),
    ];
    for (things, added) in found.iter_mut().zip(added) {
        things.extend(added);
    }
    Ok(found)
}

/// Flows that the host leads elsewhere; those that end on it are told with the listener that they lead to.
fn flows(side: &Side, _: usize, _: &Services) -> Result<Things, Error> {
    let sql =
        "SELECT DISTINCT nat, protocol, orig_dst, orig_dport, reply_src, reply_sport FROM conntrack
         WHERE nat IN ('dnat', 'both') AND orig_dport IS NOT NULL
           AND reply_src NOT IN (SELECT address FROM interface_addresses)";
    let rows = side.ask(sql)?.rows.into_iter().filter_map(|row| {
        let mut values = row.into_iter();
        let value = values.next()?;
        let identity = values.collect();
        Some((Place::Host, Thing { identity, value }))
    });
    Ok(things(rows))
}

fn logs(side: &Side, number: usize, services: &Services) -> Result<Things, Error> {
    let sql = "SELECT pid, coalesce(target, path) FROM log_files
         WHERE pid IS NOT NULL AND found_by IN ('open file', 'argument') ORDER BY pid";
    let mut found = Things::new();
    for row in side.ask(sql)?.rows {
        let [pid, path] = row.as_slice() else {
            continue;
        };
        let place = pid.integer().and_then(|pid| services.place_of(number, pid));
        let (Some(place), Some(path)) = (place, path.bytes()) else {
            continue;
        };
        let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
        let thing = Thing {
            identity: vec![values::text(path)],
            value: Value::Null,
        };
        // A new day's, or that of another pid, is the same log.
        found.entry((place, without_numbers(path))).or_insert(thing);
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
