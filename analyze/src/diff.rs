//! What differs between two snapshots, told by service.
//!
//! * A process is the same object within one boot by pid and start, and plays the same role across restarts by where it
//!   belongs (container, unit, tree), its executable, its arguments and its user ([`services`]). So a restart is one line,
//!   a pool of workers that grew is one line, and what a new service brings is the new service.
//! * What belongs to no service is compared table by table, as the declarations say ([`tables`]): by the logical key,
//!   else by the key.
//! * What took the place of what is one change: an address of an interface, a name of the hosts file, a rule of routing
//!   ([`successors`]); and what the kernel does by itself when something is set is told as what was set ([`consequences`]).
//! * Columns are identity, state (a change is reported), counters or volatile (never, unless all columns are asked for).
//!   The declarations say which; a file of the user's overrides them ([`classes`]).
//! * What one snapshot could not see is unknown, never added or removed ([`side::Gaps`]).
//! * The capture's own processes and what started them are left out, and so are kernel threads: their number follows the load.

mod belonging;
pub mod classes;
mod configs;
mod consequences;
mod containers;
mod html;
mod json;
mod lines;
mod log_lines;
mod markdown;
mod network;
mod processes;
mod report;
mod roles;
mod service_state;
mod services;
mod side;
mod successors;
mod tables;
mod templates;
#[cfg(test)]
mod tests;
mod text;
mod values;
mod verdict;
mod words;

use std::collections::HashSet;

use schema::TableDef;
use schema::tables::TABLES;

use crate::Error;
use crate::db::query::{Snapshot, Value};
use classes::Classes;
use processes::Extent;
use report::Report;
use services::Services;
pub use side::{Side, Sides};
use tables::Found;

/// What differs.
#[derive(Debug)]
pub struct Diff {
    /// The earlier snapshot.
    pub before: Snapshot,
    /// The later one.
    pub after: Snapshot,
    /// What must be known to read the rest, a sentence each.
    pub notes: Vec<String>,
    /// The services that differ, then what belongs to none.
    pub groups: Vec<Group>,
}

/// The differences of a service, or those of none.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What people call the service; `None` for what belongs to the host.
    pub service: Option<String>,
    /// The differences: of a service in the order in which they are asked about, of the host by table and identity.
    pub differences: Vec<Difference>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What kind it is.
    pub kind: Kind,
    /// The table or view that tells.
    pub table: &'static str,
    /// What it is that differs, as a noun.
    pub what: &'static str,
    /// The columns that say which one.
    pub identity: Vec<(&'static str, Value<'static>)>,
    /// How many there were before and are after.
    pub counts: [i64; 2],
    /// The columns that differ.
    pub changes: Vec<Change>,
}

/// One column that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Name of the column.
    pub column: &'static str,
    /// The values before: one, or those of several rows that play the same role.
    pub before: Vec<Value<'static>>,
    /// Those after.
    pub after: Vec<Value<'static>>,
}

/// Kinds of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// In both, but another object that plays the same role.
    Restarted,
    /// In both, but not as many.
    Scaled,
    /// In both, elsewhere.
    Moved,
    /// Only in the later snapshot.
    Added,
    /// Only in the earlier one.
    Removed,
    /// In both, with another state.
    Changed,
    /// Seen in one snapshot, and the other could not look.
    Unknown,
}

/// What is compared.
#[derive(Debug, Default)]
pub struct Scope<'a> {
    /// Only these tables, each as a whole; where none is named, services and what belongs to none.
    pub tables: &'a [String],
    /// Only services whose name has this in it.
    pub service: Option<&'a str>,
    /// Which columns are compared.
    pub classes: Classes,
}

