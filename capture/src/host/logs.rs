//! Files that are reached through a process: logs, and what it names.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::kinds::Kind;
use super::walk::{Judged, Looked, look};
use super::{Host, Opened, Refusal, fd_path, open_regular, reopen};
use crate::{history, log};

/// Everybody may read it.
const EVERYBODY: u32 = 0o004;

/// Whose a file must be.
#[derive(Debug, Clone, Copy)]
pub enum Whose {
    /// Anybody's.
    Anybodys,
    /// A user's own.
    Own(u32),
    /// A user's own, or one that everybody may read.
    Readable(u32),
}

impl Whose {
    fn check(self, file: &Looked) -> Result<(), Refusal> {
        let owner = file.uid;
        let reason = match self {
            Whose::Own(uid) if uid != owner => {
                format!("owned by uid {owner}, and named by a process of uid {uid}")
            }
            Whose::Readable(uid) if uid != owner && file.mode & EVERYBODY == 0 => {
                format!(
                    "owned by uid {owner}, not for everybody, and named by a process of uid {uid}"
                )
            }
            _ => return Ok(()),
        };
        Err(Refusal::Rule(reason))
    }
}

impl Host {
    /// The file that a process holds open to write to, when it still is the one that was met: the same file, or what has its path by now,
    /// as a log that was rotated. It is opened anew, for reading; nothing that is no regular file is, and none of the kernel's.
    ///
    /// Taking hold of a file needs no right to it, for the process neither: only what it may write to is read.
    pub fn held(
        &self,
        process: BorrowedFd<'_>,
        fd: u32,
        target: &[u8],
        inode: Option<u64>,
    ) -> Result<Opened, Refusal> {
        if !self.live {
            return Err(Refusal::Rule("a link of a dead tree".to_owned()));
        }
        let name = format!("fd/{fd}");
        let found = self.behind(process, &name)?;
        let device = look(&found)?.device;
        if self.kind_of(&found, device, None)? != Kind::Files {
            return Err(Refusal::Rule("a file of the kernel".to_owned()));
        }
        let opened = open_regular(&found)?;
        let own = opened.facts.map(|facts| facts.inode);
        let link = self.process_link(process, &name, Vec::new())?;
        let info = self.process_file(process, &format!("fdinfo/{fd}"))?;
        let held = log::held(fd, &link, &crate::collect::small(&info));
        let is_held = held.is_some_and(|held| held.inode.is_none() || held.inode == own);
        if !is_held || (own != inode && link != target) {
            return Err(Errno::NOENT.into());
        }
        Ok(opened)
    }

    /// A log or a configuration file that a process leads to, below the root directory given or the host's own, if that process is
    /// root's, or the file is whose it must be: a process must not make us read what it could not.
    pub fn led_to(
        &self,
        root: Option<&OwnedFd>,
        path: &[u8],
        pid: u32,
        whose: Whose,
    ) -> Result<Opened, Refusal> {
        self.owned(root, path, &anywhere(path, root, pid), self.of_user(whose))
    }

    /// A directory that a process leads to, for listing, under the same condition; and whether its access time will change.
    pub fn led_to_directory(
        &self,
        root: Option<&OwnedFd>,
        path: &[u8],
        pid: u32,
        whose: Whose,
    ) -> Result<(OwnedFd, bool), Refusal> {
        let judged = anywhere(path, root, pid);
        let root = root.unwrap_or(&self.root);
        let found = self.walk(root.as_fd(), path, &judged)?;
        self.of_user(whose).check(&look(&found)?)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        Ok(reopen(&found, flags)?)
    }

    /// Root's processes may read anything, and in a dead tree nobody has a process.
    fn of_user(&self, whose: Whose) -> Whose {
        match whose {
            Whose::Own(uid) | Whose::Readable(uid) if self.live && uid != 0 => whose,
            _ => Whose::Anybodys,
        }
    }

    /// A file below the root directory given or the host's own, that holds no secrets and is whose it must be.
    pub(super) fn owned(
        &self,
        root: Option<&OwnedFd>,
        path: &[u8],
        judged: &Judged,
        whose: Whose,
    ) -> Result<Opened, Refusal> {
        let judge = |path: &[u8]| {
            if history::is_secret(path) {
                return Err(Refusal::Rule("known to hold secrets".to_owned()));
            }
            Ok(())
        };
        judge(path)?;
        let root = root.unwrap_or(&self.root);
        let found = self.walk(root.as_fd(), path, judged)?;
        whose.check(&look(&found)?)?;
        // The path may lead through links.
        judge(rustix::fs::readlink(fd_path(&found), Vec::new())?.as_bytes())?;
        open_regular(&found)
    }
}

/// What a process names may lie anywhere but in the kernel's own file systems.
fn anywhere(path: &[u8], root: Option<&OwnedFd>, pid: u32) -> Judged {
    Judged {
        home_length: path.len(),
        owner: false,
        kernel: true,
        pid: root.is_some().then_some(pid),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn only_what_a_process_may_write_to() {
        let host = Host::open(b"/").unwrap();
        if !host.is_live() {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("x.log");
        std::fs::write(&path, "line\n").unwrap();
        let own = host.process(std::process::id()).unwrap();
        let target = path.as_os_str().as_encoded_bytes();
        let inode = std::fs::metadata(&path).unwrap().ino();
        let read = |file: &dyn AsRawFd, target: &[u8], inode: Option<u64>| {
            let fd = u32::try_from(file.as_raw_fd()).unwrap();
            host.held(own.as_fd(), fd, target, inode)
                .map(|opened| opened.size)
                .ok()
        };
        let appended = File::options().append(true).open(&path).unwrap();
        assert_eq!(read(&appended, target, Some(inode)), Some(5));
        // It was renamed, or is another file under its name.
        assert_eq!(read(&appended, b"/elsewhere", Some(inode)), Some(5));
        assert_eq!(read(&appended, target, Some(inode + 1)), Some(5));
        assert_eq!(read(&appended, b"/elsewhere", Some(inode + 1)), None);
        // A descriptor that only means the file, or only reads it.
        let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
        let place_only = rustix::fs::open(&path, flags, rustix::fs::Mode::empty()).unwrap();
        assert_eq!(read(&place_only, target, Some(inode)), None);
        assert_eq!(read(&File::open(&path).unwrap(), target, Some(inode)), None);
    }
}
