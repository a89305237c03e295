//! Memory and mounts: `free`, `df` and a walk of `mountinfo`, against their tables.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::facts::{Facts, latin, latin_hex};
use super::processes::numbers;
use crate::common::{analyze, succeed};

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
        let shown = succeed(Command::new("free").arg("-b").env("LC_ALL", "C"), &[0]);
        for line in String::from_utf8_lossy(&shown).lines().skip(1) {
            let words: Vec<_> = line.split_whitespace().collect();
            let names = ["total", "used", "free", "shared", "cache", "available"];
            for (name, value) in names.iter().zip(&words[1..]) {
                self.memory.add(words[0].trim_end_matches(':'), name, value);
            }
        }
    }

    fn ask_df(&mut self) {
        let columns = "--output=target,size,used,avail,itotal,iavail";
        let mut df = Command::new("df");
        // A file system that cannot be asked costs its own line.
        let shown = succeed(
            df.args(["-a", "-l", "-B1", columns]).env("LC_ALL", "C"),
            &[0, 1],
        );
        for line in latin(&shown).lines().skip(1) {
            let mut words = line
                .rsplitn(6, char::is_whitespace)
                .filter(|word| !word.is_empty());
            let numbers: Vec<_> = words.by_ref().take(5).collect();
            let Some(target) = words.next() else { continue };
            for (name, value) in ["iavail", "itotal", "avail", "used", "size"]
                .iter()
                .zip(numbers)
            {
                if value != "-" {
                    self.sizes
                        .add(format!("mount {}", target.trim_end()), name, value);
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
                "WITH m AS (SELECT
                   sum(value) FILTER (WHERE name = 'MemTotal') AS total,
                   sum(value) FILTER (WHERE name = 'MemFree') AS free,
                   sum(value) FILTER (WHERE name = 'Shmem') AS shared,
                   sum(value) FILTER (WHERE name IN ('Buffers', 'Cached', 'SReclaimable')) AS cache,
                   sum(value) FILTER (WHERE name = 'MemAvailable') AS available,
                   sum(value) FILTER (WHERE name = 'SwapTotal') AS swap,
                   sum(value) FILTER (WHERE name = 'SwapFree') AS swap_free FROM memory_info)
                 SELECT 'Mem' AS subject, total, total - available AS used, free, shared, cache, available FROM m
                 UNION ALL SELECT 'Swap', swap, swap - swap_free, swap_free, NULL, NULL, NULL FROM m",
            ),
            sizes: if knows_sizes() {
                Facts::query(
                    database,
                    "SELECT 'mount ' || path AS subject, blocks * blocks_size AS size,
                       (blocks - blocks_free) * blocks_size AS used, blocks_available * blocks_size AS avail,
                       inodes AS itotal, inodes_free AS iavail
                     FROM mounts WHERE NOT covered",
                )
            } else {
                Facts::default()
            },
        }
    }
}

/// Whether this build has the sizes of file systems.
pub(crate) fn knows_sizes() -> bool {
    let shown = succeed(analyze().args(["tables", "mounts"]), &[0]);
    String::from_utf8_lossy(&shown).contains("blocks_free")
}

/// Octal escapes of mountinfo, as hex of the bytes.
fn unescaped(text: &str) -> String {
    let mut bytes = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.push_str(&rest[..at]);
        let code = u8::from_str_radix(&rest[at + 1..at + 4], 8).expect("three octal digits");
        bytes.push(char::from(code));
        rest = &rest[at + 4..];
    }
    bytes.push_str(rest);
    latin_hex(&bytes)
}
