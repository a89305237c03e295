//! The services of both snapshots: what the processes belong to, and which service of one is that of the other.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::belonging::{label, waits};
use super::processes::{self, Extent, Process, UnitKind};
use super::report::{Place, Report};
use super::roles::{self, Role, masked};
use super::service_state;
use super::side::{Gaps, Side, Sides};
use super::{Change, Difference, Kind, Relation, values};
use crate::Error;
use crate::db::query::Value;

/// Part of the arguments, in thousandths, that must be equal for two programs of one name to be one service.
const SIMILAR: usize = 300;
/// Processes of which each is looked for by its number.
const FEW: usize = 1000;

/// The services.
#[derive(Debug)]
pub(super) struct Services {
    processes: [HashMap<i64, Process>; 2],
    /// The service of each process.
    of: [HashMap<i64, usize>; 2],
    all: Vec<Service>,
    /// Pids of processes that are the same in both snapshots.
    same: HashSet<i64>,
    /// Network namespaces that are not the host's own, and the service whose they are.
    namespaces: [HashMap<i64, usize>; 2],
    /// The same of mount namespaces.
    mount_namespaces: [HashMap<i64, usize>; 2],
    /// The service of each program.
    programs: HashMap<Vec<u8>, usize>,
}

/// A service.
#[derive(Debug)]
pub(super) struct Service {
    title: String,
    pub(super) kind: UnitKind,
    /// What it is called on each side.
    labels: [Vec<u8>; 2],
    /// Its processes, by pid.
    pub(super) members: [Vec<i64>; 2],
}

impl Service {
    /// Whether it is in one snapshot only.
    fn is_one_sided(&self) -> bool {
        self.members.iter().any(Vec::is_empty)
    }
}

impl Services {
    /// Loads the processes of both snapshots and finds their services.
    pub(super) fn load(
        sides: &mut Sides,
        relation: Relation,
        extent: &Extent,
    ) -> Result<Self, Error> {
        let processes = sides.both(|_, side| processes::load(side, extent))?;
        let times = sides.0.each_ref().map(|side| side.snapshot.time);
        let mut services = Services::of(processes, times, relation);
        if matches!(extent, Extent::ServicesOf(_)) {
            return Ok(services);
        }
        let places = |side: &Side, sql: &str| -> Result<Vec<(i64, i64)>, Error> {
            let rows = side.ask(sql)?.rows;
            let pairs = rows.iter().filter_map(|row| match row.as_slice() {
                [pid, namespace] => Some((pid.integer()?, namespace.integer()?)),
                _ => None,
            });
            Ok(pairs.collect())
        };
        for (number, side) in sides.0.iter().enumerate() {
            let [net, mount] = ["net", "mnt"].map(|kind| {
                let sql = format!(
                    "SELECT min(pid), inode FROM process_namespaces AS own WHERE type = '{kind}' AND inode IS NOT NULL
                     AND (SELECT inode FROM process_namespaces WHERE type = '{kind}' AND pid = 1) <> inode
                     GROUP BY inode"
                );
                places(side, &sql)
            });
            for (pairs, of_kind) in [
                (net?, &mut services.namespaces),
                (mount?, &mut services.mount_namespaces),
            ] {
                for (pid, inode) in pairs {
                    let service = services.of.get(number).and_then(|of| of.get(&pid));
                    if let (Some(service), Some(namespaces)) = (service, of_kind.get_mut(number)) {
                        namespaces.insert(inode, *service);
                    }
                }
            }
        }
        Ok(services)
    }

    /// Finds the services of some processes that are the same in both snapshots: without all others, where those say nothing.
    pub(super) fn load_of(
        sides: &mut Sides,
        relation: Relation,
        pids: &HashSet<i64>,
    ) -> Result<Self, Error> {
        let [mut wanted, other] = sides.both(|_, side| processes::named_by(side, pids))?;
        wanted.extend(other);
        if wanted.len() <= FEW {
            let services = Services::load(sides, relation, &Extent::ServicesOf(wanted))?;
            if services.agree_on(pids) {
                return Ok(services);
            }
        }
        Services::load(sides, relation, &Extent::Services)
    }

    /// Whether the services of some processes that are the same were called the same: of one that was not, what it is called
    /// now depends on who else was called so.
    fn agree_on(&self, pids: &HashSet<i64>) -> bool {
        let [before, after] = &self.processes;
        self.same.intersection(pids).all(|pid| {
            let named = |side: &HashMap<i64, Process>| {
                side.get(pid)
                    .map(|process| (process.kind, label(side, process)))
            };
            named(before) == named(after)
        })
    }

