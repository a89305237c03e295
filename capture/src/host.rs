//! The only opener of host files. There are three ways in, because opening is an act: a pipe loses its data, a leased
//! file signals its holder, a link leads elsewhere.
//!
//! * Members of procfs, below a directory that `fstatfs` says is one: [`Host::process`], [`Host::process_file`],
//!   [`Host::proc_file`].
//! * Every other file: found component by component without following links that anybody but root could have made,
//!   looked at before it is opened, and only opened when it is a regular file: [`Host::file`], [`Host::directory`],
//!   and [`Host::named`] for what a process names.
//! * A fixed list of devices: [`Host::device`].
//!
//! Mount points are found and not opened: [`Host::mount`]. Network namespaces are opened to be entered, once they are seen to be
//! ones: [`Host::net_namespace`].

mod kinds;
mod logs;
mod walk;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;
use schema::Outcome;
use schema::text::escaped;

use crate::protocol::{Access, End, FileFacts, Named};
use kinds::Kinds;
pub use logs::Whose;
use walk::{Judged, enter};

/// Devices that may be opened, with their numbers.
const DEVICES: [(&[u8], (u32, u32)); 1] = [(b"/dev/kmsg", (1, 11))];

/// How a namespace is opened: only to be entered.
const NAMESPACE_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// The host, below a root directory.
#[derive(Debug)]
pub struct Host {
    root: OwnedFd,
    /// `/proc`, or why it cannot be listed.
    proc: Result<OwnedFd, Errno>,
    live: bool,
    /// Whether the kernel has `openat2` (Linux 5.6) and nothing forbids it.
    has_openat2: bool,
    /// Symbolic links whose access time was changed, as far as nobody has taken note of them.
    touched_links: RefCell<BTreeSet<Vec<u8>>>,
    kinds: Kinds,
}

/// A file that is open for reading.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub fd: OwnedFd,
    /// What is known of it; `None` for members of procfs and devices.
    pub facts: Option<FileFacts>,
    /// Its size when it was opened; 0 for members of procfs and devices.
    pub size: u64,
    /// Whether the file is a device that gives one record a read.
    pub is_device: bool,
    /// Whether its access time will change.
    pub access_time_touched: bool,
}

/// Why a file was not opened.
#[derive(Debug)]
pub enum Refusal {
    /// The kernel's answer.
    Errno(Errno),
    /// One of our own rules.
    Rule(String),
    /// A symbolic link to what is not there; its target tells something even so: a time zone, a version.
    Dangling(Vec<u8>),
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Refusal::Errno(errno)
    }
}

impl Refusal {
    /// The outcome of a read that was refused.
    pub fn end(self) -> End<'static> {
        match self {
            Refusal::Errno(errno) => End::of_errno(errno),
            Refusal::Rule(reason) => End::because(Outcome::Skipped, reason),
            Refusal::Dangling(target) => End {
                errno: Some(Errno::NOENT.raw_os_error()),
                ..End::because(
                    Outcome::Absent,
                    format!("symbolic link to {}", escaped(&target)),
                )
            },
        }
    }
}

