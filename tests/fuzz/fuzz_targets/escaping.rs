//! All that is written for people or for other programs: nothing in it acts on a terminal, and what has an inverse can
//! be read back.
#![no_main]

use std::borrow::Cow;

use analyze::db::query::Value;
use analyze::output::{self, Format, Layout, Style};
use libfuzzer_sys::fuzz_target;
use schema::text::{escaped, escaped_lines, is_unsafe_to_show};

fn write(format: Format, layout: Layout, widest: Option<usize>, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let style = Style {
        format,
        null: "-",
        indent: None,
        layout,
        widest,
    };
    let name = String::from_utf8_lossy(bytes).into_owned();
    let mut writer = output::writer(&mut out, &style);
    let values = [
        Value::Text(Cow::Borrowed(bytes)),
        Value::Null,
        Value::Blob(Cow::Borrowed(bytes)),
    ];
    writer
        .columns(&[name, "null".to_owned(), "blob".to_owned()])
        .and_then(|()| writer.row(&values))
        .and_then(|()| writer.finish())
        .expect("memory can be written to");
    drop(writer);
    out
}

fn harmless(out: &[u8]) {
    let text = std::str::from_utf8(out).expect("all output is UTF-8");
    let acts = |character: char| !matches!(character, '\n' | '\t') && is_unsafe_to_show(character);
    assert!(!text.chars().any(acts), "{text:?}");
}

/// The bytes that [`escaped`] was given.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let code = |digits: &str| u32::from_str_radix(digits, 16).expect("hex digits");
        rest = &rest[at + 1..];
        let used = match rest.as_bytes()[0] {
            b'n' => (bytes.push(b'\n'), 1).1,
            b't' => (bytes.push(b'\t'), 1).1,
            b'r' => (bytes.push(b'\r'), 1).1,
            b'\\' => (bytes.push(b'\\'), 1).1,
            b'x' => {
                (
                    bytes.push(u8::try_from(code(&rest[1..3])).expect("a byte")),
                    3,
                )
                    .1
            }
            b'u' => {
                let end = rest.find('}').expect("a brace");
                let character = char::from_u32(code(&rest[2..end])).expect("a character");
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                end + 1
            }
            other => panic!("an escape of {other}"),
        };
        rest = &rest[used..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fuzz_target!(|input: &[u8]| {
    let text = escaped(input).to_string();
    assert!(!text.chars().any(is_unsafe_to_show), "{text:?}");
    assert_eq!(unescaped(&text), input);

    for layout in [Layout::Lines, Layout::Vertical] {
        for widest in [None, Some(0), Some(7)] {
            for format in [Format::Table, Format::Markdown] {
                let out = write(format, layout, widest, input);
                harmless(&out);
            }
        }
    }
    let lines = |out: &[u8]| memchr::memchr_iter(b'\n', out).count();
    assert_eq!(lines(&write(Format::Table, Layout::Lines, None, input)), 2);
    assert_eq!(
        lines(&write(Format::Markdown, Layout::Lines, None, input)),
        3
    );

    let csv = write(Format::Csv, Layout::Lines, None, input);
    harmless(&csv);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(true)
        .from_reader(csv.as_slice());
    let rows: Vec<_> = reader
        .records()
        .collect::<Result<_, _>>()
        .expect("it is CSV");
    assert_eq!(rows.len(), 1);
    let cell = &rows[0][0];
    let exact = escaped_lines(input);
    assert!(
        cell == exact && !cell.starts_with('\'') || cell.strip_prefix('\'') == Some(&exact),
        "{cell:?}"
    );
    assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));

    for format in [Format::Json, Format::Jsonl] {
        let json = write(format, Layout::Lines, None, input);
        harmless(&json);
        let value: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
        let row = value
            .get(0)
            .unwrap_or(&value)
            .as_object()
            .expect("a row is an object");
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        let as_hex = |value: &serde_json::Value| value["bytes_hex"].as_str() == Some(hex.as_str());
        assert!(row.values().any(as_hex));
        match std::str::from_utf8(input) {
            Ok(exact) => assert!(row.values().any(|value| value.as_str() == Some(exact))),
            Err(_) => assert!(row.values().filter(|value| as_hex(value)).count() == 2),
        }
    }
});
