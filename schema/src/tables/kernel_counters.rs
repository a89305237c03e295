//! Table `kernel_counters`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// What the kernel counts for the host as a whole (`/proc/stat`): interrupts, context switches, forks, time of all
    /// processors; and two counts that live among the settings of `/proc/sys`.
    pub struct KernelCounter<'a> in "kernel_counters" {
        sources: [
            Source::Host("/proc/stat"), Source::Host("/proc/sys/fs/aio-nr"),
            Source::Host("/proc/sys/net/netfilter/nf_conntrack_count"),
        ],
        key: [name],
        volatile: [value],
        /// `ctxt` (context switches), `btime` (time of boot, epoch seconds), `processes` (forks since boot), `procs_running`,
        /// `procs_blocked` (tasks now), `intr`, `softirq` (interrupts of all kinds together), any other name that the kernel
        /// writes with a number, and `cpu_user_ms`, `cpu_nice_ms`, `cpu_system_ms`, `cpu_idle_ms`, `cpu_iowait_ms`,
        /// `cpu_irq_ms`, `cpu_softirq_ms`, `cpu_steal_ms`, `cpu_guest_ms`, `cpu_guest_nice_ms`: the times of table `cpu_time`
        /// for all processors together, milliseconds. `fs.aio-nr` are the asynchronous requests of now, and
        /// `net.netfilter.nf_conntrack_count` the tracked connections in the capture's own network namespace.
        name: Text<'a>,
        /// The number.
        value: u64,
    }
}
