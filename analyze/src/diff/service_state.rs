//! What a service runs as: executable, arguments, environment, limits, control group, and how much it holds.

use std::collections::{BTreeMap, HashMap, HashSet};

use schema::Row as _;
use schema::tables::{ProcessEnv, ProcessLimit};

use super::processes::{Process, UnitKind, listed};
use super::report::{Place, Report, changed, changed_in};
use super::roles::{Role, masked, without_ids};
use super::services::{Services, identity};
use super::side::{Gaps, Side, Sides};
use super::{Change, Difference, Kind, values, words};
use crate::Error;
use crate::db::query::Value;

/// Pids that are named one by one in a statement.
const MOST_NAMED: usize = 2000;
/// How much more a process must hold to be told: twice as much and this much more, or half and this much less.
const GAUGES: [(&str, &str, i64); 3] = [
    ("open descriptors", "process_fds", 64),
    ("resident memory", "processes", 32 << 20),
    ("threads", "threads", 32),
];

/// Reports what differs in the roles that are played in both snapshots.
pub(super) fn compare(
    sides: &mut Sides,
    services: &Services,
    roles: &[(Place, Role)],
    gaps: &[Gaps; 2],
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let environments = Environments::load(sides, services, roles)?;
    let env_gaps = sides.gaps(&ProcessEnv::TABLE)?;
    let limits = limits(sides)?;
    for (place, role) in roles {
        let pair = Pair {
            place: *place,
            role,
            services,
            gaps,
        };
        if pair.processes(0).next().is_none() || pair.processes(1).next().is_none() {
            continue;
        }
        pair.executable(report);
        pair.arguments(report);
        pair.state(report);
        pair.namespaces(report);
        pair.control_group(report);
        pair.environment(&environments, &env_gaps, report);
        pair.limits(&limits, report);
        pair.gauges(report);
    }
    Ok(())
}

/// A role that is compared.
struct Pair<'a> {
    place: Place,
    role: &'a Role,
    services: &'a Services,
    gaps: &'a [Gaps; 2],
}

impl<'a> Pair<'a> {
    fn processes(&self, side: usize) -> impl Iterator<Item = &'a Process> + use<'a> {
        let pids = self.role.members.get(side).into_iter().flatten();
        let services = self.services;
        pids.filter_map(move |pid| services.process(side, *pid))
    }

    fn pids(&self, side: usize) -> &[i64] {
        self.role
            .members
            .get(side)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The process that stands for all.
    fn first(&self) -> Option<&'a Process> {
        self.processes(1).next()
    }

    /// Whether any process of the role is another one.
    fn is_replaced(&self) -> bool {
        let [before, after] = [0, 1].map(|side| self.pids(side));
        let is_new = |pid: &i64| !self.services.is_same(*pid);
        before.iter().any(is_new) && after.iter().any(is_new)
    }

    /// Whether one was a container that another took the place of: what the runtime gave it is another.
    fn is_other_container(&self) -> bool {
        let container = |side| {
            self.processes(side)
                .next()
                .and_then(|process| process.container.clone())
        };
        container(0) != container(1)
    }

    fn values(&self, of: impl Fn(&Process) -> Value<'static>) -> [Vec<Value<'static>>; 2] {
        [0, 1].map(|side| {
            let all: Vec<Value<'static>> = self.processes(side).map(&of).collect();
            values::distinct(&all)
        })
    }