/// How the two snapshots stand to each other.
#[derive(Debug, Clone, Copy)]
struct Relation {
    /// Pids, inodes and namespaces mean the same.
    same_boot: bool,
    /// Both are of one host.
    same_host: bool,
    /// Pseudonyms of secrets cannot be compared.
    keys_differ: bool,
    /// When the earlier one was taken, epoch seconds.
    since: i64,
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// Compares two snapshots.
pub fn compare(mut sides: Sides, scope: &Scope<'_>) -> Result<Diff, Error> {
    let tables = choose(scope.tables)?;
    let relation = relation(&sides);
    if relation.keys_differ {
        for side in &mut sides.0 {
            side.hide_pseudonyms();
        }
    }
    let mut report = Report::new(scope, relation);
    let services = if tables.is_empty() {
        let services = Services::load(&mut sides, relation, &Extent::Whole)?;
        services.compare(&mut sides, &mut report)?;
        containers::compare(&mut sides, &services, &mut report)?;
        configs::compare(&mut sides, &services, &mut report)?;
        network::compare(&mut sides, &services, &mut report)?;
        log_lines::compare(&mut sides, &services, &mut report)?;
        host(&sides, relation, &mut report)?;
        for table in TABLES {
            if !table.key.is_empty() && (scope.classes.all() || !told_otherwise(table.name)) {
                tables::compare(&mut sides, table, &services, &mut report)?;
            }
        }
        services
    } else {
        let mut found = Vec::new();
        for table in tables {
            found.extend(tables::find(&mut sides, table, &mut report)?);
        }
        // Of rows of processes the services of these are enough.
        let pids: Option<Vec<HashSet<i64>>> = found.iter().map(Found::pids).collect();
        let services = match pids {
            Some(pids) => {
                let pids = pids.into_iter().flatten().collect();
                Services::load_of(&mut sides, relation, &pids)?
            }
            None => Services::load(&mut sides, relation, &Extent::Services)?,
        };
        for found in found {
            tables::tell(&mut sides, found, &services, &mut report)?;
        }
        services
    };
    let mut notes = notes(&sides, relation)?;
    notes.append(&mut report.notes);
    let hidden = sides.0.each_ref().map(Side::hidden);
    let groups = report.finish(&services, hidden);
    let Sides([before, after]) = sides;
    Ok(Diff {
        before: before.snapshot,
        after: after.snapshot,
        notes,
        groups,
    })
}

/// Tables whose rows are told as what a service is and does, those in which each row is an event of its own, and those of
/// nothing but figures.
fn told_otherwise(table: &str) -> bool {
    matches!(
        table,
        "processes"
            | "process_arguments"
            | "process_cgroups"
            | "process_envs"
            | "process_fds"
            | "process_limits"
            | "process_memory_map"
            | "process_namespaces"
            | "threads"
            | "config_files"
            | "containers"
            | "sockets"
            | "conntrack"
            | "conntrack_expectations"
            | "log_files"
            | "journal"
            | "kernel_counters"
            | "memory_info"
            | "multicast_groups"
            | "network_counters"
            | "vmstat"
            // Kernel events have them too.
            | "oom_kills"
    )
}

fn choose(names: &[String]) -> Result<Vec<&'static TableDef>, Error> {
    let keyed = || TABLES.iter().filter(|table| !table.key.is_empty());
    let find = |name: &String| {
        keyed().find(|table| table.name == name).ok_or_else(|| {
            let all: Vec<&str> = keyed().map(|table| table.name).collect();
            let name = schema::text::escaped(name.as_bytes());
            Error::Argument(format!(
                "there is no table {name} whose rows can be compared; there are {}",
                all.join(", ")
            ))
        })
    };
    names.iter().map(find).collect()
}

fn relation(sides: &Sides) -> Relation {
    let Sides([before, after]) = sides;
    let (before, after) = (&before.snapshot, &after.snapshot);
    let same_boot = before.boot_id.is_some() && before.boot_id == after.boot_id;
    Relation {
        same_boot,
        since: before.time,
        same_host: same_boot || before.host == after.host,
        keys_differ: matches!(
            (&before.redaction_key, &after.redaction_key),
            (Some(one), Some(other)) if one != other
        ),
    }
}

fn notes(sides: &Sides, relation: Relation) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    let Sides([before, after]) = sides;
    if !relation.same_host {
        notes.push(
            "these are two hosts: their names and addresses are no difference, and processes are compared by what they run"
                .to_owned(),
        );
    } else if !relation.same_boot {
        notes.push(
            match (&before.snapshot.boot_id, &after.snapshot.boot_id) {
                (Some(_), Some(_)) => {
                    "the host was booted in between: everything was started anew, and processes are compared by what they run"
                }
                _ => "the boot is not known: processes are compared by what they run, not by pid",
            }
            .to_owned(),
        );
    }
    if after.snapshot.time < before.snapshot.time {
        notes.push("the second snapshot is the earlier one of the two".to_owned());
    }
    let version = "SELECT capture_version FROM snapshots";
    if let (Some(one), Some(other)) = (before.text(version)?, after.text(version)?)
        && one != other
    {
        notes.push(format!(
            "captured by different versions, {one} and {other}: what only one of them collects is unknown in the other"
        ));
    }
    Ok(notes)
}

/// What is no row of a keyed table: the name of the host, and its clock.
fn host(sides: &Sides, relation: Relation, report: &mut Report<'_>) -> Result<(), Error> {
    let Sides([before, after]) = sides;
    let mut changed = |what, column, values: [Value<'static>; 2]| {
        let values = values.map(|value| vec![value]);
        report.host(report::changed(
            "snapshots",
            what,
            Vec::new(),
            column,
            values,
        ));
    };
    if relation.same_host && before.snapshot.host != after.snapshot.host {
        let name = |side: &Side| match &side.snapshot.host {
            Some(name) => Value::Text(name.clone().into_bytes().into()),
            None => Value::Null,
        };
        changed("host name", "hostname", [name(before), name(after)]);
    }
    if relation.same_boot {
        // Within a boot both clocks go on alike, but for what adjusts the one.
        let booted = "SELECT CAST(max(start_time - start_ticks / clock_ticks) AS INTEGER) FROM processes, snapshots
             WHERE start_time IS NOT NULL AND start_ticks IS NOT NULL AND clock_ticks > 0";
        if let (Some(one), Some(other)) = (before.number(booted)?, after.number(booted)?)
            && one.abs_diff(other) > CLOCK_TOLERANCE
        {
            let begin =
                |seconds: i64| Value::Text(crate::db::query::utc(seconds).into_bytes().into());
            changed(
                "clock",
                "time of the boot by it",
                [begin(one), begin(other)],
            );
        }
    }
    Ok(())
}

/// Seconds by which the clock may be adjusted without being told.
const CLOCK_TOLERANCE: u64 = 2;
