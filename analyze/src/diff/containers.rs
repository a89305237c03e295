//! Containers: their images and states, and those in which nothing runs.

use std::collections::HashSet;

use schema::Row as _;
use schema::tables::Container;

use super::report::{Place, Report, changed};
use super::services::Services;
use super::side::{Side, Sides};
use super::{Difference, Kind};
use crate::Error;
use crate::db::query::Value;

/// Columns that are compared.
const COMPARED: [&str; 2] = ["image", "state"];

/// A container as both sides may know it.
struct Known {
    id: Value<'static>,
    name: Value<'static>,
    root: Option<i64>,
    compared: [Value<'static>; 2],
}

/// Reports what differs in containers, apart from what runs in them.
pub(super) fn compare(
    sides: &mut Sides,
    services: &Services,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let [before, mut after] = sides.both(|_, side| load(side))?;
    let gaps = sides.gaps(&Container::TABLE)?;
    let place = |side, known: &Known| known.root.and_then(|pid| services.place_of(side, pid));
    let mut report_one = |kind, side: usize, known: &Known| {
        // What runs in it is told as a service.
        if place(side, known).is_some() {
            return;
        }
        let identity = vec![("name", known.name.clone()), ("id", known.id.clone())];
        let other = usize::from(side == 0);
        if gaps.get(other).is_some_and(|gaps| gaps.whole) {
            return report.unknown("containers", "container", other, identity);
        }
        report.host(Difference {
            kind,
            table: "containers",
            what: "container",
            identity,
            counts: if side == 0 { [1, 0] } else { [0, 1] },
            changes: Vec::new(),
        });
    };
    let mut pairs = Vec::new();
    for one in before {
        let by_id = after
            .iter()
            .position(|other| other.id == one.id && one.id != Value::Null);
        let by_name = || {
            after
                .iter()
                .position(|other| other.name == one.name && one.name != Value::Null)
        };
        match by_id.or_else(by_name) {
            Some(at) => pairs.push((one, after.swap_remove(at))),
            None => report_one(Kind::Removed, 0, &one),
        }
    }
    for other in &after {
        report_one(Kind::Added, 1, other);
    }
    for (one, other) in pairs {
        let place = place(1, &other)
            .or_else(|| place(0, &one))
            .unwrap_or(Place::Host);
        let identity = vec![("name", other.name.clone()), ("id", other.id.clone())];
        let columns = COMPARED
            .iter()
            .zip(one.compared.iter().zip(&other.compared));
        for (column, (earlier, later)) in columns {
            if earlier != later && *earlier != Value::Null && *later != Value::Null {
                let values = [vec![earlier.clone()], vec![later.clone()]];
                report.add(
                    place,
                    changed("containers", "container", identity.clone(), column, values),
                );
            }
        }
        // One with processes that was renamed is told as a service.
        if one.id == other.id && one.name != other.name && place == Place::Host {
            let values = [vec![one.name], vec![other.name]];
            report.host(changed("containers", "container", identity, "name", values));
        }
    }
    Ok(())
}

fn load(side: &Side) -> Result<Vec<Known>, Error> {
    let sql = format!(
        "SELECT id, name, root_pid, {} FROM {} ORDER BY name, id",
        COMPARED.join(", "),
        Container::TABLE.name
    );
    let rows = side.ask(&sql)?.rows.into_iter().filter_map(|row| {
        let [id, name, root, image, state] = <[Value<'static>; 5]>::try_from(row).ok()?;
        Some(Known {
            id,
            name,
            root: root.integer(),
            compared: [image, state],
        })
    });
    // One that only its namespaces set apart has no name at all: it is told as what runs in it.
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    Ok(rows
        .filter(|known| known.id != Value::Null || known.name != Value::Null)
        .filter(|known| seen.insert(super::values::identity([&known.id, &known.name])))
        .collect())
}
