//! Every sample, every table: the rows are those of `tests/golden/SAMPLE/TABLE.jsonl`, and what `brief` and `diff` print is there
//! too. A new sample or a new table needs no code here: `UPDATE_GOLDEN=1` writes its file, and the difference is read before it
//! is committed.
//!
//! Those files are what the program said. What the files of the first host say, by hand and independent of the program, is in
//! `tests/golden/web-1-before.by-hand` and in `tests/web_1.rs`.
#![cfg(test)]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{analyze, expect_rows, program, rows, succeed, workspace};
use schema::TableDef;

/// What differs each time a sample is made: it is left out of what is compared, here and nowhere else.
const OF_THE_RUN: &[(&str, &[&str])] = &[
    (
        "snapshots",
        &[
            "capture_id",
            "digest",
            "time",
            "time_us",
            "duration_ms",
            "capture_version",
            "capture_pid",
            // The capture's own footprint, which depends on the machine's speed and size.
            "capture_user_ms",
            "capture_system_ms",
            "capture_peak_rss_bytes",
            "capture_peak_rss_bound_bytes",
            "capture_bytes_read",
            "bundle_bytes",
            "workers_started",
            "workers_killed",
            "workers_died",
            "workers_abandoned",
            "reads_planned",
            "reads_collected",
        ],
    ),
    // Inodes are those of the copy that was captured, owners those of who made it.
    ("collection_log", &["duration_us", "inode", "uid"]),
    ("log_files", &["inode", "uid"]),
    ("config_files", &["inode", "uid"]),
];

const REMAKE: &str = "run samples/make, then UPDATE_GOLDEN=1 cargo nextest run -p analyze --test golden, and read the difference";

fn update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

fn golden() -> PathBuf {
    workspace().join("tests/golden")
}

/// Files of a directory whose name ends so, sorted.
fn files(directory: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(end)))
        .collect();
    found.sort();
    found
}

/// The name of a file without that end.
fn stem<'p>(path: &'p Path, end: &str) -> &'p str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap();
    name.strip_suffix(end).unwrap()
}

/// Loads a bundle into a database of its own, which many queries ask faster than the bundle.
fn load(bundle: &Path, place: &Path) -> PathBuf {
    let database = place.join(format!("{}.db", stem(bundle, ".tar.zst")));
    let mut load = analyze();
    load.arg("load").arg("--db").arg(&database).arg(bundle);
    let output = load.output().expect("analyze runs");
    assert!(
        output.status.success(),
        "{} cannot be read by what is built here, so {REMAKE}: {}",
        bundle.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    database
}

/// The rows of a table as lines of JSON, sorted, without what is of the run.
fn table_text(database: &Path, table: &TableDef) -> String {
    let masked = OF_THE_RUN
        .iter()
        .find(|(name, _)| *name == table.name)
        .map_or(&[][..], |(_, columns)| columns);
    for column in masked {
        assert!(
            table.columns.iter().any(|found| found.name == *column),
            "{} has no column {column} that could be left out",
            table.name
        );
    }
    let columns: Vec<_> = table
        .columns
        .iter()
        .filter(|column| !masked.contains(&column.name))
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    let order: Vec<_> = (1..=columns.len()).map(|place| place.to_string()).collect();
    let sql = format!(
        "SELECT {} FROM \"{}\" ORDER BY {}",
        columns.join(", "),
        table.name,
        order.join(", ")
    );
    let mut ask = analyze();
    ask.arg("sql").arg(database).arg(&sql);
    let text = succeed(ask.args(["--format", "jsonl"]), &[0, 1]);
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// The first line on which two texts differ.
fn first_difference(expected: &str, found: &str) -> String {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    let mut number = 0;
    loop {
        number += 1;
        let pair = (expected.next(), found.next());
        if pair == (None, None) {
            return "only in line ends".to_owned();
        }
        if pair.0 != pair.1 {
            let shown = |line: Option<&str>| line.unwrap_or("(no more lines)").to_owned();
            return format!(
                "line {number}\n  expected: {}\n  found:    {}",
                shown(pair.0),
                shown(pair.1)
            );
        }
    }
}

/// Compares a text with a golden file, or writes the file.
fn compare(path: &Path, found: &str, differences: &mut String) {
    if update() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, found).unwrap();
        return;
    }
    let shown = path.strip_prefix(workspace()).unwrap().display();
    match std::fs::read_to_string(path) {
        Ok(expected) if expected == found => {}
        Ok(expected) => {
            let difference = first_difference(&expected, found);
            writeln!(differences, "{shown}: {difference}").unwrap();
        }
        Err(error) => writeln!(differences, "{shown}: {error}").unwrap(),
    }
}

