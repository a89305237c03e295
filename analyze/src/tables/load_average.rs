//! Table `load_average`.

use schema::tables::LoadAverage;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_loadavg;

/// Fills `load_average`.
#[derive(Default)]
pub(super) struct LoadAverages;

impl Extract for LoadAverages {
    const TABLE: TableDef = LoadAverage::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let parsed = proc_loadavg::parse(file.content);
        let averages = parsed.reported(file.member, sink);
        for (period, average) in ["1m", "5m", "15m"].into_iter().zip(averages) {
            sink.row(&LoadAverage {
                period: Text::from(period),
                average: Text::from(average),
            });
        }
    }
}
