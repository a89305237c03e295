//! Table `threads`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Threads, the main one included (`/proc/PID/task/TID/stat`).
    pub struct Thread<'a> in "threads" {
        sources: [Source::Evidence("thread_stats")],
        key: [pid, tid],
        counters: [user_time, system_time],
        volatile: [state, processor],
        /// Process id.
        pid: u32,
        /// Thread id; equal to pid for the main thread.
        tid: u32,
        /// Name (comm), at most 15 bytes; longer for kernel workers.
        name: Text<'a>,
        /// State letter.
        state: Text<'a>,
        /// CPU time in user mode, milliseconds.
        user_time: u64,
        /// CPU time in the kernel, milliseconds.
        system_time: u64,
        /// Nice value.
        nice: i32,
        /// Start time in clock ticks since boot.
        start_ticks: u64,
        /// Processor it last ran on; NULL where the kernel does not tell.
        processor: Option<u32>,
    }
}
