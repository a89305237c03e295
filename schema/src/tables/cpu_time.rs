//! Table `cpu_time`.

use crate::source::Source;

crate::table! {
    /// How each processor has spent its time since boot (`/proc/stat`), milliseconds. Processors that are offline have no
    /// row; the host's totals, which include their time, are in `kernel_counters` (`cpu_user_ms`, ...).
    pub struct CpuTime in "cpu_time" {
        sources: [Source::Host("/proc/stat")],
        key: [core],
        counters: [user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice],
        /// Number of the processor.
        core: u32,
        /// In user mode, guests included, milliseconds.
        user: u64,
        /// In user mode with a nice value above 0, guests included, milliseconds.
        nice: u64,
        /// In the kernel, milliseconds.
        system: u64,
        /// Idle, milliseconds.
        idle: u64,
        /// Idle while a task waited for a disk, milliseconds. It may decrease.
        iowait: Option<u64>,
        /// Serving interrupts, milliseconds.
        irq: Option<u64>,
        /// Serving soft interrupts, milliseconds.
        softirq: Option<u64>,
        /// Taken by the hypervisor for others, milliseconds; NULL before Linux 2.6.11, as are the columns after it.
        steal: Option<u64>,
        /// Running guests, which is counted in `user` too, milliseconds; NULL before Linux 2.6.24.
        guest: Option<u64>,
        /// Running guests with a nice value above 0, counted in `nice` too, milliseconds; NULL before Linux 2.6.33.
        guest_nice: Option<u64>,
    }
}
