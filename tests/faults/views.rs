//! Processes in other namespaces, and what a user who is not root or a watcher sees of a capture.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::case::Case;
use crate::common::{has, wait_for};
use crate::ended::kill;
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::quick(
        "C30",
        "processes in user, pid, mount, network and other namespaces of their own",
        other_namespaces,
    ),
    Case::slow("C31", "a capture by an ordinary user", ordinary_user),
    Case::slow(
        "C32",
        "somebody who watches homes, logs and configuration by inotify",
        watched,
    ),
];

const LIMIT: Duration = Duration::from_mins(1);
const USER: &str = "12345";

fn other_namespaces(trial: &mut Trial) -> Result<(), Skipped> {
    if !has("strace") {
        return Err(Skipped::because("needs strace"));
    }
    let healthy = trial.healthy(2);
    let names = trial.program("names")?;
    // Three of them, each with its own listener on the same port.
    let mut outer = Vec::new();
    for _ in 0..3 {
        let mut command = Command::new("unshare");
        command
            .args([
                "-U",
                "-r",
                "-m",
                "-p",
                "-n",
                "-u",
                "-i",
                "-C",
                "--fork",
                "--kill-child=KILL",
            ])
            .arg(&names)
            .args(["tcp:8082", "abstract:inside"]);
        outer.push(trial.start(&mut command));
    }
    let inner: Vec<u32> = outer.iter().map(|pid| only_child(*pid)).collect();
    for pid in &inner {
        let last = format!("/proc/{pid}/fd/4");
        wait_for("what is held", || std::fs::read_link(&last).ok());
    }
    let trace = trial.place().join("trace");
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-qq",
            "-e",
            "trace=setns,unshare,ptrace",
            "-e",
            "signal=none",
            "-o",
        ])
        .arg(&trace)
        .arg(trial.capture().get_program())
        .arg("-q");
    let bundle = trial.bundle_by(&mut command, LIMIT);
    healthy.check(trial, &bundle);
    let pids = inner
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    // Each is complete, is process 1 of its own namespace, and its listeners are there, in a namespace of their own.
    let found = Trial::rows(
        &bundle,
        &format!(
            "SELECT count(*), count(DISTINCT p.net_namespace), \
             sum(p.namespace_pids = p.pid || ' 1'), \
             (SELECT count(*) FROM sockets AS s JOIN process_fds AS f USING (inode) \
              WHERE f.pid IN ({pids}) AND s.net_namespace IN \
                  (SELECT net_namespace FROM processes WHERE pid = f.pid) \
              AND s.state = 'LISTEN' AND (s.local_port = 8082 OR s.path = '@inside')) \
             FROM processes AS p WHERE p.pid IN ({pids})"
        ),
    );
    trial.named(found == ["3 | 3 | 3 | 6"], format!("{found:?}"));
    let found = Trial::rows(
        &bundle,
        &format!(
            "SELECT type, count(DISTINCT inode) FROM process_namespaces WHERE pid IN ({pids}) \
             AND type IN ('mnt', 'net', 'pid', 'user', 'uts', 'ipc', 'cgroup') GROUP BY 1 ORDER BY 1"
        ),
    );
    trial.rest(
        found
            == [
                "cgroup | 3",
                "ipc | 3",
                "mnt | 3",
                "net | 3",
                "pid | 3",
                "user | 3",
                "uts | 3",
            ],
        format!("{found:?}"),
    );
    let trace = std::fs::read_to_string(&trace).unwrap();
    // The end of a worker may be a line too, without the name of a call.
    let entered: Vec<&str> = trace
        .lines()
        .filter(|line| {
            ["setns(", "unshare(", "ptrace("]
                .iter()
                .any(|call| line.contains(call))
                // Network namespaces are entered, to make a socket in them.
                && !line.contains(", CLONE_NEWNET)")
                && !line.contains(", CLONE_NEWNET <unfinished")
        })
        .collect();
    trial.harmless(
        entered.is_empty(),
        format!("it went elsewhere: {entered:?}"),
    );
    Ok(())
}

/// The one child of a process, once there is one.
fn only_child(pid: u32) -> u32 {
    let file = format!("/proc/{pid}/task/{pid}/children");
    wait_for("a child", || {
        std::fs::read_to_string(&file).ok()?.trim().parse().ok()
    })
}

