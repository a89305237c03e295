//! A capture that is told to stop, or whose workers are.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::common::{Guard, random, wait_for, wait_within};
use crate::output::{LIMIT, noise_logs, partial, verify};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case {
        limit: MANY_LIMIT,
        ..Case::slow("O07", "SIGINT, SIGTERM, SIGHUP at 20 moments", told_to_stop)
    },
    Case {
        limit: MANY_LIMIT,
        ..Case::slow("O08", "SIGKILL at 20 moments", killed)
    },
    Case::slow("O16", "a reader that stopped reading", stopped_reader),
    Case::slow("O17", "a worker that is stopped", stopped_worker),
    Case::slow("O18", "a worker that is killed", killed_worker),
    Case::slow("O20", "SIGHUP under nohup", nohup),
    Case::slow(
        "O24",
        "SIGKILL of the capture while a worker cannot move",
        orphan,
    ),
    Case::slow(
        "O26",
        "an output whose server is stopped, or keeps its answers to itself",
        mute_output,
    ),
];

/// Some twenty captures of a large world, each looked at, on a busy machine.
const MANY_LIMIT: Duration = Duration::from_mins(8);
/// What a signal may cost.
const SIGNAL_LIMIT: Duration = Duration::from_secs(1);

/// How long a signal took, without what the machine's other work adds to it: the time for which anything had to wait for a
/// processor, of which the kernel keeps the sum.
struct Told {
    at: Instant,
    stalled: Duration,
}

impl Told {
    fn now() -> Self {
        Told {
            at: Instant::now(),
            stalled: stalled(),
        }
    }

    fn took(&self) -> Duration {
        let stalled = stalled().saturating_sub(self.stalled);
        self.at.elapsed().saturating_sub(stalled)
    }
}

/// From `/proc/pressure/cpu`, which a kernel need not have.
fn stalled() -> Duration {
    let text = std::fs::read_to_string("/proc/pressure/cpu").unwrap_or_default();
    let some = text.lines().find(|line| line.starts_with("some "));
    let total = some.and_then(|line| line.rsplit_once("total="));
    total.map_or(Duration::ZERO, |(_, total)| {
        Duration::from_micros(total.trim().parse().unwrap())
    })
}

fn told_to_stop(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let whole = large_world(trial);
    let mut interrupted = 0;
    for moment in 0..20_u32 {
        let signal = ["TERM", "INT", "HUP"][usize::try_from(moment).unwrap() % 3];
        let bundle = trial.place().join(format!("{moment}.tar.zst"));
        let mut capture = begin(trial, &[], &bundle);
        std::thread::sleep(whole.moment(moment));
        kill(signal, capture.pid());
        let told = Told::now();
        let status = wait_within(&mut capture.0, LIMIT);
        let took = told.took();
        let Some(status) = status else {
            trial.ends(false, format!("SIG{signal} does not end it"));
            return Ok(());
        };
        // Before it watches for signals it ends at once, and nothing is written.
        if status.signal().is_some() {
            trial.harmless(!bundle.exists(), "a bundle of a capture that was killed");
            continue;
        }
        trial.ends(
            took <= SIGNAL_LIMIT,
            format!("SIG{signal} at moment {moment} took {took:?}"),
        );
        let manifest = verify(trial, &bundle, 0);
        let reasons = manifest["incomplete_reasons"].to_string();
        let told = reasons.contains("a signal ended the capture");
        interrupted += u32::from(told);
        trial.named(
            // What had ended before it was told is as the whole one is.
            manifest["complete"] == !told && status.code() == Some(i32::from(told)),
            format!("moment {moment}: {status:?}: {manifest}"),
        );
        let found = agrees(trial, &bundle, &whole);
        trial.rest(
            told || found >= ALL_FDS,
            format!("moment {moment}: {found} fds in one that was not interrupted"),
        );
    }
    trial.named(
        interrupted >= 10,
        format!("{interrupted} of 20 were interrupted"),
    );
    healthy.check(trial, &whole.bundle);
    Ok(())
}

