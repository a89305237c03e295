//! Table `disk_stats`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// What block devices and their partitions did since boot (`/proc/diskstats`). Older kernels write fewer columns: what
    /// they lack is NULL. The kernel's counters are of 32 bits in part, and begin again at 0 after the largest value.
    pub struct DiskStat<'a> in "disk_stats" {
        sources: [Source::Host("/proc/diskstats")],
        key: [name],
        counters: [
            reads, reads_merged, bytes_read, read_time_ms, writes, writes_merged, bytes_written, write_time_ms, io_time_ms,
            weighted_io_time_ms, discards, discards_merged, bytes_discarded, discard_time_ms, flushes, flush_time_ms,
        ],
        volatile: [in_flight],
        /// Name of the device, such as `sda` or `nvme0n1p1`.
        name: Text<'a>,
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
        /// Reads completed.
        reads: u64,
        /// Reads that were joined with a neighbour before they were issued; NULL for a partition of a kernel before 2.6.25,
        /// as all columns that say so.
        reads_merged: Option<u64>,
        /// Bytes read: sectors of 512 bytes, whatever the device's own sectors are.
        bytes_read: u64,
        /// Time that reads took, added up over parallel ones, milliseconds; NULL for an old kernel's partition.
        read_time_ms: Option<u64>,
        /// Writes completed.
        writes: u64,
        /// Writes that were joined with a neighbour before they were issued; NULL for an old kernel's partition.
        writes_merged: Option<u64>,
        /// Bytes written.
        bytes_written: u64,
        /// Time that writes took, added up over parallel ones, milliseconds; NULL for an old kernel's partition.
        write_time_ms: Option<u64>,
        /// Requests that are issued and not completed now; NULL for an old kernel's partition.
        in_flight: Option<u64>,
        /// Time in which at least one request was under way, milliseconds; NULL for an old kernel's partition.
        io_time_ms: Option<u64>,
        /// As `io_time_ms`, each moment counted as often as requests were under way; NULL for an old kernel's partition.
        weighted_io_time_ms: Option<u64>,
        /// Discards completed; NULL before Linux 4.18.
        discards: Option<u64>,
        /// Discards that were joined with a neighbour; NULL before Linux 4.18.
        discards_merged: Option<u64>,
        /// Bytes discarded; NULL before Linux 4.18.
        bytes_discarded: Option<u64>,
        /// Time that discards took, milliseconds; NULL before Linux 4.18.
        discard_time_ms: Option<u64>,
        /// Flushes completed; NULL before Linux 5.5, and always 0 for partitions.
        flushes: Option<u64>,
        /// Time that flushes took, milliseconds; NULL before Linux 5.5.
        flush_time_ms: Option<u64>,
    }
}
