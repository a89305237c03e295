//! Table `mounts`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Mounts of every mount namespace (`/proc/PID/mountinfo`), with the sizes of local file systems (`statfs`). Network, FUSE,
    /// automount and other file systems whose server could be asked are not, nor are those of the kernel that have no size:
    /// their six columns are NULL, as all are in a dead tree, where the file system that was mounted is not there to be asked.
    /// Where a local one has none, `collection_log` says why below `/proc/PID/root`, or all its mounts are covered.
    pub struct Mount<'a> in "mounts" {
        sources: [Source::MountNamespace("mountinfo"), Source::Evidence("file_system_stats")],
        key: [mount_namespace, mount_id],
        logical_key: [path],
        volatile: [
            mount_namespace, mount_id, parent_id, device_number, propagation, blocks_size, blocks, blocks_free, blocks_available, inodes,
            inodes_free,
        ],
        /// Inode of the mount namespace.
        mount_namespace: Option<u64>,
        /// Identifies the mount; fds name it in `mnt_id`.
        mount_id: u32,
        /// Mount it is mounted on.
        parent_id: u32,
        /// `major:minor` of the file system.
        device_number: Text<'a>,
        /// What is mounted, unescaped; file systems without a device write any word.
        device: Text<'a>,
        /// Directory of the file system that is the mount's root.
        root: Text<'a>,
        /// Mount point as the namespace's stand-in sees it, unescaped.
        path: Text<'a>,
        /// Type of the file system.
        r#type: Text<'a>,
        /// Options of the mount.
        flags: Text<'a>,
        /// Options of the file system.
        super_options: Text<'a>,
        /// Optional fields, blank-separated: `shared:N`, `master:N`, ...
        propagation: Text<'a>,
        /// 1 when another mount lies over it or over a directory on its path, so that the path leads elsewhere.
        covered: bool,
        /// Unit of the three columns below, bytes: the one that the file system counts in, which osquery takes for its preferred
        /// size of a read.
        blocks_size: Option<u64>,
        /// Size of the file system.
        blocks: Option<u64>,
        /// Free.
        blocks_free: Option<u64>,
        /// Free for users that are not root.
        blocks_available: Option<u64>,
        /// Inodes; 0 where the file system has no fixed number.
        inodes: Option<u64>,
        /// Free inodes.
        inodes_free: Option<u64>,
    }
}
