//! Which file systems are asked for their sizes: local ones, each once, through a mount that can be reached without asking
//! a server or mounting anything. And what the kernel says of its clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter::successors;

use schema::parse::mountinfo::{self, Mount, Paths};
use schema::records::FileSystemStat;
use schema::{Outcome, Source};

use super::schedule::current_visit;
use super::{Capture, STAND_INS};
use crate::Error;
use crate::history;
use crate::jobs::Outstanding;
use crate::protocol::{End, FileSystemTask, NetWay, Request};
use crate::sys;

/// File systems of one request.
const BATCH: usize = 8;

/// File systems that are asked: any user can mount as many as he likes in a namespace of his own.
const FILE_SYSTEM_LIMIT: usize = 10_000;
/// Mounts of one namespace that are looked at, the first that its table names.
const MOUNT_LIMIT: usize = 10_000;
/// Mounts of all namespaces that are looked at; those of process 1 always are.
const ALL_MOUNTS_LIMIT: usize = 50_000;
/// File systems that may hang before no other is asked: each costs a worker that may never end.
const HANG_LIMIT: usize = 2;
/// Directories on the path to a layer of an overlay.
const DEPTH_LIMIT: usize = 32;

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
    b"cgroup", b"cgroup2", b"nsfs", b"proc", b"ramfs", b"rootfs", b"sysfs",
];

/// What the mount tables told of file systems.
#[derive(Debug, Default)]
pub(super) struct FileSystems {
    /// Mount tables on their way in, by process.
    incoming: BTreeMap<u32, Vec<u8>>,
    /// The mounts of each table, as far as they are looked at.
    tables: Vec<Vec<Step>>,
    /// Ways to each local file system by its device number, the best first.
    ways: BTreeMap<Vec<u8>, Vec<Way>>,
    /// Where overlays keep their files, by device number.
    overlays: BTreeMap<Vec<u8>, Layers>,
    /// Device numbers of those that were measured.
    measured: BTreeSet<Vec<u8>>,
    /// Device numbers of those that hung, or whose worker died: they are not asked again, by no way.
    given_up: BTreeSet<Vec<u8>>,
    /// Those that were not asked, because others hung.
    unasked: Vec<FileSystemTask>,
    /// Where network namespaces are mounted.
    pub(super) net_namespaces: BTreeMap<u64, NetWay>,
    /// How many mounts were looked at.
    mounts: usize,
    /// How many were not, and the first process whose table names them.
    left_out: Option<(u32, usize)>,
}

/// A mount of a table.
#[derive(Debug)]
struct Step {
    id: u32,
    /// What it is mounted on.
    parent: Option<usize>,
    /// Its device number, if it is an overlay.
    overlay: Option<Vec<u8>>,
}

/// A way to a file system. Their order is that of preference: the whole file system before a directory of it, which may have
/// a quota of its own, and the host's mounts before those of containers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    is_part: bool,
    pid: u32,
    path: Vec<u8>,
    /// Position of its table, and of its mount there.
    table: usize,
    mount: usize,
}

/// Where the layers of an overlay lie.
#[derive(Debug, Clone, Copy)]
struct Layers {
    /// That which tells the size: the upper one, else the first of the lower ones.
    first: Place,
    /// All: a name in the overlay is looked up in each.
    all: Place,
}

/// Where a path leads, as far as mount tables tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Another namespace may know.
    Unknown,
    /// Into a local file system.
    Local,
    /// Into one that may have to ask a server.
    Remote,
}

