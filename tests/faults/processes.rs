//! Processes that hang, race, lie or are too large.

use std::process::Command;
use std::time::Duration;

use crate::case::Case;
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[Case::quick("C15", "a zombie", zombie)];

fn zombie(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    // Its parent waits for something else for ever.
    let parent = trial.start(Command::new("sh").args(["-c", "true & exec sleep 1000"]));
    let bundle = trial.bundle(&[], Duration::from_secs(30));
    healthy.check(trial, &bundle);
    let zombies = Trial::rows(
        &bundle,
        &format!(
            "SELECT p.state, p.cmdline, (SELECT count(*) FROM collection_log AS c \
             WHERE c.pid = p.pid AND c.outcome IN ('failed', 'denied', 'timed out')) \
             FROM processes AS p WHERE p.parent = {parent}"
        ),
    );
    trial.named(zombies == ["Z | '' | 0"], format!("{zombies:?}"));
    let stat = std::fs::read_to_string(format!("/proc/{parent}/stat")).unwrap_or_default();
    trial.harmless(stat.contains(" S "), stat);
    Ok(())
}
