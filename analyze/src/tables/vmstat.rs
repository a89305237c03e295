//! Table `vmstat`.

use schema::tables::Vmstat;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_vmstat;

/// Fills `vmstat`.
#[derive(Default)]
pub(super) struct Vmstats;

impl Extract for Vmstats {
    const TABLE: TableDef = Vmstat::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        for (name, value) in proc_vmstat::parse(file.content).reported(file.member, sink) {
            sink.row(&Vmstat {
                name: Text::from(name),
                value,
            });
        }
    }
}
