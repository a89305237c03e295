//! Logs from the host's files to rows: rotated siblings, times by the host's own clock, kills, full text, grep.
#![cfg(test)]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use common::{analyze, capture_tree, expect_rows, succeed};

/// A zone as in Newfoundland, as a zone file that has nothing but its rule.
fn newfoundland() -> Vec<u8> {
    let block = |types: &[u8]| {
        let mut header = b"TZif2".to_vec();
        header.resize(20, 0);
        // UT indicators, standard indicators, leap seconds, transitions, types, letters.
        for count in [0_u32, 0, 0, 0, 1, 4] {
            header.extend(count.to_be_bytes());
        }
        [&header, types].concat()
    };
    let types = [&(-12_600_i32).to_be_bytes()[..], &[0, 0], b"NST\0"].concat();
    let rule = b"\nNST3:30NDT,M3.2.0,M11.1.0\n";
    [block(&types), block(&types), rule.to_vec()].concat()
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn xz(text: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bz2(text: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A zstd frame of one block that is not compressed, of at most 255 bytes.
fn zst(text: &[u8]) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let block = (u32::from(length) << 3 | 1).to_le_bytes();
    [
        &[0x28, 0xb5, 0x2f, 0xfd, 0x20, length][..],
        &block[..3],
        text,
    ]
    .concat()
}

/// 2026-11-24T12:00:00Z, when the logs were written last.
const WRITTEN: u64 = 1_795_521_600;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Tree(tempfile::tempdir().unwrap());
        tree.file("etc/hostname", b"web-1\n");
        tree.file("usr/share/zoneinfo/America/St_Johns", &newfoundland());
        let link = tree.0.path().join("etc/localtime");
        std::os::unix::fs::symlink("/usr/share/zoneinfo/America/St_Johns", link).unwrap();
        tree
    }

    fn file(&self, path: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(WRITTEN);
        File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_modified(written)
            .unwrap();
        path
    }

    fn bundle(&self, place: &Path) -> PathBuf {
        capture_tree(self.0.path(), place)
    }
}

const KILL: &str = "[ 5000.000100] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0,oom_memcg=/box,task_memcg=/box/7,task=eater,pid=4711,uid=1000";
const KILLED: &str = "[ 5000.000200] Memory cgroup out of memory: Killed process 4711 (eater) total-vm:4kB, anon-rss:3kB, file-rss:2kB, shmem-rss:1kB, UID:1000 pgtables:8kB oom_score_adj:0";

fn scene() -> Tree {
    let tree = Tree::new();
    tree.file(
        "var/log/syslog",
        b"Nov 24 08:30:00 web-1 cron[7]: tick\n\
          <13>1 2026-11-24T12:00:00.25+00:00 web-1 app 9 - - five\n\
          2026-11-24T13:00:00.5+01:00 web-1 app[9]: offset\n",
    );
    // The clock showed 01:30 twice.
    tree.file(
        "var/log/syslog.1",
        b"Nov  1 01:30:00 web-1 cron[7]: summer\nNov  1 01:59:00 web-1 cron[7]: summer\nNov  1 01:30:00 web-1 cron[7]: winter\n",
    );
    tree.file(
        "var/log/syslog.2.gz",
        &gz(b"Dec 31 23:59:59 web-1 cron[7]: last year\n"),
    );
    tree.file(
        "var/log/syslog.3.xz",
        &xz(b"2026-01-02 03:04:05,678 plain words\n"),
    );
    tree.file(
        "var/log/syslog-20260101.bz2",
        &bz2(b"Jan  1 2026 00:00:00 web-1 cron[7]: with year\n"),
    );
    let kernel =
        format!("Nov 24 08:00:01 web-1 kernel: {KILL}\nNov 24 08:00:01 web-1 kernel: {KILLED}\n");
    tree.file("var/log/kern.log", kernel.as_bytes());
    tree.file("var/log/messages", kernel.as_bytes());
    tree.file("var/log/kern.log.1", kernel.as_bytes());
    tree.file(
        "var/log/kern.log-20261101.zst",
        &zst(b"Nov  1 00:00:01 web-1 kernel: [7.000001] zstd\n"),
    );
    let record = |text: &str| {
        let (stamp, message) = text.strip_prefix('[').unwrap().split_once("] ").unwrap();
        format!("3,1,{},-;{message}\n", stamp.trim().replace('.', ""))
    };
    let kmsg = [record(KILL), record(KILLED)].concat();
    tree.file("dev/kmsg", kmsg.as_bytes());
    let noise: Vec<u8> = (0..20_000_u32)
        .flat_map(|number| {
            format!(
                "Nov 24 00:00:00 web-1 a: {:08x}\n",
                number.wrapping_mul(0x9e37_79b9)
            )
            .into_bytes()
        })
        .collect();
    let torn = gz(&noise);
    tree.file("var/log/auth.log.1.gz", &torn[..torn.len() / 2]);
    let large = tree.file("var/log/auth.log.2.gz", b"");
    File::options()
        .write(true)
        .open(large)
        .unwrap()
        .set_len(17 << 20)
        .unwrap();
    tree.file("var/log/auth.log.swp", b"Nov 24 08:30:00 web-1 x: no log\n");
    tree
}

