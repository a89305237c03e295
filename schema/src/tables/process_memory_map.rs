//! Table `process_memory_map`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Mappings of processes (`/proc/PID/maps`).
    pub struct ProcessMemoryMap<'a> in "process_memory_map" {
        sources: [Source::Process("maps")],
        key: [pid, start],
        /// Process id.
        pid: u32,
        /// First address.
        start: crate::table::Hex64,
        /// First address after it.
        end: crate::table::Hex64,
        /// `r`, `w`, `x` or `-`, and `p` private or `s` shared.
        permissions: Text<'a>,
        /// Offset into the file, bytes.
        offset: u64,
        /// Device as `major:minor` in hexadecimal.
        device: Text<'a>,
        /// Inode; 0 for memory without a file.
        inode: u64,
        /// File, or the kernel's name in brackets, newline unescaped, without the kernel's ` (deleted)`; NULL for
        /// anonymous memory.
        path: Option<Text<'a>>,
        /// 1 when the kernel appends ` (deleted)`.
        deleted: bool,
        /// 1 when the mapping has no file.
        pseudo: bool,
    }
}
