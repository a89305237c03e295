//! Table `log_files`.

use super::log_lines::logs;
use crate::outcome::Outcome;
use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Logs, and how each was found: one row for each process that holds it open to write to or names it on its command line, of one
    /// log at most 16; one for a log that is only known by its path, or rotated.
    pub struct LogFile<'a> in "log_files" {
        sources: logs![
            Source::Evidence("found_logs"), Source::Evidence("process_links"), Source::Process("cgroup"),
            Source::Process("cmdline"), Source::MountNamespace("mountinfo"),
            Source::ContainerState("config.json"),
        ],
        key: [path, found_by, pid, fd],
        logical_key: [path, found_by],
        counters: [size, kept_bytes, kept_from],
        volatile: [mtime, inode],
        /// Path under which it was read, as in `collection_log` and `log_lines`: its own; below `/proc/PID/root` for a file of another
        /// root directory; `/proc/PID/fd/FD` for one that has no name any more.
        path: Text<'a>,
        /// `open file`, `argument`, `runtime` (it lies where a container runtime keeps such), `known path`, or `rotated`.
        found_by: Text<'a>,
        /// Process that leads to it; NULL where none does.
        pid: Option<u32>,
        /// Its file descriptor; NULL where it does not hold the log open.
        fd: Option<u32>,
        /// Path as the process names it, which in a container is the container's; NULL where no process leads to it.
        target: Option<Text<'a>>,
        /// Container that writes it: that of the process or, of a log that a runtime keeps for a container, the one that its path names;
        /// NULL for none.
        container_id: Option<Text<'a>>,
        /// How its reading ended; NULL where that is not told.
        outcome: Option<Outcome>,
        /// Size, bytes; NULL where it could not be opened.
        size: Option<u64>,
        /// Modification time, epoch seconds; NULL where it could not be opened.
        mtime: Option<i64>,
        /// Inode; NULL where it could not be opened.
        inode: Option<u64>,
        /// Owner; NULL where it could not be opened.
        uid: Option<u32>,
        /// Where in the file the kept bytes begin.
        kept_from: Option<u64>,
        /// Bytes that were kept.
        kept_bytes: Option<u64>,
    }
}
