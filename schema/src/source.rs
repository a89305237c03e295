//! Where the rows of a table come from, and what that says about reading it.
//!
//! The capture plan is the union of the sources that the tables name. A file-fed table therefore needs nothing in
//! `capture`: naming its file is enough.

use std::collections::HashMap;

use crate::bundle::Lane;
use crate::member;

/// Where rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The rows themselves travel as records.
    Record,
    /// Rows of a record type of [`crate::records`], parsed by `analyze`.
    Evidence(&'static str),
    /// A file of every process, named below `/proc/PID/`.
    Process(&'static str),
    /// A link of every process, named below `/proc/PID/`.
    ProcessLink(&'static str),
    /// A file read once for each network namespace, named below `/proc/PID/net/`.
    NetNamespace(&'static str),
    /// What the kernel answers over netlink when it is asked for all of something, once for each network namespace, by the
    /// name of the dump.
    NetDump(&'static str),
    /// A file read once for each mount namespace, named below `/proc/PID/`.
    MountNamespace(&'static str),
    /// A file of every control group that has processes, by its name.
    Cgroup(&'static str),
    /// A file in which a container runtime keeps what it knows of a container, by its name. Where they lie the runtime decides.
    ContainerState(&'static str),
    /// One file of the host, by its absolute path.
    Host(&'static str),
    /// One log of the host, of which the tail is kept, and its rotated siblings ([`crate::rotated`]).
    Log(&'static str),
    /// One file of the host that is appended to and is no text, of which the end is kept, and its rotated siblings.
    Tail(&'static str),
    /// One device of the fixed list that may be opened, by its absolute path.
    Device(&'static str),
    /// A file in the home of every user, named below the home directory.
    Home(&'static str),
    /// A history of a shell that the environment of a process names (`HISTFILE`).
    NamedHistory,
    /// A file of the systemd journal, of which the last entries are kept, in the export format.
    Journal,
    /// A log that was found by following a process ([`crate::records::FoundLog`]), and its rotated siblings.
    FoundLog,
    /// A configuration file that was found by following a process ([`crate::records::FoundConfig`]).
    FoundConfig,
}

/// When a file of a process is read. What any user can make hang comes after what nobody can.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Phase {
    /// Takes no lock that a process can hold against its readers.
    Free,
    /// Waits for a process that is stuck in exec (`exec_update_lock`).
    Exec,
    /// Waits for a process that holds its own `mmap_lock`.
    Memory,
}

/// What a file holds, as far as redaction must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Nothing that the rules look at.
    Plain,
    /// NUL-separated `NAME=value` (`/proc/PID/environ`).
    Environ,
    /// NUL-separated arguments (`/proc/PID/cmdline`).
    Arguments,
    /// JSON, with environments and arguments among its strings.
    Json,
    /// The history of a shell: command lines, in any format that a shell writes them.
    History,
    /// Configuration of any format.
    Configuration,
}

/// Most bytes kept of a `/proc` or configuration file that no other limit names.
///
/// The largest honest ones are `maps` of a process with the default maximum of 65,530 mappings (about 6 MiB); what is longer is
/// cut and says so.
pub const FILE_LIMIT: u64 = 16 << 20;
/// Most bytes kept of `cmdline` and `environ`, which their owner can make 64 GiB long; head and tail are kept.
pub const ARGUMENTS_LIMIT: u64 = 128 << 10;
/// Where control groups are mounted. What is mounted elsewhere is not read.
pub const CGROUPS: &str = "/sys/fs/cgroup";
/// Most bytes kept of a table of a network namespace: two million tracked connections of 256 bytes, three million TCP sockets
/// of 150.
pub const NET_TABLE_LIMIT: u64 = 512 << 20;
/// Most bytes kept of the end of one log.
pub const LOG_TAIL_LIMIT: u64 = 1 << 20;
/// Most bytes of a compressed rotated log, which is kept whole or not at all: a tail of it could not be decompressed.
pub const COMPRESSED_LOG_LIMIT: u64 = 16 << 20;
/// Most bytes kept of all logs together: those that processes hold open or name come first, then those of known paths, then
/// rotated siblings, the newest of each log first.
pub const LOGS_LIMIT: u64 = 64 << 20;
/// Most of those bytes that logs take which processes hold open or name: the rest is left for the others.
pub const FOUND_LOGS_LIMIT: u64 = 48 << 20;
/// Most bytes kept of the end of the kernel's log buffer; distributions configure 128 KiB to 1 MiB.
pub const KERNEL_LOG_LIMIT: u64 = 4 << 20;
/// Where the journal is kept: until the next start, and for good.
pub const JOURNALS: [&str; 2] = ["/run/log/journal", "/var/log/journal"];
/// Most bytes kept of the journal, in the export format.
pub const JOURNALS_LIMIT: u64 = 24 << 20;
/// Most bytes kept of the end of one file of records: ten thousand logins.
pub const RECORDS_LIMIT: u64 = 4 << 20;
/// Most bytes kept of one configuration file that was found by following a process.
pub const CONFIG_LIMIT: u64 = 256 << 10;
/// Most bytes kept of all of them together.
pub const CONFIGS_LIMIT: u64 = 16 << 20;
/// Most bytes kept of the end of one history file.
pub const HISTORY_LIMIT: u64 = 4 << 20;

impl Source {
    /// The phase in which a process file is read; [`Phase::Free`] for everything that is no process file.
    pub fn phase(self) -> Phase {
        match self {
            Source::Process("stat" | "io" | "wchan") | Source::ProcessLink(_) => Phase::Exec,
            Source::Process("cmdline" | "environ" | "maps") => Phase::Memory,
            _ => Phase::Free,
        }
    }

    /// What the bytes are, for redaction.
    pub fn content(self) -> Content {
        match self {
            Source::Process("environ") => Content::Environ,
            Source::Process("cmdline") => Content::Arguments,
            Source::ContainerState(_) => Content::Json,
            Source::Home(_) | Source::NamedHistory => Content::History,
            Source::FoundConfig => Content::Configuration,
            _ => Content::Plain,
        }
    }

    /// Most bytes that are kept.
    pub fn limit(self) -> u64 {
        match self {
            Source::Process("cmdline" | "environ") => ARGUMENTS_LIMIT,
            Source::NetNamespace(_) | Source::NetDump(_) => NET_TABLE_LIMIT,
            Source::Log(_) | Source::FoundLog => LOG_TAIL_LIMIT,
            Source::Tail(_) => RECORDS_LIMIT,
            Source::Journal => JOURNALS_LIMIT,
            Source::Device(_) => KERNEL_LOG_LIMIT,
            Source::FoundConfig => CONFIG_LIMIT,
            Source::Home(_) | Source::NamedHistory => HISTORY_LIMIT,
            _ => FILE_LIMIT,
        }
    }

    /// The lane of the bundle in which its bytes travel.
    pub fn lane(self) -> Lane {
        match self {
            Source::Process("maps") => Lane::Memory,
            Source::Process(_) | Source::MountNamespace(_) => Lane::Process,
            Source::Record | Source::Evidence(_) | Source::ProcessLink(_) => Lane::Record,
            Source::NetNamespace(_) | Source::NetDump(_) => Lane::Network,
            Source::Host(_)
            | Source::Cgroup(_)
            | Source::ContainerState(_)
            | Source::FoundConfig => Lane::System,
            Source::Log(_)
            | Source::FoundLog
            | Source::Journal
            | Source::Tail(_)
            | Source::Device(_)
            | Source::Home(_)
            | Source::NamedHistory => Lane::Log,
        }
    }
}

/// A host path, and the source that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The source.
    pub source: Source,
    /// The process of a path below `/proc/PID/`.
    pub pid: Option<u32>,
    /// The network namespace of a netlink dump.
    pub net_namespace: Option<u64>,
}

impl Located {
    /// Of a path that lies in no process.
    pub fn of(source: Source) -> Self {
        Located {
            source,
            pid: None,
            net_namespace: None,
        }
    }
}

/// Finds the source of a host path.
#[derive(Debug, Default)]
pub struct SourceMap {
    below_process: HashMap<&'static str, Source>,
    absolute: HashMap<&'static str, Source>,
    dumps: HashMap<&'static str, Source>,
    in_cgroup: HashMap<&'static str, Source>,
    of_container: HashMap<&'static str, Source>,
    below_home: Vec<(&'static str, Source)>,
    logs: Vec<(&'static str, Source)>,
}

impl SourceMap {
    /// A map of every source that is declared.
    pub fn new() -> Self {
        let mut map = SourceMap::default();
        for source in crate::tables::sources() {
            match source {
                Source::Process(name)
                | Source::ProcessLink(name)
                | Source::MountNamespace(name) => {
                    map.below_process.insert(name, source);
                }
                // Told apart from the process files by the directory.
                Source::NetNamespace(name) => {
                    map.absolute.insert(name, source);
                }
                Source::Host(path) | Source::Device(path) => {
                    map.absolute.insert(path, source);
                }
                Source::Log(path) | Source::Tail(path) => {
                    map.absolute.insert(path, source);
                    map.logs.push((path, source));
                }
                Source::NetDump(name) => {
                    map.dumps.insert(name, source);
                }
                Source::Cgroup(name) => {
                    map.in_cgroup.insert(name, source);
                }
                Source::ContainerState(name) => {
                    map.of_container.insert(name, source);
                }
                Source::Home(name) => map.below_home.push((name, source)),
                // Which paths they are is told by records of their own.
                Source::Record
                | Source::Evidence(_)
                | Source::NamedHistory
                | Source::FoundLog
                | Source::FoundConfig
                | Source::Journal => {}
            }
        }
        map
    }

    /// A file of a namespace that a dead tree has for no process.
    fn without_process(&self, path: &str) -> Option<Source> {
        let name = path.strip_prefix("/proc/")?;
        let name = name.strip_prefix("self/").unwrap_or(name);
        let source = match name.strip_prefix("net/") {
            Some(name) => self.absolute.get(name),
            None => self.below_process.get(name),
        };
        source
            .copied()
            .filter(|source| matches!(source, Source::NetNamespace(_) | Source::MountNamespace(_)))
    }

    /// The source that names a path, if one does.
    pub fn locate(&self, path: &[u8]) -> Option<Located> {
        let bytes = path;
        let Ok(path) = std::str::from_utf8(bytes) else {
            // Only the name of a home can be any bytes.
            let source = self.in_home(bytes)?;
            return (!bytes.starts_with(b"/proc/")).then(|| Located::of(source));
        };
        if let Some((net_namespace, name)) = member::split_dump(path) {
            return Some(Located {
                net_namespace: Some(net_namespace),
                ..Located::of(*self.dumps.get(name)?)
            });
        }
        if let Some((pid, name)) = split_process(path) {
            let source = match name.strip_prefix("net/") {
                Some(name) => self.absolute.get(name),
                None => self.below_process.get(name),
            };
            return Some(Located {
                pid: Some(pid),
                ..Located::of(*source?)
            });
        }
        if let Some(source) = self.without_process(path) {
            return Some(Located::of(source));
        }
        let source = self
            .absolute
            .get(path)
            .copied()
            .or_else(|| self.in_cgroup(path))
            .or_else(|| self.container_state(path))
            .or_else(|| journal(path))
            .or_else(|| self.rotated(path))
            .or_else(|| self.in_home(bytes));
        source.map(Located::of)
    }

    /// The history that a path in whatever home is.
    fn in_home(&self, path: &[u8]) -> Option<Source> {
        let holds = |name: &str| {
            path.strip_suffix(name.as_bytes())
                .is_some_and(|directory| directory.ends_with(b"/"))
        };
        let mut sources = self.below_home.iter();
        sources
            .find(|(name, _)| holds(name))
            .map(|(_, source)| *source)
    }

    /// The file of a control group that a path is.
    fn in_cgroup(&self, path: &str) -> Option<Source> {
        let (_, name) = path.strip_prefix(CGROUPS)?.rsplit_once('/')?;
        self.in_cgroup.get(name).copied()
    }

    /// The state of a container that a path is, by the directory that it lies in: one that is called like the container, or
    /// Podman's for all of them.
    fn container_state(&self, path: &str) -> Option<Source> {
        let (directory, name) = path.rsplit_once('/')?;
        let source = self.of_container.get(name).copied()?;
        let (above, last) = directory.rsplit_once('/')?;
        let is_full = last.len() == 64 && last.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_task = above.contains("/io.containerd.runtime.v2.task/");
        let is_there = match name {
            "config.v2.json" => is_full && above.ends_with("/containers"),
            "config.json" => is_task,
            _ => last == "overlay-containers",
        };
        is_there.then_some(source)
    }

    /// The log that a path is a rotated sibling of.
    fn rotated(&self, path: &str) -> Option<Source> {
        self.logs
            .iter()
            .find(|(log, _)| crate::rotated::sibling(log, path).is_some())
            .map(|(_, source)| *source)
    }
}

/// Whether a path is that of a file of the journal.
fn journal(path: &str) -> Option<Source> {
    let is_there = JOURNALS.iter().any(|place| {
        path.strip_prefix(place)
            .is_some_and(|below| below.starts_with('/'))
    });
    let is_journal = path.ends_with(".journal") || path.ends_with(".journal~");
    (is_there && is_journal).then_some(Source::Journal)
}

/// The dump that says the same as a file of a network namespace, and more.
pub fn dump_of(file: &'static str) -> Option<&'static str> {
    Some(match file {
        "tcp" | "tcp6" => "tcp",
        "udp" | "udp6" | "udplite" | "udplite6" | "raw" | "raw6" | "unix" | "packet"
        | "netlink" => file,
        "nf_conntrack" | "ip_conntrack" => "conntrack",
        "arp" => "neighbors",
        "route" | "ipv6_route" => "routes",
        "if_inet6" | "fib_trie" => "addresses",
        "dev" => "links",
        _ => return None,
    })
}

/// The process and the rest of a path below `/proc/PID/`.
pub fn split_process(path: &str) -> Option<(u32, &str)> {
    let (pid, name) = path.strip_prefix("/proc/")?.split_once('/')?;
    Some((pid.parse().ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_located() {
        let map = SourceMap::new();
        let check = |path: &[u8], expected: Option<(Source, Option<u32>)>| {
            assert_eq!(
                map.locate(path)
                    .map(|located| (located.source, located.pid)),
                expected
            );
        };
        check(
            b"/proc/7/status",
            Some((Source::Process("status"), Some(7))),
        );
        check(
            b"/proc/7/net/tcp",
            Some((Source::NetNamespace("tcp"), Some(7))),
        );
        check(
            b"/proc/7/mountinfo",
            Some((Source::MountNamespace("mountinfo"), Some(7))),
        );
        check(
            b"/proc/meminfo",
            Some((Source::Host("/proc/meminfo"), None)),
        );
        check(
            b"/home/\xff/.bash_history",
            Some((Source::Home(".bash_history"), None)),
        );
        check(b"/proc/7/root/\xff/.bash_history", None);
        check(
            b"/home/a/.bash_history",
            Some((Source::Home(".bash_history"), None)),
        );
        check(b"/proc/net/tcp", Some((Source::NetNamespace("tcp"), None)));
        check(
            b"/proc/self/net/route",
            Some((Source::NetNamespace("route"), None)),
        );
        check(
            b"/proc/self/mountinfo",
            Some((Source::MountNamespace("mountinfo"), None)),
        );
        check(b"/proc/self/status", None);
        check(b"/proc/net/stat", None);
        for log in [
            &b"/var/log/syslog"[..],
            b"/var/log/syslog.1",
            b"/var/log/syslog-20261101.gz",
        ] {
            check(log, Some((Source::Log("/var/log/syslog"), None)));
        }
        check(b"/var/log/syslog.d", None);
        check(b"/home/a/not.bash_history", None);
        check(b"/proc/7/smaps", None);
        let path = b"/sys/fs/cgroup/system.slice/x.service/memory.current";
        check(path, Some((Source::Cgroup("memory.current"), None)));
        check(b"/sys/fs/cgroup/memory.none", None);
        check(b"/srv/memory.current", None);
        let id = "5d9d81944193be406d19b57844c1c9e4e3139cfa26acb637959f660f2e514fa3";
        let docker = format!("/srv/docker/containers/{id}/config.v2.json");
        check(
            docker.as_bytes(),
            Some((Source::ContainerState("config.v2.json"), None)),
        );
        check(b"/var/lib/docker/containers/x/config.v2.json", None);
        check(
            b"/run/containerd/io.containerd.runtime.v2.task/default/web/config.json",
            Some((Source::ContainerState("config.json"), None)),
        );
        check(b"/etc/docker/config.json", None);
        check(b"netlink/7/tcp.bin", Some((Source::NetDump("tcp"), None)));
        check(b"netlink/7/none.bin", None);
        let located = map.locate(b"netlink/7/tcp.bin");
        assert_eq!(located.and_then(|located| located.net_namespace), Some(7));
    }
}
