//! Processes and files that hang: what is asked of them is answered late or never.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::common::{self, wait_for};
use crate::trial::{Healthy, Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::slow(
        "C01",
        "a process holds the lock of its memory map",
        memory_lock,
    ),
    Case::slow(
        "C03",
        "fifty such processes of another user",
        many_memory_locks,
    ),
    Case::quick(
        "C04",
        "a descriptor whose file never tells its attributes",
        mute_attributes,
    ),
    Case::quick(
        "C05",
        "an executable on a server that is stopped",
        mute_executable,
    ),
    Case::slow("C06", "a worker that cannot be killed", unkillable_worker),
    Case::quick("C07", "a file system that never tells its size", mute_size),
    Case::slow(
        "C09",
        "opening a log waits for a permission that nobody gives",
        mute_permission,
    ),
    Case::quick("C10", "a history that somebody has leased", leased_history),
    Case::slow(
        "C34",
        "a process stuck in exec among 200 healthy ones",
        stuck_exec,
    ),
    Case::slow("C35", "eight bad processes of one user", eight_of_one_user),
    Case::slow(
        "C36",
        "four busy loops on few processors, 2,000 processes",
        busy_processors,
    ),
    Case::slow(
        "C37",
        "twenty homes whose histories are never read",
        mute_homes,
    ),
    Case::slow(
        "C38",
        "one worker alone, and a process stuck in exec",
        one_worker,
    ),
    Case::quick(
        "C39",
        "working and root directories on a server that is silent",
        mute_directories,
    ),
    Case::slow(
        "C40",
        "stopped and traced processes, and one that lent its memory",
        stopped,
    ),
    Case::slow("C41", "a log directory whose listing hangs", mute_listing),
    Case::slow("C42", "a history that comes late, but comes", late_history),
    Case::slow(
        "C43",
        "a deadline of five seconds, and all that hangs at once",
        short_deadline,
    ),
    Case::slow(
        "C44",
        "a network namespace of a process that is stuck in exec",
        stuck_network,
    ),
];

/// The deadline of most cases, and how long capture may take with what comes after it.
const DEADLINE: &str = "20";
const LIMIT: Duration = Duration::from_secs(25);
/// Another user.
const USER: &str = "12345";

impl Trial {
    /// Mounts a server that answers as it is told. It is killed first, which frees everything that hangs on it.
    pub(crate) fn server(&mut self, mount: &Path, rules: &[&str]) -> Result<u32, Skipped> {
        if !Path::new("/dev/fuse").exists() {
            return Err(Skipped::because("needs /dev/fuse"));
        }
        let program = self.program("hfuse")?;
        std::fs::create_dir_all(mount).expect("a mount point");
        let mut command = Command::new(program);
        command.arg(mount).arg("allow_other").args(rules);
        command.stderr(Stdio::null());
        let server = self.start(&mut command);
        let line = format!(" {} ", mount.display());
        wait_for("the mount", || {
            let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
            mounts.contains(&line).then_some(())
        });
        Ok(server)
    }

    /// A directory for a server.
    pub(crate) fn mount(&self, name: &str) -> PathBuf {
        self.place().join(name)
    }

    /// Starts a process that hangs in some way, and waits until it is asleep in it.
    fn stuck(&mut self, arguments: &[&str], path: &Path) -> Result<u32, Skipped> {
        let program = self.program("stuck")?;
        let pid = self.start(Command::new(program).args(arguments).arg(path));
        Trial::settle(pid);
        Ok(pid)
    }

    /// Waits until a process is asleep in what it hangs in.
    fn settle(pid: u32) {
        // Of its files this one waits for nothing.
        let file = format!("/proc/{pid}/status");
        let mut seen = 0;
        wait_for("being stuck", || {
            let status = std::fs::read_to_string(&file).unwrap_or_default();
            if !status.starts_with("Name:\tstuck\n") {
                return None;
            }
            let state = status.lines().find(|line| line.starts_with("State:"))?;
            // On its way it may sleep for a moment.
            seen = if ["S (", "D (", "T ("]
                .iter()
                .any(|word| state.contains(word))
            {
                seen + 1
            } else {
                0
            };
            (seen > 5).then_some(())
        });
    }

