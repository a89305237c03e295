//! Table `shell_history`.

use schema::tables::ShellHistory;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink, UserFact};
use crate::parse::{bytes, shell_history};

/// Fills `shell_history`.
#[derive(Default)]
pub(super) struct Histories;

impl Extract for Histories {
    const TABLE: TableDef = ShellHistory::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let typist = Typist::of(file, facts);
        // A file has a further part only where pseudonyms made it longer than a member; its lines are counted anew.
        let history = shell_history::parse(file.path, file.content);
        for command in history.commands.reported(file.member, sink) {
            sink.row(&ShellHistory {
                uid: typist.uid,
                username: typist.name.map(Text::from),
                shell: history.shell.map(Text::from),
                history_file: Text::from(file.path),
                line_no: command.line,
                time: command.time,
                duration_s: command.duration,
                command: Text::from(&*command.text),
            });
        }
    }
}

/// Who typed the commands of a history.
pub(super) struct Typist<'a> {
    pub(super) uid: Option<u32>,
    pub(super) name: Option<&'a [u8]>,
}

impl<'a> Typist<'a> {
    /// The user whose home the file lies in, else the one whose process named it, else its owner.
    pub(super) fn of(file: &File<'_>, facts: &'a Facts) -> Self {
        let owner = facts.files.get(file.path).and_then(|fact| fact.uid);
        let named = facts.named_histories.get(file.path).copied().flatten();
        // Homes and names of another root directory are others.
        if file.path.starts_with(b"/proc/") {
            return Typist {
                uid: named.or(owner),
                name: None,
            };
        }
        let user = user_of(file.path, named.or(owner), &facts.users);
        Typist {
            uid: user.map(|user| user.uid).or(named).or(owner),
            name: user.map(|user| &*user.name),
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
