//! Table `users`.

use schema::tables::User;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::etc;

/// Fills `users`.
#[derive(Default)]
pub(super) struct Users;

impl Extract for Users {
    const TABLE: TableDef = User::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        for user in etc::passwd(file.content).reported(file.member, sink) {
            sink.row(&User {
                uid: user.uid,
                gid: user.gid,
                username: Text::from(user.name),
                description: Text::from(user.gecos),
                directory: Text::from(user.home),
                shell: Text::from(user.shell),
            });
        }
    }
}
