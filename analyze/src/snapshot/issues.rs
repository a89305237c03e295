//! How many issues of one member are told one by one. A member that makes more than that is not understood at all, or
//! was made to fill the disk of whoever loads it.

use schema::Row;

use crate::extract::Sink;
use crate::parse::{ISSUE_LIMIT, Issue};

/// Hands on all rows, and of each member the first [`ISSUE_LIMIT`] issues, then how many more there were.
///
/// Several tables read the same member, and a long file has many parsed parts, so that the limit of one parser's
/// result is not enough. The issues of a member come one after the other, but for the few that are known at the end.
pub(super) struct Issues<'s, S: Sink> {
    sink: &'s mut S,
    member: String,
    listed: usize,
    unlisted: u64,
}

impl<'s, S: Sink> Issues<'s, S> {
    pub(super) fn before(sink: &'s mut S) -> Self {
        Issues {
            sink,
            member: String::new(),
            listed: 0,
            unlisted: 0,
        }
    }

    /// Tells what is still to be told.
    pub(super) fn finish(&mut self) {
        if self.unlisted > 0 {
            self.sink.unlisted(&self.member, self.unlisted);
        }
        (self.listed, self.unlisted) = (0, 0);
    }

    fn turn_to(&mut self, member: &str) {
        if self.member != member {
            self.finish();
            member.clone_into(&mut self.member);
        }
    }
}

impl<S: Sink> Sink for Issues<'_, S> {
    fn row<R: Row>(&mut self, row: &R) {
        self.sink.row(row);
    }

    fn issue(&mut self, member: &str, issue: Issue) {
        self.turn_to(member);
        if self.listed < ISSUE_LIMIT {
            self.listed = self.listed.saturating_add(1);
            self.sink.issue(member, issue);
        } else {
            self.unlisted = self.unlisted.saturating_add(1);
        }
    }

    fn unlisted(&mut self, member: &str, count: u64) {
        self.turn_to(member);
        self.unlisted = self.unlisted.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::bytes::{each_line, no_heading};

    #[derive(Default)]
    struct Told {
        issues: Vec<(String, Option<u64>)>,
        unlisted: Vec<(String, u64)>,
    }

    impl Sink for Told {
        fn row<R: Row>(&mut self, _row: &R) {}

        fn issue(&mut self, member: &str, issue: Issue) {
            self.issues.push((member.to_owned(), issue.line));
        }

        fn unlisted(&mut self, member: &str, count: u64) {
            self.unlisted.push((member.to_owned(), count));
        }
    }

    #[test]
    fn a_million_odd_lines_are_a_thousand_and_a_number() {
        let lines = b"odd\n".repeat(1_000_000);
        let parse = || each_line(&lines, no_heading, "nothing", |_| None::<()>);
        let mut told = Told::default();
        let mut issues = Issues::before(&mut told);
        // Two tables read it.
        parse().reported("a", &mut issues);
        parse().reported("a", &mut issues);
        issues.issue("b", Issue::whole("whole", b""));
        issues.finish();
        assert_eq!(told.issues.len(), ISSUE_LIMIT + 1);
        assert_eq!(told.issues[999], ("a".to_owned(), Some(1000)));
        assert_eq!(told.issues[1000], ("b".to_owned(), None));
        assert_eq!(told.unlisted, [("a".to_owned(), 1_999_000)]);
    }
}
