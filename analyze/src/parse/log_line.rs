//! One line of a log in whatever form: which program wrote it is not known beforehand.
//!
//! What is known of the forms of syslog daemons is in [`syslog`]; the others are those of web servers, databases, container runtimes,
//! and of what languages and their libraries write. Nothing of a line is lost: what is in no column stays in the message.

use std::borrow::Cow;

use super::bytes::{cut, decimal};
use super::log_time::{self, Calendar};
use super::{json_log, syslog};

pub(super) mod level;
#[cfg(test)]
mod tests;

pub(crate) use level::{named as named_level, numbered as numbered_level};

/// Most lines, and bytes, that become one row.
const JOINED_LINES: u32 = 500;
const JOINED_BYTES: usize = 64 << 10;

/// What a line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// Microseconds since 1970.
    pub(crate) time_us: Option<i64>,
    pub(crate) host: Option<Cow<'a, [u8]>>,
    pub(crate) program: Option<Cow<'a, [u8]>>,
    pub(crate) pid: Option<u32>,
    pub(crate) severity: Option<u8>,
    /// The whole line where its form is not known.
    pub(crate) message: Cow<'a, [u8]>,
    pub(crate) form: Form,
    pub(crate) wrapped: Option<Wrapped<'a>>,
    /// Further lines that the message has.
    pub(crate) joined: u32,
}

/// Who writes such a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nobody who is known.
    #[default]
    Unknown,
    /// A syslog daemon, or the kernel.
    Syslog,
    /// A web server, for each request.
    Access,
    /// A program, for itself.
    Application,
}

/// What a container runtime says of a line that a container wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrapped<'a> {
    /// Whether it wrote it to its standard error.
    pub(crate) is_error: bool,
    /// Whether the line goes on in the next one.
    pub(crate) is_partial: bool,
    /// The line as the container wrote it.
    pub(crate) text: Cow<'a, [u8]>,
}

impl Entry<'_> {
    /// The same without a borrow.
    pub(crate) fn into_owned(self) -> Entry<'static> {
        let owned = |text: Cow<'_, [u8]>| Cow::Owned(text.into_owned());
        Entry {
            time_us: self.time_us,
            host: self.host.map(owned),
            program: self.program.map(owned),
            pid: self.pid,
            severity: self.severity,
            message: owned(self.message),
            form: self.form,
            wrapped: self.wrapped.map(|wrapped| Wrapped {
                text: owned(wrapped.text),
                ..wrapped
            }),
            joined: self.joined,
        }
    }

    /// Whether a runtime says that the line goes on in the next one.
    fn is_partial(&self) -> bool {
        let wrapped = self.wrapped.as_ref();
        wrapped.is_some_and(|wrapped| wrapped.is_partial)
    }

    /// Whether another line is the rest of this one, as of a stack trace.
    pub(crate) fn goes_on_in(&self, next: &Entry<'_>) -> bool {
        let is_error = |entry: &Entry<'_>| Some(entry.wrapped.as_ref()?.is_error);
        if is_error(self) != is_error(next)
            || self.joined >= JOINED_LINES
            || self.message.len().saturating_add(next.message.len()) > JOINED_BYTES
        {
            return false;
        }
        if self.is_partial() {
            return true;
        }
        if next.form != Form::Unknown || self.form == Form::Access || next.is_partial() {
            return false;
        }
        let (text, before) = (&*next.message, &*self.message);
        let begins = |words: &[&[u8]]| words.iter().any(|word| text.starts_with(word));
        if begins(&[
            b" ",
            b"\t",
            b"Caused by: ",
            b"Suppressed: ",
            b"goroutine ",
            b"created by ",
        ]) {
            return true;
        }
        let has = |word: &[u8]| memchr::memmem::find(before, word).is_some();
        // The exception itself comes behind its calls in Python.
        let last = before
            .rsplit(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let is_python =
            self.joined > 0 && last.starts_with(b" ") && has(b"Traceback (most recent call last)");
        let is_go = self.joined > 0 && text.ends_with(b")") && has(b"goroutine ");
        is_python || is_go || self.form == Form::Application
    }

    /// Takes another line in.
    pub(crate) fn join(&mut self, next: &Entry<'_>, calendar: &Calendar<'_>) {
        if let (Some(own), Some(other)) = (&mut self.wrapped, &next.wrapped)
            && own.is_partial
        {
            own.text.to_mut().extend_from_slice(&other.text);
            own.is_partial = other.is_partial;
            // Only now it can be seen what the line is.
            let text = own.text.clone();
            *self = Entry {
                time_us: self.time_us,
                wrapped: self.wrapped.take(),
                ..inner(&text, calendar).into_owned()
            };
            return;
        }
        let message = self.message.to_mut();
        message.push(b'\n');
        message.extend_from_slice(&next.message);
        self.joined = self.joined.saturating_add(1);
        self.severity = self.severity.or(next.severity);
    }
}

