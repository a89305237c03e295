//! The processes of a snapshot, and what each belongs to.

use std::collections::{HashMap, HashSet};

use schema::tables::{Process as ProcessRow, ProcessArgument};
use schema::{Row as _, TableDef};

use super::side::Side;
use super::values;
use crate::Error;
use crate::db::query::{Collected, Value};

/// Columns of `processes` that are told in words of their own, or by the names of groups.
const TOLD: [&str; 5] = ["path", "cmdline", "cgroup_path", "is_kernel_thread", "name"];
/// Columns of the file that is run.
const FILE: [&str; 3] = ["executable_inode", "executable_size", "executable_mtime_us"];

/// A process.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) pid: i64,
    pub(super) parent: Option<i64>,
    /// Start in ticks: with the pid its identity within a boot.
    pub(super) start_ticks: Option<i64>,
    pub(super) start_time: Option<i64>,
    pub(super) name: Vec<u8>,
    pub(super) path: Option<Vec<u8>>,
    /// Its arguments; `None` where they could not be read.
    pub(super) arguments: Option<Vec<Vec<u8>>>,
    pub(super) uid: Option<i64>,
    pub(super) cgroup: Option<Vec<u8>>,
    pub(super) container: Option<Vec<u8>>,
    /// What it belongs to, as `process_units` says.
    pub(super) kind: UnitKind,
    pub(super) unit: Vec<u8>,
    /// Inode, size and modification time of the file that it runs.
    pub(super) file: [Value<'static>; 3],
    /// The columns whose change is reported.
    pub(super) state: Vec<(&'static str, Value<'static>)>,
    /// Open descriptors, resident bytes, threads.
    pub(super) gauges: [Option<i64>; 3],
    /// Kinds of namespaces in which it is not with the host's first process.
    pub(super) own_namespaces: Vec<u8>,
    /// Whether it began while the capture ran: nobody knows that it was to stay.
    pub(super) is_passing: bool,
    /// Whether it is there, as far as is known, only to start the capture: a shell, `sudo`, `ssh`.
    pub(super) starts_capture: bool,
}

/// Kinds of what a process belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum UnitKind {
    Container,
    Service,
    User,
    Tree,
}

impl Process {
    /// The last name of its executable, else its own.
    pub(super) fn program(&self) -> &[u8] {
        let path = self.path.as_deref();
        let name = path.and_then(|path| path.rsplit(|byte| *byte == b'/').next());
        name.filter(|name| !name.is_empty()).unwrap_or(&self.name)
    }

    /// Its arguments, for people.
    pub(super) fn command(&self) -> Value<'static> {
        match &self.arguments {
            Some(arguments) if !arguments.is_empty() => {
                values::text(arguments.join(&b' ').trim_ascii_end())
            }
            _ => values::text(self.name.clone()),
        }
    }

    /// Whether it wrote a title over its arguments, as servers do.
    pub(super) fn has_title(&self) -> bool {
        let Some([title]) = self.arguments.as_deref() else {
            return false;
        };
        title.contains(&b' ')
    }
}

/// What is to be known of processes.
#[derive(Debug, Clone)]
pub(super) enum Extent {
    /// All of all, with how many descriptors each has open: there may be a million.
    Whole,
    /// Which service each is of: of many processes the rest takes most of the time.
    Services,
    /// The same, and only of these, to which all must belong that a name follows from.
    ServicesOf(HashSet<i64>),
}

impl Extent {
    /// What SQL reads the processes from.
    fn with(&self, side: &Side) -> String {
        let Extent::ServicesOf(pids) = self else {
            return String::new();
        };
        let units = crate::queries::views().find(|(name, _)| *name == "process_units");
        let units = units.map(|(_, sql)| sql).unwrap_or_default();
        format!(
            "WITH processes AS (SELECT * FROM main.processes WHERE snapshot_id = {} AND pid IN ({})),
             process_units AS ({units})",
            side.snapshot.id,
            listed(pids)
        )
    }

    /// Where only names are wanted, what stands beside them is not compared.
    fn ask(&self, side: &Side, sql: &str) -> Result<Collected, Error> {
        match self {
            Extent::Whole => side.ask(sql),
            Extent::Services | Extent::ServicesOf(_) => side.ask_aside(sql),
        }
    }
}

/// Pids as a list of SQL.
pub(super) fn listed(pids: &HashSet<i64>) -> String {
    let pids: Vec<String> = pids.iter().map(i64::to_string).collect();
    pids.join(", ")
}

