//! Every format against texts that want to act.

use std::borrow::Cow;

use super::*;

const HOSTILE: &str = "\u{1b}]52;c;QUFB\u{7}\u{202e}|`a`![x](http://192.0.2.1/x.png)<img src=x>\\";

fn written(format: Format, rows: &[&[Value<'_>]]) -> String {
    let style = Style {
        format,
        null: "NULL",
        indent: Some("tree".to_owned()),
        layout: Layout::Lines,
        widest: None,
    };
    let mut out = Vec::new();
    let mut writer = writer(&mut out, &style);
    let names: &[&str] = match rows.first().map_or(2, |row| row.len()) {
        3 => &["id", "tree", "text"],
        _ => &["id", "text"],
    };
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    writer.columns(&names).unwrap();
    for row in rows {
        writer.row(row).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    String::from_utf8(out).unwrap()
}

fn text(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text.as_bytes()))
}

fn blob(bytes: &[u8]) -> Value<'_> {
    Value::Blob(Cow::Borrowed(bytes))
}

fn acts_on_a_terminal(written: &str) -> bool {
    written
        .chars()
        .any(|character| character != '\n' && schema::text::is_unsafe_to_show(character))
}

#[test]
fn a_table_shows_without_acting() {
    let rows: &[&[Value<'_>]] = &[
        &[Value::Integer(7), text("größe 日本")],
        &[Value::Integer(-12), text(HOSTILE)],
        &[Value::Null, blob(b"\xff\n")],
    ];
    let table = written(Format::Table, rows);
    assert!(!acts_on_a_terminal(&table), "{table}");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "  id  text");
    assert_eq!(lines[1], "   7  größe 日本");
    assert!(
        lines[2].starts_with(" -12  \\x1b]52;c;QUFB\\x07\\u{202e}|"),
        "{table}"
    );
    assert_eq!(lines[3], "NULL  \\xff\\n");
}

#[test]
fn a_table_draws_its_tree_and_elides_what_nobody_reads() {
    let long = "x".repeat(ELIDED_ABOVE + 1);
    let rows: &[&[Value<'_>]] = &[
        &[Value::Integer(1), text(" |   \\_ "), text("a\\b")],
        &[Value::Integer(2), text("\u{1b}\\_"), text(&long)],
    ];
    let table = written(Format::Table, rows);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[1], " 1   |   \\_ a\\\\b");
    assert_eq!(lines[2], " 2  \\x1b\\\\_(1048577 bytes)");
    assert!(
        written(Format::Markdown, rows)
            .contains("(1048577 bytes)".replace('(', "\\(").trim_end_matches(')'))
    );
    // Machines get it whole, and the tree as a column.
    assert!(written(Format::Jsonl, rows).contains(&long));
}

