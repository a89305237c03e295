//! Table `snapshots`.

use crate::text::Text;

crate::table! {
    /// One row per loaded snapshot: who was frozen, when, by what, and how complete it is.
    pub struct SnapshotRow<'a> in "snapshots" {
        sources: [],
        /// Identity of the capture, a UUID version 7 made when it began.
        capture_id: Text<'a>,
        /// SHA-256 that identifies the content: of the member `SHA256SUMS`, or, where the capture was cut off, of
        /// the names and sums of all members that could be read.
        digest: Text<'a>,
        /// The `--label` given to capture.
        label: Option<Text<'a>>,
        /// Host name by `uname` (for a dead tree `/etc/hostname`, else `/proc/sys/kernel/hostname`); NULL where it has none.
        hostname: Option<Text<'a>>,
        /// Identity of the boot, `/proc/sys/kernel/random/boot_id`; NULL for a dead tree that does not hold it.
        boot_id: Option<Text<'a>>,
        /// Kernel release by `uname`; of a dead tree by its `/proc/sys/kernel/osrelease` or `/proc/version`, NULL where it has
        /// neither.
        kernel_release: Option<Text<'a>>,
        /// Machine by `uname`; of a dead tree by its `/proc/sys/kernel/arch` or what its programs were made for, NULL where
        /// it has neither.
        machine: Option<Text<'a>>,
        /// `live`, or `dead` for a tree that is no running system.
        mode: Text<'a>,
        /// Root directory that was captured.
        root: Text<'a>,
        /// When the capture began, epoch seconds.
        time: i64,
        /// When the capture began, epoch microseconds.
        time_us: i64,
        /// How long the capture took, milliseconds; NULL where it did not reach its end.
        duration_ms: Option<i64>,
        /// 1 when nothing was denied, timed out, cut by a budget or failed, and the bundle is whole.
        complete: bool,
        /// Why it is not complete, in words; NULL when it is.
        incomplete_reason: Option<Text<'a>>,
        /// 1 when the bundle itself is whole: its closing sums are there and no frame is damaged.
        intact: bool,
        /// `on` or `off`.
        redaction: Text<'a>,
        /// Identifies the redaction key: pseudonyms of two snapshots compare only under the same key.
        redaction_key_id: Option<Text<'a>>,
        /// Version of the capture that wrote it.
        capture_version: Text<'a>,
        /// Process id of the capture itself on the captured host.
        capture_pid: Option<u32>,
        /// Clock ticks in a second, the unit of CPU times in `/proc/PID/stat`.
        clock_ticks: u32,
        /// How the ticks are known: `kernel`, or `assumed` for a dead tree, which tells them nowhere.
        clock_ticks_by: Text<'a>,
        /// Page size, bytes.
        page_size: u32,
        /// How the page size is known: `kernel`; for a dead tree `processes` (resident pages of stat against `VmRSS` of
        /// status), `architecture` (one that has only this size), or `assumed`.
        page_size_by: Text<'a>,
        /// Byte order of the host, in which its network files write addresses: `little` or `big`.
        endianness: Text<'a>,
        /// How the byte order is known: `kernel`; for a dead tree `addresses` (loopback addresses and network masks, which
        /// make sense in one order only), `program` (the ELF header of a shell or init), `architecture` (by its name),
        /// or `assumed`.
        endianness_by: Text<'a>,
        /// CPU time of the capture and its workers in user mode, milliseconds; NULL, as all figures below, where the
        /// capture was cut off.
        capture_user_ms: Option<u64>,
        /// CPU time of the capture and its workers in the kernel, milliseconds.
        capture_system_ms: Option<u64>,
        /// Most resident memory of the capture itself, bytes.
        capture_peak_rss_bytes: Option<u64>,
        /// Upper bound of the resident memory of the capture and all its workers together, bytes: as if each had been as
        /// large as the largest at the same moment.
        capture_peak_rss_bound_bytes: Option<u64>,
        /// Bytes that were read of the host's files, links and `fdinfo`, before redaction and compression.
        capture_bytes_read: Option<u64>,
        /// Size of the bundle, bytes, without its last frame (manifest and sums).
        bundle_bytes: Option<u64>,
        /// Worker processes that the capture started.
        workers_started: Option<u64>,
        /// Workers that hung and were killed.
        workers_killed: Option<u64>,
        /// Workers that ended by themselves, or by somebody else's hand.
        workers_died: Option<u64>,
        /// Workers that did not die when they were killed: they hung in the kernel.
        workers_abandoned: Option<u64>,
        /// Reads that were planned, one outcome each.
        reads_planned: Option<u64>,
        /// Reads of which all bytes are in the bundle.
        reads_collected: Option<u64>,
    }
}
