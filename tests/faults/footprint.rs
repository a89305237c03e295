//! What a capture must leave as it was, and the places where it has little to stand on.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output};
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
    Case::slow(
        "O13",
        "no /proc, no /sys, no /dev, a root that cannot be written",
        little_root,
    ),
    Case::quick(
        "O30",
        "standard descriptors that are closed",
        closed_descriptors,
    ),
    Case::slow(
        "O31",
        "what is inherited: few descriptors, a small stack, a umask, a directory that is gone, signals",
        inherited,
    ),
    Case::quick("O32", "a limit on the size of files", file_size),
    Case::slow(
        "O33",
        "a kernel or a filter without newer system calls",
        refused_calls,
    ),
    Case::quick(
        "O34",
        "open files of whoever starts the capture",
        open_files,
    ),
    Case::slow(
        "O35",
        "in a container, with the host's root below /host",
        in_container,
    ),
    Case::quick("O36", "a root that is none", no_root),
    Case::slow(
        "O37",
        "no capabilities, or in a user namespace",
        without_privilege,
    ),
];

const LIMIT: Duration = Duration::from_secs(40);
const NOBODY: &str = "65534";

/// A shell that does what `first` says, and is the capture then.
fn after(trial: &Trial, first: &str) -> Command {
    let mut command = Command::new("bash");
    command
        .args(["-c", &format!("{first} exec \"$@\""), "bash"])
        .arg(trial.capture().get_program())
        .arg("-q");
    command
}

/// What a capture that could not be made said.
fn refusal(trial: &mut Trial, command: &mut Command) -> (Option<i32>, String) {
    let output: Output = trial.run(command, LIMIT);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

/// Mounts a file system that changes access times with every reading.
fn strict(directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "strictatime,mode=0755", "tmpfs"]);
    succeed(mount.arg(directory), &[0]);
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const HISTORY: &str = "systemctl restart planted.service\n";

/// Gives the world a user with a home of its own, in place of those of this machine.
fn with_homes(trial: &Trial, homes: &[(&str, &str)]) {
    let passwd = trial.place().join("passwd");
    let mut text = "root:x:0:0:root:/nonexistent:/bin/bash\n".to_owned();
    for (uid, (name, home)) in (4000..).zip(homes) {
        text.push_str(&format!("{name}:x:{uid}:{uid}::{home}:/bin/bash\n"));
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
        "/proc/keys",
        "/proc/locks",
    ];
    for file in files {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        // Modules: who uses one is a count that anybody's work changes.
        let text = if file == "/proc/modules" {
            let names = text.lines().filter_map(|line| line.split(' ').next());
            names.collect::<Vec<_>>().join(" ")
        } else if file == "/proc/keys" || file == "/proc/locks" {
            String::new()
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
    let sql = format!(
        "SELECT state FROM sockets WHERE local_port = {port} AND state = 'listening' OR local_port = {port} AND state = 'LISTEN' OR local_port = {port} AND state = 'listen'"
    );
    let listening = Trial::rows(&bundle, &sql);
    trial.rest(listening.len() == 1, format!("the listener: {listening:?}"));
    let sql = "SELECT outcome FROM collection_log WHERE path = '/proc/modules'";
    let modules = Trial::rows(&bundle, sql);
    trial.named(modules.len() == 1, format!("/proc/modules: {modules:?}"));
    healthy.check(trial, &bundle);
    Ok(())
}

/// A capture in a mount namespace of its own, after `prepare`.
fn in_mounts(trial: &Trial, prepare: &str) -> Command {
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "sh",
            "-c",
            &format!("{prepare} && exec \"$@\""),
            "sh",
        ])
        .arg(trial.capture().get_program())
        .arg("-q");
    command
}