/// What must be known for the names of the services of some processes: their ancestors, of which a tree has its name, and of
/// what runs in containers all that does, as the oldest one is told.
pub(super) fn named_by(side: &Side, pids: &HashSet<i64>) -> Result<HashSet<i64>, Error> {
    let mut parents: HashMap<i64, Option<i64>> = HashMap::new();
    let mut contained = Vec::new();
    side.each(
        "SELECT pid, parent, container_id IS NOT NULL FROM processes",
        &mut |row| {
            if let [pid, parent, is_contained] = row
                && let Some(pid) = pid.integer()
            {
                parents.insert(pid, parent.integer());
                if is_contained.integer() == Some(1) {
                    contained.push(pid);
                }
            }
        },
    )?;
    let mut wanted = HashSet::new();
    let mut left: Vec<i64> = pids.iter().copied().collect();
    if contained.iter().any(|pid| pids.contains(pid)) {
        left.append(&mut contained);
    }
    while let Some(pid) = left.pop() {
        if wanted.insert(pid) {
            left.extend(parents.get(&pid).copied().flatten());
        }
    }
    Ok(wanted)
}

/// The processes of a snapshot, without kernel threads, those that have ended, and the capture.
pub(super) fn load(side: &Side, extent: &Extent) -> Result<HashMap<i64, Process>, Error> {
    let is_whole = matches!(extent, Extent::Whole);
    let state = state_columns(&ProcessRow::TABLE).filter(|_| is_whole);
    let state: Vec<&'static str> = state.collect();
    let columns: Vec<String> = state
        .iter()
        .map(|name| format!(", p.{}", crate::db::ddl::quoted(name)))
        .collect();
    let columns = columns.concat();
    let sql = format!(
        "{}SELECT p.pid, p.parent, p.start_ticks, p.start_time, p.name, p.path, p.uid, p.cgroup_path, p.container_id,
           units.kind, units.unit, p.is_collector, p.resident_size, p.threads,
           {}, p.state IN ('T', 't'){columns}
         FROM processes AS p
         JOIN process_units AS units ON units.pid = p.pid
         WHERE NOT p.is_kernel_thread AND p.state IS NOT 'Z' AND p.state IS NOT 'X'",
        extent.with(side),
        FILE.map(|name| format!("p.{name}")).join(", ")
    );
    let mut arguments = arguments(side, extent)?;
    let (mut own, fds) = if is_whole {
        (own_namespaces(side)?, descriptors(side)?)
    } else {
        Default::default()
    };
    let mut processes = HashMap::new();
    let mut collectors = HashSet::new();
    for row in extent.ask(side, &sql)?.rows {
        let mut values = row.into_iter();
        let mut next = || values.next().unwrap_or(Value::Null);
        let Some(pid) = next().integer() else {
            continue;
        };
        let bytes = |value: Value<'static>| value.bytes().map(<[u8]>::to_vec);
        let parent = next().integer();
        let mut process = Process {
            pid,
            parent,
            start_ticks: next().integer(),
            start_time: next().integer(),
            name: bytes(next()).unwrap_or_default(),
            path: bytes(next()),
            uid: next().integer(),
            cgroup: bytes(next()),
            container: bytes(next()),
            kind: match next().bytes() {
                Some(b"container") => UnitKind::Container,
                Some(b"service") => UnitKind::Service,
                Some(b"user") => UnitKind::User,
                _ => UnitKind::Tree,
            },
            unit: bytes(next()).unwrap_or_default(),
            arguments: arguments.remove(&pid),
            state: Vec::new(),
            gauges: [None; 3],
            is_passing: false,
            starts_capture: false,
            own_namespaces: own.remove(&pid).unwrap_or_default(),
            file: [const { Value::Null }; 3],
        };
        if next().integer() == Some(1) {
            collectors.insert(pid);
        }
        process.gauges = [fds.get(&pid).copied(), next().integer(), next().integer()];
        process.file = [next(), next(), next()];
        // Whether it runs or waits differs from moment to moment, but not whether somebody stopped it.
        let is_stopped = next().integer() == Some(1);
        let stopped = values::text(if is_stopped { "yes" } else { "no" });
        let columns = state.iter().copied().zip(values);
        process.state = columns.chain([("stopped", stopped)]).collect();
        processes.insert(pid, process);
    }
    mark_starters(&mut processes, &collectors);
    let own = collectors.iter().filter_map(|pid| processes.get(pid));
    let begin = own.filter_map(|process| process.start_ticks).min();
    for process in processes.values_mut() {
        process.is_passing = process
            .start_ticks
            .zip(begin)
            .is_some_and(|(own, begin)| own > begin);
    }
    let ended = ended(side)?;
    processes.retain(|pid, _| !collectors.contains(pid) && !ended.contains(pid));
    Ok(processes)
}