    fn of(mut processes: [HashMap<i64, Process>; 2], times: [i64; 2], relation: Relation) -> Self {
        let [before, after] = &processes;
        let same: HashSet<i64> = before
            .values()
            .filter(|process| {
                relation.same_boot
                    && process.start_ticks.is_some()
                    && after
                        .get(&process.pid)
                        .is_some_and(|later| later.start_ticks == process.start_ticks)
            })
            .map(|process| process.pid)
            .collect();
        let waits = waits(&processes, times, &same);
        for (side, waits) in processes.iter_mut().zip(waits) {
            side.retain(|pid, process| {
                (!process.starts_capture || same.contains(pid)) && !waits.contains(pid)
            });
        }
        let mut labelled: BTreeMap<(UnitKind, Vec<u8>), [Vec<i64>; 2]> = BTreeMap::new();
        for (number, side) in processes.iter().enumerate() {
            let mut pids: Vec<i64> = side.keys().copied().collect();
            pids.sort_unstable();
            for pid in pids {
                if let Some(process) = side.get(&pid) {
                    let label = (process.kind, label(side, process));
                    if let Some(members) = labelled.entry(label).or_default().get_mut(number) {
                        members.push(pid);
                    }
                }
            }
        }
        let services = labelled
            .into_iter()
            .map(|((kind, label), members)| Service {
                title: String::new(),
                kind,
                labels: [label.clone(), label],
                members,
            });
        let mut services = Services {
            processes,
            of: Default::default(),
            all: services.collect(),
            same,
            namespaces: Default::default(),
            mount_namespaces: Default::default(),
            programs: HashMap::new(),
        };
        services.pair();
        services.settle();
        services
    }

    /// Joins services that are in one snapshot each, and are one all the same: with a process in common, the same
    /// container under another name, or the same program under another name.
    fn pair(&mut self) {
        type Fits = fn(&Services, &Service, &Service) -> bool;
        let fits: [Fits; 3] = [
            |all, one, other| {
                one.members[0]
                    .iter()
                    .any(|pid| all.same.contains(pid) && other.members[1].contains(pid))
            },
            |all, one, other| {
                let container = |side, service| all.main(side, service)?.container.clone();
                container(0, one).is_some() && container(0, one) == container(1, other)
            },
            |all, one, other| {
                one.kind == other.kind
                    && one.kind != UnitKind::User
                    && match (all.main(0, one), all.main(1, other)) {
                        (Some(before), Some(after)) => {
                            masked(before.program()) == masked(after.program())
                                && roles::similarity(before, after) >= SIMILAR
                                || before.path.is_some()
                                    && before.path == after.path
                                    && before.arguments == after.arguments
                        }
                        _ => false,
                    }
            },
        ];
        for fits in fits {
            for earlier in 0..self.all.len() {
                let found = (0..self.all.len()).find(|later| {
                    let (Some(one), Some(other)) = (self.all.get(earlier), self.all.get(*later))
                    else {
                        return false;
                    };
                    !one.members[0].is_empty()
                        && one.members[1].is_empty()
                        && other.members[0].is_empty()
                        && !other.members[1].is_empty()
                        && fits(self, one, other)
                });
                let later = found
                    .and_then(|later| self.all.get_mut(later))
                    .map(|later| {
                        (
                            std::mem::take(&mut later.members[1]),
                            later.labels[1].clone(),
                            later.kind,
                        )
                    });
                if let (Some((members, label, kind)), Some(one)) =
                    (later, self.all.get_mut(earlier))
                {
                    one.members[1] = members;
                    one.labels[1] = label;
                    one.kind = kind;
                }
            }
        }
        self.all
            .retain(|service| !service.members.iter().all(Vec::is_empty));
    }