    /// Whether what can be read without waiting is there of a process, and that it lives on.
    fn is_met(&mut self, bundle: &Path, pid: u32, name: &str) {
        let sql = format!(
            "SELECT name, (SELECT count(*) FROM collection_log AS c WHERE c.pid = {pid} \
             AND c.path IN ('/proc/{pid}/status', '/proc/{pid}/cgroup', '/proc/{pid}/limits') \
             AND c.outcome = 'collected') FROM processes WHERE pid = {pid}"
        );
        let found = Trial::rows(bundle, &sql);
        self.rest(found == [format!("{name} | 3")], format!("{found:?}"));
        let lives = Path::new(&format!("/proc/{pid}/status")).exists();
        self.harmless(lives, format!("process {pid} ended"));
    }

    /// Which files of a process timed out.
    fn timed_out(bundle: &Path, pid: u32) -> Vec<String> {
        let sql = format!(
            "SELECT replace(path, '/proc/{pid}/', '') FROM collection_log \
             WHERE pid = {pid} AND outcome = 'timed out' ORDER BY 1"
        );
        Trial::rows(bundle, &sql)
    }

    /// What the manifest says.
    fn manifest(bundle: &Path) -> serde_json::Value {
        let output = common::run_within(
            Command::new("sh")
                .arg("-c")
                .arg("tar --zstd -xOf \"$0\" --wildcards '*manifest.json'")
                .arg(bundle),
            Duration::from_secs(20),
        );
        serde_json::from_slice(&output.stdout).expect("a manifest")
    }

    /// How many workers were left behind.
    pub(crate) fn abandoned(bundle: &Path) -> usize {
        let manifest = Trial::manifest(bundle);
        let pids = manifest
            .get("abandoned_workers")
            .and_then(|pids| pids.as_array());
        pids.expect("the manifest tells of workers").len()
    }

    /// Homes of users that exist in this world alone.
    fn homes(homes: &[(&str, PathBuf)]) {
        let mut lines = "root:x:0:0:root:/nowhere:/bin/sh\n".to_owned();
        for (name, home) in homes {
            let home = home.display().to_string();
            lines += &[name, ":x:", USER, ":", USER, "::", &home, ":/bin/sh\n"].concat();
        }
        let passwd = Path::new("/mnt/passwd");
        std::fs::write(passwd, lines).expect("a file of users");
        let status = Command::new("mount")
            .arg("--bind")
            .arg(passwd)
            .arg("/etc/passwd")
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "/etc/passwd is covered"
        );
    }
}

fn memory_lock(trial: &mut Trial) -> Result<(), Skipped> {
    let mount = trial.mount("m");
    trial.server(&mount, &["held", "write:held:never"])?;
    let stuck = trial.stuck(&["map"], &mount.join("held"))?;
    let healthy = trial.healthy(20);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    trial.is_met(&bundle, stuck, "stuck");
    let missing = Trial::timed_out(&bundle, stuck);
    let named = ["cmdline", "environ"]
        .iter()
        .all(|name| missing.iter().any(|path| path == name));
    trial.named(named, format!("{missing:?}"));
    Ok(())
}

fn many_memory_locks(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(20);
    let mut stuck = Vec::new();
    let files: Vec<String> = (0..50).map(|n| format!("held{n}")).collect();
    let mut arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    arguments.push("write:*:never");
    let mount = trial.mount("m");
    trial.server(&mount, &arguments)?;
    for file in &files {
        stuck.push(trial.stuck(&["-u", USER, "map"], &mount.join(file))?);
    }
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    for pid in &stuck {
        trial.is_met(&bundle, *pid, "stuck");
        let missing = Trial::timed_out(&bundle, *pid);
        let named = missing.iter().any(|path| path == "cmdline");
        let sql = format!(
            "SELECT path, outcome, reason FROM collection_log WHERE pid = {pid} AND path LIKE '%cmdline'"
        );
        let why = if named {
            Vec::new()
        } else {
            Trial::rows(&bundle, &sql)
        };
        trial.named(named, format!("{pid}: {missing:?} {why:?}"));
    }
    let abandoned = Trial::abandoned(&bundle);
    trial.ends(
        abandoned <= 8,
        format!("{abandoned} workers were left behind"),
    );
    Ok(())
}

