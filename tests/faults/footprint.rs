//! What a capture must leave as it was.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::case::Case;
use crate::common::{has, run_within, succeed};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::quick(
        "F17",
        "access times, on strictatime and overlay",
        access_times,
    ),
    Case::quick(
        "F18",
        "a pipe, a FIFO and a socket with data, and no terminal",
        untouched_queues,
    ),
    Case::quick("F19", "/proc/kmsg, which loses what is read", kernel_log),
    Case::quick(
        "F20",
        "files of /proc that act when they are opened or written",
        acting_files,
    ),
    Case::quick(
        "F21",
        "modules, connection tracking, settings, cgroups",
        kernel_state,
    ),
];

/// How long one capture may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);

/// Mounts a file system that changes access times with every reading.
fn strict(directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "strictatime,mode=0755", "tmpfs"]);
    succeed(mount.arg(directory), &[0]);
}

pub(crate) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub(crate) const HISTORY: &str = "systemctl restart planted.service\n";

/// Gives the world a user with a home of its own, in place of those of this machine.
pub(crate) fn with_homes(trial: &Trial, homes: &[(&str, &str)]) {
    let passwd = trial.place().join("passwd");
    let mut text = "root:x:0:0:root:/nonexistent:/bin/bash\n".to_owned();
    for (uid, (name, home)) in (4000..).zip(homes) {
        let _ = writeln!(text, "{name}:x:{uid}:{uid}::{home}:/bin/bash");
    }
    std::fs::write(&passwd, text).unwrap();
    let mut bind = Command::new("mount");
    succeed(bind.arg("--bind").arg(&passwd).arg("/etc/passwd"), &[0]);
}

