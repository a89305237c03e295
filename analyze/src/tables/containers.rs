//! Table `containers`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use schema::tables::Container as ContainerRow;
use schema::{Row, Source, TableDef, Text};

use super::members::{Known, Members, text};
use crate::extract::{Extract, Facts, File, Record, Sink};
use crate::parse::container::Container;
use crate::parse::container_state::{self, State};
use crate::parse::{Issue, bytes, proc_pid_cgroup, proc_pid_stat, proc_pid_status};

/// Fills `containers`, once all processes are known.
#[derive(Default)]
pub(super) struct Containers {
    members: Members,
    /// By identity; a file of Docker's before others.
    states: BTreeMap<String, State>,
    processes: BTreeMap<u32, Seen>,
}

/// What matters of a process.
#[derive(Default)]
struct Seen {
    parent: Option<u32>,
    start_ticks: Option<u64>,
    cgroup_path: Option<Vec<u8>>,
    pid_namespace: Option<u64>,
    net_namespace: Option<u64>,
    mount_namespace: Option<u64>,
}

/// A container that grows.
#[derive(Default)]
struct Growing<'a> {
    container: Option<&'a Container>,
    pids: BTreeSet<u32>,
    known: BTreeSet<&'static str>,
}

impl Extract for Containers {
    const TABLE: TableDef = ContainerRow::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        if let Source::ContainerState(name) = file.source {
            self.state(name, file, sink);
            return;
        }
        self.members.file(file, facts);
        let (Some(pid), Source::Process(name)) = (file.pid, file.source) else {
            return;
        };
        let seen = self.processes.entry(pid).or_default();
        // Their issues are reported by `processes` and `process_cgroups`.
        match name {
            "stat" => {
                if let Some(stat) = proc_pid_stat::parse(file.content).value {
                    seen.parent = Some(stat.ppid);
                    seen.start_ticks = Some(stat.starttime);
                }
            }
            "status" => {
                let status = proc_pid_status::parse(file.content).value;
                seen.parent = seen.parent.or(status.ppid);
            }
            "cgroup" => {
                let memberships = proc_pid_cgroup::parse(file.content).value;
                let path = proc_pid_cgroup::main_path(&memberships);
                seen.cgroup_path = path.map(<[u8]>::to_vec);
            }
            _ => {}
        }
    }

    fn record<S: Sink>(&mut self, record: Record<'_>, _facts: &Facts, _sink: &mut S) {
        let Record::ProcessLink(link) = record else {
            return;
        };
        self.members.link(link);
        let seen = self.processes.entry(link.pid).or_default();
        let namespace = match link.name.as_bytes() {
            b"ns/pid" => &mut seen.pid_namespace,
            b"ns/net" => &mut seen.net_namespace,
            b"ns/mnt" => &mut seen.mount_namespace,
            _ => return,
        };
        *namespace = bytes::bracketed(link.target.as_bytes()).map(|(_, inode)| inode);
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        let index = self.members.index();
        let mut growing: BTreeMap<&str, Growing<'_>> = BTreeMap::new();
        // Processes of no container by their PID namespace, where that has no container.
        let mut others: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        let mut claimed: BTreeSet<u64> = BTreeSet::new();
        for (pid, seen) in &self.processes {
            if let Some((container, known)) = index.of(*pid) {
                let grown = growing.entry(container.id.as_str()).or_default();
                grown.take(container);
                grown.pids.insert(*pid);
                grown.known.insert(match known {
                    Known::Cgroup => "cgroup",
                    Known::Mount => "mount",
                });
                claimed.extend(seen.pid_namespace);
            } else if let Some(namespace) = seen.pid_namespace {
                others.entry(namespace).or_default().insert(*pid);
            }
        }
        for keeper in self.members.keepers().values() {
            let grown = growing.entry(keeper.container.id.as_str()).or_default();
            // It knows its runtime, but not always the pod.
            let named = grown.container.unwrap_or(&keeper.container);
            grown.container = Some(named);
            grown.known.insert("shim");
        }
        for id in self.states.keys() {
            let grown = growing.entry(id.as_str()).or_default();
            grown.known.insert("state");
        }
        for (id, grown) in &growing {
            let keeper = index.keeper(id);
            let state = self.states.get(*id);
            let said = |field: fn(&State) -> &Option<String>| {
                state.and_then(|state| field(state).as_deref())
            };
            let container = grown.container;
            let runtime = container
                .and_then(|container| container.runtime)
                .or_else(|| state.and_then(|state| state.runtime))
                .or_else(|| keeper.and_then(|keeper| keeper.container.runtime));
            let row = ContainerRow {
                id: Some(text(id)),
                runtime: runtime.map(Text::from),
                name: said(|state| &state.name)
                    .or_else(|| keeper.and_then(|keeper| keeper.name.as_deref()))
                    .or_else(|| matches!(runtime, Some("lxc" | "systemd-nspawn")).then_some(*id))
                    .map(text),
                image: said(|state| &state.image).map(text),
                pod_name: said(|state| &state.pod_name).map(text),
                pod_namespace: said(|state| &state.pod_namespace).map(text),
                log_path: said(|state| &state.log_path).map(text),
                state: text(match (grown.pids.is_empty(), said(|state| &state.status)) {
                    // What the file says may be old: a process is a process.
                    (false, Some("paused")) => "paused",
                    (false, _) => "running",
                    (true, Some("running") | None) => "stopped",
                    (true, Some(status)) => status,
                }),
                pod_uid: container
                    .and_then(|container| container.pod_uid.as_deref())
                    .map(text),
                ..self.row(&grown.pids, &grown.known, facts)
            };
            sink.row(&row);
        }
        let host = self.processes.get(&1).and_then(|seen| seen.pid_namespace);
        let known = BTreeSet::from(["namespace"]);
        for (namespace, pids) in others {
            // Without that of process 1 nothing is known to be another one.
            if host.is_some_and(|host| host != namespace) && !claimed.contains(&namespace) {
                sink.row(&ContainerRow {
                    runtime: Some(Text::from("none")),
                    ..self.row(&pids, &known, facts)
                });
            }
        }
    }
}

