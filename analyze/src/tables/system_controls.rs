//! Table `system_controls`.

use schema::tables::SystemControl;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_sys;

/// Fills `system_controls`.
#[derive(Default)]
pub(super) struct Settings;

impl Extract for Settings {
    const TABLE: TableDef = SystemControl::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let Some(name) = proc_sys::name(file.path) else {
            return;
        };
        let subsystem = name.split(|byte| *byte == b'.').next().unwrap_or_default();
        sink.row(&SystemControl {
            subsystem: Text::from(subsystem),
            name: Text::from(name.as_slice()),
            current_value: Text::from(proc_sys::value(file.content)),
        });
    }
}
