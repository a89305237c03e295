//! Evidence that is not a file: link targets, the bytes of small files that would each cost a tar member, which
//! process stands for which namespace.
//!
//! These rows travel as records and are parsed by `analyze` into tables; they are not tables themselves.

use crate::source::Source;
use crate::table::{Row, TableDef};
use crate::text::Text;

crate::table! {
    /// Targets of the links of a process: `exe`, `cwd`, `root`, `ns/*`.
    pub struct ProcessLink<'a> in "process_links" {
        sources: [
            Source::ProcessLink("exe"), Source::ProcessLink("cwd"), Source::ProcessLink("root"),
            Source::ProcessLink("ns/cgroup"), Source::ProcessLink("ns/ipc"), Source::ProcessLink("ns/mnt"),
            Source::ProcessLink("ns/net"), Source::ProcessLink("ns/pid"), Source::ProcessLink("ns/time"),
            Source::ProcessLink("ns/user"), Source::ProcessLink("ns/uts"),
        ],
        /// Process id.
        pid: u32,
        /// Name of the link below `/proc/PID/`.
        name: Text<'a>,
        /// Target of the link, as `readlink` gives it.
        target: Text<'a>,
        /// Names that the file still has, by `statx` without asking a server; only taken where the target ends in
        /// ` (deleted)`, to tell a deleted file from one that is really called so.
        link_count: Option<u64>,
        /// Inode of what `exe` means, by `statx` without asking a server; this and the next two only of `exe`, on a live host.
        inode: Option<u64>,
        /// Its size, bytes.
        size: Option<u64>,
        /// When it was modified last, epoch microseconds.
        mtime_us: Option<i64>,
    }
}

crate::table! {
    /// One open file descriptor: its link and the bytes of its `fdinfo`, read one after the other.
    pub struct FdLink<'a> in "fd_links" {
        sources: [Source::ProcessLink("fd")],
        /// Process id.
        pid: u32,
        /// Number of the file descriptor.
        fd: u32,
        /// Target of `/proc/PID/fd/FD`; missing where the link hung or was refused.
        target: Option<Text<'a>>,
        /// Bytes of `/proc/PID/fdinfo/FD`, at most 64 KiB; missing where they could not be read.
        fdinfo: Option<Text<'a>>,
        /// As in [`ProcessLink::link_count`].
        link_count: Option<u64>,
    }
}

crate::table! {
    /// The bytes of `/proc/PID/task/TID/stat` of one thread.
    pub struct ThreadStat<'a> in "thread_stats" {
        sources: [Source::ProcessLink("task")],
        /// Process id.
        pid: u32,
        /// Thread id.
        tid: u32,
        /// The line.
        stat: Text<'a>,
    }
}

crate::table! {
    /// Which process stands for a namespace: the namespace's files were read through it.
    pub struct NamespaceStandIn<'a> in "namespace_stand_ins" {
        sources: [],
        /// `net` or `mnt`.
        r#type: Text<'a>,
        /// Inode number of the namespace.
        inode: u64,
        /// The process whose `/proc/PID/net` or `/proc/PID/mountinfo` was read.
        pid: u32,
    }
}

crate::table! {
    /// A process of which it is in doubt that all its files are of the same process: its pid may have been reused
    /// between two visits.
    pub struct UncertainProcess<'a> in "uncertain_processes" {
        sources: [],
        /// Process id.
        pid: u32,
        /// What differed, or could not be compared.
        reason: Text<'a>,
    }
}

crate::table! {
    /// What `statfs` says of a local file system, asked through one of its mounts. Two mounts with the same device number are
    /// of the same file system, so each is asked once.
    pub struct FileSystemStat<'a> in "file_system_stats" {
        sources: [],
        /// `major:minor` of the file system.
        device_number: Text<'a>,
        /// The process below whose root it was reached.
        pid: u32,
        /// The mount through which it was asked; what lies at the mount's path was seen to be this one.
        mount_id: u32,
        /// Unit of the other sizes, bytes (`f_frsize`).
        blocks_size: u64,
        /// Size.
        blocks: u64,
        /// Free.
        blocks_free: u64,
        /// Free for users that are not root.
        blocks_available: u64,
        /// Inodes; 0 where the file system has no fixed number.
        inodes: u64,
        /// Free inodes.
        inodes_free: u64,
    }
}

crate::table! {
    /// A file that was read as the history of a shell because the environment of a process names it (`HISTFILE`).
    pub struct HistoryFile<'a> in "history_files" {
        sources: [],
        /// Path under which it was read.
        path: Text<'a>,
        /// The process; the first of them where several name the file.
        pid: u32,
        /// Real user id of that process; missing where its status could not be read.
        uid: Option<u32>,
    }
}

crate::table! {
    /// A log that was found by following a process: one row for each process that leads to it, of one file at most 16.
    pub struct FoundLog<'a> in "found_logs" {
        sources: [Source::ProcessLink("fd"), Source::Process("cmdline")],
        /// Path under which it was read: its own; below `/proc/PID/root` for a file of another root directory; `/proc/PID/fd/FD`
        /// for one that has no name any more.
        path: Text<'a>,
        /// `open file` for one that the process holds open to write to, `argument` for one that its command line names, `runtime` for
        /// one that lies where a container runtime keeps such, `rotated` for an older part of such a log.
        found_by: Text<'a>,
        /// The process; missing for the last two.
        pid: Option<u32>,
        /// Its file descriptor, where it holds the log open.
        fd: Option<u32>,
        /// The path as the process names it, the target of `/proc/PID/fd/FD`.
        target: Text<'a>,
    }
}

crate::table! {
    /// A configuration file that was found by following a process: one row for each process that leads to it, of one file at
    /// most 16.
    pub struct FoundConfig<'a> in "found_configs" {
        sources: [Source::Process("cmdline")],
        /// Path under which it was read: its own, or below `/proc/PID/root` for a file of another root directory.
        path: Text<'a>,
        /// `argument` for one that the command line names, `program` for one that is called like the program, `include` for one
        /// that another one includes.
        found_by: Text<'a>,
        /// The process.
        pid: u32,
        /// The path as the process sees it.
        target: Text<'a>,
    }
}

/// All record types that are not tables.
pub const RECORDS: &[TableDef] = &[
    ProcessLink::TABLE,
    FdLink::TABLE,
    ThreadStat::TABLE,
    NamespaceStandIn::TABLE,
    UncertainProcess::TABLE,
    FileSystemStat::TABLE,
    HistoryFile::TABLE,
    FoundLog::TABLE,
    FoundConfig::TABLE,
];

#[cfg(test)]
mod tests;
