//! The ways to a file: every component by its own, without opening anything.

use std::collections::VecDeque;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, StatxFlags};
use rustix::io::Errno;
use schema::text::escaped;

use super::kinds::{Device, Kind};
use super::{Host, Refusal};
use crate::protocol::Access;

/// Symbolic links that are followed for one path, as in the kernel's own walk.
const LINK_LIMIT: usize = 40;

/// What is judged on the way to a path.
#[derive(Debug)]
pub(super) struct Judged {
    /// Bytes of the path that are the home, below which no link is followed; all of it where it lies in none.
    pub(super) home_length: usize,
    /// Whether a file in a home must belong to the owner of the home.
    pub(super) owner: bool,
    /// Whether the file systems of the kernel are refused.
    pub(super) kernel: bool,
    /// A process whose mounts the path crosses, where they are not our own.
    pub(super) pid: Option<u32>,
}

/// Asks what the kernel has in memory, and no server; mounts nothing.
const IN_MEMORY: AtFlags = AtFlags::EMPTY_PATH
    .union(AtFlags::STATX_DONT_SYNC)
    .union(AtFlags::NO_AUTOMOUNT);

/// What the walk has to know of a component.
#[derive(Debug)]
pub(super) struct Looked {
    kind: FileType,
    pub(super) mode: u32,
    /// Its owner.
    pub(super) uid: u32,
    pub(super) device: Device,
    /// Its access time, seconds and nanoseconds, as far as it is known without asking its file system.
    accessed: (i64, i64),
}

impl Host {
    /// Takes hold of a mount point below the root of a process, without opening it, and says which mount it is. `way` are
    /// the mounts that the path may cross, the wanted one first: as soon as a component lies in any other, the walk ends, so
    /// that no server is asked and nothing is mounted.
    pub fn mount(&self, pid: u32, path: &[u8], way: &[u32]) -> Result<(u32, OwnedFd), Refusal> {
        // Of a process that ended nothing is there: that is not the mount point's absence.
        let gone = |refusal| match refusal {
            Refusal::Errno(Errno::NOENT) => Refusal::Errno(Errno::SRCH),
            other => other,
        };
        let process = self.process(pid).map_err(gone)?;
        // A link of procfs that leads out of it: what is meant is the root that the path begins at.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(&process, "root", flags, Mode::empty());
        let mut at = root.map_err(|errno| gone(errno.into()))?;
        let mut names = components(path);
        loop {
            let mount = self.mount_id(&at)?;
            if !way.contains(&mount) {
                return Err(Refusal::Rule("another mount lies over it".to_owned()));
            }
            let Some(name) = names.next() else {
                return match way.first() {
                    Some(wanted) if *wanted == mount => Ok((mount, at)),
                    _ => Err(Refusal::Rule("it is not mounted any more".to_owned())),
                };
            };
            let name = CString::new(name).map_err(|_| Errno::INVAL)?;
            at = enter(name.as_c_str(), at.as_fd())?;
        }
    }

    /// The mount that something lies in, without asking its file system.
    pub(super) fn mount_id(&self, found: &OwnedFd) -> Result<u32, Refusal> {
        // Linux 5.8. Before, and where statx is forbidden, fdinfo tells since 3.15.
        if let Ok(stat) = rustix::fs::statx(found, "", IN_MEMORY, StatxFlags::MNT_ID)
            && stat.stx_mask & StatxFlags::MNT_ID.bits() != 0
        {
            return u32::try_from(stat.stx_mnt_id).map_err(|_| Errno::RANGE.into());
        }
        let path = format!("/proc/self/fdinfo/{}", found.as_raw_fd());
        let info = crate::collect::small(&self.proc_file(path.as_bytes())?);
        let id = info.split(|byte| *byte == b'\n').find_map(|line| {
            let value = line.strip_prefix(b"mnt_id:")?.trim_ascii();
            std::str::from_utf8(value).ok()?.parse().ok()
        });
        id.ok_or_else(|| Refusal::Rule("the kernel does not tell which mount it is".to_owned()))
    }

    /// Finds a path below the host's root.
    pub(super) fn find(&self, path: &[u8], access: &Access) -> Result<OwnedFd, Refusal> {
        let (home_length, in_home) = match access {
            Access::Home(length) => (usize::try_from(*length).unwrap_or(usize::MAX), true),
            _ => (path.len(), false),
        };
        let is_kernels = path.starts_with(b"/sys/") || path.starts_with(b"/proc/");
        let judged = Judged {
            home_length,
            owner: true,
            kernel: in_home || !is_kernels,
            pid: None,
        };
        self.walk(self.root.as_fd(), path, &judged)
    }

