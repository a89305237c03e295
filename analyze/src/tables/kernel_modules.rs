//! Table `kernel_modules`.

use schema::tables::KernelModule;
use schema::table::Hex64;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_modules;

/// Fills `kernel_modules`.
#[derive(Default)]
pub(super) struct Modules;

impl Extract for Modules {
    const TABLE: TableDef = KernelModule::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        for module in proc_modules::parse(file.content).reported(file.member, sink) {
            sink.row(&KernelModule {
                name: Text::from(module.name),
                size: module.size,
                references: module.references,
                used_by: Text::from(module.used_by),
                status: Text::from(module.status),
                address: module.address.map(Hex64),
                taint: module.taint.map(Text::from),
            });
        }
    }
}
