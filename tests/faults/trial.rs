//! What a case works with: a place, the programs, processes that must be complete in the bundle, and the four things that
//! it has to look at.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::case::{Case, Result, Run};
use crate::common::{self, Guard, namespace, random, rows, wait_within, workspace};

/// Names the case to the process that runs it.
pub(crate) const INSIDE: &str = "FREEZEFRAME_FAULT";
/// Names the file for its report.
pub(crate) const REPORT: &str = "FREEZEFRAME_FAULT_REPORT";

/// The case that this process is to run, if it is one that does.
pub(crate) fn inside() -> Option<String> {
    std::env::var(INSIDE).ok()
}

/// A device or a privilege that this machine lacks.
pub(crate) struct Skipped(String);

impl Skipped {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Skipped(reason.into())
    }
}

/// The four that every case has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Aspect {
    Ends,
    Named,
    Rest,
    Harmless,
}

#[derive(Debug, Serialize, Deserialize)]
struct Check {
    aspect: Aspect,
    holds: bool,
    what: String,
}

/// What a case found, as its process hands it over.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    checks: Vec<Check>,
    skipped: Option<String>,
    /// The panic that cut it short.
    panic: Option<String>,
}

impl Report {
    pub(crate) fn result(self) -> Result {
        if let Some(reason) = self.skipped {
            return Result::Skipped(reason);
        }
        let mut reasons: Vec<String> = self.panic.into_iter().collect();
        let all = [
            (Aspect::Ends, "it ends"),
            (Aspect::Named, "the fault is named"),
            (Aspect::Rest, "the rest is there"),
            (Aspect::Harmless, "it harms nothing"),
        ];
        for (aspect, meaning) in all {
            let checks: Vec<&Check> = self.checks.iter().filter(|c| c.aspect == aspect).collect();
            if checks.is_empty() && reasons.is_empty() {
                reasons.push(format!("the case does not look whether {meaning}"));
            }
            let failed = checks.into_iter().filter(|check| !check.holds);
            reasons.extend(failed.map(|check| format!("{meaning}: not so: {}", check.what)));
        }
        if reasons.is_empty() {
            Result::Survived
        } else {
            Result::Failed(reasons)
        }
    }
}

/// Runs a case in this process and writes its report.
pub(crate) fn run(case: &Case) {
    static PANIC: Mutex<Option<String>> = Mutex::new(None);
    let file = PathBuf::from(std::env::var_os(REPORT).expect("where to report"));
    std::panic::set_hook(Box::new(|info| {
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.to_string());
    }));
    let (function, place) = match case.run {
        Run::InNamespaces(function) => (function, namespace::open_directory()),
        Run::Here(function) => {
            let place = file.parent().expect("it lies in a directory");
            (function, place.to_owned())
        }
        Run::Pending(_) => return,
    };
    let mut trial = Trial {
        place: place.join("tmp"),
        programs: place,
        checks: Vec::new(),
        children: Vec::new(),
    };
    let _ = std::fs::create_dir(&trial.place);
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| function(&mut trial)));
    let report = Report {
        checks: std::mem::take(&mut trial.checks),
        skipped: match done {
            Ok(Err(Skipped(reason))) => Some(reason),
            _ => None,
        },
        panic: PANIC.lock().unwrap_or_else(PoisonError::into_inner).take(),
    };
    let json = serde_json::to_vec(&report).expect("a report is JSON");
    std::fs::write(file, json).expect("the report is written");
}

/// A case at work.
pub(crate) struct Trial {
    place: PathBuf,
    programs: PathBuf,
    checks: Vec<Check>,
    /// Killed when the case is over.
    children: Vec<Guard>,
}

impl Trial {
    /// An empty directory of the case's own. In namespaces it is one that every user can write to, on a tmpfs.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// `capture -q`.
    pub(crate) fn capture(&self) -> Command {
        let mut command = self.ours("capture");
        command.arg("-q");
        command
    }

    pub(crate) fn analyze(&self) -> Command {
        self.ours("analyze")
    }

    /// In namespaces a copy that every user can run.
    fn ours(&self, name: &str) -> Command {
        let copy = self.programs.join(name);
        Command::new(if copy.exists() {
            copy
        } else {
            common::program(name)
        })
    }

    /// Builds `tests/faults/programs/NAME.c`, or says what is missing for it.
    pub(crate) fn program(&self, name: &str) -> std::result::Result<PathBuf, Skipped> {
        let source = workspace().join(format!("tests/faults/programs/{name}.c"));
        let built = self.programs.join(name);
        if built.exists() {
            return Ok(built);
        }
        let status = Command::new("cc")
            .args(["-O1", "-Wall", "-pthread", "-o"])
            .arg(&built)
            .arg(&source)
            .stdin(Stdio::null())
            .status()
            .map_err(|error| Skipped(format!("needs a C compiler: {error}")))?;
        assert!(status.success(), "{} does not compile", source.display());
        Ok(built)
    }

