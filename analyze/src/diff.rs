//! What differs between two snapshots: added, removed and changed rows of every table that has keys.
//!
//! The declarations say what makes two rows the same and what is never a difference, so there is one statement for
//! all tables ([`statement`]) and nothing here names a column of one table.
//!
//! * Rows are the same by the logical key, where a table has one, else by the key. Rows that are equal under it, as
//!   the workers of a pool are, make one group with a count.
//! * Rows of a process (tables with `pid` in their key and no logical key) are compared for processes that are the
//!   same in both snapshots: same boot, pid and start. What a new process brings is the new process.
//! * A row that one snapshot lacks is added or removed only if that snapshot could have seen it; else it is unknown.
//! * The capture's own processes are left out, and so are kernel threads: their number follows the load.

mod report;
mod statement;
#[cfg(test)]
mod tests;
mod unchanged;

use std::collections::HashSet;
use std::path::Path;

use schema::TableDef;
use schema::tables::TABLES;

use crate::Error;
use crate::db::query::{Limits, Restricted, Snapshot, Unlocked, Value};
use statement::Plan;

/// What differs.
#[derive(Debug)]
pub struct Diff {
    /// The earlier snapshot.
    pub before: Snapshot,
    /// The later one.
    pub after: Snapshot,
    /// What must be known to read the rest, a sentence each.
    pub notes: Vec<String>,
    /// The tables that differ.
    pub tables: Vec<TableDiff>,
}

/// What differs in one table.
#[derive(Debug)]
pub struct TableDiff {
    /// Name of the table.
    pub table: &'static str,
    /// The differences, in the order of their identity.
    pub differences: Vec<Difference>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What kind it is.
    pub kind: Kind,
    /// The columns that say which row or group of rows it is.
    pub identity: Vec<(&'static str, Value<'static>)>,
    /// Rows in the group before and after.
    pub counts: [i64; 2],
    /// The columns that differ.
    pub changes: Vec<Change>,
}

/// One column that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Name of the column.
    pub column: &'static str,
    /// Before: the lowest and the highest value in the group.
    pub before: [Value<'static>; 2],
    /// After.
    pub after: [Value<'static>; 2],
}

/// Kinds of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only in the later snapshot.
    Added,
    /// Only in the earlier one.
    Removed,
    /// In both, with another state or number.
    Changed,
    /// In both, but another object that plays the same role.
    Restarted,
    /// Seen in one snapshot, and the other could not look.
    Unknown,
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }
}

/// Which snapshots are compared.
#[derive(Debug)]
pub struct Pair<'a> {
    /// The two databases.
    pub databases: Databases,
    /// Number or label of the earlier one, else the newest.
    pub from: Option<&'a str>,
    /// Number or label of the later one, else the newest.
    pub to: Option<&'a str>,
}

/// Two databases on one connection, which may be one and the same.
#[derive(Debug)]
pub struct Databases(Unlocked);

impl Databases {
    /// Opens the database of the earlier snapshot and that of the later one.
    pub fn open(before: &Path, after: &Path, limits: Limits) -> Result<Self, Error> {
        let database = Unlocked::open(before, limits)?;
        database.attach(after, statement::AFTER)?;
        Ok(Databases(database))
    }
}

/// Compares two snapshots in the named tables, or in all that have keys.
pub fn compare(pair: Pair<'_>, tables: &[String]) -> Result<Diff, Error> {
    let tables = choose(tables)?;
    let Databases(database) = pair.databases;
    let before = database.snapshot(statement::BEFORE, pair.from)?;
    let after = database.snapshot(statement::AFTER, pair.to)?;
    let database = database.lock()?;

    let same_boot = before.boot_id.is_some() && before.boot_id == after.boot_id;
    let mut notes = notes(&before, &after, same_boot);
    let mut skipped = Vec::new();
    let mut differing = Vec::new();
    for table in tables {
        if statement::belongs_to_process(table) && !same_boot {
            skipped.push(table.name);
            continue;
        }
        let plan = Plan::new(table, [before.id, after.id], same_boot);
        let intact = [before.intact, after.intact];
        let differences = differences(&database, &plan, intact)?;
        if !differences.is_empty() {
            differing.push(TableDiff {
                table: table.name,
                differences,
            });
        }
    }
    if !skipped.is_empty() {
        notes.push(format!(
            "not compared, because their rows belong to processes of one boot: {}",
            skipped.join(", ")
        ));
    }
    Ok(Diff {
        before,
        after,
        notes,
        tables: differing,
    })
}