fn mute_attributes(trial: &mut Trial) -> Result<(), Skipped> {
    let mount = trial.mount("m");
    trial.server(&mount, &["held", "getattr:held:never"])?;
    let holder = trial.stuck(&["path"], &mount.join("held"))?;
    let healthy = trial.healthy(5);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    trial.is_met(&bundle, holder, "stuck");
    let sql = format!(
        "SELECT count(*) FROM process_fds WHERE pid = {holder} AND target = '{}'",
        mount.join("held").display()
    );
    let found = Trial::rows(&bundle, &sql);
    trial.named(found == ["1"], format!("{found:?}"));
    let abandoned = Trial::abandoned(&bundle);
    trial.harmless(
        abandoned == 0,
        format!("{abandoned} workers were left behind"),
    );
    Ok(())
}

/// Its link is enough: nothing reads the file.
fn mute_executable(trial: &mut Trial) -> Result<(), Skipped> {
    let mount = trial.mount("m");
    let sleep = std::fs::canonicalize("/bin/sleep").expect("sleep is there");
    let server = trial.server(&mount, &[&format!("stuck={}", sleep.display())])?;
    let running = trial.start(Command::new(mount.join("stuck")).arg("1000"));
    Trial::settle(running);
    let _ = Command::new("kill")
        .args(["-STOP", &server.to_string()])
        .status();
    let healthy = trial.healthy(5);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    trial.is_met(&bundle, running, "stuck");
    let found = Trial::rows(
        &bundle,
        &format!("SELECT path FROM processes WHERE pid = {running}"),
    );
    let path = mount.join("stuck").display().to_string();
    trial.named(found == [path], format!("{found:?}"));
    Ok(())
}

/// A history that is never read holds its worker in the kernel, past every signal.
fn unkillable_worker(trial: &mut Trial) -> Result<(), Skipped> {
    let home = trial.mount("home");
    let server = trial.server(&home, &[".bash_history", "read:.bash_history:never"])?;
    Trial::homes(&[("mute", home.clone())]);
    let healthy = trial.healthy(5);
    // A reader of what capture says must see its end, though a worker lives on.
    let bundle = trial.place().join("piped.tar.zst");
    let mut command = Command::new("sh");
    let capture = trial.capture();
    command
        .arg("-c")
        .arg("\"$0\" -q --deadline 20 -o \"$1\" 3>&1 2>&1 | cat")
        .arg(capture.get_program())
        .arg(&bundle);
    trial.run(&mut command, LIMIT);
    healthy.check(trial, &bundle);
    let sql = "SELECT outcome FROM collection_log WHERE path LIKE '%/home/.bash_history'";
    let found = Trial::rows(&bundle, sql);
    let abandoned = Trial::abandoned(&bundle);
    trial.named(
        found == ["timed out"] && abandoned == 1,
        format!("{found:?}, {abandoned} left behind"),
    );
    trial.harmless(home.join("plain").exists(), "the server ended");
    let manifest = Trial::manifest(&bundle);
    let worker = manifest
        .get("abandoned_workers")
        .and_then(|pids| pids.get(0))
        .cloned();
    trial.stop(server);
    // It was killed long ago: with what it waits for it ends.
    wait_for("the end of the worker that was left behind", || {
        let file = format!("/proc/{}/status", worker.as_ref()?);
        let status = std::fs::read_to_string(file).unwrap_or_default();
        (status.is_empty() || status.contains("State:\tZ")).then_some(())
    });
    Ok(())
}

fn mute_size(trial: &mut Trial) -> Result<(), Skipped> {
    let mount = trial.mount("m");
    trial.server(&mount, &["statfs:*:never"])?;
    let healthy = trial.healthy(5);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    let sql = format!(
        "SELECT type, blocks IS NULL FROM mounts WHERE path = '{}'",
        mount.display()
    );
    let found = Trial::rows(&bundle, &sql);
    trial.named(found == ["fuse.hfuse | 1"], format!("{found:?}"));
    let abandoned = Trial::abandoned(&bundle);
    trial.harmless(
        abandoned == 0,
        format!("{abandoned} workers were left behind"),
    );
    Ok(())
}

