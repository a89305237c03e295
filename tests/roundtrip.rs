//! An invented host through both programs: the same rows from a bundle, from a directory that stock tools extracted, and from
//! a database; sums that stock tools check; no secret in any of them.
#![cfg(test)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::{
    analyze, capture, capture_tree, expect_rows, has, host, line, rows, run_within, skip, succeed,
    web_1,
};

/// Far above what one run on a small host takes.
const LIMIT: Duration = Duration::from_mins(1);

/// A secret must be nowhere in the bundle, in no encoding that a text search would find.
#[test]
fn secrets_are_replaced() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("out");
    succeed(analyze().arg("extract").arg(web_1()).arg(&out), &[0, 1]);
    let mut files = 0;
    for entry in walkdir::WalkDir::new(&out) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let content = std::fs::read(entry.path()).unwrap();
            files += 1;
            assert!(
                !content.windows(7).any(|window| window == b"canary-"),
                "a secret is in {}",
                entry.path().display()
            );
        }
    }
    assert!(files > 100, "{files} files");
    // What is no secret is there.
    expect_rows(
        web_1(),
        "SELECT count(*)
         FROM process_envs WHERE key = 'APP_MODE' AND value = 'production'",
        "2",
    );
    expect_rows(
        web_1(),
        "SELECT count(*)
         FROM shell_history WHERE command LIKE 'mysql --host=192.0.2.20 --password=%shop'",
        "1",
    );
}

/// All tables, each as sorted text of its rows without the snapshot's number.
fn all_tables(source: &Path) -> Vec<(String, Vec<String>)> {
    schema::tables::TABLES
        .iter()
        .map(|table| {
            let quoted = |column: &schema::ColumnDef| format!("quote(\"{}\")", column.name);
            let columns: Vec<_> = table.columns.iter().map(quoted).collect();
            let sql = format!("SELECT {} FROM \"{}\"", columns.join(", "), table.name);
            let mut rows: Vec<_> = rows(source, &sql).iter().map(|row| line(row)).collect();
            rows.sort();
            (table.name.to_owned(), rows)
        })
        .collect()
}

/// One question reads the frames that answer it, and no others: damage elsewhere neither hinders it nor is seen. Damage in what
/// it reads is told.
#[test]
fn a_question_reads_what_it_asks_for() {
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("damaged.tar.zst");
    let whole = std::fs::read(web_1()).unwrap();
    let ask = |bundle: &Path, table: &str| {
        let sql = format!("SELECT * FROM {table}");
        let ended = run_within(analyze().arg("sql").arg(bundle).arg(sql), LIMIT);
        (ended.status.code(), ended.stdout)
    };
    let tables = ["process_fds", "log_lines"];
    let expected = tables.map(|table| ask(web_1(), table).1);
    let mut seen = Vec::new();
    // Much of a small bundle is what every opening reads.
    for part in 2..64 {
        let mut bytes = whole.clone();
        bytes[whole.len() / 64 * part] ^= 0x10;
        std::fs::write(&copy, bytes).unwrap();
        let codes = [0, 1].map(|index| {
            let (code, answer) = ask(&copy, tables[index]);
            // No other answer without a word.
            assert!(code == Some(1) || answer == expected[index], "{part}");
            code
        });
        // A bit may be one of those that mean nothing to the decompressor.
        if codes.contains(&Some(1)) {
            let verify = run_within(analyze().arg("verify").arg(&copy), LIMIT);
            assert_eq!(verify.status.code(), Some(1), "{part}");
        }
        seen.push(codes);
    }
    assert!(seen.contains(&[Some(1), Some(0)]), "{seen:?}");
    assert!(seen.contains(&[Some(0), Some(1)]), "{seen:?}");
}

