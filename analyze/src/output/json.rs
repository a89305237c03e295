//! JSON: exact values, and nothing in them that acts on a terminal.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::Formatter;

use super::Output;
use crate::Error;
use crate::db::query::{Rows, Value};

pub(super) struct Json<'w> {
    out: &'w mut dyn Write,
    names: Vec<String>,
    is_array: bool,
    rows: u64,
}

impl<'w> Json<'w> {
    pub(super) fn array(out: &'w mut dyn Write) -> Self {
        Json {
            out,
            names: Vec::new(),
            is_array: true,
            rows: 0,
        }
    }

    pub(super) fn lines(out: &'w mut dyn Write) -> Self {
        Json {
            is_array: false,
            ..Json::array(out)
        }
    }
}

impl Rows for Json<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), Error> {
        self.names = distinct(names);
        if self.is_array {
            self.out.write_all(b"[").map_err(Error::Output)?;
        }
        Ok(())
    }

    fn row(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        if self.is_array {
            let between: &[u8] = if self.rows == 0 { b"\n" } else { b",\n" };
            self.out.write_all(between).map_err(Error::Output)?;
        }
        self.rows += 1;
        let row = Row {
            names: &self.names,
            values,
        };
        object(self.out, &row)?;
        if self.is_array {
            Ok(())
        } else {
            self.out.write_all(b"\n").map_err(Error::Output)
        }
    }
}

impl Output for Json<'_> {
    fn finish(&mut self) -> Result<(), Error> {
        if self.is_array {
            let end: &[u8] = if self.rows == 0 { b"]\n" } else { b"\n]\n" };
            self.out.write_all(end).map_err(Error::Output)?;
        }
        self.out.flush().map_err(Error::Output)
    }
}

/// Writes one JSON value in the manner of this module.
pub fn object<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> Result<(), Error> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Harmless);
    value
        .serialize(&mut serializer)
        .map_err(|error| Error::Output(error.into()))
}

/// Two columns of one name would be one member of an object: the later ones get a number.
fn distinct(names: &[String]) -> Vec<String> {
    let mut taken: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let numbered = (2_u32..).map(|number| format!("{name}_{number}"));
        let free = std::iter::once(name.clone())
            .chain(numbered)
            .find(|candidate| !taken.contains(candidate));
        taken.extend(free);
    }
    taken
}

struct Row<'a> {
    names: &'a [String],
    values: &'a [Value<'a>],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.names.iter().zip(self.values))
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Real(value) if value.is_finite() => serializer.serialize_f64(*value),
            // JSON has no infinity.
            Value::Real(value) => serializer.collect_str(value),
            Value::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => serializer.serialize_str(text),
                Err(_) => hex(bytes, serializer),
            },
            Value::Blob(bytes) => hex(bytes, serializer),
        }
    }
}

fn hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("bytes_hex", &schema::text::hex(bytes))?;
    map.end()
}

/// As [`object`], over several lines.
pub fn pretty(out: &mut dyn Write, value: &serde_json::Value) -> Result<(), Error> {
    // Outside of its strings JSON has nothing but ASCII, and within them no newline.
    for line in format!("{value:#}").lines() {
        let mut formatter = Harmless;
        formatter
            .write_string_fragment(&mut *out, line)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(Error::Output)?;
    }
    Ok(())
}

/// Compact JSON in which every character that may act on a terminal is a `\uHHHH`.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if !fragment.chars().any(schema::text::is_unsafe_to_show) {
            return writer.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            if schema::text::is_unsafe_to_show(character) {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{character}")?;
            }
        }
        Ok(())
    }
}