fn access_times(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    let place = trial.place().parent().unwrap().to_owned();
    let strictly = place.join("strict");
    strict(&strictly);
    strict(Path::new("/var/log"));
    write(
        Path::new("/var/log/syslog"),
        "2026-11-24T10:15:02+00:00 host app: planted\n",
    );
    // A home through a link that only root could make, and one on an overlay.
    write(&strictly.join("real/anna/.bash_history"), HISTORY);
    std::os::unix::fs::symlink("real", strictly.join("link")).unwrap();
    let layers = strictly.join("layers");
    for name in ["lower/berta", "upper", "work", "merged"] {
        std::fs::create_dir_all(layers.join(name)).unwrap();
    }
    write(&layers.join("lower/berta/.bash_history"), HISTORY);
    let shown = |name: &str| layers.join(name).display().to_string();
    let options = format!(
        "strictatime,lowerdir={},upperdir={},workdir={}",
        shown("lower"),
        shown("upper"),
        shown("work")
    );
    let mut overlay = Command::new("mount");
    overlay.args(["-t", "overlay", "overlay", "-o", &options]);
    if !run_within(overlay.arg(layers.join("merged")), LIMIT)
        .status
        .success()
    {
        return Err(Skipped::because("needs overlayfs"));
    }
    let (anna, berta) = (strictly.join("link/anna"), layers.join("merged/berta"));
    with_homes(
        trial,
        &[
            ("anna", anna.to_str().unwrap()),
            ("berta", berta.to_str().unwrap()),
        ],
    );
    for (uid, home) in [("4000", &anna), ("4001", &berta)] {
        succeed(Command::new("chown").args(["-R", uid]).arg(home), &[0]);
    }
    let link = strictly.join("link");
    let paths = [
        "/var/log".into(),
        "/var/log/syslog".into(),
        strictly.clone(),
        strictly.join("real"),
        anna.clone(),
        anna.join(".bash_history"),
        layers.clone(),
        layers.join("merged"),
        berta.clone(),
        berta.join(".bash_history"),
        layers.join("lower/berta/.bash_history"),
        link.clone(),
    ];
    for path in &paths {
        succeed(
            Command::new("touch")
                .args(["-h", "-a", "-d@1000"])
                .arg(path),
            &[0],
        );
    }
    let bundle = trial.place().join("x.tar.zst");
    let mut capture = Command::new(trial.capture().get_program());
    capture.args(["--format", "json", "-o"]).arg(&bundle);
    let output = trial.run(&mut capture, LIMIT);
    let changed: Vec<_> = paths
        .iter()
        .filter(|path| std::fs::symlink_metadata(path).unwrap().atime() != 1000)
        .collect();
    // For links there is no way around it, and so they are named.
    trial.harmless(
        changed == [&link],
        format!("access times changed: {changed:?}"),
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let effects = report["side_effects"].to_string();
    trial.named(effects.contains(link.to_str().unwrap()), effects.clone());
    trial.named(!effects.contains("O_NOATIME"), effects);
    let sql = "SELECT username, command FROM shell_history WHERE command LIKE '%planted.service' ORDER BY 1";
    let found = Trial::rows(&bundle, sql);
    trial.rest(
        found
            == [
                "anna | systemctl restart planted.service",
                "berta | systemctl restart planted.service",
            ],
        format!("{found:?}"),
    );
    let found = Trial::rows(
        &bundle,
        "SELECT message FROM log_lines WHERE path = '/var/log/syslog'",
    );
    trial.rest(found == ["planted"], format!("{found:?}"));
    healthy.check(trial, &bundle);
    Ok(())
}

fn untouched_queues(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"in the pipe").unwrap();
    let fifo = trial.place().join("fifo");
    succeed(Command::new("mkfifo").arg(&fifo), &[0]);
    let mut both = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&fifo)
        .unwrap();
    both.write_all(b"in the FIFO").unwrap();
    let (mut near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    near.write_all(b"in the socket").unwrap();
    let mut setsid = Command::new("setsid");
    setsid
        .args(["--wait"])
        .arg(trial.capture().get_program())
        .arg("-q");
    let bundle = trial.bundle_by(&mut setsid, LIMIT);
    let mut buffer = [0; 64];
    let mut taken = |source: &mut dyn Read| {
        let count = source.read(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    };
    let left = [taken(&mut reader), taken(&mut both), taken(&mut far)];
    trial.harmless(
        left == ["in the pipe", "in the FIFO", "in the socket"],
        format!("{left:?}"),
    );
    // The last reader was this one: nobody else holds the pipe.
    let own = reader.as_raw_fd();
    drop(reader);
    let error = writer.write_all(b"x").map_err(|error| error.kind());
    trial.harmless(
        error == Err(std::io::ErrorKind::BrokenPipe),
        format!("{error:?}"),
    );
    let terminals = Trial::rows(
        &bundle,
        "SELECT count(*) > 0, sum(coalesce(tty, 0) <> 0) FROM processes WHERE is_collector",
    );
    trial.harmless(terminals == ["1 | 0"], format!("a terminal: {terminals:?}"));
    let sql = format!("SELECT target LIKE 'pipe:%' FROM process_fds WHERE pid = 1 AND fd = {own}");
    let named = Trial::rows(&bundle, &sql);
    trial.named(named == ["1"], format!("the pipe in the bundle: {named:?}"));
    healthy.check(trial, &bundle);
    Ok(())
}

fn kernel_log(trial: &mut Trial) -> Result<(), Skipped> {
    if !Path::new("/dev/kmsg").exists() {
        return Err(Skipped::because("needs /dev/kmsg"));
    }
    let healthy = trial.healthy(1);
    let klog = trial.program("klog")?;
    let unread = || {
        let output = run_within(&mut Command::new(&klog), LIMIT);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.trim().parse::<u64>().ok()
    };
    let before = unread();
    let bundle = trial.bundle(&[], LIMIT);
    let end = unread();
    // The kernel may have said more meanwhile.
    trial.harmless(
        before.is_some() && end >= before,
        format!("{before:?} unread bytes, then {end:?}"),
    );
    let sql = "SELECT outcome FROM collection_log WHERE path = '/dev/kmsg'";
    let outcome = Trial::rows(&bundle, sql);
    trial.named(
        outcome == ["collected"] || outcome == ["truncated"],
        format!("{outcome:?}"),
    );
    let opened = Trial::rows(
        &bundle,
        "SELECT count(*) FROM collection_log WHERE path = '/proc/kmsg'",
    );
    trial.harmless(opened == ["0"], format!("/proc/kmsg: {opened:?}"));
    healthy.check(trial, &bundle);
    Ok(())
}

fn acting_files(trial: &mut Trial) -> Result<(), Skipped> {
    const ACTING: &[&str] = &[
        "/proc/sysrq-trigger",
        "/clear_refs",
        "/drop_caches",
        "/route/flush",
        "/compact_memory",
        "/stat_refresh",
        "trace_pipe",
        "/proc/kmsg",
        "/proc/kcore",
        "/mem",
        "/coredump_filter",
        "/timerslack_ns",
        "/autogroup",
        "/dev/watchdog",
        "/dev/tty",
        "/dev/ptmx",
        "/dev/mem",
    ];
    if !has("strace") {
        return Err(Skipped::because("needs strace"));
    }
    let healthy = trial.healthy(1);
    let trace = trial.place().join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-y", "-e", "trace=open,openat,openat2,creat", "-o"])
        .arg(&trace)
        .arg(trial.capture().get_program())
        .arg("-q");
    let bundle = trial.bundle_by(&mut strace, LIMIT);
    let text = std::fs::read_to_string(&trace).unwrap();
    let acting: Vec<&str> = text
        .lines()
        .filter(|line| {
            // What was asked for, and what was got.
            let ends = |path: &&&str| {
                line.contains(&format!("{path}\"")) || line.contains(&format!("{path}>"))
            };
            ACTING.iter().any(|path| ends(&path)) && !line.contains("O_PATH")
        })
        .collect();
    trial.harmless(acting.is_empty(), format!("{acting:?}"));
    // They are not even planned.
    let sql = "SELECT path FROM collection_log WHERE path LIKE '%sysrq-trigger' OR path LIKE '%clear_refs' OR path LIKE '%flush'";
    let planned = Trial::rows(&bundle, sql);
    trial.named(planned.is_empty(), format!("{planned:?}"));
    trial.rest(
        text.contains("/proc/sys/vm/swappiness"),
        "the trace is one of a capture",
    );
    healthy.check(trial, &bundle);
    Ok(())
}

/// What the kernel shows of itself that no reader may change, by the name of the file.
fn shown_state() -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    let files = [
        "/proc/modules",
        "/proc/sys/net/netfilter/nf_conntrack_count",
        "/proc/sys/kernel/tainted",
        "/proc/sys/kernel/core_pattern",
        "/proc/net/protocols",
        "/proc/net/netlink",
        "/proc/net/arp",
        "/proc/net/route",
        "/proc/self/cgroup",
        "/proc/self/mountinfo",
        "/proc/filesystems",
    ];
    for file in files {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        // Modules: who uses one is a count that anybody's work changes.
        let text = if file == "/proc/modules" {
            let names = text.lines().filter_map(|line| line.split(' ').next());
            names.collect::<Vec<_>>().join(" ")
        } else {
            text
        };
        state.insert(file.to_owned(), text);
    }
    state
}

