//! Table `disk_stats`.

use schema::tables::DiskStat;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_diskstats;

/// Fills `disk_stats`.
#[derive(Default)]
pub(super) struct Disks;

impl Extract for Disks {
    const TABLE: TableDef = DiskStat::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        for disk in proc_diskstats::parse(file.content).reported(file.member, sink) {
            let (reads, writes, discards) = (disk.reads, disk.writes, disk.discards);
            sink.row(&DiskStat {
                name: Text::from(disk.name),
                major: disk.major,
                minor: disk.minor,
                reads: reads.count,
                reads_merged: reads.merged,
                bytes_read: reads.bytes,
                read_time_ms: reads.time,
                writes: writes.count,
                writes_merged: writes.merged,
                bytes_written: writes.bytes,
                write_time_ms: writes.time,
                in_flight: disk.now.map(|[in_flight, _, _]| in_flight),
                io_time_ms: disk.now.map(|[_, time, _]| time),
                weighted_io_time_ms: disk.now.map(|[_, _, time]| time),
                discards: discards.map(|discards| discards.count),
                discards_merged: discards.and_then(|discards| discards.merged),
                bytes_discarded: discards.map(|discards| discards.bytes),
                discard_time_ms: discards.and_then(|discards| discards.time),
                flushes: disk.flushes.map(|[flushes, _]| flushes),
                flush_time_ms: disk.flushes.map(|[_, time]| time),
            });
        }
    }
}