fn mute_permission(trial: &mut Trial) -> Result<(), Skipped> {
    let home = trial.mount("home");
    std::fs::create_dir_all(&home).expect("a home");
    std::fs::write(home.join(".bash_history"), "planted\n").expect("a history");
    Trial::homes(&[("mute", home.clone())]);
    let healthy = trial.healthy(5);
    let holder = trial.stuck(&["deny"], &home)?;
    if !Path::new(&format!("/proc/{holder}/exe")).exists() {
        return Err(Skipped::because("needs permission events of fanotify"));
    }
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    let sql = "SELECT outcome FROM collection_log WHERE path LIKE '%/home/.bash_history'";
    let found = Trial::rows(&bundle, sql);
    trial.named(found == ["timed out"], format!("{found:?}"));
    let abandoned = Trial::abandoned(&bundle);
    trial.harmless(
        abandoned <= 1,
        format!("{abandoned} workers were left behind"),
    );
    Ok(())
}

fn leased_history(trial: &mut Trial) -> Result<(), Skipped> {
    let home = trial.mount("home");
    std::fs::create_dir_all(&home).expect("a home");
    let history = home.join(".bash_history");
    std::fs::write(&history, "planted\n").expect("a history");
    Trial::homes(&[("leased", home.clone())]);
    let healthy = trial.healthy(5);
    let holder = trial.stuck(&["lease"], &history)?;
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    let sql = "SELECT outcome, reason LIKE '%lease%', duration_us < 10000 FROM collection_log \
         WHERE path LIKE '%/home/.bash_history'";
    let found = Trial::rows(&bundle, sql);
    trial.named(found == ["skipped | 1 | 1"], format!("{found:?}"));
    let lives = Path::new(&format!("/proc/{holder}/status")).exists();
    trial.harmless(lives, "the holder of the lease ended");
    Ok(())
}

/// Checks the one process that is stuck in exec.
fn check_exec(trial: &mut Trial, bundle: &Path, stuck: u32, healthy: &Healthy) {
    trial.is_met(bundle, stuck, "stuck");
    let missing = Trial::timed_out(bundle, stuck);
    let wanted = ["io", "stat", "wchan"];
    let named = wanted
        .iter()
        .all(|name| missing.iter().any(|path| path == name));
    trial.named(named, format!("{missing:?}"));
    let sql = "SELECT DISTINCT pid FROM collection_log WHERE outcome = 'timed out'";
    let others: Vec<String> = Trial::rows(bundle, sql);
    let pids: Vec<String> = healthy.pids().iter().map(u32::to_string).collect();
    let blamed: Vec<&String> = others.iter().filter(|pid| pids.contains(pid)).collect();
    trial.rest(
        blamed.is_empty(),
        format!("timed out beside it: {blamed:?}"),
    );
}

fn stuck_exec(trial: &mut Trial) -> Result<(), Skipped> {
    exec_among(trial, 200, &["--deadline", DEADLINE])
}

fn one_worker(trial: &mut Trial) -> Result<(), Skipped> {
    exec_among(trial, 20, &["--deadline", DEADLINE, "--workers", "1"])
}

fn exec_among(trial: &mut Trial, count: usize, options: &[&str]) -> Result<(), Skipped> {
    let mount = trial.mount("m");
    trial.server(&mount, &["held", "flush:held:never"])?;
    let stuck = trial.stuck(&["exec"], &mount.join("held"))?;
    let healthy = trial.healthy(count);
    let bundle = trial.bundle(options, LIMIT);
    healthy.check(trial, &bundle);
    check_exec(trial, &bundle, stuck, &healthy);
    Ok(())
}

fn eight_of_one_user(trial: &mut Trial) -> Result<(), Skipped> {
    let files: Vec<String> = (0..8).map(|n| format!("held{n}")).collect();
    let mut arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    arguments.push("write:*:never");
    let mount = trial.mount("m");
    trial.server(&mount, &arguments)?;
    let mut stuck = Vec::new();
    for file in &files {
        stuck.push(trial.stuck(&["-u", USER, "map"], &mount.join(file))?);
    }
    let healthy = trial.healthy(50);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    for pid in stuck {
        trial.is_met(&bundle, pid, "stuck");
        let missing = Trial::timed_out(&bundle, pid);
        trial.named(
            missing.iter().any(|path| path == "environ"),
            format!("{pid}: {missing:?}"),
        );
    }
    Ok(())
}