    /// Notes the service of each process, and what people call each service. A process that is the same in both is in one
    /// service: the later one, or among trees, whose names follow from their ancestors, the earlier one.
    fn settle(&mut self) {
        let mut of: [HashMap<i64, usize>; 2] = Default::default();
        for (number, service) in self.all.iter().enumerate() {
            for (of, members) in of.iter_mut().zip(&service.members) {
                of.extend(members.iter().map(|pid| (*pid, number)));
            }
        }
        let [before, after] = &mut of;
        for pid in &self.same {
            let (Some(earlier), Some(later)) = (before.get_mut(pid), after.get_mut(pid)) else {
                continue;
            };
            if earlier == later {
                continue;
            }
            let kind = |number: usize| self.all.get(number).map(|service| service.kind);
            if kind(*later) == Some(UnitKind::Tree) {
                *later = *earlier;
            } else {
                *earlier = *later;
            }
        }
        for service in &mut self.all {
            service.members = Default::default();
        }
        for (side, of) in of.iter().enumerate() {
            let mut pids: Vec<(&i64, &usize)> = of.iter().collect();
            pids.sort_unstable();
            for (pid, number) in pids {
                let service = self.all.get_mut(*number);
                if let Some(members) = service.and_then(|service| service.members.get_mut(side)) {
                    members.push(*pid);
                }
            }
        }
        for (processes, of) in self.processes.iter().zip(&of) {
            for process in processes.values() {
                if let Some(number) = of.get(&process.pid) {
                    // Of several the first, so that both snapshots agree.
                    for name in [&process.name[..], process.program()] {
                        let known = self.programs.entry(name.to_vec()).or_insert(*number);
                        *known = (*known).min(*number);
                    }
                }
            }
        }
        self.of = of;
        let titles: Vec<String> = self
            .all
            .iter()
            .map(|service| self.titled(service))
            .collect();
        for (service, title) in self.all.iter_mut().zip(titles) {
            service.title = title;
        }
    }

    fn titled(&self, service: &Service) -> String {
        let side = usize::from(!service.members[1].is_empty());
        let label = service
            .labels
            .get(side)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let shown = |text: &[u8]| schema::text::escaped(text).to_string();
        match (service.kind, self.main(side, service)) {
            (UnitKind::Container, Some(main)) => {
                let name = label
                    .splitn(2, |byte| *byte == b' ')
                    .last()
                    .unwrap_or(label);
                format!("{} (container {})", shown(main.program()), shown(name))
            }
            _ => shown(label),
        }
    }

    /// The first process of a service: the oldest whose parent is none of it.
    pub(super) fn main(&self, side: usize, service: &Service) -> Option<&Process> {
        let members = service.members.get(side)?;
        let processes = self.processes.get(side)?;
        let all = members.iter().filter_map(|pid| processes.get(pid));
        all.min_by_key(|process| {
            let has_parent = process
                .parent
                .is_some_and(|parent| members.binary_search(&parent).is_ok());
            (has_parent, process.start_ticks, process.pid)
        })
    }

    /// What people call a service.
    pub(super) fn title(&self, number: usize) -> String {
        self.all
            .get(number)
            .map(|service| service.title.clone())
            .unwrap_or_default()
    }

    /// Where the rows of a process belong; `None` where it is left out, as the capture is.
    pub(super) fn place_of(&self, side: usize, pid: i64) -> Option<Place> {
        self.of
            .get(side)?
            .get(&pid)
            .map(|number| Place::Service(*number))
    }

    /// Where what is in a network namespace belongs.
    pub(super) fn place_of_net(&self, side: usize, inode: Option<i64>) -> Place {
        place(&self.namespaces, side, inode)
    }

    /// The service of a program that is known by its name, where there is one.
    pub(super) fn place_of_program(&self, program: &[u8]) -> Option<Place> {
        self.programs.get(program).copied().map(Place::Service)
    }

    /// Where a control group belongs: to the service whose processes are in it.
    pub(super) fn place_of_cgroup(&self, side: usize, path: &[u8]) -> Place {
        let processes = self.processes.get(side);
        let mut members = processes.into_iter().flat_map(HashMap::values);
        let member = members.find(|process| process.cgroup.as_deref() == Some(path));
        member
            .and_then(|process| self.place_of(side, process.pid))
            .unwrap_or(Place::Host)
    }

    /// Where what is in a mount namespace belongs.
    pub(super) fn place_of_mount(&self, side: usize, inode: Option<i64>) -> Place {
        place(&self.mount_namespaces, side, inode)
    }

    /// Whether something of a service could not be read on one side.
    pub(super) fn is_hidden(&self, side: usize, place: Place, gaps: &Gaps) -> bool {
        let Place::Service(number) = place else {
            return gaps.whole;
        };
        let members = self
            .all
            .get(number)
            .and_then(|service| service.members.get(side));
        gaps.whole
            || members
                .into_iter()
                .flatten()
                .any(|pid| gaps.hide(Some(*pid)))
    }

