//! Times at the beginning of log lines, in all forms that syslog daemons, the kernel and programs write.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::bytes::{cut, decimal};

/// What turns the times of a log into instants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar<'a> {
    /// Zone of times without an offset.
    pub(crate) zone: &'a TimeZone,
    /// No line of the log is later, microseconds since 1970: it gives the year where the line has none.
    pub(crate) latest_us: i64,
    /// Time of the line before: it tells which of two instants is meant by a time that the clock showed twice.
    pub(crate) after_us: Option<i64>,
    /// When the host booted, microseconds since 1970, where the log's times may count from there.
    pub(crate) boot_us: Option<i64>,
}

/// Lines of several writers may lie in the log out of order by this much.
const DISORDER_US: i64 = 300_000_000;

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const WEEKDAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// ISO 8601 with a `T` or a blank: the instant, what follows, and whether it had a `T`.
pub(crate) fn iso<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<(i64, &'a [u8], bool)> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (separator, rest) = rest.split_first()?;
    let has_t = matches!(separator, b'T' | b't');
    (has_t || *separator == b' ').then_some(())?;
    // The hour may have a blank for its first digit.
    let rest = rest.strip_prefix(b" ").filter(|_| !has_t).unwrap_or(rest);
    let (clock, rest) = clock(rest)?;
    // The servicing of Windows ends it with a comma.
    let rest = rest
        .strip_prefix(b",")
        .filter(|rest| rest.starts_with(b" "))
        .unwrap_or(rest);
    let civil = clock.on(year, month, day)?;
    // A blank may stand before the zone, and one ends the time.
    let (time_us, rest) = match offset(rest) {
        Some((offset, rest)) if ends_column(rest) => (fixed(civil, offset)?, rest),
        _ => match rest.strip_prefix(b" ").and_then(offset) {
            Some((offset, rest)) if ends_column(rest) => (fixed(civil, offset)?, rest),
            _ => (local(civil, calendar)?, rest),
        },
    };
    ends_column(rest).then_some(())?;
    let after = match rest.split_first() {
        Some((b' ' | b',' | b'|', after)) => after,
        Some((b':', after)) => after.strip_prefix(b" ").unwrap_or(after),
        _ => rest,
    };
    Some((time_us, after, has_t))
}

/// A time with the month's name, the year behind the day, behind the time, before the month or nowhere: the instant
/// and what follows.
pub(crate) fn named<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<(i64, &'a [u8])> {
    let text = match cut(text, b' ') {
        Some((word, rest)) if WEEKDAYS.contains(&word) => rest,
        _ => text,
    };
    let (first_year, text) = match year(text) {
        Some((year, rest)) => (Some(year), rest.strip_prefix(b" ")?),
        None => (None, text),
    };
    let (name, rest) = cut(text, b' ')?;
    let month = (1..).zip(MONTHS).find(|(_, month)| *month == name)?.0;
    let (day, rest) = cut(rest.strip_prefix(b" ").unwrap_or(rest), b' ')?;
    let day: i16 = decimal(day)?;
    let (second_year, rest) = match year(rest) {
        Some((year, rest)) => (Some(year), rest.strip_prefix(b" ")?),
        None => (None, rest),
    };
    let (clock, rest) = clock(rest)?;
    let rest = without_colon(rest);
    let rest = rest
        .strip_prefix(b" ")
        .or(rest.is_empty().then_some(rest))?;
    let (third_year, rest) = match year(rest) {
        Some((year, after)) => (Some(year), after.strip_prefix(b" ").unwrap_or(after)),
        None => (None, rest),
    };
    let (zone, rest) = match offset(rest).map(|(offset, after)| (offset, without_colon(after))) {
        Some((offset, after)) if ends(after) => {
            (Some(offset), after.strip_prefix(b" ").unwrap_or(after))
        }
        _ => (None, rest),
    };
    // `date` puts the zone before it, by a name that only the host knows or a number.
    let is_open = first_year.or(second_year).or(third_year).is_none();
    let named_zone = cut(rest, b' ').filter(|(name, _)| {
        zone.is_none() && (3..=5).contains(&name.len()) && name.iter().all(u8::is_ascii_uppercase)
    });
    let before_year = named_zone.map_or(rest, |(_, after)| after);
    let (third_year, rest) = match year(before_year) {
        Some((year, after)) if is_open && (zone.is_some() || named_zone.is_some()) => {
            (Some(year), after.strip_prefix(b" ").unwrap_or(after))
        }
        _ => (third_year, rest),
    };
    let instant = |year| {
        let civil = clock.on(year, month, day)?;
        match zone {
            Some(offset) => fixed(civil, offset),
            None => local(civil, calendar),
        }
    };
    let time_us = match first_year.or(second_year).or(third_year) {
        Some(year) => instant(year)?,
        None => last_of_years(calendar, instant)?,
    };
    Some((time_us, rest))
}