fn busy_processors(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2000);
    let loops = [(); 4].map(|()| trial.start(Command::new("yes").stdout(Stdio::null())));
    let started = Instant::now();
    let bundle = trial.bundle(&["--deadline", "40"], Duration::from_secs(50));
    let is_behind = started.elapsed() > Duration::from_secs(12);
    // The look at the bundle is not what is tried here.
    for pid in loops {
        trial.stop(pid);
    }
    healthy.check(trial, &bundle);
    let effects = Trial::manifest(&bundle)
        .get("side_effects")
        .map(ToString::to_string);
    let is_raised = effects
        .as_ref()
        .is_some_and(|text| text.contains("raised to nice 0"));
    // Where a quarter of the deadline was enough, there was no reason to.
    trial.named(
        is_raised || !is_behind,
        format!("{:?}: {effects:?}", started.elapsed()),
    );
    let sql = "SELECT count(*) FROM collection_log WHERE reason LIKE '%deadline%'";
    let late = Trial::rows(&bundle, sql);
    trial.ends(late == ["0"], format!("{late:?} were not reached"));
    Ok(())
}

fn mute_homes(trial: &mut Trial) -> Result<(), Skipped> {
    let server = trial.mount("home");
    let names: Vec<String> = (0..20).map(|n| format!("u{n}/")).collect();
    let mut rules: Vec<&str> = names.iter().map(String::as_str).collect();
    rules.push("lookup:.bash_history:never");
    trial.server(&server, &rules)?;
    let well = trial.mount("well");
    std::fs::create_dir(&well).expect("a home");
    std::fs::write(well.join(".bash_history"), "planted\n").expect("a history");
    std::fs::set_permissions(&well, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("ours");
    let mut homes: Vec<(&str, PathBuf)> = names
        .iter()
        .map(|name| {
            (
                name.trim_end_matches('/'),
                server.join(name.trim_end_matches('/')),
            )
        })
        .collect();
    homes.push(("well", well));
    Trial::homes(&homes);
    let healthy = trial.healthy(5);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    let sql = "SELECT outcome FROM collection_log WHERE path LIKE '%/well/.bash_history'";
    let found = Trial::rows(&bundle, sql);
    trial.rest(found == ["collected"], format!("{found:?}"));
    let sql =
        "SELECT DISTINCT outcome FROM collection_log WHERE path LIKE '%/home/u%/.bash_history'";
    let found = Trial::rows(&bundle, sql);
    trial.named(found == ["timed out"], format!("{found:?}"));
    let abandoned = Trial::abandoned(&bundle);
    trial.harmless(
        abandoned <= 8,
        format!("{abandoned} workers were left behind"),
    );
    Ok(())
}

fn mute_directories(trial: &mut Trial) -> Result<(), Skipped> {
    let mount = trial.mount("m");
    trial.server(
        &mount,
        &[
            "d/",
            "e/",
            "getattr:d:500",
            "getattr:e:500",
            "readdir:*:never",
            "statfs:*:never",
        ],
    )?;
    let inside = trial.stuck(&["cwd"], &mount.join("d"))?;
    let rooted = trial.stuck(&["root"], &mount.join("e"))?;
    let healthy = trial.healthy(5);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    trial.is_met(&bundle, inside, "stuck");
    trial.is_met(&bundle, rooted, "stuck");
    let sql = format!(
        "SELECT cwd FROM processes WHERE pid = {inside} UNION ALL SELECT root FROM processes WHERE pid = {rooted}"
    );
    let found = Trial::rows(&bundle, &sql);
    let expected = [mount.join("d"), mount.join("e")].map(|path| path.display().to_string());
    trial.named(found == expected, format!("{found:?}"));
    Ok(())
}

fn stopped(trial: &mut Trial) -> Result<(), Skipped> {
    let halted = trial.stuck(&["stop"], Path::new("/"))?;
    let lender = trial.stuck(&["vfork"], Path::new("/"))?;
    let tracer = trial.stuck(&["trace"], Path::new("/"))?;
    let healthy = trial.healthy(5);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    for pid in [halted, lender, tracer] {
        trial.is_met(&bundle, pid, "stuck");
        let missing = Trial::timed_out(&bundle, pid);
        trial.rest(missing.is_empty(), format!("{pid}: {missing:?}"));
    }
    let sql = format!(
        "SELECT state FROM processes WHERE pid IN ({halted}, {lender}) OR parent = {tracer} ORDER BY state"
    );
    let states = Trial::rows(&bundle, &sql);
    trial.named(states == ["D", "T", "t"], format!("{states:?}"));
    Ok(())
}

fn mute_listing(trial: &mut Trial) -> Result<(), Skipped> {
    let server = trial.mount("log");
    trial.server(&server, &["syslog", "messages", "readdir:*:never"])?;
    let status = Command::new("mount")
        .arg("--bind")
        .arg(&server)
        .arg("/var/log")
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "/var/log is covered"
    );
    let healthy = trial.healthy(5);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    let sql = "SELECT outcome FROM collection_log WHERE path IN ('/var/log', '/var/log/')";
    let found = Trial::rows(&bundle, sql);
    trial.named(found == ["timed out"], format!("{found:?}"));
    let sql = "SELECT outcome FROM collection_log WHERE path = '/var/log/syslog'";
    let found = Trial::rows(&bundle, sql);
    trial.rest(found == ["collected"], format!("{found:?}"));
    let abandoned = Trial::abandoned(&bundle);
    trial.harmless(
        abandoned <= 1,
        format!("{abandoned} workers were left behind"),
    );
    Ok(())
}