fn killed(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let whole = large_world(trial);
    let mut met = 0;
    for moment in 0..20_u32 {
        let bundle = trial.place().join(format!("{moment}.tar.zst"));
        let partial = partial(&bundle);
        let mut capture = begin(trial, &[], &bundle);
        std::thread::sleep(whole.moment(moment));
        capture.0.kill().unwrap();
        let status = wait_within(&mut capture.0, Duration::from_secs(1));
        trial.ends(status.is_some(), "SIGKILL");
        if bundle.exists() {
            verify(trial, &bundle, 0);
            continue;
        }
        if !std::fs::metadata(&partial).is_ok_and(|file| file.len() > 0) {
            continue;
        }
        met += 1;
        let report = verify(trial, &partial, 1);
        // At the very end all frames are there, and only the seek table is not.
        let has_manifest = report["readable_frames"] == report["frames"];
        trial.named(
            report["whole"] == false && (report["complete"].is_null() || has_manifest),
            format!("moment {moment}: {report}"),
        );
        // Each frame that reached the file is read, but for one that was being written.
        let (readable, all) = (
            report["readable_frames"].as_u64().unwrap_or(0),
            report["frames"].as_u64().unwrap_or(u64::MAX),
        );
        trial.rest(
            readable > 0 && readable + 1 >= all,
            format!("moment {moment}: {report}"),
        );
        agrees(trial, &partial, &whole);
    }
    trial.named(met >= 10, format!("{met} of 20 were met half-way"));
    no_workers(trial);
    healthy.check(trial, &whole.bundle);
    Ok(())
}

fn stopped_reader(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    noise_logs();
    for signal in ["INT", "TERM"] {
        let mut capture = begin_heard(trial.capture().stdout(Stdio::piped()), Path::new("-"));
        let wchan = format!("/proc/{}/wchan", capture.pid());
        wait_for("a capture that waits for its reader", || {
            let place = std::fs::read_to_string(&wchan).unwrap();
            place.contains("pipe_write").then_some(())
        });
        kill(signal, capture.pid());
        let told = Told::now();
        let status = wait_within(&mut capture.0, Duration::from_secs(20));
        let took = told.took();
        trial.ends(
            status.is_some() && took <= SIGNAL_LIMIT,
            format!("SIG{signal} took {took:?}"),
        );
        let _ = capture.0.kill();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut capture.0.stderr.take().unwrap(), &mut said).unwrap();
        trial.named(
            status.is_some_and(|status| status.code() == Some(2))
                && said.contains("standard output takes nothing more"),
            format!("{status:?}: {said}"),
        );
    }
    no_workers(trial);
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    Ok(())
}

fn stopped_worker(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let whole = large_world(trial);
    let bundle = trial.place().join("x.tar.zst");
    let options = ["--workers", "1", "--item-timeout", "3000"];
    let mut capture = begin(trial, &options, &bundle);
    std::thread::sleep(whole.duration / 3);
    let stopped = workers();
    for pid in &stopped {
        kill("STOP", *pid);
    }
    let status = wait_within(&mut capture.0, LIMIT);
    trial.ends(status.is_some(), "a stopped worker does not stop it");
    let report = verify(trial, &bundle, 0);
    trial.named(!stopped.is_empty(), format!("no worker was met: {report}"));
    healthy.check(trial, &bundle);
    agrees(trial, &bundle, &whole);
    no_workers(trial);
    Ok(())
}

