//! Table `mounts`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Mounts of every mount namespace (`/proc/PID/mountinfo`).
    pub struct Mount<'a> in "mounts" {
        sources: [Source::MountNamespace("mountinfo")],
        key: [mount_namespace, mount_id],
        logical_key: [path, device, r#type, root],
        volatile: [mount_namespace, mount_id, parent_id, device_number],
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
    }
}
