//! Loading: what a bundle and an extracted directory give, and what becomes of cut, damaged and foreign input.

#![cfg(test)]

#[path = "common/bundles.rs"]
mod bundles;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use bundles::noise;
use schema::bundle::{Lane, Writer};
use schema::header::{Clocks, Header, Host};
use schema::manifest::Manifest;
use schema::records::{FdLink, NamespaceStandIn};
use schema::tables::{CollectionLog, TABLES};
use schema::{Outcome, Text};
use tempfile::TempDir;

fn header() -> Header {
    let given = bundles::header();
    Header {
        label: Some("before".to_owned()),
        host: Host {
            kernel_release: Some("6.18.0".to_owned()),
            machine: Some("x86_64".to_owned()),
            boot_id: Some("b".to_owned()),
            ..given.host
        },
        ..given
    }
}

fn manifest() -> Manifest {
    let given = bundles::manifest();
    Manifest {
        // Two and a half seconds after the capture began.
        clocks: Clocks {
            boottime_us: given.clocks.boottime_us.map(|time| time + 2_500_000),
            ..given.clocks
        },
        ..given
    }
}

fn outcome(path: &[u8], member: Option<&str>) -> CollectionLog<'static> {
    CollectionLog {
        path: path.to_vec().into(),
        pid: None,
        outcome: Outcome::Collected,
        errno: None,
        reason: None,
        member: member.map(|name| name.to_owned().into()),
        parts: u32::from(member.is_some()),
        bytes_kept: 3,
        bytes_seen: u64::MAX,
        offset: 0,
        inode: Some(1 << 63),
        mtime: Some(1_600_000_000),
        uid: Some(0),
        redactions: 0,
        original_hmac: None,
        duration_us: 12,
    }
}

/// A bundle with content of every kind, in several frames.
fn bundle(hostname: &[u8]) -> Vec<u8> {
    bundle_of(&header(), hostname)
}

fn bundle_of(header: &Header, hostname: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), header).unwrap();
    let mut put = |lane, name: &str, content: &[u8]| {
        writer.member(lane, name, content, 0).unwrap();
        writer.flush(0).unwrap();
    };
    put(
        Lane::System,
        "root/proc/loadavg",
        b"0.52 0.58 12.59 3/602 29345\n",
    );
    put(Lane::System, "root/etc/hostname", hostname);
    put(
        Lane::System,
        "root/etc/passwd",
        b"ada:x:1000:1000::/home/ada:/bin/bash\n",
    );
    for pid in 1..20_u32 {
        let name = format!("root/proc/{pid}/wchan");
        put(Lane::Process, &name, &noise(u64::from(pid), 3000));
    }
    put(Lane::Log, "root/var/log/syslog", b"first\n");
    put(Lane::Log, "root/var/log/syslog.part.000001", b"second\n");
    let blob = writer.next_blob();
    writer.member(Lane::Log, &blob, b"ls\n", 0).unwrap();
    writer
        .record(&outcome(b"/proc/loadavg", Some("root/proc/loadavg")), 0)
        .unwrap();
    writer
        .record(&outcome(b"/home/\xff\n/.bash_history", Some(&blob)), 0)
        .unwrap();
    let net = NamespaceStandIn {
        r#type: Text::from("net"),
        inode: 4_026_531_840,
        pid: 1,
    };
    writer.record(&net, 0).unwrap();
    for fd in 0..50 {
        let link = FdLink {
            pid: 7,
            fd,
            target: Some(Text::from("/dev/null")),
            fdinfo: Some(Text::from("pos:\t0\n")),
            link_count: None,
        };
        writer.record(&link, 0).unwrap();
    }
    writer.finish(manifest(), 0).unwrap().1
}

struct Scene {
    directory: TempDir,
}

