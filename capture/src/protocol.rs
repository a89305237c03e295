//! What the parent and its workers say to each other over pipes, in frames of the record codec.

use schema::Text;
use schema::outcome::Outcome;
use schema::records::{FdLink, FileSystemStat, ProcessLink, ThreadStat};
use serde::{Deserialize, Serialize};

/// Where the host is. The first thing a worker is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Root directory.
    pub root: Vec<u8>,
    /// Whether asking for a dump may load a module of the kernel.
    pub allow_module_load: bool,
}

/// What a worker answers to [`Setup`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// Why the worker cannot work; everything else is empty then.
    pub refused: Option<String>,
    /// Whether `/proc` below the root is a procfs.
    pub live: bool,
    /// The worker's own pid in the captured `/proc`; missing for a dead tree, or one of another pid namespace.
    pub pid: Option<u32>,
    /// The parent's pid there.
    pub parent: Option<u32>,
    /// First line of `/proc/sys/kernel/random/boot_id`.
    pub boot_id: Option<String>,
    /// First line of `/etc/hostname`, else of `/proc/sys/kernel/hostname`.
    pub hostname: Option<String>,
    /// First line of `/proc/sys/kernel/osrelease`.
    pub kernel_release: Option<String>,
    /// What a dead tree tells of the machine that it was taken from.
    pub machine: Option<String>,
    /// The byte order that a program of a dead tree was made for, `little` or `big`.
    pub endianness: Option<String>,
}

/// A piece of work for one worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Name the processes.
    ListProcesses,
    /// Name the entries of a directory of the host.
    ListDirectory(Vec<u8>),
    /// Name the rotated siblings of logs in a directory of the host, the newest of each.
    ListRotated(RotatedTask),
    /// Visit processes.
    Visits(Vec<Visit>),
    /// Read files.
    Files(Vec<FileTask>),
    /// Ask file systems for their sizes.
    FileSystems(Vec<FileSystemTask>),
}

impl Request {
    /// What is listed, if the request is for names: such a request has no parts.
    pub fn listed(&self) -> Option<&[u8]> {
        match self {
            Request::ListProcesses => Some(b"/proc"),
            Request::ListDirectory(directory)
            | Request::ListRotated(RotatedTask { directory, .. }) => Some(directory),
            Request::Visits(_) | Request::Files(_) | Request::FileSystems(_) => None,
        }
    }

    /// Whether it is not made again when it hangs: a user may have made what it asks for to hang, and by another way a
    /// file system would only hang again.
    pub fn is_tried_once(&self) -> bool {
        match self {
            Request::FileSystems(_) => true,
            Request::Files(tasks) => tasks.iter().all(|task| {
                matches!(
                    task.access,
                    Access::Named(_) | Access::Log(_) | Access::Journal { .. }
                )
            }),
            _ => false,
        }
    }
}

/// One visit to a process: its directory is opened once, for these items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Process id.
    pub pid: u32,
    /// What an earlier visit found, to notice a pid that was reused.
    pub identity: Identity,
    /// What is read, in this order; positions in [`crate::plan::process_items`].
    pub items: Vec<u16>,
    /// The last fd or thread whose row has arrived, where the first item is a listing that was broken off.
    pub after: Option<u32>,
    /// Whether the links of fds are read; without, only their `fdinfo` is, which waits for no lock.
    pub fd_links: bool,
}

impl Visit {
    /// A visit that is planned. What is known of the process is filled in when it is handed out: later is better.
    pub fn new(pid: u32, items: Vec<u16>) -> Self {
        Visit {
            pid,
            identity: Identity::default(),
            items,
            after: None,
            fd_links: true,
        }
    }
}

/// Which process a pid meant. Values are compared only where both visits have them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Inode of the pidfd: unique during a boot where the kernel has a pidfs (Linux 6.9).
    pub pidfd_inode: Option<u64>,
    /// Inode of `/proc/PID`: changes when the pid is reused, and may change when memory is short.
    pub directory_inode: Option<u64>,
    /// Start time in clock ticks, from stat.
    pub start_ticks: Option<u64>,
    /// When the process was first met, by the clock and in the unit of start times.
    pub met: Option<Moment>,
    /// Whether the process has ended, by a visit that found nothing or another process.
    pub has_ended: bool,
}

/// When a directory was opened, in clock ticks since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Before that.
    pub from: u64,
    /// After that.
    pub until: u64,
}

/// A file that is read once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTask {
    /// Position of the source in [`schema::tables::sources`].
    pub source: u16,
    /// Absolute path on the host.
    pub path: Vec<u8>,
    /// How it may be opened.
    pub access: Access,
}

