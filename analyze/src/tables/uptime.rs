//! Table `uptime`.

use schema::tables::Uptime;
use schema::{Row, TableDef};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_uptime;

/// Fills `uptime`.
#[derive(Default)]
pub(super) struct Uptimes;

impl Extract for Uptimes {
    const TABLE: TableDef = Uptime::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        if let Some((total_seconds, idle_seconds)) =
            proc_uptime::parse(file.content).reported(file.member, sink)
        {
            sink.row(&Uptime {
                total_seconds,
                idle_seconds,
            });
        }
    }
}
