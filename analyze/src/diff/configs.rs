//! The configuration of services, and how its text changed.

use std::collections::BTreeMap;

use schema::Row as _;
use schema::tables::{ConfigFile, ProcessArgument};

use super::report::{Place, Report};
use super::services::Services;
use super::side::{Side, Sides};
use super::{Change, Difference, Kind, values};
use crate::Error;
use crate::db::query::Value;

/// Lines around a change that are shown.
const CONTEXT: usize = 1;
/// Lines of a change of a file that people see.
const MOST_LINES: usize = 60;

/// The text of each file, by the service whose it is and the path under which that knows it.
type Files = BTreeMap<(Place, Vec<u8>), Value<'static>>;

/// Reports configuration that changed, and that is new or gone.
pub(super) fn compare(
    sides: &mut Sides,
    services: &Services,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let [mut before, mut after] = sides.both(|number, side| load(side, number, services))?;
    let gaps = sides.gaps(&ProcessArgument::TABLE)?;
    for ((place, path), one, other) in values::shared(&mut before, &mut after) {
        if one != other {
            report.add(
                place,
                difference(Kind::Changed, &path, [vec![one], vec![other]]),
            );
        }
    }
    for (kind, side, files) in [(Kind::Removed, 0, before), (Kind::Added, 1, after)] {
        let other = usize::from(side == 0);
        for ((place, path), _) in files {
            let is_hidden = gaps
                .get(other)
                .is_some_and(|gaps| services.is_hidden(other, place, gaps));
            let difference = difference(kind, &path, [Vec::new(), Vec::new()]);
            if is_hidden {
                report.unknown(
                    difference.table,
                    difference.what,
                    other,
                    difference.identity,
                );
            } else if services.is_in_both(place) {
                report.add(place, difference);
            }
        }
    }
    Ok(())
}

fn load(side: &Side, number: usize, services: &Services) -> Result<Files, Error> {
    let sql = format!(
        "SELECT pid, target, content FROM {}",
        ConfigFile::TABLE.name
    );
    let mut files = Files::new();
    for row in side.ask(&sql)?.rows {
        let Ok([pid, target, content]) = <[Value<'static>; 3]>::try_from(row) else {
            continue;
        };
        let place = pid.integer().and_then(|pid| services.place_of(number, pid));
        if let (Some(place), Some(target)) = (place, target.bytes()) {
            files.entry((place, target.to_vec())).or_insert(content);
        }
    }
    Ok(files)
}

fn difference(kind: Kind, path: &[u8], [before, after]: [Vec<Value<'static>>; 2]) -> Difference {
    let changes = (kind == Kind::Changed).then_some(Change {
        column: "content",
        before,
        after,
    });
    Difference {
        kind,
        table: ConfigFile::TABLE.name,
        what: "configuration file",
        identity: vec![("target", values::text(path))],
        counts: [
            i64::from(kind != Kind::Added),
            i64::from(kind != Kind::Removed),
        ],
        changes: changes.into_iter().collect(),
    }
}

/// A change of a text as a unified diff without its head, each line escaped for people.
pub(super) fn unified(change: &Change) -> Vec<String> {
    let text = |values: &[Value<'static>]| {
        let bytes = values.first().and_then(Value::bytes).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    };
    let (before, after) = (text(&change.before), text(&change.after));
    let diff = similar::TextDiff::from_lines(&before, &after);
    let unified = diff
        .unified_diff()
        .context_radius(CONTEXT)
        .missing_newline_hint(false)
        .to_string();
    let mut lines: Vec<String> = unified
        .lines()
        .map(|line| schema::text::escaped(line.as_bytes()).to_string())
        .collect();
    let more = lines.len().saturating_sub(MOST_LINES);
    if more > 0 {
        lines.truncate(MOST_LINES);
        lines.push(format!("... {more} more lines"));
    }
    lines
}