impl Host {
    /// Opens the root directory and looks whether its `/proc` is a procfs.
    pub fn open(root: &[u8]) -> rustix::io::Result<Self> {
        let directory = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, root, OFlags::PATH | directory, Mode::empty())?;
        let proc = rustix::fs::openat(
            &root,
            "proc",
            OFlags::PATH | OFlags::NOFOLLOW | directory,
            Mode::empty(),
        );
        let tried = rustix::fs::openat2(
            &root,
            ".",
            OFlags::PATH | directory,
            Mode::empty(),
            ResolveFlags::BENEATH,
        );
        let mut host = Host {
            root,
            proc,
            live: false,
            has_openat2: tried.is_ok(),
            touched_links: RefCell::default(),
            kinds: Kinds::default(),
        };
        // A tree may have a link there, which is followed within the tree, or anything else.
        if let Err(Errno::LOOP | Errno::NOTDIR) = host.proc {
            let proc = host.directory(b"/proc").map(|(proc, _)| proc);
            host.proc = proc.map_err(|refusal| match refusal {
                Refusal::Errno(errno) => errno,
                Refusal::Dangling(_) => Errno::NOENT,
                Refusal::Rule(_) => Errno::NOTDIR,
            });
        }
        if let Ok(proc) = &host.proc {
            host.live = rustix::fs::fstatfs(proc)?.f_type == rustix::fs::PROC_SUPER_MAGIC;
        }
        Ok(host)
    }

    /// The symbolic links whose access time was changed since this was asked last.
    pub fn take_touched_links(&self) -> BTreeSet<Vec<u8>> {
        self.touched_links.take()
    }

    /// Whether `/proc` is a procfs.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Target of `/proc/self`: our own pid there.
    pub fn own_pid(&self) -> Option<u32> {
        let target = rustix::fs::readlinkat(self.proc.as_ref().ok()?, "self", Vec::new()).ok()?;
        std::str::from_utf8(target.as_bytes()).ok()?.parse().ok()
    }

    /// Names in `/proc`.
    pub fn list_proc(&self, each: impl FnMut(&[u8])) -> Result<(), Refusal> {
        let proc = self.proc.as_ref().map_err(|errno| *errno)?;
        // A reopened directory has a position of its own.
        let fd = self.listing(proc.as_fd(), ".")?;
        list(fd, each)
    }

    /// The directory of a process, which keeps meaning this process: once it ended, reads through it fail (ESRCH).
    pub fn process(&self, pid: u32) -> Result<OwnedFd, Refusal> {
        let proc = self.proc.as_ref().map_err(|errno| *errno)?;
        if !self.live {
            let found = self.find(format!("/proc/{pid}").as_bytes(), &Access::System)?;
            return Ok(enter("./", found.as_fd())?);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self.beneath(proc.as_fd(), &pid.to_string(), flags) {
            // It was listed a moment ago.
            Err(Errno::NOENT) => Err(Errno::SRCH.into()),
            result => Ok(result?),
        }
    }

    /// A file below a process's directory.
    pub fn process_file(&self, process: BorrowedFd<'_>, name: &str) -> Result<Opened, Refusal> {
        if self.live {
            let fd = self.beneath(
                process,
                name,
                OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
            )?;
            Ok(Opened::of(fd))
        } else {
            let found = self.beneath(process, name, OFlags::PATH);
            open_regular(&found.map_err(|errno| self.refusal(errno))?)
        }
    }

    /// The target of a link below a process's directory.
    pub fn process_link(
        &self,
        process: BorrowedFd<'_>,
        name: &str,
        buffer: Vec<u8>,
    ) -> Result<Vec<u8>, Refusal> {
        // In a dead tree the directory of the link may itself be a link, and lead out of the tree.
        let target = match name.rsplit_once('/') {
            Some((directory, last)) if !self.live => {
                let directory = self.process_directory(process, directory)?;
                rustix::fs::readlinkat(directory, last, buffer)
            }
            _ => rustix::fs::readlinkat(process, name, buffer),
        };
        Ok(target.map_err(|errno| self.refusal(errno))?.into_bytes())
    }

    /// What a refusal below a process's directory means: links and files stand in each other's place in dead trees
    /// only.
    fn refusal(&self, errno: Errno) -> Refusal {
        match errno {
            Errno::LOOP if !self.live => Refusal::Rule("symbolic link".to_owned()),
            errno => Refusal::Errno(errno),
        }
    }

    /// Whether a path of a dead tree is a directory.
    pub fn has_directory(&self, path: &[u8]) -> bool {
        self.kind(path) == Some(FileType::Directory)
    }

    /// Whether a path of a dead tree is a file.
    pub fn has_file(&self, path: &[u8]) -> bool {
        self.kind(path) == Some(FileType::RegularFile)
    }

    fn kind(&self, path: &[u8]) -> Option<FileType> {
        let found = self.find(path, &Access::System).ok()?;
        let stat = rustix::fs::fstat(&found).ok()?;
        Some(FileType::from_raw_mode(stat.st_mode))
    }

    /// A directory below a process's directory, for listing and as the base of its entries.
    pub fn process_directory(
        &self,
        process: BorrowedFd<'_>,
        name: &str,
    ) -> Result<OwnedFd, Refusal> {
        self.listing(process, name).map_err(|errno| match errno {
            // With O_DIRECTORY a link is no directory.
            Errno::NOTDIR if is_link(process, name) => self.refusal(Errno::LOOP),
            errno => self.refusal(errno),
        })
    }

    /// A file of procfs itself. Links of procfs, such as `mounts -> self/mounts`, are followed within it.
    pub fn proc_file(&self, path: &[u8]) -> Result<Opened, Refusal> {
        if !self.live {
            return self.file(path, &Access::System);
        }
        let proc = self.proc.as_ref().map_err(|errno| *errno)?;
        let name = path.strip_prefix(b"/proc/").ok_or(Errno::INVAL)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = if self.has_openat2 {
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
            rustix::fs::openat2(proc, name, flags, Mode::empty(), resolve)?
        } else {
            rustix::fs::openat(proc, name, flags, Mode::empty())?
        };
        Ok(Opened::of(fd))
    }

    /// A file that is no member of procfs.
    pub fn file(&self, path: &[u8], access: &Access) -> Result<Opened, Refusal> {
        let found = self.find(path, access)?;
        open_regular(&found)
    }

    /// A file that a process names, below the root directory given or the host's own.
    pub fn named(
        &self,
        root: Option<&OwnedFd>,
        path: &[u8],
        named: &Named,
    ) -> Result<Opened, Refusal> {
        let home = named.home.and_then(|length| usize::try_from(length).ok());
        let judged = Judged {
            home_length: home.unwrap_or(path.len()),
            owner: false,
            kernel: true,
            pid: named.through.then_some(named.pid),
        };
        let whose = named.owner().map_or(Whose::Anybodys, Whose::Own);
        self.owned(root, path, &judged, whose)
    }

    /// Whether the program of a process runs as another user or group than who starts it.
    pub fn is_set_uid(&self, process: BorrowedFd<'_>) -> Result<bool, Refusal> {
        let flags = AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
        let stat = rustix::fs::statx(process, "exe", flags, StatxFlags::MODE)?;
        let mode = Mode::from_raw_mode(u32::from(stat.stx_mode));
        Ok(mode.intersects(Mode::SUID | Mode::SGID))
    }

    /// The root directory of a process, for [`Host::named`].
    pub fn process_root(&self, process: BorrowedFd<'_>) -> Result<OwnedFd, Refusal> {
        // The link means the directory, whatever its text says.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(process, "root", flags, Mode::empty())?)
    }

    /// Takes hold of what a link of procfs leads to, without opening it.
    pub fn behind(&self, process: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Refusal> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(process, name, flags, Mode::empty())?)
    }

    /// The network namespace of this process.
    pub fn own_net_namespace(&self) -> Result<OwnedFd, Refusal> {
        let pid = self.own_pid().ok_or(Errno::SRCH)?;
        let process = self.process(pid)?;
        Ok(reopen(&self.behind(process.as_fd(), "ns/net")?, NAMESPACE_FLAGS)?.0)
    }

    /// Opens what should be the network namespace of that inode, if it is. It must lie in the same file system as another one:
    /// that is asked without asking any file system.
    pub fn net_namespace(
        &self,
        found: &OwnedFd,
        other: BorrowedFd<'_>,
        inode: u64,
    ) -> Result<OwnedFd, Refusal> {
        let device = |fd| -> rustix::io::Result<(u32, u32, u64)> {
            let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
            let stat = rustix::fs::statx(fd, "", flags, StatxFlags::INO)?;
            Ok((stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino))
        };
        let (major, minor, _) = device(other)?;
        if device(found.as_fd())? != (major, minor, inode) {
            return Err(Refusal::Rule("another one is there by now".to_owned()));
        }
        Ok(reopen(found, NAMESPACE_FLAGS)?.0)
    }

    /// A directory that is no member of procfs, for listing; and whether its access time will change.
    pub fn directory(&self, path: &[u8]) -> Result<(OwnedFd, bool), Refusal> {
        let found = self.find(path, &Access::System)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        Ok(reopen(&found, flags)?)
    }

    /// A device of the fixed list; in a dead tree a regular file of that name.
    pub fn device(&self, path: &[u8]) -> Result<Opened, Refusal> {
        let found = self.find(path, &Access::System)?;
        if !self.live {
            return open_regular(&found);
        }
        let stat = rustix::fs::fstat(&found)?;
        let number = (
            rustix::fs::major(stat.st_rdev),
            rustix::fs::minor(stat.st_rdev),
        );
        let known = DEVICES.contains(&(path, number));
        if FileType::from_raw_mode(stat.st_mode) != FileType::CharacterDevice || !known {
            return Err(Refusal::Rule("not the device of that name".to_owned()));
        }
        // Opening a device changes no access time, and O_NOATIME needs its owner.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(Opened {
            is_device: true,
            ..Opened::of(rustix::fs::open(fd_path(&found), flags, Mode::empty())?)
        })
    }

    /// Names of the file behind a link of `/proc`, without opening it: of a live host what the link means, without
    /// asking a server; of a dead tree what lies at its target in the tree, and `None` where nothing does.
    pub fn link_count(&self, links: BorrowedFd<'_>, name: &str, target: &[u8]) -> Option<u64> {
        if !self.live {
            let found = self.find(target, &Access::System).ok()?;
            return Some(rustix::fs::fstat(&found).ok()?.st_nlink);
        }
        let flags = AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
        let stat = rustix::fs::statx(links, name, flags, StatxFlags::NLINK).ok()?;
        Some(u64::from(stat.stx_nlink))
    }

    /// Inode, size and modification time (epoch microseconds) of the executable of a process on a live host, without opening
    /// it or asking a server.
    pub fn executable(&self, process: BorrowedFd<'_>) -> Option<(u64, u64, i64)> {
        if !self.live {
            return None;
        }
        let flags = AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
        let wanted = StatxFlags::INO | StatxFlags::SIZE | StatxFlags::MTIME;
        let stat = rustix::fs::statx(process, "exe", flags, wanted).ok()?;
        let mtime = stat.stx_mtime;
        let microseconds = i64::from(mtime.tv_nsec.checked_div(1000)?);
        let mtime_us = mtime
            .tv_sec
            .checked_mul(1_000_000)?
            .checked_add(microseconds)?;
        Some((stat.stx_ino, stat.stx_size, mtime_us))
    }

    /// Opens a directory below one of `/proc` for listing. Those of a dead tree have access times to keep.
    fn listing(&self, directory: BorrowedFd<'_>, name: &str) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        if !self.live {
            match self.beneath(directory, name, flags | OFlags::NOATIME) {
                Err(Errno::PERM) => {}
                result => return result,
            }
        }
        self.beneath(directory, name, flags)
    }

    /// Opens below a directory of `/proc`, never through a link.
    fn beneath(
        &self,
        directory: BorrowedFd<'_>,
        name: &str,
        flags: OFlags,
    ) -> rustix::io::Result<OwnedFd> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if self.has_openat2 {
            let resolve =
                ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
            rustix::fs::openat2(directory, name, flags, Mode::empty(), resolve)
        } else {
            // Component by component: the flag that refuses links is for the last one only.
            let (path, last) = name.rsplit_once('/').unwrap_or(("", name));
            let mut at: Option<OwnedFd> = None;
            for part in path.split('/').filter(|part| !part.is_empty()) {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let base = at.as_ref().map_or(directory, AsFd::as_fd);
                at = Some(rustix::fs::openat(base, part, flags, Mode::empty())?);
            }
            let base = at.as_ref().map_or(directory, AsFd::as_fd);
            rustix::fs::openat(base, last, flags, Mode::empty())
        }
    }
}