impl<'a> From<syslog::Line<'a>> for Entry<'a> {
    fn from(line: syslog::Line<'a>) -> Self {
        let form = match (line.host.or(line.program), line.time_us) {
            (Some(_), _) => Form::Syslog,
            (None, Some(_)) => Form::Application,
            (None, None) => Form::Unknown,
        };
        Entry {
            time_us: line.time_us,
            host: line.host.map(Cow::Borrowed),
            program: line.program.map(Cow::Borrowed),
            pid: line.pid,
            severity: line.severity,
            message: Cow::Borrowed(line.message),
            form,
            ..Entry::default()
        }
    }
}

/// Reads what a container wrote, once it is out of the wrapping of its runtime.
pub(crate) fn inner<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Entry<'a> {
    let object = text
        .starts_with(b"{")
        .then(|| json_log::of_program(text, calendar));
    object
        .flatten()
        .unwrap_or_else(|| unwrapped(text, calendar))
}

/// Reads one line.
pub(crate) fn entry<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Entry<'a> {
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let wrapped = match text.first() {
        Some(b'{') => json_log::entry(text, calendar),
        Some(b'0'..=b'9') => of_runtime(text, calendar),
        _ => None,
    };
    wrapped.unwrap_or_else(|| unwrapped(text, calendar))
}

/// A line that is in no wrapping of a runtime.
pub(crate) fn unwrapped<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Entry<'a> {
    let first = text.first().copied().unwrap_or_default();
    let mut entry = match first {
        b'[' => in_brackets(text, calendar),
        b'0'..=b'9' => with_number(text, calendar),
        _ => None,
    }
    .unwrap_or_else(|| {
        let line = syslog::line(text, calendar);
        if line.time_us.is_some() || line.severity.is_some() || line.program.is_some() {
            return Entry::from(line);
        }
        with_word(text, calendar)
            .or_else(|| of_request(text, calendar))
            .unwrap_or_else(|| Entry::from(line))
    });
    if entry.time_us.is_none() && matches!(entry.form, Form::Unknown | Form::Application) {
        entry.time_us = behind_level(text, calendar);
        if entry.time_us.is_some() {
            entry.form = Form::Application;
        }
    }
    if entry.severity.is_none() && entry.form != Form::Access {
        let found = level::in_text(&entry.message, entry.form == Form::Syslog);
        entry.severity = found.severity;
        entry.pid = entry.pid.or(found.pid);
        if found.severity.is_some() && entry.form == Form::Unknown {
            entry.form = Form::Application;
        }
    }
    entry
}

fn application(time_us: Option<i64>, message: &[u8]) -> Entry<'_> {
    Entry {
        time_us,
        message: Cow::Borrowed(message),
        form: Form::Application,
        ..Entry::default()
    }
}

/// The logs that Kubernetes has runtimes write: `TIME stdout F MESSAGE`.
fn of_runtime<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    let (time, rest) = cut(text, b' ')?;
    let (is_error, rest) = match rest.strip_prefix(b"stdout ") {
        Some(rest) => (false, rest),
        None => (true, rest.strip_prefix(b"stderr ")?),
    };
    let (tags, message) = cut(rest, b' ').unwrap_or((rest, b""));
    let is_partial = match tags.first()? {
        b'F' => false,
        b'P' => true,
        _ => return None,
    };
    let (time_us, ..) = log_time::iso(time, calendar)?;
    Some(Entry {
        time_us: Some(time_us),
        wrapped: Some(Wrapped {
            is_error,
            is_partial,
            text: Cow::Borrowed(message),
        }),
        ..inner(message, calendar)
    })
}

