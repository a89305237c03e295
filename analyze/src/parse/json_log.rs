//! Logs of which each line is a JSON object: those that Docker keeps for its containers, and those of many programs.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::log_line::{Entry, Form, Wrapped, inner, named_level, numbered_level};
use super::log_time::{self, Calendar};

/// Keys for the same thing, as different libraries call it.
const TIMES: [&str; 9] = [
    "time",
    "timestamp",
    "@timestamp",
    "ts",
    "t",
    "date",
    "datetime",
    "asctime",
    "eventTime",
];
const LEVELS: [&str; 8] = [
    "level",
    "severity",
    "lvl",
    "log.level",
    "levelname",
    "loglevel",
    "s",
    "priority",
];
const MESSAGES: [&str; 5] = ["message", "msg", "@message", "event", "log"];

/// Reads one line; `None` where it is no object, or says nothing that is known.
pub(crate) fn entry<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(text) else {
        return None;
    };
    of_docker(&fields, calendar).or_else(|| of_fields(fields, text, calendar))
}

/// Reads one line of a program, which may write what looks like a runtime's.
pub(crate) fn of_program<'a>(text: &'a [u8], calendar: &Calendar<'_>) -> Option<Entry<'a>> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(text) else {
        return None;
    };
    of_fields(fields, text, calendar)
}

fn of_fields<'a>(
    mut fields: Map<String, Value>,
    text: &'a [u8],
    calendar: &Calendar<'_>,
) -> Option<Entry<'a>> {
    let time_us = take(&mut fields, &TIMES, |value| time(value, calendar));
    let severity = take(&mut fields, &LEVELS, level);
    let message = take(&mut fields, &MESSAGES, |value| {
        value.as_str().map(str::to_owned)
    });
    (time_us.is_some() || severity.is_some()).then_some(())?;
    let pid = fields
        .get("pid")
        .and_then(Value::as_u64)
        .and_then(|pid| u32::try_from(pid).ok());
    let message = match message {
        None => Cow::Borrowed(text),
        Some(message) if fields.is_empty() => Cow::Owned(message.into_bytes()),
        // What else it says is not lost.
        Some(message) => Cow::Owned(format!("{message} {}", Value::Object(fields)).into_bytes()),
    };
    Some(Entry {
        time_us,
        severity,
        pid,
        message,
        form: Form::Application,
        ..Entry::default()
    })
}

/// Takes the first of some fields that has a value of the kind.
fn take<T>(
    fields: &mut Map<String, Value>,
    names: &[&str],
    read: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    let (name, value) = names
        .iter()
        .find_map(|name| Some((*name, read(fields.get(*name)?)?)))?;
    fields.remove(name);
    Some(value)
}

/// `{"log":"MESSAGE\n","stream":"stderr","time":"..."}`.
fn of_docker(fields: &Map<String, Value>, calendar: &Calendar<'_>) -> Option<Entry<'static>> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let (log, stream, time) = (text("log")?, text("stream")?, text("time")?);
    let (time_us, ..) = log_time::iso(time.as_bytes(), calendar)?;
    let line = log.strip_suffix('\n');
    let text = line.unwrap_or(log).as_bytes();
    Some(Entry {
        time_us: Some(time_us),
        wrapped: Some(Wrapped {
            is_error: stream == "stderr",
            is_partial: line.is_none(),
            text: Cow::Owned(text.to_vec()),
        }),
        ..inner(text, calendar).into_owned()
    })
}

fn time(value: &Value, calendar: &Calendar<'_>) -> Option<i64> {
    match value {
        Value::String(text) => {
            let text = text.as_bytes();
            let iso = log_time::iso(text, calendar).map(|(time_us, ..)| time_us);
            iso.or_else(|| Some(log_time::epoch(text)?.0))
                .or_else(|| Some(log_time::day_first(text, calendar)?.0))
        }
        // As it is written: a fraction would lose digits as a number of the machine.
        Value::Number(number) => Some(log_time::epoch(number.to_string().as_bytes())?.0),
        // MongoDB.
        Value::Object(fields) => time(
            fields.get("$date").filter(|inner| !inner.is_object())?,
            calendar,
        ),
        _ => None,
    }
}

fn level(value: &Value) -> Option<u8> {
    match value {
        // MongoDB has letters, and `D1` to `D5`.
        Value::String(word) => match word.as_bytes() {
            b"F" => Some(2),
            b"E" => Some(3),
            b"W" => Some(4),
            b"I" => Some(6),
            [b'D', ..] if word.len() <= 2 => Some(7),
            word => named_level(word),
        },
        Value::Number(number) => numbered_level(number.as_u64()?),
        _ => None,
    }
}
