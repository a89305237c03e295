//! Table `uptime`.

use crate::source::Source;

crate::table! {
    /// Time since boot (`/proc/uptime`).
    pub struct Uptime in "uptime" {
        sources: [Source::Host("/proc/uptime")],
        volatile: [total_seconds, idle_seconds],
        /// Seconds since boot, suspend included.
        total_seconds: u64,
        /// Seconds that all processors together were idle.
        idle_seconds: u64,
    }
}