fn kernel_state(trial: &mut Trial) -> Result<(), Skipped> {
    succeed(Command::new("ip").args(["link", "set", "lo", "up"]), &[0]);
    let healthy = trial.healthy(1);
    // A connection of its own, for the tables to hold.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut near = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    near.write_all(b"queued").unwrap();
    let before = shown_state();
    let bundle = trial.bundle(&[], LIMIT);
    let left = shown_state();
    for (file, text) in &before {
        trial.harmless(
            left.get(file) == Some(text),
            format!("{file}: {text:?}, then {:?}", left.get(file)),
        );
    }
    let mut buffer = [0; 16];
    let count = far.read(&mut buffer).unwrap();
    trial.harmless(&buffer[..count] == b"queued", "what a socket had queued");
    // The listener and both ends of the connection, one of which has that port as its own.
    let sql = format!("SELECT count(*) FROM sockets WHERE local_port = {port}");
    let sockets = Trial::rows(&bundle, &sql);
    trial.rest(sockets == ["2"], format!("the sockets: {sockets:?}"));
    let sql = "SELECT outcome FROM collection_log WHERE path = '/proc/modules'";
    let modules = Trial::rows(&bundle, sql);
    trial.named(modules.len() == 1, format!("/proc/modules: {modules:?}"));
    healthy.check(trial, &bundle);
    Ok(())
}
