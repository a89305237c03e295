//! One of the two snapshots: a connection on which every table and view means it alone, and what it could not see.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::hash::RandomState;
use std::path::Path;

use schema::records::RECORDS;
use schema::{Source, TableDef};

use crate::Error;
use crate::db::query::{Collected, Digest, Limits, Restricted, Rows, Snapshot, Unlocked, Value};

/// A snapshot that is compared.
#[derive(Debug)]
pub struct Side {
    /// The snapshot.
    pub snapshot: Snapshot,
    database: Restricted,
    /// The netlink dumps that it holds of any network namespace.
    dumps: HashSet<Vec<u8>>,
    /// Whether pseudonyms are hidden: those of the other snapshot were made under another key.
    hides_pseudonyms: bool,
    hidden: Cell<u64>,
}

/// The earlier and the later one.
#[derive(Debug)]
pub struct Sides(pub [Side; 2]);

/// What could not be read, of the sources of one table.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// Of the host, or in a table whose rows name no process.
    pub(super) whole: bool,
    /// Of processes.
    pub(super) pids: HashSet<i64>,
}

impl Gaps {
    /// Whether the rows of a process, or those of no process, may be missing.
    pub(super) fn hide(&self, pid: Option<i64>) -> bool {
        self.whole || pid.is_some_and(|pid| self.pids.contains(&pid))
    }
}

impl Side {
    /// Opens the snapshot of that number or label, or the newest of a database.
    pub fn open(database: &Path, wanted: Option<&str>, limits: Limits) -> Result<Self, Error> {
        let database = Unlocked::open(database, limits)?;
        let snapshot = database.snapshot("main", wanted)?;
        database.narrow(snapshot.id)?;
        let database = database.lock()?;
        let taken = "SELECT DISTINCT path FROM collection_log WHERE path GLOB 'netlink/*/*.bin' AND outcome = 'collected'";
        let dumps = database.collect(taken, &[])?.rows;
        let dumps = dumps.iter().filter_map(|row| {
            let name = row.first()?.bytes()?.rsplit(|byte| *byte == b'/').next()?;
            name.strip_suffix(b".bin").map(<[u8]>::to_vec)
        });
        Ok(Side {
            snapshot,
            dumps: dumps.collect(),
            hides_pseudonyms: false,
            hidden: Cell::new(0),
            database,
        })
    }

    /// From here on all pseudonyms of secrets are the same one.
    pub(super) fn hide_pseudonyms(&mut self) {
        self.hides_pseudonyms = true;
    }

    /// How many pseudonyms were hidden in what was asked for.
    pub(super) fn hidden(&self) -> u64 {
        self.hidden.get()
    }

    /// The answer to a query.
    pub(super) fn ask(&self, sql: &str) -> Result<Collected, Error> {
        let (answer, hidden) = self.answer(sql)?;
        self.count(hidden);
        Ok(answer)
    }

    /// The same, of what is not compared, or was counted before: no pseudonym in it is one more.
    pub(super) fn ask_aside(&self, sql: &str) -> Result<Collected, Error> {
        self.answer(sql).map(|(answer, _)| answer)
    }

    fn answer(&self, sql: &str) -> Result<(Collected, u64), Error> {
        let mut answer = self.database.collect(sql, &[])?;
        let mut hidden = 0_u64;
        if self.hides_pseudonyms {
            for value in answer.rows.iter_mut().flatten() {
                let hide = match value {
                    Value::Text(text) | Value::Blob(text) => without_pseudonyms(text),
                    _ => None,
                };
                if let Some((text, count)) = hide {
                    hidden = hidden.saturating_add(count);
                    *value = super::values::text(text);
                }
            }
        }
        Ok((answer, hidden))
    }

    fn count(&self, hidden: u64) {
        self.hidden.set(self.hidden.get().saturating_add(hidden));
    }

