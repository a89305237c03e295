//! For programs; `schema/diff.schema.json` describes it.

use std::io::Write;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::{Change, Diff, Difference, Group, Kind};
use crate::db::query::Value;
use crate::{Error, output};

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Restarted => "restarted",
            Kind::Scaled => "scaled",
            Kind::Moved => "moved",
            Kind::Added => "added",
            Kind::Removed => "removed",
            Kind::Changed => "changed",
            Kind::Unknown => "unknown",
        }
    }
}

impl Diff {
    /// Writes it for programs: `verdict`, `before`, `after`, `notes`, and `groups` with a list of differences each.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), Error> {
        output::object(out, self)?;
        out.write_all(b"\n").map_err(Error::Output)
    }
}

impl Serialize for Diff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("verdict", &self.verdict())?;
        map.serialize_entry("before", &self.before)?;
        map.serialize_entry("after", &self.after)?;
        map.serialize_entry("notes", &self.notes)?;
        map.serialize_entry("groups", &self.groups)?;
        map.end()
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("service", &self.service)?;
        map.serialize_entry("differences", &self.differences)?;
        map.end()
    }
}

impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind.as_str())?;
        map.serialize_entry("what", self.what)?;
        map.serialize_entry("table", self.table)?;
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
        map.serialize_entry("before", &self.before)?;
        map.serialize_entry("after", &self.after)?;
        map.end()
    }
}
