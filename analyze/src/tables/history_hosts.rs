//! Table `history_hosts`.

use schema::tables::HistoryHost;
use schema::{Row, TableDef, Text};

use super::shell_history::Typist;
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{Issue, shell_history, shell_hosts, shell_words};

/// Hosts of one file: a few bytes of a loop can name many, and a file of loops more than anybody went to. Tests
/// have less time.
const HOST_LIMIT: usize = if cfg!(test) { 1000 } else { 100_000 };

/// Lines of a here-document that are looked at for its end. Where it is not found, they are commands.
const HERE_LIMIT: usize = 200;

/// Fills `history_hosts`.
#[derive(Default)]
pub(super) struct Hosts;

impl Extract for Hosts {
    const TABLE: TableDef = HistoryHost::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let typist = Typist::of(file, facts);
        // What was not understood of the file is told by `shell_history`.
        let history = shell_history::parse(file.path, file.content);
        let mut left = HOST_LIMIT;
        let commands = history.commands.value;
        let mut next = 0;
        while let Some(command) = commands.get(next) {
            next = next.saturating_add(1);
            // A shell that writes no times writes the text of a here-document as if each line were a command.
            if command.time.is_none()
                && let Some(end) = shell_words::awaited(&command.text)
            {
                let lines = commands.iter().skip(next).take(HERE_LIMIT);
                let mut lines = lines.take_while(|line| line.time.is_none());
                let end = lines.position(|line| line.text.trim_ascii_start() == end);
                next = end.map_or(next, |end| next.saturating_add(end).saturating_add(1));
            }
            if left == 0 {
                let reason = "commands whose hosts are under the limit of a file";
                let issue = Issue::at(command.line, reason, &command.text);
                return sink.issue(file.member, issue);
            }
            for named in shell_hosts::hosts(&command.text) {
                left = left.saturating_sub(1);
                sink.row(&HistoryHost {
                    uid: typist.uid,
                    username: typist.name.map(Text::from),
                    time: command.time,
                    history_file: Text::from(file.path),
                    line_no: command.line,
                    program: Text::from(&*named.program),
                    host: Text::from(&*named.host),
                    port: named.port,
                    user: named.user.as_deref().map(Text::from),
                    command: Text::from(&*command.text),
                });
            }
        }
    }
}