fn little_root(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    // Without /proc there is nothing to capture, and no worker.
    for prepare in [
        "mount -t tmpfs tmpfs /proc",
        "mkdir /mnt/none && mount --rbind /mnt/none /proc",
    ] {
        let mut command = in_mounts(trial, prepare);
        command.args(["-o", "/mnt/tmp/none.tar.zst"]);
        let (code, said) = refusal(trial, &mut command);
        trial.named(
            code == Some(2) && said.contains("/proc"),
            format!("{prepare}: {code:?}: {said}"),
        );
        let left = std::fs::read_dir(trial.place()).unwrap().count();
        trial.harmless(left == 0, format!("{prepare}: {left} files were left"));
    }
    for prepare in [
        "mount -t tmpfs tmpfs /sys",
        "mount -t tmpfs tmpfs /dev",
        "mount --bind / / && mount -o remount,bind,ro /",
        "mount -t tmpfs tmpfs /sys && mount -t tmpfs -o ro tmpfs /dev && mount -t tmpfs -o ro tmpfs /run",
    ] {
        let bundle = trial.bundle_by(&mut in_mounts(trial, prepare), LIMIT);
        healthy.check(trial, &bundle);
        if prepare.contains("/dev") {
            let sql = "SELECT outcome FROM collection_log WHERE path = '/dev/kmsg'";
            let outcome = Trial::rows(&bundle, sql);
            trial.named(outcome == ["absent"], format!("{prepare}: {outcome:?}"));
        }
    }
    Ok(())
}

fn closed_descriptors(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    for closed in ["0<&-", "2>&-", "0<&- 1>&- 2>&-"] {
        // Were the bundle to become one of the three, what is printed would go into it.
        let mut command = after(trial, &format!("exec {closed};"));
        let bundle = trial.bundle_by(&mut command, LIMIT);
        healthy.check(trial, &bundle);
        let bytes = std::fs::read(&bundle).unwrap();
        trial.harmless(
            bytes.starts_with(b"\x28\xb5\x2f\xfd"),
            format!("{closed}: the bundle begins otherwise"),
        );
    }
    // The message has nowhere to go; the exit code has.
    let mut command = after(trial, "exec 0<&- 1>&- 2>&-;");
    command.args(["--root", "/nonexistent", "-o", "/mnt/tmp/none.tar.zst"]);
    let (code, _) = refusal(trial, &mut command);
    trial.named(code == Some(2), format!("{code:?}"));
    Ok(())
}

fn inherited(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    for first in [
        "ulimit -n 16;",
        "ulimit -Ss 64;",
        "ulimit -v 200000;",
        "ulimit -c unlimited;",
        "umask 0777;",
        "mkdir /mnt/tmp/gone; cd /mnt/tmp/gone; rmdir /mnt/tmp/gone;",
        "trap '' PIPE CHLD INT TERM HUP QUIT;",
        "exec -a '' bash -c 'exec \"$@\"' bash \"$@\";",
    ] {
        let bundle = trial.bundle_by(&mut after(trial, first), LIMIT);
        healthy.check(trial, &bundle);
        let mode = std::fs::metadata(&bundle).unwrap().mode() & 0o777;
        trial.harmless(
            mode & 0o077 == 0,
            format!("{first} the bundle has mode {mode:o}"),
        );
        let sql = "SELECT coalesce(incomplete_reason, '') FROM snapshots";
        let reason = Trial::rows(&bundle, sql);
        trial.named(reason == ["''"], format!("{first} {reason:?}"));
        std::fs::remove_file(&bundle).unwrap();
    }
    // Too few to talk to a worker.
    let mut command = after(trial, "ulimit -n 5;");
    command.args(["-o", "/mnt/tmp/none.tar.zst"]);
    let (code, said) = refusal(trial, &mut command);
    trial.named(
        code == Some(2) && said.contains("Too many open files"),
        format!("{code:?}: {said}"),
    );
    Ok(())
}

fn file_size(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    // Room for what closes a bundle, and for little else.
    let bundle = trial.bundle_by(&mut after(trial, "ulimit -f 1032;"), LIMIT);
    let sql = "SELECT complete, intact, incomplete_reason LIKE '%no space%' FROM snapshots";
    let named = Trial::rows(&bundle, sql);
    trial.named(named == ["0 | 1 | 1"], format!("{named:?}"));
    // Less than that: no bundle, and no file.
    let mut command = after(trial, "ulimit -f 16;");
    command.args(["-o", "/mnt/tmp/none.tar.zst"]);
    let (code, said) = refusal(trial, &mut command);
    trial.named(
        code == Some(2) && said.contains("File too large"),
        format!("{code:?}: {said}"),
    );
    let left = std::fs::read_dir(trial.place()).unwrap().count();
    trial.harmless(left == 1, format!("{left} files"));
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    Ok(())
}