/// `2026/11/30 12:00:00`, as nginx and Go write it, `26/11/30 12:00:00`, as Spark does, or `2026/11/30 - 12:00:00`, as Gin does: the
/// instant and what follows.
pub(crate) fn slashed<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<(i64, &'a [u8])> {
    let (year, rest) = match number(text, 2)? {
        (year, rest) if rest.starts_with(b"/") => (of_century(year)?, rest),
        _ => number(text, 4)?,
    };
    let (month, rest) = number(rest.strip_prefix(b"/")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"/")?, 2)?;
    let rest = rest.strip_prefix(b" - ").or(rest.strip_prefix(b" "))?;
    let (clock, rest) = clock(rest)?;
    ends(rest).then_some(())?;
    let time_us = local(clock.on(year, month, day)?, calendar)?;
    Some((time_us, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// `11/30/2026-12:00:00.123456`, as Suricata writes it: the instant and what follows.
pub(crate) fn month_first<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<(i64, &'a [u8])> {
    let (month, rest) = number(text, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"/")?, 2)?;
    let (year, rest) = number(rest.strip_prefix(b"/")?, 4)?;
    let (clock, rest) = clock(rest.strip_prefix(b"-")?)?;
    ends(rest).then_some(())?;
    let time_us = local(clock.on(year, month, day)?, calendar)?;
    Some((time_us, rest.trim_ascii_start()))
}

/// `261130 120000`, as Hadoop's file system wrote it, or `261130 12:00:00`, as `MySQL` did: the instant and what follows.
pub(crate) fn packed<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<(i64, &'a [u8])> {
    let (year, rest) = number(text, 2)?;
    let (month, rest) = number(rest, 2)?;
    let (day, rest) = number(rest, 2)?;
    let rest = rest.strip_prefix(b" ")?.trim_ascii_start();
    let (clock, rest) = clock(rest).or_else(|| {
        let (hour, rest) = number(rest, 2)?;
        let (minute, rest) = number(rest, 2)?;
        let (second, rest) = number(rest, 2)?;
        let clock = Clock {
            hour: i8::try_from(hour).ok()?,
            minute: i8::try_from(minute).ok()?,
            second: i8::try_from(second).ok()?,
            nanosecond: 0,
        };
        Some((clock, rest))
    })?;
    ends(rest).then_some(())?;
    let time_us = local(clock.on(of_century(year)?, month, day)?, calendar)?;
    Some((time_us, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// A year of two digits: of 1970 to 2069.
fn of_century(year: i16) -> Option<i16> {
    year.checked_add(if year < 70 { 2000 } else { 1900 })
}

/// Day, name of the month, year and time: `30/Nov/2026:12:00:00 +0100`, `30-Nov-2026 12:00:00.123`, `30 Nov 2026 12:00:00 UTC`:
/// the instant and what follows.
pub(crate) fn day_first<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<(i64, &'a [u8])> {
    let digits = if text.get(1).is_some_and(u8::is_ascii_digit) {
        2
    } else {
        1
    };
    let (day, rest) = number(text, digits)?;
    let (separator, rest) = rest.split_first()?;
    matches!(separator, b'/' | b'-' | b' ').then_some(())?;
    let (name, rest) = rest.split_at_checked(3)?;
    let month = (1..).zip(MONTHS).find(|(_, month)| *month == name)?.0;
    let (year, rest) = number(rest.strip_prefix(std::slice::from_ref(separator))?, 4)?;
    let (before_clock, rest) = rest.split_first()?;
    matches!(before_clock, b':' | b' ').then_some(())?;
    let (clock, rest) = clock(rest)?;
    let civil = clock.on(year, month, day)?;
    match rest.strip_prefix(b" ").and_then(offset) {
        // A bracket may close behind it.
        Some((offset, after)) if ends(after) || after.starts_with(b"]") => {
            Some((fixed(civil, offset)?, after))
        }
        _ => Some((local(civil, calendar)?, rest)),
    }
}

/// `1130 12:00:00.123456`, month and day, as the programs of Kubernetes write it: the instant and what follows.
pub(crate) fn month_day<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<(i64, &'a [u8])> {
    let (month, rest) = number(text, 2)?;
    let (day, rest) = number(rest, 2)?;
    let (clock, rest) = clock(rest.strip_prefix(b" ")?)?;
    let time_us = last_of_years(calendar, |year| {
        local(clock.on(year, month, day)?, calendar)
    })?;
    Some((time_us, rest))
}

/// Seconds since 1970 with or without a fraction, ten digits that are a time of this century; or with milli-, micro- or
/// nanoseconds: microseconds and what follows.
pub(crate) fn epoch(text: &[u8]) -> Option<(i64, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(length)?;
    let number: i64 = decimal(digits)?;
    let time_us = match length {
        10 => number.checked_mul(1_000_000)?,
        13 => number.checked_mul(1000)?,
        16 => number,
        19 => number.checked_div(1000)?,
        _ => return None,
    };
    // 2001 to 2065.
    (1_000_000_000_000_000..3_000_000_000_000_000)
        .contains(&time_us)
        .then_some(())?;
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(after) if length == 10 => {
            let length = after
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let (digits, rest) = after.split_at_checked(length)?;
            let fraction = (0..6).try_fold(0_i64, |value, place| {
                let digit = digits.get(place).map_or(0, |byte| byte.wrapping_sub(b'0'));
                value.checked_mul(10)?.checked_add(i64::from(digit))
            })?;
            (fraction, rest)
        }
        _ => (0, rest),
    };
    Some((time_us.checked_add(fraction)?, rest))
}

/// A time of day alone, `12:00:00.123`: what follows. Which day it was, nobody says.
pub(crate) fn of_day(text: &[u8]) -> Option<&[u8]> {
    let (_, rest) = clock(text)?;
    ends(rest).then(|| rest.strip_prefix(b" ").unwrap_or(rest))
}

/// What follows a time that some daemons end with a colon.
fn without_colon(text: &[u8]) -> &[u8] {
    text.strip_prefix(b":")
        .filter(|rest| rest.starts_with(b" "))
        .unwrap_or(text)
}

/// `[ 123.456789]`, the kernel's time since boot, microseconds, and what follows it.
pub(crate) fn since_boot(text: &[u8]) -> Option<(u64, &[u8])> {
    let (inside, rest) = cut(text.strip_prefix(b"[")?, b']')?;
    let (seconds, fraction) = cut(inside.trim_ascii_start(), b'.')?;
    (fraction.len() == 6).then_some(())?;
    let seconds: u64 = decimal(seconds)?;
    let fraction: u64 = decimal(fraction)?;
    let time_us = seconds.checked_mul(1_000_000)?.checked_add(fraction)?;
    Some((time_us, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// The last such time that is not after the latest; eight years hold a 29 February, also about 2100.
fn last_of_years(calendar: &Calendar<'_>, instant: impl Fn(i16) -> Option<i64>) -> Option<i64> {
    let latest = jiff::Timestamp::from_microsecond(calendar.latest_us).ok()?;
    let this_year = calendar.zone.to_datetime(latest).year();
    (0..=8).find_map(|back| {
        let time_us = instant(this_year.checked_sub(back)?)?;
        (time_us <= calendar.latest_us).then_some(time_us)
    })
}

/// Hour, minute, second and nanoseconds.
#[derive(Clone, Copy)]
struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
}

impl Clock {
    fn on(self, year: i16, month: i16, day: i16) -> Option<DateTime> {
        DateTime::new(
            year,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
            self.hour,
            self.minute,
            self.second,
            self.nanosecond,
        )
        .ok()
    }
}

/// `HH:MM:SS` or `H:MM:SS`, with a fraction behind a dot or comma.
fn clock(text: &[u8]) -> Option<(Clock, &[u8])> {
    let digits = if text.get(1) == Some(&b':') { 1 } else { 2 };
    let (hour, rest) = number(text, digits)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (nanosecond, rest) = match rest.split_first() {
        Some((b'.' | b',', after)) if after.first().is_some_and(u8::is_ascii_digit) => {
            let digits = after
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let (digits, rest) = after.split_at_checked(digits)?;
            let nanosecond = (0..9).try_fold(0_i32, |value, place| {
                let digit = digits.get(place).map_or(0, |byte| byte.wrapping_sub(b'0'));
                value.checked_mul(10)?.checked_add(i32::from(digit))
            })?;
            (nanosecond, rest)
        }
        _ => (0, rest),
    };
    let clock = Clock {
        hour: i8::try_from(hour).ok()?,
        minute: i8::try_from(minute).ok()?,
        // A leap second is told as the one before it.
        second: i8::try_from(second)
            .ok()?
            .min(if second == 60 { 59 } else { i8::MAX }),
        nanosecond,
    };
    Some((clock, rest))
}

/// Seconds east of Greenwich: `Z`, `UTC`, `GMT`, `+01:00`, `+0100`, `-02`.
fn offset(text: &[u8]) -> Option<(i32, &[u8])> {
    for name in [&b"Z"[..], b"UTC", b"GMT"] {
        if let Some(rest) = text.strip_prefix(name) {
            return Some((0, rest));
        }
    }
    let (sign, rest) = text.split_first()?;
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = number(rest, 2)?;
    let (minutes, rest) = match number(rest.strip_prefix(b":").unwrap_or(rest), 2) {
        Some((minutes, rest)) if minutes < 60 => (minutes, rest),
        _ => (0, rest),
    };
    let seconds = i32::from(hours)
        .checked_mul(60)?
        .checked_add(i32::from(minutes))?
        .checked_mul(60)?;
    Some((sign * seconds, rest))
}

/// Four digits that are a year.
fn year(text: &[u8]) -> Option<(i16, &[u8])> {
    let (year, rest) = number(text, 4)?;
    ((1970..=2999).contains(&year) && ends(rest)).then_some((year, rest))
}

fn ends(text: &[u8]) -> bool {
    text.first().is_none_or(u8::is_ascii_whitespace)
}

/// As [`ends`], or where the next of several columns begins.
fn ends_column(text: &[u8]) -> bool {
    ends(text)
        || matches!(text, [b',' | b'|', ..])
        || matches!(text, [b':', next, ..] if !next.is_ascii_digit())
}

fn number(text: &[u8], digits: usize) -> Option<(i16, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    Some((decimal(number)?, rest))
}

fn fixed(civil: DateTime, offset: i32) -> Option<i64> {
    let offset = Offset::from_seconds(offset).ok()?;
    Some(offset.to_timestamp(civil).ok()?.as_microsecond())
}

/// An instant by the host's clock. A time that the clock showed twice is the first one, unless the line before was
/// later; one that it never showed is what it would have been without the change.
fn local(civil: DateTime, calendar: &Calendar<'_>) -> Option<i64> {
    let ambiguous = calendar.zone.to_ambiguous_timestamp(civil);
    let is_fold = matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. });
    let first = ambiguous.compatible().ok()?.as_microsecond();
    let is_late = calendar
        .after_us
        .is_some_and(|after| after > first.saturating_add(DISORDER_US));
    if is_fold && is_late {
        return Some(ambiguous.later().ok()?.as_microsecond());
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-12-02T00:00:00Z.
    const LATEST: i64 = 1_796_169_600_000_000;

    fn zone() -> TimeZone {
        TimeZone::get("America/St_Johns").unwrap()
    }

    fn calendar(zone: &TimeZone) -> Calendar<'_> {
        Calendar {
            zone,
            latest_us: LATEST,
            after_us: None,
            boot_us: None,
        }
    }

    fn us(time: &str) -> i64 {
        let time: jiff::Timestamp = time.parse().unwrap();
        time.as_microsecond()
    }

    #[test]
    fn iso_forms() {
        let zone = zone();
        let check = |text: &str, time: &str, rest: &str| {
            let (time_us, after, _) = iso(text.as_bytes(), &calendar(&zone)).unwrap();
            assert_eq!((time_us, after), (us(time), rest.as_bytes()), "{text}");
        };
        check("2026-11-03T04:05:06Z x", "2026-11-03T04:05:06Z", "x");
        check(
            "2026-11-03T04:05:06.5+01:00 x",
            "2026-11-03T03:05:06.5Z",
            "x",
        );
        check(
            "2026-11-03T04:05:06,123456-0230 x",
            "2026-11-03T06:35:06.123456Z",
            "x",
        );
        check("2026-11-03T04:05:06+01 x", "2026-11-03T03:05:06Z", "x");
        // Winter time of the host, three and a half hours behind.
        check("2026-11-03 04:05:06,123 x", "2026-11-03T07:35:06.123Z", "x");
        check(
            "2026-11-03 04:05:06.123 UTC x",
            "2026-11-03T04:05:06.123Z",
            "x",
        );
        check("2026-11-03 04:05:06 +0100 x", "2026-11-03T03:05:06Z", "x");
        check("2026-11-03T04:05:06 UTCx", "2026-11-03T07:35:06Z", "UTCx");
        check("2026-06-30 23:59:60 x", "2026-07-01T02:29:59Z", "x");
        for odd in [
            "2026-11-03",
            "2026-13-03T04:05:06Z x",
            "2026-11-03T04:05:06.1cut",
            "2026-11-03T04:05:61 x",
            "2026-11-03T24:05:06 x",
            "2026-11-03T04:05:06.\u{ff11} x",
            "2026/11/03 04:05:06 x",
        ] {
            assert!(iso(odd.as_bytes(), &calendar(&zone)).is_none(), "{odd}");
        }
    }

    #[test]
    fn named_forms() {
        let zone = zone();
        let check = |text: &str, time: &str, rest: &str| {
            let (time_us, after) = named(text.as_bytes(), &calendar(&zone)).unwrap();
            assert_eq!((time_us, after), (us(time), rest.as_bytes()), "{text}");
        };
        check("Nov  3 04:05:06 x", "2026-11-03T07:35:06Z", "x");
        check("Dec  3 04:05:06 x", "2025-12-03T07:35:06Z", "x");
        check("Feb 29 04:05:06 x", "2024-02-29T07:35:06Z", "x");
        check("Nov  3 2024 04:05:06 x", "2024-11-03T07:35:06Z", "x");
        check("2024 Nov  3 04:05:06 x", "2024-11-03T07:35:06Z", "x");
        check("Sun Nov  3 04:05:06 2024 x", "2024-11-03T07:35:06Z", "x");
        check("Nov 3 04:05:06.25 x", "2026-11-03T07:35:06.25Z", "x");
        check("Nov  3 04:05:06 UTC x", "2026-11-03T04:05:06Z", "x");
        // A host may be called like a year's beginning.
        check("Nov  3 04:05:06 2024x y", "2026-11-03T07:35:06Z", "2024x y");
        for odd in [
            "Nov",
            "Nov 31 04:05:06 x",
            "nov  3 04:05:06 x",
            "Nov  3 4:5:6 x",
        ] {
            assert!(named(odd.as_bytes(), &calendar(&zone)).is_none(), "{odd}");
        }
    }

    /// On 1 November 2026 the clock of St. John's showed 01:00 to 02:00 twice, on 8 March it never showed 02:00 to
    /// 03:00.
    #[test]
    fn changes_of_the_clock() {
        let zone = zone();
        let mut after_us = None;
        let mut read = |text: &str| {
            let calendar = Calendar {
                after_us,
                ..calendar(&zone)
            };
            let (time_us, _) = named(text.as_bytes(), &calendar).unwrap();
            after_us = Some(time_us);
            time_us
        };
        assert_eq!(read("Mar  8 02:10:00 x"), us("2026-03-08T05:40:00Z"));
        assert_eq!(read("Nov  1 01:10:00 x"), us("2026-11-01T03:40:00Z"));
        assert_eq!(read("Nov  1 01:59:00 x"), us("2026-11-01T04:29:00Z"));
        assert_eq!(read("Nov  1 01:58:00 x"), us("2026-11-01T04:28:00Z"));
        assert_eq!(read("Nov  1 01:00:00 x"), us("2026-11-01T04:30:00Z"));
        assert_eq!(read("Nov  1 01:10:00 x"), us("2026-11-01T04:40:00Z"));
        assert_eq!(read("Nov  1 02:00:00 x"), us("2026-11-01T05:30:00Z"));
    }

    #[test]
    fn stamps_of_the_kernel() {
        assert_eq!(
            since_boot(b"[   12.000345] x"),
            Some((12_000_345, &b"x"[..]))
        );
        assert_eq!(since_boot(b"[19667]  1000"), None);
        assert_eq!(since_boot(b"[99999999999999999999.000000] x"), None);
        assert_eq!(since_boot(b"[1.5] x"), None);
    }
}
