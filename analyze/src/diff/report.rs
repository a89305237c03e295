//! Writing what differs: lines for people, an object for programs.

use std::fmt::Write as _;
use std::io::Write;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::{Change, Diff, Difference, Kind};
use crate::Error;
use crate::db::query::Value;
use crate::output;

/// Longest value in a line, characters; the whole one is in the JSON.
const SHOWN: usize = 100;

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Added => "added",
            Kind::Removed => "removed",
            Kind::Changed => "changed",
            Kind::Restarted => "restarted",
            Kind::Unknown => "unknown",
        }
    }

    const ALL: [Kind; 5] = [
        Kind::Added,
        Kind::Removed,
        Kind::Changed,
        Kind::Restarted,
        Kind::Unknown,
    ];
}

impl Diff {
    /// Writes it for people. `now` is the analyst's clock.
    pub fn write_text(&self, now: i64, out: &mut dyn Write) -> Result<(), Error> {
        let heads = [("before", &self.before), ("after", &self.after)];
        for (name, snapshot) in heads {
            write(out, &format!("{name:<6}  {}\n", snapshot.headline(now)))?;
        }
        for note in &self.notes {
            write(out, &format!("note    {note}\n"))?;
        }
        let mut totals = Kind::ALL.map(|kind| (kind, 0_u64));
        for table in &self.tables {
            write(out, &format!("\n{}\n", table.table))?;
            for difference in &table.differences {
                write(out, &line(difference))?;
                for (kind, total) in &mut totals {
                    *total += u64::from(*kind == difference.kind);
                }
            }
        }
        let totals: Vec<String> = totals
            .iter()
            .filter(|(_, total)| *total > 0)
            .map(|(kind, total)| format!("{total} {}", kind.as_str()))
            .collect();
        if totals.is_empty() {
            write(out, "\nno difference\n")
        } else {
            write(out, &format!("\n{}\n", totals.join(", ")))
        }
    }

    /// Writes it for programs: `before`, `after`, `notes`, and `tables` with a list of differences each.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), Error> {
        output::object(out, self)?;
        write(out, "\n")
    }
}

fn write(out: &mut dyn Write, text: &str) -> Result<(), Error> {
    out.write_all(text.as_bytes()).map_err(Error::Output)
}

fn line(difference: &Difference) -> String {
    let sign = match difference.kind {
        Kind::Added => '+',
        Kind::Removed => '-',
        Kind::Changed => '~',
        Kind::Restarted => '*',
        Kind::Unknown => '?',
    };
    let identity: Vec<String> = difference
        .identity
        .iter()
        .filter(|(_, value)| *value != Value::Null)
        .map(|(name, value)| format!("{name}={}", shown(value)))
        .collect();
    let mut line = format!("  {sign} {}", identity.join(" "));
    line.push_str(&number(difference.counts));
    line.push_str(match (difference.kind, difference.counts) {
        (Kind::Restarted, _) => "  restarted",
        (Kind::Unknown, [0, _]) => "  not known: its source was not fully read before",
        (Kind::Unknown, [_, 0]) => "  not known: its source was not fully read after",
        (Kind::Unknown, _) => "  not known: its source was not fully read",
        _ => "",
    });
    line.push('\n');
    for change in &difference.changes {
        let (before, after) = (range(&change.before), range(&change.after));
        // Writing to a String does not fail.
        let _ = writeln!(line, "      {}: {before} -> {after}", change.column);
    }
    line
}

/// How many rows are in the group, where that is not one.
fn number(counts: [i64; 2]) -> String {
    match counts {
        [0, 1] | [1, 0 | 1] => String::new(),
        [0, count] | [count, 0] => format!("  ({count} of them)"),
        [before, after] if before == after => format!("  ({after} of them)"),
        [before, after] => format!("  ({before} -> {after} of them)"),
    }
}

fn range([low, high]: &[Value<'_>; 2]) -> String {
    if low == high {
        shown(low)
    } else {
        format!("{} .. {}", shown(low), shown(high))
    }
}

fn shown(value: &Value<'_>) -> String {
    let text = match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        Value::Text(bytes) | Value::Blob(bytes) => {
            let text = schema::text::escaped(bytes).to_string();
            // Blanks would run into the next column.
            if text.is_empty() || text.contains([' ', '"']) {
                format!("\"{}\"", text.replace('"', "\\\""))
            } else {
                text
            }
        }
    };
    if text.chars().count() > SHOWN {
        let begin: String = text.chars().take(SHOWN).collect();
        format!("{begin}...")
    } else {
        text
    }
}

impl Serialize for Diff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("before", &self.before)?;
        map.serialize_entry("after", &self.after)?;
        map.serialize_entry("notes", &self.notes)?;
        map.serialize_entry("tables", &Tables(self))?;
        map.end()
    }
}

struct Tables<'a>(&'a Diff);

impl Serialize for Tables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tables = self.0.tables.iter();
        serializer.collect_map(tables.map(|table| (table.table, &table.differences)))
    }
}

impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind.as_str())?;
        map.serialize_entry("identity", &Named(&self.identity))?;
        map.serialize_entry("counts", &self.counts)?;
        map.serialize_entry("changes", &self.changes)?;
        map.end()
    }
}

struct Named<'a>(&'a [(&'static str, Value<'static>)]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("column", self.column)?;
        // A group of equal rows has a range, a single row a value.
        for (name, [low, high]) in [("before", &self.before), ("after", &self.after)] {
            if low == high {
                map.serialize_entry(name, low)?;
            } else {
                map.serialize_entry(name, &[low, high])?;
            }
        }
        map.end()
    }
}
