//! SQL that is meant to do more than read, or never to end.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::common::{self, Guard, succeed, wait_for, wait_within};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::here("S01", "statements that write, attach or load", writing).in_quick_part(),
    Case::here("S02", "endless recursion, cross joins", endless),
    Case::here(
        "S04",
        "statements that are too long, too deep, too wide",
        too_large,
    )
    .in_quick_part(),
    Case::here(
        "S05",
        "answers that need all memory, or all of the disk",
        memory,
    ),
    Case::here("S06", "one function that never returns", uninterruptible),
    Case::here("S07", "no statement, or several", no_statement).in_quick_part(),
    Case::here("S08", "Ctrl-C, and a reader that goes away", interrupted),
];

const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";

/// What a case asks: a database of `web-1` in an empty directory, which is all that may be there afterwards.
struct Database {
    folder: PathBuf,
    file: PathBuf,
    content: Vec<u8>,
}

impl Database {
    fn new(trial: &Trial) -> Self {
        let folder = trial.place().join("database");
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("snapshots.db");
        let mut load = trial.analyze();
        load.arg("load").arg("--db").arg(&file).arg(common::web_1());
        succeed(&mut load, &[0, 1]);
        let content = std::fs::read(&file).unwrap();
        Database {
            folder,
            file,
            content,
        }
    }

    /// Asks with little memory for the whole process: more is its end.
    fn ask(&self, trial: &mut Trial, arguments: &[&str], limit: Duration) -> Output {
        let mut command = within_memory(&trial.analyze());
        command
            .arg("sql")
            .arg(&self.file)
            .args(arguments)
            .current_dir(&self.folder)
            .env("TMPDIR", &self.folder);
        trial.run(&mut command, limit)
    }

    /// The database answers as before, and nothing lies beside it.
    fn check(&self, trial: &mut Trial) {
        let nginx = Trial::rows(
            &self.file,
            "SELECT count(*) > 0 FROM processes WHERE name = 'nginx'",
        );
        trial.rest(nginx == ["1"], format!("{nginx:?}"));
        let left: Vec<_> = files(&self.folder);
        trial.harmless(left == ["snapshots.db"], format!("files: {left:?}"));
        let content = std::fs::read(&self.file).unwrap();
        trial.harmless(content == self.content, "the database was changed");
    }
}