    /// Hands over the rows of a query as they come.
    pub(super) fn each(&self, sql: &str, take: &mut dyn FnMut(&[Value<'_>])) -> Result<(), Error> {
        self.database.run(sql, &[], &mut Each(take))
    }

    /// Rows as hashes, see [`Restricted::digests`].
    pub(super) fn digests(
        &self,
        columns: &[String],
        from: &str,
        identity: usize,
        key: &RandomState,
    ) -> Result<Vec<Digest>, Error> {
        fn hidden(text: &[u8]) -> (Cow<'_, [u8]>, u64) {
            match without_pseudonyms(text) {
                Some((text, count)) => (Cow::Owned(text), count),
                None => plain(text),
            }
        }
        fn plain(text: &[u8]) -> (Cow<'_, [u8]>, u64) {
            (Cow::Borrowed(text), 0)
        }
        let seen = if self.hides_pseudonyms { hidden } else { plain };
        let (digests, hidden) = self.database.digests(columns, from, identity, key, seen)?;
        self.count(hidden);
        Ok(digests)
    }

    /// The one value of a query, where it is a text.
    pub(super) fn text(&self, sql: &str) -> Result<Option<String>, Error> {
        let rows = self.ask(sql)?.rows;
        let value = rows.first().and_then(|row| row.first());
        let text = value.and_then(Value::bytes);
        Ok(text.map(|text| schema::text::escaped(text).to_string()))
    }

    /// The one value of a query, where it is a number.
    pub(super) fn number(&self, sql: &str) -> Result<Option<i64>, Error> {
        let rows = self.ask(sql)?.rows;
        let value = rows.first().and_then(|row| row.first());
        Ok(value.and_then(Value::integer))
    }
}

/// Takes rows one by one.
struct Each<'f>(&'f mut dyn FnMut(&[Value<'_>]));

impl Rows for Each<'_> {
    fn columns(&mut self, _: &[String]) -> Result<(), Error> {
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        (self.0)(values);
        Ok(())
    }
}

impl Sides {
    /// Asks both snapshots, 0 and 1, at the same time.
    pub(super) fn both<T: Send>(
        &mut self,
        ask: impl Fn(usize, &Side) -> Result<T, Error> + Sync,
    ) -> Result<[T; 2], Error> {
        let Sides([before, after]) = self;
        // A connection can go to another thread, but not be in two.
        let (one, other) = std::thread::scope(|scope| {
            let ask = &ask;
            let other = scope.spawn(move || ask(1, &*after));
            let one = ask(0, &*before);
            let other = other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (one, other)
        });
        Ok([one?, other?])
    }

    /// What each could not see of a table.
    pub(super) fn gaps(&mut self, table: &TableDef) -> Result<[Gaps; 2], Error> {
        let others = self.0.each_ref().map(|side| side.dumps.clone());
        let [before, after] = others;
        let found = self
            .both(|number, side| gaps(side, if number == 0 { &after } else { &before }, table))?;
        let [(mut one, planned), (mut other, also_planned)] = found;
        // What another version collects, this one may not even have planned.
        one.whole |= also_planned.iter().any(|path| !planned.contains(path));
        other.whole |= planned.iter().any(|path| !also_planned.contains(path));
        Ok([one, other])
    }
}

/// What a snapshot could not see of a table, and the files that it planned to read.
fn gaps(
    side: &Side,
    other_dumps: &HashSet<Vec<u8>>,
    table: &TableDef,
) -> Result<(Gaps, Vec<&'static str>), Error> {
    let has_pid = table.columns.iter().any(|column| column.name == "pid");
    let mut reads = Reads::default();
    for source in table.sources {
        reads.add(*source, other_dumps);
    }
    if has_pid {
        // The list of the processes itself.
        reads
            .conditions
            .push("path IN ('/proc', '/proc/')".to_owned());
    }
    let mut gaps = Gaps {
        whole: !side.snapshot.intact,
        pids: HashSet::new(),
    };
    let mut planned = Vec::new();
    for path in reads.files {
        let sql = format!("SELECT 1 FROM collection_log WHERE path = '{path}' LIMIT 1");
        if side.number(&sql)?.is_some() {
            planned.push(path);
        }
    }
    if reads.conditions.is_empty() {
        return Ok((gaps, planned));
    }
    let pid = if has_pid { "pid" } else { "NULL" };
    // What was read by another path is there.
    let missed = format!(
        "SELECT DISTINCT {pid} FROM collection_log
         WHERE outcome IN ('denied', 'timed out', 'failed', 'skipped', 'truncated')
           AND coalesce(reason, '') NOT GLOB 'the same file as *' AND ({})",
        reads.conditions.join(" OR ")
    );
    for row in side.ask(&missed)?.rows {
        match row.first().and_then(Value::integer) {
            Some(pid) => {
                gaps.pids.insert(pid);
            }
            None => gaps.whole = true,
        }
    }
    Ok((gaps, planned))
}

/// How the reads of sources are called in `collection_log`.
#[derive(Debug, Default)]
struct Reads {
    conditions: Vec<String>,
    /// Files that every capture plans to read.
    files: Vec<&'static str>,
}

impl Reads {
    fn add(&mut self, source: Source, other_dumps: &HashSet<Vec<u8>>) {
        let below = |name: &str| format!("'/proc/' || pid || '/{name}'");
        match source {
            // A history or a log that no process names any more is not read at all: what it held is not gone.
            Source::Record
            | Source::NamedHistory
            | Source::FoundLog
            | Source::FoundConfig
            | Source::Journal => {}
            Source::Evidence(record) => {
                let known = RECORDS.iter().find(|known| known.name == record);
                for source in known.map(|known| known.sources).unwrap_or_default() {
                    self.add(*source, other_dumps);
                }
            }
            Source::Process(name) | Source::MountNamespace(name) => {
                self.conditions.push(format!("path = {}", below(name)));
            }
            Source::ProcessLink(name) => {
                let path = below(name);
                // Of a log that has no name any more, read through the link, the end is what is wanted.
                self.conditions.push(format!(
                    "path = {path} OR path GLOB {path} || '/*' AND outcome <> 'truncated'"
                ));
            }
            Source::NetNamespace(name) => {
                let path = below(&format!("net/{name}"));
                self.conditions.push(format!(
                    "path = {path} AND coalesce(reason, '') NOT GLOB 'told by the netlink dump *'"
                ));
            }
            // Where neither snapshot has the dump, both have the file.
            Source::NetDump(name) => {
                if other_dumps.contains(name.as_bytes()) {
                    self.conditions
                        .push(format!("path GLOB 'netlink/*/{name}.bin'"));
                }
            }
            Source::Host(path) => {
                self.files.push(path);
                self.conditions.push(format!("path = '{path}'"));
            }
            // Of a log the end is what is wanted.
            Source::Log(path) | Source::Tail(path) => {
                self.conditions
                    .push(format!("path = '{path}' AND outcome <> 'truncated'"));
            }
            Source::Device(path) => self.conditions.push(format!("path = '{path}'")),
            // Only the limits are a difference, and they are told with the rest.
            Source::Cgroup(name) => {
                self.conditions
                    .push(format!("path GLOB '/sys/fs/cgroup/*/{name}'"));
            }
            Source::Home(name) | Source::ContainerState(name) => {
                self.conditions.push(format!("path GLOB '*/{name}'"));
            }
        }
    }
}

/// A text with one and the same pseudonym for all secrets, and how many there are; `None` where there is none.
fn without_pseudonyms(text: &[u8]) -> Option<(Vec<u8>, u64)> {
    let (mut seen, mut done, mut count) = (Vec::new(), 0, 0_u64);
    for pseudonym in schema::redact::pseudonyms(text) {
        seen.extend_from_slice(text.get(done..pseudonym.start).unwrap_or_default());
        seen.extend_from_slice(b"secret:*");
        done = pseudonym.end;
        count = count.saturating_add(1);
    }
    seen.extend_from_slice(text.get(done..).unwrap_or_default());
    (count > 0).then_some((seen, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_are_all_the_same() {
        let hide = |text: &str| {
            let hidden = without_pseudonyms(text.as_bytes());
            hidden.map(|(text, count)| (String::from_utf8(text).unwrap(), count))
        };
        assert_eq!(
            hide("a secret:0123456789abcdef b=secret:ffffffffffffffff"),
            Some(("a secret:* b=secret:*".to_owned(), 2))
        );
        for plain in [
            "",
            "secret:",
            "secret:0123456789abcde",
            "secret:0123456789abcdeg",
        ] {
            assert_eq!(hide(plain), None, "{plain}");
        }
    }
}