#[test]
fn a_table_comes_in_pieces_with_one_header() {
    let rows: Vec<[Value<'_>; 2]> = (0..1200).map(|n| [Value::Integer(n), text("x")]).collect();
    let rows: Vec<&[Value<'_>]> = rows.iter().map(<[_; 2]>::as_slice).collect();
    let table = written(Format::Table, &rows);
    assert_eq!(table.lines().count(), 1201);
    assert_eq!(table.matches("text").count(), 1);
    assert_eq!(written(Format::Table, &[]), "id  text\n");
}

#[test]
fn long_cells_stay_whole_in_a_table() {
    let long = "y".repeat(200_000);
    let table = written(Format::Table, &[&[Value::Integer(1), text(&long)]]);
    assert_eq!(table.lines().count(), 2);
    assert!(table.contains(&long));
}

#[test]
fn csv_holds_no_formula() {
    let check = |value: Value<'_>, expected: &str| {
        let csv = written(Format::Csv, &[&[Value::Integer(-5), value]]);
        assert_eq!(csv, format!("id,text\n-5,{expected}\n"));
    };
    check(text("=cmd|'/C calc'!A0"), "'=cmd|'/C calc'!A0");
    check(text("+1"), "'+1");
    check(text("-1"), "'-1");
    check(text("@SUM(A1)"), "'@SUM(A1)");
    check(text("\t=1"), "'\t=1");
    check(text("\r=1"), "\\r=1");
    check(text("'=1"), "''=1");
    check(text("a\\b"), "a\\\\b");
    check(text("a\"b,c\nd"), "\"a\"\"b,c\nd\"");
    check(blob(b"=\xff"), "'=\\xff");
    check(Value::Null, "");
    check(Value::Integer(-5), "-5");
    let hostile = written(Format::Csv, &[&[Value::Null, text(HOSTILE)]]);
    assert!(!acts_on_a_terminal(&hostile), "{hostile}");
}

#[test]
fn json_is_exact_and_harmless() {
    let tag = "\u{e0041}";
    let hostile = format!("{HOSTILE}{tag}");
    let rows: &[&[Value<'_>]] = &[
        &[Value::Integer(i64::MAX), text(&hostile)],
        &[Value::Null, blob(b"\xff\0")],
        &[Value::Real(1.5), Value::Text(Cow::Borrowed(b"\xfe"))],
        &[Value::Real(f64::INFINITY), Value::Null],
    ];
    let json = written(Format::Json, rows);
    assert!(!acts_on_a_terminal(&json), "{json}");
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed[0]["id"], i64::MAX);
    assert_eq!(parsed[0]["text"], hostile);
    assert_eq!(parsed[1]["id"], serde_json::Value::Null);
    assert_eq!(parsed[1]["text"]["bytes_hex"], "ff00");
    assert_eq!(parsed[2]["text"]["bytes_hex"], "fe");
    assert_eq!(parsed[3]["id"], "inf");
    let lines = written(Format::Jsonl, rows);
    assert_eq!(lines.lines().count(), 4);
    for (line, whole) in lines.lines().zip(parsed.as_array().unwrap()) {
        assert_eq!(
            &serde_json::from_str::<serde_json::Value>(line).unwrap(),
            whole
        );
    }
    assert_eq!(written(Format::Json, &[]), "[]\n");
    assert_eq!(written(Format::Jsonl, &[]), "");
}

#[test]
fn json_keeps_columns_of_one_name_apart() {
    let mut out = Vec::new();
    let style = Style {
        format: Format::Jsonl,
        null: "",
        indent: None,
        layout: Layout::Lines,
        widest: None,
    };
    let mut writer = writer(&mut out, &style);
    writer
        .columns(&["pid".to_owned(), "pid".to_owned(), "pid_2".to_owned()])
        .unwrap();
    writer
        .row(&[Value::Integer(1), Value::Integer(2), Value::Integer(3)])
        .unwrap();
    drop(writer);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "{\"pid\":1,\"pid_2\":2,\"pid_2_2\":3}\n"
    );
}

#[test]
fn markdown_holds_no_markup() {
    let markdown = written(Format::Markdown, &[&[Value::Null, text(HOSTILE)]]);
    assert!(!acts_on_a_terminal(&markdown));
    let lines: Vec<&str> = markdown.lines().collect();
    assert_eq!(lines[0], "| id | text |");
    assert_eq!(lines[1], "| --- | --- |");
    assert_eq!(
        lines[2],
        "|  | \\\\x1b]52;c;QUFB\\\\x07\\\\u\\{202e\\}\\|\\`a\\`\\!\\[x\\]\\(http://192.0.2.1/x.png\\)&lt;img src=x&gt;\\\\\\\\ |"
            .replace("\\\\x1b]52", "\\\\x1b\\]52")
    );
    assert_eq!(lines.len(), 3);
}

