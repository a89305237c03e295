//! Table `process_limits`.

use schema::tables::ProcessLimit;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_pid_limits;

/// Fills `process_limits`.
#[derive(Default)]
pub(super) struct Limits;

impl Extract for Limits {
    const TABLE: TableDef = ProcessLimit::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let Some(pid) = file.pid else { return };
        for limit in proc_pid_limits::parse(file.content).reported(file.member, sink) {
            sink.row(&ProcessLimit {
                pid,
                r#type: Text::from(limit.name),
                soft_limit: limit.soft,
                hard_limit: limit.hard,
                soft_unlimited: limit.soft.is_none(),
                hard_unlimited: limit.hard.is_none(),
                units: limit.units.map(Text::from),
            });
        }
    }
}
