//! Table `process_fds`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Open file descriptors: one row per entry of `/proc/PID/fd`, from its link and its fdinfo.
    pub struct ProcessFd<'a> in "process_fds" {
        sources: [Source::Evidence("fd_links")],
        key: [pid, fd],
        volatile: [pos],
        /// Process id.
        pid: u32,
        /// Number of the file descriptor.
        fd: u32,
        /// `file`, `socket`, `pipe`, `anon_inode`, `memfd`, `namespace`, `device`, or `unknown` where the link could not be read; a
        /// directory is a `file`.
        r#type: Text<'a>,
        /// Target of the link exactly as the kernel gives it, without its ` (deleted)` where that is the kernel's; NULL where
        /// it could not be read.
        target: Option<Text<'a>>,
        /// Inode: from the link of sockets, pipes and namespaces, else from fdinfo (since Linux 5.14); NULL on older ones.
        inode: Option<u64>,
        /// Open flags of fdinfo, as `open(2)` numbers them.
        flags: Option<u32>,
        /// File position.
        pos: Option<u64>,
        /// Identifies the mount in `mountinfo`.
        mnt_id: Option<u32>,
        /// 1 when the file has no name any more.
        deleted: bool,
    }
}
