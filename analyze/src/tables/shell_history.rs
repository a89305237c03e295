//! Table `shell_history`.

use schema::tables::ShellHistory;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink, UserFact};
use crate::parse::{bash_history, bytes};

/// Fills `shell_history`.
#[derive(Default)]
pub(super) struct Histories;

impl Extract for Histories {
    const TABLE: TableDef = ShellHistory::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let owner = facts.files.get(file.path).and_then(|fact| fact.uid);
        let user = user_of(file.path, owner, &facts.users);
        let uid = user.map(|user| user.uid).or(owner);
        // The limit of a history is that of a member, so there are no further parts to number lines across.
        for command in bash_history::parse(file.content) {
            sink.row(&ShellHistory {
                uid,
                username: user.map(|user| Text::from(&*user.name)),
                shell: Text::from("bash"),
                history_file: Text::from(file.path),
                line_no: command.line,
                time: command.time,
                command: Text::from(command.text),
            });
        }
    }
}

/// The user whose home holds the file: the longest one, of those that share it the file's owner, else the first in
/// passwd. A file in nobody's home belongs to its owner.
fn user_of<'a>(path: &[u8], owner: Option<u32>, users: &'a [UserFact]) -> Option<&'a UserFact> {
    let directory = bytes::cut_last(path, b'/').map_or(path, |(directory, _)| directory);
    let holds = |home: &[u8]| {
        let home = home.strip_suffix(b"/").unwrap_or(home);
        match directory.strip_prefix(home) {
            // `/` is the home of many system users, and holds only what lies directly in it.
            Some(below) => below.is_empty() || (!home.is_empty() && below.starts_with(b"/")),
            None => false,
        }
    };
    let longest = users
        .iter()
        .filter(|user| !user.home.is_empty() && holds(&user.home))
        .rev()
        .max_by_key(|user| (user.home.len(), Some(user.uid) == owner));
    longest.or_else(|| users.iter().find(|user| Some(user.uid) == owner))
}