#[test]
fn people_see_the_beginning_of_long_values_and_programs_all() {
    let long = "ab\u{1b}日".repeat(10);
    let written = |format, widest, value: Value<'_>| {
        let style = Style {
            format,
            null: "",
            indent: None,
            layout: Layout::Lines,
            widest,
        };
        let mut out = Vec::new();
        let mut writer = writer(&mut out, &style);
        writer.columns(&["x".to_owned()]).unwrap();
        writer.row(&[value]).unwrap();
        writer.finish().unwrap();
        drop(writer);
        String::from_utf8(out).unwrap()
    };
    // An escape takes four columns, a wide character two; neither is cut in two.
    for (widest, expected) in [
        (80, long.replace('\u{1b}', "\\x1b")),
        (8, "ab\\x1b日... (60 bytes)".to_owned()),
        (7, "ab\\x1b... (60 bytes)".to_owned()),
        (5, "ab... (60 bytes)".to_owned()),
        (0, "... (60 bytes)".to_owned()),
    ] {
        let table = written(Format::Table, Some(widest), text(&long));
        assert_eq!(table, format!("x\n{expected}\n"));
    }
    assert_eq!(
        written(Format::Table, Some(5), blob(b"a\xff\xff")),
        "x\na\\xff... (3 bytes)\n"
    );
    assert_eq!(
        written(Format::Markdown, Some(2), text(&long)),
        "| x |\n| --- |\n| ab... \\(60 bytes\\) |\n"
    );
    let json = written(Format::Json, Some(2), text(&long));
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows[0]["x"], long);
}

#[test]
fn one_row_can_be_a_list_for_people() {
    let written = |format| {
        let style = Style {
            format,
            null: "",
            indent: None,
            layout: Layout::Vertical,
            widest: None,
        };
        let mut out = Vec::new();
        let mut writer = writer(&mut out, &style);
        let names = ["pid", "name", "unknown", "odd\n"].map(str::to_owned);
        writer.columns(&names).unwrap();
        writer
            .row(&[Value::Integer(7), text("app"), Value::Null, text("\u{7}")])
            .unwrap();
        writer.finish().unwrap();
        drop(writer);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        written(Format::Table),
        "item   value\npid    7\nname   app\nodd\\n  \\x07\n"
    );
    assert_eq!(
        written(Format::Markdown),
        "| item | value |\n| --- | --- |\n| pid | 7 |\n| name | app |\n| odd\\\\n | \\\\x07 |\n"
    );
    assert_eq!(
        written(Format::Jsonl),
        "{\"pid\":7,\"name\":\"app\",\"unknown\":null,\"odd\\n\":\"\\u0007\"}\n"
    );
}

/// The same text as TEXT and as BLOB, in one row.
fn both(format: Format, bytes: &[u8]) -> String {
    let values = [Value::Text(Cow::Borrowed(bytes)), blob(bytes)];
    written(format, &[&values])
}

proptest::proptest! {
    #[test]
    fn other_programs_read_back_what_was_written(
        bytes: Vec<u8>,
        text in "[\"',;=+@\\\\\t\r\n\u{1b}\u{202e}aä -]{0,20}",
    ) {
        for input in [bytes.as_slice(), text.as_bytes()] {
            let escaped = schema::text::escaped_lines(input);
            let exact = std::str::from_utf8(input);
            let csv = both(Format::Csv, input);
            let rows: Vec<::csv::StringRecord> =
                ::csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), 1, "{csv:?}");
            for cell in &rows[0] {
                // What would be a formula has a `'` before it.
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
                assert!(cell == escaped && !cell.starts_with('\'') || cell.strip_prefix('\'') == Some(&*escaped), "{csv:?}");
            }
            let hex = schema::text::hex(input);
            let hex = serde_json::json!({ "bytes_hex": hex });
            let exact = exact.map_or(hex.clone(), serde_json::Value::from);
            let array: serde_json::Value = serde_json::from_str(&both(Format::Json, input)).unwrap();
            let row = serde_json::json!({ "id": exact, "text": hex });
            assert_eq!(array, serde_json::json!([row]));
            let line = both(Format::Jsonl, input);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), row);
            assert!(!acts_on_a_terminal(&line) && line.lines().count() == 1);
            // One line for people, and one row of a table for Markdown.
            assert_eq!(both(Format::Table, input).matches('\n').count(), 2);
            assert_eq!(both(Format::Markdown, input).matches('\n').count(), 3);
        }
    }
}