impl FileSystems {
    /// Learns the mount table that a process showed.
    fn add(&mut self, pid: u32, table: &[u8]) {
        let left = ALL_MOUNTS_LIMIT.saturating_sub(self.mounts);
        let limit = if pid == 1 {
            MOUNT_LIMIT
        } else {
            MOUNT_LIMIT.min(left)
        };
        let lines = table.split(|byte| *byte == b'\n');
        let mut lines = lines.filter(|line| !line.is_empty());
        let mounts = lines.by_ref().take(limit).filter_map(mountinfo::mount);
        let mounts: Vec<Mount<'_>> = mounts.collect();
        self.mounts = self.mounts.saturating_add(mounts.len());
        let left_out = lines.count();
        if left_out > 0 {
            let (_, all) = self.left_out.get_or_insert((pid, 0));
            *all = all.saturating_add(left_out);
        }
        let paths = Paths::new(&mounts);
        self.judge_overlays(&mounts, &paths, left_out > 0);
        // What the first is mounted on is not known where that is not the root.
        let is_whole =
            |index, mount: &Mount<'_>| paths.parent(index).is_some() || &*mount.path == b"/";
        let harmless = paths.through(|index, mount| {
            (is_local(mount) || SIZELESS.contains(&mount.kind)) && is_whole(index, mount)
        });
        let number = self.tables.len();
        for (index, mount) in mounts.iter().enumerate() {
            let is_harmless = paths.is_reached(index) && harmless.get(index) == Some(&true);
            if is_harmless && mount.kind == b"nsfs" {
                let way = paths.way(index).unwrap_or_default();
                let ids = way.iter().filter_map(|index| Some(mounts.get(*index)?.id));
                self.add_net_namespace(pid, mount, ids.collect());
            }
            if !is_harmless || !is_local(mount) {
                continue;
            }
            let way = Way {
                is_part: &*mount.root != b"/",
                pid,
                path: mount.path.to_vec(),
                table: number,
                mount: index,
            };
            let ways = self.ways.entry(mount.device_number.to_vec()).or_default();
            if let Err(position) = ways.binary_search(&way) {
                ways.insert(position, way);
                ways.truncate(STAND_INS);
            }
        }
        let steps = mounts.iter().enumerate().map(|(index, mount)| Step {
            id: mount.id,
            parent: paths.parent(index),
            overlay: (mount.kind == b"overlay").then(|| mount.device_number.to_vec()),
        });
        self.tables.push(steps.collect());
    }

    /// Learns of a mount of a namespace that a process sees, and which mounts lead to it.
    fn add_net_namespace(&mut self, pid: u32, mount: &Mount<'_>, way: Vec<u32>) {
        if let Some(inode) = history::namespace_inode_of(b"net", &mount.root) {
            let path = mount.path.to_vec();
            let way = NetWay::Mount { pid, path, way };
            self.net_namespaces.entry(inode).or_insert(way);
        }
    }

