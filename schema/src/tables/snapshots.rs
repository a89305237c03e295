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
        /// Host name by `uname` (`/etc/hostname` for a dead tree); NULL where it has none.
        hostname: Option<Text<'a>>,
        /// Identity of the boot, `/proc/sys/kernel/random/boot_id`; NULL for a dead tree.
        boot_id: Option<Text<'a>>,
        /// Kernel release by `uname`; NULL for a dead tree.
        kernel_release: Option<Text<'a>>,
        /// Machine by `uname`; NULL for a dead tree.
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
        /// Page size, bytes.
        page_size: u32,
    }
}