/// The same program where the system gives it no more than 900 MiB of addresses.
fn within_memory(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -v 921600; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    shell
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The statement ends without an answer, for a reason that has one of the texts in it.
fn refused(trial: &mut Trial, sql: &str, output: &Output, reasons: &[&str]) {
    let said = stderr(output);
    let begin: String = sql.chars().take(80).collect();
    trial.named(
        output.status.code() == Some(2)
            && reasons.iter().any(|reason| said.contains(reason))
            && said.lines().count() == 1
            && said.len() < 3000,
        format!("{begin}: {:?}: {said}", output.status),
    );
}

fn writing(trial: &mut Trial) -> Result<(), Skipped> {
    let database = Database::new(trial);
    let statements = [
        "VACUUM INTO 'out'",
        "VACUUM",
        "ATTACH 'out' AS x",
        "ATTACH 'file:out?mode=rwc' AS x",
        "ATTACH ':memory:' AS x",
        "DETACH main",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "PRAGMA journal_mode = wal",
        "PRAGMA hard_heap_limit = 0",
        "PRAGMA temp_store = FILE",
        "PRAGMA temp_store_directory = '.'",
        "PRAGMA database_list",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_wal_checkpoint",
        "CREATE TEMP TABLE t(a)",
        "CREATE TABLE t(a)",
        "CREATE TEMP TABLE t AS SELECT * FROM processes",
        "CREATE VIRTUAL TABLE temp.t USING fts5(a)",
        "INSERT INTO main.log_lines_fts(log_lines_fts) VALUES ('optimize')",
        "INSERT INTO log_lines_fts(log_lines_fts, rank) VALUES ('automerge', 16)",
        "DELETE FROM main.log_lines_fts_data",
        "UPDATE main.snapshots SET label = 'x'",
        "WITH x AS (SELECT 1) DELETE FROM main.snapshots",
        "REPLACE INTO main.users VALUES (1, 1, 1, 'a', '', '', '')",
        "DROP TABLE main.snapshots",
        "DROP VIEW coverage",
        "ALTER TABLE main.users ADD COLUMN x",
        "REINDEX",
        "ANALYZE",
        "BEGIN IMMEDIATE",
        "SELECT load_extension('./out')",
        "SELECT writefile('out', 'x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT edit('x', 'touch out')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT * FROM csv('/etc/passwd')",
        "SELECT * FROM fsdir('/')",
        "UPDATE main.sqlite_dbpage SET data = zeroblob(4096)",
        "EXPLAIN DELETE FROM main.snapshots",
    ];
    for sql in statements {
        for narrowed in [&[][..], &["--snapshot", "1"]] {
            let arguments = [&[sql], narrowed].concat();
            let output = database.ask(trial, &arguments, Duration::from_secs(10));
            let reasons = [
                "not authorized",
                "no such function",
                "no such table",
                "may not be modified",
            ];
            refused(trial, sql, &output, &reasons);
        }
    }
    database.check(trial);
    Ok(())
}

fn endless(trial: &mut Trial) -> Result<(), Skipped> {
    let database = Database::new(trial);
    let statements = [
        format!("{ENDLESS} SELECT max(i) FROM n"),
        format!("{ENDLESS} SELECT i FROM n WHERE i < 0"),
        format!("{ENDLESS} SELECT count(*) FROM n, process_fds, log_lines"),
        "SELECT count(*) FROM process_fds a, process_fds b, process_fds c, process_fds d, process_fds e, process_fds f"
            .to_owned(),
        format!(
            "SELECT count(*) FROM {}",
            (0..64).map(|n| format!("process_envs e{n}")).collect::<Vec<_>>().join(", ")
        ),
    ];
    for sql in statements {
        let started = Instant::now();
        let output = database.ask(trial, &[&sql, "--timeout", "1"], Duration::from_secs(20));
        let took = started.elapsed();
        trial.ends(took < Duration::from_secs(6), format!("{sql}: {took:?}"));
        refused(trial, &sql, &output, &["longer than 1 seconds (--timeout"]);
    }
    database.check(trial);
    Ok(())
}

fn too_large(trial: &mut Trial) -> Result<(), Skipped> {
    let database = Database::new(trial);
    let nested = |open: &str, close: &str| {
        format!("SELECT {}1{}", open.repeat(10_000), close.repeat(10_000))
    };
    let list = |item: &str, between: &str, count| vec![item; count].join(between);
    let statements = [
        (nested("(", ")"), "Recursion limit"),
        (nested("NOT ", ""), "Recursion limit"),
        (nested("(SELECT ", ")"), "Recursion limit"),
        (list("SELECT 1", " UNION ALL ", 6000), "too many terms"),
        (format!("SELECT {}", list("1", "+", 10_000)), "too large"),
        (
            format!("SELECT {}", list("1", ",", 10_000)),
            "too many columns",
        ),
        (
            format!("SELECT 1 FROM {}", list("processes", ",", 65)),
            "64 tables",
        ),
        ("SELECT ?999999".to_owned(), "variable number"),
        ("SELECT zeroblob(2147483647)".to_owned(), "too big"),
        ("SELECT randomblob(2147483647)".to_owned(), "too big"),
        (
            "SELECT printf('%.*c', 2147483647, 'x')".to_owned(),
            "too big",
        ),
        ("SELECT hex(zeroblob(70000000))".to_owned(), "too big"),
        (
            "SELECT replace(hex(zeroblob(8000000)), '0', hex(zeroblob(100)))".to_owned(),
            "too big",
        ),
        (
            format!("SELECT '{}", "x".repeat(100_000)),
            "unrecognized token",
        ),
    ];
    for (sql, reason) in statements {
        let output = database.ask(trial, &[&sql], Duration::from_secs(10));
        refused(trial, &sql, &output, &[reason]);
    }
    // Longer than the system lets an argument be.
    let long = database.folder.join("../long.sql");
    std::fs::write(&long, format!("SELECT length('{}')", "x".repeat(1 << 20))).unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "exec \"$0\" sql \"$1\" - < \"$2\""])
        .arg(trial.analyze().get_program())
        .args([&database.file, &long]);
    let output = trial.run(&mut shell, Duration::from_secs(10));
    refused(trial, "1 MiB", &output, &["longer than 1048576 bytes"]);
    database.check(trial);
    Ok(())
}

fn memory(trial: &mut Trial) -> Result<(), Skipped> {
    let database = Database::new(trial);
    let columns = vec!["printf('%.*c', 60000000, 'x')"; 1000].join(", ");
    let statements = [
        format!("{ENDLESS} SELECT zeroblob(1000000) || i AS x FROM n ORDER BY x DESC"),
        format!("{ENDLESS} SELECT count(*) FROM (SELECT DISTINCT hex(randomblob(1000)) FROM n)"),
        format!("{ENDLESS} SELECT hex(randomblob(1000)) AS x, count(*) FROM n GROUP BY x"),
        format!(
            "WITH RECURSIVE n(x) AS (SELECT randomblob(1000) UNION SELECT randomblob(1000) FROM n) {}",
            "SELECT count(*) FROM n"
        ),
        format!("SELECT {columns}"),
    ];
    for sql in statements {
        for format in ["table", "csv"] {
            let arguments = [sql.as_str(), "--timeout", "60", "--format", format];
            let output = database.ask(trial, &arguments, Duration::from_mins(1));
            refused(trial, &sql, &output, &["needs more than 320 MiB of memory"]);
        }
    }
    // A row that is allowed, and is long.
    for format in ["table", "csv", "jsonl", "markdown"] {
        let sql = format!("{ENDLESS} SELECT printf('%.*c', 1000000, 'x') AS x FROM n LIMIT 40");
        let arguments = [sql.as_str(), "--format", format];
        let output = database.ask(trial, &arguments, Duration::from_mins(1));
        trial.rest(
            output.status.success() && output.stdout.len() > 40_000_000,
            format!(
                "{format}: {:?}, {} bytes",
                output.status,
                output.stdout.len()
            ),
        );
    }
    database.check(trial);
    Ok(())
}

