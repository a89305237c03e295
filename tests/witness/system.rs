//! Memory and mounts: `free`, `df` and a walk of `mountinfo`, against their tables.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::facts::{Facts, latin, latin_hex};
use super::processes::numbers;
use super::world::STILL;
use crate::common::{has, succeed};

/// Memory and mounts of the host.
#[derive(Debug, Default)]
pub(crate) struct System {
    pub(crate) mounts: Facts,
    pub(crate) memory: Facts,
    pub(crate) sizes: Facts,
}

impl System {
    pub(crate) fn witnessed() -> System {
        let mut system = System::default();
        for pid in numbers(Path::new("/proc")) {
            system.mounts_of(pid);
        }
        system.ask_free();
        system.ask_df();
        system
    }

    /// Through one process for each mount namespace, the first whose root is the namespace's.
    fn mounts_of(&mut self, pid: u64) {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let (Ok(link), Ok(root)) = (
            std::fs::read_link(process.join("ns/mnt")),
            std::fs::read_link(process.join("root")),
        ) else {
            return;
        };
        let namespace = link
            .to_string_lossy()
            .replace(|character: char| !character.is_ascii_digit(), "");
        if root != Path::new("/") || self.mounts.about(&format!("mount {namespace}/")) > 0 {
            return;
        }
        let text = latin(&std::fs::read(process.join("mountinfo")).unwrap_or_default());
        for line in text.lines() {
            let (mount, system) = line.split_once(" - ").expect("both parts");
            let mount: Vec<_> = mount.split(' ').collect();
            let system: Vec<_> = system.split(' ').collect();
            let subject = format!("mount {namespace}/{}", mount[0]);
            for (field, value) in [
                ("parent_id", mount[1].to_owned()),
                ("device_number", mount[2].to_owned()),
                ("root", unescaped(mount[3])),
                ("path", unescaped(mount[4])),
                ("flags", mount[5].to_owned()),
                ("propagation", mount[6..].join(" ")),
                ("type", system[0].to_owned()),
                ("device", unescaped(system[1])),
                ("super_options", unescaped(system[2])),
            ] {
                self.mounts.add(&subject, field, value);
            }
        }
    }

    fn ask_free(&mut self) {
        if !has("free") {
            return;
        }
        let shown = succeed(Command::new("free").arg("-b").env("LC_ALL", "C"), &[0]);
        for line in String::from_utf8_lossy(&shown).lines().skip(1) {
            let words: Vec<_> = line.split_whitespace().collect();
            // The other columns go up and down with whatever the machine does.
            self.memory
                .add(words[0].trim_end_matches(':'), "total", words[1]);
        }
    }

    fn ask_df(&mut self) {
        let columns = "--output=target,size,used,avail,itotal,iavail";
        let mut df = Command::new("df");
        // Those of the kernel without a size are left out; one that cannot be asked costs its own line.
        let shown = succeed(df.args(["-l", "-B1", columns]).env("LC_ALL", "C"), &[0, 1]);
        for line in latin(&shown).lines().skip(1) {
            // A mount point may hold blanks: the numbers are the last five words.
            let words: Vec<_> = line.split_whitespace().collect();
            let Some((target, numbers)) = words.split_last_chunk::<5>() else {
                continue;
            };
            let target = target.join(" ");
            let names = ["size", "used", "avail", "itotal", "iavail"];
            for (name, value) in names.iter().zip(numbers) {
                // What is used of others' file systems goes up and down.
                if *value != "-" && (target == STILL || matches!(*name, "size" | "itotal")) {
                    self.sizes.add(format!("mount {target}"), name, value);
                }
            }
        }
    }

    pub(crate) fn stored(database: &Path) -> System {
        System {
            mounts: Facts::query(
                database,
                "SELECT 'mount ' || mount_namespace || '/' || mount_id AS subject, parent_id, device_number,
                   hex(root) AS root, hex(path) AS path, flags, propagation, type, hex(device) AS device,
                   hex(super_options) AS super_options
                 FROM mounts WHERE mount_namespace IN (
                   SELECT inode FROM process_namespaces JOIN processes USING (pid) WHERE type = 'mnt' AND root = '/')",
            ),
            memory: Facts::query(
                database,
                "SELECT iif(name = 'MemTotal', 'Mem', 'Swap') AS subject, value AS total FROM memory_info
                 WHERE name IN ('MemTotal', 'SwapTotal')",
            ),
            sizes: Facts::query(
                    database,
                    "SELECT 'mount ' || path AS subject, blocks * blocks_size AS size,
                       (blocks - blocks_free) * blocks_size AS used, blocks_available * blocks_size AS avail,
                       inodes AS itotal, inodes_free AS iavail
                     FROM mounts WHERE NOT covered",
                ),
        }
    }
}

/// Octal escapes of mountinfo, as hex of the bytes.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut bytes = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at(3);
        let code = u8::from_str_radix(code, 8).expect("three octal digits");
        bytes.push(char::from(code));
        bytes.push_str(rest);
    }
    latin_hex(&bytes)
}
