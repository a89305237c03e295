//! Processes that come and go while they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::case::Case;
use crate::common::wait_for;
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::slow("C12", "a thousand processes a second come and go", brief),
    Case::slow("C13", "process ids that are used again at once", reused),
];

const LIMIT: Duration = Duration::from_mins(1);
/// How often it is tried to meet what only chance brings.
const TRIES: u32 = 12;
/// The first of the ids that are used again: above those of all other processes.
const FIRST: u32 = 20_000;
const LANES: u32 = 12;

fn brief(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(50);
    let storm = trial.program("storm")?;
    let storm = trial.start(Command::new(storm).arg("brief"));
    begun();
    let (mut met, mut vanished) = (0, 0);
    for _ in 0..TRIES {
        let bundle = trial.bundle(&[], LIMIT);
        healthy.check(trial, &bundle);
        met += unmixed(trial, &bundle);
        let outcomes = Trial::rows(
            &bundle,
            &format!(
                "SELECT DISTINCT c.outcome FROM collection_log AS c JOIN processes AS p USING (pid) \
                 WHERE p.parent = {storm} ORDER BY 1"
            ),
        );
        let others: Vec<&String> = outcomes
            .iter()
            .filter(|outcome| !["absent", "collected", "vanished"].contains(&outcome.as_str()))
            .collect();
        trial.harmless(others.is_empty(), format!("{others:?} of what has ended"));
        vanished += usize::from(outcomes.iter().any(|outcome| outcome == "vanished"));
        if met > 20 && vanished > 0 {
            break;
        }
    }
    trial.named(
        met > 20 && vanished > 0,
        format!("{met} processes of the storm, vanished in {vanished} captures"),
    );
    Ok(())
}

fn reused(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(200);
    let storm = trial.program("storm")?;
    let storm =
        trial.start(Command::new(storm).args(["reuse", &FIRST.to_string(), &LANES.to_string()]));
    begun();
    let (mut met, mut seen) = (0, 0);
    for _ in 0..TRIES {
        let bundle = trial.bundle(&[], LIMIT);
        healthy.check(trial, &bundle);
        met += unmixed(trial, &bundle);
        let rows = Trial::rows(
            &bundle,
            "SELECT count(*) FROM collection_log WHERE outcome = 'vanished' AND reason = 'the pid was reused'",
        );
        seen += usize::from(rows != ["0"]);
        if met > 20 && seen > 0 {
            break;
        }
    }
    trial.named(
        met > 20 && seen > 0,
        format!("{met} processes of the storm, an id used again in {seen} captures"),
    );
    trial.harmless(
        Path::new(&format!("/proc/{storm}")).exists(),
        "the storm has ended",
    );
    Ok(())
}

/// Waits for the first process of a storm.
fn begun() {
    wait_for("the storm", || {
        let mut names = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("comm")).ok());
        names.any(|name| name.starts_with("token")).then_some(())
    });
}

/// Looks whether what is said of one process id has one token at most; says how many have one.
fn unmixed(trial: &mut Trial, bundle: &Path) -> usize {
    let rows = Trial::rows(
        bundle,
        "SELECT pid, name FROM processes WHERE name LIKE 'token%' AND NOT identity_uncertain
         UNION ALL SELECT pid, name FROM threads WHERE name LIKE 'token%' AND pid NOT IN \
             (SELECT pid FROM processes WHERE identity_uncertain)
         UNION ALL SELECT pid, value FROM process_arguments WHERE value LIKE 'token%' AND pid NOT IN \
             (SELECT pid FROM processes WHERE identity_uncertain)
         UNION ALL SELECT pid, value FROM process_envs WHERE key = 'TOKEN' AND pid NOT IN \
             (SELECT pid FROM processes WHERE identity_uncertain)",
    );
    let mut tokens: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &rows {
        let (pid, token) = row.split_once(" | ").unwrap();
        tokens.entry(pid).or_default().insert(token);
    }
    let mixed: Vec<_> = tokens.iter().filter(|(_, all)| all.len() > 1).collect();
    trial.rest(mixed.is_empty(), format!("mixed: {mixed:?}"));
    tokens.len()
}