    /// Learns where the layers of a table's overlays lie. Their paths are those of whoever mounted them, so the table may
    /// know nothing of them; what any table knows to be remote is.
    fn judge_overlays(&mut self, mounts: &[Mount<'_>], paths: &Paths<'_>, is_cut: bool) {
        let reached = mounts
            .iter()
            .enumerate()
            .filter(|(index, _)| paths.is_reached(*index) && !is_cut);
        let points: HashMap<&[u8], &Mount<'_>> = reached
            .map(|(_, mount)| (mount.path.as_ref(), mount))
            .collect();
        let mut overlays: BTreeMap<&[u8], Layers> = BTreeMap::new();
        for mount in mounts.iter().filter(|mount| mount.kind == b"overlay") {
            let layers = overlays.entry(mount.device_number);
            layers.or_insert_with(|| Layers::of(mount, &points));
        }
        for (device, layers) in overlays {
            let known = self.overlays.entry(device.to_vec()).or_insert(layers);
            known.first = known.first.max(layers.first);
            known.all = known.all.max(layers.all);
        }
    }

    /// The `attempt`th way to each file system that is to be asked, those of the lowest processes first, and the first that is
    /// over the limit: the host, which has the lowest process, comes before the namespaces of users.
    fn tasks(&self, attempt: usize) -> (Vec<FileSystemTask>, Option<FileSystemTask>) {
        let is_wanted =
            |device: &Vec<u8>| !self.measured.contains(device) && !self.given_up.contains(device);
        let mut chosen: Vec<(&Vec<u8>, &Way)> = self
            .ways
            .iter()
            .filter(|(device, _)| is_wanted(device))
            .filter_map(|(device, ways)| Some((device, ways.get(attempt)?)))
            .filter(|(_, way)| self.is_safe(way))
            .collect();
        chosen.sort_by_key(|(_, way)| way.pid);
        let task = |(device, way): &(&Vec<u8>, &Way)| FileSystemTask {
            pid: way.pid,
            path: way.path.clone(),
            device_number: (*device).clone(),
            way: self.steps(way).map(|step| step.id).collect(),
        };
        let over = chosen.get(FILE_SYSTEM_LIMIT).map(task);
        let tasks = chosen.iter().take(FILE_SYSTEM_LIMIT).map(task);
        (tasks.collect(), over)
    }

    /// The mounts of a way, that of the file system first. It has an end: `add` saw that it comes to the root.
    fn steps(&self, way: &Way) -> impl Iterator<Item = &Step> {
        let table = self.tables.get(way.table).map_or(&[][..], Vec::as_slice);
        successors(table.get(way.mount), |step| table.get(step.parent?))
    }

    /// Whether all overlays of a way are known to have their files in local file systems.
    fn is_safe(&self, way: &Way) -> bool {
        self.steps(way).enumerate().all(|(number, step)| {
            let Some(overlay) = &step.overlay else {
                return true;
            };
            let layers = self.overlays.get(overlay);
            // Nothing is looked up in the last one, it is only asked.
            let place = layers.map(|layers| {
                if number == 0 {
                    layers.first
                } else {
                    layers.all
                }
            });
            place == Some(Place::Local)
        })
    }

    /// Never asks these again.
    pub(super) fn give_up(&mut self, tasks: &[FileSystemTask]) {
        let devices = tasks.iter().map(|task| task.device_number.clone());
        self.given_up.extend(devices);
    }

    /// Whether nothing is asked any more, because too many hung.
    pub(super) fn is_stopped(&self) -> bool {
        self.given_up.len() >= HANG_LIMIT
    }

    /// Takes note of what is not asked.
    pub(super) fn leave_out(&mut self, tasks: impl IntoIterator<Item = FileSystemTask>) {
        self.unasked.extend(tasks);
    }
}

impl Layers {
    /// Of an overlay, by what is mounted where.
    fn of(overlay: &Mount<'_>, points: &HashMap<&[u8], &Mount<'_>>) -> Self {
        let (mut upper, mut lower) = (None, Vec::new());
        for (name, value) in overlay.each_super_option() {
            match name {
                b"upperdir" => upper = Some(Place::of(&value, points)),
                b"lowerdir" => {
                    let paths = value.split(|byte| *byte == b':');
                    let paths = paths.filter(|path| !path.is_empty());
                    lower.extend(paths.map(|path| Place::of(path, points)));
                }
                b"lowerdir+" | b"datadir+" => lower.push(Place::of(&value, points)),
                _ => {}
            }
        }
        let all = || upper.iter().chain(&lower).copied();
        let has = |place| all().any(|other| other == place);
        Layers {
            first: all().next().unwrap_or(Place::Unknown),
            all: if has(Place::Remote) {
                Place::Remote
            } else if has(Place::Unknown) || lower.is_empty() {
                Place::Unknown
            } else {
                Place::Local
            },
        }
    }
}

impl Place {
    /// Of a path, by what is mounted where.
    fn of(path: &[u8], points: &HashMap<&[u8], &Mount<'_>>) -> Self {
        let mut names = path.split(|byte| *byte == b'/');
        // Relative to a directory that is not known; or with backslashes that overlayfs has a meaning for.
        if names.next() != Some(b"") || path.contains(&b'\\') {
            return Place::Unknown;
        }
        let is_odd = |name: &[u8]| matches!(name, b"" | b"." | b"..");
        if names.clone().any(is_odd) || names.count() > DEPTH_LIMIT {
            return Place::Unknown;
        }
        let above = successors(Some(path), |path| path.get(..memchr::memrchr(b'/', path)?));
        let above = above.map(|path| if path.is_empty() { b"/" } else { path });
        match above.into_iter().find_map(|path| points.get(path)) {
            // Where its own files lie would have to be known; and the root of a container does not have them.
            Some(mount) if mount.kind == b"overlay" => Place::Unknown,
            Some(mount) if is_local(mount) || SIZELESS.contains(&mount.kind) => Place::Local,
            Some(_) => Place::Remote,
            None => Place::Unknown,
        }
    }
}

fn is_local(mount: &Mount<'_>) -> bool {
    LOCAL.contains(&mount.kind)
}

impl Capture {
    /// Asks the file systems of all mount namespaces; where a way is closed meanwhile, by another one.
    pub(super) fn file_systems(&mut self) -> Result<(), Error> {
        // In a dead tree the mount tables tell of disks that are not there.
        if !self.is_live {
            return Ok(());
        }
        if let Some((pid, count)) = self.file_systems.left_out {
            let reason = format!(
                "over {MOUNT_LIMIT} mounts of a namespace or {ALL_MOUNTS_LIMIT} of all: {count} were not looked at for file systems"
            );
            let end = End::because(Outcome::Truncated, reason);
            let now = self.now_ms();
            let path = format!("/proc/{pid}/root/");
            self.sink.outcome(path.as_bytes(), Some(pid), &end, now)?;
        }
        for attempt in 0..STAND_INS {
            if self.stop.is_some() && attempt > 0 {
                break;
            }
            let (tasks, over) = self.file_systems.tasks(attempt);
            if let Some(first) = &over {
                let reason = format!("over {FILE_SYSTEM_LIMIT} file systems");
                let end = End::because(Outcome::Truncated, reason);
                let now = self.now_ms();
                self.sink
                    .outcome(&first.shown_path(), Some(first.pid), &end, now)?;
            }
            self.progress.expect(tasks.len());
            // One request at a time, so that no more workers hang than are meant to.
            for batch in tasks.chunks(BATCH) {
                if self.file_systems.is_stopped() {
                    self.file_systems.leave_out(batch.to_vec());
                } else {
                    self.work(vec![Request::FileSystems(batch.to_vec())])?;
                }
            }
            if over.is_some() || self.file_systems.is_stopped() {
                break;
            }
        }
        let unasked = std::mem::take(&mut self.file_systems.unasked);
        if let Some(first) = unasked.first() {
            let count = unasked.len();
            let reason =
                format!("{HANG_LIMIT} file systems hung, so that {count} others were not asked");
            let end = End::because(Outcome::Skipped, reason);
            let now = self.now_ms();
            self.sink
                .outcome(&first.shown_path(), Some(first.pid), &end, now)?;
        }
        Ok(())
    }

