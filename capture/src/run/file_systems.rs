//! Which file systems are asked for their sizes: local ones, each once, through a mount that can be reached without asking
//! a server or mounting anything. And what the kernel says of its clock.

use std::collections::{BTreeMap, BTreeSet};

use schema::Source;
use schema::parse::mountinfo::{self, Mount, Paths};
use schema::records::FileSystemStat;

use super::schedule::current_visit;
use super::{Capture, STAND_INS};
use crate::Error;
use crate::jobs::Outstanding;
use crate::protocol::{FileSystemTask, Request};
use crate::sys;

/// File systems of one request.
const BATCH: usize = 8;

/// Types that answer `statfs` from their own memory or disk. What is named neither here nor below may have to ask a server
/// (network, FUSE, autofs).
const LOCAL: &[&[u8]] = &[
    b"bcachefs",
    b"btrfs",
    b"cramfs",
    b"devtmpfs",
    b"erofs",
    b"exfat",
    b"ext2",
    b"ext3",
    b"ext4",
    b"f2fs",
    b"hfs",
    b"hfsplus",
    b"hugetlbfs",
    b"iso9660",
    b"jffs2",
    b"jfs",
    b"minix",
    b"msdos",
    b"nilfs2",
    b"ntfs",
    b"ntfs3",
    b"overlay",
    b"reiserfs",
    b"romfs",
    b"squashfs",
    b"tmpfs",
    b"ubifs",
    b"udf",
    b"ufs",
    b"vfat",
    b"xfs",
    b"zfs",
];
/// Types that have no size but are as harmless, and below which others are mounted.
const SIZELESS: &[&[u8]] = &[
    b"cgroup", b"cgroup2", b"proc", b"ramfs", b"rootfs", b"sysfs",
];

/// What the mount tables told of file systems.
#[derive(Debug, Default)]
pub(super) struct FileSystems {
    /// Mount tables on their way in, by process.
    incoming: BTreeMap<u32, Vec<u8>>,
    /// Ways to each local file system by its device number, the best first.
    ways: BTreeMap<Vec<u8>, Vec<Way>>,
    /// Where overlays keep their files, by device number.
    uppers: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The lowest process that stands for a mount namespace, and the mount points there with whether they are local: paths of
    /// overlays are those of the host.
    host: Option<(u32, BTreeMap<Vec<u8>, bool>)>,
    /// Device numbers of those that were measured.
    measured: BTreeSet<Vec<u8>>,
}

/// A way to a file system. Their order is that of preference: the whole file system before a directory of it, which may have
/// a quota of its own, and the host's mounts before those of containers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    is_part: bool,
    pid: u32,
    path: Vec<u8>,
    mounts: Vec<u32>,
}

impl FileSystems {
    /// Learns the mount table that a process showed.
    fn add(&mut self, pid: u32, table: &[u8]) {
        let lines = table.split(|byte| *byte == b'\n');
        let mounts: Vec<Mount<'_>> = lines.filter_map(mountinfo::mount).collect();
        let paths = Paths::new(&mounts);
        let is_host = self.host.as_ref().is_none_or(|(host, _)| pid < *host);
        let mut points = BTreeMap::new();
        for mount in &mounts {
            let Some(way) = paths.way(mount) else {
                continue;
            };
            if is_host {
                points.insert(mount.path.to_vec(), is_local(mount));
            }
            // What the first is mounted on is not known where that is not the root.
            let is_whole = way.last().is_some_and(|first| &*first.path == b"/");
            let is_harmless =
                |mount: &&Mount<'_>| is_local(mount) || SIZELESS.contains(&mount.kind);
            if !is_local(mount) || !is_whole || !way.iter().all(is_harmless) {
                continue;
            }
            let way = Way {
                is_part: &*mount.root != b"/",
                pid,
                path: mount.path.to_vec(),
                mounts: way.iter().map(|mount| mount.id).collect(),
            };
            let device = mount.device_number.to_vec();
            if let Some(upper) = upper(mount) {
                self.uppers.insert(device.clone(), upper.to_vec());
            }
            let ways = self.ways.entry(device).or_default();
            if let Err(position) = ways.binary_search(&way) {
                ways.insert(position, way);
                ways.truncate(STAND_INS);
            }
        }
        if is_host {
            self.host = Some((pid, points));
        }
    }

    /// The `attempt`th way to each file system that is not measured yet.
    fn tasks(&self, attempt: usize) -> Vec<FileSystemTask> {
        let is_wanted = |device: &Vec<u8>| {
            !self.measured.contains(device)
                && !self
                    .uppers
                    .get(device)
                    .is_some_and(|upper| self.is_remote(upper))
        };
        self.ways
            .iter()
            .filter(|(device, _)| is_wanted(device))
            .filter_map(|(device, ways)| {
                let way = ways.get(attempt)?;
                Some(FileSystemTask {
                    pid: way.pid,
                    path: way.path.clone(),
                    device_number: device.clone(),
                    way: way.mounts.clone(),
                })
            })
            .collect()
    }

    /// Whether a path of the host lies in a file system that is not local.
    fn is_remote(&self, path: &[u8]) -> bool {
        let points = self.host.as_ref().map(|(_, points)| points);
        let above = points
            .into_iter()
            .flatten()
            .filter(|(point, _)| point.as_slice() == path || mountinfo::is_below(path, point));
        let nearest = above.max_by_key(|(point, _)| point.len());
        nearest.is_some_and(|(_, is_local)| !is_local)
    }
}

fn is_local(mount: &Mount<'_>) -> bool {
    LOCAL.contains(&mount.kind)
}

