//! Lines of a syslog daemon: RFC 3164 as it is written to files, the same with an ISO 8601 time, RFC 5424, and what
//! `dmesg` writes.

use super::bytes::{cut, cut_last, decimal};
use super::log_line::level;
use super::log_time::{self, Calendar};

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

/// Reads one line. What has a time and is of no syslog daemon has neither host nor program.
pub(crate) fn line<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Line<'a> {
    let (severity, rest) = match priority(text) {
        Some((severity, rest)) => (Some(severity), rest),
        None => (None, text),
    };
    let known = structured(rest, calendar)
        .or_else(|| with_iso_time(rest, calendar))
        .or_else(|| with_month(rest, calendar))
        .or_else(|| of_kernel(rest, calendar));
    match known {
        Some(line) => Line {
            severity: severity.or(line.severity),
            ..line
        },
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
        Some((b"", _)) => (None, None, text),
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
fn structured<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Line<'a>> {
    let (time, rest) = cut(text.strip_prefix(b"1 ")?, b' ')?;
    let time_us = match time {
        b"-" => None,
        time => Some(log_time::iso(time, calendar)?.0),
    };
    let (host, rest) = cut(rest, b' ')?;
    let (program, rest) = cut(rest, b' ')?;
    let (pid, rest) = cut(rest, b' ')?;
    let (_id, rest) = cut(rest, b' ')?;
    let message = after_structured(rest)?;
    let named = |field: &[u8]| field != b"-";
    Some(Line {
        time_us,
        host: Some(host).filter(|host| named(host)),
        program: Some(program).filter(|program| named(program)),
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

/// A blank instead of the `T` is what programs write, not syslog daemons: there only a tag with a process id, or the
/// kernel's, shows that the word before it is a host.
fn with_iso_time<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Line<'a>> {
    let (time_us, rest, has_t) = log_time::iso(text, calendar)?;
    if has_t && let Some((severity, rest)) = level_word(rest) {
        let (program, pid, message) = tagged(rest);
        return Some(Line {
            time_us: Some(time_us),
            host: None,
            program,
            pid,
            severity: Some(severity),
            message,
        });
    }
    if has_t && begins_message(rest) {
        return Some(Line {
            time_us: Some(time_us),
            message: rest,
            ..Line::default()
        });
    }
    let line = after_time(time_us, rest);
    if has_t || line.pid.is_some() || line.program == Some(b"kernel") {
        return Some(line);
    }
    Some(Line {
        time_us: Some(time_us),
        message: rest,
        ..Line::default()
    })
}

/// Whether what follows a time is no host: programs write a thread or a level in brackets there, a number, a dash.
fn begins_message(text: &[u8]) -> bool {
    match text {
        [b'[' | b'(' | b'|' | b'{' | b' ' | b'\t', ..] => true,
        [b'-', rest @ ..] => rest.starts_with(b" "),
        _ => {
            let word = cut(text, b' ').map_or(text, |(word, _)| word);
            word.iter().all(u8::is_ascii_digit) || word.contains(&b'\t')
        }
    }
}

fn with_month<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Line<'a>> {
    let (time_us, rest) = log_time::named(text, calendar)?;
    Some(after_time(time_us, rest))
}

/// What `dmesg` writes: `[ 123.456789] MESSAGE`, or with a date in the brackets. The message keeps what the kernel
/// wrote before it.
fn of_kernel<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Line<'a>> {
    let kernel = |time_us, message| Line {
        time_us,
        program: Some(b"kernel"),
        message,
        ..Line::default()
    };
    if let Some((since_us, _)) = log_time::since_boot(text) {
        let boot_us = calendar.boot_us;
        let time_us = boot_us.and_then(|boot| boot.checked_add_unsigned(since_us));
        return Some(kernel(time_us, text));
    }
    let (inside, rest) = cut(text.strip_prefix(b"[")?, b']')?;
    let (time_us, after) = log_time::named(inside, calendar)?;
    let message = rest.strip_prefix(b" ").unwrap_or(rest);
    after.is_empty().then(|| kernel(Some(time_us), message))
}

/// `HOST PROGRAM[PID]: MESSAGE`; a line without a host begins with the program, or has neither. `BusyBox` writes
/// `FACILITY.LEVEL` before the program.
fn after_time(time_us: i64, text: &[u8]) -> Line<'_> {
    let is_host = |word: &[u8]| !word.ends_with(b":") && !word.iter().all(u8::is_ascii_digit);
    let (host, rest) = match cut(text, b' ') {
        _ if text.starts_with(b"last message repeated ") || text.starts_with(b"--") => (None, text),
        _ if facility_level(text).is_some() => (None, text),
        Some((word, rest)) if is_host(word) => (Some(word), rest),
        _ => (None, text),
    };
    let (severity, rest) = match facility_level(rest) {
        Some((severity, rest)) => (Some(severity), rest),
        None => (None, rest),
    };
    let (program, pid, message) = tagged(rest);
    Line {
        time_us: Some(time_us),
        host,
        program,
        pid,
        severity,
        message,
    }
}

