//! Table `kernel_events`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// What the kernel complains of: crashes of programs, tasks that hang, errors of disks, file systems, memory and processors, links that are
    /// down, tables that are full, servers that do not respond, and the processes that it killed for memory (which `oom_kills` tells more of).
    ///
    /// An event is one row, in how many logs it may be.
    pub struct KernelEvent<'a> in "kernel_events" {
        sources: [
            Source::Device("/dev/kmsg"), Source::Log("/var/log/syslog"), Source::Log("/var/log/messages"),
            Source::Log("/var/log/kern.log"), Source::Log("/var/log/dmesg"), Source::FoundLog, Source::Journal,
        ],
        key: [time_us, kind, message],
        logical_key: [time, kind, message],
        volatile: [time_us, path, line_no, logs],
        /// When, epoch seconds; NULL where no line has a time.
        time: Option<i64>,
        /// The same in microseconds.
        time_us: Option<i64>,
        /// `segfault`, `trap`, `hung_task`, `lockup`, `rcu_stall`, `io_error`, `file_system_error`, `raid_error`, `link_down`, `transmit_timeout`,
        /// `conntrack_full`, `neighbor_table_full`, `syn_flood`, `tcp_memory`, `machine_check`, `thermal_throttling`, `nfs_not_responding`,
        /// `allocation_failure`, `oom_kill`, `warning`, `oops` or `panic`.
        kind: Text<'a>,
        /// What it happened to: a device, an interface, a server, a port, a program's file; NULL where the line names none.
        subject: Option<Text<'a>>,
        /// Process; NULL where the line names none.
        pid: Option<u32>,
        /// Its name.
        process_name: Option<Text<'a>>,
        /// What the kernel said, without its stamp.
        message: Text<'a>,
        /// Log that tells of it, of several the one with the most exact time.
        path: Text<'a>,
        /// Line there.
        line_no: u64,
        /// How many logs tell of it.
        logs: u32,
    }
}