fn killed_worker(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let whole = large_world(trial);
    let bundle = trial.place().join("x.tar.zst");
    let mut capture = begin(trial, &["--workers", "1"], &bundle);
    let mut killed = 0;
    for _ in 0..3 {
        std::thread::sleep(whole.duration / 5);
        for pid in workers() {
            kill("KILL", pid);
            killed += 1;
        }
    }
    let status = wait_within(&mut capture.0, LIMIT);
    trial.ends(
        status.is_some_and(|status| matches!(status.code(), Some(0 | 1))),
        format!("{status:?}"),
    );
    verify(trial, &bundle, 0);
    let died = Trial::rows(
        &bundle,
        "SELECT count(*) <= 3 FROM collection_log WHERE reason LIKE '%worker died%'",
    );
    trial.named(
        killed > 0 && died == ["1"],
        format!("{killed} were killed: {died:?}"),
    );
    healthy.check(trial, &bundle);
    agrees(trial, &bundle, &whole);
    no_workers(trial);
    Ok(())
}

fn nohup(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let whole = large_world(trial);
    let bundle = trial.place().join("x.tar.zst");
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" -q -o \"$1\""]);
    shell.arg("/mnt/capture").arg(&bundle);
    let mut capture = Guard(shell.spawn().unwrap());
    for _ in 0..5 {
        std::thread::sleep(whole.duration / 8);
        kill("HUP", capture.pid());
    }
    let status = wait_within(&mut capture.0, LIMIT);
    trial.ends(
        status.is_some_and(|status| status.code().is_some()),
        format!("{status:?}"),
    );
    let report = verify(trial, &bundle, 0);
    trial.named(
        !report["incomplete_reasons"].to_string().contains("signal"),
        report.to_string(),
    );
    trial.harmless(!partial(&bundle).exists(), "no partial file is left");
    healthy.check(trial, &bundle);
    Ok(())
}

fn orphan(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let whole = large_world(trial);
    let bundle = trial.place().join("x.tar.zst");
    let mut capture = begin(trial, &["--workers", "2"], &bundle);
    std::thread::sleep(whole.duration / 2);
    let stopped = workers();
    for pid in &stopped {
        kill("STOP", *pid);
    }
    capture.0.kill().unwrap();
    let ended = wait_within(&mut capture.0, Duration::from_secs(1));
    trial.ends(ended.is_some() && !stopped.is_empty(), "SIGKILL");
    no_workers(trial);
    let report = verify(trial, &partial(&bundle), 1);
    trial.named(report["whole"] == false, report.to_string());
    healthy.check(trial, &whole.bundle);
    Ok(())
}

/// Nobody can end a process that such a server owes an answer, and each has to be asked when its file is closed: what can be
/// done is to say so and to leave when it answers or goes.
fn mute_output(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    noise_logs();
    for (signal, rule) in [
        ("TERM", "write:*:stop"),
        ("INT", "write:*:stop:1"),
        ("HUP", "write:*:never"),
        // Asked last of all.
        ("TERM", "flush:*:never"),
    ] {
        let mount = trial.place().join(rule.replace(':', "-"));
        let server = trial.server(&mount, &[rule])?;
        let bundle = mount.join("x.tar.zst");
        let mut capture = begin_heard(&mut trial.capture(), &bundle);
        let mut stderr = std::io::BufReader::new(capture.0.stderr.take().unwrap());
        if rule.starts_with("write") {
            let wchan = format!("/proc/{}/wchan", capture.pid());
            let end = Instant::now() + LIMIT;
            let is_waiting = || {
                std::fs::read_to_string(&wchan)
                    .is_ok_and(|place| place.contains("request_wait_answer"))
            };
            while !is_waiting() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(10));
            }
        } else {
            wait_for("a bundle that is begun", || {
                std::fs::symlink_metadata(partial(&bundle)).ok()
            });
        }
        kill(signal, capture.pid());
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut said = String::new();
            let _ = std::io::BufRead::read_line(&mut stderr, &mut said);
            let _ = sender.send(said);
        });
        let said = receiver.recv_timeout(LIMIT).unwrap_or_default();
        trial.named(
            said.contains("takes nothing more"),
            format!("{signal}, {rule}: {said}"),
        );
        kill("KILL", server);
        let ended = wait_within(&mut capture.0, LIMIT);
        trial.ends(
            ended.is_some_and(|status| status.code() == Some(2)),
            format!("{signal}, {rule}: {ended:?}"),
        );
        no_workers(trial);
    }
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    Ok(())
}

