//! The sums of a capture, and whether its members are what they say.

use std::collections::{HashMap, HashSet};

use schema::bundle::MEMBER_LIMIT;
use schema::member;
use schema::text::from_hex;
use sha2::{Digest, Sha256};

use super::{Problem, add};

/// Bytes of a line: a sum, two blanks, a name such as `root/proc/4711/cmdline`.
const LINE_ROOM: usize = 90;
/// The reason for a member that is listed and not there.
pub(super) const MISSING: &str = "missing: the sums list it";

/// What the sums list.
#[derive(Debug, Default)]
pub(super) struct Sums {
    listed: HashMap<String, Listed>,
    /// Whether the closing sums are there: then every member is listed.
    closed: bool,
    /// Members met in this pass that are rightly in no list.
    unlisted: HashSet<String>,
}

#[derive(Debug)]
struct Listed {
    sum: [u8; 32],
    seen: bool,
}

impl Sums {
    /// Begins with the closing sums, which list the parts.
    pub(super) fn new(closing: Option<&[u8]>, problems: &mut Vec<Problem>) -> Self {
        let mut sums = Sums {
            closed: closing.is_some(),
            ..Sums::default()
        };
        if let Some(closing) = closing {
            sums.add(member::SUMS, closing, problems);
        }
        sums
    }

    /// Adds what a part lists, unless the closing sums know another part of that name.
    pub(super) fn add_part(&mut self, name: &str, content: &[u8], problems: &mut Vec<Problem>) {
        // The pass over all members tells why it is refused.
        if self.check(name, &Sha256::digest(content).into()).is_ok() {
            self.add(name, content, problems);
        }
    }

    fn add(&mut self, name: &str, content: &[u8], problems: &mut Vec<Problem>) {
        self.listed.reserve(content.len() / LINE_ROOM);
        let lines = content.split(|byte| *byte == b'\n');
        for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
            let Some((listed, sum)) = parse(line) else {
                let reason = format!("line {} is no sum", number.saturating_add(1));
                add(problems, Problem::new(name, reason));
                continue;
            };
            if self.listed.len() >= MEMBER_LIMIT {
                problems.push(Problem::new(name, "lists more members than there may be"));
                return;
            }
            let entry = Listed { sum, seen: false };
            if self.listed.insert(listed.to_owned(), entry).is_some() {
                add(problems, Problem::new(listed, "the sums list it twice"));
            }
        }
    }

    /// Whether a member with that hash may be there.
    pub(super) fn check(&self, name: &str, sum: &[u8; 32]) -> Result<(), String> {
        match self.listed.get(name) {
            Some(listed) if listed.sum == *sum => Ok(()),
            Some(_) => Err("its content is not what the sums say".to_owned()),
            None if self.closed && !is_never_listed(name) => {
                Err("the sums do not list it".to_owned())
            }
            None => Ok(()),
        }
    }

    /// Begins a new pass.
    pub(super) fn forget_seen(&mut self) {
        self.unlisted.clear();
        self.listed
            .values_mut()
            .for_each(|listed| listed.seen = false);
    }

    /// Notes that a member is there, which may happen once.
    pub(super) fn note_seen(&mut self, name: &str) -> Result<(), String> {
        let new = match self.listed.get_mut(name) {
            Some(listed) => !std::mem::replace(&mut listed.seen, true),
            None => self.unlisted.insert(name.to_owned()),
        };
        if new {
            Ok(())
        } else {
            Err("it is there twice".to_owned())
        }
    }

    /// Members that are listed and were not met, by name.
    pub(super) fn missing(&self) -> Vec<String> {
        let unseen = self.listed.iter().filter(|(_, listed)| !listed.seen);
        let mut names: Vec<_> = unseen.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }
}

/// Whether a member is a part of the sums.
pub(super) fn is_part(name: &str) -> bool {
    let rest = name.strip_prefix(member::SUMS);
    rest.and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The closing sums, and their signature.
fn is_never_listed(name: &str) -> bool {
    let rest = name.strip_prefix(member::SUMS);
    rest.is_some_and(|rest| rest.is_empty() || rest == ".sig")
}

/// One line as `sha256sum` writes it.
fn parse(line: &[u8]) -> Option<(&str, [u8; 32])> {
    let (digits, rest) = line.split_at_checked(64)?;
    let name = member::validate(rest.strip_prefix(b"  ")?).ok()?;
    Some((name, from_hex(digits)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let zeros = "0".repeat(64);
        let check = |line: &str, name: Option<&str>| {
            assert_eq!(parse(line.as_bytes()).map(|(name, _)| name), name);
        };
        check(&format!("{zeros}  root/etc/hosts"), Some("root/etc/hosts"));
        check(&format!("{zeros}  root/a  b"), Some("root/a  b"));
        check(&format!("{zeros} *root/etc/hosts"), None);
        check(&format!("{zeros}  ../etc/hosts"), None);
        check("", None);
        check(&format!("{}  root/x", "g".repeat(64)), None);
    }

    #[test]
    fn parts() {
        assert!(is_part("freezeframe/SHA256SUMS.0001"));
        for other in ["freezeframe/SHA256SUMS", "freezeframe/SHA256SUMS.sig"] {
            assert!(!is_part(other) && is_never_listed(other));
        }
    }
}