impl Opened {
    fn of(fd: OwnedFd) -> Self {
        Opened {
            fd,
            facts: None,
            size: 0,
            is_device: false,
            access_time_touched: false,
        }
    }
}

/// Names in a directory, in the order in which they come.
pub fn list(directory: impl AsFd, mut each: impl FnMut(&[u8])) -> Result<(), Refusal> {
    let mut buffer = Vec::with_capacity(64 << 10);
    let mut entries = rustix::fs::RawDir::new(directory, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            each(name);
        }
    }
    Ok(())
}

fn is_link(directory: BorrowedFd<'_>, name: &str) -> bool {
    let stat = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
    stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

/// Inode of the pidfd of a process, where the kernel has a pidfs and so makes it unique.
pub fn pidfd_inode(pid: u32) -> Option<u64> {
    /// What `fstatfs` says of a pidfd since Linux 6.9; older ones share one anonymous inode.
    const PIDFS_MAGIC: rustix::fs::FsWord = 0x5049_4446;
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
    let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()?;
    let is_pidfs = rustix::fs::fstatfs(&pidfd).ok()?.f_type == PIDFS_MAGIC;
    is_pidfs.then(|| rustix::fs::fstat(&pidfd).ok().map(|stat| stat.st_ino))?
}

/// Opens what was found, when it is a regular file.
fn open_regular(found: &OwnedFd) -> Result<Opened, Refusal> {
    let stat = rustix::fs::fstat(found)?;
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => None,
        FileType::Directory => Some("directory"),
        FileType::Symlink => Some("symbolic link"),
        FileType::Fifo => Some("fifo"),
        FileType::Socket => Some("socket"),
        FileType::CharacterDevice => Some("character device"),
        FileType::BlockDevice => Some("block device"),
        FileType::Unknown => Some("unknown type of file"),
    };
    if let Some(kind) = kind {
        return Err(Refusal::Rule(kind.to_owned()));
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let (fd, access_time_touched) = match reopen(found, flags) {
        // Breaking the lease would wait for its holder: EAGAIN instead, by O_NONBLOCK.
        Err(Errno::AGAIN) => return Err(Refusal::Rule("EAGAIN: leased by a process".to_owned())),
        result => result?,
    };
    Ok(Opened {
        fd,
        facts: Some(FileFacts {
            device: stat.st_dev,
            inode: stat.st_ino,
            mtime: stat.st_mtime,
            uid: stat.st_uid,
        }),
        size: u64::try_from(stat.st_size).unwrap_or(0),
        is_device: false,
        access_time_touched,
    })
}

/// Opens what an `O_PATH` descriptor means, without changing its access time where that is allowed; says whether
/// it was not.
fn reopen(found: &OwnedFd, flags: OFlags) -> rustix::io::Result<(OwnedFd, bool)> {
    let flags = flags | OFlags::CLOEXEC;
    let path = fd_path(found);
    match rustix::fs::open(&path, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => Ok((rustix::fs::open(&path, flags, Mode::empty())?, true)),
        result => Ok((result?, false)),
    }
}

fn fd_path(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn refused(result: Result<Opened, Refusal>) -> String {
        match result.unwrap_err() {
            Refusal::Rule(reason) => reason,
            Refusal::Errno(errno) => format!("errno {}", errno.raw_os_error()),
            Refusal::Dangling(target) => format!("dangling, to {}", escaped(&target)),
        }
    }

    #[test]
    fn a_dead_tree_keeps_its_readers_inside() {
        let tree = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(outside.path(), "secret").unwrap();
        let home = tree.path().join("home/ada");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::create_dir_all(tree.path().join("etc")).unwrap();
        std::fs::write(tree.path().join("etc/real"), "text").unwrap();
        symlink("/etc/real", tree.path().join("etc/link")).unwrap();
        symlink("../../../../etc/real", tree.path().join("etc/up")).unwrap();
        symlink(outside.path(), tree.path().join("etc/out")).unwrap();
        symlink("/etc/real", home.join(".bash_history")).unwrap();
        symlink("loop", tree.path().join("etc/loop")).unwrap();
        symlink("/etc", tree.path().join("conf")).unwrap();
        symlink("conf/none", tree.path().join("deep")).unwrap();
        let host = Host::open(tree.path().as_os_str().as_encoded_bytes()).unwrap();
        assert!(!host.is_live());
        for name in ["/etc/real", "/etc/link", "/etc/up"] {
            let opened = host.file(name.as_bytes(), &Access::System).unwrap();
            assert_eq!(
                (opened.size, opened.access_time_touched),
                (4, false),
                "{name}"
            );
        }
        let open = |path: &str, access| refused(host.file(path.as_bytes(), access));
        let out = open("/etc/out", &Access::System);
        assert_eq!(out, format!("dangling, to {}", outside.path().display()));
        assert_eq!(open("/etc/none", &Access::System), "errno 2");
        // The link leads somewhere.
        assert_eq!(open("/conf/none", &Access::System), "errno 2");
        assert_eq!(open("/deep", &Access::System), "dangling, to conf/none");
        assert_eq!(open("/etc/loop", &Access::System), "errno 40");
        assert_eq!(open("/etc", &Access::System), "directory");
        assert_eq!(
            open("/home/ada/.bash_history", &Access::Home(9)),
            "symbolic link to /etc/real"
        );
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let tree = tempfile::tempdir().unwrap();
        let path = tree.path().join("fifo");
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let host = Host::open(tree.path().as_os_str().as_encoded_bytes()).unwrap();
        assert_eq!(refused(host.file(b"/fifo", &Access::System)), "fifo");
    }

    #[test]
    fn reading_keeps_access_times() {
        let tree = tempfile::tempdir().unwrap();
        let path = tree.path().join("log");
        std::fs::write(&path, "line\n").unwrap();
        let old = rustix::fs::Timespec {
            tv_sec: 1000,
            tv_nsec: 0,
        };
        let times = rustix::fs::Timestamps {
            last_access: old,
            last_modification: old,
        };
        rustix::fs::utimensat(CWD, &path, &times, AtFlags::empty()).unwrap();
        let host = Host::open(tree.path().as_os_str().as_encoded_bytes()).unwrap();
        let opened = host.file(b"/log", &Access::System).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(rustix::io::read(&opened.fd, &mut buffer).unwrap(), 5);
        let mut names = 0;
        let (directory, access_time_touched) = host.directory(b"/").unwrap();
        assert!(!access_time_touched);
        list(directory, |_| names += 1).unwrap();
        assert_eq!(
            (std::fs::metadata(&path).unwrap().atime(), names),
            (1000, 1)
        );
    }

    #[test]
    fn links_that_reading_touched_are_told_by_their_place_in_the_tree() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("run")).unwrap();
        std::fs::write(tree.path().join("run/log"), "line\n").unwrap();
        symlink("run", tree.path().join("var")).unwrap();
        // Older than its change: whatever the mount's rules are but noatime, the next reading sets it.
        let link = tree.path().join("var");
        let old = rustix::fs::Timespec {
            tv_sec: 1000,
            tv_nsec: 0,
        };
        let times = rustix::fs::Timestamps {
            last_access: old,
            last_modification: old,
        };
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::utimensat(CWD, &link, &times, flags).unwrap();
        let host = Host::open(tree.path().as_os_str().as_encoded_bytes()).unwrap();
        assert!(host.file(b"/var/log", &Access::System).is_ok());
        let touched = std::fs::symlink_metadata(&link).unwrap().atime() != 1000;
        let told = host.take_touched_links();
        assert_eq!(told.contains(b"/var".as_slice()), touched, "{told:?}");
        assert_eq!(told.len(), usize::from(touched));
        assert!(host.take_touched_links().is_empty());
    }

    #[test]
    fn a_mount_is_told_from_what_lies_over_it() {
        let host = Host::open(b"/").unwrap();
        if !host.is_live() {
            return;
        }
        let own = host.process(std::process::id()).unwrap();
        let root = rustix::fs::openat(&own, "root", OFlags::PATH, Mode::empty()).unwrap();
        let proc = rustix::fs::openat(CWD, "/proc", OFlags::PATH, Mode::empty()).unwrap();
        let [root, proc] = [root, proc].map(|found| host.mount_id(&found).unwrap());
        let find = |path: &[u8], way: &[u32]| match host.mount(std::process::id(), path, way) {
            Ok((mount, _)) => Ok(mount),
            Err(Refusal::Rule(reason)) => Err(reason),
            Err(refusal) => Err(format!("{refusal:?}")),
        };
        assert_eq!(find(b"/proc", &[proc, root]), Ok(proc));
        assert_eq!(find(b"/", &[root]), Ok(root));
        // A file system that was mounted at /proc before procfs was.
        assert_eq!(
            find(b"/proc", &[u32::MAX, root]),
            Err("another mount lies over it".to_owned())
        );
        assert_eq!(
            find(b"/proc", &[root, proc]),
            Err("it is not mounted any more".to_owned())
        );
        // No process has this id: it exceeds the largest that the kernel gives.
        assert!(matches!(
            host.mount(u32::MAX, b"/proc", &[proc, root]),
            Err(Refusal::Errno(Errno::SRCH))
        ));
    }

    #[test]
    fn members_of_procfs_are_opened_without_links() {
        let host = Host::open(b"/").unwrap();
        if !host.is_live() {
            return;
        }
        let own = host.process(std::process::id()).unwrap();
        assert!(host.process_file(own.as_fd(), "status").is_ok());
        assert_eq!(refused(host.process_file(own.as_fd(), "exe")), "errno 40");
        assert!(host.process_file(own.as_fd(), "root/etc/passwd").is_err());
        assert!(host.proc_file(b"/proc/mounts").is_ok());
        assert!(host.own_pid().is_some());
        assert!(matches!(
            host.process(u32::MAX >> 1),
            Err(Refusal::Errno(Errno::SRCH))
        ));
    }
}