    /// Whether one side could not read what it lacks.
    fn is_hidden(&self, column: &[Vec<Value<'static>>; 2]) -> bool {
        (0..2).any(|side| {
            let lacks = column
                .get(side)
                .is_some_and(|values| values.contains(&Value::Null));
            let gaps = self.gaps.get(side);
            lacks
                && self
                    .pids(side)
                    .iter()
                    .any(|pid| gaps.is_some_and(|gaps| gaps.hide(Some(*pid))))
        })
    }

    fn add(
        &self,
        table: &'static str,
        what: &'static str,
        column: &'static str,
        values: [Vec<Value<'static>>; 2],
        report: &mut Report<'_>,
    ) {
        let identity = self.first().map(identity).unwrap_or_default();
        if self.is_hidden(&values) {
            let side = usize::from(!values[0].contains(&Value::Null));
            return report.unknown(table, what, side, identity);
        }
        report.add_once(self.place, changed(table, what, identity, column, values));
    }

    fn executable(&self, report: &mut Report<'_>) {
        let paths = self.values(|process| process.path.clone().map_or(Value::Null, values::text));
        if paths.iter().any(|paths| paths.contains(&Value::Null)) {
            if paths[0] != paths[1] && self.is_hidden(&paths) {
                let side = usize::from(!paths[0].contains(&Value::Null));
                let name = self
                    .first()
                    .map(|first| ("name", values::text(first.program())));
                report.unknown("processes", "executable", side, name.into_iter().collect());
            }
            return;
        }
        if paths[0] != paths[1] {
            let identity = self
                .first()
                .map(|first| ("name", values::text(first.program())));
            let difference = changed(
                "processes",
                "executable",
                identity.into_iter().collect(),
                "path",
                paths,
            );
            return report.add_once(self.place, difference);
        }
        let on_disk = |side| {
            let same = self
                .processes(side)
                .filter(|process| self.services.is_same(process.pid));
            let values = same.flat_map(|process| &process.state);
            let values =
                values.filter(|(name, value)| *name == "on_disk" && *value != Value::Integer(-1));
            values::distinct(values.map(|(_, value)| value))
        };
        let there = [on_disk(0), on_disk(1)];
        if there[0] != there[1] && there.iter().all(|values| !values.is_empty()) {
            let difference = changed("processes", "executable", self.path(), "on_disk", there);
            return report.add_once(self.place, difference);
        }
        // One that took the place of another, in a program that was started anew or was written over before it started.
        if !self.is_replaced() || !report.relation.same_host {
            return;
        }
        let mut changes = Vec::new();
        for (index, column) in ["executable_size", "executable_mtime_us"]
            .into_iter()
            .enumerate()
        {
            let [before, after] = self.values(|process| {
                let value = process.file.get(index.saturating_add(1));
                value.cloned().unwrap_or(Value::Null)
            });
            let is_known = !before.contains(&Value::Null) && !after.contains(&Value::Null);
            if is_known && before != after {
                changes.push(Change {
                    column,
                    before,
                    after,
                });
            }
        }
        if !changes.is_empty() {
            let difference = changed_in("processes", "executable", self.path(), changes);
            report.add_once(self.place, difference);
        }
    }

    /// The executable, which all roles of a service may share.
    fn path(&self) -> Vec<(&'static str, Value<'static>)> {
        let path = self.first().and_then(|first| first.path.clone());
        vec![("path", path.map_or(Value::Null, values::text))]
    }

    /// Which words of the command line are others.
    fn arguments(&self, report: &mut Report<'_>) {
        let representative = |side| {
            self.processes(side)
                .find(|process| process.arguments.is_some())
        };
        let (Some(one), Some(other)) = (representative(0), representative(1)) else {
            return;
        };
        let (Some(before), Some(after)) = (&one.arguments, &other.arguments) else {
            return;
        };
        let all = |side| -> HashSet<Vec<u8>> {
            let all = self
                .processes(side)
                .filter_map(|process| process.arguments.as_ref());
            all.map(|arguments| arguments.join(&0)).collect()
        };
        if all(0) == all(1)
            || (one.has_title() && masked(&before.join(&b' ')) == masked(&after.join(&b' ')))
        {
            return;
        }
        // The name of the program is told with its path.
        let skip = usize::from(one.path != other.path);
        let words = |arguments: &[Vec<u8>]| {
            let words = arguments.iter().skip(skip);
            words.map(|word| without_ids(word)).collect::<Vec<_>>()
        };
        let (before, after) = (words(before), words(after));
        let words = words::changed(&before, &after);
        if !words.iter().all(Vec::is_empty) {
            let values = words.map(|words| words.into_iter().map(values::text).collect());
            self.add("process_arguments", "command line", "value", values, report);
        }
    }

    fn state(&self, report: &mut Report<'_>) {
        let Some(first) = self.first() else {
            return;
        };
        let is_user = first.container.is_none() && first.kind == UnitKind::User;
        let mut changes: Vec<Change> = Vec::new();
        for (index, (column, _)) in first.state.iter().enumerate() {
            let is_told = *column == "on_disk"
                || (*column == "cwd" && is_user)
                || (matches!(*column, "root" | "cwd") && self.is_other_container())
                || !report
                    .scope()
                    .classes
                    .compares(&schema::tables::Process::TABLE, column);
            if is_told {
                continue;
            }
            let values = self.values(|process| {
                process
                    .state
                    .get(index)
                    .map_or(Value::Null, |(_, value)| value.clone())
            });
            if values[0] == values[1] || self.is_hidden(&values) {
                continue;
            }
            let [before, after] = values;
            // The saved and the effective user go with the real one.
            let real = match *column {
                "euid" | "suid" => "uid",
                "egid" | "sgid" => "gid",
                _ => "",
            };
            let is_repeated = changes.iter().any(|known| {
                known.column == real && known.before == before && known.after == after
            });
            if !is_repeated {
                changes.push(Change {
                    column,
                    before,
                    after,
                });
            }
        }
        if !changes.is_empty() {
            report.add_once(
                self.place,
                Difference {
                    kind: Kind::Changed,
                    table: "processes",
                    what: "process",
                    identity: identity(first),
                    counts: [0, 1]
                        .map(|side| i64::try_from(self.pids(side).len()).unwrap_or(i64::MAX)),
                    changes,
                },
            );
        }
    }

    /// Which namespaces are its own; that they are others than before goes with every start of a container.
    fn namespaces(&self, report: &mut Report<'_>) {
        let own = self.values(|process| values::text(process.own_namespaces.clone()));
        if own[0] != own[1] {
            self.add(
                "process_namespaces",
                "process",
                "own_namespaces",
                own,
                report,
            );
        }
    }

    fn control_group(&self, report: &mut Report<'_>) {
        let is_session = self
            .first()
            .is_none_or(|process| process.kind == UnitKind::User);
        if is_session || self.is_other_container() {
            return;
        }
        let groups =
            self.values(|process| process.cgroup.clone().map_or(Value::Null, values::text));
        if groups[0] == groups[1] || self.is_hidden(&groups) {
            return;
        }
        let [before, after] = groups;
        report.add(
            self.place,
            Difference {
                kind: Kind::Moved,
                table: "process_cgroups",
                what: "process",
                identity: self.first().map(identity).unwrap_or_default(),
                counts: [1, 1],
                changes: vec![Change {
                    column: "cgroup_path",
                    before,
                    after,
                }],
            },
        );
    }

    fn environment(&self, environments: &Environments, gaps: &[Gaps; 2], report: &mut Report<'_>) {
        // Nobody changes it from outside while a process runs.
        if !self.is_replaced() {
            return;
        }
        let Some(first) = self.first() else {
            return;
        };
        for (side, gaps) in gaps.iter().enumerate() {
            if self.pids(side).iter().any(|pid| gaps.hide(Some(*pid))) {
                return report.unknown("process_envs", "environment", side, identity(first));
            }
        }
        let [before, after] = [0, 1].map(|side| environments.of(side, self.pids(side)));
        let mut all = self.processes(0).chain(self.processes(1));
        let has_title = all.any(Process::has_title);
        let names: HashSet<&Vec<u8>> = before.keys().chain(after.keys()).collect();
        let mut names: Vec<&Vec<u8>> = names.into_iter().collect();
        names.sort_unstable();
        for name in names {
            let values = [before.get(name), after.get(name)]
                .map(|values| values.cloned().unwrap_or_default());
            // A process that wrote a title wrote it over its environment too.
            let is_overwritten = has_title && values.iter().any(Vec::is_empty);
            if values[0] == values[1] || is_overwritten || !is_name(name) {
                continue;
            }
            let kind = match &values {
                [one, _] if one.is_empty() => Kind::Added,
                [_, other] if other.is_empty() => Kind::Removed,
                _ => Kind::Changed,
            };
            let [before, after] = values;
            report.add_once(
                self.place,
                Difference {
                    kind,
                    table: "process_envs",
                    what: "environment variable",
                    identity: vec![
                        ("key", values::text(name.clone())),
                        ("name", values::text(first.program())),
                    ],
                    counts: [
                        i64::from(kind != Kind::Added),
                        i64::from(kind != Kind::Removed),
                    ],
                    changes: vec![Change {
                        column: "value",
                        before,
                        after,
                    }],
                },
            );
        }
    }

    fn limits(&self, limits: &[HashMap<i64, Limits>; 2], report: &mut Report<'_>) {
        let of = |side: usize| {
            let mut all: BTreeMap<&[u8], Vec<&Value<'static>>> = BTreeMap::new();
            let limits = limits.get(side);
            for pid in self.pids(side) {
                for (name, value) in limits
                    .and_then(|limits| limits.get(pid))
                    .into_iter()
                    .flatten()
                {
                    all.entry(name).or_default().push(value);
                }
            }
            all
        };
        let (before, after) = (of(0), of(1));
        for (name, earlier) in &before {
            let Some(later) = after.get(name) else {
                continue;
            };
            let values = [earlier, later].map(|values| values::distinct(values.iter().copied()));
            if values[0] != values[1] {
                let mut identity = vec![("type", values::text(*name))];
                identity.extend(
                    self.first()
                        .map(|first| ("name", values::text(first.program()))),
                );
                report.add_once(
                    self.place,
                    changed("process_limits", "limit", identity, "soft_limit", values),
                );
            }
        }
    }

    fn gauges(&self, report: &mut Report<'_>) {
        for (index, (what, table, step)) in GAUGES.into_iter().enumerate() {
            let most = |side| {
                let values = self
                    .processes(side)
                    .filter_map(|process| process.gauges.get(index).copied().flatten());
                values.max()
            };
            let (Some(before), Some(after)) = (most(0), most(1)) else {
                continue;
            };
            let (low, high) = (before.min(after), before.max(after));
            let is_much = high >= low.saturating_mul(2) && high.saturating_sub(low) >= step;
            if before == after || !(is_much || report.scope().classes.all()) {
                continue;
            }
            let identity = self.first().map(identity).unwrap_or_default();
            let values = [before, after].map(|value| vec![Value::Integer(value)]);
            report.add_once(self.place, changed(table, what, identity, "count", values));
        }
    }
}

/// Whether a text is the name of a variable.
fn is_name(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_graphic)
}

/// A condition on pids, of as many as fit a statement.
fn among(pids: &HashSet<i64>) -> String {
    if pids.len() > MOST_NAMED {
        return "1".to_owned();
    }
    format!("pid IN ({})", listed(pids))
}

/// The processes of one side that took the place of others, or of which others took it.
fn replaced(services: &Services, roles: &[(Place, Role)], side: usize) -> HashSet<i64> {
    let pids = roles
        .iter()
        .filter_map(|(_, role)| role.members.get(side))
        .flatten();
    pids.copied()
        .filter(|pid| !services.is_same(*pid))
        .collect()
}

/// A text and its value, of one process.
type Variables = Vec<(Vec<u8>, Value<'static>)>;

/// The environments of what took the place of something else.
struct Environments([HashMap<i64, Variables>; 2]);

impl Environments {
    fn load(
        sides: &mut Sides,
        services: &Services,
        roles: &[(Place, Role)],
    ) -> Result<Self, Error> {
        let load = |side: usize, at: &Side| -> Result<HashMap<i64, Variables>, Error> {
            let pids = replaced(services, roles, side);
            if pids.is_empty() {
                return Ok(HashMap::new());
            }
            let sql = format!(
                "SELECT pid, key, value FROM {} WHERE {}",
                ProcessEnv::TABLE.name,
                among(&pids)
            );
            Ok(named(at.ask(&sql)?.rows))
        };
        sides.both(load).map(Environments)
    }

    /// The values of each variable among some processes.
    fn of(&self, side: usize, pids: &[i64]) -> BTreeMap<Vec<u8>, Vec<Value<'static>>> {
        let mut all: BTreeMap<Vec<u8>, Vec<Value<'static>>> = BTreeMap::new();
        let environments = self.0.get(side);
        for pid in pids {
            let variables = environments.and_then(|of| of.get(pid));
            for (name, value) in variables.into_iter().flatten() {
                all.entry(name.clone()).or_default().push(value.clone());
            }
        }
        all.into_iter()
            .map(|(name, values)| (name, values::distinct(&values)))
            .collect()
    }
}

fn named(rows: Vec<Vec<Value<'static>>>) -> HashMap<i64, Variables> {
    let mut all: HashMap<i64, Variables> = HashMap::new();
    for row in rows {
        let mut values = row.into_iter();
        if let (Some(pid), Some(name), Some(value)) = (
            values.next().and_then(|pid| pid.integer()),
            values.next(),
            values.next(),
        ) {
            let name = name.bytes().unwrap_or_default().to_vec();
            all.entry(pid).or_default().push((name, value));
        }
    }
    all
}

/// The limits of a process: soft and hard in one text.
type Limits = Variables;

fn limits(sides: &mut Sides) -> Result<[HashMap<i64, Limits>; 2], Error> {
    let name = ProcessLimit::TABLE.name;
    let sql = format!(
        "SELECT pid, type, iif(soft_unlimited, 'unlimited', soft_limit) || ' (hard ' || iif(hard_unlimited, 'unlimited', hard_limit) || ')'
         FROM {name}"
    );
    sides.both(|_, side| Ok(named(side.ask(&sql)?.rows)))
}
