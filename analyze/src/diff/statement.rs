//! The one statement that compares two snapshots in any table, made from its declaration.

use std::fmt::Write as _;

use schema::records::RECORDS;
use schema::{Source, TableDef};

use super::unchanged::Rows;

use crate::db::ddl::quoted;

/// Name of the earlier database.
pub(super) const BEFORE: &str = "main";
/// Name of the later database.
pub(super) const AFTER: &str = "later";

/// What is compared in one table.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    table: &'a TableDef,
    snapshots: [i64; 2],
    /// Columns that say which group a row is in.
    pub(super) identity: Vec<&'static str>,
    /// Columns that tell another object in the same role.
    object: Vec<&'static str>,
    /// Columns whose change is reported.
    state: Vec<&'static str>,
}

/// Whether the rows of a table are parts of a process, which only within a boot is the same one.
pub(super) fn belongs_to_process(table: &TableDef) -> bool {
    table.key.contains(&"pid") && table.logical_key.is_empty()
}

impl<'a> Plan<'a> {
    pub(super) fn new(table: &'a TableDef, snapshots: [i64; 2], same_boot: bool) -> Self {
        let identity = if table.logical_key.is_empty() {
            table.key
        } else {
            table.logical_key
        };
        let is_silent = |name: &str| {
            identity.contains(&name)
                || table.volatile.contains(&name)
                || table.counters.contains(&name)
        };
        let object = table.key.iter().copied().filter(|name| !is_silent(name));
        let names = table.columns.iter().map(|column| column.name);
        let state = names.filter(|name| !is_silent(name) && !table.key.contains(name));
        Plan {
            table,
            snapshots,
            identity: identity.to_vec(),
            // After a boot every object is another one.
            object: object.filter(|_| same_boot).collect(),
            state: state.collect(),
        }
    }

    /// The columns that [`Plan::differences`] tells values of, in its order.
    pub(super) fn compared(&self) -> impl Iterator<Item = &'static str> {
        self.object.iter().chain(&self.state).copied()
    }

    /// A row for each group that is not the same in both snapshots: its identity, the number of rows before and after,
    /// a pid before and after, whether it is another object, and for each compared column the lowest and highest
    /// value before and after.
    ///
    /// One pass over both with GROUP BY, and no join: NULLs are equal to each other, and two million rows are sorted
    /// instead of compared with each other.
    pub(super) fn differences(&self, rows: &Rows) -> String {
        let identity: Vec<String> = self.identity.iter().map(|name| quoted(name)).collect();
        let identity = identity.join(", ");
        let pid = if self.has("pid") { "pid" } else { "NULL" };
        let values: String = self
            .compared()
            .map(|name| {
                let name = quoted(name);
                [0, 1].map(|side| {
                    format!(
                        ", min({name}) FILTER (WHERE side = {side}), max({name}) FILTER (WHERE side = {side})"
                    )
                })
            })
            .flat_map(<[String; 2]>::into_iter)
            .collect();
        let other_object = differing(&self.object);
        let other_state = differing(&self.state);
        format!(
            "WITH compared AS ({} UNION ALL {})
            SELECT {identity},
              count(*) FILTER (WHERE side = 0) AS count_before,
              count(*) FILTER (WHERE side = 1) AS count_after,
              min({pid}) FILTER (WHERE side = 0),
              min({pid}) FILTER (WHERE side = 1),
              {other_object} AS is_other_object
              {values}
            FROM compared
            GROUP BY {identity}
            HAVING count_before <> count_after OR is_other_object OR {other_state}
            ORDER BY {identity}",
            self.side(0, rows),
            self.side(1, rows),
        )
    }

    /// The number of each row of one side, its identity, and what is compared.
    pub(super) fn rows(&self, side: usize) -> String {
        let (schema, snapshot) = self.place(side);
        let mut columns = vec!["rowid".to_owned()];
        let compared = self.identity.iter().copied().chain(self.compared());
        columns.extend(compared.map(quoted));
        let columns = columns.join(", ");
        let name = quoted(self.table.name);
        format!("SELECT {columns} FROM {schema}.{name} WHERE snapshot_id = {snapshot}")
    }

    /// Side and pid of each read that should have fed the table and left a gap; the pid is NULL where rows of the
    /// table name no process.
    pub(super) fn gaps(&self) -> String {
        let mut sources: Vec<String> = Vec::new();
        for source in self.table.sources {
            read_as(*source, &mut sources);
        }
        if self.has("pid") {
            // The list of the processes itself.
            sources.push("path IN ('/proc', '/proc/')".to_owned());
        }
        let condition = if sources.is_empty() {
            "0".to_owned()
        } else {
            sources.join(" OR ")
        };
        let pid = if self.has("pid") { "pid" } else { "NULL" };
        let side = |side: usize| {
            let (schema, snapshot) = self.place(side);
            let (other, other_snapshot) = self.place(1_usize.saturating_sub(side));
            let condition = condition.replace(
                OTHER,
                &format!("{other}.collection_log WHERE snapshot_id = {other_snapshot}"),
            );
            format!(
                "SELECT DISTINCT {side}, {pid} FROM {schema}.collection_log WHERE snapshot_id = {snapshot}
                AND outcome IN ('denied', 'timed out', 'failed', 'skipped', 'truncated') AND ({condition})"
            )
        };
        format!("{} UNION ALL {}", side(0), side(1))
    }

    fn has(&self, column: &str) -> bool {
        self.table.columns.iter().any(|known| known.name == column)
    }

    fn place(&self, side: usize) -> (&'static str, i64) {
        let [before, after] = self.snapshots;
        if side == 0 {
            (BEFORE, before)
        } else {
            (AFTER, after)
        }
    }

    fn side(&self, side: usize, rows: &Rows) -> String {
        let (schema, snapshot) = self.place(side);
        let mut conditions = format!("snapshot_id = {snapshot}");
        if let Rows::Only(rows) = rows {
            let rows = rows.get(side).map(Vec::as_slice).unwrap_or_default();
            let numbers: Vec<String> = rows.iter().map(i64::to_string).collect();
            let _ = write!(conditions, " AND rowid IN ({})", numbers.join(", "));
        }
        if self.has("is_collector") {
            conditions.push_str(" AND NOT is_collector");
        }
        if self.has("is_kernel_thread") {
            conditions.push_str(" AND NOT is_kernel_thread");
        }
        if belongs_to_process(self.table) {
            let [before, after] = self.snapshots;
            let _ = write!(
conditions,
                " AND pid IN (
                    SELECT earlier.pid
                    FROM {BEFORE}.processes AS earlier
                    JOIN {AFTER}.processes AS later ON later.pid = earlier.pid AND later.start_ticks = earlier.start_ticks
                    WHERE earlier.snapshot_id = {before} AND later.snapshot_id = {after}
                      AND NOT earlier.is_collector AND NOT later.is_collector
                )"
            );
        }
        // Sockets of the capture are its own, though they do not name it. Those of netlink come and go with whatever asks
        // the kernel something.
        if self.table.name == "sockets" {
            conditions.push_str(" AND family <> 'netlink'");
            let _ = write!(
conditions,
                " AND inode NOT IN (
                    SELECT fds.inode
                    FROM {schema}.process_fds AS fds
                    JOIN {schema}.processes AS owner ON owner.snapshot_id = fds.snapshot_id AND owner.pid = fds.pid
                    WHERE fds.snapshot_id = {snapshot} AND fds.type = 'socket' AND fds.inode IS NOT NULL
                      AND owner.is_collector
                )"
            );
        }
        let name = quoted(self.table.name);
        format!("SELECT {side} AS side, * FROM {schema}.{name} WHERE {conditions}")
    }
}