const LINES: &str = "SELECT path, line_no, strftime('%Y-%m-%dT%H:%M:%S', time, 'unixepoch'), time_us % 1000000, host, program, pid, message
  FROM log_lines WHERE path LIKE '/var/log/syslog%' ORDER BY path, line_no";

#[test]
fn rotated_logs_and_the_hosts_clock() {
    let place = tempfile::tempdir().unwrap();
    let bundle = scene().bundle(place.path());
    expect_rows(
        &bundle,
        LINES,
        "/var/log/syslog | 1 | 2026-11-24T12:00:00 | 0 | web-1 | cron | 7 | tick
         /var/log/syslog | 2 | 2026-11-24T12:00:00 | 250000 | web-1 | app | 9 | five
         /var/log/syslog | 3 | 2026-11-24T12:00:00 | 500000 | web-1 | app | 9 | offset
         /var/log/syslog-20260101.bz2 | 1 | 2026-01-01T03:30:00 | 0 | web-1 | cron | 7 | with year
         /var/log/syslog.1 | 1 | 2026-11-01T04:00:00 | 0 | web-1 | cron | 7 | summer
         /var/log/syslog.1 | 2 | 2026-11-01T04:29:00 | 0 | web-1 | cron | 7 | summer
         /var/log/syslog.1 | 3 | 2026-11-01T05:00:00 | 0 | web-1 | cron | 7 | winter
         /var/log/syslog.2.gz | 1 | 2026-01-01T03:29:59 | 0 | web-1 | cron | 7 | last year
         /var/log/syslog.3.xz | 1 | 2026-01-02T06:34:05 | 678000 | NULL | NULL | NULL | plain words",
    );
    expect_rows(
        &bundle,
        "SELECT path, outcome, reason, bytes_kept > 0 FROM collection_log WHERE path LIKE '/var/log/auth.log.%' ORDER BY path",
        "/var/log/auth.log.1.gz | collected | NULL | 1
         /var/log/auth.log.2.gz | skipped | size: 17825792 bytes, over the limit of 16777216 | 0",
    );
    expect_rows(
        &bundle,
        "SELECT count(*) > 1000, min(message), max(length(message)) FROM log_lines WHERE path = '/var/log/auth.log.1.gz'",
        "1 | 00000000 | 8",
    );
    expect_rows(
        &bundle,
        "SELECT member, reason LIKE 'it is torn: %' FROM parse_issues WHERE member LIKE '%/log/%'",
        "root/var/log/auth.log.1.gz | 1",
    );
    expect_rows(
        &bundle,
        "SELECT time, message FROM log_lines WHERE path LIKE '%.zst'",
        "1793500201 | [7.000001] zstd",
    );
}

/// A directory with more files than anybody would keep in mind: the newest logs are found whatever stands before them.
#[test]
fn the_newest_of_many_siblings_are_read() {
    let place = tempfile::tempdir().unwrap();
    let tree = Tree::new();
    let line = tree.file("var/log/syslog", b"Nov 24 08:30:00 web-1 cron[7]: tick\n");
    let directory = line.parent().unwrap();
    for number in 0..100_001 {
        File::create(directory.join(format!("a{number}"))).unwrap();
    }
    for number in 1..=2500 {
        fs::hard_link(&line, directory.join(format!("syslog.{number}"))).unwrap();
    }
    let bundle = tree.bundle(place.path());
    expect_rows(
        &bundle,
        "SELECT count(*), min(number), max(number) FROM (
           SELECT CAST(substr(path, 17) AS INTEGER) AS number FROM collection_log
           WHERE path GLOB '/var/log/syslog.*' AND outcome = 'collected')",
        "2000 | 1 | 2000",
    );
    expect_rows(
        &bundle,
        "SELECT path, outcome, reason FROM collection_log WHERE path LIKE '/var/log%' AND outcome NOT IN ('collected', 'absent')",
        "/var/log | truncated | over 2000 rotated logs of one log, 500 are left out",
    );
}

