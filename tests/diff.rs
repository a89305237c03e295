//! The commands `diff` and `timeline` as users call them.
#![cfg(test)]

mod common;

use std::process::Command;

use common::{analyze, run_within, succeed, workspace};
use serde_json::Value;

/// A database of the two samples of `web-1`.
fn both() -> (tempfile::TempDir, std::path::PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let database = place.path().join("both.db");
    let mut load = analyze();
    load.arg("load").arg("--db").arg(&database);
    for name in ["web-1-before", "web-1-after"] {
        load.arg(workspace().join(format!("samples/{name}.tar.zst")));
    }
    succeed(&mut load, &[0]);
    (place, database)
}

fn text(command: &mut Command, code: i32) -> String {
    String::from_utf8(succeed(command, &[code])).unwrap()
}

/// Whether a value is what a schema says: of JSON Schema as much as `schema/diff.schema.json` uses.
fn check(value: &Value, schema: &Value, root: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let place = reference.strip_prefix('#').unwrap();
        return check(value, root.pointer(place).expect(reference), root, at);
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{at}: {value} is none of {words:?}"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match &schema["type"] {
        Value::String(one) => one == kind,
        Value::Array(several) => several.iter().any(|one| one == kind),
        _ => true,
    };
    if !allowed {
        return Err(format!("{at}: {value} is a {kind}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(item, &schema["items"], root, &format!("{at}[{index}]"))?;
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        if value.get(required.as_str().unwrap()).is_none() {
            return Err(format!("{at}: {required} is missing"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(schema) => check(member, schema, root, &format!("{at}.{name}"))?,
            None if schema["additionalProperties"] == false => {
                return Err(format!("{at}: {name} is not described"));
            }
            None => {}
        }
    }
    Ok(())
}

#[test]
fn the_json_is_as_its_schema_says() {
    let (_place, database) = both();
    let path = workspace().join("schema/diff.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for options in [&[][..], &["--all-columns"], &["--table", "processes"]] {
        let mut diff = analyze();
        diff.arg("diff").arg(&database);
        diff.args(["--from", "before", "--to", "2", "--format", "json"])
            .args(options);
        let mut found: Value = serde_json::from_slice(&succeed(&mut diff, &[1])).unwrap();
        check(&found, &schema, &schema, "diff").unwrap();
        // The check itself must be able to fail.
        found["groups"][0]["differences"][0]["kind"] = "odd".into();
        assert!(check(&found, &schema, &schema, "diff").is_err());
    }
}

#[test]
fn snapshots_by_number_and_label_services_and_what_is_ignored() {
    let (place, database) = both();
    let diff = |options: &[&str]| {
        let mut diff = analyze();
        diff.arg("diff")
            .arg(&database)
            .args(["--from", "before", "--to", "after"])
            .args(options);
        diff
    };
    let all = text(&mut diff(&[]), 1);
    assert!(all.starts_with("3 services restarted, "), "{all}");
    let nginx = text(&mut diff(&["--service", "nginx"]), 1);
    assert!(
        nginx.contains("nginx.service\n")
            && !nginx.contains("host\n")
            && !nginx.contains("containerd"),
        "{nginx}"
    );
    let users = text(&mut diff(&["--table", "users", "--table", "groups"]), 1);
    assert!(users.starts_with("1 new group, 1 new user\n"), "{users}");
    let ignored = place.path().join("ignored");
    std::fs::write(&ignored, "users username=back*\ngroups  # all of them\n").unwrap();
    let options = [
        "--table",
        "users",
        "--table",
        "groups",
        "--ignore",
        ignored.to_str().unwrap(),
    ];
    assert!(text(&mut diff(&options), 0).starts_with("nothing changed\n"));
    std::fs::write(&ignored, "users.nothing\n").unwrap();
    let failed = run_within(&mut diff(&options), std::time::Duration::from_secs(20));
    assert_eq!(failed.status.code(), Some(2));
    let reason = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(
        reason.contains("line 1 of the file of --ignore: table users has no column nothing"),
        "{reason}"
    );
    let html = text(&mut diff(&["--format", "html"]), 1);
    assert!(
        html.starts_with("<!DOCTYPE html>") && html.contains("<h2>nginx.service</h2>"),
        "{html}"
    );
    let markdown = text(&mut diff(&["--format", "markdown"]), 1);
    assert!(
        markdown.starts_with("**3 services restarted, ")
            && markdown.contains("\n### nginx.service\n"),
        "{markdown}"
    );
}

#[test]
fn a_timeline_walks_all_snapshots_of_a_host() {
    let (_place, database) = both();
    let timeline = |options: &[&str]| {
        let mut timeline = analyze();
        timeline.arg("timeline").arg(&database).args(options);
        timeline
    };
    let told = text(&mut timeline(&[]), 1);
    let mut lines = told.lines();
    assert!(
        lines.next().unwrap().ends_with("snapshot 1 \"before\""),
        "{told}"
    );
    assert!(
        told.contains("snapshot 2 \"after\"  3 services restarted, "),
        "{told}"
    );
    assert!(
        told.contains("\n  nginx.service\n    * restarted "),
        "{told}"
    );
    let json: Value =
        serde_json::from_slice(&succeed(&mut timeline(&["--format", "json"]), &[1])).unwrap();
    assert_eq!(json["first"]["label"], "before");
    assert_eq!(json["steps"][0]["after"]["label"], "after");
    succeed(&mut timeline(&["--host", "nobody"]), &[2]);
    // Another host beside it has to be named.
    let mut load = analyze();
    load.arg("load").arg("--db").arg(&database);
    load.arg(workspace().join("samples/containers-1.tar.zst"));
    succeed(&mut load, &[0]);
    succeed(&mut timeline(&[]), &[2]);
    assert_eq!(text(&mut timeline(&["--host", "web-1"]), 1), told);
    assert_eq!(
        text(&mut timeline(&["--host", "containers-1"]), 0)
            .lines()
            .count(),
        1
    );
}
