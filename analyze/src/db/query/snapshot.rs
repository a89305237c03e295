//! Which snapshot is meant, and what the first line of every answer says about it.

use rusqlite::Row;

use super::{Unlocked, refused};
use crate::Error;
use crate::db::ddl::quoted;

/// What an answer must say about the snapshot it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Snapshot {
    /// Its number in the database.
    pub id: i64,
    /// Host name, shown.
    pub host: Option<String>,
    /// The label given to capture, shown.
    pub label: Option<String>,
    /// How many snapshots the database holds.
    pub of: i64,
    /// Whether it is of a running host; else of a tree that was archived at some later time.
    pub live: bool,
    /// When it was captured, epoch seconds.
    pub time: i64,
    /// Whether nothing is missing.
    pub complete: bool,
    /// Whether the bundle was whole.
    pub intact: bool,
    /// Why it is not complete, shown.
    pub reason: Option<String>,
    /// Reads that left a gap, by outcome word.
    pub gaps: Vec<(String, i64)>,
    /// Identity of the boot.
    pub boot_id: Option<String>,
    /// The redaction key's identity where redaction was on.
    pub redaction_key: Option<String>,
}

const COLUMNS: &str =
    "snapshot_id, hostname, label, time, complete, intact, incomplete_reason, boot_id,
    CASE WHEN redaction = 'on' THEN redaction_key_id END, mode = 'live', count(*) OVER ()";

impl Unlocked {
    /// The snapshot of that number or label in the database called `schema`; the newest one where none is named.
    pub fn snapshot(&self, schema: &str, wanted: Option<&str>) -> Result<Snapshot, Error> {
        let id = match wanted {
            Some(name) => self.named(schema, name)?,
            None => self
                .ids(schema, "1 ORDER BY time_us DESC, snapshot_id DESC", "")?
                .first()
                .copied()
                .ok_or_else(|| Error::Argument("the database holds no snapshot".to_owned()))?,
        };
        self.describe(schema, id)
            .map_err(|source| refused("read the snapshot's row", &source))
    }

    /// All snapshots of the database, the earliest first.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, Error> {
        let ids = self.ids("main", "1 ORDER BY time_us, snapshot_id", "")?;
        let described = ids.into_iter().map(|id| self.describe("main", id));
        described
            .collect::<rusqlite::Result<_>>()
            .map_err(|source| refused("read the snapshots' rows", &source))
    }

    fn named(&self, schema: &str, name: &str) -> Result<i64, Error> {
        let by_number = self.ids(schema, "CAST(snapshot_id AS TEXT) = ?1", name)?;
        if let [id] = by_number.as_slice() {
            return Ok(*id);
        }
        let by_label = self.ids(schema, "label = ?1 ORDER BY snapshot_id", name)?;
        let list = |ids: &[i64]| {
            let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
            ids.join(", ")
        };
        let shown = schema::text::escaped(name.as_bytes());
        match by_label.as_slice() {
            [id] => Ok(*id),
            [] => {
                let all = self.ids(schema, "1 ORDER BY snapshot_id", "")?;
                Err(Error::Argument(format!(
                    "no snapshot has the number or label {shown}; there are {}",
                    list(&all)
                )))
            }
            several => Err(Error::Argument(format!(
                "several snapshots have the label {shown}: {}; name one by its number",
                list(several)
            ))),
        }
    }

    fn ids(&self, schema: &str, condition: &str, name: &str) -> Result<Vec<i64>, Error> {
        // The parameter is always there, so that one function serves conditions with and without it.
        let sql = format!(
            "SELECT snapshot_id FROM {}.snapshots WHERE ?1 IS NOT NULL AND {condition}",
            quoted(schema)
        );
        let read = || -> rusqlite::Result<Vec<i64>> {
            let mut statement = self.connection.prepare(&sql)?;
            statement.query_map([name], |row| row.get(0))?.collect()
        };
        read().map_err(|source| refused("list the snapshots", &source))
    }

    fn describe(&self, schema: &str, id: i64) -> rusqlite::Result<Snapshot> {
        let schema = quoted(schema);
        let mut snapshot = self.connection.query_row(
            &format!(
                "SELECT * FROM (SELECT {COLUMNS} FROM {schema}.snapshots) WHERE snapshot_id = ?1"
            ),
            [id],
            |row| {
                Ok(Snapshot {
                    id: row.get(0)?,
                    host: shown(row, 1)?,
                    label: shown(row, 2)?,
                    time: row.get(3)?,
                    complete: row.get(4)?,
                    intact: row.get(5)?,
                    reason: shown(row, 6)?,
                    gaps: Vec::new(),
                    boot_id: shown(row, 7)?,
                    redaction_key: shown(row, 8)?,
                    live: row.get(9)?,
                    of: row.get(10)?,
                })
            },
        )?;
        // Most reads are none, and there are hundreds of thousands.
        let gaps = schema::Outcome::ALL
            .into_iter()
            .filter(|outcome| outcome.is_gap());
        let words: Vec<&str> = gaps.map(schema::Outcome::as_str).collect();
        let mut counted = self.connection.prepare(&format!(
            "SELECT outcome, count(*) FROM {schema}.collection_log
             WHERE snapshot_id = ?1 AND outcome IN ('{}') GROUP BY outcome",
            words.join("', '")
        ))?;
        let counts = counted.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        snapshot.gaps = counts.collect::<rusqlite::Result<_>>()?;
        let place = |word: &str| words.iter().position(|known| *known == word);
        snapshot.gaps.sort_by_key(|(word, _)| place(word));
        Ok(snapshot)
    }
}

