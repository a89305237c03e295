//! What kind of file system something lies in, by the mount tables: `fstatfs` would ask a server, which may be mute.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags};
use schema::parse::mountinfo;

use super::{Host, Refusal};

/// Bytes of a mount table that are looked at: a hundred thousand mounts.
const TABLE_LIMIT: u64 = 32 << 20;
/// The file systems in which the kernel shows itself, where reading may be an act, with what `fstatfs` says of them.
const OF_THE_KERNEL: [(&[u8], rustix::fs::FsWord); 14] = [
    (b"proc", rustix::fs::PROC_SUPER_MAGIC),
    (b"sysfs", 0x6265_6572),
    (b"cgroup", 0x0027_e0eb),
    (b"cgroup2", 0x6367_7270),
    (b"debugfs", 0x6462_6720),
    (b"tracefs", 0x7472_6163),
    (b"securityfs", 0x7363_6673),
    (b"bpf", 0xcafe_4a11),
    (b"configfs", 0x6265_6570),
    (b"pstore", 0x6165_676c),
    (b"efivarfs", 0xde5e_81e4),
    (b"selinuxfs", 0xf97c_ff8c),
    (b"binfmt_misc", 0x4249_4e4d),
    (b"mqueue", 0x1980_0202),
];
/// What `fstatfs` says of an autofs mount point.
const AUTOFS_SUPER_MAGIC: rustix::fs::FsWord = 0x0187;

/// A kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Entering it would mount something.
    Automount,
    /// Reading there may be an act.
    Kernel,
    /// Any other.
    Files,
}

/// Major and minor number of a file system.
pub(super) type Device = (u32, u32);

/// The kinds that are known. A worker lives for seconds: a number that comes to mean another file system meanwhile is
/// not looked for.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    of: RefCell<BTreeMap<Device, Kind>>,
    /// Whose mount tables were read: a process's, or our own.
    read: RefCell<BTreeSet<Option<u32>>>,
}

impl Host {
    /// The kind of file system that something lies in whose device number is given. `pid` is a process that sees it,
    /// where we do not.
    pub(super) fn kind_of(
        &self,
        found: &OwnedFd,
        device: Device,
        pid: Option<u32>,
    ) -> Result<Kind, Refusal> {
        let known = || self.kinds.of.borrow().get(&device).copied();
        if let Some(kind) = known() {
            return Ok(kind);
        }
        if self.kinds.read.borrow_mut().insert(pid) {
            self.read_kinds(pid);
            if let Some(kind) = known() {
                return Ok(kind);
            }
        }
        // No table has the numbers of subvolumes, and of files on layered file systems; these are local.
        let magic = rustix::fs::fstatfs(found)?.f_type;
        let kind = if magic == AUTOFS_SUPER_MAGIC {
            Kind::Automount
        } else if OF_THE_KERNEL.iter().any(|(_, of_it)| *of_it == magic) {
            Kind::Kernel
        } else {
            Kind::Files
        };
        self.kinds.of.borrow_mut().insert(device, kind);
        Ok(kind)
    }

    /// Learns the kinds of all file systems of a mount table; a table that cannot be read teaches nothing.
    fn read_kinds(&self, pid: Option<u32>) {
        let table = match pid {
            None => {
                let flags = OFlags::RDONLY | OFlags::CLOEXEC;
                rustix::fs::openat(CWD, "/proc/self/mountinfo", flags, Mode::empty()).ok()
            }
            Some(pid) => self.process(pid).ok().and_then(|process| {
                let opened = self.process_file(process.as_fd(), "mountinfo");
                Some(opened.ok()?.fd)
            }),
        };
        let Some(table) = table else { return };
        let table = BufReader::new(std::fs::File::from(table).take(TABLE_LIMIT));
        let mut kinds = self.kinds.of.borrow_mut();
        for line in table.split(b'\n').map_while(Result::ok) {
            if let Some((device, kind)) = kind(&line) {
                kinds.entry(device).or_insert(kind);
            }
        }
    }
}

/// The file system of a line of a mount table.
fn kind(line: &[u8]) -> Option<(Device, Kind)> {
    let mount = mountinfo::mount(line)?;
    let (major, minor) = std::str::from_utf8(mount.device_number)
        .ok()?
        .split_once(':')?;
    let kind = match mount.kind {
        b"autofs" => Kind::Automount,
        kind if OF_THE_KERNEL.iter().any(|(name, _)| *name == kind) => Kind::Kernel,
        _ => Kind::Files,
    };
    Some(((major.parse().ok()?, minor.parse().ok()?), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_mount_table() {
        let check = |kind_name: &str, expected| {
            let line = format!("36 35 0:52 / /mnt rw,noatime shared:1 - {kind_name} x rw");
            assert_eq!(kind(line.as_bytes()), Some(((0, 52), expected)));
        };
        check("autofs", Kind::Automount);
        check("cgroup2", Kind::Kernel);
        check("fuse.sshfs", Kind::Files);
        check("nfs4", Kind::Files);
        for odd in [&b""[..], b"\xff", b"36 35 0 / /mnt rw - proc proc rw"] {
            assert_eq!(kind(odd), None);
        }
    }
}