fn choose(names: &[String]) -> Result<Vec<&'static TableDef>, Error> {
    let keyed = || TABLES.iter().filter(|table| !table.key.is_empty());
    if names.is_empty() {
        return Ok(keyed().collect());
    }
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

fn notes(before: &Snapshot, after: &Snapshot, same_boot: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if !same_boot {
        notes.push(match (&before.boot_id, &after.boot_id) {
            (Some(_), Some(_)) => "the host was booted in between, or these are two hosts: \
                                   processes are compared by what they run, not by pid"
                .to_owned(),
            _ => "the boot is not known: processes are compared by what they run, not by pid"
                .to_owned(),
        });
    }
    if let (Some(one), Some(other)) = (&before.redaction_key, &after.redaction_key)
        && one != other
    {
        notes.push(
            "secrets were replaced under different keys, so equal ones look different: captures with the same \
             --case-key can be compared"
                .to_owned(),
        );
    }
    notes
}

/// What could not be read, of the sources of one table, on one side.
#[derive(Debug, Default)]
struct Gaps {
    /// Of the host, or in a table whose rows name no process.
    whole: bool,
    /// Of processes.
    pids: HashSet<i64>,
}

impl Gaps {
    fn hide(&self, pid: Option<i64>) -> bool {
        self.whole || pid.is_some_and(|pid| self.pids.contains(&pid))
    }
}

fn differences(
    database: &Restricted,
    plan: &Plan<'_>,
    intact: [bool; 2],
) -> Result<Vec<Difference>, Error> {
    let rows = unchanged::changed_rows(database, plan)?;
    if matches!(&rows, unchanged::Rows::Only(rows) if rows.iter().all(Vec::is_empty)) {
        return Ok(Vec::new());
    }
    let rows = database.collect(&plan.differences(&rows), &[])?.rows;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut gaps = intact.map(|intact| Gaps {
        whole: !intact,
        pids: HashSet::new(),
    });
    for row in database.collect(&plan.gaps(), &[])?.rows {
        let mut values = row.into_iter();
        let side = values.next().and_then(|side| side.integer());
        let pid = values.next().and_then(|pid| pid.integer());
        let [before, after] = &mut gaps;
        let gaps = if side == Some(0) { before } else { after };
        match pid {
            Some(pid) => {
                gaps.pids.insert(pid);
            }
            None => gaps.whole = true,
        }
    }
    Ok(rows
        .into_iter()
        .filter_map(|row| difference(plan, row, &gaps))
        .collect())
}

/// Reads one row of [`Plan::differences`]: identity, counts, pids, whether another object, then four values a column.
fn difference(plan: &Plan<'_>, row: Vec<Value<'static>>, gaps: &[Gaps; 2]) -> Option<Difference> {
    let mut values = row.into_iter();
    let identity: Vec<_> = plan.identity.iter().copied().zip(values.by_ref()).collect();
    let mut integer = || values.next().and_then(|value| value.integer());
    let counts = [integer()?, integer()?];
    let pids = [integer(), integer()];
    let is_other_object = integer() == Some(1);
    let [before_gaps, after_gaps] = gaps;

    let mut hidden = false;
    let mut changes = Vec::new();
    for column in plan.compared() {
        let before = [values.next()?, values.next()?];
        let after = [values.next()?, values.next()?];
        if before == after || counts.contains(&0) {
            continue;
        }
        let unread =
            |side: &[Value<'_>; 2], gaps: &Gaps, pid| side.contains(&Value::Null) && gaps.hide(pid);
        let [before_pid, after_pid] = pids;
        if unread(&before, before_gaps, before_pid) || unread(&after, after_gaps, after_pid) {
            hidden = true;
            continue;
        }
        changes.push(Change {
            column,
            before,
            after,
        });
    }

    let [before_pid, after_pid] = pids;
    let kind = match counts {
        // Which side could not look is asked with the pid of the side that saw it.
        [0, _] if before_gaps.hide(after_pid) || after_gaps.whole => Kind::Unknown,
        [0, _] => Kind::Added,
        [_, 0] if after_gaps.hide(before_pid) || before_gaps.whole => Kind::Unknown,
        [_, 0] => Kind::Removed,
        [before, after] if before != after => Kind::Changed,
        _ if is_other_object => Kind::Restarted,
        _ if hidden && changes.is_empty() => Kind::Unknown,
        _ => Kind::Changed,
    };
    Some(Difference {
        kind,
        identity,
        counts,
        changes,
    })
}
