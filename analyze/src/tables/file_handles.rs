//! Table `file_handles`.

use schema::tables::FileHandles;
use schema::{Row, TableDef};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_sys;

/// Fills `file_handles`.
#[derive(Default)]
pub(super) struct Handles;

impl Extract for Handles {
    const TABLE: TableDef = FileHandles::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let numbers = proc_sys::file_nr(file.content).reported(file.member, sink);
        if let Some([allocated, unused, maximum]) = numbers {
            sink.row(&FileHandles {
                allocated,
                unused,
                maximum,
            });
        }
    }
}