    /// Whether a place is in both snapshots: what a new service brings is the new service.
    pub(super) fn is_in_both(&self, place: Place) -> bool {
        match place {
            Place::Service(number) => self
                .all
                .get(number)
                .is_some_and(|service| !service.is_one_sided()),
            Place::Host => true,
        }
    }

    /// Whether a service has a namespace of its own, of the kind in which rows of `column` are, in both snapshots: one in
    /// which only the later one is, is told as such.
    pub(super) fn has_namespaces(&self, place: Place, column: &str) -> bool {
        let namespaces = if column == "mount_namespace" {
            &self.mount_namespaces
        } else {
            &self.namespaces
        };
        match place {
            Place::Service(number) => namespaces
                .iter()
                .all(|of| of.values().any(|known| *known == number)),
            Place::Host => true,
        }
    }

    /// Whether a pid is the same process in both snapshots.
    pub(super) fn is_same(&self, pid: i64) -> bool {
        self.same.contains(&pid)
    }

    /// A process.
    pub(super) fn process(&self, side: usize, pid: i64) -> Option<&Process> {
        self.processes.get(side)?.get(&pid)
    }

    /// The roles in a service.
    fn roles(&self, service: &Service) -> Vec<Role> {
        let [before, after] = [0, 1].map(|side| {
            let members = service
                .members
                .get(side)
                .map(Vec::as_slice)
                .unwrap_or_default();
            members
                .iter()
                .filter_map(|pid| self.process(side, *pid))
                .collect::<Vec<_>>()
        });
        roles::find([&before, &after], |pid| self.is_same(pid))
    }

