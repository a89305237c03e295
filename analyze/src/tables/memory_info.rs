//! Table `memory_info`.

use schema::tables::MemoryInfo;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_meminfo;

/// Fills `memory_info`.
#[derive(Default)]
pub(super) struct Amounts;

impl Extract for Amounts {
    const TABLE: TableDef = MemoryInfo::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        for amount in proc_meminfo::parse(file.content).reported(file.member, sink) {
            sink.row(&MemoryInfo {
                name: Text::from(amount.name),
                value: amount.value,
                unit: amount.is_bytes.then(|| Text::from("bytes")),
            });
        }
    }
}