fn refused_calls(trial: &mut Trial) -> Result<(), Skipped> {
    let refuse = trial.program("refuse")?;
    let healthy = trial.healthy(1);
    let by = |trial: &Trial, errno: &str, calls: &str| {
        let mut command = Command::new(&refuse);
        command
            .args([errno, calls])
            .arg(trial.capture().get_program())
            .arg("-q");
        command
    };
    // ENOSYS, as a kernel of 2018 answers; EPERM, as filters of containers do.
    for (errno, calls) in [
        (
            "38",
            "openat2,pidfd_open,statx,close_range,clone3,renameat2",
        ),
        ("1", "openat2,pidfd_open,statx,close_range,renameat2"),
        (
            "38",
            "setpriority,ioprio_set,prctl,prlimit64,sched_getaffinity,fallocate",
        ),
        (
            "1",
            "setpriority,ioprio_set,prctl,prlimit64,sched_getaffinity,fallocate,socket",
        ),
    ] {
        let bundle = trial.bundle_by(&mut by(trial, errno, calls), LIMIT);
        healthy.check(trial, &bundle);
        std::fs::remove_file(&bundle).unwrap();
    }
    // What there is no other way for.
    for (errno, calls, word) in [
        ("38", "memfd_create", "share memory with a worker"),
        ("1", "getrandom", "random"),
        ("1", "fstatfs", "open the root directory"),
    ] {
        let mut command = by(trial, errno, calls);
        command.args(["-o", "/mnt/tmp/none.tar.zst"]);
        let (code, said) = refusal(trial, &mut command);
        let is_named =
            said.contains(word) || word == "random" && said.contains("make a redaction key");
        trial.named(
            code == Some(2) && is_named && !said.contains("panicked"),
            format!("{calls}: {code:?}: {said}"),
        );
    }
    let left = std::fs::read_dir(trial.place()).unwrap().count();
    trial.harmless(left == 0, format!("{left} files were left"));
    Ok(())
}

fn open_files(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    let held = trial.place().join("held");
    let mut command = after(trial, "exec 9<>/mnt/tmp/held 2>>/mnt/tmp/held;");
    command.env("FREEZEFRAME_LEAK", "leaked-into-a-worker");
    let bundle = trial.bundle_by(&mut command, LIMIT);
    // A worker that hangs for ever must hold nothing that somebody waits for.
    let holders = "SELECT count(DISTINCT f.pid), count(DISTINCT s.capture_pid), sum(f.pid <> s.capture_pid) \
         FROM process_fds AS f, snapshots AS s WHERE f.target = '/mnt/tmp/held'";
    let found = Trial::rows(&bundle, holders);
    trial.harmless(
        found == ["1 | 1 | 0"],
        format!("holders of an open file: {found:?}"),
    );
    let sql = "SELECT count(*) > 0, sum((SELECT count(*) FROM process_envs AS e WHERE e.pid = p.pid)) \
         FROM processes AS p, snapshots AS s WHERE p.is_collector AND p.pid <> s.capture_pid";
    let found = Trial::rows(&bundle, sql);
    trial.harmless(
        found == ["1 | 0"],
        format!("workers with an environment: {found:?}"),
    );
    let text = std::fs::read_to_string(&held).unwrap();
    trial.named(text.is_empty(), format!("on standard error: {text}"));
    healthy.check(trial, &bundle);
    Ok(())
}