/// That the budget of all logs was spent is no agreed limit of the one that was cut.
#[test]
fn a_log_that_the_budget_cut_is_a_gap() {
    let place = tempfile::tempdir().unwrap();
    let tree = Tree::new();
    for number in 1..=65 {
        let length = if number == 1 {
            (1 << 20) - 7
        } else {
            (1 << 20) + 1
        };
        let log = tree.file(&format!("var/log/kern.log.{number}"), b"");
        let mut log = File::options().write(true).open(log).unwrap();
        log.write_all(&vec![b'x'; length]).unwrap();
    }
    let bundle = tree.bundle(place.path());
    expect_rows(
        &bundle,
        "SELECT path, outcome, reason, bytes_kept FROM collection_log
         WHERE path GLOB '/var/log/kern.log.6[3-5]' ORDER BY path",
        "/var/log/kern.log.63 | truncated | the last 1048576 bytes are kept | 1048576
         /var/log/kern.log.64 | truncated | the last 1048576 bytes are kept | 1048576
         /var/log/kern.log.65 | truncated | the last 7 bytes are kept | 7",
    );
    let reasons = "SELECT incomplete_reason FROM snapshots";
    let reasons = common::line(&common::rows(&bundle, reasons)[0]);
    assert!(
        reasons.contains("1 truncated (the last 7 bytes are kept), such as /var/log/kern.log.65"),
        "{reasons}"
    );
    assert!(!reasons.contains("1048576"), "{reasons}");
}

/// Trees that others collected have the link, and not what it leads to; older ones have only the name.
#[test]
fn the_zone_by_its_name() {
    let place = tempfile::tempdir().unwrap();
    let line = "SELECT time FROM log_lines";
    let zone = "SELECT count(*) FROM parse_issues WHERE reason LIKE '%time zone is not known%'";
    let tree = scene();
    for file in fs::read_dir(tree.0.path().join("var/log")).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    fs::remove_file(tree.0.path().join("dev/kmsg")).unwrap();
    tree.file("var/log/syslog", b"Nov 24 08:30:00 web-1 cron[7]: tick\n");
    let check = |name: &str, time: &str, unknown: &str| {
        let place = place.path().join(name);
        fs::create_dir(&place).unwrap();
        let bundle = tree.bundle(&place);
        expect_rows(&bundle, line, time);
        expect_rows(&bundle, zone, unknown);
    };
    fs::remove_dir_all(tree.0.path().join("usr")).unwrap();
    check("link", "1795521600", "0");
    fs::remove_file(tree.0.path().join("etc/localtime")).unwrap();
    tree.file("etc/timezone", b"Asia/Tokyo\n");
    check("name", "1795476600", "0");
    fs::remove_file(tree.0.path().join("etc/timezone")).unwrap();
    check("nothing", "1795509000", "1");
}

#[test]
fn a_kill_is_told_once() {
    let place = tempfile::tempdir().unwrap();
    let bundle = scene().bundle(place.path());
    expect_rows(
        &bundle,
        "SELECT count(*) FROM log_lines WHERE message LIKE '%Killed process%'",
        "4",
    );
    expect_rows(
        &bundle,
        "SELECT strftime('%Y-%m-%dT%H:%M:%S', time, 'unixepoch'), pid, name, total_vm_bytes, anon_rss_bytes, file_rss_bytes,
           shmem_rss_bytes, \"constraint\", cgroup, limit_cgroup, oom_score_adj, uid FROM oom_kills",
        "2026-11-24T11:30:01 | 4711 | eater | 4096 | 3072 | 2048 | 1024 | CONSTRAINT_MEMCG | /box/7 | /box | 0 | 1000",
    );
    let shown = succeed(analyze().arg("show").arg("oom").arg(&bundle), &[0, 1]);
    let shown = String::from_utf8(shown).unwrap();
    assert!(
        shown.contains("2026-11-24 11:30:01  4711  eater"),
        "{shown}"
    );
}

