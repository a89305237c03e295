//! Table `process_cgroups`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Control groups of processes, one row per hierarchy (`/proc/PID/cgroup`).
    pub struct ProcessCgroup<'a> in "process_cgroups" {
        sources: [Source::Process("cgroup")],
        key: [pid, hierarchy],
        /// Process id.
        pid: u32,
        /// Number of the hierarchy; 0 for the unified one.
        hierarchy: u32,
        /// Controllers, comma-separated, or `name=...`; empty for the unified hierarchy.
        controllers: Text<'a>,
        /// Path below the hierarchy's mount point.
        path: Text<'a>,
    }
}
