//! The control groups that have processes, and their files.

use std::collections::BTreeSet;

use schema::parse::cgroup;
use schema::parse::mountinfo::Mount;
use schema::source::CGROUPS;
use schema::{Outcome, Source};

use super::Capture;
use crate::Error;
use crate::protocol::{Access, End, FileTask};

/// Control groups whose files are read: any user who may make some can make as many as he likes.
const LIMIT: usize = 5_000;

/// What is known of control groups.
#[derive(Debug, Default)]
pub(super) struct Cgroups {
    mounts: Vec<Mounted>,
    /// Controllers and path of each that a process is in.
    groups: BTreeSet<(Vec<u8>, Vec<u8>)>,
}

/// Where a hierarchy is mounted.
#[derive(Debug)]
struct Mounted {
    /// Of version 1, among other options.
    controllers: Vec<Vec<u8>>,
    is_unified: bool,
    root: Vec<u8>,
    path: Vec<u8>,
}

impl Cgroups {
    /// Learns where hierarchies are mounted.
    pub(super) fn mount(&mut self, mount: &Mount<'_>) {
        let is_unified = mount.kind == b"cgroup2";
        if !is_unified && mount.kind != b"cgroup" {
            return;
        }
        // What lies elsewhere would not be known to be one.
        let is_there = mount.path.strip_prefix(CGROUPS.as_bytes());
        if is_there.is_none_or(|rest| !rest.is_empty() && !rest.starts_with(b"/")) {
            return;
        }
        let options = mount.each_super_option();
        self.mounts.push(Mounted {
            controllers: options.map(|(name, _)| name.to_vec()).collect(),
            is_unified,
            root: mount.root.to_vec(),
            path: mount.path.to_vec(),
        });
    }

    /// Learns which groups a process is in.
    pub(super) fn process(&mut self, content: &[u8]) {
        for line in content.split(|byte| *byte == b'\n') {
            if let Some(found) = cgroup::membership(line)
                && self.groups.len() <= LIMIT
            {
                let group = (found.controllers.to_vec(), found.path.to_vec());
                self.groups.insert(group);
            }
        }
    }

    /// The files of a group that a source names: its place in version 2, or in the hierarchy of the controller that the name of the
    /// file begins with.
    fn file(&self, controllers: &[u8], path: &[u8], name: &str) -> Option<Vec<u8>> {
        let controller = name.split('.').next().unwrap_or_default().as_bytes();
        let mut own = controllers.split(|byte| *byte == b',');
        let mounted = self.mounts.iter().find(|mount| {
            if controllers.is_empty() {
                return mount.is_unified;
            }
            !mount.is_unified && mount.controllers.iter().any(|known| known == controller)
        })?;
        let is_meant = if mounted.is_unified {
            !is_of_version_1(name)
        } else {
            own.any(|own| own == controller) && is_of_any_version(name)
        };
        let below = match mounted.root.as_slice() {
            b"/" => path,
            root => path.strip_prefix(root)?,
        };
        let is_plain = !below.split(|byte| *byte == b'/').any(|part| part == b"..");
        let mut file = mounted.path.clone();
        if below != b"/" {
            file.extend_from_slice(below);
        }
        file.push(b'/');
        file.extend_from_slice(name.as_bytes());
        (is_meant && is_plain).then_some(file)
    }
}

/// Whether only version 1 has a file of that name.
fn is_of_version_1(name: &str) -> bool {
    let known = ["_in_bytes", "oom_control", "cpuacct.", "cfs_", "blkio."];
    known.iter().any(|part| name.contains(part))
}

/// Whether version 1 has a file of that name.
fn is_of_any_version(name: &str) -> bool {
    is_of_version_1(name) || matches!(name, "cpu.stat" | "pids.current" | "pids.max")
}

impl Capture {
    /// Reads the files of all control groups that have processes.
    pub(super) fn cgroups(&mut self) -> Result<(), Error> {
        // In a dead tree there is no kernel behind them.
        if !self.is_live {
            return Ok(());
        }
        let groups = std::mem::take(&mut self.cgroups.groups);
        if groups.len() > LIMIT {
            let reason = format!("over {LIMIT} control groups: the rest are left out");
            let end = End::because(Outcome::Truncated, reason);
            let now = self.now_ms();
            self.sink.outcome(CGROUPS.as_bytes(), None, &end, now)?;
        }
        let mut tasks = Vec::new();
        for (controllers, path) in groups.iter().take(LIMIT) {
            for (position, source) in (0_u16..).zip(&self.sources) {
                if let Source::Cgroup(name) = source
                    && let Some(path) = self.cgroups.file(controllers, path, name)
                {
                    tasks.push(FileTask {
                        source: position,
                        path,
                        access: Access::System,
                    });
                }
            }
        }
        self.progress.stage("control groups");
        self.files(tasks.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::parse::mountinfo;

    #[test]
    fn files_of_both_versions() {
        let mut cgroups = Cgroups::default();
        for line in [
            &b"30 1 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"[..],
            b"31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
            b"32 1 0:28 /outer /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
            b"33 1 0:29 / /mnt/cgroup rw - cgroup cgroup rw,pids",
            b"34 1 0:30 / /sys/fs/cgroups rw - cgroup cgroup rw,blkio",
        ] {
            cgroups.mount(&mountinfo::mount(line).unwrap());
        }
        let check = |controllers: &str, path: &str, name: &str, expected: Option<&str>| {
            let file = cgroups.file(controllers.as_bytes(), path.as_bytes(), name);
            let file = file.map(|file| String::from_utf8(file).unwrap());
            assert_eq!(file.as_deref(), expected, "{controllers} {path} {name}");
        };
        check(
            "",
            "/a",
            "memory.current",
            Some("/sys/fs/cgroup/unified/a/memory.current"),
        );
        check("", "/", "cpu.stat", Some("/sys/fs/cgroup/unified/cpu.stat"));
        check("", "/a", "memory.usage_in_bytes", None);
        check(
            "memory",
            "/a",
            "memory.usage_in_bytes",
            Some("/sys/fs/cgroup/memory/a/memory.usage_in_bytes"),
        );
        check("memory", "/a", "memory.current", None);
        check("memory", "/a", "cpu.stat", None);
        check(
            "cpu,cpuacct",
            "/outer/a",
            "cpu.stat",
            Some("/sys/fs/cgroup/cpu,cpuacct/a/cpu.stat"),
        );
        check(
            "cpu,cpuacct",
            "/outer/a",
            "cpuacct.usage",
            Some("/sys/fs/cgroup/cpu,cpuacct/a/cpuacct.usage"),
        );
        // Outside of what is mounted.
        check("cpu,cpuacct", "/other", "cpu.stat", None);
        check("", "/../a", "cpu.stat", None);
        check("pids", "/a", "pids.current", None);
        check("name=systemd", "/a", "pids.current", None);
    }
}
