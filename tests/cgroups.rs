//! Control groups with limits, as the kernel shows them beside the capture.
#![cfg(test)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::namespace::{inside, open_directory};
use common::{Guard, count, is_root, rows, run_within, skip};

/// Made in every hierarchy that takes one, and removed whatever happens.
struct Groups {
    name: String,
    made: Vec<PathBuf>,
}

impl Groups {
    fn make() -> Groups {
        let name = format!("freezeframe-cgroups-{}", std::process::id());
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let mut made = Vec::new();
        for line in mounts.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            if words[2].starts_with("cgroup") && words[1].starts_with("/sys/fs/cgroup") {
                let path = Path::new(words[1]).join(&name);
                if std::fs::create_dir(&path).is_ok() {
                    made.push(path);
                }
            }
        }
        Groups { name, made }
    }

    /// Puts a process into all of them; returns those that took it.
    fn put(&self, pid: u32) -> Vec<&PathBuf> {
        self.made
            .iter()
            .filter(|path| std::fs::write(path.join("cgroup.procs"), pid.to_string()).is_ok())
            .collect()
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for path in &self.made {
            let gone = (0..500).any(|_| {
                std::thread::sleep(Duration::from_millis(20));
                std::fs::remove_dir(path).is_ok()
            });
            if !gone {
                eprintln!("{} is left", path.display());
            }
        }
    }
}

/// A column, the files that it may come from, and how the kernel's number becomes the column's.
const COLUMNS: &[(&str, &[&str], u64)] = &[
    ("memory_max", &["memory.max", "memory.limit_in_bytes"], 1),
    (
        "memory_peak",
        &["memory.peak", "memory.max_usage_in_bytes"],
        1,
    ),
    ("pids_current", &["pids.current"], 1),
    ("pids_max", &["pids.max"], 1),
    ("cpu_quota_us", &["cpu.cfs_quota_us"], 1),
    ("cpu_period_us", &["cpu.cfs_period_us"], 1),
];

#[test]
fn limits_and_use_are_what_the_kernel_shows() {
    if !inside("limits_and_use_are_what_the_kernel_shows") {
        return;
    }
    if !is_root() {
        skip("control groups with limits", "needs root");
        return;
    }
    let place = open_directory().join("tmp");
    let groups = Groups::make();
    let limits = [
        ("memory.max", "33554432"),
        ("memory.limit_in_bytes", "33554432"),
        ("pids.max", "17"),
        ("cpu.cfs_quota_us", "30000"),
    ];
    for path in &groups.made {
        for (name, value) in limits {
            let file = path.join(name);
            if file.exists() {
                std::fs::write(&file, value).unwrap();
            }
        }
    }
    let mut member = Command::new("sleep");
    let member = Guard(member.arg("600").stdin(Stdio::null()).spawn().unwrap());
    let taken = groups.put(member.0.id());
    let with_numbers: Vec<_> = taken
        .iter()
        .filter(|path| {
            COLUMNS
                .iter()
                .any(|(_, files, _)| files.iter().any(|file| path.join(file).exists()))
        })
        .collect();
    if with_numbers.is_empty() {
        skip(
            "control groups with limits",
            "no hierarchy with controllers takes a group here",
        );
        return;
    }
    let bundle = place.join("bundle.tar.zst");
    let mut capture = Command::new("/mnt/capture");
    capture.args(["-q", "-o"]).arg(&bundle);
    let ended = run_within(&mut capture, Duration::from_secs(70));
    assert!(matches!(ended.status.code(), Some(0 | 1)), "{ended:?}");
    let mut compared = 0;
    for (column, files, unit) in COLUMNS {
        let shown = files.iter().find_map(|file| {
            let text = with_numbers
                .iter()
                .find_map(|path| std::fs::read_to_string(path.join(file)).ok())?;
            text.trim().parse::<u64>().ok()
        });
        if let Some(shown) = shown {
            let sql = format!(
                "SELECT {column} FROM cgroups WHERE path = '/{}'",
                groups.name
            );
            assert_eq!(
                rows(&bundle, &sql),
                [[serde_json::Value::from(shown / unit)]],
                "{column}"
            );
            compared += 1;
        }
    }
    assert!(compared > 0);
    // Its process can be joined to it.
    let joined = format!(
        "FROM cgroups JOIN process_cgroups USING (path) WHERE pid = {} AND path = '/{}'",
        member.0.id(),
        groups.name
    );
    assert!(count(&bundle, &joined) > 0);
    // Before the groups, which must be empty to be removed.
    drop(member);
}
