//! Where the bundle goes: a new file that gets its name when it is whole, or standard output.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{AtFlags, CWD, FallocateFlags, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;
use schema::bundle::{FrameOut, Urgency};

use crate::Error;
use crate::watch::{self, Activity};

/// Space kept for what closes a bundle: the last records, the index and the sums, each less than 1 MiB before compression.
/// Records and index shrink to a tenth; of the sums the digits of the hashes shrink to half.
pub const RESERVE: u64 = 1 << 20;
/// Bytes of one write to standard output: as much as a pipe holds, so that a slow reader is seen to read.
const STREAM_CHUNK: usize = 64 << 10;

/// An output that is open.
#[derive(Debug)]
pub enum Output {
    /// A file under its partial name.
    File(PartialFile),
    /// Standard output: frames go as they come.
    Stream(Stream),
}

/// A file that is not whole yet.
#[derive(Debug)]
pub struct PartialFile {
    file: OwnedFd,
    partial: PathBuf,
    path: PathBuf,
    identity: Identity,
    written: u64,
    /// Most bytes the file may have.
    limit: Option<u64>,
    /// Most bytes that this process may write to a file (`RLIMIT_FSIZE`).
    file_limit: Option<u64>,
    /// Whether the file system can set space aside.
    reserves: bool,
    activity: Arc<Activity>,
}

/// Standard output as a bundle.
#[derive(Debug)]
pub struct Stream {
    /// How a write failed: part of a frame may be out, and nothing that follows could be read.
    broken: Option<io::ErrorKind>,
    activity: Arc<Activity>,
}

/// Which file it is, whatever name it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Output {
    /// Creates the file `path` under its partial name. An existing file of either name is refused.
    pub fn create(path: &Path, limit: Option<u64>, activity: Arc<Activity>) -> Result<Self, Error> {
        if path.as_os_str().is_empty() {
            return Err(Error::Argument("--output is an empty name".to_owned()));
        }
        let partial = partial_name(path);
        activity.writes_to(&partial);
        let (file, identity) = activity
            .during(watch::WRITE_PATIENCE, || create(path, &partial))
            .map_err(|(path, errno)| Error::Output {
                attempt: "create",
                path: path.to_owned(),
                source: errno.into(),
            })?;
        Ok(Output::File(PartialFile {
            file,
            partial,
            path: path.to_owned(),
            identity,
            written: 0,
            limit,
            file_limit: crate::sys::file_size_limit(),
            reserves: true,
            activity,
        }))
    }

    /// Standard output.
    pub fn stream(activity: Arc<Activity>) -> Self {
        Output::Stream(Stream {
            broken: None,
            activity,
        })
    }

    /// The file, where it is one, so that it can be told from another one of its name.
    pub fn identity(&self) -> Option<Identity> {
        match self {
            Output::File(file) => Some(file.identity),
            Output::Stream(_) => None,
        }
    }

    /// Makes the bundle durable and gives it its name, without replacing anything.
    pub fn finish(self) -> Result<(), Error> {
        match self {
            Output::File(file) => file.finish(),
            // Every frame has been written when it was put.
            Output::Stream(_) => Ok(()),
        }
    }
}

/// Creates a file under its partial name, unless one of either name is there; a failure comes with the name that failed.
fn create<'a>(path: &'a Path, partial: &'a Path) -> Result<(OwnedFd, Identity), (&'a Path, Errno)> {
    // What is there is refused before the work and not only at its end.
    match rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => return Err((path, Errno::EXIST)),
        Err(Errno::NOENT) => {}
        Err(errno) => return Err((path, errno)),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let file = rustix::fs::open(partial, flags, mode).map_err(|errno| (partial, errno))?;
    // A umask may take the owner's rights too. Where modes cannot be set there are none to set.
    let _ = rustix::fs::fchmod(&file, mode);
    match rustix::fs::fstat(&file) {
        Ok(stat) => Ok((file, Identity::of(&stat))),
        Err(errno) => Err((partial, errno)),
    }
}

/// The name of a bundle that is not whole yet.
pub fn partial_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".partial");
    PathBuf::from(name)
}

/// Whether standard output was closed when we were started: the runtime puts `/dev/null` in its place, open for reading
/// too, which no redirection of a shell is. A bundle would go nowhere, and look written.
pub fn is_stdout_closed() -> bool {
    let stdout = io::stdout();
    let is_null = rustix::fs::fstat(&stdout).is_ok_and(|stat| {
        rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::CharacterDevice
            && stat.st_rdev == rustix::fs::makedev(1, 3)
    });
    match rustix::fs::fcntl_getfl(&stdout) {
        Ok(flags) => is_null && flags.contains(OFlags::RDWR),
        Err(_) => true,
    }
}

impl Identity {
    fn of(stat: &Stat) -> Self {
        Identity {
            device: stat.st_dev,
            inode: stat.st_ino,
        }
    }

    /// Whether it is what has this name.
    pub fn is_at(self, path: &Path) -> bool {
        rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| Identity::of(&stat) == self)
    }
}

impl FrameOut for Output {
    fn put(&mut self, frame: &[u8], urgency: Urgency) -> io::Result<()> {
        match self {
            Output::File(file) => file.put(frame, urgency),
            Output::Stream(stream) => stream.put(frame),
        }
    }
}

impl Stream {
    fn put(&mut self, frame: &[u8]) -> io::Result<()> {
        if let Some(kind) = self.broken {
            return Err(kind.into());
        }
        let written = self.write(frame);
        self.broken = written.as_ref().err().map(io::Error::kind);
        written
    }