fn shown(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    let value = super::Value::from(row.get_ref(index)?);
    Ok(value
        .bytes()
        .map(|bytes| schema::text::escaped(bytes).to_string()))
}

impl Snapshot {
    /// The first line of an answer: whose snapshot, how old, how complete. `now` is the analyst's clock.
    pub fn headline(&self, now: i64) -> String {
        let host = self.host.as_deref().unwrap_or("(no host name)");
        let label = self
            .label
            .as_ref()
            .map(|label| format!(" \"{label}\""))
            .unwrap_or_default();
        // When a dead tree was frozen, it does not tell.
        let did = if self.live {
            "frozen"
        } else {
            "a tree, archived"
        };
        // Which one, where there is a choice.
        let which = if self.of > 1 {
            format!("  snapshot {} of {}", self.id, self.of)
        } else {
            String::new()
        };
        format!(
            "{host}{label}{which}  {did} {} ({})  {}",
            utc(self.time),
            age(now.saturating_sub(self.time)),
            self.completeness()
        )
    }

    /// When it was taken, and which one it is.
    pub fn moment(&self) -> String {
        let label = self.label.as_ref();
        let label = label
            .map(|label| format!(" \"{label}\""))
            .unwrap_or_default();
        format!("{}  snapshot {}{label}", utc(self.time), self.id)
    }

    fn completeness(&self) -> String {
        if self.complete && self.intact {
            return "complete".to_owned();
        }
        let mut reasons: Vec<String> = self
            .gaps
            .iter()
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        if !self.intact {
            reasons.insert(0, "the bundle was cut off or damaged".to_owned());
        }
        if reasons.is_empty() {
            reasons.extend(self.reason.clone());
        }
        if reasons.is_empty() {
            return "incomplete".to_owned();
        }
        format!("incomplete: {}", reasons.join(", "))
    }
}

/// Epoch seconds as people write them.
pub(crate) fn utc(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| format!("at {seconds} seconds after 1970"),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

fn age(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..-60 => return "in the future of this clock".to_owned(),
        -60..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_how_old_and_how_complete() {
        let mut snapshot = Snapshot {
            id: 1,
            host: Some("web-1".to_owned()),
            label: None,
            of: 1,
            live: true,
            time: 1_795_515_072,
            complete: true,
            intact: true,
            reason: None,
            gaps: Vec::new(),
            boot_id: None,
            redaction_key: None,
        };
        let at = |snapshot: &Snapshot, later| snapshot.headline(snapshot.time + later);
        assert_eq!(
            at(&snapshot, 3 * 3600),
            "web-1  frozen 2026-11-24 10:11:12 UTC (3 hours ago)  complete"
        );
        snapshot.live = false;
        assert_eq!(
            at(&snapshot, 0),
            "web-1  a tree, archived 2026-11-24 10:11:12 UTC (just now)  complete"
        );
        snapshot.of = 3;
        assert!(at(&snapshot, 0).starts_with("web-1  snapshot 1 of 3  a tree"));
        snapshot.complete = false;
        snapshot.gaps = vec![("denied".to_owned(), 3), ("timed out".to_owned(), 2)];
        assert!(at(&snapshot, 90).ends_with("(1 minute ago)  incomplete: 3 denied, 2 timed out"));
        snapshot.intact = false;
        assert!(
            at(&snapshot, 0).contains("incomplete: the bundle was cut off or damaged, 3 denied")
        );
        assert!(snapshot.headline(0).contains("in the future of this clock"));
    }
}
