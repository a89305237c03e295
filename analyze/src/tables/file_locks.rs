//! Table `file_locks`.

use schema::tables::FileLock;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_locks;

/// Fills `file_locks`.
#[derive(Default)]
pub(super) struct Locks;

impl Extract for Locks {
    const TABLE: TableDef = FileLock::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        for lock in proc_locks::parse(file.content).reported(file.member, sink) {
            sink.row(&FileLock {
                id: lock.id,
                blocked: lock.is_blocked,
                r#type: Text::from(lock.kind),
                mode: Text::from(lock.mode),
                access: Text::from(lock.access),
                pid: lock.pid,
                device: lock.file.map(|(device, _)| Text::from(device)),
                inode: lock.file.map(|(_, inode)| inode),
                start: lock.start,
                end: lock.end,
            });
        }
    }
}
