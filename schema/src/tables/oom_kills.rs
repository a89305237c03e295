//! Table `oom_kills`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Processes that the kernel killed for want of memory, by its log and the files that a syslog daemon writes it to.
    ///
    /// A kill is one row, however often it is logged. What is in none of the kept logs is not here.
    pub struct OomKill<'a> in "oom_kills" {
        sources: [
            Source::Device("/dev/kmsg"), Source::Log("/var/log/syslog"), Source::Log("/var/log/messages"),
            Source::Log("/var/log/kern.log"), Source::Log("/var/log/dmesg"), Source::FoundLog, Source::Journal,
        ],
        key: [time_us, pid],
        logical_key: [time, pid, name],
        volatile: [time_us, path, line_no],
        /// Time, epoch seconds, as a log file has it, else by the kernel's own log; NULL where no line has one.
        time: Option<i64>,
        /// Time, epoch microseconds; whole seconds where the lines have no fraction.
        time_us: Option<i64>,
        /// Process id, in the host's namespace.
        pid: u32,
        /// Name of the process (comm).
        name: Text<'a>,
        /// Virtual size, bytes; NULL where the line does not say.
        total_vm_bytes: Option<u64>,
        /// Resident anonymous memory, bytes; NULL where the line does not say.
        anon_rss_bytes: Option<u64>,
        /// Resident memory of files, bytes; NULL where the line does not say.
        file_rss_bytes: Option<u64>,
        /// Resident shared memory, bytes; NULL before Linux 4.5.
        shmem_rss_bytes: Option<u64>,
        /// Page tables, bytes; NULL before Linux 5.3.
        pgtables_bytes: Option<u64>,
        /// What was short: `CONSTRAINT_NONE` the host's memory, `CONSTRAINT_MEMCG` a cgroup's; NULL where no line says.
        constraint: Option<Text<'a>>,
        /// Memory cgroup of the process; NULL where no line says.
        cgroup: Option<Text<'a>>,
        /// Memory cgroup whose limit was hit; NULL where the host's memory was short or no line says.
        limit_cgroup: Option<Text<'a>>,
        /// Its badness adjustment, of old kernels from the list of processes before the kill; NULL where neither is kept.
        oom_score_adj: Option<i32>,
        /// User id of the process; NULL where no line says.
        uid: Option<u32>,
        /// Log that has the line of the kill; where several do, the first that was read.
        path: Text<'a>,
        /// Its line there, counted as in `log_lines`.
        line_no: u64,
    }
}
