//! Secrets in JSON: state files of container runtimes hold environments and command lines as lists of strings, and labels by name.
//!
//! The rules are those of environments and arguments. Strings are looked at as they are written: what stands for a byte that
//! JSON must escape is part of the secret, and the pseudonym has none of these.

use std::ops::Range;

use super::Secret;
use super::words;
use crate::source::Content;

/// What follows a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// Another one of the same list.
    Comma,
    /// The value that it names.
    Colon,
    /// Anything else.
    Other,
}

/// Adds the secrets of a text.
pub(super) fn find(text: &[u8], secrets: &mut Vec<Secret>) {
    let strings = strings(text);
    let mut start = 0;
    for (number, (string, after)) in strings.iter().enumerate() {
        if *after == After::Colon
            && let Some((value, _)) = strings.get(number.saturating_add(1))
        {
            let mut list = List::default();
            list.add(text, string);
            list.bytes.push(b'=');
            list.add(text, value);
            list.find(Content::Environ, secrets);
        }
        if *after != After::Comma {
            let mut list = List::default();
            for (string, _) in strings.get(start..=number).unwrap_or_default() {
                list.add(text, string);
                list.bytes.push(0);
            }
            list.find(Content::Environ, secrets);
            list.find(Content::Arguments, secrets);
            start = number.saturating_add(1);
        }
    }
}

/// Strings one behind the other, as the rules take them, and where each stands in the text.
#[derive(Debug, Default)]
struct List {
    bytes: Vec<u8>,
    /// Where a string begins here and there, and its length.
    strings: Vec<(usize, usize, usize)>,
}

impl List {
    fn add(&mut self, text: &[u8], string: &Range<usize>) {
        self.strings
            .push((self.bytes.len(), string.start, string.len()));
        self.bytes
            .extend_from_slice(text.get(string.clone()).unwrap_or_default());
    }

    /// Adds what the rules find, where it stands in the text. What passes the end of a string ends there.
    fn find(&self, content: Content, secrets: &mut Vec<Secret>) {
        for secret in words::find(content, &self.bytes) {
            let range = secret.range;
            for (here, there, length) in &self.strings {
                let end = here.saturating_add(*length);
                let (from, until) = (range.start.max(*here), range.end.min(end));
                if from < until {
                    let start = there.saturating_add(from.saturating_sub(*here));
                    secrets.push(Secret {
                        range: start..start.saturating_add(until.saturating_sub(from)),
                        rule: secret.rule,
                    });
                }
            }
        }
    }
}

/// The strings of a text, without their quotes, and what follows each.
fn strings(text: &[u8]) -> Vec<(Range<usize>, After)> {
    let mut strings = Vec::new();
    let mut at = 0;
    while let Some(quote) = text.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let start = at.saturating_add(quote).saturating_add(1);
        let mut end = start;
        loop {
            match text.get(end) {
                Some(b'\\') => end = end.saturating_add(2),
                Some(b'"') | None => break,
                Some(_) => end = end.saturating_add(1),
            }
        }
        let end = end.min(text.len());
        at = end.saturating_add(1);
        let rest = text.get(at..).unwrap_or_default();
        let mut next = rest.iter().filter(|byte| !byte.is_ascii_whitespace());
        let after = match (next.next(), next.next()) {
            (Some(b','), Some(b'"')) => After::Comma,
            (Some(b':'), Some(b'"')) => After::Colon,
            _ => After::Other,
        };
        strings.push((start..end, after));
    }
    strings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(text: &str) -> Vec<&str> {
        let found = words::find(Content::Json, text.as_bytes());
        let found = found.into_iter();
        found
            .map(|secret| text.get(secret.range).unwrap())
            .collect()
    }

    #[test]
    fn environments_arguments_and_labels() {
        let check = |text: &str, expected: &[&str]| assert_eq!(secrets(text), expected, "{text}");
        check(r#"{"Env":["DB_PASSWORD=pl0ver","PATH=/bin"]}"#, &["pl0ver"]);
        check(
            r#"{"Cmd": [ "mysqld" , "--password" , "pl0ver" ], "x": 1}"#,
            &["pl0ver"],
        );
        check(
            r#"{"Labels":{"api_token":"pl0ver","version":"1"}}"#,
            &["pl0ver"],
        );
        check(r#"{"Env":["URL=postgres://ada:pl0ver@db/x"]}"#, &["pl0ver"]);
        // What is escaped is part of it, and ends nothing.
        check(
            r#"["DB_PASSWORD=pl\"0ver\\","PATH=/bin"]"#,
            &[r#"pl\"0ver\\"#],
        );
        check(r#"{"Image":"nginx:1.26","Name":"/web"}"#, &[]);
        check(r#"["DB_PASSWORD=cut off"#, &["cut off"]);
        check("", &[]);
        check(r#""\"#, &[]);
    }
}
