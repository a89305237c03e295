//! Tests that need a host of their own: they run again inside new pid, mount, network and UTS namespaces.
//!
//! The test binary is started once more below `unshare` and becomes process 1 of the new pid namespace. Whatever happens to it,
//! or to the test that waits for it, the kernel ends all processes of the namespace with it, and mounts and links go
//! with theirs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Guard, has, is_root, skip, succeed, wait_for};

const INSIDE: &str = "FREEZEFRAME_INSIDE";
/// Names what a holder is to hold.
pub(crate) const HOLDER: &str = "FREEZEFRAME_HOLDER";
/// Longer than any such test takes, shorter than the limit of the test runner.
const LIMIT: Duration = Duration::from_secs(200);

/// Where a test that needs namespaces finds itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In namespaces of its own, where it is to do its work.
    Inside,
    /// Outside, after it did its work inside without a failure: nothing in there lives any more.
    After,
    /// Outside, and there is no inside; that is noted.
    Nowhere,
}

/// Whether the caller runs inside and is to do its work. Outside, runs the test of that name inside and reports how it
/// went, or notes that it cannot.
pub(crate) fn inside(test: &str) -> bool {
    enter(test, &[]) == Place::Inside
}

/// As [`inside`], for a test that has something to do outside too; it hands `environment` to itself inside.
pub(crate) fn enter(test: &str, environment: &[(&str, OsString)]) -> Place {
    enter_as(test, &[], environment)
}

/// As [`enter`], with options of `unshare` beside the usual ones.
pub(crate) fn enter_as(test: &str, options: &[&str], environment: &[(&str, OsString)]) -> Place {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == test) {
        return Place::Inside;
    }
    let unshare = if has("ip") {
        new_namespaces(options)
    } else {
        Err("needs ip".to_owned())
    };
    let mut unshare = match unshare {
        Ok(unshare) => unshare,
        Err(reason) => {
            skip(test, &reason);
            return Place::Nowhere;
        }
    };
    let binary = std::env::current_exe().expect("a test knows its binary");
    let child = unshare
        .arg(binary)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, test)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .spawn();
    let mut guard = Guard(child.expect("unshare starts"));
    let status = super::wait_within(&mut guard.0, LIMIT);
    let status = status.unwrap_or_else(|| panic!("{test} did not end within {LIMIT:?}"));
    assert!(status.success(), "{test} failed inside its namespaces");
    Place::After
}

/// A command that runs a program as on any machine, whoever started the tests: a job in the background of a script ignores
/// some signals, and descriptors, the mask of new files, the priority and the choice of the OOM killer are inherited too.
///
/// `bash`, as other shells close no descriptor of two digits.
pub(crate) fn as_anywhere(program: impl AsRef<OsStr>) -> Command {
    const DEFAULTS: &str = r#"
        umask 022
        renice --priority 0 --pid $$ >/dev/null 2>&1
        echo 0 2>/dev/null >/proc/self/oom_score_adj
        for descriptor in /proc/self/fd/*; do
            number=${descriptor##*/}
            if [ "$number" -gt 2 ]; then exec {number}>&-; fi
        done
        exec env --default-signal "$@""#;
    let mut command = Command::new("bash");
    command.args(["-c", DEFAULTS, "bash"]).arg(program);
    command
}

/// The command that runs a program as process 1 of new pid, mount, network, UTS and IPC namespaces, or what is missing for it.
pub(crate) fn new_namespaces(options: &[&str]) -> Result<Command, String> {
    if !is_root() {
        return Err("needs root".to_owned());
    }
    for program in ["unshare", "bash"] {
        if !has(program) {
            return Err(format!("needs {program}"));
        }
    }
    let unshare = || {
        let mut command = as_anywhere("unshare");
        command.args([
            "--pid",
            "--mount",
            "--net",
            "--uts",
            "--ipc",
            "--fork",
            "--kill-child=KILL",
            "--mount-proc",
        ]);
        command.args(options);
        command
    };
    let tried = unshare().arg("true").stderr(Stdio::null()).status();
    if tried.is_ok_and(|status| status.success()) {
        Ok(unshare())
    } else {
        Err("this system does not let root make namespaces".to_owned())
    }
}

/// What a process that only holds things is to hold; `None` in every other process.
pub(crate) fn holder_role() -> Option<String> {
    std::env::var(HOLDER).ok()
}

/// Starts the test `hold` of this binary again, in a network namespace of its own where asked, to hold what `role` says.
pub(crate) fn start_holder(role: &str, own_network: bool) -> Guard {
    let binary = this_binary();
    let mut command = if own_network {
        let mut command = Command::new("unshare");
        command.args([
            "--net",
            "sh",
            "-c",
            "ip link set lo up && exec \"$@\"",
            "sh",
        ]);
        command.arg(binary);
        command
    } else {
        Command::new(binary)
    };
    command
        .args(["--exact", "hold", "--nocapture", "--test-threads=1"])
        .env(HOLDER, role)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Guard(command.spawn().expect("the holder starts"))
}

/// The test binary, also where a mount hides the directory that it lies in.
pub(crate) fn this_binary() -> PathBuf {
    let binary = std::env::current_exe().expect("a test knows its binary");
    if binary.exists() {
        return binary;
    }
    PathBuf::from(format!("/proc/{}/exe", std::process::id()))
}

/// Hides a directory of this machine below an empty one, in the test's own mount namespace.
pub(crate) fn cover(directory: &str) {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "mode=0755", "tmpfs", directory]);
    succeed(&mut mount, &[0]);
}

/// Runs a program in the network namespace of a process.
pub(crate) fn in_network_of(pid: u32, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--target", &pid.to_string(), "--net", program]);
    command
}

/// Inode of a process's network namespace.
pub(crate) fn network_of(pid: u32) -> u64 {
    let link = std::fs::read_link(format!("/proc/{pid}/ns/net")).expect("the process lives");
    let digits: String = link
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().expect("net:[inode]")
}

/// A directory that every user can reach and the test's own mount namespace forgets, with copies of the programs.
pub(crate) fn open_directory() -> PathBuf {
    let directory = PathBuf::from("/mnt");
    cover("/mnt");
    for name in ["capture", "analyze"] {
        std::fs::copy(super::program(name), directory.join(name)).expect("the program is copied");
    }
    let tmp = directory.join("tmp");
    std::fs::create_dir(&tmp).expect("an empty directory");
    std::fs::set_permissions(&tmp, std::os::unix::fs::PermissionsExt::from_mode(0o1777))
        .expect("the owner may");
    directory
}

/// Waits until a file is there.
pub(crate) fn wait_for_file(path: &Path) {
    wait_for(&path.display().to_string(), || path.exists().then_some(()));
}

/// Captures the host of the namespaces with the program of [`open_directory`]; the bundle lies in `place`.
pub(crate) fn captured(place: &Path, options: &[&str]) -> PathBuf {
    let bundle = place.join("bundle.tar.zst");
    let _ = std::fs::remove_file(&bundle);
    let mut program = Command::new("/mnt/capture");
    program.args(["-q"]).args(options).arg("-o").arg(&bundle);
    let ended = super::run_within(&mut program, Duration::from_secs(70));
    assert!(
        matches!(ended.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    bundle
}
