//! Logs that are reached through a process.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use super::kinds::Kind;
use super::walk::{Judged, look};
use super::{Host, Opened, Refusal, fd_path, open_regular};
use crate::history;

impl Host {
    /// The file that a process holds open, when it still is the one that was met: the same file, or what has its path by now,
    /// as a log that was rotated. It is opened anew, for reading; nothing that is no regular file is, and none of the kernel's.
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
        let is_same = opened.facts.map(|facts| facts.inode) == inode;
        if !is_same && self.process_link(process, &name, Vec::new())? != target {
            return Err(Errno::NOENT.into());
        }
        Ok(opened)
    }

    /// A log that the command line of a process names, below the root directory given or the host's own. Unless it is root's,
    /// the file must be its own: a process must not make us read what it could not.
    pub fn named_log(
        &self,
        root: Option<&OwnedFd>,
        path: &[u8],
        pid: u32,
        uid: u32,
    ) -> Result<Opened, Refusal> {
        let judge = |path: &[u8]| {
            if history::is_secret(path) {
                return Err(Refusal::Rule("known to hold secrets".to_owned()));
            }
            Ok(())
        };
        judge(path)?;
        let judged = Judged {
            home_length: path.len(),
            owner: false,
            kernel: true,
            pid: root.is_some().then_some(pid),
        };
        let root = root.unwrap_or(&self.root);
        let found = self.walk(root.as_fd(), path, &judged)?;
        let owner = look(&found)?.uid;
        if self.live && uid != 0 && owner != uid {
            return Err(Refusal::Rule(format!(
                "owned by uid {owner}, and named by a process of uid {uid}"
            )));
        }
        // The path may lead through links.
        judge(rustix::fs::readlink(fd_path(&found), Vec::new())?.as_bytes())?;
        open_regular(&found)
    }
}
