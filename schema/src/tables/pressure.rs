//! Table `pressure`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Time that tasks lost waiting for a resource (`/proc/pressure/*`). No rows before Linux 4.20 and where the kernel is not
    /// asked to measure it.
    pub struct Pressure<'a> in "pressure" {
        sources: [
            Source::Host("/proc/pressure/cpu"), Source::Host("/proc/pressure/io"), Source::Host("/proc/pressure/irq"),
            Source::Host("/proc/pressure/memory"),
        ],
        key: [resource, kind],
        counters: [total_us],
        volatile: [avg10, avg60, avg300],
        /// `cpu`, `io`, `irq` or `memory`.
        resource: Text<'a>,
        /// `some` (at least one task waited) or `full` (all tasks that were not idle waited).
        kind: Text<'a>,
        /// Share of the last 10 seconds, per cent as the file writes it, two decimals: CAST it to compare.
        avg10: Text<'a>,
        /// Share of the last 60 seconds, as `avg10`.
        avg60: Text<'a>,
        /// Share of the last 300 seconds, as `avg10`.
        avg300: Text<'a>,
        /// Time lost since boot, microseconds.
        total_us: u64,
    }
}
