//! What took the place of what: a row that is gone and a new one are one change where the host has one such thing at a time.
//! And events of which the number says enough.

use std::collections::BTreeMap;

use super::report::Place;
use super::{Change, Difference, Kind, values};
use crate::db::query::Value;

/// What a row has in common with its successor; `None` in tables where nothing says who that is.
fn place_of(difference: &Difference) -> Option<Vec<(&'static str, Value<'static>)>> {
    let columns: &[&str] = match difference.table {
        "etc_hosts" => &["address"],
        "interface_addresses" => &["interface"],
        "routing_rules" => &["family", "priority"],
        _ => return None,
    };
    let identity = difference.identity.iter();
    let place = identity.filter(|(name, _)| columns.contains(name));
    Some(place.cloned().collect())
}

/// Of an interface addresses of two families are no successors of each other.
fn is_ipv6(difference: &Difference) -> bool {
    let address = difference.value("address").and_then(Value::bytes);
    difference.table == "interface_addresses" && address.is_some_and(|text| text.contains(&b':'))
}

/// Joins a row that is gone with the new one in its place, where each is the only one there.
pub(super) fn join(told: Vec<(Place, Difference)>) -> Vec<(Place, Difference)> {
    let mut places: BTreeMap<(Place, Vec<u8>, bool), [Vec<usize>; 2]> = BTreeMap::new();
    for (index, (place, difference)) in told.iter().enumerate() {
        let side = match difference.kind {
            Kind::Removed => 0,
            Kind::Added => 1,
            _ => continue,
        };
        if let Some(own) = place_of(difference) {
            let key = (
                *place,
                values::identity(own.iter().map(|(_, value)| value)),
                is_ipv6(difference),
            );
            if let Some(side) = places.entry(key).or_default().get_mut(side) {
                side.push(index);
            }
        }
    }
    let mut all: Vec<Option<(Place, Difference)>> = told.into_iter().map(Some).collect();
    for sides in places.into_values() {
        let [[gone], [new]] = sides.each_ref().map(Vec::as_slice) else {
            continue;
        };
        let mut take = |index: usize| all.get_mut(index).and_then(Option::take);
        if let (Some(before), Some((place, after))) = (take(*gone), take(*new))
            && let Some(slot) = all.get_mut(*new)
        {
            *slot = Some((place, successor(&before.1, &after)));
        }
    }
    all.into_iter().flatten().collect()
}

fn successor(before: &Difference, after: &Difference) -> Difference {
    let identity = place_of(after).unwrap_or_default();
    let is_common = |name: &str| identity.iter().any(|(known, _)| *known == name);
    let names = after.identity.iter().map(|(name, _)| *name);
    // Of one that is NULL nothing is told, so either may lack a column.
    let gone = before.identity.iter().map(|(name, _)| *name);
    let gone = gone.filter(|name| after.value(name).is_none());
    let changes = names.chain(gone).filter(|name| !is_common(name));
    let changes = changes.map(|column| {
        let value = |of: &Difference| of.set(column).cloned();
        Change {
            column,
            before: value(before).into_iter().collect(),
            after: value(after).into_iter().collect(),
        }
    });
    let changes = changes
        .filter(|change| change.before != change.after)
        .collect();
    Difference {
        kind: Kind::Changed,
        identity,
        counts: [before.counts[0], after.counts[1]],
        changes,
        ..*after
    }
}

/// Counts the logins that failed, of which one is told: on some hosts strangers try all the time.
pub(super) fn count_failed(told: Vec<(Place, Difference)>) -> Vec<(Place, Difference)> {
    let is_failed = |difference: &Difference| {
        let failed = difference.value("failed").and_then(Value::integer);
        difference.table == "last" && difference.kind == Kind::Added && failed == Some(1)
    };
    let (failed, mut told): (Vec<_>, Vec<_>) = told
        .into_iter()
        .partition(|(_, difference)| is_failed(difference));
    let count = failed.iter().map(|(_, difference)| difference.counts[1]);
    let count = count.fold(0_i64, i64::saturating_add);
    told.extend(failed.into_iter().next_back().map(|(place, last)| {
        let one = Difference {
            what: "failed login",
            counts: [0, count],
            ..last
        };
        (place, one)
    }));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(
        kind: Kind,
        table: &'static str,
        identity: &[(&'static str, &str)],
    ) -> (Place, Difference) {
        let value = |text: &str| values::text(text.as_bytes().to_vec());
        let identity = identity.iter().map(|(name, text)| (*name, value(text)));
        let difference = Difference {
            kind,
            table,
            what: "thing",
            identity: identity.collect(),
            counts: if kind == Kind::Added { [0, 1] } else { [1, 0] },
            changes: Vec::new(),
        };
        (Place::Host, difference)
    }

    fn joined(rows: Vec<(Place, Difference)>) -> Vec<String> {
        let lines = join(rows).into_iter().map(|(_, difference)| {
            let line = difference.line();
            format!("{} {}", line.sign, line.text)
        });
        lines.collect()
    }

    #[test]
    fn failed_logins_are_counted() {
        let login = |failed| {
            let (place, mut login) = row(
                Kind::Added,
                "last",
                &[("username", "admin"), ("tty", "ssh")],
            );
            login.identity.push(("failed", Value::Integer(failed)));
            (place, login)
        };
        let told = count_failed(vec![login(1), login(0), login(1), login(1)]);
        let told = told
            .iter()
            .map(|(_, difference)| (difference.what, difference.counts));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [("thing", [0, 1]), ("failed login", [0, 3])]
        );
    }

    #[test]
    fn one_that_is_gone_and_one_in_its_place() {
        let address = |kind, address| {
            row(
                kind,
                "interface_addresses",
                &[("interface", "eth0"), ("address", address)],
            )
        };
        assert_eq!(
            joined(vec![
                address(Kind::Removed, "192.0.2.1"),
                address(Kind::Added, "192.0.2.2"),
                address(Kind::Added, "2001:db8::2"),
            ]),
            [
                "~ thing eth0: address 192.0.2.1 -> 192.0.2.2",
                "+ new thing interface=eth0 address=2001:db8::2"
            ]
        );
        // Of two nobody knows which.
        let several = vec![
            address(Kind::Removed, "192.0.2.1"),
            address(Kind::Added, "192.0.2.2"),
            address(Kind::Added, "192.0.2.3"),
        ];
        assert_eq!(joined(several).len(), 3);
        let rule = |kind, table| {
            let columns = [
                ("family", "inet"),
                ("priority", "500"),
                ("route_table", table),
            ];
            row(kind, "routing_rules", &columns)
        };
        assert_eq!(
            joined(vec![rule(Kind::Added, "78"), rule(Kind::Removed, "77")]),
            ["~ thing family=inet priority=500: route_table 77 -> 78"]
        );
        let user = |kind, name| row(kind, "users", &[("username", name)]);
        assert_eq!(
            joined(vec![user(Kind::Removed, "a"), user(Kind::Added, "b")]).len(),
            2
        );
    }
}
