//! Command `grep`.

use std::io::Write;
use std::path::PathBuf;

use regex::bytes::{Regex, RegexBuilder};

use super::reach::{Reach, headline};
use crate::db::named;
use crate::db::query::{Parameter, Rows, Value};
use crate::output::{self, Format, Layout, Output, Style};
use crate::{Error, Exit, source};

/// Most bytes that a compiled pattern may take: against patterns that repeat repeats.
const PATTERN_LIMIT: usize = 8 << 20;

/// The lines in the order in which they were read: file after file.
const LINES: &str = "SELECT path, line_no, time_us, host, program, pid, message FROM log_lines
  WHERE (:since IS NULL OR time_us >= :since) AND (:until IS NULL OR time_us < :until)";

/// Arguments of `grep`.
///
/// A line is found when the pattern matches its message, or its host, program and message as they stand in the log.
/// Shell histories are not searched: `analyze sql` asks table `shell_history`. The exit code does not say whether
/// anything was found.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle, an extracted directory, or a database.
    pub source: PathBuf,
    /// A regular expression, as in Rust's crate regex.
    pub pattern: String,
    /// Take upper and lower case as the same.
    #[arg(short = 'i', long)]
    pub ignore_case: bool,
    /// Take the pattern as plain text.
    #[arg(short = 'F', long)]
    pub fixed_strings: bool,
    /// Only logs whose path has this in it; with `*` or `?`, whose whole path it matches.
    #[arg(long, value_name = "TEXT|GLOB")]
    pub path: Option<String>,
    /// Only lines from this time on: epoch seconds, or ISO 8601, UTC where it has no zone.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<i64>,
    /// Only lines before this time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<i64>,
    /// Count the lines of each log instead of showing them.
    #[arg(short = 'c', long)]
    pub count: bool,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How far it looks; the newest snapshot where none is named.
    #[command(flatten)]
    pub reach: Reach,
}

/// Runs `grep`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let pattern = if args.fixed_strings {
        regex::escape(&args.pattern)
    } else {
        args.pattern.clone()
    };
    let pattern = compiled(&pattern, args.ignore_case)?;
    let path = args.path.as_deref().map(path_pattern).transpose()?;
    let opened = source::open(&args.source, &named::wanted([LINES]))?;
    let (snapshot, database) = args.reach.narrowed(&opened)?;
    headline(&snapshot, args.format, out)?;
    let style = Style {
        format: args.format,
        null: "",
        indent: None,
        layout: Layout::Lines,
        widest: None,
    };
    let mut found = Found {
        pattern,
        path,
        rows: output::writer(out, &style),
        counts: args.count.then(Vec::new),
    };
    let bounds: Vec<(&str, Parameter<'_>)> = [(":since", args.since), (":until", args.until)]
        .into_iter()
        .filter_map(|(name, time)| Some((name, Parameter::Number(time?))))
        .collect();
    database.run(LINES, &bounds, &mut found)?;
    found.finish()?;
    Ok(Exit::of(&opened))
}

/// Lets the lines through that are looked for.
struct Found<'w> {
    pattern: Regex,
    path: Option<Regex>,
    rows: Box<dyn Output + 'w>,
    /// Lines by log, in the order in which they come, where they are counted.
    counts: Option<Vec<(Vec<u8>, i64)>>,
}

impl Rows for Found<'_> {
    fn columns(&mut self, _names: &[String]) -> Result<(), Error> {
        let names: &[&str] = match self.counts {
            Some(_) => &["path", "lines"],
            None => &["path", "line_no", "time", "text"],
        };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.rows.columns(&names)
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        let [path, line_no, time_us, host, program, pid, message] = values else {
            return Ok(());
        };
        let name = path.bytes().unwrap_or_default();
        if self.path.as_ref().is_some_and(|path| !path.is_match(name)) {
            return Ok(());
        }
        let text = line(host, program, pid, message);
        let message = message.bytes().unwrap_or_default();
        if !self.pattern.is_match(message) && !self.pattern.is_match(&text) {
            return Ok(());
        }
        if let Some(counts) = &mut self.counts {
            match counts.last_mut().filter(|(last, _)| last == name) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => counts.push((name.to_vec(), 1)),
            }
            return Ok(());
        }
        let time = match time_us.integer() {
            Some(time_us) => Value::Text(shown(time_us).into_bytes().into()),
            None => Value::Null,
        };
        let text = match std::str::from_utf8(&text) {
            Ok(_) => Value::Text(text.into()),
            Err(_) => Value::Blob(text.into()),
        };
        self.rows.row(&[path.clone(), line_no.clone(), time, text])
    }
}