fn in_container(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let mut listener = Command::new("unshare");
    listener.args([
        "--net",
        "sh",
        "-c",
        "ip link set lo up && exec nc -l -p 4242 127.0.0.1",
    ]);
    let has_listener = has("nc");
    if has_listener {
        trial.start(&mut listener);
    }
    write(
        Path::new("/mnt/host-log/syslog"),
        "2026-11-24T10:15:02+00:00 host app: planted\n",
    );
    succeed(
        Command::new("mount").args(["--bind", "/mnt/host-log", "/var/log"]),
        &[0],
    );
    write(Path::new("/mnt/homes/anna/.bash_history"), HISTORY);
    succeed(
        Command::new("chown").args(["-R", "4000", "/mnt/homes/anna"]),
        &[0],
    );
    with_homes(trial, &[("anna", "/mnt/homes/anna")]);
    // The container's own root: nothing of the host's but what is mounted below /host.
    let room = "mkdir -p /mnt/room && mount -t tmpfs tmpfs /mnt/room && cd /mnt/room && \
         mkdir host proc dev tmp usr etc && touch dev/null && mount --bind /dev/null dev/null && \
         for d in usr bin lib lib64; do [ -L /$d ] && cp -a /$d . || { mkdir -p $d; mount --bind /$d $d; }; done; \
         cp /mnt/capture /mnt/room/capture && mount --rbind / host && \
         mount --bind /mnt/tmp tmp && exec unshare --pid --net --ipc --uts --fork --kill-child";
    for (kind, options, code) in [
        ("a container", "", 0),
        (
            "a container with users of its own",
            "--user --map-root-user --mount",
            1,
        ),
    ] {
        let bundle = trial.place().join(format!("{code}.tar.zst"));
        let script = format!(
            "{room} {options} sh -c 'mount -t proc proc /mnt/room/proc && exec chroot /mnt/room /capture -q --root /host/ -o /tmp/{code}.tar.zst'"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &script]);
        let output = trial.run(&mut command, LIMIT);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        trial.named(
            output.status.code() == Some(code),
            format!("{kind}: {:?}: {said}", output.status),
        );
        if !bundle.exists() {
            continue;
        }
        let found = Trial::rows(&bundle, "SELECT mode, root, intact FROM snapshots");
        trial.named(found == ["live | /host/ | 1"], format!("{kind}: {found:?}"));
        let found = Trial::rows(
            &bundle,
            "SELECT message FROM log_lines WHERE path = '/var/log/syslog'",
        );
        trial.rest(
            found == ["planted"],
            format!("{kind}: the host's log: {found:?}"),
        );
        let sql = "SELECT p.pid FROM processes AS p, snapshots AS s WHERE p.pid = s.capture_pid AND p.is_collector";
        let found = Trial::rows(&bundle, sql);
        trial.rest(
            found.len() == 1,
            format!("{kind}: its own process by the host's number: {found:?}"),
        );
        let found = Trial::rows(
            &bundle,
            "SELECT count(*) FROM processes WHERE pid = 1 AND cmdline <> ''",
        );
        trial.rest(
            found == ["1"],
            format!("{kind}: the host's process 1: {found:?}"),
        );
        if code == 0 {
            healthy.check(trial, &bundle);
            let found = Trial::rows(
                &bundle,
                "SELECT command FROM shell_history WHERE username = 'anna'",
            );
            trial.rest(
                found == ["systemctl restart planted.service"],
                format!("{kind}: a home: {found:?}"),
            );
            let sql = "SELECT count(*) FROM sockets WHERE local_port = 4242";
            let found = Trial::rows(&bundle, sql);
            trial.rest(
                !has_listener || found == ["1"],
                format!("{kind}: a socket elsewhere: {found:?}"),
            );
        }
    }
    let left = std::fs::read_dir("/mnt/room").map_or(0, Iterator::count);
    trial.harmless(left == 0, format!("{left} files in the room"));
    Ok(())
}