fn uninterruptible(trial: &mut Trial) -> Result<(), Skipped> {
    let database = Database::new(trial);
    let sql = "SELECT instr(printf('%.*c', 30000000, 'a'), printf('%.*c', 15000000, 'a') || 'b')";
    let started = Instant::now();
    let output = database.ask(trial, &[sql, "--timeout", "1"], Duration::from_secs(30));
    let took = started.elapsed();
    trial.ends(took < Duration::from_secs(6), format!("{took:?}"));
    refused(trial, sql, &output, &["longer than 1 seconds (--timeout"]);
    // Of a bundle too, whose database is made for the command only.
    let mut command = trial.analyze();
    command
        .args([
            "sql".as_ref(),
            common::web_1().as_os_str(),
            sql.as_ref(),
            "--timeout".as_ref(),
            "1".as_ref(),
        ])
        .env("TMPDIR", &database.folder);
    let output = trial.run(&mut command, Duration::from_secs(30));
    refused(trial, sql, &output, &["longer than 1 seconds (--timeout"]);
    database.check(trial);
    Ok(())
}

fn no_statement(trial: &mut Trial) -> Result<(), Skipped> {
    let database = Database::new(trial);
    for (sql, reason) in [
        ("", "SQL is empty"),
        (";;", "SQL is empty"),
        ("/* only a comment */ -- x", "SQL is empty"),
        ("/* never closed", "SQL is empty"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("SELECT 1; DROP TABLE snapshots", ""),
        (".shell touch out", "syntax error"),
        (".read /etc/passwd", "syntax error"),
        ("SELECT * FROM nosuch\u{1b}[31m", "unrecognized token"),
    ] {
        let output = database.ask(trial, &[sql], Duration::from_secs(10));
        refused(trial, sql, &output, &[reason]);
    }
    for (bytes, reason) in [
        (&b"SELECT 1\0; DROP TABLE snapshots"[..], "holds a NUL"),
        (b"SELECT '\xff'", "valid UTF-8"),
    ] {
        let file = database.folder.join("../statement.sql");
        std::fs::write(&file, bytes).unwrap();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "exec \"$0\" sql \"$1\" - < \"$2\""])
            .arg(trial.analyze().get_program())
            .args([&database.file, &file]);
        let output = trial.run(&mut shell, Duration::from_secs(10));
        refused(trial, reason, &output, &[reason]);
    }
    database.check(trial);
    Ok(())
}

fn interrupted(trial: &mut Trial) -> Result<(), Skipped> {
    let database = Database::new(trial);
    let sql = format!("{ENDLESS} SELECT i FROM n");
    for source in [database.file.as_path(), common::web_1()] {
        // It is at work when its first row comes, and waits for a reader of the others.
        let child = trial
            .analyze()
            .arg("sql")
            .arg(source)
            .args([&sql, "--format", "jsonl"])
            .env("TMPDIR", &database.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut child = Guard(child);
        let mut first = [0; 8];
        let mut pipe = child.0.stdout.take().unwrap();
        std::io::Read::read_exact(&mut pipe, &mut first).unwrap();
        trial.rest(&first == b"{\"i\":1}\n", format!("{first:?}"));
        succeed(
            Command::new("kill").args(["-INT", &child.pid().to_string()]),
            &[0],
        );
        let ended = wait_within(&mut child.0, Duration::from_secs(5));
        trial.ends(ended.is_some(), "Ctrl-C did not end it");
        let said = said(&mut child);
        trial.named(said.is_empty(), format!("after Ctrl-C: {said}"));
        let left = files(&database.folder);
        trial.harmless(left == ["snapshots.db"], format!("after Ctrl-C: {left:?}"));
    }
    for (format, first) in [("table", "i"), ("csv", "i"), ("json", "["), ("jsonl", "{")] {
        let mut child = Guard(
            trial
                .analyze()
                .arg("sql")
                .arg(&database.file)
                .args([&sql, "--format", format])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut begin = [0; 4096];
        let mut pipe = child.0.stdout.take().unwrap();
        std::io::Read::read_exact(&mut pipe, &mut begin).unwrap();
        drop(pipe);
        trial.rest(
            String::from_utf8_lossy(&begin)
                .trim_start()
                .starts_with(first),
            format!("{format}: it begins otherwise"),
        );
        let status = wait_for("the end after a closed pipe", || {
            child.0.try_wait().expect("it can be waited for")
        });
        let said = said(&mut child);
        trial.named(
            status.success() && said.is_empty(),
            format!("{format}: after a closed pipe: {status:?}: {said}"),
        );
    }
    database.check(trial);
    Ok(())
}

/// What an ended child wrote to stderr.
fn said(child: &mut Guard) -> String {
    let mut text = String::new();
    let mut pipe = child.0.stderr.take().unwrap();
    std::io::Read::read_to_string(&mut pipe, &mut text).unwrap();
    text
}
