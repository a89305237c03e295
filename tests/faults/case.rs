//! What a case is, and how it is run: in a process of its own, which is killed with everything that it started.

use std::process::Stdio;
use std::time::Duration;

use crate::common::namespace::{as_anywhere, new_namespaces};
use crate::common::{Guard, wait_within};
use crate::trial::{self, Report, Skipped, Trial};

/// One fault.
pub(crate) struct Case {
    /// Its name in the table: a letter for its family and a number.
    pub(crate) id: &'static str,
    /// What is wrong with the world.
    pub(crate) title: &'static str,
    /// Whether it is cheap enough for the normal test command: well below three seconds.
    pub(crate) quick: bool,
    /// How long it may take in all, its world included.
    pub(crate) limit: Duration,
    /// What is done.
    pub(crate) run: Run,
}

/// Where and how a case is run.
pub(crate) enum Run {
    /// As process 1 of pid, mount, network, UTS and IPC namespaces of its own.
    InNamespaces(Function),
    /// In this machine's namespaces: for `analyze`, which needs no world.
    Here(Function),
    /// Not yet: it is a fault of a part of the product that does not exist.
    Pending(&'static str),
}

/// What came of a case.
pub(crate) enum Result {
    Survived,
    /// What was missing: a device or a privilege.
    Skipped(String),
    /// The part of the product that it waits for.
    Pending(&'static str),
    /// What did not hold.
    Failed(Vec<String>),
}

/// What a case does.
type Function = fn(&mut Trial) -> std::result::Result<(), Skipped>;

impl Case {
    /// A case in namespaces of its own that takes its time.
    pub(crate) const fn slow(id: &'static str, title: &'static str, function: Function) -> Self {
        Case {
            id,
            title,
            quick: false,
            limit: Duration::from_mins(2),
            run: Run::InNamespaces(function),
        }
    }

    /// A case in namespaces of its own that is cheap enough for the normal test command.
    pub(crate) const fn quick(id: &'static str, title: &'static str, function: Function) -> Self {
        Case::slow(id, title, function).in_quick_part()
    }

    /// A case of `analyze` alone, which needs no namespaces.
    pub(crate) const fn here(id: &'static str, title: &'static str, function: Function) -> Self {
        Case {
            run: Run::Here(function),
            ..Case::slow(id, title, function)
        }
    }

    /// A case of a part of the product that does not exist yet.
    pub(crate) const fn pending(id: &'static str, title: &'static str, part: &'static str) -> Self {
        Case {
            id,
            title,
            quick: false,
            limit: Duration::ZERO,
            run: Run::Pending(part),
        }
    }

    pub(crate) const fn in_quick_part(self) -> Self {
        Case {
            quick: true,
            ..self
        }
    }

    /// With another time limit.
    pub(crate) const fn within(self, limit: Duration) -> Self {
        Case { limit, ..self }
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.run, Run::Pending(_))
    }

    /// Whether it is one of `analyze` alone.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self.run, Run::Here(_))
    }

    /// Runs it.
    pub(crate) fn result(&self) -> Result {
        let own = std::env::current_exe().expect("a test knows its binary");
        let place = tempfile::tempdir().expect("a directory for the report");
        let file = place.path().join("report.json");
        let mut command = match self.run {
            Run::Pending(part) => return Result::Pending(part),
            Run::Here(_) => as_anywhere(own),
            Run::InNamespaces(_) => match new_namespaces(&[]) {
                Ok(mut unshare) => {
                    unshare.arg(own);
                    unshare
                }
                Err(reason) => return Result::Skipped(reason),
            },
        };
        command
            .envs([(trial::INSIDE, self.id)])
            .env(trial::REPORT, &file)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let mut child = Guard(command.spawn().expect("the case starts"));
        if wait_within(&mut child.0, self.limit).is_none() {
            return Result::Failed(vec![format!("did not end within {:?}", self.limit)]);
        }
        match std::fs::read(&file) {
            Ok(json) => {
                let report: Report = serde_json::from_slice(&json).expect("a whole report");
                report.result()
            }
            Err(_) => Result::Failed(vec!["ended without a report".to_owned()]),
        }
    }
}
