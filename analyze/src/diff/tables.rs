//! One table, compared as its declaration says.
//!
//! Rows are the same by the logical key, where there is one, else by the key, and by the service whose namespace they are in.
//! Rows that are equal under it make one group with a count. What did not change is set aside by hashes first: of a million
//! rows few differ.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hasher, RandomState};

use schema::TableDef;

use super::consequences::{Settings, is_link_local};
use super::report::{Place, Report};
use super::services::Services;
use super::side::{Side, Sides};
use super::{Change, Difference, Kind, successors, values};
use crate::Error;
use crate::db::ddl::quoted;
use crate::db::query::{Digest, Value};

/// Groups that are compared one by one; how many more differ is said.
const MOST_GROUPS: usize = 20_000;
/// Rows that are named in one statement.
const AT_ONCE: usize = 5_000;

/// The records of `last` that tell of a login and are told nowhere else: those that failed, those of whom is logged in no more,
/// and what only `lastlog` knows.
const LOGINS: &str = "failed
    OR type_name = 'user' AND NOT EXISTS (
        SELECT 1 FROM logged_in_users AS there
        WHERE there.type = 'user' AND there.user IS last.username AND there.tty = last.tty AND abs(there.time - last.time) <= 10
    )
    OR type_name = 'last_login' AND NOT EXISTS (
        SELECT 1 FROM last AS known
        WHERE known.type_name = 'user' AND known.tty = last.tty AND abs(known.time - last.time) <= 10
    )";

/// What is compared in one table.
struct Plan {
    table: &'static TableDef,
    /// Columns that say which group a row is in.
    identity: Vec<&'static str>,
    /// Columns whose change says that it is another object.
    object: Vec<&'static str>,
    /// Columns whose change is reported.
    state: Vec<&'static str>,
    /// The column that says where a row belongs.
    place: Option<&'static str>,
    /// Whether this table was asked for, or all columns: nothing is left out.
    is_whole: bool,
    /// Which rows are compared.
    since: String,
}

/// A row as it was loaded: where it belongs, its process, what is compared.
struct Loaded {
    place: Place,
    pid: Option<i64>,
    compared: Vec<Value<'static>>,
}

/// The rows of one group, before and after.
struct Rows {
    identity: Vec<Value<'static>>,
    sides: [Vec<Loaded>; 2],
}

/// Whether a row, or one column of it, says no more than which of two hosts it is.
fn is_identity_of_host(
    table: &str,
    column: Option<&str>,
    identity: &[(&'static str, Value<'static>)],
) -> bool {
    match (table, column) {
        ("interface_addresses" | "neighbors", _)
        | ("interface_details", Some("mac"))
        | ("routes", Some("preferred_source")) => true,
        // The routes to what is its own.
        ("routes", None) => identity
            .iter()
            .any(|(name, value)| *name == "route_table" && value.bytes() == Some(LOCAL)),
        _ => false,
    }
}

/// The table of the routes to a host's own addresses (rtnetlink(7)).
const LOCAL: &[u8] = b"local";

/// Whether the rows of a table are parts of a process, which only within a boot is the same one.
pub(super) fn belongs_to_process(table: &TableDef) -> bool {
    table.key.contains(&"pid") && table.logical_key.is_empty()
}