#[test]
fn bundle_directory_and_database_are_the_same() {
    let place = tempfile::tempdir().unwrap();
    let bundle = web_1();
    let from_bundle = all_tables(bundle);

    let database = place.path().join("case.db");
    let mut load = analyze();
    load.arg("load").arg("--db").arg(&database).arg(bundle);
    succeed(&mut load, &[0, 1]);
    // Again: a snapshot that is there is not loaded twice.
    let mut load = analyze();
    load.arg("load").arg("--db").arg(&database).arg(bundle);
    succeed(&mut load, &[0, 1]);

    let extracted = place.path().join("extracted");
    succeed(
        analyze().arg("extract").arg(bundle).arg(&extracted),
        &[0, 1],
    );
    let mut others = vec![("database", database), ("directory of extract", extracted)];
    if has("zstd") {
        let plain = place.path().join("plain");
        std::fs::create_dir(&plain).unwrap();
        let mut tar = Command::new("tar");
        tar.args(["--zstd", "-xf"])
            .arg(bundle)
            .arg("-C")
            .arg(&plain);
        succeed(&mut tar, &[0]);
        others.push(("directory of tar", plain));
    } else {
        skip("loading what tar extracted", "zstd is not installed");
    }
    for (what, source) in others {
        for ((table, expected), (_, found)) in from_bundle.iter().zip(all_tables(&source)) {
            assert_eq!(
                &found, expected,
                "{table} from the {what}; right: from the bundle"
            );
        }
    }
    let empty: Vec<_> = from_bundle
        .iter()
        .filter(|(_, rows)| rows.is_empty())
        .map(|(table, _)| table.as_str())
        .collect();
    // Of all tables only these are of live hosts alone: a dead tree has no clock, and no kernel to ask.
    assert_eq!(
        empty,
        [
            "cgroups",
            "conntrack_expectations",
            "routing_rules",
            "time_status"
        ]
    );
}

#[test]
fn stock_tools_check_it() {
    if !has("zstd") {
        skip(
            "checking a bundle with stock tools",
            "zstd is not installed",
        );
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let mut list = Command::new("tar");
    list.args(["--zstd", "-tf"]).arg(web_1());
    let listed = String::from_utf8(succeed(&mut list, &[0])).unwrap();
    let names: Vec<_> = listed.lines().collect();
    assert_eq!(names.first(), Some(&"freezeframe/header.json"));
    assert_eq!(names.last(), Some(&"freezeframe/SHA256SUMS"));

    let mut tar = Command::new("tar");
    tar.args(["--zstd", "-xf"])
        .arg(web_1())
        .arg("-C")
        .arg(place.path());
    succeed(&mut tar, &[0]);
    let mut check = Command::new("sh");
    check
        .args(["-c", "cat freezeframe/SHA256SUMS* | sha256sum --strict -c"])
        .current_dir(place.path());
    let checked = String::from_utf8(succeed(&mut check, &[0])).unwrap();
    // Every member is listed once, but for the list of lists itself.
    assert_eq!(checked.lines().count(), names.len() - 1);
    assert!(checked.lines().all(|line| line.ends_with(": OK")));

    succeed(analyze().arg("verify").arg(web_1()), &[0]);
    let ls = String::from_utf8(succeed(analyze().arg("ls").arg(web_1()), &[0])).unwrap();
    for name in names.iter().filter(|name| name.starts_with("root/")) {
        let shown = name.trim_start_matches("root");
        assert!(ls.contains(shown), "ls does not show {name}");
    }
    let status = succeed(
        analyze().arg("cat").arg(web_1()).arg("/proc/1003/status"),
        &[0],
    );
    let original = std::fs::read(host("web-1").join("proc/1003/status")).unwrap();
    assert_eq!(status, original);
}

#[test]
fn a_changed_member_is_found() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("out");
    succeed(analyze().arg("extract").arg(web_1()).arg(&out), &[0, 1]);
    succeed(analyze().arg("verify").arg(&out), &[0]);
    std::fs::write(out.join("root/etc/hostname"), "web-2\n").unwrap();
    let changed = run_within(analyze().arg("verify").arg(&out), LIMIT);
    assert_ne!(changed.status.code(), Some(0));
    std::fs::copy(
        host("web-1").join("etc/hostname"),
        out.join("root/etc/hostname"),
    )
    .unwrap();
    std::fs::write(out.join("root/etc/added"), "not listed\n").unwrap();
    let added = run_within(analyze().arg("verify").arg(&out), LIMIT);
    assert_ne!(added.status.code(), Some(0));
}