/// A file system that is asked for its size through one of its mounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSystemTask {
    /// The process whose root the path begins at.
    pub pid: u32,
    /// Mount point.
    pub path: Vec<u8>,
    /// `major:minor` of the file system.
    pub device_number: Vec<u8>,
    /// The mounts that the path crosses, that of the file system first.
    pub way: Vec<u32>,
}

impl FileSystemTask {
    /// The mount point as `collection_log` names it.
    pub fn shown_path(&self) -> Vec<u8> {
        [format!("/proc/{}/root", self.pid).as_bytes(), &self.path].concat()
    }
}

/// A directory whose rotated logs are named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotatedTask {
    /// The directory.
    pub directory: Vec<u8>,
    /// Names of the logs that are written to there.
    pub logs: Vec<String>,
}

/// How a file may be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// A member of procfs.
    Proc,
    /// A file of the system: symbolic links that only root could make are followed.
    System,
    /// A file in a home, whose path begins with that many bytes of the home directory. Below it no link is followed.
    Home(u32),
    /// A device of the fixed list.
    Device,
    /// A rotated log, opened like a file of the system, of which at most that many bytes are kept: of a compressed one
    /// all or nothing, of others the tail.
    Rotated(u64),
    /// A file that a process names.
    Named(Named),
    /// A log that was found by following a process.
    Log(FollowedLog),
    /// A file of the journal, opened like a file of the system, of which the last entries are kept.
    Journal {
        /// Most of them.
        entries: u32,
        /// Most bytes of what is kept.
        limit: u64,
        /// The oldest that is kept, microseconds since 1970.
        since_us: u64,
    },
    /// A netlink dump of a network namespace. Its path is that of [`schema::member::dump`].
    NetDump(NetWay),
}

/// How a network namespace is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetWay {
    /// It is that of a process.
    Process {
        /// The process.
        pid: u32,
        /// Which process that pid meant.
        identity: Identity,
    },
    /// A process holds it open.
    Descriptor {
        /// The process.
        pid: u32,
        /// Which process that pid meant.
        identity: Identity,
        /// The descriptor.
        fd: u32,
    },
    /// It is mounted somewhere.
    Mount {
        /// The process whose root the path begins at.
        pid: u32,
        /// Mount point.
        path: Vec<u8>,
        /// The mounts that the path crosses, that of the namespace first.
        way: Vec<u32>,
    },
}

/// A log that was found by following a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedLog {
    /// The process.
    pub pid: u32,
    /// Which process that pid meant.
    pub identity: Identity,
    /// Its user, where it has only one.
    pub uid: Option<u32>,
    /// How it leads to the log.
    pub way: LogWay,
    /// Most bytes that are kept of its end.
    pub limit: u64,
}

/// How a process leads to a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogWay {
    /// It holds it open: what it writes to is read, whatever has its name by now.
    Descriptor {
        /// The descriptor.
        fd: u32,
        /// Target of its link when it was met.
        target: Vec<u8>,
        /// Inode that its `fdinfo` told then, since Linux 5.14.
        inode: Option<u64>,
    },
    /// Its command line names it.
    Named {
        /// The path there.
        path: Vec<u8>,
        /// Whether the path begins at its own root directory; else at the host's.
        through: bool,
    },
    /// Its configuration includes what is in a directory: the names there are told, each behind the path of the task.
    Listed {
        /// The path of the directory.
        path: Vec<u8>,
        /// What the names are like, one or another: `*` stands for any text, `?` for one byte.
        patterns: Vec<Vec<u8>>,
        /// As in [`LogWay::Named`].
        through: bool,
    },
}

/// How a file may be opened that a process names. What is said of the process was read earlier: of a live one it is
/// read once more, and must be the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The process.
    pub pid: u32,
    /// Which process that pid meant.
    pub identity: Identity,
    /// Its user.
    pub uid: u32,
    /// Inode of its mount namespace, where it told.
    pub mount_namespace: Option<u64>,
    /// Its root directory, where that is another one than that of its mount namespace.
    pub root: Option<Vec<u8>>,
    /// Whether the path leads through its root directory, and begins with `/proc/PID/root`; else through the host's own.
    pub through: bool,
    /// Bytes of the home directory that the path begins with, if it does: below it no link is followed.
    pub home: Option<u32>,
}

impl Named {
    /// User that the file must belong to: a process must not make us read what its user could not. Nothing is closed to
    /// root, and its shells may be told to go on with another user's history.
    pub fn owner(&self) -> Option<u32> {
        (self.uid != 0).then_some(self.uid)
    }
}

/// The kinds of namespaces whose files are read through one process of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ItemGroup {
    /// Network namespaces.
    Net,
    /// Mount namespaces.
    Mount,
}

