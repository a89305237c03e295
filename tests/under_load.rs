//! Captures of a host whose processes come and go, and whose process ids are used again at once: no row mixes two processes,
//! what ended has vanished, and what was born meanwhile is found.
//!
//! Every process of the storm carries its own token in its name, arguments, environment, working directory and standard
//! input. What a snapshot says of one process id must hold at most one token.
#![cfg(test)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use common::namespace::{holder_role, inside, open_directory, start_holder, wait_for_file};
use common::{Guard, count, random, rows, run_within, skip, succeed};

/// Directories with a token each; processes that follow each other under one id never share one.
const TOKENS: u32 = 400;
/// Process ids that are used again and again.
const LANES: u32 = 10;
/// The first of them: above what the test needs otherwise.
const FIRST_LANE: u32 = 20_000;
/// Processes that live through everything: they make the sweeps take their time.
const LONG_LIVED: usize = 150;
const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";

fn token(number: u32) -> String {
    format!("token{number:04}")
}

/// A process with a token: `sleep`, started below a name of its own.
fn marked(place: &Path, number: u32, seconds: &str) -> Command {
    let token = token(number);
    let directory = place.join(&token);
    let mut command = Command::new(directory.join(&token));
    command
        .arg0(format!("{token}-argument"))
        .arg(seconds)
        .env_clear()
        .env("TOKEN", &token)
        .stdin(std::fs::File::open(directory.join("input")).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir(&directory);
    command
}

/// Not a test: what [`start_holder`] runs. Starts short-lived processes under the same ids, and long-lived ones under new
/// ids, until it is killed.
#[test]
fn hold() {
    let Some(role) = holder_role() else { return };
    let place = PathBuf::from(role);
    // Whoever starts a process chooses its id first, and nobody may come between.
    let next = Mutex::new(());
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let (place, next) = (&place, &next);
            scope.spawn(move || {
                let pid = FIRST_LANE + lane * 3;
                let mut number = lane;
                loop {
                    wait_for_storm(place);
                    number = (number + LANES) % TOKENS;
                    let seconds = format!("0.{:03}", random() % 50 + 1);
                    let mut command = marked(place, number, &seconds);
                    let mut child: Child = {
                        let _turn = next.lock().unwrap();
                        std::fs::write(LAST_PID, (pid - 1).to_string()).unwrap();
                        command.spawn().unwrap()
                    };
                    child.wait().unwrap();
                }
            });
        }
        let (place, next) = (&place, &next);
        scope.spawn(move || {
            let mut number = 0;
            let mut started = Vec::new();
            loop {
                wait_for_storm(place);
                number = (number + 1) % TOKENS;
                let mut command = marked(place, number, "600");
                {
                    let _turn = next.lock().unwrap();
                    // Ids above those of the lanes, as they come.
                    std::fs::write(LAST_PID, (FIRST_LANE + 1000 + random_step()).to_string())
                        .unwrap();
                    started.push(Guard(command.spawn().unwrap()));
                }
                std::thread::sleep(Duration::from_millis(15));
            }
        });
        std::fs::write(place.join("ready"), "").unwrap();
    });
}

