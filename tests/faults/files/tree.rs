//! A small host for a capture by `--root`: its `/proc` is the real one of the case's namespaces, all else is planted.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::{random, run_within, succeed};
use crate::trial::{Healthy, Trial};

/// The owner of an honest home.
pub(super) const ADA: u32 = 1000;
/// A user who plays tricks.
pub(super) const BOB: u32 = 1001;

pub(super) struct Tree {
    root: PathBuf,
    /// Is in Ada's history and in the kernel's log file.
    plant: String,
    /// Is in what must never be read.
    secret: String,
    healthy: Option<Healthy>,
}

impl Tree {
    /// One with `/proc`, and healthy processes.
    pub(super) fn live(trial: &mut Trial) -> Self {
        let mut tree = Tree::dead(trial);
        let proc = tree.directory("proc", 0);
        succeed(
            Command::new("mount").args(["-t", "proc", "proc"]).arg(proc),
            &[0],
        );
        tree.healthy = Some(trial.healthy(3));
        tree
    }

    /// One without.
    pub(super) fn dead(trial: &Trial) -> Self {
        let run = random();
        let tree = Tree {
            root: trial.place().join("tree"),
            plant: format!("plant{run:016x}"),
            secret: format!("unseen{run:016x}"),
            healthy: None,
        };
        for (name, owner) in [
            ("", 0),
            ("etc", 0),
            ("home", 0),
            ("home/ada", ADA),
            ("home/bob", BOB),
        ] {
            tree.directory(name, owner);
        }
        let passwd = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n\
             bob:x:1001:1001::/home/bob:/bin/sh\n";
        tree.file("etc/passwd", 0, passwd);
        tree.file(
            "home/ada/.bash_history",
            ADA,
            format!("echo {}\n", tree.plant),
        );
        tree.file(
            "var/log/kern.log",
            0,
            format!("Nov 25 01:00:00 web-1 kernel: {}\n", tree.plant),
        );
        let shadow = tree.file("etc/shadow", 0, format!("root:{}:1:0:::::\n", tree.secret));
        std::fs::set_permissions(shadow, PermissionsExt::from_mode(0o600)).unwrap();
        tree
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn directory(&self, name: &str, owner: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(&path).unwrap();
        chown(&path, Some(owner), Some(owner)).unwrap();
        path
    }

    pub(super) fn file(&self, name: &str, owner: u32, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        chown(&path, Some(owner), Some(owner)).unwrap();
        path
    }

    pub(super) fn link(&self, name: &str, owner: u32, target: &str) -> PathBuf {
        let path = self.path(name);
        let _ = std::fs::remove_file(&path);
        std::os::unix::fs::symlink(target, &path).unwrap();
        std::os::unix::fs::lchown(&path, Some(owner), Some(owner)).unwrap();
        path
    }

    /// A FIFO, a socket or a device, as `mknod` calls it.
    pub(super) fn node(&self, name: &str, owner: u32, kind: &[&str]) -> PathBuf {
        let path = self.path(name);
        let _ = std::fs::remove_file(&path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        succeed(Command::new("mknod").arg(&path).args(kind), &[0]);
        chown(&path, Some(owner), Some(owner)).unwrap();
        path
    }

    /// Captures it; what was planted has to be in the bundle, and the secret in no frame.
    pub(super) fn bundle(&self, trial: &mut Trial, limit: Duration) -> PathBuf {
        let command = trial.capture();
        self.bundle_by(trial, command, limit)
    }

    pub(super) fn bundle_by(
        &self,
        trial: &mut Trial,
        mut command: Command,
        limit: Duration,
    ) -> PathBuf {
        command.arg("--root").arg(&self.root);
        let started = Instant::now();
        let bundle = trial.bundle_by(&mut command, limit);
        let took = started.elapsed();
        trial.ends(took <= limit, format!("took {took:?}"));
        self.check(trial, &bundle);
        bundle
    }

    fn check(&self, trial: &mut Trial, bundle: &Path) {
        let plant = &self.plant;
        let found = Trial::rows(
            bundle,
            &format!(
                "SELECT (SELECT count(*) FROM shell_history WHERE command = 'echo {plant}'), \
                 (SELECT count(*) FROM log_lines WHERE message LIKE '%{plant}%')"
            ),
        );
        trial.rest(found == ["1 | 1"], format!("{plant}: {found:?}"));
        if let Some(healthy) = &self.healthy {
            healthy.check(trial, bundle);
        }
        let secret = &self.secret;
        let script = r#"zstd -dcq "$1" | grep -aqF "$2""#;
        let mut grep = Command::new("bash");
        grep.args(["-o", "pipefail", "-c", script, "bash"])
            .arg(bundle)
            .arg(secret);
        let absent = run_within(&mut grep, Duration::from_mins(1));
        trial.harmless(
            absent.status.code() == Some(1),
            format!("the secret is there: {absent:?}"),
        );
        let mut grep = Command::new("bash");
        grep.args([
            "-c",
            "zstd -dcq \"$1\" | grep -acF \"$2\" >/dev/null",
            "bash",
        ])
        .arg(bundle)
        .arg(plant);
        let there = run_within(&mut grep, Duration::from_mins(1));
        trial.rest(there.status.success(), "the search itself finds nothing");
    }
}

/// What the log of the collection says of a path: outcome and reason.
pub(super) fn outcome(bundle: &Path, path: &str) -> String {
    let sql = format!("SELECT outcome, reason FROM collection_log WHERE path = '{path}'");
    Trial::rows(bundle, &sql).join("; ")
}

/// Looks whether each path has the outcome.
pub(super) fn expect(trial: &mut Trial, bundle: &Path, expected: &[(&str, &str)]) {
    for (path, wanted) in expected {
        let found = outcome(bundle, path);
        trial.named(found == *wanted, format!("{path}: {found}, not {wanted}"));
    }
}