impl Scene {
    fn new() -> Self {
        Scene {
            directory: TempDir::new().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs the program: exit code, stdout, stderr.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = Command::new(assert_cmd::cargo::cargo_bin!("analyze"))
            .current_dir(self.directory.path())
            .args(arguments)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// All rows of all tables, sorted.
fn rows(database: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let connection = rusqlite::Connection::open(database).unwrap();
    let table = |name: &'static str| {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM {name}"))
            .unwrap();
        let columns = statement.column_count();
        let mut found: Vec<String> = statement
            .query_map([], |row| {
                let values = (0..columns).map(|column| {
                    format!(
                        "{:?}",
                        row.get::<_, rusqlite::types::Value>(column).unwrap()
                    )
                });
                Ok(values.collect::<Vec<_>>().join("|"))
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        found.sort();
        (name, found)
    };
    TABLES
        .iter()
        .map(|definition| table(definition.name))
        .collect()
}

#[test]
fn bundle_and_directory_give_the_same_rows() {
    let scene = Scene::new();
    let whole = bundle(b"web-1\n");
    scene.file("whole.tar.zst", &whole);
    scene.file("cut.tar.zst", &whole[..whole.len() / 2]);
    for (name, code) in [("whole", 0), ("cut", 1)] {
        let source = format!("{name}.tar.zst");
        let of_bundle = scene.run(&["load", "--db", &format!("{name}-b.db"), &source]);
        assert_eq!(of_bundle.0, code, "{of_bundle:?}");
        assert_eq!(scene.run(&["extract", &source, name]).0, code);
        let of_directory = scene.run(&["load", "--db", &format!("{name}-d.db"), name]);
        assert_eq!(of_directory.0, code, "{of_directory:?}");
        let mut found = [
            rows(&scene.path(&format!("{name}-b.db"))),
            rows(&scene.path(&format!("{name}-d.db"))),
        ];
        if code == 1 {
            // Where a bundle breaks is known to the byte; in a directory members are missing.
            for rows in &mut found {
                rows.remove("parse_issues");
            }
        }
        assert_eq!(found[0], found[1]);
        assert_eq!(found[0]["snapshots"].len(), 1);
        assert_eq!(found[0]["load_average"].len(), 3);
    }
    let whole = &rows(&scene.path("whole-b.db"));
    assert_eq!(whole["collection_log"].len(), 2);
    assert!(
        whole["parse_issues"]
            .iter()
            .all(|row| !row.contains("sums")),
        "{whole:?}"
    );
    assert!(whole["snapshots"][0].contains("Integer(2500)"), "{whole:?}");
    let cut = &rows(&scene.path("cut-b.db"))["snapshots"][0];
    assert!(cut.contains("the capture was cut off"), "{cut}");
}

/// A file of odd lines fills neither the table nor the disk, and says how many there were.
#[test]
fn odd_lines_beyond_a_thousand_are_counted() {
    let scene = Scene::new();
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    for (name, lines) in [("root/proc/meminfo", 5000), ("root/proc/vmstat", 3)] {
        let content = "odd\n".repeat(lines);
        writer
            .member(Lane::System, name, content.as_bytes(), 0)
            .unwrap();
    }
    scene.file("x.tar.zst", &writer.finish(manifest(), 0).unwrap().1);
    assert_eq!(scene.run(&["load", "--db", "x.db", "x.tar.zst"]).0, 0);
    let issues = &rows(&scene.path("x.db"))["parse_issues"];
    let of = |member: &str| issues.iter().filter(|row| row.contains(member)).count();
    assert_eq!((of("meminfo"), of("vmstat")), (1001, 3));
    let counted = issues.iter().filter(|row| row.contains("\"4000 more"));
    assert_eq!(counted.count(), 1);
}

/// Stock tar gives the same directory, also where the bundle lies beside it.
#[test]
fn directory_of_stock_tar() {
    let scene = Scene::new();
    scene.file("x.tar.zst", &bundle(b"web-1\n"));
    let tar = std::process::Command::new("tar")
        .args(["--zstd", "-xf", "x.tar.zst"])
        .current_dir(scene.directory.path())
        .status();
    let Ok(true) = tar.map(|status| status.success()) else {
        return; // No tar or no zstd here.
    };
    assert_eq!(
        scene.run(&["verify", "."]).0,
        0,
        "{:?}",
        scene.run(&["verify", "."])
    );
    assert_eq!(scene.run(&["load", "--db", "d.db", "."]).0, 0);
    assert_eq!(scene.run(&["load", "--db", "b.db", "x.tar.zst"]).0, 0);
    assert_eq!(rows(&scene.path("d.db")), rows(&scene.path("b.db")));
}

#[test]
fn loading_again() {
    let scene = Scene::new();
    scene.file("a.tar.zst", &bundle(b"web-1\n"));
    scene.file("other.tar.zst", &bundle(b"web-2\n"));
    let first = scene.run(&["load", "--db", "x.db", "a.tar.zst"]);
    assert!(
        first.0 == 0
            && first
                .1
                .starts_with("snapshot 1: web-1 2023-11-14T22:30:00Z, "),
        "{first:?}"
    );
    let before = fs::read(scene.path("x.db")).unwrap();
    let again = scene.run(&["load", "--db", "x.db", "a.tar.zst", "a.tar.zst"]);
    assert_eq!(again.0, 0);
    assert_eq!(again.2.lines().count(), 2);
    assert!(
        again
            .2
            .starts_with("analyze: a.tar.zst: is loaded already, as snapshot 1")
    );
    let other = scene.run(&["load", "--db", "x.db", "other.tar.zst"]);
    assert_eq!((other.0, other.2.lines().count()), (2, 1));
    assert!(
        other.2.contains("the same capture with another content"),
        "{}",
        other.2
    );
    assert!(fs::read(scene.path("x.db")).unwrap() == before);
    assert_eq!(scene.entries(), ["a.tar.zst", "other.tar.zst", "x.db"]);
}

/// Killed or out of space half-way: a new database is not there, an old one is as it was.
#[test]
fn no_half_loaded_snapshot_is_visible() {
    let scene = Scene::new();
    scene.file("x.tar.zst", &bundle(b"web-1\n"));
    let mut other = header();
    other.capture_id = "0190a0a0-0000-7000-8000-000000000001".to_owned();
    scene.file("other.tar.zst", &bundle_of(&other, b"web-1\n"));
    assert_eq!(scene.run(&["load", "--db", "old.db", "x.tar.zst"]).0, 0);
    let before = rows(&scene.path("old.db"));
    let limited = |trap: &str, database: &str| {
        let program = assert_cmd::cargo::cargo_bin!("analyze");
        let script = format!(
            "{trap} ulimit -f 100; exec '{}' load --db {database} other.tar.zst",
            program.display()
        );
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]);
        shell.current_dir(scene.directory.path()).output().unwrap()
    };
    for database in ["new.db", "old.db"] {
        // A write behind the limit kills, or fails where the signal is ignored.
        let killed = limited("", database);
        assert_eq!(killed.status.code(), None, "{killed:?}");
        assert!(!scene.path("new.db").exists());
        assert_eq!(rows(&scene.path("old.db")), before);
        let failed = limited("trap '' XFSZ;", database);
        assert_eq!(failed.status.code(), Some(2), "{failed:?}");
        assert_eq!(String::from_utf8(failed.stderr).unwrap().lines().count(), 1);
        assert!(!scene.path("new.db").exists());
        assert_eq!(rows(&scene.path("old.db")), before);
    }
    assert_eq!(scene.run(&["load", "--db", "old.db", "other.tar.zst"]).0, 0);
    assert_eq!(rows(&scene.path("old.db"))["snapshots"].len(), 2);
}

/// Whatever is given, one line, exit code 2, and nothing is written.
#[test]
fn foreign_input_is_named_in_one_line() {
    let scene = Scene::new();
    scene.file("good.tar.zst", &bundle(b"web-1\n"));
    scene.file("empty", b"");
    scene.file("text", b"hello\n");
    scene.file("zeros", &[0; 4096]);
    scene.file("escape\u{1b}[31m", b"hello\n");
    fs::create_dir(scene.path("directory")).unwrap();
    rusqlite::Connection::open(scene.path("foreign.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let before = scene.entries();
    let mut inputs = vec![
        "missing",
        "empty",
        "text",
        "zeros",
        "escape\u{1b}[31m",
        "directory",
        "foreign.db",
        "/dev/zero",
        "/dev/null",
    ];
    if std::process::Command::new("mkfifo")
        .arg(scene.path("fifo"))
        .status()
        .is_ok()
    {
        inputs.push("fifo");
    }
    let before = [before, vec!["fifo".to_owned()]].concat();
    for input in inputs {
        for command in [
            &["verify", input][..],
            &["ls", input],
            &["cat", input, "/etc/passwd"],
            &["extract", input, "out"],
            &["load", "--db", "new.db", input],
            &["load", "--db", "new.db", "good.tar.zst", input],
        ] {
            let (code, out, message) = scene.run(command);
            assert_eq!((code, out.as_str()), (2, ""), "{command:?}: {message}");
            assert_eq!(message.lines().count(), 1, "{command:?}: {message}");
            assert!(
                message.starts_with("analyze: ") && !message.contains('\u{1b}'),
                "{message:?}"
            );
        }
    }
    for target in [
        "text",
        "foreign.db",
        "good.tar.zst",
        "directory",
        "no/such/x.db",
    ] {
        let (code, _, message) = scene.run(&["load", "--db", target, "good.tar.zst"]);
        assert_eq!(
            (code, message.lines().count()),
            (2, 1),
            "{target}: {message}"
        );
    }
    let mut after = scene.entries();
    after.sort();
    let mut before = before;
    before.sort();
    assert_eq!(after, before);
}

#[test]
fn every_truncation_loads_up_to_the_break() {
    let scene = Scene::new();
    let whole = bundle(b"web-1\n");
    let mut most = 0;
    for (number, length) in (0..whole.len()).step_by(whole.len() / 12).enumerate() {
        scene.file("cut.tar.zst", &whole[..length]);
        let database = format!("{number}.db");
        let (code, _, message) = scene.run(&["load", "--db", &database, "cut.tar.zst"]);
        let verified = scene.run(&["verify", "cut.tar.zst"]);
        assert_eq!(verified.0, code, "{verified:?}");
        if code == 2 {
            assert!(message.contains("not a bundle"), "{message}");
            continue;
        }
        assert_eq!(code, 1);
        // Where only the seek table is cut, the closing sums are there.
        let verdict = verified.1.lines().last().unwrap();
        assert!(["cut off", "damaged"].contains(&verdict), "{verified:?}");
        let rows = rows(&scene.path(&database));
        let count: usize = rows.values().map(Vec::len).sum();
        assert!(
            rows["snapshots"].len() == 1 && count >= most.min(3),
            "{rows:?}"
        );
        most = most.max(count);
    }
    assert!(most > 3);
}

/// What the sums do not list, or list otherwise, is no evidence.
#[test]
fn tampered_directories_are_noticed() {
    let scene = Scene::new();
    scene.file("x.tar.zst", &bundle(b"web-1\n"));
    assert_eq!(scene.run(&["extract", "x.tar.zst", "d"]).0, 0);
    assert_eq!(scene.run(&["verify", "d"]).0, 0);
    fs::write(scene.path("d/root/proc/loadavg"), b"9.99 9.99 9.99 1/1 1\n").unwrap();
    fs::write(scene.path("d/root/etc/hosts"), b"192.0.2.1 planted\n").unwrap();
    fs::remove_file(scene.path("d/root/etc/hostname")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", scene.path("d/root/etc/group")).unwrap();
    let (code, out, _) = scene.run(&["verify", "d"]);
    assert_eq!(code, 1);
    for expected in [
        "root/proc/loadavg: its content is not what the sums say",
        "root/etc/hosts: the sums do not list it",
        "root/etc/hostname: missing: the sums list it",
        "root/etc/group: is no regular file",
        "\ndamaged\n",
    ] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    assert_eq!(scene.run(&["load", "--db", "x.db", "d"]).0, 1);
    let rows = rows(&scene.path("x.db"));
    assert!(rows["load_average"].is_empty() && rows["etc_hosts"].is_empty());
    assert!(rows["parse_issues"].len() >= 4);
    assert!(rows["snapshots"][0].contains("the bundle is damaged"));
}

#[test]
fn files_come_back_byte_for_byte() {
    use std::os::unix::ffi::OsStrExt;
    let scene = Scene::new();
    scene.file("x.tar.zst", &bundle(b"web-1\n"));
    let (code, out, _) = scene.run(&["cat", "x.tar.zst", "/var/log/syslog"]);
    assert_eq!((code, out.as_str()), (0, "first\nsecond\n"));
    let (code, out, _) = scene.run(&["cat", "x.tar.zst", "root/var/log/syslog.part.000001"]);
    assert_eq!((code, out.as_str()), (0, "second\n"));
    let blob = Command::new(assert_cmd::cargo::cargo_bin!("analyze"))
        .current_dir(scene.directory.path())
        .args(["cat", "x.tar.zst"])
        .arg(std::ffi::OsStr::from_bytes(b"/home/\xff\n/.bash_history"))
        .output()
        .unwrap();
    assert_eq!(blob.stdout, b"ls\n");
    let (code, out, message) = scene.run(&["cat", "x.tar.zst", "/etc/shadow"]);
    assert_eq!((code, out.as_str(), message.lines().count()), (2, "", 1));
    let (code, listed, _) = scene.run(&["ls", "x.tar.zst"]);
    assert_eq!(code, 0);
    assert!(
        listed.contains("freezeframe/blobs/1  /home/\\xff\\n/.bash_history"),
        "{listed}"
    );
    assert!(
        scene
            .run(&["ls", "--format", "json", "x.tar.zst"])
            .1
            .lines()
            .count()
            > 30
    );
}

#[test]
fn extract_writes_into_nothing_that_is_there() {
    let scene = Scene::new();
    scene.file("x.tar.zst", &bundle(b"web-1\n"));
    fs::create_dir(scene.path("full")).unwrap();
    scene.file("full/freezeframe", b"mine");
    fs::create_dir(scene.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", scene.path("link")).unwrap();
    for target in ["full", "link", "x.tar.zst", "no/such"] {
        let (code, out, message) = scene.run(&["extract", "x.tar.zst", target]);
        assert_eq!(
            (code, out.as_str(), message.lines().count()),
            (2, "", 1),
            "{target}: {message}"
        );
    }
    assert_eq!(fs::read_dir(scene.path("elsewhere")).unwrap().count(), 0);
    assert_eq!(fs::read(scene.path("full/freezeframe")).unwrap(), b"mine");

    // A member that another one needs as its directory.
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    writer.member(Lane::System, "root/a", b"file", 0).unwrap();
    writer
        .member(Lane::System, "root/a/b", b"below it", 0)
        .unwrap();
    scene.file("odd.tar.zst", &writer.finish(manifest(), 0).unwrap().1);
    let (code, _, message) = scene.run(&["extract", "odd.tar.zst", "odd"]);
    assert_eq!((code, message.lines().count()), (1, 1), "{message}");
    assert_eq!(fs::read(scene.path("odd/root/a")).unwrap(), b"file");
}

#[test]
fn the_program_describes_itself() {
    let scene = Scene::new();
    let (code, out, _) = scene.run(&["tables"]);
    assert_eq!(code, 0);
    let views = ["listening_ports", "process_units"];
    for name in TABLES.iter().map(|table| table.name).chain(views) {
        let listed = |line: &str| line.split_whitespace().next() == Some(name);
        assert!(out.lines().any(listed), "{name}");
    }
    assert!(scene.run(&["tables", "process_fds"]).1.contains("link"));
    assert!(scene.run(&["tables", "process_units"]).1.contains("SELECT"));
    assert_eq!(scene.run(&["tables", "nothing"]).0, 2);
    for arguments in [
        &["tables", "--format", "json"][..],
        &["tables", "users", "--format", "json"],
    ] {
        serde_json::from_str::<serde_json::Value>(&scene.run(arguments).1).unwrap();
    }
    assert!(scene.run(&["completions", "bash"]).1.contains("analyze"));
    assert!(scene.run(&["man"]).1.contains(".TH"));
    assert_eq!(scene.run(&["nonsense"]).0, 2);
    assert_eq!(scene.run(&["--help"]).0, 0);
}
