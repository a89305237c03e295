//! Table `cpu_time`.

use schema::tables::CpuTime;
use schema::{Row, TableDef};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_stat;

/// Fills `cpu_time`.
#[derive(Default)]
pub(super) struct CpuTimes;

impl Extract for CpuTimes {
    const TABLE: TableDef = CpuTime::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        // Odd lines are told by `kernel_counters`, which reads the same file.
        for (core, times) in proc_stat::parse(file.content).value.cores {
            let ms = |ticks| facts.ticks_to_ms(ticks);
            let [iowait, irq, softirq, steal, guest, guest_nice] =
                times.later.map(|ticks| ticks.map(ms));
            sink.row(&CpuTime {
                core,
                user: ms(times.user),
                nice: ms(times.nice),
                system: ms(times.system),
                idle: ms(times.idle),
                iowait,
                irq,
                softirq,
                steal,
                guest,
                guest_nice,
            });
        }
    }
}
