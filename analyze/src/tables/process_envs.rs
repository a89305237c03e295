//! Table `process_envs`.

use schema::tables::ProcessEnv;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_pid_environ;

/// Fills `process_envs`.
#[derive(Default)]
pub(super) struct Environments;

impl Extract for Environments {
    const TABLE: TableDef = ProcessEnv::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let Some(pid) = file.pid else { return };
        for (key, value) in proc_pid_environ::variables(file.content) {
            sink.row(&ProcessEnv {
                pid,
                key: Text::from(key),
                value: value.map(Text::from),
            });
        }
    }
}
