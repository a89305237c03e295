//! The names under which rotated logs lie beside the log that is written to.

use std::cmp::Reverse;

/// What stands behind a log's name in that of a rotated sibling: `.1`, `-20261101`, `.2.gz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated<'a> {
    /// Which one it is.
    pub age: Age<'a>,
    /// Whether its name says that it is compressed.
    pub is_compressed: bool,
}

/// Which of a log's rotated siblings one is; of one kind the newest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age<'a> {
    /// `.N`: the higher, the older.
    Number(u32),
    /// `-DATE`, with or without a time behind it: the higher, the newer.
    Date(Reverse<&'a str>),
    /// `.old`.
    Old,
}

/// Tells whether `path` is a rotated sibling of the log `log`, and which.
pub fn sibling<'a>(log: &str, path: &'a str) -> Option<Rotated<'a>> {
    let rest = path.strip_prefix(log)?;
    let (age, is_compressed) = match rest.rsplit_once('.') {
        Some((age, "gz" | "xz" | "zst" | "bz2")) => (age, true),
        _ => (rest, false),
    };
    Some(Rotated {
        age: self::age(age)?,
        is_compressed,
    })
}

/// Whether the name of a log says that it is compressed.
pub fn is_compressed(path: &[u8]) -> bool {
    [&b".gz"[..], b".xz", b".zst", b".bz2"]
        .iter()
        .any(|extension| path.ends_with(extension))
}

fn age(text: &str) -> Option<Age<'_>> {
    if text == ".old" {
        return Some(Age::Old);
    }
    if let Some(digits) = text.strip_prefix('.')
        && (1..=6).contains(&digits.len())
        && is_number(digits)
    {
        return Some(Age::Number(digits.parse().ok()?));
    }
    let date = text.strip_prefix('-').or_else(|| text.strip_prefix('.'))?;
    let digits = date.bytes().filter(u8::is_ascii_digit).count();
    let is_date = date.starts_with(|first: char| first.is_ascii_digit())
        && date
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
        && (8..=24).contains(&digits);
    is_date.then_some(Age::Date(Reverse(date)))
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_are_told_from_other_files() {
        let check = |path: &str, expected: Option<(Age<'_>, bool)>| {
            let found = sibling("/var/log/syslog", path);
            assert_eq!(
                found.map(|found| (found.age, found.is_compressed)),
                expected,
                "{path}"
            );
        };
        let date = |text| Age::Date(Reverse(text));
        check("/var/log/syslog.1", Some((Age::Number(1), false)));
        check("/var/log/syslog.0", Some((Age::Number(0), false)));
        check("/var/log/syslog.12.gz", Some((Age::Number(12), true)));
        check("/var/log/syslog.2.xz", Some((Age::Number(2), true)));
        check("/var/log/syslog.2.bz2", Some((Age::Number(2), true)));
        check("/var/log/syslog-20261101", Some((date("20261101"), false)));
        check(
            "/var/log/syslog-20261101-1700000000.zst",
            Some((date("20261101-1700000000"), true)),
        );
        check(
            "/var/log/syslog.2026-11-01",
            Some((date("2026-11-01"), false)),
        );
        check("/var/log/syslog.old", Some((Age::Old, false)));
        for other in [
            "/var/log/syslog",
            "/var/log/syslog.gz",
            "/var/log/syslog.1.lz4",
            "/var/log/syslog.1.gz.sig",
            "/var/log/syslog-ng",
            "/var/log/syslog-1",
            "/var/log/syslog.",
            "/var/log/syslog-",
            "/var/log/syslog.-1",
            "/var/log/syslog.1/x",
            "/var/log/syslog2.1",
            "/var/log/messages.1",
        ] {
            check(other, None);
        }
    }

    #[test]
    fn the_newest_comes_first() {
        let mut ages = [
            ".2.gz",
            "-20261101",
            ".10",
            "-20261101-1700000000",
            ".1",
            "-20261102",
        ]
        .map(|rest| sibling("", rest).unwrap().age);
        ages.sort();
        let date = |text| Age::Date(Reverse(text));
        assert_eq!(
            ages,
            [
                Age::Number(1),
                Age::Number(2),
                Age::Number(10),
                date("20261102"),
                date("20261101-1700000000"),
                date("20261101"),
            ]
        );
    }
}
