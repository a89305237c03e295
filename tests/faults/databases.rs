//! Databases that `load` did not leave so, and extracted directories that hold what no bundle holds.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use rusqlite::Connection;

use crate::case::Case;
use crate::common::{self, random, succeed};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::here(
        "B28",
        "databases that are damaged, foreign, locked, cut off while loading, or hold what acts",
        databases,
    ),
    Case::here(
        "B29",
        "an extracted directory with links, FIFOs, devices, and without what it should have",
        directories,
    ),
];

const LIMIT: Duration = Duration::from_secs(30);
/// How often bytes of a database are spoilt.
const SPOILT: usize = 30;
/// What is asked of every database.
const ASKED: [&[&str]; 3] = [
    &[
        "sql",
        "x.db",
        "SELECT count(*), max(cmdline) FROM processes",
    ],
    &["brief", "x.db"],
    &["show", "ps", "x.db"],
];

/// A directory with nothing but a database, and a healthy one elsewhere to make it from.
struct Scene {
    folder: PathBuf,
    healthy: PathBuf,
}

impl Scene {
    fn new(trial: &Trial) -> Self {
        let folder = trial.place().join("folder");
        std::fs::create_dir(&folder).unwrap();
        let healthy = trial.place().join("healthy.db");
        let mut load = trial.analyze();
        load.arg("load").arg("--db").arg(&healthy);
        succeed(load.arg(common::web_1()), &[0, 1]);
        Scene { folder, healthy }
    }

    /// Runs a command there within 512 MiB; it ends with a documented code and without a panic.
    fn run(&self, trial: &mut Trial, what: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("prlimit");
        command
            .arg("--as=536870912")
            .arg(trial.analyze().get_program())
            .args(arguments)
            .current_dir(&self.folder)
            .env("TMPDIR", &self.folder);
        let output = trial.run(&mut command, LIMIT);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        trial.harmless(
            matches!(output.status.code(), Some(0..=2)) && !said.contains("panicked"),
            format!("{what}: {arguments:?}: {:?}: {said}", output.status),
        );
        output
    }

    /// A copy of the healthy database that was changed, alone in the directory.
    fn make(&self, change: impl FnOnce(&Path)) {
        std::fs::remove_dir_all(&self.folder).unwrap();
        std::fs::create_dir(&self.folder).unwrap();
        let file = self.folder.join("x.db");
        std::fs::copy(&self.healthy, &file).unwrap();
        change(&file);
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = std::fs::read_dir(&self.folder).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| {
                let path = entry.unwrap().path();
                let content = std::fs::read(&path).unwrap();
                (path, content)
            })
            .collect();
        files.sort();
        files
    }

    /// Asks everything; nothing is written. Gives what was said on stderr.
    fn ask(&self, trial: &mut Trial, what: &str) -> Vec<(Option<i32>, String)> {
        let before = self.files();
        let answers = ASKED.map(|arguments| {
            let output = self.run(trial, what, arguments);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.code(), said)
        });
        trial.harmless(
            self.files() == before,
            format!("{what}: files were made or changed"),
        );
        answers.into()
    }

    /// All questions are refused, with a text.
    fn refused(&self, trial: &mut Trial, what: &str, reason: &str) {
        for (code, said) in self.ask(trial, what) {
            trial.named(
                code == Some(2) && said.contains(reason) && said.contains("x.db"),
                format!("{what}: {code:?}: {said}"),
            );
        }
    }

    /// The first question is answered as if nothing were wrong.
    fn answered(&self, trial: &mut Trial, what: &str) {
        let answers = self.ask(trial, what);
        trial.rest(
            answers.iter().all(|(code, _)| *code == Some(0)),
            format!("{what}: {answers:?}"),
        );
    }
}

fn change(sql: &'static str) -> impl FnOnce(&Path) {
    move |file| Connection::open(file).unwrap().execute_batch(sql).unwrap()
}

