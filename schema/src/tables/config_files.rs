//! Table `config_files`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Configuration files, found by following processes: what a command line names, what in `/etc` is called like the program, and
    /// what those include. One row for each process that leads to a file. Secrets in it are pseudonyms, as everywhere.
    pub struct ConfigFile<'a> in "config_files" {
        sources: [Source::FoundConfig, Source::Evidence("found_configs")],
        key: [path, pid],
        logical_key: [path],
        volatile: [mtime, inode],
        /// Path under which it was read: its own; below `/proc/PID/root` for a file of another root directory.
        path: Text<'a>,
        /// `argument` for one that a command line names, `program` for one that is called like the program, `include` for one that
        /// another one includes.
        found_by: Text<'a>,
        /// Process that leads to it.
        pid: u32,
        /// Path as the process sees it, which in a container is the container's.
        target: Text<'a>,
        /// Size, bytes.
        size: u64,
        /// Modification time, epoch seconds; NULL where it is not known.
        mtime: Option<i64>,
        /// Inode; NULL where it is not known.
        inode: Option<u64>,
        /// Owner; NULL where it is not known.
        uid: Option<u32>,
        /// The text, at most 256 KiB.
        content: Text<'a>,
    }
}
