//! Table `cgroups`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// What control groups use and may use, one row for each path that has processes (`/sys/fs/cgroup`, version 2; version 1 where
    /// that has the controllers, with what it tells). NULL is what the kernel does not tell of the group, such as of the root.
    pub struct Cgroup<'a> in "cgroups" {
        sources: [
            Source::Cgroup("memory.current"),
            Source::Cgroup("memory.max"),
            Source::Cgroup("memory.peak"),
            Source::Cgroup("memory.swap.current"),
            Source::Cgroup("memory.events"),
            Source::Cgroup("cpu.max"),
            Source::Cgroup("cpu.stat"),
            Source::Cgroup("pids.current"),
            Source::Cgroup("pids.max"),
            Source::Cgroup("io.stat"),
            Source::Cgroup("cpu.pressure"),
            Source::Cgroup("memory.pressure"),
            Source::Cgroup("io.pressure"),
            Source::Cgroup("memory.usage_in_bytes"),
            Source::Cgroup("memory.limit_in_bytes"),
            Source::Cgroup("memory.max_usage_in_bytes"),
            Source::Cgroup("memory.oom_control"),
            Source::Cgroup("cpuacct.usage"),
            Source::Cgroup("cpu.cfs_quota_us"),
            Source::Cgroup("cpu.cfs_period_us"),
            Source::Cgroup("blkio.throttle.io_service_bytes"),
            Source::Cgroup("blkio.throttle.io_serviced"),
        ],
        key: [path],
        logical_key: [path],
        counters: [
            oom_kills, oom_events, memory_max_events, cpu_usage_us, cpu_user_us, cpu_system_us, cpu_periods, cpu_throttled_periods,
            cpu_throttled_us, io_read_bytes, io_write_bytes, io_reads, io_writes, cpu_some_us, memory_some_us, memory_full_us,
            io_some_us, io_full_us,
        ],
        volatile: [memory_current, memory_peak, swap_current, pids_current],
        /// Path below the mount point, as `process_cgroups` has it.
        path: Text<'a>,
        /// Container that the path names: `id` of `containers`. NULL where it names none.
        container_id: Option<Text<'a>>,
        /// Memory in use, caches included, bytes (`memory.current`, `memory.usage_in_bytes`).
        memory_current: Option<u64>,
        /// Most memory it may use, bytes (`memory.max`, `memory.limit_in_bytes`); NULL where there is no limit of its own.
        memory_max: Option<u64>,
        /// 1 when there is no limit of memory, 0 when there is one; NULL where it is not told.
        memory_unlimited: Option<bool>,
        /// Most memory it has used, bytes (`memory.peak`, `memory.max_usage_in_bytes`).
        memory_peak: Option<u64>,
        /// Swap in use, bytes (`memory.swap.current`).
        swap_current: Option<u64>,
        /// Processes of the group that were killed for memory (`oom_kill` of `memory.events`, of `memory.oom_control`).
        oom_kills: Option<u64>,
        /// How often the limit could not be kept without killing (`oom` of `memory.events`).
        oom_events: Option<u64>,
        /// How often the limit was about to be passed (`max` of `memory.events`).
        memory_max_events: Option<u64>,
        /// CPU time, microseconds (`usage_usec` of `cpu.stat`, `cpuacct.usage`).
        cpu_usage_us: Option<u64>,
        /// CPU time in user mode, microseconds; NULL in version 1.
        cpu_user_us: Option<u64>,
        /// CPU time in the kernel, microseconds; NULL in version 1.
        cpu_system_us: Option<u64>,
        /// CPU time that it may use in each period, microseconds (`cpu.max`, `cpu.cfs_quota_us`); NULL where there is no limit.
        cpu_quota_us: Option<u64>,
        /// Length of the period, microseconds (`cpu.max`, `cpu.cfs_period_us`).
        cpu_period_us: Option<u64>,
        /// Periods that it ran in under a limit (`nr_periods` of `cpu.stat`).
        cpu_periods: Option<u64>,
        /// Periods in which it was stopped by the limit (`nr_throttled`).
        cpu_throttled_periods: Option<u64>,
        /// How long it was stopped by the limit, microseconds (`throttled_usec`, `throttled_time`).
        cpu_throttled_us: Option<u64>,
        /// Processes and threads (`pids.current`).
        pids_current: Option<u64>,
        /// Most processes and threads (`pids.max`); NULL where there is no limit.
        pids_max: Option<u64>,
        /// Bytes read from all block devices (`io.stat`, `blkio.throttle.io_service_bytes`).
        io_read_bytes: Option<u64>,
        /// Bytes written to all block devices.
        io_write_bytes: Option<u64>,
        /// Reads of all block devices (`io.stat`, `blkio.throttle.io_serviced`).
        io_reads: Option<u64>,
        /// Writes of all block devices.
        io_writes: Option<u64>,
        /// Time in which some of it waited for a processor, microseconds (`cpu.pressure`); NULL in version 1, as all that follow.
        cpu_some_us: Option<u64>,
        /// Time in which some of it waited for memory, microseconds.
        memory_some_us: Option<u64>,
        /// Time in which all of it waited for memory, microseconds.
        memory_full_us: Option<u64>,
        /// Time in which some of it waited for block devices, microseconds.
        io_some_us: Option<u64>,
        /// Time in which all of it waited for block devices, microseconds.
        io_full_us: Option<u64>,
    }
}
