//! Table `collection_log`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// How every planned read ended: one row per file, link directory or listing. "No rows" and "could not look" differ
    /// here.
    pub struct CollectionLog<'a> in "collection_log" {
        sources: [Source::Record],
        /// Path on the host; below `/proc/PID/` for what belongs to a process.
        path: Text<'a>,
        /// Process it belongs to; NULL for the host's own files.
        pid: Option<u32>,
        /// `collected`, `truncated`, `denied`, `absent`, `vanished`, `timed out`, `skipped` or `failed`.
        outcome: crate::Outcome,
        /// Error number of the host's kernel; NULL where there was none.
        errno: Option<i32>,
        /// Why, in words: the reason of a skip, what cut it; NULL where the outcome says it all.
        reason: Option<Text<'a>>,
        /// Name of the bundle's member; NULL where the bytes ride in records or there are none.
        member: Option<Text<'a>>,
        /// Parts of the member: longer content goes on in `MEMBER.part.000001` and so on.
        parts: u32,
        /// Bytes in the bundle, after redaction.
        bytes_kept: u64,
        /// Bytes the source had as far as it was seen: a file's size, or what was read.
        bytes_seen: u64,
        /// Where in the source the kept bytes begin: above 0 for a tail.
        offset: u64,
        /// Inode of a file that is not in `/proc`; NULL for others.
        inode: Option<u64>,
        /// Modification time of such a file, epoch seconds; NULL for others.
        mtime: Option<i64>,
        /// Owner of such a file; NULL for others.
        uid: Option<u32>,
        /// Secrets replaced by pseudonyms.
        redactions: u32,
        /// Keyed hash of the bytes before redaction, hex; NULL where nothing was redacted.
        original_hmac: Option<Text<'a>>,
        /// Time from the worker's first attempt to the answer, microseconds.
        duration_us: u64,
    }
}
