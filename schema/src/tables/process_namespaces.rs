//! Table `process_namespaces`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Namespaces of processes, one row per process and type (`/proc/PID/ns/*`).
    pub struct ProcessNamespace<'a> in "process_namespaces" {
        sources: [Source::Evidence("process_links")],
        key: [pid, r#type],
        volatile: [inode],
        /// Process id.
        pid: u32,
        /// `cgroup`, `ipc`, `mnt`, `net`, `pid`, `time`, `user` or `uts`.
        r#type: Text<'a>,
        /// Inode number: equal in two processes that share the namespace.
        inode: u64,
    }
}
