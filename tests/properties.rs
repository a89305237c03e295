//! Bundles with random members: stock tar, `analyze extract` and `analyze load` see the same files in them.
#![cfg(test)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use common::bundles::{header, manifest};
use common::{analyze, has, skip, succeed};
use proptest::prelude::*;
use schema::bundle::{Lane, Writer};
use schema::member;

/// The regular files below a directory: name and content.
fn files_below(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(directory).unwrap().to_str().unwrap();
            found.insert(name.to_owned(), std::fs::read(&path).unwrap());
        }
    }
    found
}

fn text_rows(source: &Path, sql: &str) -> Vec<String> {
    let rows = common::rows(source, sql);
    rows.iter().map(|row| common::line(row)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn every_reader_sees_the_same_files(
        files in prop::collection::vec(
            (
                // A directory for each, so that no file has the name of another's directory.
                "(/[a-zA-Z0-9 äß'\"*?:&=%~-][a-zA-Z0-9 .äß'\"*?:&=%~-]{0,80}){1,3}",
                prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 0..3000)],
                0_usize..8,
                any::<bool>(),
            ),
            1..20,
        ),
        // Odd lines too: both ways of loading must understand, and not understand, the same.
        lines in "(([0-9]{1,3}\\.[0-9]{2} ){0,5}|[a-z: ]{0,9}|\u{0}|\n){0,20}",
    ) {
        if !has("tar") || !has("zstd") {
            skip("random bundles through stock tar", "tar and zstd are missing");
            return Ok(());
        }
        let place = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(Vec::new(), &header()).unwrap();
        let mut expected = BTreeMap::new();
        let mut put = |lane, path: &str, content: &[u8], flush| {
            let Some(name) = member::of_path(path.as_bytes()) else { return };
            writer.member(lane, &name, content, 0).unwrap();
            if flush {
                writer.flush(0).unwrap();
            }
            expected.insert(name, content.to_vec());
        };
        for (number, (path, content, lane, flush)) in files.iter().enumerate() {
            put(Lane::ALL[*lane], &format!("/{number}{path}"), content, *flush);
        }
        for path in ["/proc/loadavg", "/proc/meminfo", "/proc/stat", "/etc/passwd", "/var/log/syslog"] {
            put(Lane::System, path, lines.as_bytes(), false);
        }
        let bundle = place.path().join("bundle.tar.zst");
        std::fs::write(&bundle, writer.finish(manifest(), 0).unwrap().1).unwrap();

        let by_tar = place.path().join("tar");
        std::fs::create_dir(&by_tar).unwrap();
        succeed(Command::new("tar").arg("--zstd").arg("-xf").arg(&bundle).arg("-C").arg(&by_tar), &[0]);
        let by_us = place.path().join("extract");
        succeed(analyze().arg("extract").arg(&bundle).arg(&by_us), &[0]);
        let found = files_below(&by_tar);
        prop_assert!(found == files_below(&by_us));
        let evidence: BTreeMap<_, _> =
            found.iter().filter(|(name, _)| name.starts_with("root/")).map(|(name, content)| (name.clone(), content.clone())).collect();
        prop_assert!(evidence == expected, "{:?} and {:?}", evidence.keys(), expected.keys());
        let databases = [&bundle, &by_tar, &by_us].map(|source| {
            succeed(analyze().arg("verify").arg(source), &[0]);
            let database = source.with_extension("db");
            succeed(analyze().arg("load").arg("--db").arg(&database).arg(source), &[0]);
            database
        });
        for table in ["load_average", "memory_info", "log_lines", "parse_issues"] {
            let sql = format!("SELECT * FROM {table} ORDER BY 1, 2, 3");
            let [of_bundle, of_tar, of_extract] = &databases;
            let rows = text_rows(of_bundle, &sql);
            prop_assert_eq!(&rows, &text_rows(of_tar, &sql));
            prop_assert_eq!(&rows, &text_rows(of_extract, &sql));
        }
    }
}