/// The storm rages only while a capture runs.
fn wait_for_storm(place: &Path) {
    while !place.join("storm").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A number below 10,000.
fn random_step() -> u32 {
    u32::try_from(random() % 10_000).unwrap()
}

#[test]
fn no_row_mixes_two_processes() {
    if !inside("no_row_mixes_two_processes") {
        return;
    }
    let place = open_directory().join("tmp");
    if std::fs::write(LAST_PID, "300").is_err() {
        skip("reused process ids", "the kernel has no ns_last_pid");
        return;
    }
    for number in 0..TOKENS {
        let directory = place.join(token(number));
        std::fs::create_dir(&directory).unwrap();
        std::os::unix::fs::symlink("/bin/sleep", directory.join(token(number))).unwrap();
        std::fs::write(directory.join("input"), "").unwrap();
    }
    let long_lived: Vec<Guard> = (0..LONG_LIVED)
        .map(|_| {
            let mut command = Command::new("sleep");
            Guard(command.arg("600").stdin(Stdio::null()).spawn().unwrap())
        })
        .collect();
    let storm = start_holder(place.to_str().unwrap(), false);
    wait_for_file(&place.join("ready"));

    let mut reused = 0;
    for round in 0..4 {
        let bundle = place.join(format!("{round}.tar.zst"));
        // Two as they usually are, two that see the processes of another pid namespace: those cannot ask for a pidfd, and
        // have only times and inodes to compare.
        let mut command = if round % 2 == 0 {
            Command::new("/mnt/capture")
        } else {
            let mut command = Command::new("unshare");
            command.args(["--pid", "--fork", "--kill-child=KILL", "/mnt/capture"]);
            command
        };
        std::fs::write(place.join("storm"), "").unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let ended = run_within(
            command.arg("-q").arg("-o").arg(&bundle),
            Duration::from_secs(70),
        );
        std::fs::remove_file(place.join("storm")).unwrap();
        assert!(
            matches!(ended.status.code(), Some(0 | 1)),
            "{} {}",
            ended.status,
            String::from_utf8_lossy(&ended.stderr)
        );
        let database = place.join(format!("{round}.db"));
        let mut load = common::analyze();
        succeed(
            load.arg("load").arg("--db").arg(&database).arg(&bundle),
            &[0, 1],
        );

        expect_unmixed(&database);
        expect_outcomes(&database);
        let sql =
            "FROM collection_log WHERE outcome = 'vanished' AND reason = 'the pid was reused'";
        reused += count(&database, sql);
        for process in &long_lived {
            let sql = format!(
                "FROM processes WHERE pid = {} AND name = 'sleep' AND cmdline = 'sleep 600' AND start_ticks > 0",
                process.pid()
            );
            assert_eq!(count(&database, &sql), 1, "{}", process.pid());
        }
        expect_second_sweep(&bundle, &database);
    }
    assert!(reused > 0, "no id was used again while it was read");
    drop(storm);
}

/// Every place where a process carries its token.
const TOKEN_SQL: &str = "
    SELECT pid, 'name', name FROM processes
    UNION ALL SELECT pid, 'cwd', cwd FROM processes
    UNION ALL SELECT pid, 'thread', name FROM threads
    UNION ALL SELECT pid, 'argument', value FROM process_arguments WHERE position = 0
    UNION ALL SELECT pid, 'environment', value FROM process_envs WHERE key = 'TOKEN'
    UNION ALL SELECT pid, 'input', target FROM process_fds WHERE fd = 0";

#[track_caller]
fn expect_unmixed(database: &Path) {
    let uncertain: BTreeSet<u64> = rows(
        database,
        "SELECT pid FROM processes WHERE identity_uncertain",
    )
    .iter()
    .map(|row| row[0].as_u64().unwrap())
    .collect();
    let mut tokens: BTreeMap<u64, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for row in rows(database, TOKEN_SQL) {
        let (pid, place) = (row[0].as_u64().unwrap(), row[1].as_str().unwrap());
        let text = row[2].as_str().unwrap_or_default();
        // A process that has not come to its own program yet has the parent's words, and no token.
        if let Some((_, after)) = text.split_once("token") {
            let token = after.chars().take("0000".len()).collect();
            let places = tokens.entry(pid).or_default();
            places.entry(token).or_default().push(place.to_owned());
        }
    }
    assert!(tokens.len() > 5, "{} processes with a token", tokens.len());
    for (pid, tokens) in tokens {
        assert!(
            tokens.len() == 1 || uncertain.contains(&pid),
            "process {pid} is mixed of {tokens:#?}"
        );
    }
    // The main thread is the process.
    let sql = "FROM processes p JOIN threads t ON t.pid = p.pid AND t.tid = p.pid
               WHERE t.start_ticks <> p.start_ticks AND NOT p.identity_uncertain";
    assert_eq!(count(database, sql), 0);
}

/// One outcome for each planned read; two where the second sweep met another process under an id of which the first
/// had found nothing any more.
#[track_caller]
fn expect_outcomes(database: &Path) {
    let sql =
        "SELECT path, group_concat(outcome) FROM collection_log WHERE pid IS NOT NULL GROUP BY path
               HAVING count(*) > 2 OR (count(*) = 2 AND min(outcome <> 'vanished') > 0)";
    assert_eq!(rows(database, sql), Vec::<Vec<serde_json::Value>>::new());
    let sql = format!(
        "SELECT path, outcome, reason FROM collection_log
         WHERE pid BETWEEN {FIRST_LANE} AND {} AND outcome NOT IN ('collected', 'vanished', 'absent')",
        FIRST_LANE + LANES * 3
    );
    assert_eq!(rows(database, &sql), Vec::<Vec<serde_json::Value>>::new());
    assert!(count(database, "FROM collection_log WHERE outcome = 'vanished'") > 0);
}

/// What was born while the first ones were visited is in the snapshot, and whole.
#[track_caller]
fn expect_second_sweep(bundle: &Path, database: &Path) {
    let out = bundle.with_extension("out");
    succeed(
        common::analyze().arg("extract").arg(bundle).arg(&out),
        &[0, 1],
    );
    let manifest = std::fs::read(out.join("freezeframe/manifest.json")).unwrap();
    std::fs::remove_dir_all(&out).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let born = manifest["counts"]["processes of the second sweep"].as_u64();
    assert!(born > Some(0), "{}", manifest["counts"]);
    // Long-lived ones of the storm: none has ended, so each that is there must be there with everything.
    let sql = format!(
        "FROM processes WHERE pid > {} AND name LIKE 'token%'
         AND (cmdline IS NULL OR state IS NULL OR uid IS NULL OR cwd IS NULL OR start_ticks IS NULL)",
        FIRST_LANE + 1000
    );
    assert_eq!(count(database, &sql), 0);
}
