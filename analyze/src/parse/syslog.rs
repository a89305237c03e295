//! Lines of a syslog daemon: RFC 3164 as it is written to files, the same with an ISO 8601 time, and RFC 5424.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::bytes::{cut, cut_last, decimal};

/// What a line says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Microseconds since 1970.
    pub(crate) time_us: Option<i64>,
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) program: Option<&'a [u8]>,
    pub(crate) pid: Option<u32>,
    pub(crate) severity: Option<u8>,
    /// The whole line where its form is not known.
    pub(crate) message: &'a [u8],
}

/// What turns the times of a log into instants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar<'a> {
    /// Zone of times without an offset.
    pub(crate) zone: &'a TimeZone,
    /// No line of the log is later, microseconds since 1970: it gives the year where the line has none.
    pub(crate) latest_us: i64,
}

/// Reads one line.
pub(crate) fn line<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Line<'a> {
    let (severity, rest) = match priority(text) {
        Some((severity, rest)) => (Some(severity), rest),
        None => (None, text),
    };
    let known = structured(rest)
        .or_else(|| with_iso_time(rest))
        .or_else(|| with_month(rest, calendar));
    match known {
        Some(line) => Line { severity, ..line },
        None => Line {
            message: text,
            ..Line::default()
        },
    }
}

/// Program, process id and message of what follows the host: `program[pid]: message`.
pub(crate) fn tagged(text: &[u8]) -> (Option<&[u8]>, Option<u32>, &[u8]) {
    let end = memchr::memchr2(b' ', b'\t', text).unwrap_or(text.len());
    let (word, after) = text.split_at_checked(end).unwrap_or((text, b""));
    // Some programs write no blank behind the colon.
    let (tag, message) = match memchr::memmem::find(word, b"]:") {
        Some(bracket) => {
            let colon = bracket.saturating_add(1);
            let (tag, message) = text.split_at_checked(colon).unwrap_or((text, b""));
            (tag, message.strip_prefix(b":").unwrap_or(message))
        }
        None => match word.strip_suffix(b":") {
            Some(tag) if !tag.is_empty() => (tag, after),
            _ => return (None, None, text),
        },
    };
    let message = message.strip_prefix(b" ").unwrap_or(message);
    let with_pid = tag.strip_suffix(b"]").and_then(|tag| {
        let (program, pid) = cut_last(tag, b'[')?;
        Some((program, decimal(pid)?))
    });
    match with_pid {
        Some((program, pid)) => (Some(program), Some(pid), message),
        None => (Some(tag), None, message),
    }
}

/// Severity of `<PRI>`, and what follows it.
fn priority(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = cut(text.strip_prefix(b"<")?, b'>')?;
    let priority: u8 = decimal(digits)?;
    (priority < 192).then_some((priority & 7, rest))
}

/// RFC 5424: `1 TIME HOST PROGRAM PID ID STRUCTURED MESSAGE`, `-` for what is missing.
fn structured(text: &[u8]) -> Option<Line<'_>> {
    let (time, rest) = cut(text.strip_prefix(b"1 ")?, b' ')?;
    let time_us = match time {
        b"-" => None,
        time => Some(instant_us(time)?),
    };
    let (host, rest) = cut(rest, b' ')?;
    let (program, rest) = cut(rest, b' ')?;
    let (pid, rest) = cut(rest, b' ')?;
    let (_id, rest) = cut(rest, b' ')?;
    let message = after_structured(rest)?;
    let named = |word: &'static [u8], field| (field != word).then_some(field);
    Some(Line {
        time_us,
        host: named(b"-", host),
        program: named(b"-", program),
        pid: decimal(pid),
        severity: None,
        message: message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message),
    })
}

/// What follows the structured elements, in which `]` within quotes ends nothing.
fn after_structured(text: &[u8]) -> Option<&[u8]> {
    let mut rest = match text.strip_prefix(b"-") {
        Some(rest) => rest,
        None => text.starts_with(b"[").then_some(text)?,
    };
    while rest.starts_with(b"[") {
        let (mut quoted, mut escaped) = (false, false);
        let end = rest.iter().position(|byte| {
            let ends = *byte == b']' && !quoted;
            quoted ^= *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        })?;
        (_, rest) = rest.split_at_checked(end.checked_add(1)?)?;
    }
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix(b" ")
    }
}

fn with_iso_time(text: &[u8]) -> Option<Line<'_>> {
    text.first()?.is_ascii_digit().then_some(())?;
    let (time, rest) = cut(text, b' ')?;
    time.contains(&b'T').then_some(())?;
    Some(after_time(instant_us(time)?, rest))
}

fn with_month<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Line<'a>> {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let (name, rest) = cut(text, b' ')?;
    let month = (1..).zip(MONTHS).find(|(_, month)| *month == name)?.0;
    let (day, rest) = cut(rest.strip_prefix(b" ").unwrap_or(rest), b' ')?;
    let (time, rest) = cut(rest, b' ')?;
    let (hour, minutes) = cut(time, b':')?;
    let (minute, second) = cut(minutes, b':')?;
    let date = Yearless {
        month,
        day: decimal(day)?,
        hour: decimal(hour)?,
        minute: decimal(minute)?,
        second: decimal(second)?,
    };
    Some(after_time(date.instant_us(calendar)?, rest))
}

