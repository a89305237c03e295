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
        for (period, average) in ["1m", "5m", "15m"].into_iter().zip(parsed.value) {
            sink.row(&LoadAverage {
                period: Text::from(period),
                average: Text::from(average),
            });
        }
        for issue in parsed.issues {
            sink.issue(file.member, issue);
        }
    }
}
