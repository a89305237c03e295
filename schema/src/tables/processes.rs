//! Table `processes`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Processes: one row per thread group that `/proc` listed.
    pub struct Process<'a> in "processes" {
        sources: [
            Source::Process("status"), Source::Process("stat"), Source::Process("cmdline"), Source::Process("cgroup"),
            Source::Process("io"), Source::Process("oom_score_adj"), Source::Process("loginuid"), Source::Process("wchan"),
            Source::MountNamespace("mountinfo"), Source::Evidence("process_links"), Source::Evidence("uncertain_processes"),
        ],
        key: [pid, start_ticks],
        logical_key: [path, cmdline, uid, cgroup_path],
        counters: [user_time, system_time, disk_bytes_read, disk_bytes_written, voluntary_switches, nonvoluntary_switches],
        volatile: [
            state, resident_size, total_size, wchan, threads, is_collector, parent, pgroup, session, tty, start_time,
            namespace_pids, net_namespace, container_id, identity_uncertain,
        ],
        /// Process id in the captured `/proc`'s namespace.
        pid: u32,
        /// Process id of the parent (`PPid` of status); 0 for the first processes and for a parent outside the namespace.
        parent: Option<u32>,
        /// Name of the main thread (comm of stat, else `Name` of status), at most 15 bytes.
        name: Option<Text<'a>>,
        /// Target of `exe` without the kernel's ` (deleted)`; NULL for kernel threads, zombies, and where it was denied.
        path: Option<Text<'a>>,
        /// Arguments joined by blanks, for people; NULL where they could not be read, empty where there are none.
        cmdline: Option<Text<'a>>,
        /// State letter of stat: R, S, D, Z, T, t, I, X; from status where stat could not be read.
        state: Option<Text<'a>>,
        /// Current directory.
        cwd: Option<Text<'a>>,
        /// Root directory.
        root: Option<Text<'a>>,
        /// Real user id.
        uid: Option<u32>,
        /// Real group id.
        gid: Option<u32>,
        /// Effective user id.
        euid: Option<u32>,
        /// Effective group id.
        egid: Option<u32>,
        /// Saved user id.
        suid: Option<u32>,
        /// Saved group id.
        sgid: Option<u32>,
        /// User id of the login session (`loginuid`); NULL where there was none.
        login_uid: Option<u32>,
        /// 1 when the executable still has a name, 0 when it was deleted, -1 when that is not known.
        on_disk: i32,
        /// Inode of the executable that it runs, whatever has its name by now; NULL for kernel threads, zombies, dead trees, and
        /// where it was denied, as the next two.
        executable_inode: Option<u64>,
        /// Size of the executable, bytes.
        executable_size: Option<u64>,
        /// When the executable was modified last, epoch microseconds.
        executable_mtime_us: Option<i64>,
        /// Threads.
        threads: Option<u32>,
        /// Nice value, -20 to 19.
        nice: Option<i32>,
        /// Process group.
        pgroup: Option<i32>,
        /// Session.
        session: Option<i32>,
        /// Controlling terminal, the kernel's device number; 0 without one.
        tty: Option<i32>,
        /// Start time, epoch seconds.
        start_time: Option<i64>,
        /// Start time in clock ticks since boot, as stat has it: exact, and with pid the identity within a boot.
        start_ticks: Option<u64>,
        /// CPU time in user mode, milliseconds.
        user_time: Option<u64>,
        /// CPU time in the kernel, milliseconds.
        system_time: Option<u64>,
        /// Resident memory, bytes (`VmRSS`; from stat where status could not be read); NULL for kernel threads and zombies.
        resident_size: Option<u64>,
        /// Virtual memory, bytes (`VmSize`; from stat where status could not be read); NULL for kernel threads and zombies.
        total_size: Option<u64>,
        /// Bytes read from storage (`read_bytes` of io).
        disk_bytes_read: Option<u64>,
        /// Bytes written to storage (`write_bytes` of io).
        disk_bytes_written: Option<u64>,
        /// Context switches of the main thread because it waited.
        voluntary_switches: Option<u64>,
        /// Context switches of the main thread because it was preempted.
        nonvoluntary_switches: Option<u64>,
        /// Adjustment of the out-of-memory score, -1000 to 1000.
        oom_score_adj: Option<i32>,
        /// Kernel function it waits in; NULL when it runs or the kernel does not tell.
        wchan: Option<Text<'a>>,
        /// Path in the systemd cgroup hierarchy, else in the unified one, else in the first named; one that is not `/` comes
        /// before one that is.
        cgroup_path: Option<Text<'a>>,
        /// Container that it belongs to: `id` of `containers`. NULL where nothing names one.
        container_id: Option<Text<'a>>,
        /// Process ids in the nested pid namespaces, outermost first, blank-separated (`NSpid`).
        namespace_pids: Option<Text<'a>>,
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// 1 for the capture itself and its workers.
        is_collector: bool,
        /// 1 for a kernel thread.
        is_kernel_thread: bool,
        /// 1 when the pid may have been reused while it was read, so that this row, and the rows of other tables with this
        /// pid, may be of two processes. Where it is certain, only the first is here: what was to be read later has vanished.
        identity_uncertain: bool,
    }
}