    fn write(&self, mut rest: &[u8]) -> io::Result<()> {
        let stdout = io::stdout();
        while !rest.is_empty() {
            let chunk = rest.get(..STREAM_CHUNK).unwrap_or(rest);
            let written = self
                .activity
                .during(watch::WRITE_PATIENCE, || rustix::io::write(&stdout, chunk));
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                // Somebody who shares it has made it so that nothing waits.
                Err(Errno::AGAIN) => {
                    let mut fds = [PollFd::new(&stdout, PollFlags::OUT)];
                    let polled = self
                        .activity
                        .during(watch::WRITE_PATIENCE, || poll(&mut fds, None));
                    match polled {
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(errno) => return Err(errno.into()),
                    }
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }
}

impl PartialFile {
    fn put(&mut self, frame: &[u8], urgency: Urgency) -> io::Result<()> {
        let length = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        if urgency == Urgency::Content {
            let needed = length.saturating_add(RESERVE);
            let end = self.written.saturating_add(needed);
            if self.limit.is_some_and(|limit| end > limit) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            // What is set aside does not count for this limit, only what is written.
            if self.file_limit.is_some_and(|limit| end > limit) {
                return Err(Errno::FBIG.into());
            }
            self.reserve(needed)?;
        }
        let mut rest = frame;
        let mut offset = self.written;
        while !rest.is_empty() {
            let written = self.activity.during(watch::WRITE_PATIENCE, || {
                rustix::io::pwrite(&self.file, rest, offset)
            });
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    offset = offset.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                }
                Err(Errno::INTR) => {}
                Err(errno) => {
                    // The output is as it was: the frame goes in whole or not at all.
                    let _ = self.activity.during(watch::WRITE_PATIENCE, || {
                        rustix::fs::ftruncate(&self.file, self.written)
                    });
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
        let result = self.activity.during(watch::WRITE_PATIENCE, || {
            rustix::io::retry_on_intr(set_aside)
        });
        match result {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => {
                self.reserves = false;
                Ok(())
            }
            result => Ok(result?),
        }
    }

    fn finish(self) -> Result<(), Error> {
        let result = self.settle();
        // A file system may have to be asked.
        let PartialFile { file, activity, .. } = self;
        activity.during(watch::WRITE_PATIENCE, || drop(file));
        result
    }

    fn settle(&self) -> Result<(), Error> {
        let error = |attempt, path: &Path, source: io::Error| Error::Output {
            attempt,
            path: path.to_owned(),
            source,
        };
        // Gives back what was set aside.
        let settled = self.activity.during(watch::SYNC_PATIENCE, || {
            rustix::io::retry_on_intr(|| rustix::fs::ftruncate(&self.file, self.written))
                .and_then(|()| rustix::io::retry_on_intr(|| rustix::fs::fdatasync(&self.file)))
        });
        settled.map_err(|errno| error("write", &self.partial, errno.into()))?;
        // Whatever has that name now would be passed off as the bundle.
        let is_ours = self
            .activity
            .during(watch::WRITE_PATIENCE, || self.identity.is_at(&self.partial));
        if !is_ours {
            let source = io::Error::other("somebody removed, renamed or replaced it");
            return Err(error("find", &self.partial, source));
        }
        let named = self.activity.during(watch::WRITE_PATIENCE, || self.name());
        named.map_err(|errno| error("name", &self.path, errno.into()))
    }

    fn name(&self) -> rustix::io::Result<()> {
        let (from, to) = (&self.partial, &self.path);
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system without this rename: a second name does the same.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM) => {}
            result => return result,
        }
        match rustix::fs::linkat(CWD, from, CWD, to, AtFlags::empty()) {
            Ok(()) => rustix::fs::unlink(from),
            // Nor second names: what was looked for at the start is looked for once more.
            Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {
                match rustix::fs::statat(CWD, to, AtFlags::SYMLINK_NOFOLLOW) {
                    Err(Errno::NOENT) => rustix::fs::rename(from, to),
                    Err(errno) => Err(errno),
                    Ok(_) => Err(Errno::EXIST),
                }
            }
            Err(errno) => Err(errno),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(path: &Path, limit: Option<u64>) -> Result<Output, Error> {
        Output::create(path, limit, Arc::default())
    }

    #[test]
    fn nothing_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.tar.zst");
        let mut output = create(&path, None).unwrap();
        output.put(b"frame", Urgency::Content).unwrap();
        assert!(!path.exists());
        assert!(create(&path, None).is_err(), "the partial name is taken");
        output.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"frame");
        assert!(create(&path, None).is_err(), "the name is taken");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/nowhere", &path).unwrap();
        assert!(create(&path, None).is_err(), "a dangling link");
        let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn a_limit_keeps_room_for_closing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.tar.zst");
        let mut output = create(&path, Some(RESERVE + 10)).unwrap();
        output.put(b"content", Urgency::Content).unwrap();
        let refused = output.put(b"content", Urgency::Content).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        output.put(b"closing", Urgency::Closing).unwrap();
        output.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"contentclosing");
    }

    #[test]
    fn only_our_own_file_gets_the_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.tar.zst");
        let output = create(&path, None).unwrap();
        let partial = partial_name(&path);
        std::fs::remove_file(&partial).unwrap();
        std::fs::write(&partial, "somebody else's").unwrap();
        assert!(output.finish().is_err());
        assert!(!path.exists());
        assert!(create(Path::new(""), None).is_err());
    }
}
