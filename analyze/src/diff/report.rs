//! What is reported, and where: differences by service, what is unknown once, what the user ignores not at all.

use std::collections::BTreeMap;

use super::services::Services;
use super::{Change, Difference, Group, Kind, Relation, Scope};
use crate::db::query::Value;

/// Where a difference belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A service, by its number.
    Service(usize),
    /// None.
    Host,
}

/// Differences that one snapshot could not see of a table.
#[derive(Debug)]
struct Unknown {
    count: i64,
    example: Vec<(&'static str, Value<'static>)>,
}

/// Takes differences.
#[derive(Debug)]
pub(super) struct Report<'a> {
    scope: &'a Scope<'a>,
    pub(super) relation: Relation,
    places: BTreeMap<Place, Vec<Difference>>,
    /// By table, noun, and the side that could not look.
    unknown: BTreeMap<(&'static str, &'static str, usize), Unknown>,
    /// What must be known to read the rest.
    pub(super) notes: Vec<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(scope: &'a Scope<'a>, relation: Relation) -> Self {
        Report {
            scope,
            relation,
            places: BTreeMap::new(),
            unknown: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// What is compared.
    pub(super) fn scope(&self) -> &'a Scope<'a> {
        self.scope
    }

    /// Takes a difference, unless the user ignores all of it.
    pub(super) fn add(&mut self, place: Place, mut difference: Difference) {
        let classes = &self.scope.classes;
        if classes.ignore_row(difference.table, &difference.identity) {
            return;
        }
        let had_changes = !difference.changes.is_empty();
        let (table, identity) = (difference.table, std::mem::take(&mut difference.identity));
        difference
            .changes
            .retain(|change| !classes.ignore_column(table, change.column, &identity));
        difference.identity = identity;
        if difference.kind == Kind::Changed && had_changes && difference.changes.is_empty() {
            return;
        }
        self.places.entry(place).or_default().push(difference);
    }

    /// Takes a difference that may be so in each process of a service: it is told once.
    pub(super) fn add_once(&mut self, place: Place, difference: Difference) {
        let told = self.places.get(&place);
        let is_told = told.into_iter().flatten().any(|known| {
            (known.table, &known.identity, &known.changes)
                == (difference.table, &difference.identity, &difference.changes)
        });
        if !is_told {
            self.add(place, difference);
        }
    }

    /// Adds what a service that is in one snapshot only (side 0 or 1) has there to what is told of it.
    pub(super) fn brings(
        &mut self,
        place: Place,
        side: usize,
        column: &'static str,
        value: Value<'static>,
    ) {
        let told = self
            .places
            .get_mut(&place)
            .and_then(|differences| differences.first_mut());
        let Some(told) = told else {
            return;
        };
        if !told.changes.iter().any(|change| change.column == column) {
            told.changes.push(Change {
                column,
                before: Vec::new(),
                after: Vec::new(),
            });
        }
        if let Some(change) = told
            .changes
            .iter_mut()
            .find(|change| change.column == column)
        {
            let values = if side == 0 {
                &mut change.before
            } else {
                &mut change.after
            };
            values.push(value);
        }
    }

    /// Takes a difference that belongs to no service.
    pub(super) fn host(&mut self, difference: Difference) {
        self.add(Place::Host, difference);
    }

    /// Takes note of what one side (0 or 1) could not see.
    pub(super) fn unknown(
        &mut self,
        table: &'static str,
        what: &'static str,
        side: usize,
        example: Vec<(&'static str, Value<'static>)>,
    ) {
        if self.scope.classes.ignore_row(table, &example) {
            return;
        }
        let unknown = self.unknown.entry((table, what, side));
        let unknown = unknown.or_insert(Unknown { count: 0, example });
        unknown.count = unknown.count.saturating_add(1);
    }

    /// The groups, services first. Secrets that could not be compared are one difference.
    pub(super) fn finish(mut self, services: &Services, hidden: [u64; 2]) -> Vec<Group> {
        if hidden != [0, 0] && self.scope.service.is_none() {
            self.host(Difference {
                kind: Kind::Unknown,
                table: "snapshots",
                what: "secret",
                identity: Vec::new(),
                counts: hidden.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
                changes: Vec::new(),
            });
        }
        for ((table, what, side), unknown) in std::mem::take(&mut self.unknown) {
            // The side that could see has them.
            let counts = if side == 0 {
                [0, unknown.count]
            } else {
                [unknown.count, 0]
            };
            let difference = Difference {
                kind: Kind::Unknown,
                table,
                what,
                identity: unknown.example,
                counts,
                changes: Vec::new(),
            };
            self.places.entry(Place::Host).or_default().push(difference);
        }
        // What is mounted on the host is mounted where services see it too.
        let host: Vec<Difference> = self.places.get(&Place::Host).cloned().unwrap_or_default();
        let is_propagated = |difference: &Difference| {
            difference.table == "mounts"
                && host.iter().any(|known| {
                    (known.table, known.kind, &known.identity)
                        == (difference.table, difference.kind, &difference.identity)
                })
        };
        let mut groups = Vec::new();
        for (place, mut differences) in self.places {
            differences.retain(|difference| place == Place::Host || !is_propagated(difference));
            if differences.is_empty() {
                continue;
            }
            let service = match place {
                Place::Service(number) => Some(services.title(number)),
                Place::Host => None,
            };
            let is_wanted = match (self.scope.service, &service) {
                (None, _) => true,
                (Some(wanted), Some(service)) => service.contains(wanted),
                (Some(_), None) => false,
            };
            if is_wanted {
                groups.push(Group {
                    service,
                    differences,
                });
            }
        }
        groups
    }
}

/// A difference of one column of something that is in both snapshots.
pub(super) fn changed(
    table: &'static str,
    what: &'static str,
    identity: Vec<(&'static str, Value<'static>)>,
    column: &'static str,
    [before, after]: [Vec<Value<'static>>; 2],
) -> Difference {
    let change = Change {
        column,
        before,
        after,
    };
    changed_in(table, what, identity, vec![change])
}

/// A difference of several columns of something that is in both snapshots.
pub(super) fn changed_in(
    table: &'static str,
    what: &'static str,
    identity: Vec<(&'static str, Value<'static>)>,
    changes: Vec<Change>,
) -> Difference {
    Difference {
        kind: Kind::Changed,
        table,
        what,
        identity,
        counts: [1, 1],
        changes,
    }
}
