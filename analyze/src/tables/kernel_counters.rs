//! Table `kernel_counters`.

use schema::tables::KernelCounter;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_stat::{self, Times};
use crate::parse::proc_sys;

/// Fills `kernel_counters`.
#[derive(Default)]
pub(super) struct KernelCounters;

impl Extract for KernelCounters {
    const TABLE: TableDef = KernelCounter::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let row = |name: &[u8], value| KernelCounter {
            name: Text::from(name.to_vec()),
            value,
        };
        if file.source != Source::Host("/proc/stat") {
            let count = proc_sys::count(file.content).reported(file.member, sink);
            if let (Some(name), Some(value)) = (proc_sys::name(file.path), count) {
                sink.row(&row(&name, value));
            }
            return;
        }
        let stat = proc_stat::parse(file.content).reported(file.member, sink);
        for (name, value) in stat.counts {
            sink.row(&row(name, value));
        }
        for (name, ticks) in stat.total.iter().flat_map(named) {
            sink.row(&row(name.as_bytes(), facts.ticks_to_ms(ticks)));
        }
    }
}

fn named(times: &Times) -> impl Iterator<Item = (&'static str, u64)> {
    let first = [times.user, times.nice, times.system, times.idle].map(Some);
    let names = [
        "cpu_user_ms",
        "cpu_nice_ms",
        "cpu_system_ms",
        "cpu_idle_ms",
        "cpu_iowait_ms",
        "cpu_irq_ms",
        "cpu_softirq_ms",
        "cpu_steal_ms",
        "cpu_guest_ms",
        "cpu_guest_nice_ms",
    ];
    let ticks = first.into_iter().chain(times.later);
    names
        .into_iter()
        .zip(ticks)
        .filter_map(|(name, ticks)| Some((name, ticks?)))
}
