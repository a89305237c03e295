//! What did not change is set aside before anything is grouped: of a million rows few differ.

use std::collections::HashSet;
use std::hash::RandomState;

use super::statement::Plan;
use crate::Error;
use crate::db::query::{Digest, Restricted};

/// Most rows that are named one by one in a statement.
const MOST_NAMED: usize = 50_000;

/// The rows that must be compared, on both sides.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// All: too much differs for a choice to be worth its while.
    All,
    /// These, by their numbers: those of every group in which anything differs.
    Only([Vec<i64>; 2]),
}

/// Finds the groups that are not the same on both sides, by hashes of their rows.
pub(super) fn changed_rows(database: &Restricted, plan: &Plan<'_>) -> Result<Rows, Error> {
    let key = RandomState::new();
    let digests = |side| database.digests(&plan.rows(side), plan.identity.len(), &key);
    let sides = [digests(0)?, digests(1)?];
    Ok(chosen(&sides))
}

fn chosen(sides: &[Vec<Digest>; 2]) -> Rows {
    let sorted = |side: &[Digest]| {
        let mut hashes: Vec<u64> = side.iter().map(|row| row.whole).collect();
        hashes.sort_unstable();
        hashes
    };
    let [before, after] = sides;
    let differing = unequal(&sorted(before), &sorted(after));
    let identities: HashSet<u64> = sides
        .iter()
        .flatten()
        .filter(|row| differing.contains(&row.whole))
        .map(|row| row.identity)
        .collect();
    let rows = [before, after].map(|side| {
        let of_group = side.iter().filter(|row| identities.contains(&row.identity));
        of_group.map(|row| row.row).collect::<Vec<i64>>()
    });
    if rows.iter().map(Vec::len).sum::<usize>() > MOST_NAMED {
        Rows::All
    } else {
        Rows::Only(rows)
    }
}

/// The values that two sorted lists do not hold equally often.
fn unequal(one: &[u64], other: &[u64]) -> HashSet<u64> {
    let mut unequal = HashSet::new();
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    loop {
        match (one.peek(), other.peek()) {
            (None, None) => return unequal,
            (Some(left), Some(right)) if left == right => {
                one.next();
                other.next();
            }
            (Some(left), right) if right.is_none_or(|right| left < right) => {
                unequal.extend(one.next());
            }
            _ => {
                unequal.extend(other.next());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(rows: &[(u64, u64)]) -> Vec<Digest> {
        let numbered = (1..).zip(rows);
        let digest = |(row, (identity, whole)): (i64, &(u64, u64))| Digest {
            row,
            identity: *identity,
            whole: *whole,
        };
        numbered.map(digest).collect()
    }

    #[test]
    fn groups_in_which_anything_differs() {
        let check = |before: &[(u64, u64)], after: &[(u64, u64)], rows: [&[i64]; 2]| {
            let chosen = chosen(&[side(before), side(after)]);
            assert_eq!(chosen, Rows::Only(rows.map(<[i64]>::to_vec)));
        };
        check(&[], &[], [&[], &[]]);
        // In another order.
        check(&[(1, 10), (2, 20)], &[(2, 20), (1, 10)], [&[], &[]]);
        check(&[(1, 10), (2, 20)], &[(1, 10)], [&[2], &[]]);
        check(&[], &[(1, 10)], [&[], &[1]]);
        check(&[(1, 10), (2, 20)], &[(1, 11), (2, 20)], [&[1], &[1]]);
        // The rows of the group that are the same belong to it too, and one that is there once more.
        check(&[(1, 10), (1, 12)], &[(1, 12), (1, 11)], [&[1, 2], &[1, 2]]);
        check(&[(1, 10)], &[(1, 10), (1, 10)], [&[1], &[1, 2]]);
    }
}