/// A whole capture of a large world, to compare with.
pub(crate) struct Whole {
    bundle: PathBuf,
    duration: Duration,
    fds: std::collections::BTreeSet<String>,
}

/// 300 processes with 60 fds each.
pub(crate) fn large_world(trial: &mut Trial) -> Whole {
    let ready = trial.place().join("ready");
    let script = "ulimit -n 4096; for fd in {10..69}; do eval \"exec $fd</etc/passwd\"; done; \
         for number in {1..300}; do sleep 600 & done; : > \"$0\"; wait";
    trial.start(Command::new("bash").args(["-c", script]).arg(&ready));
    wait_for("the load", || ready.exists().then_some(()));
    // The capture alone: a moment after its end meets nothing.
    let bundle = trial.place().join("whole.tar.zst");
    let started = Instant::now();
    let output = trial.run(trial.capture().arg("-o").arg(&bundle), LIMIT);
    let duration = started.elapsed();
    trial.ends(
        matches!(output.status.code(), Some(0 | 1)),
        format!("{:?}", output.status),
    );
    verify(trial, &bundle, 0);
    Whole {
        duration,
        fds: fds(&bundle),
        bundle,
    }
}

/// The load's, without the shell's own.
const ALL_FDS: usize = 18_000;
const FDS: &str = "SELECT pid, fd, target FROM process_fds WHERE fd BETWEEN 10 AND 69";

fn fds(bundle: &Path) -> std::collections::BTreeSet<String> {
    Trial::rows(bundle, FDS).into_iter().collect()
}

impl Whole {
    /// Some moment of the twentieth of that number of a capture.
    fn moment(&self, twentieth: u32) -> Duration {
        let within = u32::try_from(random() % 1000).unwrap();
        self.duration / 20 * twentieth + self.duration / 20_000 * within
    }
}

/// Looks whether what is in a bundle is also in the whole one; says how many fds of the load that is.
fn agrees(trial: &mut Trial, bundle: &Path, whole: &Whole) -> usize {
    let found = fds(bundle);
    let odd: Vec<&String> = found
        .iter()
        .filter(|row| row.ends_with("/etc/passwd") && !whole.fds.contains(*row))
        .collect();
    trial.harmless(
        odd.is_empty(),
        format!("rows that are not so: {:?}", odd.first()),
    );
    trial.rest(
        whole.fds.len() >= ALL_FDS,
        format!("{} fds of {ALL_FDS} in the whole bundle", whole.fds.len()),
    );
    found.len()
}

fn begin(trial: &Trial, options: &[&str], bundle: &Path) -> Guard {
    let mut command = trial.capture();
    command.args(options).arg("-o").arg(bundle);
    Guard(command.stdin(Stdio::null()).spawn().unwrap())
}

/// A capture whose messages are to be read.
fn begin_heard(command: &mut Command, bundle: &Path) -> Guard {
    command.arg("-o").arg(bundle);
    let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
    Guard(child.unwrap())
}

pub(crate) fn kill(signal: &str, pid: u32) {
    // It may have ended by itself.
    let _ = Command::new("kill")
        .args([format!("-{signal}"), pid.to_string()])
        .stderr(Stdio::null())
        .status();
}

/// Workers of this world, where none hangs.
fn workers() -> Vec<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<u32>().ok()
    });
    pids.filter(|pid| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| line.starts_with(b"capture-worker\0"))
    })
    .collect()
}

pub(crate) fn no_workers(trial: &mut Trial) {
    let end = Instant::now() + Duration::from_secs(1);
    while !workers().is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    let left = workers();
    trial.harmless(left.is_empty(), format!("workers are left: {left:?}"));
}