fn late_history(trial: &mut Trial) -> Result<(), Skipped> {
    let home = trial.mount("home");
    trial.server(&home, &[".bash_history", "read:.bash_history:700"])?;
    Trial::homes(&[("late", home.clone())]);
    let healthy = trial.healthy(5);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    let sql =
        "SELECT outcome, bytes_kept FROM collection_log WHERE path LIKE '%/home/.bash_history'";
    let found = Trial::rows(&bundle, sql);
    trial.named(found == ["collected | 8"], format!("{found:?}"));
    let abandoned = Trial::abandoned(&bundle);
    trial.harmless(
        abandoned == 0,
        format!("{abandoned} workers were left behind"),
    );
    Ok(())
}

fn short_deadline(trial: &mut Trial) -> Result<(), Skipped> {
    let server = trial.mount("home");
    let homes: Vec<String> = (0..12).map(|n| format!("u{n}/")).collect();
    let files: Vec<String> = (0..12).map(|n| format!("held{n}")).collect();
    let mut rules: Vec<&str> = homes.iter().chain(&files).map(String::as_str).collect();
    rules.extend([
        "write:*:never",
        "lookup:.bash_history:never",
        "lookup:.zsh_history:never",
    ]);
    trial.server(&server, &rules)?;
    let names = homes.iter().map(|name| name.trim_end_matches('/'));
    let homes: Vec<(&str, PathBuf)> = names.map(|name| (name, server.join(name))).collect();
    Trial::homes(&homes);
    let mut stuck = Vec::new();
    for file in &files {
        stuck.push(trial.stuck(&["map"], &server.join(file))?);
    }
    let healthy = trial.healthy(20);
    let bundle = trial.bundle(
        &["--deadline", "5", "--workers", "4"],
        Duration::from_secs(8),
    );
    healthy.check(trial, &bundle);
    for pid in stuck {
        trial.is_met(&bundle, pid, "stuck");
    }
    // Each planned read has its outcome, whether it hung or was not reached.
    let sql = "SELECT count(*) FROM collection_log WHERE path LIKE '%/home/u%/.bash_history' \
         AND outcome IN ('timed out', 'skipped')";
    let found = Trial::rows(&bundle, sql);
    trial.named(found == ["12"], format!("{found:?}"));
    let abandoned = Trial::abandoned(&bundle);
    trial.ends(
        abandoned <= 8,
        format!("{abandoned} workers were left behind"),
    );
    Ok(())
}

fn stuck_network(trial: &mut Trial) -> Result<(), Skipped> {
    let mount = trial.mount("m");
    trial.server(&mount, &["held", "flush:held:never"])?;
    let program = trial.program("stuck")?;
    let mut command = Command::new("unshare");
    command
        .arg("--net")
        .arg(program)
        .arg("exec")
        .arg(mount.join("held"));
    let stuck = trial.start(&mut command);
    Trial::settle(stuck);
    let healthy = trial.healthy(20);
    let bundle = trial.bundle(&["--deadline", DEADLINE], LIMIT);
    healthy.check(trial, &bundle);
    check_exec(trial, &bundle, stuck, &healthy);
    // The namespace of the healthy ones is asked through one of them.
    let found = Trial::rows(
        &bundle,
        "SELECT count(*) > 0 FROM interface_details WHERE interface = 'lo'",
    );
    trial.rest(found == ["1"], format!("{found:?}"));
    Ok(())
}