fn databases(trial: &mut Trial) -> Result<(), Skipped> {
    let scene = Scene::new(trial);
    let bundle = common::web_1().to_str().unwrap();

    scene.make(|file| std::fs::write(file, "").unwrap());
    scene.refused(trial, "empty", "empty");
    scene.make(|file| {
        let content = std::fs::read(file).unwrap();
        std::fs::write(file, &content[..content.len() / 2]).unwrap();
    });
    scene.refused(trial, "cut off", "malformed");
    scene.make(change("PRAGMA application_id = 1"));
    scene.refused(trial, "foreign", "did not make");
    scene.make(change("DROP TABLE snapshots"));
    scene.refused(trial, "without snapshots", "snapshots");
    scene.make(change("PRAGMA journal_mode = WAL"));
    scene.refused(trial, "with a log", "write-ahead log");

    // What acts does nothing.
    scene.make(change(
        "CREATE TRIGGER one AFTER INSERT ON snapshots BEGIN UPDATE snapshots SET hostname = 'forged'; END;
         CREATE TRIGGER two AFTER INSERT ON processes BEGIN DELETE FROM snapshots; END;
         CREATE INDEX acting ON processes(upper(name));",
    ));
    scene.answered(trial, "with triggers");
    let other = other_bundle(trial);
    let loaded = scene.run(
        trial,
        "with triggers",
        &["load", "--db", "x.db", other.to_str().unwrap()],
    );
    let hosts = Trial::rows(
        &scene.folder.join("x.db"),
        "SELECT count(*), sum(hostname = 'forged') FROM snapshots",
    );
    trial.harmless(
        loaded.status.code() == Some(0) && hosts == ["2 | 0"],
        format!("{hosts:?}"),
    );
    scene.make(change(
        "DROP TABLE processes;
         CREATE VIEW processes AS SELECT load_extension('/tmp/x') AS snapshot_id, 1 AS pid, '' AS cmdline",
    ));
    for (code, said) in scene.ask(trial, "with a view that acts") {
        trial.named(
            code == Some(2) && (said.contains("unsafe use") || said.contains("no such column")),
            format!("{code:?}: {said}"),
        );
    }
    scene.make(change(
        "UPDATE snapshots SET hostname = CAST(zeroblob(200000000) AS TEXT)",
    ));
    scene.ask(trial, "with a name of 200 MB");

    // A transaction as a load leaves it that is killed.
    let healthy = std::fs::read(&scene.healthy).unwrap();
    scene.make(|file| {
        let open = trial.place().join("open.db");
        std::fs::copy(file, &open).unwrap();
        let connection = Connection::open(&open).unwrap();
        connection
            .execute_batch(
                "PRAGMA cache_size = 1; BEGIN IMMEDIATE; DELETE FROM processes;
                 UPDATE process_fds SET fd = fd + 1; DELETE FROM collection_log;",
            )
            .unwrap();
        for suffix in ["", "-journal"] {
            let from = trial.place().join(format!("open.db{suffix}"));
            std::fs::copy(from, file.with_file_name(format!("x.db{suffix}"))).unwrap();
        }
    });
    trial.rest(
        std::fs::read(scene.folder.join("x.db")).unwrap() != healthy,
        "nothing of the transaction is in the file",
    );
    scene.refused(trial, "cut off while loading", "a load into it was cut off");
    scene.run(
        trial,
        "cut off while loading",
        &["load", "--db", "x.db", bundle],
    );
    trial.rest(
        std::fs::read(scene.folder.join("x.db")).unwrap() == healthy
            && !scene.folder.join("x.db-journal").exists(),
        "it is not restored",
    );

    // Somebody is at work in it.
    scene.make(|_| {});
    let connection = Connection::open(scene.folder.join("x.db")).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let output = scene.run(trial, "locked", ASKED[0]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    trial.named(said.contains("is locked"), format!("locked: {said}"));
    drop(connection);
    scene.answered(trial, "no longer locked");

    for _ in 0..SPOILT {
        let seed = random();
        scene.make(|file| {
            let mut content = std::fs::read(file).unwrap();
            let mut dice = seed | 1;
            // Anywhere, and in the first pages, where the tables are declared.
            for range in [content.len(), content.len(), 40_000] {
                for _ in 0..10 {
                    dice = dice
                        .wrapping_mul(0x5851_f42d_4c95_7f2d)
                        .wrapping_add(seed | 1);
                    let at = usize::try_from(dice >> 33).unwrap() % range;
                    content[at.max(100)] = dice.to_le_bytes()[6];
                }
            }
            std::fs::write(file, content).unwrap();
        });
        scene.ask(trial, &format!("spoilt by {seed}"));
        scene.run(
            trial,
            &format!("spoilt by {seed}"),
            &["load", "--db", "x.db", other.to_str().unwrap()],
        );
    }
    Ok(())
}

/// A capture of another host.
fn other_bundle(trial: &Trial) -> PathBuf {
    let tree = trial.place().join("tree");
    std::fs::create_dir_all(tree.join("proc/1")).unwrap();
    std::fs::write(tree.join("proc/1/comm"), "planted\n").unwrap();
    common::capture_tree(&tree, trial.place())
}

/// Makes something of a name.
type Maker<'a> = &'a dyn Fn(&Path);

fn directories(trial: &mut Trial) -> Result<(), Skipped> {
    let place = trial.place().to_owned();
    let directory = place.join("extracted");
    let outside = place.join("outside");
    std::fs::write(&outside, "a secret that lies outside\n").unwrap();
    let root = std::fs::metadata(&place).is_ok_and(|there| {
        use std::os::unix::fs::MetadataExt;
        there.uid() == 0
    });
    let link = |name: &Path| std::os::unix::fs::symlink(&outside, name).unwrap();
    let fifo = |name: &Path| drop(succeed(Command::new("mkfifo").arg(name), &[0]));
    let device = |name: &Path| {
        if root {
            succeed(Command::new("mknod").arg(name).args(["c", "1", "5"]), &[0]);
        } else {
            fifo(name);
        }
    };
    let cycle = |name: &Path| std::os::unix::fs::symlink("..", name).unwrap();
    let socket = |name: &Path| drop(std::os::unix::net::UnixListener::bind(name).unwrap());
    let nothing = |_: &Path| {};
    // What takes the place of which member, and the exit codes of verify and load.
    let makers: [(&str, &str, Maker<'_>, i32); 11] = [
        ("a link", "root/proc/1/cmdline", &link, 1),
        ("a FIFO", "root/proc/1/cmdline", &fifo, 1),
        ("a device", "root/proc/1/cmdline", &device, 1),
        ("a socket", "root/proc/1/cmdline", &socket, 1),
        ("a circle", "root/circle", &cycle, 1),
        ("no sums", "freezeframe/SHA256SUMS", &nothing, 1),
        ("no manifest", "freezeframe/manifest.json", &nothing, 1),
        (
            "a FIFO as the manifest",
            "freezeframe/manifest.json",
            &fifo,
            1,
        ),
        ("a FIFO as the sums", "freezeframe/SHA256SUMS", &fifo, 1),
        ("a link as the header", "freezeframe/header.json", &link, 2),
        ("a FIFO as the header", "freezeframe/header.json", &fifo, 2),
    ];
    for (what, member, make, code) in makers {
        let _ = std::fs::remove_dir_all(&directory);
        let mut extract = trial.analyze();
        extract.arg("extract").arg(common::web_1()).arg(&directory);
        succeed(&mut extract, &[0, 1]);
        let path = directory.join(member);
        let _ = std::fs::remove_file(&path);
        make(&path);
        let database = place.join("x.db");
        let _ = std::fs::remove_file(&database);
        let verify = trial.run(trial.analyze().arg("verify").arg(&directory), LIMIT);
        let mut load = trial.analyze();
        load.arg("load").arg("--db").arg(&database).arg(&directory);
        let load = trial.run(&mut load, LIMIT);
        let said = [&verify.stdout[..], &verify.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let named = if code == 2 { "header.json" } else { member };
        trial.named(
            verify.status.code() == Some(code)
                && load.status.code() == Some(code)
                && said.contains(named),
            format!("{what}: {:?}, {:?}: {said}", verify.status, load.status),
        );
        if code == 1 {
            let nginx = "SELECT count(*) > 0 FROM processes WHERE name = 'nginx'";
            trial.rest(Trial::rows(&database, nginx) == ["1"], what);
            let content = std::fs::read(&database).unwrap();
            let secret = memchr::memmem::find(&content, b"lies outside").is_some();
            trial.harmless(!secret, format!("{what}: what lies outside was read"));
        }
    }
    Ok(())
}
