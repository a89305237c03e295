//! Table `os_version`.

use schema::tables::OsVersion;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::os_release;

/// Fills `os_version`.
#[derive(Default)]
pub(super) struct OsVersions;

impl Extract for OsVersions {
    const TABLE: TableDef = OsVersion::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let assignments = os_release::parse(file.content).reported(file.member, sink);
        // As in a shell, the last assignment of a name counts.
        let value_of = |wanted: &[u8]| {
            assignments
                .iter()
                .rev()
                .find_map(|(name, value)| (*name == wanted).then(|| Text::from(&**value)))
        };
        sink.row(&OsVersion {
            name: value_of(b"NAME"),
            version: value_of(b"VERSION").or_else(|| value_of(b"VERSION_ID")),
            version_id: value_of(b"VERSION_ID"),
            id: value_of(b"ID"),
            id_like: value_of(b"ID_LIKE"),
            codename: value_of(b"VERSION_CODENAME"),
            pretty_name: value_of(b"PRETTY_NAME"),
        });
    }
}
