//! Logs that processes hold open, on a server that answers late or never.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::case::Case;
use crate::common::{self, wait_for};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::slow(
        "C46",
        "twenty logs that a user holds open on a server that is silent",
        mute_logs,
    ),
    Case::quick(
        "C47",
        "a log that another user's file system says is endless, a fifo, and a link in its place",
        odd_logs,
    ),
];

const DEADLINE: &str = "20";
const LIMIT: Duration = Duration::from_secs(25);
/// Another user.
const USER: &str = "12345";

/// What has a shell hold a file open to append to.
fn format_open(fd: usize, file: &str) -> String {
    format!("exec {fd}>>'{file}'; ")
}

/// Starts a process that holds files open to append to.
fn holder(trial: &mut Trial, user: Option<&str>, files: &[String]) -> u32 {
    let mut script = String::new();
    for (number, file) in files.iter().enumerate() {
        script.push_str(&format_open(number + 3, file));
    }
    script += "exec sleep 600";
    let mut command = match user {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--regid", user, "--clear-groups", "sh"]);
            command
        }
        None => Command::new("sh"),
    };
    command
        .args(["-ec", &script])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let pid = trial.start(&mut command);
    wait_for("the files", || {
        let name = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
        (name == b"sleep\n").then_some(())
    });
    pid
}

fn outcomes(bundle: &Path, below: &Path) -> Vec<String> {
    let sql = format!(
        "SELECT outcome || ' ' || count(*) FROM collection_log WHERE path GLOB '{}/*' GROUP BY outcome ORDER BY outcome",
        below.display()
    );
    Trial::rows(bundle, &sql)
}

fn mute_logs(trial: &mut Trial) -> Result<(), Skipped> {
    if !common::has("setpriv") {
        return Err(Skipped::because("needs setpriv"));
    }
    let mount = trial.mount("m");
    let names: Vec<String> = (0..20).map(|number| format!("log{number}")).collect();
    let mut rules: Vec<&str> = names.iter().map(String::as_str).collect();
    rules.push("read:*:never");
    trial.server(&mount, &rules)?;
    let paths: Vec<String> = names
        .iter()
        .map(|name| mount.join(name).display().to_string())
        .collect();
    for five in paths.chunks(5) {
        holder(trial, Some(USER), five);
    }
    // Those of root and of a third user, which are as they should be.
    let well = trial.mount("well");
    std::fs::create_dir_all(&well).expect("a directory");
    std::fs::set_permissions(&well, std::os::unix::fs::PermissionsExt::from_mode(0o777))
        .expect("ours");
    let log = |name: &str| well.join(name).display().to_string();
    std::fs::write(well.join("roots"), "planted\n").expect("a log");
    holder(trial, None, &[log("roots")]);
    holder(trial, Some("54321"), &[log("others")]);
    let healthy = trial.healthy(5);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    let found = outcomes(&bundle, &well);
    trial.rest(found == ["collected 2"], format!("{found:?}"));
    let found = outcomes(&bundle, &mount);
    let told: u32 = found
        .iter()
        .filter(|row| row.starts_with("timed out ") || row.starts_with("skipped "))
        .filter_map(|row| row.rsplit(' ').next()?.parse::<u32>().ok())
        .sum();
    trial.named(told == 20, format!("{found:?}"));
    let abandoned = Trial::abandoned(&bundle);
    trial.harmless(
        abandoned <= 8,
        format!("{abandoned} workers were left behind"),
    );
    Ok(())
}

fn odd_logs(trial: &mut Trial) -> Result<(), Skipped> {
    let place = trial.mount("logs");
    std::fs::create_dir_all(&place).expect("a directory");
    let path = |name: &str| place.join(name).display().to_string();
    let log = std::fs::File::create(place.join("endless")).expect("a log");
    log.set_len((1 << 63) - 4097).expect("a hole");
    std::fs::write(place.join("plain"), "planted\n").expect("a log");
    let made = Command::new("mkfifo").arg(place.join("fifo")).status();
    assert!(made.is_ok_and(|status| status.success()));
    std::os::unix::fs::symlink("/etc/shadow", place.join("link")).expect("a link");
    let script = format!(
        "exec 3>>{} 4>>{} 5<>{}; exec sleep 600",
        path("endless"),
        path("plain"),
        path("fifo")
    );
    let mut command = Command::new("sh");
    command.args(["-ec", &script]);
    let pid = trial.start(&mut command);
    wait_for("the files", || {
        let name = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
        (name == b"sleep\n").then_some(())
    });
    let mut naming = Command::new("sh");
    naming.args([
        "-c",
        "sleep 600; true",
        "app",
        &format!("--log-file={}.log", path("link")),
    ]);
    std::fs::rename(place.join("link"), place.join("link.log")).expect("renamed");
    trial.start(&mut naming);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    let sql = format!(
        "SELECT replace(path, '{}/', '') || ' ' || outcome FROM collection_log WHERE path GLOB '{0}/*' ORDER BY path",
        place.display()
    );
    let found = Trial::rows(&bundle, &sql);
    trial.rest(
        found.contains(&"plain collected".to_owned()),
        format!("{found:?}"),
    );
    trial.named(
        found.contains(&"endless skipped".to_owned())
            && found.contains(&"link.log skipped".to_owned()),
        format!("{found:?}"),
    );
    // Nothing was taken out of the pipe, which would have blocked, and nothing of what the link leads to is there.
    let sql = "SELECT count(*) FROM log_lines WHERE message LIKE 'root:%:%'";
    let found = Trial::rows(&bundle, sql);
    trial.harmless(found == ["0"], format!("{found:?}"));
    Ok(())
}