impl Found<'_> {
    fn finish(mut self) -> Result<(), Error> {
        for (path, count) in self.counts.iter().flatten() {
            let path = Value::Text(path.as_slice().into());
            self.rows.row(&[path, Value::Integer(*count)])?;
        }
        self.rows.finish()
    }
}

/// What stands behind the time of a line: `HOST PROGRAM[PID]: MESSAGE`, as far as the line has them.
fn line(host: &Value<'_>, program: &Value<'_>, pid: &Value<'_>, message: &Value<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(host) = host.bytes() {
        text.extend_from_slice(host);
        text.push(b' ');
    }
    if let Some(program) = program.bytes() {
        text.extend_from_slice(program);
        if let Some(pid) = pid.integer() {
            text.extend_from_slice(format!("[{pid}]").as_bytes());
        }
        text.extend_from_slice(b": ");
    }
    text.extend_from_slice(message.bytes().unwrap_or_default());
    text
}

/// In UTC, with the fraction that the line has.
fn shown(time_us: i64) -> String {
    // All of one width, so that they sort.
    jiff::Timestamp::from_microsecond(time_us)
        .map_or_else(|_| time_us.to_string(), |time| format!("{time:.6}"))
}

fn compiled(pattern: &str, ignore_case: bool) -> Result<Regex, Error> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(PATTERN_LIMIT)
        .build()
        .map_err(|error| {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default();
            let reason = schema::text::escaped(reason.as_bytes());
            Error::Argument(format!("the pattern is no regular expression: {reason}"))
        })
}

/// A glob for the whole path, or a text that is somewhere in it.
fn path_pattern(path: &str) -> Result<Regex, Error> {
    let escaped = regex::escape(path);
    let pattern = if path.contains(['*', '?']) {
        let glob = escaped.replace("\\*", ".*").replace("\\?", ".");
        format!("(?s-u)^(?:{glob})$")
    } else {
        escaped
    };
    compiled(&pattern, false)
}

/// Epoch seconds or a time in words, as microseconds.
pub(super) fn moment(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds
            .checked_mul(1_000_000)
            .ok_or_else(|| "no such time".to_owned());
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_microsecond());
    }
    let civil: jiff::civil::DateTime = text
        .parse()
        .map_err(|_| "neither epoch seconds nor a time such as 2026-11-03T04:05:06Z".to_owned())?;
    let time = jiff::tz::Offset::UTC
        .to_timestamp(civil)
        .map_err(|_| "no such time".to_owned())?;
    Ok(time.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_utc() {
        assert_eq!(moment("1795678506"), Ok(1_795_678_506_000_000));
        assert_eq!(moment("2026-11-26T07:35:06Z"), Ok(1_795_678_506_000_000));
        assert_eq!(moment("2026-11-26 07:35:06.5"), Ok(1_795_678_506_500_000));
        assert_eq!(
            moment("2026-11-26T08:35:06+01:00"),
            Ok(1_795_678_506_000_000)
        );
        assert_eq!(moment("2026-11-26"), Ok(1_795_651_200_000_000));
        assert!(moment("yesterday").is_err() && moment("9223372036854775807").is_err());
    }

    #[test]
    fn paths_are_globs_or_parts() {
        let check = |pattern: &str, path: &[u8]| path_pattern(pattern).unwrap().is_match(path);
        assert!(check("syslog", b"/var/log/syslog.1"));
        assert!(check("/var/log/*.gz", b"/var/log/syslog.2.gz"));
        assert!(check("*\u{fc}*", "/\u{fc}".as_bytes()) && check("/?", b"/\xff"));
        assert!(!check("*.gz", b"/var/log/syslog.gz.1"));
        assert!(!check("s.slog", b"/var/log/syslog"));
    }
}