/// The processes that ended while they were captured: what comes and goes that fast is no state of a host.
fn ended(side: &Side) -> Result<HashSet<i64>, Error> {
    let sql = "SELECT DISTINCT pid FROM collection_log
         WHERE outcome = 'vanished' AND path IN ('/proc/' || pid || '/cmdline', '/proc/' || pid || '/stat', '/proc/' || pid || '/status')";
    let rows = side.ask(sql)?.rows;
    Ok(rows
        .iter()
        .filter_map(|row| row.first()?.integer())
        .collect())
}

/// The columns of a process whose change is reported.
fn state_columns(table: &TableDef) -> impl Iterator<Item = &'static str> {
    let names = table.columns.iter().map(|column| column.name);
    names.filter(|name| {
        !table.key.contains(name)
            && !table.volatile.contains(name)
            && !table.counters.contains(name)
            && !TOLD.contains(name)
            && !FILE.contains(name)
    })
}

/// Marks what has no other child than the capture.
fn mark_starters(processes: &mut HashMap<i64, Process>, collectors: &HashSet<i64>) {
    let mut children: HashMap<i64, usize> = HashMap::new();
    for process in processes.values() {
        if let Some(parent) = process.parent {
            let count = children.entry(parent).or_default();
            *count = count.saturating_add(1);
        }
    }
    let mut started: Vec<i64> = collectors.iter().copied().collect();
    while let Some(pid) = started.pop() {
        let Some(process) = processes.get_mut(&pid) else {
            continue;
        };
        process.starts_capture = true;
        let Some(parent) = process.parent.filter(|parent| *parent > 1) else {
            continue;
        };
        let count = children.entry(parent).or_default();
        *count = count.saturating_sub(1);
        // In a circle of forged parents each is met once.
        if *count == 0
            && processes
                .get(&parent)
                .is_some_and(|parent| !parent.starts_capture)
        {
            started.push(parent);
        }
    }
}

/// How many descriptors each process has open.
fn descriptors(side: &Side) -> Result<HashMap<i64, i64>, Error> {
    let mut counts: HashMap<i64, i64> = HashMap::new();
    // Those of a process come in turn.
    let mut current = (0, 0);
    let mut add = |(pid, count): (i64, i64)| {
        let known = counts.entry(pid).or_default();
        *known = known.saturating_add(count);
    };
    side.each("SELECT pid FROM process_fds", &mut |row| {
        let Some(pid) = row.first().and_then(Value::integer) else {
            return;
        };
        if pid != current.0 {
            add(current);
            current = (pid, 0);
        }
        current.1 += 1;
    })?;
    add(current);
    Ok(counts)
}

fn own_namespaces(side: &Side) -> Result<HashMap<i64, Vec<u8>>, Error> {
    let sql = "SELECT own.pid, own.type FROM process_namespaces AS own
         JOIN process_namespaces AS host ON host.pid = 1 AND host.type = own.type
         WHERE own.inode <> host.inode AND own.type NOT LIKE '%for_children'
         ORDER BY own.pid, own.type";
    let mut all: HashMap<i64, Vec<u8>> = HashMap::new();
    for row in side.ask(sql)?.rows {
        if let [pid, kind] = row.as_slice()
            && let (Some(pid), Some(kind)) = (pid.integer(), kind.bytes())
        {
            let kinds = all.entry(pid).or_default();
            if !kinds.is_empty() {
                kinds.extend(b" ");
            }
            kinds.extend(kind);
        }
    }
    Ok(all)
}

fn arguments(side: &Side, extent: &Extent) -> Result<HashMap<i64, Vec<Vec<u8>>>, Error> {
    let table = ProcessArgument::TABLE.name;
    let condition = match extent {
        Extent::ServicesOf(pids) => format!("WHERE pid IN ({})", listed(pids)),
        _ => String::new(),
    };
    let sql = format!("SELECT pid, value FROM {table} {condition} ORDER BY pid, position");
    let mut arguments: HashMap<i64, Vec<Vec<u8>>> = HashMap::new();
    for row in extent.ask(side, &sql)?.rows {
        if let [pid, value] = row.as_slice()
            && let Some(pid) = pid.integer()
        {
            let value = value.bytes().unwrap_or_default().to_vec();
            arguments.entry(pid).or_default().push(value);
        }
    }
    Ok(arguments)
}