/// What begins with a time in brackets: Apache's errors, PHP, and many programs.
fn in_brackets<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    let (inside, rest) = cut(text.strip_prefix(b"[")?, b']')?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let known = log_time::iso(inside, calendar)
        .map(|(time_us, after, _)| (time_us, after))
        .or_else(|| log_time::day_first(inside, calendar))
        .or_else(|| log_time::slashed(inside, calendar));
    if let Some((time_us, after)) = known {
        // A name of the zone is not understood, and is no other thing either.
        let is_zone = after
            .trim_ascii()
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'_'));
        return is_zone.then(|| application(Some(time_us), rest));
    }
    // `dmesg` writes the same before what the kernel said, which does not begin with a module and a level.
    let (time_us, after) = log_time::named(inside, calendar)?;
    let (module, _) = cut(rest.strip_prefix(b"[")?, b']')?;
    let word = module.rsplit(|byte| *byte == b':').next()?;
    let severity = level::named(word)?;
    let pid = memchr::memmem::find(rest, b"[pid ").and_then(|at| {
        let digits = rest.get(at.checked_add(5)?..)?;
        let length = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        decimal(digits.get(..length)?)
    });
    after.is_empty().then(|| Entry {
        severity: Some(severity),
        pid,
        ..application(Some(time_us), rest)
    })
}

/// The time of a line that begins with something else: `[INFO] TIME`, `ERROR [thread] [TIME]`, `WARN:TIME`. Before it stand levels and
/// what is in brackets, and nothing else: a time in the midst of a message is one that the message speaks of.
fn behind_level(text: &[u8], calendar: &Calendar<'_>) -> Option<i64> {
    /// How many words stand before it at most.
    const WORDS: usize = 3;
    let mut rest = text;
    for _ in 0..WORDS {
        let (word, after) = match rest.first()? {
            b'[' => cut(rest, b']')?,
            b'<' => cut(rest, b'>')?,
            b'(' => cut(rest, b')')?,
            _ => {
                let length = rest
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphabetic())
                    .count();
                let (word, after) = rest.split_at_checked(length)?;
                level::named(word)?;
                (word, after)
            }
        };
        (word.len() <= 64).then_some(())?;
        let after = after.strip_prefix(b":").unwrap_or(after);
        rest = after.trim_ascii_start();
        let time = rest.strip_prefix(b"[").unwrap_or(rest);
        // A bracket ends it as a blank does.
        let end = time
            .iter()
            .position(|byte| *byte == b']')
            .filter(|_| time.len() < rest.len());
        let time = end.map_or(time, |end| time.get(..end).unwrap_or(time));
        let known = log_time::iso(time, calendar)
            .map(|(time_us, ..)| time_us)
            .or_else(|| Some(log_time::slashed(time, calendar)?.0))
            .or_else(|| Some(log_time::day_first(time, calendar)?.0))
            .or_else(|| Some(log_time::named(time, calendar)?.0));
        if known.is_some() {
            return known;
        }
    }
    None
}

/// What begins with a number that is no year of ISO 8601.
fn with_number<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    if let Some((time_us, rest)) = log_time::slashed(text, calendar) {
        let entry = application(Some(time_us), rest);
        // nginx: `[error] PID#THREAD: *CONNECTION MESSAGE`.
        let pid = cut(rest, b']').and_then(|(_, after)| {
            let (pid, _) = cut(after.strip_prefix(b" ")?, b'#')?;
            decimal(pid)
        });
        return Some(Entry { pid, ..entry });
    }
    if let Some((time_us, rest)) = log_time::epoch(text)
        && let Some(rest) = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t"))
    {
        return Some(application(Some(time_us), rest));
    }
    if let Some((time_us, rest)) = log_time::packed(text, calendar) {
        return Some(application(Some(time_us), rest));
    }
    if let Some((time_us, rest)) = log_time::day_first(text, calendar) {
        return Some(application(Some(time_us), rest.trim_ascii_start()));
    }
    if let Some((time_us, rest)) = log_time::month_first(text, calendar) {
        return Some(application(Some(time_us), rest));
    }
    if let Some(rest) = log_time::of_day(text) {
        return Some(application(None, rest));
    }
    of_redis(text, calendar)
}

/// `PID:ROLE DAY MONTH YEAR TIME LEVEL MESSAGE`.
fn of_redis<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    let (pid, rest) = cut(text, b':')?;
    let (role, rest) = cut(rest, b' ')?;
    (role.len() == 1).then_some(())?;
    let (time_us, rest) = log_time::day_first(rest, calendar)?;
    let rest = rest.strip_prefix(b" ")?;
    let severity = match rest.get(..2)? {
        b". " => 7,
        b"- " => 6,
        b"* " => 5,
        b"# " => 4,
        _ => return None,
    };
    Some(Entry {
        pid: Some(decimal(pid)?),
        severity: Some(severity),
        ..application(Some(time_us), rest.get(2..)?)
    })
}

