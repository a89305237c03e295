//! Table `groups`.

use schema::tables::Group;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::etc;

/// Fills `groups`.
#[derive(Default)]
pub(super) struct Groups;

impl Extract for Groups {
    const TABLE: TableDef = Group::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        for group in etc::group(file.content).reported(file.member, sink) {
            sink.row(&Group {
                gid: group.gid,
                groupname: Text::from(group.name),
                members: Text::from(group.members),
            });
        }
    }
}
