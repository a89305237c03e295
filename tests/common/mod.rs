//! What the tests that run the programs share.
#![allow(dead_code, reason = "each test binary uses a part of this")]

pub(crate) mod bundles;
pub(crate) mod namespace;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("packages lie in the workspace")
        .to_owned()
}

/// The invented host of that name.
pub(crate) fn host(name: &str) -> PathBuf {
    workspace().join("tests/hosts").join(name)
}

/// The program under test. Cargo builds only those of the package that a test belongs to: `tests/run` builds all.
pub(crate) fn program(name: &str) -> PathBuf {
    let built = option_env!("CARGO_BIN_EXE_analyze").or(option_env!("CARGO_BIN_EXE_capture"));
    let path = Path::new(built.expect("tests are attached to a package with a binary"))
        .with_file_name(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo build --workspace --bins` first, as tests/run does",
        path.display()
    );
    path
}

pub(crate) fn capture() -> Command {
    Command::new(program("capture"))
}

pub(crate) fn analyze() -> Command {
    Command::new(program("analyze"))
}

/// Notes that a test, or a part of one, could not run; `tests/run` shows the notes at its end.
pub(crate) fn skip(what: &str, reason: &str) {
    eprintln!("skipped: {what}: {reason}");
    if let Some(path) = std::env::var_os("FREEZEFRAME_SKIPS") {
        let notes = File::options().append(true).create(true).open(path);
        writeln!(
            notes.expect("the list of skips can be written"),
            "{what}: {reason}"
        )
        .expect("the list of skips can be written");
    }
}

pub(crate) fn is_root() -> bool {
    effective_uid() == 0
}

/// The effective user id, from `/proc`: tests need no other crate for it.
fn effective_uid() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let uids = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:"))
        .expect("status has Uid");
    let effective = uids.split_whitespace().nth(1).expect("four user ids");
    effective.parse().expect("a number")
}

/// Whether a program is on the path.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|directory| directory.join(program).exists())
}

/// A child that is killed when the test ends, however it ends.
pub(crate) struct Guard(pub(crate) Child);

impl Guard {
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command to its end, or kills it and fails after `limit`.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Output {
    let shown = format!("{command:?}");
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{shown}: {error}"));
    let mut guard = Guard(child);
    let stdout = read_aside(guard.0.stdout.take());
    let stderr = read_aside(guard.0.stderr.take());
    let status = wait_within(&mut guard.0, limit);
    let Some(status) = status else {
        panic!("{shown} did not end within {limit:?}");
    };
    Output {
        status,
        stdout: stdout.join().expect("no panic").expect("stdout is read"),
        stderr: stderr.join().expect("no panic").expect("stderr is read"),
    }
}

/// Reads a pipe to its end in a thread of its own, so that its writer never waits.
fn read_aside<R: Read + Send + 'static>(pipe: Option<R>) -> JoinHandle<io::Result<Vec<u8>>> {
    let mut pipe = pipe.expect("the pipe was asked for");
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).map(|_| bytes)
    })
}

/// Waits for a child at most so long.
pub(crate) fn wait_within(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a condition holds.
pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs a command that must end with one of the codes; returns what it wrote to stdout.
pub(crate) fn succeed(command: &mut Command, codes: &[i32]) -> Vec<u8> {
    let shown = format!("{command:?}");
    let output = run_within(command, Duration::from_mins(2));
    let code = output.status.code();
    assert!(
        code.is_some_and(|code| codes.contains(&code)),
        "{shown} ended with {:?}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Captures a dead tree; returns the bundle.
pub(crate) fn capture_tree(root: &Path, directory: &Path) -> PathBuf {
    let bundle = directory.join("bundle.tar.zst");
    let mut command = capture();
    command
        .arg("-q")
        .arg("--root")
        .arg(root)
        .arg("-o")
        .arg(&bundle);
    succeed(&mut command, &[0, 1]);
    bundle
}

/// The bundle of the invented host `web-1`, made once for each thread and gone with it: nothing static is ever dropped.
pub(crate) fn web_1() -> &'static Path {
    thread_local! {
        static PLACE: (tempfile::TempDir, &'static Path) = {
            let place = tempfile::tempdir().expect("a directory for the bundle");
            let bundle = capture_tree(&host("web-1"), place.path());
            (place, Box::leak(bundle.into_boxed_path()))
        };
    }
    PLACE.with(|(_, bundle)| *bundle)
}

/// Values of a row in the order of the columns, which a JSON map would not keep.
struct Row(Vec<Value>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Columns;
        impl<'de> Visitor<'de> for Columns {
            type Value = Row;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object with a value for each column")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Row, M::Error> {
                let mut values = Vec::new();
                while let Some((_, value)) = map.next_entry::<String, Value>()? {
                    values.push(value);
                }
                Ok(Row(values))
            }
        }
        deserializer.deserialize_map(Columns)
    }
}

/// The rows of a query. Bytes that are no text are compared by `quote()` or `hex()` in the query.
pub(crate) fn rows(source: &Path, sql: &str) -> Vec<Vec<Value>> {
    let mut command = analyze();
    command
        .arg("sql")
        .arg(source)
        .arg(sql)
        .args(["--format", "json"]);
    let json = succeed(&mut command, &[0, 1]);
    let rows: Vec<Row> = serde_json::from_slice(&json)
        .unwrap_or_else(|error| panic!("{sql}: {error}: {}", String::from_utf8_lossy(&json)));
    rows.into_iter().map(|row| row.0).collect()
}

/// A row as text: values apart by bars, NULL by its name, empty text as `''`.
pub(crate) fn line(row: &[Value]) -> String {
    let word = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) if text.is_empty() => "''".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    row.iter().map(word).collect::<Vec<_>>().join(" | ")
}

/// Compares the rows of a query with lines as [`line`] makes them; indentation does not count.
#[track_caller]
pub(crate) fn expect_rows(source: &Path, sql: &str, expected: &str) {
    let found: Vec<String> = rows(source, sql).iter().map(|row| line(row)).collect();
    let text = |lines: &str| {
        let lines: Vec<&str> = lines
            .lines()
            .map(str::trim_start)
            .filter(|line| !line.is_empty())
            .collect();
        lines.join("\n")
    };
    let (found, expected) = (text(&found.join("\n")), text(expected));
    assert!(
        found == expected,
        "{sql}\nfound:\n{found}\nexpected:\n{expected}\n"
    );
}

/// The rows that a condition selects, counted: `count(source, "FROM x WHERE y")`.
pub(crate) fn count(source: &Path, rest: &str) -> u64 {
    rows(source, &format!("SELECT count(*) {rest}"))[0][0]
        .as_u64()
        .expect("a count")
}

/// A random number, from the kernel.
pub(crate) fn random() -> u64 {
    let mut bytes = [0; 8];
    let mut device = File::open("/dev/urandom").expect("/dev/urandom exists");
    device.read_exact(&mut bytes).expect("it never ends");
    u64::from_le_bytes(bytes)
}

/// As SQL's `hex()`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}