/// What differs in a table, before it is known where it belongs.
pub(super) struct Found {
    plan: Plan,
    /// The rows of each side that are in groups in which anything differs, as [`Plan::named`] has them.
    rows: [Vec<Vec<Value<'static>>>; 2],
    /// How many groups more there are.
    more: usize,
}

impl Found {
    /// The processes whose rows they are; `None` where not only processes say where a row belongs.
    pub(super) fn pids(&self) -> Option<HashSet<i64>> {
        let rows = self.rows.iter().flatten();
        // The column of the place is the process.
        let pids = rows.filter_map(|row| row.get(1)?.integer());
        belongs_to_process(self.plan.table).then(|| pids.collect())
    }
}

/// Reports what differs in a table.
pub(super) fn compare(
    sides: &mut Sides,
    table: &'static TableDef,
    services: &Services,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    match find(sides, table, report)? {
        Some(found) => tell(sides, found, services, report),
        None => Ok(()),
    }
}

/// Finds what differs in a table, if anything does.
pub(super) fn find(
    sides: &mut Sides,
    table: &'static TableDef,
    report: &mut Report<'_>,
) -> Result<Option<Found>, Error> {
    let plan = Plan::new(table, report);
    if belongs_to_process(table) && !report.relation.same_boot {
        if plan.is_whole {
            let name = table.name;
            let note = format!("{name} is not compared: its rows belong to processes of one boot");
            report.notes.push(note);
        }
        return Ok(None);
    }
    let key = RandomState::new();
    let digests = {
        let plan = &plan;
        sides.both(|_, side| {
            let from = plan.from(side, &plan.since);
            side.digests(&plan.digested(), &from, plan.identity.len(), &key)
        })?
    };
    let (numbers, more) = differing(&digests);
    drop(digests);
    if numbers.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let mut rows: [Vec<_>; 2] = Default::default();
    for ((side, numbers), rows) in sides.0.iter().zip(&numbers).zip(&mut rows) {
        for numbers in numbers.chunks(AT_ONCE) {
            rows.extend(side.ask_aside(&plan.named(side, numbers))?.rows);
        }
    }
    Ok(Some(Found { plan, rows, more }))
}

/// Reports what was found.
pub(super) fn tell(
    sides: &mut Sides,
    found: Found,
    services: &Services,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let Found { plan, rows, more } = found;
    let (table, relation) = (plan.table, report.relation);
    let mut groups: BTreeMap<(Place, Vec<u8>), Rows> = BTreeMap::new();
    for (number, rows) in rows.into_iter().enumerate() {
        for row in rows {
            if let Some((identity, loaded)) = plan.read(number, row, services) {
                let group = (loaded.place, values::identity(&identity));
                let group = groups.entry(group).or_insert_with(|| Rows {
                    identity,
                    sides: Default::default(),
                });
                if let Some(side) = group.sides.get_mut(number) {
                    side.push(loaded);
                }
            }
        }
    }
    let gaps = sides.gaps(table)?;
    let identities = groups.values().map(|rows| rows.identity.as_slice());
    let settings = Settings::of(table, identities, relation.same_boot);
    let mut told = Vec::new();
    let has_number = ["pid", "id"].iter().any(|name| table.key.contains(name));
    for ((place, _), rows) in groups {
        let counts = rows
            .sides
            .each_ref()
            .map(|rows| i64::try_from(rows.len()).unwrap_or(i64::MAX));
        let identity: Vec<(&'static str, Value<'static>)> =
            plan.identity.iter().copied().zip(rows.identity).collect();
        let pid = |side: usize| {
            rows.sides
                .get(side)
                .and_then(|rows| rows.first())
                .and_then(|row| row.pid)
        };
        // A rule of the user's may name any column of the row.
        let row = rows.sides.iter().rev().find_map(|rows| rows.first());
        let values = row.into_iter().flat_map(|row| row.compared.iter().cloned());
        let context: Vec<_> = identity
            .iter()
            .cloned()
            .chain(plan.compared().zip(values))
            .collect();
        let classes = &report.scope().classes;
        let is_of_host = !relation.same_host && is_identity_of_host(table.name, None, &identity);
        if is_of_host || classes.ignore_row(table.name, &context) {
            continue;
        }
        let mut hidden = None;
        let mut changes = Vec::new();
        let mut is_other_object = false;
        if !counts.contains(&0) {
            for (index, column) in plan.compared().enumerate() {
                let [before, after] = rows.sides.each_ref().map(|rows| {
                    values::distinct(rows.iter().filter_map(|row| row.compared.get(index)))
                });
                let is_ignored = (!relation.same_host
                    && is_identity_of_host(table.name, Some(column), &identity))
                    || classes.ignore_column(table.name, column, &context);
                if before == after || is_ignored {
                    continue;
                }
                // Which files a control group has depends on who is in it.
                let is_absent = before.contains(&Value::Null) || after.contains(&Value::Null);
                if column == "memory_unlimited" && is_absent {
                    continue;
                }
                let unread = [&before, &after]
                    .into_iter()
                    .enumerate()
                    .find(|(side, values)| {
                        values.contains(&Value::Null)
                            && gaps.get(*side).is_some_and(|gaps| gaps.hide(pid(*side)))
                    });
                if let Some((side, _)) = unread {
                    hidden = Some(side);
                    continue;
                }
                // Of a route another gateway is another way, not another route.
                is_other_object |= has_number && plan.object.contains(&column);
                changes.push(Change {
                    column,
                    before,
                    after,
                });
            }
        }
        let mut identity = identity;
        if counts.contains(&0) {
            // What is in one snapshot only is told with all that makes it what it is.
            for (index, column) in plan.compared().enumerate() {
                if plan.object.contains(&column) || is_told_with(table.name, column) {
                    let all = rows.sides.iter().flatten();
                    let values = values::distinct(all.filter_map(|row| row.compared.get(index)));
                    identity.push((column, values::one(values)));
                }
            }
        }
        let kind = match counts {
            // Which side could not look is asked with the pid of the side that saw it.
            [0, _] if gaps[0].hide(pid(1)) || gaps[1].whole => Err(0),
            [_, 0] if gaps[1].hide(pid(0)) || gaps[0].whole => Err(1),
            [0, _] => Ok(Kind::Added),
            [_, 0] => Ok(Kind::Removed),
            _ if is_other_object => Ok(Kind::Restarted),
            _ if !changes.is_empty() => Ok(Kind::Changed),
            [before, after] if before != after => Ok(Kind::Scaled),
            _ => match hidden {
                Some(side) => Err(side),
                None => continue,
            },
        };
        match kind {
            Ok(kind) => {
                let difference = Difference {
                    kind,
                    table: table.name,
                    what: noun(table.name),
                    identity,
                    counts,
                    changes,
                };
                if plan.is_told(&difference, &settings) {
                    told.push((place, difference));
                }
            }
            Err(side) => report.unknown(table.name, noun(table.name), side, identity),
        }
    }
    // Who asks for a table asks for its rows.
    let told = if plan.is_whole {
        told
    } else {
        successors::count_failed(successors::join(told))
    };
    for (place, difference) in told {
        report.add(place, difference);
    }
    if more > 0 {
        let identity = vec![("more", values::text("not listed one by one"))];
        report.host(Difference {
            kind: Kind::Changed,
            table: table.name,
            what: noun(table.name),
            identity,
            counts: [i64::try_from(more).unwrap_or(i64::MAX); 2],
            changes: Vec::new(),
        });
    }
    Ok(())
}

impl Plan {
    fn new(table: &'static TableDef, report: &Report<'_>) -> Self {
        let classes = &report.scope().classes;
        let is_whole = classes.all() || !report.scope().tables.is_empty();
        let key = if table.logical_key.is_empty() {
            table.key
        } else {
            table.logical_key
        };
        let has = |name: &str| table.columns.iter().any(|column| column.name == name);
        // A process is where it runs, whatever network it is in.
        let is_of_process = belongs_to_process(table) || table.name == "processes";
        let place = ["pid", "net_namespace", "mount_namespace"]
            .into_iter()
            .find(|name| has(name) && (*name != "pid" || is_of_process));
        let identity = key.to_vec();
        let is_compared = |name: &&str| !identity.contains(name) && classes.compares(table, name);
        let is_object = |name: &&str| table.key.contains(name);
        let names = || table.columns.iter().map(|column| column.name);
        let relation = report.relation;
        // Numbers of the kernel's mean nothing elsewhere, and after a boot every object is another one. Not so what has a
        // name: where a route goes.
        let object = table
            .columns
            .iter()
            .filter(|column| relation.same_boot || matches!(column.layout, "bytes" | "address"));
        let object = object.map(|column| column.name);
        let object = object.filter(|_| relation.same_host);
        let object = object.filter(is_compared).filter(is_object);
        Plan {
            table,
            object: object.collect(),
            state: names()
                .filter(is_compared)
                .filter(|name| !is_object(name))
                .collect(),
            identity,
            place,
            since: Plan::since(table, is_whole, report),
            is_whole,
        }
    }

