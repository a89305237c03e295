//! Secrets, and who may see them.

use std::process::Command;
use std::time::Duration;

use crate::case::Case;
use crate::common::{random, succeed};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::quick(
        "X04",
        "secrets in the collector's own arguments, environment and key",
        own_secrets,
    ),
    Case::pending(
        "X08",
        "encrypted bundle: wrong key, cut, flipped",
        ENCRYPTION,
    ),
    Case::pending(
        "X09",
        "plaintext on disk beside an encrypted bundle",
        ENCRYPTION,
    ),
];

const ENCRYPTION: &str = "encryption";

fn own_secrets(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let key = trial.place().join("case.key");
    let password = format!("w{:016x}", random());
    let mut capture = trial.capture();
    capture.arg("--case-key").arg(&key);
    capture.arg(format!(
        "--label=https://operator:{password}@192.0.2.1/cases"
    ));
    capture.env("API_TOKEN", &password);
    let bundle = trial.bundle_by(&mut capture, Duration::from_mins(1));
    let key = std::fs::read_to_string(&key).unwrap();
    let key = key.trim();
    assert!(key.len() == 64, "{} digits", key.len());
    let directory = trial.place().join("all");
    succeed(
        trial.analyze().arg("extract").arg(&bundle).arg(&directory),
        &[0],
    );
    let mut command = Command::new("grep");
    command.args(["-rlaiF", "-e", &password, "-e", key]);
    let found = succeed(command.arg(&directory), &[0, 1]);
    trial.harmless(found.is_empty(), String::from_utf8_lossy(&found));
    let own = Trial::rows(
        &bundle,
        "SELECT count(*) > 0 FROM processes WHERE cmdline LIKE '%--case-key%'",
    );
    trial.named(own == ["1"], "the collector's own arguments are there");
    healthy.check(trial, &bundle);
    Ok(())
}