    /// Starts a process that lives until the case is over, or until [`Trial::stop`].
    pub(crate) fn start(&mut self, command: &mut Command) -> u32 {
        let child = command.stdin(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.keep(child)
    }

    /// Has a child killed when the case is over.
    pub(crate) fn keep(&mut self, child: Child) -> u32 {
        let pid = child.id();
        self.children.push(Guard(child));
        pid
    }

    /// Kills a process that was started here, and waits for its end.
    pub(crate) fn stop(&mut self, pid: u32) {
        self.children.retain(|child| child.pid() != pid);
    }

    /// Runs a program to its end; more than `limit` is the end of the case too. What it wrote is returned.
    pub(crate) fn run(&mut self, command: &mut Command, limit: Duration) -> Output {
        let started = Instant::now();
        let output = common::run_within(command, limit);
        let killed = output.status.code().is_none();
        self.ends(
            !killed,
            format!(
                "{command:?} ended with {:?} after {:?}: {}",
                output.status,
                started.elapsed(),
                String::from_utf8_lossy(&output.stderr)
            ),
        );
        output
    }

    /// Captures this world; the bundle has to be there, whole, and true to its sums.
    pub(crate) fn bundle(&mut self, options: &[&str], limit: Duration) -> PathBuf {
        let mut command = self.capture();
        command.args(options);
        self.bundle_by(&mut command, limit)
    }

    /// As [`Trial::bundle`], by a command that lacks `-o`.
    pub(crate) fn bundle_by(&mut self, command: &mut Command, limit: Duration) -> PathBuf {
        let bundle = self.place.join(format!("{:x}.tar.zst", random()));
        command.arg("-o").arg(&bundle);
        let output = self.run(command, limit);
        self.ends(
            matches!(output.status.code(), Some(0 | 1)) && bundle.exists(),
            format!(
                "capture ended with {:?}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ),
        );
        let verified = common::run_within(
            self.analyze().arg("verify").arg(&bundle),
            Duration::from_mins(1),
        );
        self.rest(
            verified.status.code() == Some(0),
            format!("verify: {}", String::from_utf8_lossy(&verified.stderr)),
        );
        bundle
    }

    /// The rows of a query, each as [`common::line`] writes it.
    pub(crate) fn rows(bundle: &Path, sql: &str) -> Vec<String> {
        rows(bundle, sql)
            .iter()
            .map(|row| common::line(row))
            .collect()
    }

    /// Starts that many ordinary processes, each with a token in its arguments and its environment.
    pub(crate) fn healthy(&mut self, count: usize) -> Healthy {
        let run = random();
        let tokens: Vec<String> = (0..count)
            .map(|n| format!("healthy-{run:016x}-{n}"))
            .collect();
        let mut pids = Vec::new();
        for token in &tokens {
            let mut command = Command::new("sleep");
            command
                .arg0(token)
                .arg("1000")
                .env_clear()
                .env("FREEZEFRAME_PLANT", token);
            pids.push(self.start(&mut command));
        }
        Healthy { tokens, pids }
    }

    /// One check of the first kind beside those that [`Trial::run`] makes.
    pub(crate) fn ends(&mut self, holds: bool, what: impl Into<String>) {
        self.check(Aspect::Ends, holds, what.into());
    }

    /// The fault is named, in the bundle, the report or the error text.
    pub(crate) fn named(&mut self, holds: bool, what: impl Into<String>) {
        self.check(Aspect::Named, holds, what.into());
    }

    /// Something planted beside the fault is there and right.
    pub(crate) fn rest(&mut self, holds: bool, what: impl Into<String>) {
        self.check(Aspect::Rest, holds, what.into());
    }

    /// Something that must not happen did not.
    pub(crate) fn harmless(&mut self, holds: bool, what: impl Into<String>) {
        self.check(Aspect::Harmless, holds, what.into());
    }

    fn check(&mut self, aspect: Aspect, holds: bool, what: String) {
        self.checks.push(Check {
            aspect,
            holds,
            what,
        });
    }
}

/// Processes with nothing wrong.
pub(crate) struct Healthy {
    tokens: Vec<String>,
    pids: Vec<u32>,
}

impl Healthy {
    pub(crate) fn pids(&self) -> &[u32] {
        &self.pids
    }

    /// Looks whether each of them is complete in the bundle: status, arguments, environment, executable, memory map and
    /// standard input; and lives on unharmed.
    pub(crate) fn check(&self, trial: &mut Trial, bundle: &Path) {
        let sql = "SELECT p.pid, a.value, e.value, p.path LIKE '%/sleep', p.state, \
             (SELECT count(*) > 0 FROM process_memory_map AS m WHERE m.pid = p.pid), \
             (SELECT f.target FROM process_fds AS f WHERE f.pid = p.pid AND f.fd = 0) \
             FROM processes AS p JOIN process_arguments AS a ON a.pid = p.pid AND a.position = 0 \
             JOIN process_envs AS e ON e.pid = p.pid AND e.key = 'FREEZEFRAME_PLANT' \
             WHERE a.value LIKE 'healthy-%' ORDER BY p.pid";
        let found = Trial::rows(bundle, sql);
        let mut expected: Vec<(u32, String)> = self
            .pids
            .iter()
            .zip(&self.tokens)
            .map(|(pid, token)| {
                (
                    *pid,
                    format!("{pid} | {token} | {token} | 1 | S | 1 | /dev/null"),
                )
            })
            .collect();
        expected.sort();
        let missing: Vec<&String> = expected
            .iter()
            .map(|(_, line)| line)
            .filter(|line| !found.contains(line))
            .collect();
        trial.rest(
            missing.is_empty(),
            format!(
                "{} of {} healthy processes are not complete, the first: {:?}; found: {:?}",
                missing.len(),
                expected.len(),
                missing.first(),
                found.iter().take(3).collect::<Vec<_>>()
            ),
        );
        let dead: Vec<u32> = trial
            .children
            .iter_mut()
            .filter(|child| self.pids.contains(&child.pid()))
            .filter_map(|child| wait_within(&mut child.0, Duration::ZERO).map(|_| child.pid()))
            .collect();
        trial.harmless(
            dead.is_empty(),
            format!("healthy processes ended: {dead:?}"),
        );
    }
}
