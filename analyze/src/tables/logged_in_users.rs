//! Table `logged_in_users`.

use std::collections::BTreeMap;

use schema::tables::LoggedInUser;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::utmp;

/// Fills `logged_in_users`.
#[derive(Default)]
pub(super) struct LoggedIn {
    files: Whole,
}

/// Files that are no text, whose parts are cut anywhere: each is parsed when all of it is there.
#[derive(Default)]
pub(super) struct Whole(BTreeMap<Vec<u8>, (String, Vec<u8>)>);

impl Whole {
    /// Takes a file, or a part of one.
    pub(super) fn add(&mut self, file: &File<'_>) {
        let whole = self.0.entry(file.path.to_vec());
        let (_, content) = whole.or_insert_with(|| (file.member.to_owned(), Vec::new()));
        content.extend_from_slice(file.content);
    }

    /// Path, first member and content of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &str, &[u8])> {
        let files = self.0.iter();
        files
            .map(|(path, (member, content))| (path.as_slice(), member.as_str(), content.as_slice()))
    }
}

/// The name of a kind of record, or its number.
pub(super) fn kind(number: i16) -> Text<'static> {
    match utmp::kind_name(number) {
        Some(name) => Text::from(name),
        None => Text::from(number.to_string()),
    }
}

impl Extract for LoggedIn {
    const TABLE: TableDef = LoggedInUser::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, _sink: &mut S) {
        self.files.add(file);
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        for (path, member, content) in self.files.iter() {
            let offset = facts.files.get(path).map_or(0, |fact| fact.offset);
            for record in utmp::parse(content, offset, facts.byte_order()).reported(member, sink) {
                sink.row(&LoggedInUser {
                    r#type: kind(record.kind),
                    user: Text::from(record.user),
                    tty: Text::from(record.line),
                    host: Text::from(record.host),
                    address: record
                        .address
                        .map(|address| Text::from(address.to_string())),
                    time: record.time_us.div_euclid(1_000_000),
                    time_us: record.time_us,
                    pid: record.pid,
                    session: record.session,
                    record_no: record.number,
                });
            }
        }
    }
}
