//! The newest rotated logs of a directory that may have any number of them.

use schema::rotated::{self, Age};

pub(super) use crate::run::siblings::SIBLING_LIMIT as LIMIT;

/// The newest of each log that were met so far.
#[derive(Debug)]
pub(super) struct Newest<'a>(Vec<OfLog<'a>>);

/// Those of one log with one kind of age: which is the newer is known only within it.
#[derive(Debug)]
struct OfLog<'a> {
    log: &'a str,
    is_dated: bool,
    /// Never more than twice the limit.
    names: Vec<String>,
    left_out: usize,
}

impl<'a> Newest<'a> {
    /// Nothing yet of the logs of these names.
    pub(super) fn new(logs: &'a [String]) -> Self {
        let kinds = logs.iter().flat_map(|log| [(log, false), (log, true)]);
        let of_log = |(log, is_dated): (&'a String, bool)| OfLog {
            log,
            is_dated,
            names: Vec::new(),
            left_out: 0,
        };
        Newest(kinds.map(of_log).collect())
    }

    /// Takes note of a name, if it is that of a rotated log.
    pub(super) fn add(&mut self, name: &[u8]) {
        // A name that is no text has no form of a rotated log's.
        let Ok(name) = std::str::from_utf8(name) else {
            return;
        };
        for siblings in &mut self.0 {
            if age(siblings.log, name)
                .is_some_and(|age| matches!(age, Age::Date(_)) == siblings.is_dated)
            {
                siblings.names.push(name.to_owned());
                if siblings.names.len() >= LIMIT.saturating_mul(2) {
                    siblings.cut();
                }
            }
        }
    }

    /// The names, and how many are left out because they are older.
    pub(super) fn take(self) -> (Vec<String>, usize) {
        let (mut names, mut left_out) = (Vec::new(), 0_usize);
        for mut siblings in self.0 {
            siblings.cut();
            left_out = left_out.saturating_add(siblings.left_out);
            names.append(&mut siblings.names);
        }
        (names, left_out)
    }
}

impl OfLog<'_> {
    /// Leaves out what is over the limit.
    fn cut(&mut self) {
        self.names
            .sort_by(|a, b| age(self.log, a).cmp(&age(self.log, b)));
        let over = self.names.len().saturating_sub(LIMIT);
        self.left_out = self.left_out.saturating_add(over);
        self.names.truncate(LIMIT);
    }
}

fn age<'a>(log: &str, name: &'a str) -> Option<Age<'a>> {
    rotated::sibling(log, name).map(|sibling| sibling.age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_in_whatever_order_they_come() {
        let logs = ["syslog", "kern.log"].map(str::to_owned);
        let mut newest = Newest::new(&logs);
        for number in (1..=3 * LIMIT).rev() {
            newest.add(format!("syslog.{number}.gz").as_bytes());
            newest.add(format!("other.{number}").as_bytes());
            newest.add(b"kern.log-\xff");
        }
        newest.add(b"syslog-20261101");
        newest.add(b"kern.log.1");
        let (mut names, left_out) = newest.take();
        assert_eq!((names.len(), left_out), (LIMIT + 2, 2 * LIMIT));
        assert_eq!(names.split_off(LIMIT), ["syslog-20261101", "kern.log.1"]);
        assert_eq!(names.first().unwrap(), "syslog.1.gz");
        assert_eq!(names.last().unwrap(), &format!("syslog.{LIMIT}.gz"));
    }
}
