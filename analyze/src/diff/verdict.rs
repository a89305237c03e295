//! The first line: how many of what.

use std::collections::BTreeMap;

use super::lines::plural;
use super::{Diff, Difference, Kind};

/// What is asked about first.
const ORDER: [&str; 9] = [
    "service",
    "session",
    "process",
    "executable",
    "configuration file",
    "listener",
    "unix listener",
    "upstream",
    "kind of log line",
];

impl Diff {
    /// One line of verdict: how many services, listeners, upstreams and so on changed, and how.
    pub fn verdict(&self) -> String {
        let mut counts: BTreeMap<(usize, &str, Kind), i64> = BTreeMap::new();
        let mut restarted = 0;
        for group in &self.groups {
            let mut is_restarted = false;
            for difference in &group.differences {
                if difference.kind == Kind::Restarted && difference.table == "processes" {
                    is_restarted = true;
                    continue;
                }
                let order = ORDER.iter().position(|known| *known == difference.what);
                let key = (
                    order.unwrap_or(ORDER.len()),
                    difference.what,
                    difference.kind,
                );
                let count = counts.entry(key).or_default();
                *count = count.saturating_add(number(difference));
            }
            restarted += i64::from(is_restarted);
        }
        let mut parts = Vec::new();
        if restarted > 0 {
            parts.push(format!("{} restarted", plural(restarted, "service")));
        }
        parts.extend(
            counts
                .into_iter()
                .map(|((_, what, kind), count)| phrase(what, kind, count)),
        );
        if parts.is_empty() {
            "nothing changed".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

/// How many things one difference stands for.
fn number(difference: &Difference) -> i64 {
    let [before, after] = difference.counts;
    match (difference.kind, difference.what) {
        (Kind::Unknown, _) => before.max(after),
        // A service of many processes is one, and a kind of lines is one however often it was seen.
        (_, "service" | "session" | "kind of log line") => 1,
        (Kind::Added, _) => after,
        (Kind::Removed, _) => before,
        _ => 1,
    }
}

fn phrase(what: &str, kind: Kind, count: i64) -> String {
    match (kind, what) {
        (Kind::Unknown, "secret") => "secrets not comparable".to_owned(),
        (Kind::Added, _) => {
            let counted = plural(count, what);
            let (number, rest) = counted.split_once(' ').unwrap_or((&counted, ""));
            format!("{number} new {rest}")
        }
        (Kind::Removed, _) => format!("{} gone", plural(count, what)),
        (Kind::Moved, "upstream") => format!("{} replaced", plural(count, what)),
        (Kind::Moved, _) => format!("{} moved", plural(count, what)),
        (Kind::Scaled, _) => format!("{} scaled", plural(count, "pool")),
        (Kind::Restarted, _) => format!("{} made anew", plural(count, what)),
        (Kind::Changed, _) => format!("{} changed", plural(count, what)),
        (Kind::Unknown, _) => format!("{} unknown", plural(count, what)),
    }
}
