//! Where the bundle goes: a new file that gets its name when it is whole, or standard output.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FallocateFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use schema::bundle::{FrameOut, Urgency};

use crate::Error;

/// Space kept for what closes a bundle: the last records, the index and the sums, each less than 1 MiB before compression.
/// Records and index shrink to a tenth; of the sums the digits of the hashes shrink to half.
pub const RESERVE: u64 = 1 << 20;

/// An output that is open.
#[derive(Debug)]
pub enum Output {
    /// A file under its partial name.
    File(PartialFile),
    /// Standard output: frames go as they come.
    Stream(io::Stdout),
}

/// A file that is not whole yet.
#[derive(Debug)]
pub struct PartialFile {
    file: OwnedFd,
    partial: PathBuf,
    path: PathBuf,
    written: u64,
    /// Most bytes the file may have.
    limit: Option<u64>,
    /// Whether the file system can set space aside.
    reserves: bool,
}

impl Output {
    /// Creates the file `path` under its partial name. An existing file of either name is refused.
    pub fn create(path: &Path, limit: Option<u64>) -> Result<Self, Error> {
        let error = |attempt, path: &Path, errno: Errno| Error::Output {
            attempt,
            path: path.to_owned(),
            source: errno.into(),
        };
        // What is there is refused before the work and not only at its end.
        match rustix::fs::statat(CWD, path, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => return Err(error("create", path, Errno::EXIST)),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(error("create", path, errno)),
        }
        let partial = partial_name(path);
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::open(&partial, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| error("create", &partial, errno))?;
        Ok(Output::File(PartialFile {
            file,
            partial,
            path: path.to_owned(),
            written: 0,
            limit,
            reserves: true,
        }))
    }

    /// Makes the bundle durable and gives it its name, without replacing anything.
    pub fn finish(self) -> Result<(), Error> {
        let file = match self {
            Output::File(file) => file,
            Output::Stream(mut stream) => {
                return stream.flush().map_err(|source| Error::Output {
                    attempt: "write",
                    path: PathBuf::from("standard output"),
                    source,
                });
            }
        };
        let error = |attempt, path: &Path, errno: Errno| Error::Output {
            attempt,
            path: path.to_owned(),
            source: errno.into(),
        };
        // Gives back what was set aside.
        rustix::io::retry_on_intr(|| rustix::fs::ftruncate(&file.file, file.written))
            .and_then(|()| rustix::io::retry_on_intr(|| rustix::fs::fdatasync(&file.file)))
            .map_err(|errno| error("write", &file.partial, errno))?;
        let renamed =
            rustix::fs::renameat_with(CWD, &file.partial, CWD, &file.path, RenameFlags::NOREPLACE);
        match renamed {
            // A file system without this rename, or a container's filter that refuses it: a second name does the same.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM) => {
                let no_flags = rustix::fs::AtFlags::empty();
                rustix::fs::linkat(CWD, &file.partial, CWD, &file.path, no_flags)
                    .and_then(|()| rustix::fs::unlink(&file.partial))
                    .map_err(|errno| error("name", &file.path, errno))
            }
            result => result.map_err(|errno| error("name", &file.path, errno)),
        }
    }
}

/// The name of a bundle that is not whole yet.
pub fn partial_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".partial");
    PathBuf::from(name)
}

impl FrameOut for Output {
    fn put(&mut self, frame: &[u8], urgency: Urgency) -> io::Result<()> {
        match self {
            Output::File(file) => file.put(frame, urgency),
            Output::Stream(stream) => {
                stream.write_all(frame)?;
                stream.flush()
            }
        }
    }
}

impl PartialFile {
    fn put(&mut self, frame: &[u8], urgency: Urgency) -> io::Result<()> {
        let length = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        if urgency == Urgency::Content {
            let needed = length.saturating_add(RESERVE);
            if self
                .limit
                .is_some_and(|limit| self.written.saturating_add(needed) > limit)
            {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.reserve(needed)?;
        }
        let mut rest = frame;
        let mut offset = self.written;
        while !rest.is_empty() {
            match rustix::io::pwrite(&self.file, rest, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    offset = offset.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                }
                Err(Errno::INTR) => {}
                Err(errno) => {
                    // The output is as it was: the frame goes in whole or not at all.
                    let _ = rustix::fs::ftruncate(&self.file, self.written);
                    return Err(errno.into());
                }
            }
        }
        self.written = offset;
        Ok(())
    }

    /// Sets space aside for a frame and for what closes the bundle after it.
    fn reserve(&mut self, length: u64) -> io::Result<()> {
        if !self.reserves {
            return Ok(());
        }
        let set_aside = || {
            let flags = FallocateFlags::KEEP_SIZE;
            rustix::fs::fallocate(&self.file, flags, self.written, length)
        };
        // The signal that ends a capture must not cost its bundle.
        match rustix::io::retry_on_intr(set_aside) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => {
                self.reserves = false;
                Ok(())
            }
            result => Ok(result?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.tar.zst");
        let mut output = Output::create(&path, None).unwrap();
        output.put(b"frame", Urgency::Content).unwrap();
        assert!(!path.exists());
        assert!(
            Output::create(&path, None).is_err(),
            "the partial name is taken"
        );
        output.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"frame");
        assert!(Output::create(&path, None).is_err(), "the name is taken");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/nowhere", &path).unwrap();
        assert!(Output::create(&path, None).is_err(), "a dangling link");
        let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn a_limit_keeps_room_for_closing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.tar.zst");
        let mut output = Output::create(&path, Some(RESERVE + 10)).unwrap();
        output.put(b"content", Urgency::Content).unwrap();
        let refused = output.put(b"content", Urgency::Content).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        output.put(b"closing", Urgency::Closing).unwrap();
        output.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"contentclosing");
    }
}
