//! Table `swaps`.

use schema::tables::Swap;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_swaps;

/// Fills `swaps`.
#[derive(Default)]
pub(super) struct Swaps;

impl Extract for Swaps {
    const TABLE: TableDef = Swap::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        for swap in proc_swaps::parse(file.content).reported(file.member, sink) {
            sink.row(&Swap {
                path: Text::from(swap.path),
                r#type: Text::from(swap.kind),
                size: swap.size,
                used: swap.used,
                priority: swap.priority,
            });
        }
    }
}
