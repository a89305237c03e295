//! Bundles that are damaged, forged, or no bundles.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::case::Case;
use crate::common::{self, succeed};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::pending(
        "B04",
        "a manifest that was edited, with all sums made again",
        SIGNATURES,
    ),
    Case::pending("B05", "a signature by an unknown key", SIGNATURES),
    Case::here(
        "B18",
        "an input that is empty, a directory, a FIFO, endless, sparse",
        no_bundle,
    )
    .in_quick_part(),
];

const SIGNATURES: &str = "signatures";

fn no_bundle(trial: &mut Trial) -> Result<(), Skipped> {
    let place = trial.place().to_owned();
    let paths = ["empty", "directory", "fifo", "sparse"].map(|name| place.join(name));
    let [empty, directory, fifo, sparse] = &paths;
    std::fs::write(empty, "").unwrap();
    std::fs::create_dir(directory).unwrap();
    succeed(Command::new("mkfifo").arg(fifo), &[0]);
    // What ext4 and tmpfs allow differs.
    let file = std::fs::File::create(sparse).unwrap();
    assert!((40..63).rev().any(|bits| file.set_len(1 << bits).is_ok()));
    let zero = Path::new("/dev/zero");
    for path in paths.iter().map(std::path::PathBuf::as_path).chain([zero]) {
        for command in ["verify", "brief"] {
            let output = trial.run(
                trial.analyze().arg(command).arg(path),
                Duration::from_secs(5),
            );
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let name = path.file_name().unwrap().to_string_lossy();
            trial.named(
                output.status.code() == Some(2) && said.contains(&*name),
                format!("{command} {name}: {:?}: {said}", output.status),
            );
        }
    }
    let verified = common::run_within(
        trial.analyze().arg("verify").arg(common::web_1()),
        Duration::from_secs(30),
    );
    trial.rest(verified.status.success(), format!("{verified:?}"));
    let left = std::fs::read_dir(&place).unwrap().count();
    trial.harmless(
        left == paths.len(),
        format!("{left} files beside the inputs"),
    );
    Ok(())
}