/// The analyst's own zone plays no part.
#[test]
fn the_analysts_clock_plays_no_part() {
    let place = tempfile::tempdir().unwrap();
    let bundle = scene().bundle(place.path());
    let tables = |zone: &str| {
        let database = place.path().join(format!("{}.db", zone.replace('/', "-")));
        let load = analyze()
            .env("TZ", zone)
            .arg("load")
            .arg("--db")
            .arg(&database)
            .arg(&bundle)
            .status();
        assert!(load.unwrap().code().is_some_and(|code| code < 2));
        schema::tables::TABLES
            .iter()
            .map(|table| {
                let sql = format!("SELECT * FROM {}", table.name);
                let mut command = analyze();
                command
                    .env("TZ", zone)
                    .arg("sql")
                    .arg(&database)
                    .arg(sql)
                    .args(["--format", "jsonl"]);
                let rows = succeed(&mut command, &[0, 1]);
                (table.name, String::from_utf8(rows).unwrap())
            })
            .collect::<Vec<_>>()
    };
    let (east, utc) = (tables("Asia/Tokyo"), tables("UTC"));
    for (one, other) in east.iter().zip(&utc) {
        assert_eq!(one, other);
    }
    assert!(
        east.iter()
            .any(|(name, rows)| *name == "log_lines" && rows.len() > 1000)
    );
}

#[test]
fn grep_finds_lines() {
    let place = tempfile::tempdir().unwrap();
    let bundle = scene().bundle(place.path());
    let grep = |arguments: &[&str]| {
        let mut command = analyze();
        command
            .arg("grep")
            .arg(&bundle)
            .args(arguments)
            .args(["--format", "csv"]);
        let out = succeed(&mut command, &[0]);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        grep(&["^(five|web-1 cron.*LAST YEAR)", "-i"]),
        "path,line_no,time,text\n\
         /var/log/syslog,2,2026-11-24T12:00:00.250000Z,web-1 app[9]: five\n\
         /var/log/syslog.2.gz,1,2026-01-01T03:29:59.000000Z,web-1 cron[7]: last year\n"
    );
    assert_eq!(
        grep(&[
            "cron[7]: ",
            "-F",
            "-c",
            "--since",
            "2026-11-01T04:29:00Z",
            "--path",
            "*/syslog.?"
        ]),
        "path,lines\n/var/log/syslog.1,2\n"
    );
    assert_eq!(grep(&["no such line"]), "path,line_no,time,text\n");
    let refused = |arguments: &[&str]| {
        let output = analyze()
            .arg("grep")
            .arg(&bundle)
            .args(arguments)
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), message.lines().count()),
            (Some(2), 1),
            "{message}"
        );
        message
    };
    assert!(refused(&["(x"]).contains("no regular expression: error: unclosed group"));
    assert!(refused(&["((x{1000}){1000}){1000}"]).contains("no regular expression"));
}

/// Two snapshots in one database: each is asked as if it were alone.
#[test]
fn full_text_of_two_snapshots() {
    let place = tempfile::tempdir().unwrap();
    let tree = scene();
    let first = tree.bundle(place.path());
    let database = place.path().join("both.db");
    let load = |bundle: &Path| {
        succeed(
            analyze().arg("load").arg("--db").arg(&database).arg(bundle),
            &[0, 1],
        );
    };
    load(&first);
    tree.file(
        "var/log/syslog",
        b"Nov 24 08:29:00 web-1 cron[7]: tick of the second\n",
    );
    let second_place = tempfile::tempdir().unwrap();
    let second = tree.bundle(second_place.path());
    load(&second);
    for sql in [
        "SELECT path, line_no, message FROM log_lines_fts WHERE log_lines_fts MATCH 'tick OR second OR winter' ORDER BY rank, path, line_no",
        "SELECT count(*) FROM log_lines_fts WHERE log_lines_fts MATCH '\"killed process\"'",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3) SELECT sum(i) FROM n",
        "SELECT value FROM json_each('[1, 2]')",
    ] {
        for (number, bundle) in [("1", &first), ("2", &second)] {
            let ask = |source: &Path, snapshot: &[&str]| {
                let mut command = analyze();
                command
                    .arg("sql")
                    .arg(source)
                    .arg(sql)
                    .args(snapshot)
                    .args(["--format", "csv"]);
                String::from_utf8(succeed(&mut command, &[0, 1])).unwrap()
            };
            let alone = ask(bundle, &[]);
            assert!(alone.lines().count() > 1, "{sql}: {alone}");
            assert_eq!(ask(&database, &["--snapshot", number]), alone, "{sql}");
        }
    }
}