    fn compared(&self) -> impl Iterator<Item = &'static str> {
        self.object.iter().chain(&self.state).copied()
    }

    fn has(&self, column: &str) -> bool {
        self.table.columns.iter().any(|known| known.name == column)
    }

    /// What is hashed of a row: number, identity, what is compared, and where it belongs.
    fn digested(&self) -> Vec<String> {
        let place = self.place.filter(|place| !self.identity.contains(place));
        let columns = self.identity.iter().copied().chain(self.compared());
        numbered(columns.chain(place))
    }

    /// Some rows, by their numbers.
    fn named(&self, side: &Side, rows: &[i64]) -> String {
        let pid = if self.has("pid") { "pid" } else { "rowid" };
        let place = self.place.unwrap_or("rowid");
        let columns = [place, pid]
            .into_iter()
            .chain(self.identity.iter().copied())
            .chain(self.compared());
        let rows: Vec<String> = rows.iter().map(i64::to_string).collect();
        let from = self.from(side, &format!("rowid IN ({})", rows.join(", ")));
        format!("SELECT {} FROM {from}", numbered(columns).join(", "))
    }

    /// The table, and which of its rows.
    fn from(&self, side: &Side, condition: &str) -> String {
        let name = quoted(self.table.name);
        let mut conditions = format!("snapshot_id = {} AND {condition}", side.snapshot.id);
        for flag in ["is_collector", "is_kernel_thread"] {
            if self.has(flag) {
                let _ = write!(conditions, " AND NOT {flag}");
            }
        }
        // Sockets of the capture are its own, though they do not name it. Those of netlink come and go with whatever asks
        // the kernel something.
        if self.table.name == "sockets" {
            conditions.push_str(
                " AND family <> 'netlink' AND inode NOT IN (
                    SELECT fds.inode FROM process_fds AS fds JOIN processes AS owner ON owner.pid = fds.pid
                    WHERE fds.type = 'socket' AND fds.inode IS NOT NULL AND owner.is_collector
                )",
            );
        }
        format!("main.{name} WHERE {conditions}")
    }

    /// Reads a row of [`Plan::named`]; `None` for what is told otherwise or left out.
    fn read(
        &self,
        side: usize,
        row: Vec<Value<'static>>,
        services: &Services,
    ) -> Option<(Vec<Value<'static>>, Loaded)> {
        let mut values = row.into_iter();
        values.next()?;
        let inode = values.next()?.integer();
        let pid = values.next()?.integer().filter(|_| self.has("pid"));
        let identity: Vec<Value<'static>> = values.by_ref().take(self.identity.len()).collect();
        let place = match self.place {
            Some("net_namespace") => services.place_of_net(side, inode),
            Some("mount_namespace") => services.place_of_mount(side, inode),
            // Of a new process, and of a pid that another process has now, nothing is compared.
            Some(_) => {
                let is_compared =
                    |pid: &i64| !belongs_to_process(self.table) || services.is_same(*pid);
                services.place_of(side, pid.filter(is_compared)?)?
            }
            None if self.table.name == "cgroups" => {
                let path = identity.first().and_then(Value::bytes)?;
                services.place_of_cgroup(side, path)
            }
            None => Place::Host,
        };
        // What a new service brings is the new service.
        let is_namespace = self.place.filter(|column| *column != "pid");
        let is_compared = services.is_in_both(place)
            && is_namespace.is_none_or(|column| services.has_namespaces(place, column));
        if !self.is_whole && !is_compared {
            return None;
        }
        Some((
            identity,
            Loaded {
                place,
                pid,
                compared: values.collect(),
            },
        ))
    }

    /// Which rows are compared. Of events only those that came since: old ones are forgotten.
    fn since(table: &TableDef, is_whole: bool, report: &Report<'_>) -> String {
        let since = format!("time >= {}", report.relation.since);
        match table.name {
            _ if is_whole => "1".to_owned(),
            // Boots, terminals that wait and the like come with every boot.
            "logged_in_users" => "type = 'user'".to_owned(),
            // What happened to one host says nothing of another.
            "kernel_events" | "oom_kills" | "last" if !report.relation.same_host => "0".to_owned(),
            "kernel_events" | "oom_kills" => since,
            "last" => format!("{since} AND ({LOGINS})"),
            _ => "1".to_owned(),
        }
    }

    /// Whether a difference is one to people who did not ask for this table: what comes and goes by itself is not, nor what
    /// follows from another difference.
    fn is_told(&self, difference: &Difference, settings: &Settings) -> bool {
        let value = |name| difference.value(name).and_then(Value::bytes);
        self.is_whole
            || match self.table.name {
                "neighbors" | "cgroups" | "multicast_groups" => difference.kind == Kind::Changed,
                "interface_addresses" => !value("address").is_some_and(is_link_local),
                "system_controls" => {
                    let changed = value("name").zip(difference.changes.first());
                    !changed.is_some_and(|(name, change)| settings.explain(name, change))
                }
                _ => true,
            }
    }
}