fn ordinary_user(trial: &mut Trial) -> Result<(), Skipped> {
    if !has("setpriv") {
        return Err(Skipped::because("needs setpriv"));
    }
    let healthy = trial.healthy(3);
    let as_user = ["--reuid", USER, "--regid", USER, "--clear-groups"];
    let mut own = Command::new("setpriv");
    own.args(as_user).args(["sleep", "1000.75"]);
    own.env("FREEZEFRAME_OWN", "planted");
    let own = trial.start(&mut own);
    wait_for("the user's own process", || {
        let status = std::fs::read_to_string(format!("/proc/{own}/status")).unwrap();
        status.starts_with("Name:\tsleep").then_some(())
    });
    let mut command = Command::new("setpriv");
    command
        .args(as_user)
        .arg(trial.capture().get_program())
        .arg("-q");
    let bundle = trial.bundle_by(&mut command, LIMIT);
    // Of root's processes what the kernel tells everybody.
    let pids = healthy
        .pids()
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let found = Trial::rows(
        &bundle,
        &format!(
            "SELECT name, uid, cmdline LIKE 'healthy-% 1000', path IS NULL, state FROM processes WHERE pid IN ({pids})"
        ),
    );
    trial.rest(
        found == ["sleep | 0 | 1 | 1 | S"; 3],
        format!("of others: {found:?}"),
    );
    let found = Trial::rows(
        &bundle,
        &format!(
            "SELECT p.cmdline, p.path IS NOT NULL, e.value FROM processes AS p \
             JOIN process_envs AS e ON e.pid = p.pid AND e.key = 'FREEZEFRAME_OWN' WHERE p.pid = {own}"
        ),
    );
    trial.rest(
        found == ["sleep 1000.75 | 1 | planted"],
        format!("of its own: {found:?}"),
    );
    let found = Trial::rows(
        &bundle,
        &format!(
            "SELECT replace(path, '/proc/' || pid || '/', ''), count(*) FROM collection_log \
             WHERE pid IN ({pids}) AND outcome = 'denied' GROUP BY 1 ORDER BY 1"
        ),
    );
    let denied = |name: &str| found.contains(&format!("{name} | 3"));
    trial.named(
        ["environ", "exe", "cwd", "root", "fd", "io", "maps"]
            .into_iter()
            .all(denied),
        format!("denied: {found:?}"),
    );
    let found = Trial::rows(
        &bundle,
        "SELECT complete, incomplete_reason LIKE '%denied%' FROM snapshots",
    );
    trial.named(found == ["0 | 1"], format!("{found:?}"));
    for pid in healthy.pids() {
        trial.harmless(
            Path::new(&format!("/proc/{pid}")).exists(),
            format!("{pid} has ended"),
        );
    }
    Ok(())
}

/// What the kernel says of somebody's watches.
fn watches(watcher: u32) -> String {
    std::fs::read_to_string(format!("/proc/{watcher}/fdinfo/3")).unwrap()
}

/// A capture cannot hide from inotify, as FORMAT.md says; but it opens nothing twice and does not go round in circles.
fn watched(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let watch = trial.program("watch")?;
    let home = trial.place().join("home");
    for directory in [home.as_path(), Path::new("/var/log"), Path::new("/etc")] {
        std::fs::create_dir_all(directory).unwrap();
    }
    for directory in ["/var/log", "/etc"] {
        let copy = trial.place().join(directory.replace('/', "-"));
        let status = Command::new("cp")
            .args(["-a", directory])
            .arg(&copy)
            .status();
        assert!(status.unwrap().success());
        let status = Command::new("mount")
            .arg("--bind")
            .arg(&copy)
            .arg(directory)
            .status();
        assert!(status.unwrap().success());
    }
    std::fs::write(
        "/etc/passwd",
        format!(
            "root:x:0:0::/root:/bin/sh\nplanted:x:1000:1000::{}:/bin/bash\n",
            home.display()
        ),
    )
    .unwrap();
    std::fs::write(home.join(".bash_history"), "echo planted\n").unwrap();
    std::fs::write("/var/log/syslog", "Nov 25 10:00:00 web-1 app: planted\n").unwrap();
    std::fs::write("/var/log/messages", "Nov 25 10:00:00 web-1 app: planted\n").unwrap();
    let report = trial.place().join("report");
    let mut command = Command::new(watch);
    command.arg(&report).arg(&home).args(["/var/log", "/etc"]);
    let watcher = trial.start(&mut command);
    wait_for("the watches", || {
        let fdinfo = std::fs::read_to_string(format!("/proc/{watcher}/fdinfo/3")).ok()?;
        (fdinfo.matches("inotify wd:").count() == 3).then_some(())
    });
    let before = watches(watcher);
    let bundle = trial.bundle(&[], LIMIT);
    let after = watches(watcher);
    healthy.check(trial, &bundle);
    trial.harmless(before == after, format!("{before} became {after}"));
    kill("TERM", watcher);
    let report = wait_for("the report", || std::fs::read_to_string(&report).ok());
    let met: BTreeMap<&str, (u32, u32)> = report
        .lines()
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let mut number = || words.next().unwrap().parse().unwrap();
            let counts = (number(), number());
            (words.next().unwrap(), counts)
        })
        .collect();
    let history = home.join(".bash_history").display().to_string();
    for file in [
        history.as_str(),
        "/var/log/syslog",
        "/var/log/messages",
        "/etc/hosts",
    ] {
        let opens = met.get(file).map(|counts| counts.0);
        trial.named(opens == Some(1), format!("{file}: {opens:?} opens"));
    }
    // The loader's own file is opened by every worker that is started, before it is ours.
    let often: Vec<_> = met
        .iter()
        .filter(|(name, counts)| counts.0 > 1 && **name != "/etc/ld.so.cache")
        .collect();
    trial.harmless(
        often.is_empty(),
        format!("opened more than once: {often:?}"),
    );
    let found = Trial::rows(
        &bundle,
        "SELECT (SELECT count(*) FROM shell_history WHERE command = 'echo planted'), \
         (SELECT count(*) FROM log_lines WHERE message = 'planted')",
    );
    trial.rest(found == ["1 | 2"], format!("{found:?}"));
    Ok(())
}
