//! Table `process_cgroups`.

use schema::tables::ProcessCgroup;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_pid_cgroup;

/// Fills `process_cgroups`.
#[derive(Default)]
pub(super) struct Cgroups;

impl Extract for Cgroups {
    const TABLE: TableDef = ProcessCgroup::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let Some(pid) = file.pid else { return };
        for membership in proc_pid_cgroup::parse(file.content).reported(file.member, sink) {
            sink.row(&ProcessCgroup {
                pid,
                hierarchy: membership.hierarchy,
                controllers: Text::from(membership.controllers),
                path: Text::from(membership.path),
            });
        }
    }
}