    /// Reports what differs in the services themselves.
    pub(super) fn compare(&self, sides: &mut Sides, report: &mut Report<'_>) -> Result<(), Error> {
        let gaps = sides.gaps(&<schema::tables::Process<'_> as schema::Row>::TABLE)?;
        let mut roles: Vec<(Place, Role)> = Vec::new();
        for (number, service) in self.all.iter().enumerate() {
            let place = Place::Service(number);
            if self.pass(&service.members) && !report.scope().classes.all() {
                continue;
            }
            match service.members.each_ref().map(Vec::len) {
                [0, _] if gaps[0].whole => {
                    report.unknown("processes", "service", 0, self.named(1, service));
                }
                [_, 0] if gaps[1].whole => {
                    report.unknown("processes", "service", 1, self.named(0, service));
                }
                [0, count] => report.add(place, self.one_sided(Kind::Added, 1, service, count)),
                [count, 0] => report.add(place, self.one_sided(Kind::Removed, 0, service, count)),
                _ => {
                    if service.kind == UnitKind::Container
                        && service.labels[0] != service.labels[1]
                        && self.is_one_container(service)
                    {
                        let labels = service.labels.each_ref().map(|label| {
                            let name = label.splitn(2, |byte| *byte == b' ').last();
                            vec![values::text(name.unwrap_or(label))]
                        });
                        report.add(
                            place,
                            super::report::changed(
                                "containers",
                                "container",
                                Vec::new(),
                                "name",
                                labels,
                            ),
                        );
                    }
                    let found = self.roles(service);
                    self.compare_roles(place, &found, &gaps, report);
                    roles.extend(found.into_iter().map(|role| (place, role)));
                }
            }
        }
        roles.retain(|(_, role)| role.members.iter().all(|members| !members.is_empty()));
        service_state::compare(sides, self, &roles, &gaps, report)
    }

    /// Whether it is in one and the same container, whatever that is called.
    fn is_one_container(&self, service: &Service) -> bool {
        let container = |side| {
            self.main(side, service)
                .and_then(|main| main.container.as_ref())
        };
        container(0) == container(1)
    }

    fn named(&self, side: usize, service: &Service) -> Vec<(&'static str, Value<'static>)> {
        let main = self.main(side, service);
        main.map(identity).unwrap_or_default()
    }

    fn one_sided(&self, kind: Kind, side: usize, service: &Service, count: usize) -> Difference {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Difference {
            kind,
            table: "processes",
            what: if service.kind == UnitKind::User {
                "session"
            } else {
                "service"
            },
            identity: self.named(side, service),
            counts: if side == 0 { [count, 0] } else { [0, count] },
            changes: Vec::new(),
        }
    }

    /// Reports which roles were started anew, are played by more or fewer, are new or gone.
    fn compare_roles(
        &self,
        place: Place,
        roles: &[Role],
        gaps: &[Gaps; 2],
        report: &mut Report<'_>,
    ) {
        let is_new = |pid: &i64| !self.is_same(*pid);
        // Those whose start or end is that of their parent.
        let follows = |side: usize, pids: &[i64], parents: &HashSet<i64>| {
            pids.iter().all(|pid| {
                let parent = self.process(side, *pid).and_then(|process| process.parent);
                parent.is_some_and(|parent| parents.contains(&parent))
            })
        };
        let one_sided = |side: usize, other: usize| -> HashSet<i64> {
            let of = roles
                .iter()
                .filter(|role| role.members.get(other).is_some_and(Vec::is_empty));
            of.filter_map(|role| role.members.get(side))
                .flatten()
                .copied()
                .collect()
        };
        let (gone, added) = (one_sided(0, 1), one_sided(1, 0));
        let started: HashSet<i64> = roles
            .iter()
            .flat_map(|role| &role.members[1])
            .copied()
            .filter(|pid| is_new(pid))
            .collect();
        for role in roles {
            let [before, after] = &role.members;
            if self.pass(&role.members) && !report.scope().classes.all() {
                continue;
            }
            let Some(first) = after
                .first()
                .and_then(|pid| self.process(1, *pid))
                .or_else(|| before.first().and_then(|pid| self.process(0, *pid)))
            else {
                continue;
            };
            let counts = role
                .members
                .each_ref()
                .map(|members| i64::try_from(members.len()).unwrap_or(i64::MAX));
            let add = |kind, changes, report: &mut Report<'_>| {
                report.add(
                    place,
                    Difference {
                        kind,
                        table: "processes",
                        what: "process",
                        identity: identity(first),
                        counts,
                        changes,
                    },
                );
            };
            match counts {
                [0, _] if gaps[0].whole => {
                    report.unknown("processes", "process", 0, identity(first));
                }
                [_, 0] if gaps[1].whole => {
                    report.unknown("processes", "process", 1, identity(first));
                }
                [0, _] => {
                    if !follows(1, after, &added) {
                        add(Kind::Added, Vec::new(), report);
                    }
                }
                [_, 0] => {
                    if !follows(0, before, &gone) {
                        add(Kind::Removed, Vec::new(), report);
                    }
                }
                [earlier, later] => {
                    if earlier != later {
                        add(Kind::Scaled, Vec::new(), report);
                    }
                    let [old, new]: [Vec<i64>; 2] =
                        [before, after].map(|pids| pids.iter().copied().filter(is_new).collect());
                    // After a boot everything was started anew, which is said once.
                    let is_restart = !old.is_empty()
                        && !new.is_empty()
                        && report.relation.same_boot
                        && !follows(1, &new, &started);
                    if is_restart {
                        add(Kind::Restarted, self.restart([&old, &new]), report);
                    }
                }
            }
        }
    }

    /// Whether all of some processes may come and go.
    fn pass(&self, members: &[Vec<i64>; 2]) -> bool {
        let mut members = (0..2)
            .zip(members)
            .flat_map(|(side, pids)| pids.iter().map(move |pid| (*pid, self.process(side, *pid))));
        members.all(|(pid, process)| {
            !self.is_same(pid) && process.is_some_and(|process| process.is_passing)
        })
    }

    fn restart(&self, pids: [&[i64]; 2]) -> Vec<Change> {
        let column = |name: &'static str, of: fn(&Process) -> Option<i64>| {
            let [before, after] = [0, 1].map(|side| {
                let pids = pids.get(side).copied().unwrap_or_default();
                let values = pids.iter().filter_map(|pid| of(self.process(side, *pid)?));
                let values: Vec<Value<'static>> = values.map(Value::Integer).collect();
                values::distinct(&values)
            });
            Change {
                column: name,
                before,
                after,
            }
        };
        vec![
            column("start_time", |process| process.start_time),
            column("pid", |process| Some(process.pid)),
        ]
    }
}

fn place(namespaces: &[HashMap<i64, usize>; 2], side: usize, inode: Option<i64>) -> Place {
    let number = inode.and_then(|inode| namespaces.get(side)?.get(&inode));
    number.map_or(Place::Host, |number| Place::Service(*number))
}

/// What people know a process by.
pub(super) fn identity(process: &Process) -> Vec<(&'static str, Value<'static>)> {
    vec![
        ("name", values::text(process.program())),
        ("cmdline", process.command()),
    ]
}
