//! Table `log_files`.

use std::collections::{BTreeMap, HashMap};

use schema::tables::LogFile;
use schema::{Row, Source, TableDef, Text, rotated};

use super::members::{Index, Members, text};
use crate::extract::{Extract, Facts, File, Record, Sink};
use crate::parse::{container, container_state};

/// Fills `log_files`.
#[derive(Default)]
pub(super) struct LogFiles {
    members: Members,
    /// Who leads to each log.
    found: BTreeMap<Vec<u8>, Vec<Found>>,
    /// Logs of known paths, and whether each is a rotated one.
    known: BTreeMap<Vec<u8>, bool>,
    /// Containers of pods by the namespace and name of the pod and their own name.
    of_pods: HashMap<(String, String, String), String>,
}

/// One way to a log.
struct Found {
    by: Vec<u8>,
    pid: Option<u32>,
    fd: Option<u32>,
    target: Vec<u8>,
}

impl Extract for LogFiles {
    const TABLE: TableDef = LogFile::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, _sink: &mut S) {
        if let Source::Log(log) = file.source {
            let path = std::str::from_utf8(file.path);
            let is_rotated = path.is_ok_and(|path| rotated::sibling(log, path).is_some());
            self.known.insert(file.path.to_vec(), is_rotated);
        }
        if let Source::ContainerState(_) = file.source
            && let Some(state) = container_state::task(file.content, file.path)
            && let (Some(namespace), Some(pod), Some(name)) =
                (state.pod_namespace, state.pod_name, state.name)
        {
            self.of_pods.insert((namespace, pod, name), state.id);
            return;
        }
        self.members.file(file, facts);
    }

    fn record<S: Sink>(&mut self, record: Record<'_>, _facts: &Facts, _sink: &mut S) {
        match record {
            Record::ProcessLink(link) => self.members.link(link),
            Record::FoundLog(log) => {
                let found = self.found.entry(log.path.as_bytes().to_vec());
                found.or_default().push(Found {
                    by: log.found_by.as_bytes().to_vec(),
                    pid: log.pid,
                    fd: log.fd,
                    target: log.target.as_bytes().to_vec(),
                });
            }
            _ => {}
        }
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        let containers = self.members.index();
        for (path, found) in &self.found {
            for found in found {
                sink.row(&self.row(path, found, &containers, facts));
            }
        }
        for (path, is_rotated) in &self.known {
            if self.found.contains_key(path) {
                continue;
            }
            let by = if *is_rotated { "rotated" } else { "known path" };
            let found = Found {
                by: by.as_bytes().to_vec(),
                pid: None,
                fd: None,
                target: Vec::new(),
            };
            sink.row(&self.row(path, &found, &containers, facts));
        }
    }
}

impl LogFiles {
    fn row<'a>(
        &self,
        path: &'a [u8],
        found: &'a Found,
        containers: &Index<'_>,
        facts: &Facts,
    ) -> LogFile<'a> {
        let fact = facts.files.get(path);
        // A daemon writes for the container, and may be in none or in another one.
        let container = container::of_log(path)
            .or_else(|| self.of_pods.get(&container::of_pod_log(path)?).cloned())
            .or_else(|| Some(containers.of(found.pid?)?.0.id.clone()));
        let opened = fact.filter(|fact| fact.inode.is_some());
        LogFile {
            path: Text::from(path),
            found_by: Text::from(found.by.as_slice()),
            pid: found.pid,
            fd: found.fd,
            target: found.pid.map(|_| Text::from(found.target.as_slice())),
            container_id: container.map(|id| text(&id)),
            outcome: fact.map(|fact| fact.outcome),
            size: opened.map(|fact| fact.size),
            mtime: opened.and_then(|fact| fact.mtime),
            inode: opened.and_then(|fact| fact.inode),
            uid: opened.and_then(|fact| fact.uid),
            kept_from: opened.map(|fact| fact.offset),
            kept_bytes: opened.map(|fact| fact.kept),
        }
    }
}
