//! Table `file_handles`.

use crate::source::Source;

crate::table! {
    /// Open files of the whole host (`/proc/sys/fs/file-nr`).
    pub struct FileHandles in "file_handles" {
        sources: [Source::Host("/proc/sys/fs/file-nr")],
        volatile: [allocated, unused],
        /// Files that are open.
        allocated: u64,
        /// Allocated and not in use; 0 since Linux 2.6.
        unused: u64,
        /// Most files that may be open (`fs.file-max`).
        maximum: u64,
    }
}