/// Whether the set of what the rows of a group hold in some columns is another one before and after.
fn differing(columns: &[&'static str]) -> String {
    if columns.is_empty() {
        return "0".to_owned();
    }
    // A value that holds the separator is quoted, and its quote ends after it.
    let values: Vec<String> = columns
        .iter()
        .map(|name| format!("quote({})", quoted(name)))
        .collect();
    let values = values.join(" || ',' || ");
    let set = |side: u8| {
        format!("group_concat(DISTINCT {values} ORDER BY {values}) FILTER (WHERE side = {side})")
    };
    format!("({} IS NOT {})", set(0), set(1))
}

/// Stands for the reads of the other snapshot.
const OTHER: &str = "{other}";

/// How the reads of a source are called in `collection_log`.
fn read_as(source: Source, conditions: &mut Vec<String>) {
    let below = |name: &str| format!("'/proc/' || pid || '/{name}'");
    match source {
        // A history or a log that no process names any more is not read at all: what it held is not gone.
        Source::Record | Source::NamedHistory | Source::FoundLog | Source::Journal => {}
        Source::Evidence(record) => {
            let known = RECORDS.iter().find(|known| known.name == record);
            for source in known.map(|known| known.sources).unwrap_or_default() {
                read_as(*source, conditions);
            }
        }
        Source::Process(name) | Source::MountNamespace(name) => {
            conditions.push(format!("path = {}", below(name)));
        }
        Source::ProcessLink(name) => {
            let path = below(name);
            conditions.push(format!("path = {path} OR path GLOB {path} || '/*'"));
        }
        Source::NetNamespace(name) => {
            let path = below(&format!("net/{name}"));
            conditions.push(format!(
                "path = {path} AND coalesce(reason, '') NOT GLOB 'told by the netlink dump *'"
            ));
        }
        // Where neither snapshot has the dump, both have the file.
        Source::NetDump(name) => conditions.push(format!(
            "path GLOB 'netlink/*/{name}.bin' AND EXISTS (
                SELECT 1 FROM {OTHER} AND path GLOB 'netlink/*/{name}.bin' AND outcome = 'collected'
            )"
        )),
        Source::Host(path) | Source::Log(path) | Source::Tail(path) | Source::Device(path) => {
            conditions.push(format!("path = '{path}'"));
        }
        // Only the limits are a difference, and they are told with the rest.
        Source::Cgroup(name) => conditions.push(format!("path GLOB '/sys/fs/cgroup/*/{name}'")),
        Source::Home(name) | Source::ContainerState(name) => {
            conditions.push(format!("path GLOB '*/{name}'"));
        }
    }
}
