//! Control groups of the test's own, in whichever hierarchy this machine lets it make them; removed when it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::story::Story;

/// Begins the name of the group that holds all others of one run; the process id of the test ends it.
const PREFIX: &str = "freezeframe-scenario-";
/// Memory of the process that is to be killed: enough to start, much less than it asks for.
const MEMORY_LIMIT: &str = "25165824";

/// The groups that could be made, and why the others could not.
pub(crate) struct Cgroups {
    pub(crate) container: Result<PathBuf, String>,
    pub(crate) memory: Result<PathBuf, String>,
    made: Vec<PathBuf>,
}

impl Cgroups {
    /// Makes the container's group, and one with little memory.
    pub(crate) fn make(story: &Story) -> Cgroups {
        let mut cgroups = Cgroups {
            container: Err(String::new()),
            memory: Err(String::new()),
            made: Vec::new(),
        };
        let mounts = hierarchies();
        for (_, mount) in &mounts {
            sweep(mount);
        }
        cgroups.container = cgroups.make_container(&mounts, &story.container_cgroup);
        cgroups.memory = cgroups.make_memory(&mounts, &story.hog.cgroup);
        cgroups
    }

    /// In the hierarchy whose path the table of processes shows.
    fn make_container(
        &mut self,
        mounts: &[(String, PathBuf)],
        path: &str,
    ) -> Result<PathBuf, String> {
        let shown = ["cgroup2", "name=systemd", "memory"];
        let mount = shown
            .iter()
            .find_map(|kind| find(mounts, kind))
            .ok_or("no hierarchy of control groups is mounted")?;
        self.directory(&own(mount).join(path))
    }

    fn make_memory(&mut self, mounts: &[(String, PathBuf)], name: &str) -> Result<PathBuf, String> {
        if let Some(mount) = find(mounts, "memory") {
            let group = self.directory(&own(mount).join(name))?;
            write(&group.join("memory.limit_in_bytes"), MEMORY_LIMIT)?;
            let with_swap = group.join("memory.memsw.limit_in_bytes");
            if with_swap.exists() {
                write(&with_swap, MEMORY_LIMIT)?;
            }
            return Ok(group);
        }
        let mount = find(mounts, "cgroup2").ok_or("no hierarchy of control groups is mounted")?;
        // Nothing is switched on for groups that are not the test's own.
        let given = fs::read_to_string(mount.join("cgroup.subtree_control")).unwrap_or_default();
        if !given
            .split_whitespace()
            .any(|controller| controller == "memory")
        {
            return Err(
                "the memory controller is not handed down to new control groups".to_owned(),
            );
        }
        let own = self.directory(&own(mount))?;
        write(&own.join("cgroup.subtree_control"), "+memory")?;
        let group = self.directory(&own.join(name))?;
        write(&group.join("memory.max"), MEMORY_LIMIT)?;
        let swap = group.join("memory.swap.max");
        if swap.exists() {
            write(&swap, "0")?;
        }
        Ok(group)
    }

    /// Makes a directory with its parents, and remembers which were made.
    fn directory(&mut self, path: &Path) -> Result<PathBuf, String> {
        let missing: Vec<_> = path.ancestors().take_while(|part| !part.exists()).collect();
        for part in missing.into_iter().rev() {
            fs::create_dir(part).map_err(|error| format!("{}: {error}", part.display()))?;
            self.made.push(part.to_owned());
        }
        Ok(path.to_owned())
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        // Those inside were killed with their namespace; a group is empty a moment after that.
        let end = Instant::now() + Duration::from_secs(10);
        for group in self.made.iter().rev() {
            while let Err(error) = fs::remove_dir(group) {
                if Instant::now() > end {
                    eprintln!("{} is left: {error}", group.display());
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// The group that holds all others.
fn own(mount: &Path) -> PathBuf {
    mount.join(format!("{PREFIX}{}", std::process::id()))
}

/// Removes what a killed run left: an empty group of a test that is no more.
fn sweep(mount: &Path) {
    for entry in fs::read_dir(mount).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            remove_tree(&entry.path());
        }
    }
}

fn remove_tree(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}

/// Mounted hierarchies: `cgroup2`, or each controller or name of an old one, with the mount point.
fn hierarchies() -> Vec<(String, PathBuf)> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("/proc is mounted");
    let mut found = Vec::new();
    for line in mounts.lines() {
        let Some((mount, system)) = line.split_once(" - ") else {
            continue;
        };
        let point = mount.split(' ').nth(4).expect("a mount point");
        let system: Vec<_> = system.split(' ').collect();
        match system.as_slice() {
            ["cgroup2", ..] => found.push(("cgroup2".to_owned(), PathBuf::from(point))),
            ["cgroup", _, options] => {
                found.extend(
                    options
                        .split(',')
                        .map(|option| (option.to_owned(), PathBuf::from(point))),
                );
            }
            _ => {}
        }
    }
    found
}

fn find<'a>(mounts: &'a [(String, PathBuf)], kind: &str) -> Option<&'a Path> {
    let found = mounts.iter().find(|(name, _)| name == kind);
    found.map(|(_, point)| point.as_path())
}

fn write(path: &Path, value: &str) -> Result<(), String> {
    fs::write(path, value).map_err(|error| format!("{}: {error}", path.display()))
}