/// What begins with a word: Ruby, the programs of Kubernetes, logfmt, the audit daemon.
fn with_word<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    of_ruby(text, calendar)
        .or_else(|| of_klog(text, calendar))
        .or_else(|| of_audit(text))
        .or_else(|| of_logfmt(text, calendar))
}

/// `E, [TIME #PID] ERROR -- PROGRAM: MESSAGE`.
fn of_ruby<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    let (_, rest) = text.split_first()?;
    let (inside, rest) = cut(rest.strip_prefix(b", [")?, b']')?;
    let (time_us, after, _) = log_time::iso(inside, calendar)?;
    let pid = after.trim_ascii().strip_prefix(b"#").and_then(decimal);
    Some(Entry {
        pid,
        ..application(Some(time_us), rest.trim_ascii_start())
    })
}

/// `E1130 12:00:00.123456    1234 file.go:12] MESSAGE`.
fn of_klog<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    let (letter, rest) = text.split_first()?;
    let severity = match letter {
        b'I' => 6,
        b'W' => 4,
        b'E' => 3,
        b'F' => 2,
        _ => return None,
    };
    let (time_us, rest) = log_time::month_day(rest, calendar)?;
    let rest = rest.trim_ascii_start();
    let (pid, after) = cut(rest, b' ')?;
    let (place, _) = cut(after, b']')?;
    place.contains(&b':').then_some(())?;
    Some(Entry {
        pid: decimal(pid),
        severity: Some(severity),
        ..application(Some(time_us), after)
    })
}

/// `type=SYSCALL msg=audit(1364481363.243:24287): ...`.
fn of_audit(text: &[u8]) -> Option<Entry<'_>> {
    let (_, rest) = cut(
        text.strip_prefix(b"type=")
            .or_else(|| text.strip_prefix(b"node="))?,
        b' ',
    )?;
    let at = memchr::memmem::find(rest.get(..200).unwrap_or(rest), b"msg=audit(")?;
    let (time_us, rest) = log_time::epoch(rest.get(at.checked_add(10)?..)?)?;
    rest.starts_with(b":").then_some(())?;
    Some(Entry {
        program: Some(Cow::Borrowed(b"audit")),
        form: Form::Syslog,
        ..application(Some(time_us), text)
    })
}

/// `time=... level=... msg=...` in any order.
fn of_logfmt<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    /// Where the pairs that matter stand.
    const HEAD: usize = 300;
    let head = text.get(..HEAD).unwrap_or(text);
    let value = |name: &[u8]| {
        let at = memchr::memmem::find_iter(head, name).find(|at| {
            at.checked_sub(1)
                .and_then(|before| head.get(before))
                .is_none_or(|byte| *byte == b' ')
        })?;
        let rest = text.get(at.checked_add(name.len())?..)?;
        match rest.strip_prefix(b"\"") {
            Some(rest) => Some(cut(rest, b'"')?.0),
            None => Some(cut(rest, b' ').map_or(rest, |(value, _)| value)),
        }
    };
    // Most lines fail here.
    memchr::memchr(b'=', head)?;
    let severity = value(b"level=")
        .or_else(|| value(b"lvl="))
        .or_else(|| value(b"severity="))
        .and_then(level::named);
    let time = value(b"time=")
        .or_else(|| value(b"ts="))
        .or_else(|| value(b"t="))
        .or_else(|| value(b"timestamp="));
    let time_us = time.and_then(|time| {
        let iso = log_time::iso(time, calendar).map(|(time_us, ..)| time_us);
        iso.or_else(|| Some(log_time::epoch(time)?.0))
    });
    (severity.is_some() || time_us.is_some()).then_some(())?;
    Some(Entry {
        severity,
        pid: value(b"pid=").and_then(decimal),
        ..application(time_us, text)
    })
}

/// The common and the combined log format, with or without a virtual host before it: `CLIENT - USER [TIME] "REQUEST" STATUS ...`.
fn of_request<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    /// Where the time begins at the latest: clients may have long names.
    const HEAD: usize = 400;
    let head = text.get(..HEAD).unwrap_or(text);
    let at = memchr::memmem::find(head, b" [")?;
    let inside = text.get(at.checked_add(2)?..)?;
    let (time_us, rest) = log_time::day_first(inside, calendar)?;
    rest.starts_with(b"]").then_some(())?;
    Some(Entry {
        time_us: Some(time_us),
        message: Cow::Borrowed(text),
        form: Form::Access,
        ..Entry::default()
    })
}