fn no_root(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(1);
    std::os::unix::fs::symlink("/nonexistent", "/mnt/dangling").unwrap();
    std::os::unix::fs::symlink("/mnt/loop", "/mnt/loop").unwrap();
    for root in [
        "/nonexistent",
        "/etc/hostname",
        "/mnt/dangling",
        "/mnt/loop",
        "",
    ] {
        let mut command = trial.capture();
        command.args(["--root", root, "-o", "/mnt/tmp/none.tar.zst"]);
        let (code, said) = refusal(trial, &mut command);
        trial.named(
            code == Some(2) && said.contains("root") && said.contains(root),
            format!("{root}: {code:?}: {said}"),
        );
    }
    let left = std::fs::read_dir(trial.place()).unwrap().count();
    trial.harmless(left == 0, format!("{left} files were left"));
    // Other names of the same.
    std::os::unix::fs::symlink("/", "/mnt/all").unwrap();
    for root in ["///", "/mnt/all", "/mnt/all/", "."] {
        let mut command = trial.capture();
        command.current_dir("/").args(["--root", root]);
        let bundle = trial.bundle_by(&mut command, LIMIT);
        healthy.check(trial, &bundle);
        let mode = Trial::rows(&bundle, "SELECT mode FROM snapshots");
        trial.named(mode == ["live"], format!("{root}: {mode:?}"));
    }
    // The host's files without its /proc, or with a plain directory in that place, are a dead tree.
    for (root, prepare) in [("/mnt/without", ""), ("/mnt/plain", "proc")] {
        write(
            &Path::new(root).join("etc/passwd"),
            "dora:x:4000:4000::/home/dora:/bin/sh\n",
        );
        std::fs::create_dir_all(Path::new(root).join(prepare)).unwrap();
        let bundle = trial.bundle(&["--root", root], LIMIT);
        let found = Trial::rows(
            &bundle,
            "SELECT s.mode, u.username FROM snapshots AS s, users AS u",
        );
        trial.named(found == ["dead | dora"], format!("{root}: {found:?}"));
    }
    Ok(())
}

fn without_privilege(trial: &mut Trial) -> Result<(), Skipped> {
    if !has("setpriv") {
        return Err(Skipped::because("needs setpriv"));
    }
    let mut plant = Command::new("sleep");
    let pid = trial.start(plant.arg("1000.25"));
    let capture = trial.capture().get_program().to_owned();
    for (kind, wrapper) in [
        ("no new privileges", "setpriv --no-new-privs"),
        (
            "no CAP_SYS_PTRACE",
            "setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace",
        ),
        (
            "no CAP_DAC_READ_SEARCH",
            "setpriv --bounding-set -dac_read_search,-dac_override --inh-caps -dac_read_search,-dac_override",
        ),
        (
            "no capabilities",
            "setpriv --bounding-set -all --inh-caps -all",
        ),
        ("a user namespace", "unshare --user --map-root-user"),
        ("a user namespace without a map", "unshare --user"),
        (
            "nobody",
            "setpriv --reuid 65534 --regid 65534 --clear-groups",
        ),
    ] {
        let mut words = wrapper.split(' ');
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg(&capture).arg("-q");
        let bundle = trial.bundle_by(&mut command, LIMIT);
        // What everybody may read is there for all.
        let sql = format!("SELECT cmdline, state, uid FROM processes WHERE pid = {pid}");
        let found = Trial::rows(&bundle, &sql);
        trial.rest(
            found.len() == 1 && found[0].starts_with("sleep 1000.25 | S | "),
            format!("{kind}: {found:?}"),
        );
        let sql = format!(
            "SELECT outcome FROM collection_log WHERE path = '/proc/{pid}/exe' AND outcome = 'denied' \
             UNION ALL SELECT 'incomplete' FROM snapshots WHERE complete = 0"
        );
        let found = Trial::rows(&bundle, &sql);
        let sees_all = kind == "no new privileges" || kind.ends_with("READ_SEARCH");
        let expected: &[&str] = if sees_all {
            &[]
        } else {
            &["denied", "incomplete"]
        };
        trial.named(found == expected, format!("{kind}: {found:?}"));
        let owner = std::fs::metadata(&bundle).unwrap().uid().to_string();
        trial.harmless(owner == "0" || owner == NOBODY, format!("{kind}: {owner}"));
        std::fs::remove_file(&bundle).unwrap();
    }
    Ok(())
}