/// `HOST PROGRAM[PID]: MESSAGE`; a line without a host begins with the program.
fn after_time(time_us: i64, text: &[u8]) -> Line<'_> {
    let (host, rest) = match cut(text, b' ') {
        Some((word, rest)) if !word.ends_with(b":") => (Some(word), rest),
        _ => (None, text),
    };
    let (program, pid, message) = tagged(rest);
    Line {
        time_us: Some(time_us),
        host,
        program,
        pid,
        severity: None,
        message,
    }
}

fn instant_us(time: &[u8]) -> Option<i64> {
    let instant: jiff::Timestamp = std::str::from_utf8(time).ok()?.parse().ok()?;
    Some(instant.as_microsecond())
}

struct Yearless {
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
}

impl Yearless {
    /// The last such time that is not after the latest; eight years hold a 29 February, also about 2100.
    fn instant_us(&self, calendar: &Calendar<'_>) -> Option<i64> {
        let latest = jiff::Timestamp::from_microsecond(calendar.latest_us).ok()?;
        let this_year = calendar.zone.to_datetime(latest).year();
        (0..=8).find_map(|back| {
            let year = this_year.checked_sub(back)?;
            let civil = DateTime::new(
                year,
                self.month,
                self.day,
                self.hour,
                self.minute,
                self.second,
                0,
            )
            .ok()?;
            let instant = calendar.zone.to_timestamp(civil).ok()?;
            (instant <= latest).then(|| instant.as_microsecond())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-02T00:00:00Z.
    const LATEST: i64 = 1_772_409_600_000_000;

    fn read(text: &[u8]) -> Line<'_> {
        let zone = TimeZone::posix("CET-1").unwrap();
        line(
            text,
            &Calendar {
                zone: &zone,
                latest_us: LATEST,
            },
        )
    }

    fn check(text: &[u8], time: Option<&str>, expected: Line<'_>) {
        let time_us = time.map(|time| instant_us(time.as_bytes()).unwrap());
        assert_eq!(
            read(text),
            Line {
                time_us,
                ..expected
            }
        );
    }

    #[test]
    fn forms() {
        let sshd = Line {
            host: Some(b"web1"),
            program: Some(b"sshd"),
            pid: Some(812),
            message: b"Accepted  key\xff",
            ..Line::default()
        };
        check(
            b"Nov  3 04:05:06 web1 sshd[812]: Accepted  key\xff",
            Some("2025-11-03T03:05:06Z"),
            sshd,
        );
        check(
            b"Mar  1 04:05:06 web1 sshd[812]: Accepted  key\xff",
            Some("2026-03-01T03:05:06Z"),
            sshd,
        );
        check(
            b"2025-11-03T04:05:06.123456+01:00 web1 sshd[812]: Accepted  key\xff",
            Some("2025-11-03T03:05:06.123456Z"),
            sshd,
        );
        check(
            b"<38>1 2025-11-03T04:05:06.123456Z web1 sshd 812 - [a@1 b=\"]\\\"\"][c] Accepted  key\xff",
            Some("2025-11-03T04:05:06.123456Z"),
            Line { severity: Some(6), ..sshd },
        );
        check(
            b"<13>Feb 29 04:05:06 web1 kernel: oom",
            Some("2024-02-29T03:05:06Z"),
            Line {
                host: Some(b"web1"),
                program: Some(b"kernel"),
                severity: Some(5),
                message: b"oom",
                ..Line::default()
            },
        );
    }

    #[test]
    fn tags() {
        let check = |text: &[u8], program: Option<&[u8]>, pid, message: &[u8]| {
            assert_eq!(tagged(text), (program, pid, message));
        };
        check(b"cron[7]:x y", Some(b"cron"), Some(7), b"x y");
        check(b"su(pam_unix)[7]: x", Some(b"su(pam_unix)"), Some(7), b"x");
        check(b"a[b]: x", Some(b"a[b]"), None, b"x");
        check(
            b"last message repeated 2 times",
            None,
            None,
            b"last message repeated 2 times",
        );
        check(b": x", None, None, b": x");
        check(b"", None, None, b"");
    }

    #[test]
    fn hostile() {
        for odd in [
            &b""[..],
            b"Nov",
            b"Nov 31 04:05:06 web1 a: b",
            b"Nov  3 99:05:06 web1 a: b",
            b"<999>x",
            b"1 - - - - - [unclosed",
            b"\0\xff",
            b"2025-11-03T04:05:06.1 cut",
            b"ov  3 04:05:06 web1 a: b",
        ] {
            check(
                odd,
                None,
                Line {
                    message: odd,
                    ..Line::default()
                },
            );
        }
    }
}