    /// Takes what the kernel says of its clock.
    pub(super) fn time_status(&mut self) -> Result<(), Error> {
        if !self.is_live {
            return Ok(());
        }
        let now = self.now_ms();
        match sys::time_status() {
            Ok(status) => self.sink.record(&status, now)?,
            Err(errno) => {
                let end = End::of_errno(errno);
                self.sink.outcome(b"adjtimex", None, &end, now)?;
            }
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
        if is_last
            && let Some(table) = tables.remove(&visit.pid)
            && !self.is_over()
        {
            let namespace = |pid| self.processes.get(&pid).and_then(|met| met.mount_namespace);
            if namespace(visit.pid) == namespace(self.reference) {
                let mounts = table.split(|byte| *byte == b'\n');
                let mounts = mounts.take(MOUNT_LIMIT).filter_map(mountinfo::mount);
                let mounts = mounts.inspect(|mount| self.cgroups.mount(mount));
                self.lost
                    .learn(mounts.map(|mount| mount.path.to_vec()).collect());
            }
            self.file_systems.add(visit.pid, &table);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place::{Local, Remote, Unknown};
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
            shown(&systems.tasks(0).0),
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
            shown(&systems.tasks(1).0),
            ["8:17 1 /srv/part [28, 20]", "0:27 700 / [100]"]
        );
    }

    #[test]
    fn the_hosts_come_before_those_of_users() {
        let mut systems = FileSystems::default();
        systems.add(700, &many(0, MOUNT_LIMIT));
        systems.add(701, &many(MOUNT_LIMIT, 5));
        systems.add(1, HOST);
        let (tasks, over) = systems.tasks(0);
        assert_eq!((over.unwrap().pid, tasks.len()), (701, FILE_SYSTEM_LIMIT));
        assert_eq!(tasks.iter().filter(|task| task.pid == 1).count(), 4);
    }

    /// A table of a root and tmpfs on it, numbered from `first`.
    fn many(first: usize, count: usize) -> Vec<u8> {
        let mut table = format!("1 0 0:{first} / / rw - tmpfs x rw\n").into_bytes();
        for id in 1..count {
            let minor = first + id;
            let id = id + 1;
            table.extend(format!("{id} 1 0:{minor} / /m/{id} rw - tmpfs x rw\n").bytes());
        }
        table
    }

    #[test]
    fn not_all_of_too_many_mounts_are_looked_at() {
        let mut systems = FileSystems::default();
        systems.add(700, &many(0, MOUNT_LIMIT + 3));
        assert_eq!(
            (systems.mounts, systems.left_out),
            (MOUNT_LIMIT, Some((700, 3)))
        );
        for pid in 701..704 {
            systems.add(pid, &many(0, MOUNT_LIMIT));
        }
        systems.add(704, &many(0, MOUNT_LIMIT - 1));
        systems.add(705, &many(0, 4));
        systems.add(706, &many(0, 4));
        assert_eq!(
            (systems.mounts, systems.left_out),
            (ALL_MOUNTS_LIMIT, Some((700, 10)))
        );
        // The host's are looked at even so.
        systems.add(1, HOST);
        assert!(systems.tasks(0).0.iter().any(|task| task.pid == 1));
    }

    #[test]
    fn what_hung_is_not_asked_by_another_way() {
        let mut systems = FileSystems::default();
        systems.add(1, HOST);
        systems.add(700, CONTAINER);
        let (tasks, _) = systems.tasks(0);
        let (hung, rest) = tasks.split_at(1);
        systems.give_up(hung);
        assert!(!systems.is_stopped());
        let device = &hung[0].device_number;
        for attempt in 0..STAND_INS {
            let (tasks, _) = systems.tasks(attempt);
            assert!(tasks.iter().all(|task| task.device_number != *device));
        }
        systems.give_up(&rest[..1]);
        assert!(systems.is_stopped());
    }

    #[test]
    fn overlays_are_judged_by_where_their_files_lie() {
        let check = |options: &str, first, all| {
            let table = format!(
                "1 0 8:1 / / rw - ext4 x rw\n2 1 0:9 / /f rw - fuse.x x rw\n\
                 3 1 0:10 / /o rw - overlay x rw\n4 1 0:11 / /m rw - overlay x {options}\n"
            );
            let mut systems = FileSystems::default();
            systems.add(5, table.as_bytes());
            let layers = systems.overlays[&b"0:11"[..]];
            assert_eq!((layers.first, layers.all), (first, all), "{options}");
        };
        check("rw,lowerdir=/a:/b", Local, Local);
        check("rw,lowerdir=/a:/f/b", Local, Remote);
        check("rw,lowerdir=/f:/b,upperdir=/u,workdir=/w", Local, Remote);
        check("rw,lowerdir+=/a,lowerdir+=/f", Local, Remote);
        check("rw,lowerdir+=/a,datadir+=/b", Local, Local);
        // A comma, which ends no option, and a path that is not what stands before it.
        check("rw,lowerdir=/a\\054x:/f", Local, Remote);
        check("rw,lowerdir=/f\\054x", Local, Local);
        check("rw,lowerdir=l/1:l/2,upperdir=/u", Local, Unknown);
        check("rw,lowerdir=/a/../f", Unknown, Unknown);
        check("rw,lowerdir=/a\\134:/f", Unknown, Remote);
        check("rw,lowerdir=/o/a", Unknown, Unknown);
        check("rw", Unknown, Unknown);
    }

    /// A namespace that does not see the files of an overlay does not make them local, nor unknown to others.
    #[test]
    fn what_any_namespace_knows_to_be_remote_is() {
        let own = b"1 0 8:1 / / rw - ext4 x rw\n2 1 0:9 / /f rw - fuse.x x rw\n\
            3 1 0:11 / /m rw - overlay x rw,lowerdir=/f:/b\n4 3 0:12 / /m/x rw - tmpfs x rw\n";
        let clone = b"1 0 8:1 / / rw - ext4 x rw\n\
            3 1 0:11 / /m rw - overlay x rw,lowerdir=/f:/b\n4 3 0:12 / /m/x rw - tmpfs x rw\n";
        let mut systems = FileSystems::default();
        systems.add(1, clone);
        systems.add(7, own);
        systems.add(8, clone);
        assert_eq!(shown(&systems.tasks(0).0), ["8:1 1 / [1]"]);
    }

    #[test]
    fn odd_tables_are_no_ways() {
        let mut systems = FileSystems::default();
        systems.add(1, b"");
        systems.add(2, b"\0\xff\n1 2 8:1 /\n7 6 8:1 / /a rw - ext4 x rw\n");
        assert_eq!(shown(&systems.tasks(0).0), Vec::<String>::new());
    }
}