    /// Finds a path below a root without opening anything: every component by its own, so that each link is judged by
    /// who could have made it, and each file system before it is entered.
    pub(super) fn walk(
        &self,
        root: BorrowedFd<'_>,
        path: &[u8],
        judged: &Judged,
    ) -> Result<OwnedFd, Refusal> {
        let (prefix, below_home) = path
            .split_at_checked(judged.home_length)
            .ok_or(Errno::INVAL)?;
        let mut pending: VecDeque<(Vec<u8>, bool)> = components(prefix)
            .map(|name| (name, false))
            .chain(components(below_home).map(|name| (name, true)))
            .collect();
        let root = enter(".", root)?;
        let device = look(&root)?.device;
        let mut directories = vec![(root, device)];
        let mut links = 0;
        // Links on the way, with how many components are left once the last one of their target is entered.
        let mut targets: Vec<(Vec<u8>, usize)> = Vec::new();
        let mut home_owner = None;
        while let Some((name, in_home)) = pending.pop_front() {
            let (directory, device) = directories.last().ok_or(Errno::NOENT)?;
            if name == b".." {
                if directories.len() > 1 {
                    directories.pop();
                }
                continue;
            }
            if in_home && home_owner.is_none() {
                home_owner = Some(look(directory)?.uid);
            }
            let name = CString::new(name).map_err(|_| Errno::INVAL)?;
            // What is missing below the target of a link does not make the link dangle.
            targets.retain(|(_, left)| *left <= pending.len());
            let found = match (enter(name.as_c_str(), directory.as_fd()), targets.pop()) {
                (Err(Errno::NOENT), Some((target, _))) => return Err(Refusal::Dangling(target)),
                (entered, target) => {
                    targets.extend(target);
                    entered?
                }
            };
            let seen = look(&found)?;
            if seen.device != *device && seen.kind != FileType::Symlink {
                match self.kind_of(&found, seen.device, judged.pid)? {
                    Kind::Automount => {
                        return Err(Refusal::Rule("below an automount point".to_owned()));
                    }
                    Kind::Kernel if judged.kernel => {
                        return Err(Refusal::Rule("a file of the kernel".to_owned()));
                    }
                    Kind::Kernel | Kind::Files => {}
                }
            }
            match seen.kind {
                FileType::Symlink => {
                    let target = self.read_link(&found, &seen)?;
                    links += 1;
                    self.judge_link(&seen, directory, &target, in_home)?;
                    if links > LINK_LIMIT {
                        return Err(Errno::LOOP.into());
                    }
                    if target.starts_with(b"/") {
                        directories.truncate(1);
                    }
                    let left = pending.len();
                    for component in components(&target).collect::<Vec<_>>().into_iter().rev() {
                        pending.push_front((component, false));
                    }
                    targets.push((target, left));
                }
                FileType::Directory => directories.push((found, seen.device)),
                _ if pending.is_empty() => {
                    let is_judged = judged.owner && self.live;
                    if is_judged && home_owner.is_some_and(|owner| owner != seen.uid) {
                        return Err(Refusal::Rule(format!(
                            "owned by uid {}, not by the owner of the home",
                            seen.uid
                        )));
                    }
                    return Ok(found);
                }
                _ => return Err(Errno::NOTDIR.into()),
            }
        }
        let (found, _) = directories.pop().ok_or(Errno::NOENT)?;
        Ok(found)
    }

    /// The target of a symbolic link. For links there is no `O_NOATIME`: what the reading changed is noted.
    fn read_link(&self, link: &OwnedFd, before: &Looked) -> rustix::io::Result<Vec<u8>> {
        let target = rustix::fs::readlinkat(link, "", Vec::new())?.into_bytes();
        if look(link)?.accessed != before.accessed {
            // Its own path, below the root that is captured.
            let path = |fd| rustix::fs::readlink(super::fd_path(fd), Vec::new());
            let (path, root) = (path(link)?.into_bytes(), path(&self.root)?.into_bytes());
            let below = path.strip_prefix(root.as_slice());
            let below = below.filter(|below| below.starts_with(b"/"));
            let below = below.map(<[u8]>::to_vec);
            self.touched_links
                .borrow_mut()
                .insert(below.unwrap_or(path));
        }
        Ok(target)
    }

    /// A link may be followed when only root could have made it; in a dead tree owners mean nothing, and nothing
    /// leads out of the tree.
    fn judge_link(
        &self,
        link: &Looked,
        directory: &OwnedFd,
        target: &[u8],
        in_home: bool,
    ) -> Result<(), Refusal> {
        let refuse = |why: &str| {
            Err(Refusal::Rule(format!(
                "symbolic link{why} to {}",
                escaped(target)
            )))
        };
        if in_home {
            return refuse("");
        }
        if !self.live {
            return Ok(());
        }
        let directory = look(directory)?;
        let writable_by_others = directory.mode & 0o022 != 0;
        if link.uid != 0 || directory.uid != 0 || writable_by_others {
            return refuse(" that not only root could make");
        }
        Ok(())
    }
}

/// Looks at a component of a path without asking a server for it, where the kernel can be told so (Linux 4.11).
pub(super) fn look(found: &OwnedFd) -> rustix::io::Result<Looked> {
    let wanted = StatxFlags::TYPE | StatxFlags::MODE | StatxFlags::UID | StatxFlags::ATIME;
    match rustix::fs::statx(found, "", IN_MEMORY, wanted) {
        Ok(stat) => {
            let mode = u32::from(stat.stx_mode);
            Ok(Looked {
                kind: FileType::from_raw_mode(mode),
                mode,
                uid: stat.stx_uid,
                device: (stat.stx_dev_major, stat.stx_dev_minor),
                accessed: (stat.stx_atime.tv_sec, stat.stx_atime.tv_nsec.into()),
            })
        }
        // Also where a filter of system calls forbids it.
        Err(Errno::NOSYS | Errno::PERM) => {
            let stat = rustix::fs::fstat(found)?;
            let device = stat.st_dev;
            Ok(Looked {
                kind: FileType::from_raw_mode(stat.st_mode),
                mode: stat.st_mode,
                uid: stat.st_uid,
                device: (rustix::fs::major(device), rustix::fs::minor(device)),
                accessed: (
                    stat.st_atime,
                    i64::try_from(stat.st_atime_nsec).unwrap_or(0),
                ),
            })
        }
        Err(errno) => Err(errno),
    }
}

/// Takes hold of a component of a path without opening it.
pub(super) fn enter<P: rustix::path::Arg>(
    name: P,
    directory: BorrowedFd<'_>,
) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(directory, name, flags, Mode::empty())
}

fn components(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    path.split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .map(<[u8]>::to_vec)
}
