//! Table `os_version`.

use schema::tables::OsVersion;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::os_release;

/// Fills `os_version`. The administrator's file comes before the distribution's, in whatever order they are read.
#[derive(Default)]
pub(super) struct OsVersions {
    is_told: bool,
    /// Member and content of the distribution's file.
    fallback: Option<(String, Vec<u8>)>,
}

impl Extract for OsVersions {
    const TABLE: TableDef = OsVersion::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        if file.source == Source::Host("/etc/os-release") {
            self.is_told = true;
            row(file.member, file.content, sink);
        } else {
            self.fallback = Some((file.member.to_owned(), file.content.to_vec()));
        }
    }

    fn finish<S: Sink>(&mut self, _facts: &Facts, sink: &mut S) {
        if let Some((member, content)) = self.fallback.take()
            && !self.is_told
        {
            row(&member, &content, sink);
        }
    }
}

fn row<S: Sink>(member: &str, content: &[u8], sink: &mut S) {
    let assignments = os_release::parse(content).reported(member, sink);
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
