//! Table `file_locks`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Locks and leases on files, and who waits for them (`/proc/locks`). Lines carry no path: `inode` and the device lead to
    /// `process_fds`. Locks of processes outside the captured pid namespace are not listed.
    pub struct FileLock<'a> in "file_locks" {
        sources: [Source::Host("/proc/locks")],
        /// Number of the lock; those who wait for it have the same.
        id: u32,
        /// 1 for one who waits for the lock.
        blocked: bool,
        /// `POSIX` (fcntl), `FLOCK`, `OFDLCK` (fcntl of an open file), `LEASE`, `DELEG`, `LAYOUT` or `ACCESS`.
        r#type: Text<'a>,
        /// `ADVISORY` or `MANDATORY`; `ACTIVE`, `BREAKING` or `BREAKER` for leases.
        mode: Text<'a>,
        /// `READ`, `WRITE`, `RW`, `NONE` or `UNLCK`.
        access: Text<'a>,
        /// Process that took it; NULL for an `OFDLCK`, which belongs to an open file (kernels before 4.14 name who opened
        /// it), and where the kernel names none.
        pid: Option<u32>,
        /// Device as `major:minor` in hexadecimal, as `process_memory_map` has it; NULL for a lock without a file.
        device: Option<Text<'a>>,
        /// Inode of the file; NULL for a lock without a file.
        inode: Option<u64>,
        /// First byte.
        start: u64,
        /// Last byte; NULL for the end of the file, however far it grows.
        end: Option<u64>,
    }
}
