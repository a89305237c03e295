//! Table `memory_info`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Memory of the host (`/proc/meminfo`), one row per line, so that fields of any kernel are kept.
    pub struct MemoryInfo<'a> in "memory_info" {
        sources: [Source::Host("/proc/meminfo")],
        key: [name],
        volatile: [value],
        /// Name of the line, such as `MemAvailable`.
        name: Text<'a>,
        /// Bytes; a count for the few lines without a unit.
        value: u64,
        /// `bytes`, or NULL for a count.
        unit: Option<Text<'a>>,
    }
}
