//! The rules of the code base that no compiler checks: who may depend on what, and that documents say what the code does.
#![cfg(test)]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use common::workspace;

/// A source file: its path below the workspace, and its text.
struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    /// The code without comments and without the unit tests at its end.
    fn code(&self) -> String {
        let product = self
            .text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap_or_default();
        let lines = product
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn is_below(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }
}

fn files_below(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !["target", "hosts"].contains(&entry.file_name().to_str().unwrap()) {
            files.extend(files_below(&entry.path(), extension));
        } else if kind.is_file()
            && entry
                .path()
                .extension()
                .is_some_and(|found| found == extension)
        {
            files.push(entry.path());
        }
    }
    files
}

fn sources(package: &str) -> Vec<SourceFile> {
    let root = workspace();
    let mut files = files_below(&root.join(package), "rs");
    files.sort();
    assert!(!files.is_empty(), "{package} has no sources");
    let read = |path: PathBuf| SourceFile {
        text: std::fs::read_to_string(&path).unwrap(),
        path: path
            .strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
    };
    files.into_iter().map(read).collect()
}

fn all_sources() -> Vec<SourceFile> {
    ["schema", "capture", "analyze", "tests"]
        .into_iter()
        .flat_map(sources)
        .collect()
}

/// Fails for each file outside `places` whose code has one of the words.
#[track_caller]
fn only_in(files: &[SourceFile], words: &[&str], places: &[&str]) {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.is_below(places)) {
        for (number, line) in file.code().lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                found.push(format!(
                    "{}: {word} (code line {}): {}",
                    file.path,
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    assert!(
        found.is_empty(),
        "only {places:?} may name these:\n{}",
        found.join("\n")
    );
}

fn packages() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        // Direct dependencies only: nothing needs to be fetched for them.
        .no_deps()
        .exec()
        .unwrap();
    metadata.workspace_packages().into_iter().cloned().collect()
}

/// Names of the direct dependencies of a package, without those of its tests.
fn dependencies(package: &str) -> BTreeSet<String> {
    let packages = packages();
    let package = packages
        .iter()
        .find(|found| found.name.as_str() == package)
        .unwrap();
    let normal = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn packages_depend_on_what_they_may() {
    let none_of = |package: &str, banned: &[&str]| {
        let found = dependencies(package);
        for name in banned {
            assert!(
                !found.contains(*name),
                "{package} must not depend on {name}"
            );
        }
    };
    none_of(
        "schema",
        &[
            "capture", "analyze", "rusqlite", "rustix", "libc", "nix", "clap", "walkdir", "anyhow",
        ],
    );
    none_of(
        "capture",
        &[
            "analyze",
            "rusqlite",
            "arrow-array",
            "parquet",
            "axum",
            "tokio",
            "tar",
            "zstd",
            "bincode",
            "zeekstd",
            "walkdir",
        ],
    );
    none_of(
        "analyze",
        &[
            "capture", "rustix", "nix", "libc", "tar", "zstd", "bincode", "zeekstd",
        ],
    );
    for name in ["tar", "zstd", "bincode", "serde"] {
        assert!(
            dependencies("schema").contains(name),
            "{name} does its work in schema"
        );
    }
    assert!(
        dependencies("analyze").contains("walkdir") && dependencies("analyze").contains("rusqlite")
    );
    let names: BTreeSet<_> = packages()
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    assert_eq!(
        names,
        ["analyze", "capture", "schema"].map(str::to_owned).into()
    );
}

#[test]
fn manifests_share_versions_and_lints() {
    for package in ["schema", "capture", "analyze"] {
        let manifest =
            std::fs::read_to_string(workspace().join(package).join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true\n"),
            "{package} has lints of its own"
        );
        for line in manifest.lines().filter(|line| line.contains('=')) {
            let names_version =
                line.contains("version = \"") || line.contains(" = \"0") || line.contains(" = \"1");
            assert!(
                !names_version,
                "{package}: versions stand in the workspace: {line}"
            );
        }
    }
}

#[test]
fn schema_is_pure() {
    let words = [
        "std::fs",
        "std::net::T",
        "std::net::U",
        "std::process",
        "std::env",
        "std::time",
        "std::thread",
        "std::os",
        "SystemTime",
        "Instant",
        "env!(",
    ];
    only_in(&sources("schema"), &words, &[]);
    // Addresses are values; sockets are not named.
    only_in(
        &sources("schema"),
        &["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"],
        &[],
    );
}

#[test]
fn each_crate_has_its_place() {
    let product: Vec<_> = ["schema", "capture", "analyze"]
        .into_iter()
        .flat_map(sources)
        .collect();
    only_in(
        &product,
        &["tar::", "zstd::", "zeekstd", "zstd_safe"],
        &["schema/src/bundle"],
    );
    only_in(&product, &["bincode::"], &["schema/src/frame.rs"]);
    only_in(&product, &["rusqlite"], &["analyze/src/db"]);
    only_in(
        &product,
        &["unsafe ", "unsafe_code"],
        &["capture/src/netlink.rs", "capture/src/sys.rs"],
    );
    only_in(
        &product,
        &["process::Command", "std::process::{", "std::process::*"],
        &["capture/src/pool.rs"],
    );
    only_in(
        &sources("capture"),
        &["fs::read(", "fs::read_to_string", "File::open("],
        // The state of our own workers, and the key that the user names: neither is a file of the captured host.
        &[
            "capture/src/host.rs",
            "capture/src/pool.rs",
            "capture/src/key.rs",
        ],
    );
}

#[test]
fn files_can_be_read_at_a_sitting() {
    for file in all_sources() {
        let lines = file.text.lines().count();
        assert!(lines <= 700, "{} has {lines} lines: split it", file.path);
        if file.path.ends_with("src/main.rs") {
            assert!(
                lines < 40,
                "{} has {lines} lines: it only parses, runs and maps to an exit code",
                file.path
            );
        }
    }
}

/// Names of the functions of a file that take bytes first.
fn parsers_of(file: &SourceFile, visibility: &str) -> Vec<String> {
    let code = file.code();
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let takes_bytes = |signature: &str| {
        let (name, parameters) = signature.split_once('(')?;
        let first = parameters.split([',', ')']).next()?;
        let name = name.split('<').next()?;
        first
            .ends_with(" [u8]")
            .then(|| name.to_owned())
            .or_else(|| {
                let (_, kind) = first.split_once(": ")?;
                (kind == "&[u8]").then(|| name.to_owned())
            })
    };
    let keyword = format!("{visibility} fn ");
    let functions = code.split(&keyword).skip(1);
    functions.filter_map(takes_bytes).collect()
}

/// What no fuzz target runs nobody has tried to break.
#[test]
fn every_parser_is_fuzzed() {
    let mut count = 0;
    for (directory, visibility, list) in [
        (
            "analyze/src/parse",
            "pub(crate)",
            "analyze/src/parse/every.rs",
        ),
        (
            "schema/src/parse",
            "pub",
            "tests/fuzz/fuzz_targets/shared_parsers.rs",
        ),
    ] {
        let run = document(list);
        let named: Vec<&str> = run
            .split(|letter: char| !letter.is_alphanumeric() && !"_:".contains(letter))
            .collect();
        for file in sources(directory) {
            let module = file.path.strip_prefix(directory).unwrap();
            let module = module.trim_matches('/').trim_end_matches(".rs");
            // Parts of a parser are run through it; so are the steps that all of them share.
            let shared = ["bytes", "every", "netlink", "tests"];
            let is_shared = directory.starts_with("analyze") && shared.contains(&module);
            if module.contains('/') || is_shared {
                continue;
            }
            assert!(
                named
                    .iter()
                    .any(|name| name.starts_with(&format!("{module}::"))),
                "{list} does not run {module}"
            );
            for function in parsers_of(&file, visibility) {
                let name = format!("{module}::{function}");
                assert!(named.contains(&name.as_str()), "{list} does not run {name}");
                count += 1;
            }
        }
    }
    assert!(count > 60, "{count} parsers were found");
}

#[test]
fn every_fuzz_target_has_seeds() {
    let fuzz = workspace().join("tests/fuzz");
    let manifest = document("tests/fuzz/Cargo.toml");
    let names_below = |directory: PathBuf| -> Vec<String> {
        let entries = std::fs::read_dir(&directory);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let names = entries.map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    };
    let mut seeds = Vec::new();
    for file in names_below(fuzz.join("fuzz_targets")) {
        let Some(target) = file.strip_suffix(".rs") else {
            continue;
        };
        assert!(
            manifest.contains(&format!("\nname = \"{target}\"\n")),
            "tests/fuzz/Cargo.toml does not build {target}"
        );
        let there = names_below(fuzz.join("seeds").join(target));
        assert!(!there.is_empty(), "{target} has no seeds");
        seeds.extend(there);
    }
    assert!(seeds.len() > 100);
    let list = document("analyze/src/parse/every.rs");
    let parsers: Vec<&str> = list
        .split("parser(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(parsers.len() > 50);
    for parser in parsers {
        assert!(
            seeds
                .iter()
                .any(|seed| seed.starts_with(&format!("{parser}-"))),
            "{parser} has no seed"
        );
    }
}

/// bincode writes no field names: what makes a field come and go breaks its layout.
#[test]
fn records_have_one_layout() {
    let words = [
        "skip_serializing_if",
        "serde(flatten",
        "untagged",
        "serde(tag",
        "serde(skip",
        "serde_json::Value",
        "deserialize_any(",
    ];
    only_in(&sources("schema"), &words, &[]);
    // JSON alone may have defaults.
    only_in(
        &sources("schema"),
        &["serde(default"],
        &["schema/src/manifest.rs", "schema/src/header.rs"],
    );
}

#[test]
fn nothing_is_left_undone() {
    let product: Vec<_> = ["schema", "capture", "analyze"]
        .into_iter()
        .flat_map(sources)
        .collect();
    only_in(
        &product,
        &["todo!", "unimplemented!", "#[allow(", "#![allow("],
        &[],
    );
    for file in product {
        let mut words = file.text.split(|letter: char| !letter.is_alphanumeric());
        let mark = words.find(|word| ["TODO", "FIXME", "XXX", "HACK"].contains(word));
        assert!(mark.is_none(), "{} says {mark:?}", file.path);
    }
}

/// Compares a file, or a section of one, with what the code says; writes it where asked to.
#[track_caller]
fn expect_text(path: &str, found: &str, expected: &str, whole: &str) {
    if found == expected {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_GOLDEN").is_some(),
        "{path} is not what the code says; UPDATE_GOLDEN=1 cargo test -p analyze --test tidy writes it"
    );
    std::fs::write(workspace().join(path), whole).unwrap();
}

fn document(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_default()
}

#[test]
fn tables_are_documented() {
    let expected = schema::docs::tables_markdown();
    expect_text(
        "schema/TABLES.md",
        &document("schema/TABLES.md"),
        &expected,
        &expected,
    );
}

#[test]
fn readme_lists_the_tables() {
    const BEGIN: &str = "<!-- tables: compared with the declarations by tests/tidy.rs -->\n";
    const END: &str = "<!-- end of tables -->\n";
    let readme = document("README.md");
    let (before, rest) = readme
        .split_once(BEGIN)
        .expect("README has a list of tables");
    let (found, after) = rest.split_once(END).expect("the list of tables ends");
    let expected = schema::docs::table_list();
    expect_text(
        "README.md",
        found,
        &expected,
        &format!("{before}{BEGIN}{expected}{END}{after}"),
    );
}

#[test]
fn readme_names_commands_that_exist() {
    let readme = document("README.md");
    let mut named = BTreeSet::new();
    for line in readme.lines() {
        for command in line.split("; ") {
            let arguments = command.strip_prefix("analyze ").or_else(|| {
                command
                    .split_once("-p analyze -- ")
                    .map(|(_, arguments)| arguments)
            });
            if let Some(arguments) = arguments {
                named.insert(arguments.split(' ').next().unwrap().to_owned());
            }
        }
    }
    assert!(named.len() >= 6, "{named:?}");
    for command in &named {
        common::succeed(common::analyze().args([command, "--help"]), &[0]);
    }
    let help = common::succeed(common::capture().arg("--help"), &[0]);
    let help = String::from_utf8(help).unwrap();
    for option in [
        "--root",
        "--label",
        "--max-size",
        "--deadline",
        "--workers",
        "--list",
    ] {
        assert!(help.contains(option), "capture has no {option}");
    }
    assert!(
        readme.contains("\ntests/run\n"),
        "README names the test command"
    );
    assert!(
        document(".ci/run").contains("\ntests/run\n"),
        ".ci/run runs the test command of README"
    );
    let build = readme
        .lines()
        .find(|line| line.contains("crt-static"))
        .expect("README builds the static binary");
    assert!(build.contains("--release -p capture --target x86_64-unknown-linux-gnu"));
}

#[test]
fn the_format_is_described() {
    let format = document("schema/FORMAT.md");
    let flat = format.split_whitespace().collect::<Vec<_>>().join(" ");
    let version = format!(
        "# The bundle format, version {}\n",
        schema::header::FORMAT_VERSION
    );
    assert!(
        format.starts_with(&version),
        "FORMAT.md is of another version"
    );
    let tables = schema::tables::TABLES
        .iter()
        .filter(|table| table.sources.contains(&schema::Source::Record));
    for table in schema::records::RECORDS.iter().chain(tables) {
        let columns: Vec<_> = table
            .columns
            .iter()
            .map(|column| {
                let option = if column.nullable { "option " } else { "" };
                format!("`{}` {option}{}", column.name, column.layout)
            })
            .collect();
        let columns = columns.join(", ");
        assert!(
            flat.contains(&format!("`{}`:", table.name)),
            "FORMAT.md does not describe {}",
            table.name
        );
        assert!(
            flat.contains(&columns),
            "FORMAT.md: {} is {columns}",
            table.name
        );
    }
    for (number, lane) in [
        schema::bundle::Lane::Meta,
        schema::bundle::Lane::Process,
        schema::bundle::Lane::Memory,
        schema::bundle::Lane::Fd,
        schema::bundle::Lane::Record,
        schema::bundle::Lane::Network,
        schema::bundle::Lane::System,
        schema::bundle::Lane::Log,
    ]
    .iter()
    .enumerate()
    {
        assert!(
            format.contains(&format!("\n| {number} | {lane} |")),
            "lane {number} is {lane}"
        );
    }
    for (number, outcome) in schema::Outcome::ALL.iter().enumerate() {
        assert!(
            flat.contains(&format!("{number} {}", outcome.as_str())),
            "outcome {number}"
        );
    }
    for limit in [schema::bundle::MEMBER_LIMIT, schema::frame::ROW_LIMIT] {
        assert!(
            format.contains(&with_commas(limit)),
            "FORMAT.md names the limit {limit}"
        );
    }
}

fn with_commas(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn no_machine_is_named() {
    let root = workspace();
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let own = root.to_str().unwrap().to_owned();
    let host = hostname.trim();
    for path in [
        "README.md",
        "schema/FORMAT.md",
        "schema/TABLES.md",
        "samples/README.md",
    ] {
        let text = document(path);
        assert!(
            !text.contains(&own),
            "{path} names the directory of this machine"
        );
        assert!(
            host.len() < 6 || !text.contains(host),
            "{path} names this machine"
        );
    }
}