impl<'a> Growing<'a> {
    /// The more is known the better.
    fn take(&mut self, container: &'a Container) {
        let known = |container: &Container| {
            (container.runtime.is_some(), container.pod_uid.is_some())
        };
        if self.container.is_none_or(|before| known(before) < known(container)) {
            self.container = Some(container);
        }
    }
}

impl Containers {
    /// Takes what a runtime has written down.
    fn state<S: Sink>(&mut self, name: &str, file: &File<'_>, sink: &mut S) {
        let states = match name {
            "config.v2.json" => container_state::docker(file.content).map(|state| vec![state]),
            "config.json" => {
                container_state::task(file.content, file.path).map(|state| vec![state])
            }
            _ => container_state::storage(file.content),
        };
        let Some(states) = states else {
            let expected = "expected what a container runtime keeps of a container";
            sink.issue(file.member, Issue::whole(expected, file.content));
            return;
        };
        for state in states {
            // Its own file knows more than that of the containerd below it.
            match self.states.entry(state.id.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(state);
                }
                Entry::Occupied(mut entry) if entry.get().name.is_none() => {
                    entry.insert(state);
                }
                Entry::Occupied(_) => {}
            }
        }
    }

    /// What the processes of a container tell of it.
    fn row(
        &self,
        pids: &BTreeSet<u32>,
        known: &BTreeSet<&'static str>,
        facts: &Facts,
    ) -> ContainerRow<'static> {
        let members = pids.iter().filter_map(|pid| Some((*pid, self.processes.get(pid)?)));
        let is_first = |seen: &Seen| seen.parent.is_none_or(|parent| !pids.contains(&parent));
        // Of several whose parents are outside, such as what was executed in it later, the one that was started first.
        let root = members
            .filter(|(_, seen)| is_first(seen))
            .min_by_key(|(pid, seen)| (seen.start_ticks.is_none(), seen.start_ticks, *pid));
        let of_root = |field: fn(&Seen) -> Option<u64>| root.and_then(|(_, seen)| field(seen));
        let started = of_root(|seen| seen.start_ticks);
        let known: Vec<&str> = known.iter().copied().collect();
        ContainerRow {
            id: None,
            runtime: None,
            name: None,
            image: None,
            pod_name: None,
            pod_namespace: None,
            pod_uid: None,
            root_pid: root.map(|(pid, _)| pid),
            process_count: u32::try_from(pids.len()).unwrap_or(u32::MAX),
            cgroup_path: root
                .and_then(|(_, seen)| seen.cgroup_path.clone())
                .map(Text::from),
            pid_namespace: of_root(|seen| seen.pid_namespace),
            net_namespace: of_root(|seen| seen.net_namespace),
            mount_namespace: of_root(|seen| seen.mount_namespace),
            log_path: None,
            started: started.and_then(|ticks| facts.started(ticks)),
            state: Text::from(if pids.is_empty() { "stopped" } else { "running" }),
            known_from: text(&known.join(",")),
        }
    }
}