/// What a command prints for people, without the lines that say when the snapshots were taken.
fn printed(command: &mut Command, codes: &[i32]) -> String {
    let text = String::from_utf8(succeed(command, codes)).expect("text");
    let lines = text
        .lines()
        .filter(|line| !line.contains("  a tree, archived "));
    lines.fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

#[test]
fn samples_give_the_rows_that_are_written_down() {
    let place = tempfile::tempdir().unwrap();
    let samples = files(&workspace().join("samples"), ".tar.zst");
    assert!(samples.len() >= 3, "{samples:?}");
    let mut differences = String::new();
    for sample in &samples {
        let directory = golden().join(stem(sample, ".tar.zst"));
        let database = load(sample, place.path());
        for table in schema::tables::TABLES {
            let path = directory.join(format!("{}.jsonl", table.name));
            compare(&path, &table_text(&database, table), &mut differences);
        }
        let brief = printed(analyze().arg("brief").arg(sample), &[0, 1]);
        compare(&directory.join("brief.txt"), &brief, &mut differences);
        // What is compared with nothing is no expectation.
        let known: BTreeSet<_> = schema::tables::TABLES.iter().map(|t| t.name).collect();
        for path in files(&directory, ".jsonl") {
            if !known.contains(stem(&path, ".jsonl")) {
                if update() {
                    std::fs::remove_file(&path).unwrap();
                } else {
                    writeln!(differences, "{}: no such table", path.display()).unwrap();
                }
            }
        }
    }
    let sample = |name: &str| workspace().join(format!("samples/{name}.tar.zst"));
    let mut diff = analyze();
    diff.arg("diff")
        .arg(sample("web-1-before"))
        .arg(sample("web-1-after"));
    let diff = printed(&mut diff, &[1]);
    let path = golden().join("web-1.diff.txt");
    compare(&path, &diff, &mut differences);
    assert!(differences.is_empty(), "{differences}");
}

/// A query of a file written by hand, and the rows it must give: lines up to one that ends in `;`, then a line per row as
/// [`common::line`] makes them, then an empty line. Lines that begin with `--` are comments.
fn cases(text: &str) -> Vec<(String, String)> {
    let mut cases: Vec<(String, String)> = Vec::new();
    let mut in_query = true;
    let mut query = String::new();
    for line in text.lines().filter(|line| !line.starts_with("--")) {
        if in_query && line.ends_with(';') {
            query.push_str(line.trim_end_matches(';'));
            cases.push((std::mem::take(&mut query), String::new()));
            in_query = false;
        } else if line.is_empty() {
            in_query = true;
        } else if in_query {
            query.push_str(line);
            query.push('\n');
        } else {
            let (_, expected) = cases.last_mut().unwrap();
            expected.push_str(line);
            expected.push('\n');
        }
    }
    assert!(query.is_empty(), "a query without its `;`: {query}");
    cases
}

fn by_hand() -> Vec<(PathBuf, String)> {
    files(&golden().join("web-1-before.by-hand"), ".sql")
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

#[test]
fn the_first_host_gives_what_its_files_say() {
    let place = tempfile::tempdir().unwrap();
    let sample = workspace().join("samples/web-1-before.tar.zst");
    let database = load(&sample, place.path());
    for (path, text) in by_hand() {
        let cases = cases(&text);
        assert!(!cases.is_empty(), "{}", path.display());
        for (sql, expected) in cases {
            expect_rows(&database, &sql, &expected);
        }
    }
}

#[test]
fn every_table_has_values_written_by_hand() {
    let mut text = std::fs::read_to_string(workspace().join("tests/web_1.rs")).unwrap();
    text.extend(by_hand().into_iter().map(|(_, text)| text));
    let words: Vec<_> = text.split_whitespace().collect();
    let named: BTreeSet<_> = words
        .windows(2)
        .filter(|pair| pair[0] == "FROM")
        .map(|pair| pair[1].trim_end_matches(|end: char| !end.is_alphanumeric()))
        .collect();
    let missing: Vec<_> = schema::tables::TABLES
        .iter()
        .map(|table| table.name)
        .filter(|name| !named.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What must be in no sample: names and places of the machine that makes it.
fn of_this_machine(place: &Path) -> Vec<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let mut words = vec![
        place.to_str().unwrap().to_owned(),
        workspace().to_str().unwrap().to_owned(),
        read("/etc/hostname"),
        read("/proc/sys/kernel/hostname"),
        read("/proc/sys/kernel/osrelease"),
        read("/etc/machine-id"),
        read("/proc/sys/kernel/random/boot_id"),
    ];
    // `root` and `/root` are words of every host.
    for name in ["USER", "HOME"] {
        words.extend(
            std::env::var(name)
                .ok()
                .filter(|word| !word.ends_with("root")),
        );
    }
    let words = words.iter().map(|word| word.trim().to_owned());
    // A short name is found in any text by chance.
    words
        .filter(|word| word.len() > 3 && word != "localhost")
        .collect()
}

/// Makes all samples again, as the command does, in another place.
fn make(place: &Path) -> Vec<PathBuf> {
    let mut make = Command::new(workspace().join("samples/make"));
    make.arg(place).env("CAPTURE", program("capture"));
    succeed(&mut make, &[0]);
    files(place, ".tar.zst")
}

#[test]
fn samples_are_what_their_trees_give_and_nothing_of_the_maker() {
    let place = tempfile::tempdir().unwrap();
    let committed = files(&workspace().join("samples"), ".tar.zst");
    let made = make(place.path());
    let names = |samples: &[PathBuf]| -> Vec<String> {
        let name = |path: &PathBuf| stem(path, ".tar.zst").to_owned();
        samples.iter().map(name).collect()
    };
    assert_eq!(names(&committed), names(&made));
    let words = of_this_machine(place.path());
    assert!(words.len() >= 3, "{words:?}");
    for made in &made {
        let database = load(made, place.path());
        let golden = golden().join(stem(made, ".tar.zst"));
        for table in schema::tables::TABLES {
            // While they are written anew there is nothing to compare with.
            if update() {
                break;
            }
            let path = golden.join(format!("{}.jsonl", table.name));
            let old = std::fs::read_to_string(&path).unwrap_or_default();
            let new = table_text(&database, table);
            assert!(
                old == new,
                "the samples are not what their trees give now, so {REMAKE}: {}: {}",
                path.display(),
                first_difference(&old, &new)
            );
        }
        let out = place.path().join(stem(made, ".tar.zst"));
        succeed(analyze().arg("extract").arg(made).arg(&out), &[0, 1]);
        let mut found = 0;
        for entry in walkdir::WalkDir::new(&out) {
            let entry = entry.unwrap();
            if !entry.file_type().is_file() {
                continue;
            }
            found += 1;
            let content = std::fs::read(entry.path()).unwrap();
            for word in &words {
                assert!(
                    memchr::memmem::find(&content, word.as_bytes()).is_none(),
                    "{word} of this machine is in {}",
                    entry.path().display()
                );
            }
        }
        assert!(found > 100, "{found} files");
        assert_eq!(
            rows(&database, "SELECT root FROM snapshots")[0][0],
            stem(made, ".tar.zst")
        );
    }
}

/// The list in the README is that of the files that lie there.
#[test]
fn the_readme_lists_the_samples_by_their_sums() {
    let readme = std::fs::read_to_string(workspace().join("samples/README.md")).unwrap();
    for sample in files(&workspace().join("samples"), ".tar.zst") {
        let mut sum = Command::new("sha256sum");
        let sum = String::from_utf8(succeed(sum.arg(&sample), &[0])).unwrap();
        let sum = sum.split_whitespace().next().unwrap();
        let name = format!("| `{}.tar.zst` |", stem(&sample, ".tar.zst"));
        assert!(
            readme
                .lines()
                .any(|line| line.starts_with(&name) && line.contains(sum)),
            "samples/README.md does not have {name} with {sum}: {REMAKE}"
        );
    }
}
