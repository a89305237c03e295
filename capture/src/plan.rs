//! What is read, and in which order: derived from the sources that the tables declare.

use std::io::Write;

use schema::source::{COMPRESSED_LOG_LIMIT, Phase, Source};

use crate::protocol::{Access, FileTask};

/// Something of a process that a visit reads. Both sides derive the same list, so that a position names an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessItem {
    /// The source.
    pub source: Source,
    /// What it is below `/proc/PID/`.
    pub kind: ItemKind,
    /// Which lock reading it may wait for.
    pub phase: Phase,
}

/// What an item is below `/proc/PID/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A file.
    File(&'static str),
    /// A file below `net/`, which one process of each network namespace is asked for.
    NetFile(&'static str),
    /// A file that one process of each mount namespace is asked for.
    MountFile(&'static str),
    /// A link.
    Link(&'static str),
    /// The links below `fd/` with their `fdinfo`.
    Fds,
    /// The threads below `task/` with their `stat`.
    Threads,
}

impl ItemKind {
    /// The path below `/proc/PID/`.
    pub fn path(self) -> String {
        match self {
            ItemKind::File(name) | ItemKind::MountFile(name) | ItemKind::Link(name) => {
                name.to_owned()
            }
            ItemKind::NetFile(name) => format!("net/{name}"),
            ItemKind::Fds => "fd".to_owned(),
            ItemKind::Threads => "task".to_owned(),
        }
    }
}

/// Everything that may be read of a process.
pub fn process_items() -> Vec<ProcessItem> {
    schema::tables::sources()
        .into_iter()
        .filter_map(|source| {
            let kind = match source {
                Source::Process(name) => ItemKind::File(name),
                Source::ProcessLink("fd") => ItemKind::Fds,
                Source::ProcessLink("task") => ItemKind::Threads,
                Source::ProcessLink(name) => ItemKind::Link(name),
                Source::NetNamespace(name) => ItemKind::NetFile(name),
                Source::MountNamespace(name) => ItemKind::MountFile(name),
                _ => return None,
            };
            Some(ProcessItem {
                source,
                kind,
                phase: source.phase(),
            })
        })
        .collect()
}

/// Positions of the items that pass, in the order they are read.
pub fn positions(items: &[ProcessItem], wanted: impl Fn(&ProcessItem) -> bool) -> Vec<u16> {
    items
        .iter()
        .enumerate()
        .filter(|(_, item)| wanted(item))
        .filter_map(|(position, _)| u16::try_from(position).ok())
        .collect()
}

/// The items that every process is asked for in a phase: links and small files first, then threads, then fds.
pub fn of_phase(items: &[ProcessItem], phase: Phase) -> Vec<u16> {
    let mut positions = positions(items, |item| {
        item.phase == phase && !matches!(item.kind, ItemKind::NetFile(_) | ItemKind::MountFile(_))
    });
    positions.sort_by_key(|position| {
        let kind = items.get(usize::from(*position)).map(|item| item.kind);
        match kind {
            Some(ItemKind::Link(_)) => 0,
            Some(ItemKind::Threads) => 2,
            Some(ItemKind::Fds) => 3,
            _ => 1,
        }
    });
    positions
}

/// A file of the host that is read once, with its position among the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFile {
    /// Position in [`schema::tables::sources`].
    pub source: u16,
    /// Absolute path.
    pub path: &'static str,
    /// How it may be opened.
    pub access: Access,
}

impl From<HostFile> for FileTask {
    fn from(file: HostFile) -> Self {
        FileTask {
            source: file.source,
            path: file.path.as_bytes().to_vec(),
            access: file.access,
        }
    }
}

/// The host's own files: facts first, then the kernel's log and the tails of the others.
pub fn host_files() -> Vec<HostFile> {
    let mut files = sources_where(|source| match source {
        Source::Host(path) if path.starts_with("/proc/") => Some((path, Access::Proc)),
        Source::Host(path) => Some((path, Access::System)),
        _ => None,
    });
    files.sort_by_key(|file| file.access != Access::Proc);
    files
}

/// The logs of which the tail is kept.
pub fn logs() -> Vec<HostFile> {
    let mut files = sources_where(|source| match source {
        Source::Device(path) => Some((path, Access::Device)),
        Source::Log(path) | Source::Tail(path) => Some((path, Access::System)),
        _ => None,
    });
    files.sort_by_key(|file| file.access != Access::Device);
    files
}

/// Names below every home.
pub fn home_files() -> Vec<(u16, &'static str)> {
    sources_where(|source| match source {
        Source::Home(name) => Some((name, Access::Home(0))),
        _ => None,
    })
    .into_iter()
    .map(|file| (file.source, file.path))
    .collect()
}

fn sources_where(pick: impl Fn(Source) -> Option<(&'static str, Access)>) -> Vec<HostFile> {
    schema::tables::sources()
        .into_iter()
        .enumerate()
        .filter_map(|(position, source)| {
            let (path, access) = pick(source)?;
            Some(HostFile {
                source: u16::try_from(position).ok()?,
                path,
                access,
            })
        })
        .collect()
}

/// Prints the plan: a line for each source, in the order of reading.
pub fn print(out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{:<10} {:>10}  PATH", "STAGE", "LIMIT")?;
    let mut line = |stage: &str, source: Source, path: &str| {
        writeln!(out, "{stage:<10} {:>10}  {path}", source.limit())
    };
    let sources = schema::tables::sources();
    let at = |position: u16| sources.get(usize::from(position)).copied();
    for file in host_files() {
        at(file.source).map_or(Ok(()), |source| line("host", source, file.path))?;
    }
    let items = process_items();
    for (stage, phase) in [
        ("process 1", Phase::Free),
        ("process 2", Phase::Exec),
        ("namespace", Phase::Free),
        ("process 3", Phase::Memory),
    ] {
        let positions = if stage == "namespace" {
            positions(&items, |item| {
                matches!(item.kind, ItemKind::NetFile(_) | ItemKind::MountFile(_))
            })
        } else {
            of_phase(&items, phase)
        };
        for item in positions
            .iter()
            .filter_map(|position| items.get(usize::from(*position)))
        {
            let path = match item.kind {
                ItemKind::Fds => "/proc/PID/fd/* with /proc/PID/fdinfo/*".to_owned(),
                ItemKind::Threads => "/proc/PID/task/*/stat".to_owned(),
                kind => format!("/proc/PID/{}", kind.path()),
            };
            line(stage, item.source, &path)?;
        }
        if stage == "process 2" {
            for source in &sources {
                if let Source::NetDump(name) = source {
                    line("namespace", *source, &format!("netlink dump {name}"))?;
                }
                if let Source::Cgroup(name) = source {
                    line("cgroup", *source, &format!("/sys/fs/cgroup/*/{name}"))?;
                }
            }
        }
    }
    for source in &sources {
        if let Source::ContainerState(name) = source {
            line("container", *source, &format!("{name} of each container"))?;
        }
    }
    line(
        "log",
        Source::FoundLog,
        "what processes hold open to append to, what their arguments name, what container runtimes keep",
    )?;
    line(
        "config",
        Source::FoundConfig,
        "configuration that processes name, or that is called like their program: /etc/NAME.conf, /etc/NAME/NAME.conf",
    )?;
    for file in logs() {
        at(file.source).map_or(Ok(()), |source| line("log", source, file.path))?;
    }
    writeln!(
        out,
        "{:<10} {COMPRESSED_LOG_LIMIT:>10}  rotated siblings of all of them: .N -DATE .old; with .gz .xz .zst .bz2 whole or not at all",
        "log"
    )?;
    let mut line = |stage: &str, source: Source, path: &str| {
        writeln!(out, "{stage:<10} {:>10}  {path}", source.limit())
    };
    for place in schema::source::JOURNALS {
        line(
            "journal",
            Source::Journal,
            &format!("{place}/*/*.journal, by entries"),
        )?;
    }
    for (source, name) in home_files() {
        at(source).map_or(Ok(()), |source| {
            line("home", source, &format!("HOME/{name}"))
        })?;
    }
    line("home", Source::NamedHistory, "HISTFILE of the processes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reading any of these changes the host, hangs on it, or costs it dearly.
    #[test]
    fn the_plan_names_nothing_that_must_not_be_opened() {
        let banned = [
            "mem",
            "pagemap",
            "smaps",
            "smaps_rollup",
            "numa_maps",
            "clear_refs",
            "map_files",
            "attach",
            "syscall",
            "stack",
            "kmsg",
            "kcore",
            "sysrq-trigger",
            "trace_pipe",
        ];
        for source in schema::tables::sources() {
            let (Source::Process(name)
            | Source::ProcessLink(name)
            | Source::NetNamespace(name)
            | Source::MountNamespace(name)
            | Source::Host(name)
            | Source::Log(name)
            | Source::Tail(name)
            | Source::Home(name)) = source
            else {
                continue;
            };
            assert!(!name.contains(".."), "{name}");
            if name.starts_with("/proc/") || !name.starts_with('/') {
                let last = name.rsplit('/').next().unwrap();
                assert!(!banned.contains(&last), "{name}");
            }
        }
    }

    #[test]
    fn every_item_is_read_in_exactly_one_stage() {
        let items = process_items();
        let mut planned = positions(&items, |item| {
            matches!(item.kind, ItemKind::NetFile(_) | ItemKind::MountFile(_))
        });
        for phase in [Phase::Free, Phase::Exec, Phase::Memory] {
            planned.extend(of_phase(&items, phase));
        }
        planned.sort_unstable();
        assert_eq!(
            planned,
            (0..u16::try_from(items.len()).unwrap()).collect::<Vec<_>>()
        );
    }
}
