//! Table `pressure`.

use schema::tables::Pressure;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_pressure;

/// Fills `pressure`.
#[derive(Default)]
pub(super) struct Pressures;

impl Extract for Pressures {
    const TABLE: TableDef = Pressure::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let resource = file.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        for pressure in proc_pressure::parse(file.content).reported(file.member, sink) {
            let [avg10, avg60, avg300] = pressure.averages.map(Text::from);
            sink.row(&Pressure {
                resource: Text::from(resource),
                kind: Text::from(pressure.kind),
                avg10,
                avg60,
                avg300,
                total_us: pressure.total,
            });
        }
    }
}