const FACILITIES: [&[u8]; 21] = [
    b"kern",
    b"user",
    b"mail",
    b"daemon",
    b"auth",
    b"syslog",
    b"lpr",
    b"news",
    b"uucp",
    b"cron",
    b"authpriv",
    b"ftp",
    b"security",
    b"local0",
    b"local1",
    b"local2",
    b"local3",
    b"local4",
    b"local5",
    b"local6",
    b"local7",
];
/// Names of the severities, the ones of the kernel first.
pub(crate) const LEVELS: [(&str, u8); 11] = [
    ("emerg", 0),
    ("alert", 1),
    ("crit", 2),
    ("err", 3),
    ("warning", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
    ("panic", 0),
    ("error", 3),
    ("warn", 4),
];

/// Severity of a word `FACILITY.LEVEL`, and what follows it.
fn facility_level(text: &[u8]) -> Option<(u8, &[u8])> {
    let (word, rest) = cut(text, b' ')?;
    let (facility, level) = cut(word, b'.')?;
    FACILITIES.contains(&facility).then_some(())?;
    let (_, severity) = LEVELS.iter().find(|(name, _)| name.as_bytes() == level)?;
    Some((*severity, rest))
}

/// Severity of a word such as `INFO` or `CRITICAL:`, and what follows it.
fn level_word(text: &[u8]) -> Option<(u8, &[u8])> {
    let (word, rest) = cut(text, b' ')?;
    let word = word.strip_suffix(b":").unwrap_or(word);
    let is_upper = word.iter().all(u8::is_ascii_uppercase);
    let severity = is_upper.then(|| level::named(word)).flatten()?;
    Some((severity, rest))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

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
                after_us: None,
                boot_us: Some(LATEST),
            },
        )
    }

    fn check(text: &[u8], time: Option<&str>, expected: Line<'_>) {
        let time_us = time.map(|time| {
            let time: jiff::Timestamp = time.parse().unwrap();
            time.as_microsecond()
        });
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
    fn levels_in_words_are_no_hosts() {
        let dnsmasq = Line {
            program: Some(b"dnsmasq"),
            pid: Some(1),
            message: b"x",
            ..Line::default()
        };
        let time = Some("2025-11-03T03:05:06Z");
        check(
            b"Nov  3 04:05:06 alpine daemon.warn dnsmasq[1]: x",
            time,
            Line {
                host: Some(b"alpine"),
                severity: Some(4),
                ..dnsmasq
            },
        );
        check(
            b"Mon Nov  3 04:05:06 2025 daemon.info dnsmasq[1]: x",
            time,
            Line {
                severity: Some(6),
                ..dnsmasq
            },
        );
        check(
            b"Nov  3 04:05:06 kern.err kernel: [  12.000001] x",
            time,
            Line {
                program: Some(b"kernel"),
                severity: Some(3),
                message: b"[  12.000001] x",
                ..Line::default()
            },
        );
        check(
            b"2025-11-03T04:05:06.5+01:00 WARNING dnsmasq[1]: x",
            Some("2025-11-03T03:05:06.5Z"),
            Line {
                severity: Some(4),
                ..dnsmasq
            },
        );
        // A host may be called so.
        check(
            b"Nov  3 04:05:06 web.info dnsmasq[1]: x",
            time,
            Line {
                host: Some(b"web.info"),
                ..dnsmasq
            },
        );
        let bare = |message| Line {
            message,
            ..Line::default()
        };
        check(
            b"2025-11-03T04:05:06.5+01:00 0 [Note] x",
            Some("2025-11-03T03:05:06.5Z"),
            bare(b"0 [Note] x"),
        );
        check(
            b"Nov  3 04:05:06: --- last message repeated 5 times ---",
            time,
            bare(b"--- last message repeated 5 times ---"),
        );
        check(
            b"Nov  3 03:05:06 UTC: %LINK-3-UPDOWN: x",
            time,
            Line {
                program: Some(b"%LINK-3-UPDOWN"),
                message: b"x",
                ..Line::default()
            },
        );
    }

    #[test]
    fn what_is_no_syslog_line_says_less() {
        let message = |message| Line {
            message,
            ..Line::default()
        };
        check(
            b"2026-02-03 04:05:06,123 INFO main: started",
            Some("2026-02-03T03:05:06.123Z"),
            message(b"INFO main: started"),
        );
        check(
            b"2026-02-03 04:05:06 web1 sshd[812]: x",
            Some("2026-02-03T03:05:06Z"),
            Line {
                host: Some(b"web1"),
                program: Some(b"sshd"),
                pid: Some(812),
                ..message(b"x")
            },
        );
        check(
            b"Feb  3 04:05:06 last message repeated 3 times",
            Some("2026-02-03T03:05:06Z"),
            message(b"last message repeated 3 times"),
        );
        check(
            b"Feb  3 04:05:06 web1 last message repeated 3 times",
            Some("2026-02-03T03:05:06Z"),
            Line {
                host: Some(b"web1"),
                ..message(b"last message repeated 3 times")
            },
        );
        let kernel = |message| Line {
            program: Some(b"kernel"),
            message,
            ..Line::default()
        };
        check(
            b"<6>[    1.500000] eth0: up",
            Some("2026-03-02T00:00:01.5Z"),
            Line {
                severity: Some(6),
                ..kernel(b"[    1.500000] eth0: up")
            },
        );
        check(
            b"[Tue Feb  3 04:05:06 2026] eth0: up",
            Some("2026-02-03T03:05:06Z"),
            kernel(b"eth0: up"),
        );
        check(
            b"Feb  3 04:05:06 web1 kernel: [    1.500000] eth0: up",
            Some("2026-02-03T03:05:06Z"),
            Line {
                host: Some(b"web1"),
                ..kernel(b"[    1.500000] eth0: up")
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
        check(b"[7]: x y", None, None, b"[7]: x y");
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
            b"2025-11-03T04:05:06.1cut",
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