/// Whether a column is told beside the identity of a row that is in one snapshot only: without it nobody knows what came.
fn is_told_with(table: &str, column: &str) -> bool {
    matches!(
        (table, column),
        ("dns_resolvers", "address")
            | ("mounts", "type" | "device")
            | ("users", "uid" | "shell")
            | ("groups", "members")
    )
}

/// Columns as SQL has them, behind the number of the row.
fn numbered(columns: impl Iterator<Item = &'static str>) -> Vec<String> {
    let columns = columns.map(|name| match name {
        "rowid" => name.to_owned(),
        name => quoted(name),
    });
    ["rowid".to_owned()].into_iter().chain(columns).collect()
}

/// The rows of each side that are in groups in which anything differs, and how many groups more there are.
fn differing(sides: &[Vec<Digest>; 2]) -> ([Vec<i64>; 2], usize) {
    let [before, after] = sides;
    // In most tables both are the same, row by row, but for a few.
    let [before, after] =
        values::differing_part(before, after, |one, other| one.whole == other.whole);
    let mut counts: HashMap<u64, i64, Hashed> = HashMap::default();
    let is_aligned = before.len() == after.len();
    for (index, row) in before.iter().enumerate() {
        if !(is_aligned
            && after
                .get(index)
                .is_some_and(|other| other.whole == row.whole))
        {
            *counts.entry(row.whole).or_default() += 1;
        }
    }
    for (index, row) in after.iter().enumerate() {
        if !(is_aligned
            && before
                .get(index)
                .is_some_and(|other| other.whole == row.whole))
        {
            *counts.entry(row.whole).or_default() -= 1;
        }
    }
    counts.retain(|_, count| *count != 0);
    if counts.is_empty() {
        return (Default::default(), 0);
    }
    let differs = |row: &&Digest| counts.contains_key(&row.whole);
    let mut groups: HashSet<u64, Hashed> = HashSet::default();
    let mut more: HashSet<u64, Hashed> = HashSet::default();
    for row in before.iter().chain(after).filter(differs) {
        if groups.len() < MOST_GROUPS || groups.contains(&row.identity) {
            groups.insert(row.identity);
        } else {
            more.insert(row.identity);
        }
    }
    let rows = sides.each_ref().map(|side| {
        let of_groups = side.iter().filter(|row| groups.contains(&row.identity));
        of_groups.map(|row| row.row).collect()
    });
    (rows, more.len())
}