/// The directory whose file system answers for an overlay: the upper one, else the first of the lower ones.
fn upper<'a>(mount: &'a Mount<'_>) -> Option<&'a [u8]> {
    if mount.kind != b"overlay" {
        return None;
    }
    let option = |name: &[u8]| {
        let options = mount.super_options.split(|byte| *byte == b',');
        options
            .into_iter()
            .find_map(|option| option.strip_prefix(name))
    };
    let lower = || option(b"lowerdir=")?.split(|byte| *byte == b':').next();
    option(b"upperdir=").or_else(lower)
}

impl Capture {
    /// Asks the file systems of all mount namespaces; where a way is closed meanwhile, by another one.
    pub(super) fn file_systems(&mut self) -> Result<(), Error> {
        // In a dead tree the mount tables tell of disks that are not there.
        if !self.is_live {
            return Ok(());
        }
        for attempt in 0..STAND_INS {
            let tasks = self.file_systems.tasks(attempt);
            if tasks.is_empty() || self.stop.is_some() && attempt > 0 {
                break;
            }
            self.progress.expect(tasks.len());
            let requests = tasks
                .chunks(BATCH)
                .map(|tasks| Request::FileSystems(tasks.to_vec()));
            self.work(requests.collect())?;
        }
        Ok(())
    }

    /// Takes what the kernel says of its clock.
    pub(super) fn time_status(&mut self) -> Result<(), Error> {
        let now = self.now_ms();
        if let Some(status) = sys::time_status().filter(|_| self.is_live) {
            self.sink.record(&status, now)?;
        }
        Ok(())
    }

    pub(super) fn take_file_system(
        &mut self,
        stat: &FileSystemStat<'_>,
        now_ms: u64,
    ) -> Result<(), Error> {
        let device = stat.device_number.as_bytes().to_vec();
        self.file_systems.measured.insert(device);
        self.sink.collected();
        self.sink.record(stat, now_ms)?;
        Ok(())
    }

    /// Keeps the bytes of a mount table until it is whole.
    pub(super) fn learn_mounts(&mut self, asked: &Outstanding, bytes: &[u8], is_last: bool) {
        let is_table = self
            .current_item(asked)
            .is_some_and(|item| item.source == Source::MountNamespace("mountinfo"));
        let Some(visit) = current_visit(asked).filter(|_| is_table && self.is_live) else {
            return;
        };
        let tables = &mut self.file_systems.incoming;
        let table = tables.entry(visit.pid).or_default();
        // The first bytes, or those of a second attempt.
        if asked.incoming.is_none() {
            table.clear();
        }
        table.extend_from_slice(bytes);
        if is_last && let Some(table) = tables.remove(&visit.pid) {
            self.file_systems.add(visit.pid, &table);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &[u8] = b"20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
        21 20 0:20 / /proc rw - proc proc rw\n\
        22 20 0:21 / /sys rw - sysfs sysfs rw\n\
        23 22 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
        24 20 0:23 / /mnt/nfs rw - nfs4 server:/ rw\n\
        25 24 0:24 / /mnt/nfs/tmp rw - tmpfs tmpfs rw\n\
        26 20 0:25 / /mnt/fuse rw - fuse.sshfs x rw\n\
        27 20 0:26 / /net rw - autofs x rw\n\
        28 20 8:17 /part /srv/part rw - xfs /dev/sdb1 rw\n\
        29 20 8:17 / /srv/whole rw - xfs /dev/sdb1 rw\n\
        30 20 0:27 / /merged-a rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/var/u,workdir=/var/w\n\
        31 20 0:28 / /merged-b rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/mnt/nfs/u,workdir=/mnt/nfs/w\n\
        32 20 0:29 / /merged-c ro - overlay overlay ro,lowerdir=/mnt/fuse/l:/b\n\
        33 20 8:33 / /hidden rw - ext4 /dev/sdc1 rw\n\
        34 33 0:30 / /hidden rw - nfs server:/ rw\n";
    const CONTAINER: &[u8] =
        b"100 90 0:27 / / rw - overlay overlay rw,lowerdir=/a,upperdir=/var/u\n\
        101 100 8:1 /var/lib/c/hosts /etc/hosts rw - ext4 /dev/sda1 rw\n\
        102 100 8:33 /volume /volume rw - ext4 /dev/sdc1 rw\n";

    fn shown(tasks: &[FileSystemTask]) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let show = |task: &FileSystemTask| {
            format!(
                "{} {} {} {:?}",
                text(&task.device_number),
                task.pid,
                text(&task.path),
                task.way
            )
        };
        tasks.iter().map(show).collect()
    }

    #[test]
    fn only_local_file_systems_are_asked() {
        let mut systems = FileSystems::default();
        // The order in which namespaces answer is chance.
        systems.add(700, CONTAINER);
        systems.add(1, HOST);
        assert_eq!(
            shown(&systems.tasks(0)),
            [
                "0:22 1 /sys/fs/cgroup [23, 22, 20]",
                "0:27 1 /merged-a [30, 20]",
                "8:1 1 / [20]",
                "8:17 1 /srv/whole [29, 20]",
                "8:33 700 /volume [102, 100]",
            ]
        );
        systems.measured.insert(b"8:1".to_vec());
        systems.measured.insert(b"0:22".to_vec());
        assert_eq!(
            shown(&systems.tasks(1)),
            ["0:27 700 / [100]", "8:17 1 /srv/part [28, 20]"]
        );
    }

    #[test]
    fn odd_tables_are_no_ways() {
        let mut systems = FileSystems::default();
        systems.add(1, b"");
        systems.add(2, b"\0\xff\n1 2 8:1 /\n7 6 8:1 / /a rw - ext4 x rw\n");
        assert_eq!(shown(&systems.tasks(0)), Vec::<String>::new());
    }
}