#[test]
fn a_bundle_streams() {
    let mut command = capture();
    command
        .arg("-q")
        .arg("--root")
        .arg(host("web-1"))
        .args(["-o", "-", "--label", "streamed"]);
    let streamed = succeed(&mut command, &[0, 1]);
    let place = tempfile::tempdir().unwrap();
    let bundle = place.path().join("streamed.tar.zst");
    std::fs::write(&bundle, streamed).unwrap();
    expect_rows(
        &bundle,
        "SELECT label, intact FROM snapshots",
        "streamed | 1",
    );
}

#[test]
fn an_output_that_exists_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let victim = place.path().join("victim");
    std::fs::write(&victim, "mine").unwrap();
    let link = place.path().join("link");
    std::os::unix::fs::symlink(&victim, &link).unwrap();
    let dangling = place.path().join("dangling");
    std::os::unix::fs::symlink(place.path().join("nowhere"), &dangling).unwrap();
    for output in [&victim, &link, &dangling, &place.path().to_path_buf()] {
        let mut command = capture();
        command
            .arg("-q")
            .arg("--root")
            .arg(host("web-1"))
            .arg("-o")
            .arg(output);
        let ended = run_within(&mut command, LIMIT);
        assert_eq!(ended.status.code(), Some(2), "{}", output.display());
    }
    assert_eq!(std::fs::read(&victim).unwrap(), b"mine");
    assert!(!place.path().join("nowhere").exists());
}

/// A copy of `web-1` without its secrets, whose pseudonyms differ from one capture to the next.
fn copy_without_secrets(place: &Path) -> PathBuf {
    let tree = place.join("tree");
    let mut copy = Command::new("cp");
    succeed(copy.arg("-a").arg(host("web-1")).arg(&tree), &[0]);
    for file in ["950/cmdline", "950/environ", "960/environ"] {
        std::fs::write(tree.join("proc").join(file), "APP_MODE=production\0").unwrap();
    }
    std::fs::write(tree.join("etc/nginx/nginx.conf"), "worker_processes 2;\n").unwrap();
    let history = tree.join("home/ada/.bash_history");
    std::fs::write(history, "ls -la\n").unwrap();
    tree
}

#[test]
fn a_diff_tells_what_was_planted_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let tree = copy_without_secrets(place.path());
    let capture_to = |name: &str| {
        let directory = place.path().join(name);
        std::fs::create_dir(&directory).unwrap();
        capture_tree(&tree, &directory)
    };
    let (before, again) = (capture_to("before"), capture_to("again"));
    succeed(analyze().arg("diff").arg(&before).arg(&again), &[0]);

    let passwd = std::fs::read_to_string(tree.join("etc/passwd")).unwrap();
    let passwd = passwd.replace("/bin/zsh", "/bin/bash");
    std::fs::write(tree.join("etc/passwd"), passwd).unwrap();
    let tcp = tree.join("proc/950/net/tcp");
    let sockets = std::fs::read_to_string(&tcp).unwrap();
    let without = sockets.lines().filter(|line| !line.contains(" 0A "));
    std::fs::write(
        &tcp,
        without.flat_map(|line| [line, "\n"]).collect::<String>(),
    )
    .unwrap();
    let after = capture_to("after");
    let told = succeed(analyze().arg("diff").arg(&before).arg(&after), &[1]);
    let told = String::from_utf8(told).unwrap();
    for planted in [
        "user grace: shell /bin/zsh -> /bin/bash",
        "listener gone: *:8000",
    ] {
        assert!(told.contains(planted), "{planted}: {told}");
    }
    assert!(
        told.starts_with("1 listener gone, 1 user changed\n"),
        "{told}"
    );
}
