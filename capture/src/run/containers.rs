//! The files in which container runtimes keep what they know of each container. Where they lie, the processes tell: the daemon's
//! arguments, and the directory that each shim works in.

use std::collections::BTreeSet;

use schema::{Outcome, Source};

use super::Capture;
use crate::Error;
use crate::protocol::{Access, End, FileTask, Request};

/// Files that are read: what has more containers is no host.
const LIMIT: usize = 5_000;
/// Where Docker keeps its containers, unless its arguments say otherwise.
const DOCKER_ROOT: &[u8] = b"/var/lib/docker";
/// Where Podman and CRI-O keep what they know of theirs, when they run as root.
const STORAGE: &[u8] = b"/var/lib/containers/storage/overlay-containers/containers.json";
/// Where containerd keeps a directory of each of its tasks.
const TASKS: &[u8] = b"/io.containerd.runtime.v2.task/";

/// Where state may lie.
#[derive(Debug, Default)]
pub(super) struct Containers {
    docker_roots: BTreeSet<Vec<u8>>,
    tasks: BTreeSet<Vec<u8>>,
}

impl Containers {
    /// Learns from the arguments of a process.
    pub(super) fn arguments(&mut self, content: &[u8]) {
        let mut arguments = content.split(|byte| *byte == 0);
        let program = arguments.next().unwrap_or_default();
        if program.rsplit(|byte| *byte == b'/').next() != Some(b"dockerd") {
            return;
        }
        while let Some(argument) = arguments.next() {
            let root = match argument {
                b"--data-root" | b"-g" | b"--graph" => arguments.next(),
                _ => argument.strip_prefix(b"--data-root="),
            };
            if let Some(root) = root.filter(|root| root.starts_with(b"/")) {
                self.docker_roots.insert(root.to_vec());
            }
        }
    }

    /// Learns where a process works.
    pub(super) fn directory(&mut self, target: &[u8]) {
        if memchr::memmem::find(target, TASKS).is_some() && self.tasks.len() < LIMIT {
            self.tasks.insert(target.to_vec());
        }
    }
}

impl Capture {
    /// Reads the state of all containers.
    pub(super) fn container_states(&mut self) -> Result<(), Error> {
        let source = |name: &'static str| self.position(Source::ContainerState(name));
        let (docker, task, storage) = (
            source("config.v2.json"),
            source("config.json"),
            source("containers.json"),
        );
        self.progress.stage("containers");
        let mut files: Vec<(Option<u16>, Vec<u8>)> = vec![(storage, STORAGE.to_vec())];
        let mut roots = std::mem::take(&mut self.containers.docker_roots);
        roots.insert(DOCKER_ROOT.to_vec());
        for root in roots {
            let directory = [&root, b"/containers".as_slice()].concat();
            self.names.clear();
            self.work(vec![Request::ListDirectory(directory.clone())])?;
            for name in std::mem::take(&mut self.names) {
                // Beside them lies nothing else, but nothing is taken for one that does not look like one.
                if name.len() == 64 {
                    let path = [&directory, b"/".as_slice(), &name].concat();
                    // Of the drivers that keep logs, those that keep them here.
                    let log = [&path, b"/".as_slice(), &name, b"-json.log"].concat();
                    self.found_logs.kept_by_runtime(log);
                    files.push((docker, [&path, b"/config.v2.json".as_slice()].concat()));
                }
            }
        }
        for directory in std::mem::take(&mut self.containers.tasks) {
            files.push((task, [&directory, b"/config.json".as_slice()].concat()));
        }
        if files.len() > LIMIT {
            let left_out = files.len().saturating_sub(LIMIT);
            let reason = format!("over {LIMIT} containers: {left_out} are left out");
            let end = End::because(Outcome::Truncated, reason);
            let now = self.now_ms();
            self.sink.outcome(DOCKER_ROOT, None, &end, now)?;
            files.truncate(LIMIT);
        }
        let tasks = files.into_iter().filter_map(|(source, path)| {
            Some(FileTask {
                source: source?,
                path,
                access: Access::System,
            })
        });
        self.files(tasks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_state_lies() {
        let mut containers = Containers::default();
        for arguments in [
            &b"/usr/bin/dockerd\0--data-root\0/srv/docker\0-H\0fd://\0"[..],
            b"dockerd\0--data-root=/srv/other\0",
            b"dockerd\0--data-root\0",
            b"dockerd\0-g\0relative\0",
            b"sh\0--data-root\0/srv/no\0",
            b"",
        ] {
            containers.arguments(arguments);
        }
        let roots: Vec<&[u8]> = containers.docker_roots.iter().map(Vec::as_slice).collect();
        assert_eq!(roots, [&b"/srv/docker"[..], b"/srv/other"]);
        containers.directory(b"/run/containerd/io.containerd.runtime.v2.task/moby/x");
        containers.directory(b"/srv");
        assert_eq!(containers.tasks.len(), 1);
    }
}