/// For keys that are hashes already, under a key that nobody knows.
type Hashed = BuildHasherDefault<Plain>;

/// Hands a hash on as it is.
#[derive(Debug, Default)]
struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// What a row of a table is to people.
fn noun(table: &'static str) -> &'static str {
    match table {
        "users" => "user",
        "groups" => "group",
        "mounts" => "mount",
        "routes" => "route",
        "routing_rules" => "routing rule",
        "interface_addresses" => "address",
        "interface_details" => "interface",
        "kernel_modules" => "kernel module",
        "system_controls" => "sysctl",
        "dns_resolvers" => "resolver setting",
        "etc_hosts" => "hosts entry",
        "swaps" => "swap",
        "neighbors" => "neighbor",
        "cgroups" => "control group",
        "kernel_events" => "kernel event",
        "kernel_info" => "kernel",
        "os_version" => "distribution",
        "oom_kills" => "OOM kill",
        "last" => "login record",
        "logged_in_users" => "logged-in user",
        "history_hosts" => "host of a history",
        _ => table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(rows: &[(u64, u64)]) -> Vec<Digest> {
        let numbered = (1..).zip(rows);
        let digest = |(row, (identity, whole)): (i64, &(u64, u64))| Digest {
            row,
            identity: *identity,
            whole: *whole,
        };
        numbered.map(digest).collect()
    }

    #[test]
    fn groups_in_which_anything_differs() {
        let check = |before: &[(u64, u64)], after: &[(u64, u64)], rows: [&[i64]; 2]| {
            let (chosen, more) = differing(&[side(before), side(after)]);
            assert_eq!((chosen, more), (rows.map(<[i64]>::to_vec), 0));
        };
        check(&[], &[], [&[], &[]]);
        // In another order.
        check(&[(1, 10), (2, 20)], &[(2, 20), (1, 10)], [&[], &[]]);
        check(&[(1, 10), (2, 20)], &[(1, 10)], [&[2], &[]]);
        check(&[], &[(1, 10)], [&[], &[1]]);
        check(&[(1, 10), (2, 20)], &[(1, 11), (2, 20)], [&[1], &[1]]);
        // The rows of the group that are the same belong to it too, and one that is there once more.
        check(&[(1, 10), (1, 12)], &[(1, 12), (1, 11)], [&[1, 2], &[1, 2]]);
        check(&[(1, 10)], &[(1, 10), (1, 10)], [&[1], &[1, 2]]);
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let many = u64::try_from(MOST_GROUPS).unwrap() + 7;
        let rows: Vec<(u64, u64)> = (0..many).map(|number| (number, number)).collect();
        let (chosen, more) = differing(&[side(&rows), Vec::new()]);
        assert_eq!(chosen[0].len(), MOST_GROUPS);
        assert_eq!(more, 7);
    }
}
