//! Table `process_arguments`.

use schema::tables::ProcessArgument;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_pid_cmdline;

/// Fills `process_arguments`.
#[derive(Default)]
pub(super) struct Arguments;

impl Extract for Arguments {
    const TABLE: TableDef = ProcessArgument::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let Some(pid) = file.pid else { return };
        for (position, value) in (0..).zip(proc_pid_cmdline::arguments(file.content)) {
            sink.row(&ProcessArgument {
                pid,
                position,
                value: Text::from(value),
            });
        }
    }
}
