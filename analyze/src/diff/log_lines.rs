//! New and vanished kinds of lines in the logs.
//!
//! Without `--all-columns` only lines that tell of trouble are looked at: those of severity warning and above and, where a
//! line has no severity, those with a word for it.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::report::{Place, Report};
use super::services::Services;
use super::side::{Side, Sides};
use super::templates::{Template, Templates};
use super::{Change, Difference, Kind, values};
use crate::Error;
use crate::db::query::Value;

/// The least severe that tells of trouble: a warning.
const WARNING: i64 = 4;
/// Kinds of one service that are told one by one.
const MOST_KINDS: usize = 10;

/// What a line of trouble says, where it has no severity.
const TROUBLE: [&str; 22] = [
    "error",
    "fail",
    "fatal",
    "panic",
    "exception",
    "traceback",
    "denied",
    "refused",
    "timeout",
    "timed out",
    "critical",
    "abort",
    "cannot",
    "can't",
    "could not",
    "unable to",
    "unreachable",
    "segfault",
    "no such",
    "not found",
    "warn",
    "reset by peer",
];

static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    RegexBuilder::new(&TROUBLE.map(regex::escape).join("|"))
        .case_insensitive(true)
        .unicode(false)
        .build()
        .ok()
});

/// Reports new and vanished kinds of lines.
pub(super) fn compare(
    sides: &mut Sides,
    services: &Services,
    report: &mut Report<'_>,
) -> Result<(), Error> {
    let Sides([before, after]) = sides;
    let since = before.snapshot.time;
    let window = after.snapshot.time.saturating_sub(since);
    // The later snapshot of a host has most lines of the earlier one once more.
    let same_host = report.relation.same_host;
    let later = if same_host {
        format!("(time IS NULL OR time >= {since})")
    } else {
        "1".to_owned()
    };
    let conditions = ["1".to_owned(), later];
    let mut places: BTreeMap<Place, Templates> = BTreeMap::new();
    for ((number, side), condition) in sides.0.iter().enumerate().zip(conditions) {
        read(
            side,
            number,
            &condition,
            services,
            report.scope().classes.all(),
            &mut places,
        )?;
    }
    for (place, templates) in places {
        if !services.is_in_both(place) {
            continue;
        }
        let (mut new, mut gone) = (Vec::new(), Vec::new());
        for template in templates.finish() {
            match template.counts {
                [0, _] => new.push(template),
                [_, 0] if same_host && template.has_ended(since, window) => gone.push(template),
                _ => {}
            }
        }
        for (kind, side, mut templates) in [(Kind::Added, 1, new), (Kind::Removed, 0, gone)] {
            templates.sort_by_key(|template| std::cmp::Reverse(template.counts.get(side).copied()));
            let more = templates.len().saturating_sub(MOST_KINDS);
            if more > 0 {
                let whose = match place {
                    Place::Service(number) => services.title(number),
                    Place::Host => "the host".to_owned(),
                };
                let what = if kind == Kind::Added {
                    "new"
                } else {
                    "vanished"
                };
                report.notes.push(format!(
                    "{more} more {what} kinds of log lines of {whose} are not listed one by one"
                ));
            }
            for template in templates.into_iter().take(MOST_KINDS) {
                report.add(place, difference(kind, template));
            }
        }
    }
    Ok(())
}

fn difference(kind: Kind, template: Template) -> Difference {
    Difference {
        kind,
        table: "log_lines",
        what: "kind of log line",
        identity: vec![("template", values::text(template.text()))],
        counts: template
            .counts
            .map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
        changes: vec![Change {
            column: "example",
            before: if kind == Kind::Removed {
                vec![values::text(template.example.clone())]
            } else {
                Vec::new()
            },
            after: if kind == Kind::Added {
                vec![values::text(template.example)]
            } else {
                Vec::new()
            },
        }],
    }
}

fn read(
    side: &Side,
    number: usize,
    condition: &str,
    services: &Services,
    all: bool,
    places: &mut BTreeMap<Place, Templates>,
) -> Result<(), Error> {
    let owners = "SELECT path, pid FROM log_files WHERE pid IS NOT NULL ORDER BY found_by = 'open file' DESC, pid DESC";
    let mut owned: HashMap<Vec<u8>, Place> = HashMap::new();
    for row in side.ask(owners)?.rows {
        if let [path, pid] = row.as_slice()
            && let (Some(path), Some(pid)) = (path.bytes(), pid.integer())
            && let Some(place) = services.place_of(number, pid)
        {
            owned.insert(path.to_vec(), place);
        }
    }
    // What the kernel says is told as its events.
    let lines = format!(
        "SELECT path, program, time, severity, message FROM log_lines
         WHERE program IS NOT 'kernel' AND coalesce(severity, 0) <= {} AND {condition}",
        if all { 7 } else { WARNING }
    );
    side.each(&lines, &mut |row: &[Value<'_>]| {
        let [path, program, time, severity, message] = row else {
            return;
        };
        let Some(message) = message.bytes() else {
            return;
        };
        if !all && *severity == Value::Null && !is_trouble(message) {
            return;
        }
        let place = path.bytes().and_then(|path| owned.get(path).copied());
        let by_program = || {
            program
                .bytes()
                .and_then(|program| services.place_of_program(program))
        };
        let templates = places
            .entry(place.or_else(by_program).unwrap_or(Place::Host))
            .or_default();
        templates.add(number, message, time.integer());
    })
}

/// Whether a line without a severity tells of trouble.
fn is_trouble(message: &[u8]) -> bool {
    let begin = message.get(..message.len().min(1000)).unwrap_or_default();
    WORDS.as_ref().is_some_and(|words| words.is_match(begin)) || is_server_error(begin)
}

/// Whether a line of an access log has a status of 500 and above: the number after the quoted request.
fn is_server_error(message: &[u8]) -> bool {
    let after =
        memchr::memmem::find(message, b"\" 5").and_then(|at| message.get(at.saturating_add(3)..));
    after.is_some_and(|after| {
        matches!(after, [a, b, rest @ ..] if a.is_ascii_digit() && b.is_ascii_digit() && rest.first().is_none_or(|byte| *byte == b' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_of_trouble() {
        for line in [
            "Connection refused",
            "java.lang.NullPointerException: x",
            "192.0.2.1 - - \"GET / HTTP/1.1\" 502 157",
            "WARNING: slow",
        ] {
            assert!(is_trouble(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            "started",
            "192.0.2.1 - - \"GET /x HTTP/1.1\" 200 5021",
            "took \" 5 ms",
        ] {
            assert!(!is_trouble(line.as_bytes()), "{line}");
        }
    }
}
