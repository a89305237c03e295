//! Table `vmstat`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Counters of the memory management (`/proc/vmstat`), one row per line, so that those of any kernel are kept.
    pub struct Vmstat<'a> in "vmstat" {
        sources: [Source::Host("/proc/vmstat")],
        key: [name],
        volatile: [value],
        /// Name of the line, such as `pgmajfault`; `nr_...` are amounts of now, most others count since boot.
        name: Text<'a>,
        /// Pages, or events; `pgpgin` and `pgpgout` are KiB.
        value: u64,
    }
}