/// What a worker answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply<'a> {
    /// Processes, in part or all.
    Processes(Vec<u32>),
    /// Processes of a dead tree that have the files of their namespace, in part or all.
    Provided {
        /// Of which kind of namespace.
        group: ItemGroup,
        /// The processes.
        pids: Vec<u32>,
    },
    /// Names in a directory, in part or all.
    Names(#[serde(borrow)] Vec<Text<'a>>),
    /// A listing could not be made, or not to its end.
    Listed(#[serde(borrow)] End<'a>),
    /// A visit has begun: this is the process, or it has ended.
    Visiting {
        /// Process id.
        pid: u32,
        /// Which process it is.
        identity: Identity,
        /// Whether it could not be told that it is the process which an earlier visit met.
        uncertain: bool,
    },
    /// More bytes of the file whose [`Reply::File`] follows.
    Chunk(#[serde(borrow)] Text<'a>),
    /// A file has ended; these are its last bytes.
    File {
        /// How it ended.
        #[serde(borrow)]
        end: End<'a>,
        /// Its last bytes.
        #[serde(borrow)]
        bytes: Text<'a>,
    },
    /// A link of a process.
    Link(#[serde(borrow)] ProcessLink<'a>),
    /// An open file descriptor.
    Fd(#[serde(borrow)] FdLink<'a>),
    /// The stat line of a thread.
    Thread(#[serde(borrow)] ThreadStat<'a>),
    /// What a file system said of its size.
    FileSystem(#[serde(borrow)] FileSystemStat<'a>),
    /// One entry of a listing (an fd, a thread) ended otherwise than collected.
    Entry {
        /// Name below `/proc/PID/`.
        #[serde(borrow)]
        name: Text<'a>,
        /// How it ended.
        #[serde(borrow)]
        end: End<'a>,
    },
    /// An item of a visit, other than a file, is done; or a file system did not tell its size; or the process that names
    /// a file does not speak for its user, and another one may.
    Item(#[serde(borrow)] End<'a>),
    /// Symbolic links whose access time was changed by reading them.
    TouchedLinks(#[serde(borrow)] Vec<Text<'a>>),
    /// The oldest request is done.
    Done,
}

/// How one read ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End<'a> {
    /// The outcome.
    pub outcome: Outcome,
    /// The kernel's error number.
    pub errno: Option<i32>,
    /// Why, in words.
    #[serde(borrow)]
    pub reason: Option<Text<'a>>,
    /// Whether the outcome is an agreed limit or rule, not a gap: the tail of a log, a home without a history.
    pub expected: bool,
    /// Bytes the source had as far as it was seen.
    pub seen: u64,
    /// Where in the source the kept bytes begin.
    pub offset: u64,
    /// What is known of a file outside `/proc`.
    pub file: Option<FileFacts>,
    /// Whether the access time of the file was changed: its owner is another user, so `O_NOATIME` was refused.
    pub access_time_touched: bool,
    /// From the first attempt to the last byte, microseconds.
    pub duration_us: u64,
}

/// What is known of a file outside `/proc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Number of the device that its file system has.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Modification time, epoch seconds.
    pub mtime: i64,
    /// Owner.
    pub uid: u32,
}

impl<'a> End<'a> {
    /// An end without bytes.
    pub fn of(outcome: Outcome) -> Self {
        End {
            outcome,
            errno: None,
            reason: None,
            expected: false,
            seen: 0,
            offset: 0,
            file: None,
            access_time_touched: false,
            duration_us: 0,
        }
    }

    /// An end with the reason in words.
    pub fn because(outcome: Outcome, reason: impl Into<Text<'a>>) -> Self {
        End {
            reason: Some(reason.into()),
            ..End::of(outcome)
        }
    }

    /// What the kernel's error number means for a read.
    pub fn of_errno(errno: rustix::io::Errno) -> Self {
        use rustix::io::Errno;
        let outcome = match errno {
            Errno::ACCESS | Errno::PERM => Outcome::Denied,
            // The last three: the kernel has the file and not what it would show, as with pressure information
            // that is switched off.
            Errno::NOENT | Errno::NOTDIR | Errno::OPNOTSUPP | Errno::NODEV | Errno::NXIO => {
                Outcome::Absent
            }
            Errno::SRCH => Outcome::Vanished,
            _ => Outcome::Failed,
        };
        End {
            errno: Some(errno.raw_os_error()),
            ..End::of(outcome)
        }
    }

    /// Whether something that exists is not in the bundle, and not by an agreed limit.
    pub fn is_gap(&self) -> bool {
        !self.expected && (self.outcome.is_gap() || self.outcome == Outcome::Truncated)
    }
}
