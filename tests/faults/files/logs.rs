//! Logs and devices.

use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::tree::{Tree, expect, outcome};
use crate::case::Case;
use crate::common::succeed;
use crate::trial::{Skipped, Trial};

pub(super) const CASES: &[Case] = &[
    Case::quick("F10", "a sparse log of exabytes", sparse),
    Case::slow("F11", "logs that grow without end", growing),
    Case::slow("F13", "a log that is rotated all the time", rotating),
    Case::slow(
        "F14",
        "a log of 1 GiB without a newline, with NUL and ESC",
        no_newline,
    ),
    Case::quick(
        "F32",
        "a sparse log with data in the middle of the tail only",
        middle,
    ),
    Case::slow(
        "F33",
        "a log that shrinks to nothing while it is read",
        shrinking,
    ),
    Case::slow(
        "F34",
        "a log that is exchanged with a FIFO, a link, a directory",
        exchanged,
    ),
    Case::quick(
        "F25",
        "an automount point in /home, whose daemon is mute",
        automount,
    ),
    Case::quick(
        "F35",
        "procfs, sysfs and mqueue mounted over log directories and homes",
        kernels,
    ),
    Case::quick(
        "F36",
        "/dev/kmsg that is a file, /etc/localtime that leads to a FIFO",
        impostors,
    ),
    Case::slow(
        "F37",
        "a rotated log that is a huge bomb, and one of mode 0200",
        bombs,
    ),
    Case::quick("F38", "an append-only and an immutable log", attributes),
];

const LIMIT: Duration = Duration::from_secs(30);
const TAIL: u64 = 1 << 20;

/// The bytes of a member.
fn member(bundle: &Path, name: &str) -> Vec<u8> {
    let mut tar = Command::new("tar");
    succeed(tar.args(["--zstd", "-xOf"]).arg(bundle).arg(name), &[0])
}

fn sparse(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let path = tree.file("var/log/syslog", 0, "");
    let file = std::fs::File::options().write(true).open(path).unwrap();
    // What the file system allows differs.
    let size = (40..63)
        .rev()
        .map(|bits| 1_u64 << bits)
        .find(|size| file.set_len(*size).is_ok())
        .unwrap();
    let bundle = tree.bundle(trial, LIMIT);
    let sql = "SELECT outcome, bytes_kept, bytes_seen, duration_us < 1000000 FROM collection_log \
         WHERE path = '/var/log/syslog'";
    let found = Trial::rows(&bundle, sql);
    trial.named(
        found == [format!("truncated | 0 | {size} | 1")],
        format!("{found:?}"),
    );
    trial.harmless(file.metadata().unwrap().blocks() == 0, "blocks were made");
    Ok(())
}

fn growing(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let appended = tree.file("var/log/syslog", 0, "begin\n");
    let cut = tree.file("var/log/messages", 0, "begin\n");
    let script = "while :; do echo a line of a log >>\"$1\"; done";
    trial.start(Command::new("sh").args(["-c", script, "sh"]).arg(&appended));
    let script = "size=50; while [ $size -lt 1000000 ]; do truncate -s ${size}M \"$1\"; size=$((size + 50)); done; sleep 1000";
    trial.start(Command::new("sh").args(["-c", script, "sh"]).arg(&cut));
    let bundle = tree.bundle(trial, LIMIT);
    let sql = format!(
        "SELECT path, outcome IN ('collected', 'truncated'), bytes_kept <= {TAIL} FROM collection_log \
         WHERE path IN ('/var/log/syslog', '/var/log/messages') ORDER BY path"
    );
    let found = Trial::rows(&bundle, &sql);
    trial.named(
        found == ["/var/log/messages | 1 | 1", "/var/log/syslog | 1 | 1"],
        format!("{found:?}"),
    );
    trial.harmless(
        std::fs::metadata(&appended).unwrap().len() > 6,
        "the writer was held up",
    );
    Ok(())
}

fn rotating(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    tree.file("var/log/syslog", 0, "Nov 25 01:00:00 web-1 x: whole line\n");
    let script = "cd \"$1\"; while :; do echo 'Nov 25 01:00:00 web-1 x: whole line' >syslog.new; mv syslog syslog.1; mv syslog.new syslog; done";
    trial.start(
        Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(tree.path("var/log")),
    );
    for _ in 0..5 {
        let bundle = tree.bundle(trial, LIMIT);
        let sql = "SELECT count(*) FROM collection_log WHERE path LIKE '/var/log/syslog%' \
             AND outcome = 'collected' AND (inode IS NULL OR mtime IS NULL OR bytes_kept NOT IN (0, 36))";
        trial.named(
            Trial::rows(&bundle, sql) == ["0"],
            "a log is half of one and half of another",
        );
        let sql = "SELECT count(*) FROM log_lines WHERE message LIKE '%whole%' AND message != 'whole line'";
        trial.harmless(Trial::rows(&bundle, sql) == ["0"], "a line was torn");
    }
    Ok(())
}

fn no_newline(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let path = tree.file("var/log/syslog", 0, "");
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let size = 1_u64 << 30;
    let block: Vec<u8> = (0..TAIL)
        .map(|n| [0, 0x1b, b'x', 0xff, b'\r'][usize::try_from(n % 5).unwrap()])
        .collect();
    file.set_len(size).unwrap();
    file.write_all_at(&block, size - TAIL).unwrap();
    let bundle = tree.bundle(trial, LIMIT);
    let sql =
        "SELECT outcome, bytes_kept, offset FROM collection_log WHERE path = '/var/log/syslog'";
    let found = Trial::rows(&bundle, sql);
    trial.named(
        found == [format!("truncated | {TAIL} | {}", size - TAIL)],
        format!("{found:?}"),
    );
    trial.rest(
        member(&bundle, "root/var/log/syslog") == block,
        "the tail has other bytes",
    );
    trial.harmless(file.metadata().unwrap().len() == size, "its size changed");
    Ok(())
}

fn middle(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let path = tree.file("var/log/syslog", 0, "");
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let size = 1_u64 << 33;
    file.set_len(size).unwrap();
    let at = size - TAIL / 2;
    file.write_all_at(b"in the middle", at).unwrap();
    let bundle = tree.bundle(trial, LIMIT);
    let kept = member(&bundle, "root/var/log/syslog");
    trial.rest(
        kept.starts_with(b"in the middle"),
        "the data in the middle are not kept",
    );
    let sql =
        "SELECT outcome, offset, bytes_seen FROM collection_log WHERE path = '/var/log/syslog'";
    let found = Trial::rows(&bundle, sql);
    trial.named(
        found == [format!("truncated | {at} | {size}")],
        format!("{found:?}"),
    );
    trial.harmless(file.metadata().unwrap().blocks() <= 8, "holes were filled");
    Ok(())
}

fn shrinking(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let path = tree.file("var/log/syslog", 0, vec![b'x'; 1 << 20]);
    let script = "while :; do truncate -s 0 \"$1\"; truncate -s 1M \"$1\"; done";
    trial.start(Command::new("sh").args(["-c", script, "sh"]).arg(&path));
    for _ in 0..5 {
        let bundle = tree.bundle(trial, LIMIT);
        let sql = "SELECT count(*) FROM collection_log WHERE path = '/var/log/syslog' \
             AND (outcome = 'collected' AND bytes_kept = bytes_seen \
             OR outcome = 'truncated' AND reason LIKE 'it shrank to % bytes while it was read')";
        let found = Trial::rows(&bundle, sql);
        trial.named(found == ["1"], outcome(&bundle, "/var/log/syslog"));
    }
    trial.harmless(std::fs::metadata(&path).is_ok(), "the log is gone");
    Ok(())
}

fn exchanged(trial: &mut Trial) -> Result<(), Skipped> {
    let swap = trial.program("swap")?;
    let tree = Tree::live(trial);
    let logs = ["syslog", "messages", "auth.log"];
    for log in logs {
        tree.file(&format!("var/log/{log}"), 0, "line\n");
    }
    tree.node("var/log/x-fifo", 0, &["p"]);
    tree.link("var/log/x-link", 1001, "/etc/shadow");
    tree.directory("var/log/x-dir", 0);
    let mut command = Command::new(swap);
    for (log, other) in logs.iter().zip(["x-fifo", "x-link", "x-dir"]) {
        command
            .arg(tree.path(&format!("var/log/{log}")))
            .arg(tree.path(&format!("var/log/{other}")));
    }
    trial.start(&mut command);
    let reasons = [
        "fifo",
        "symbolic link that not only root could make to /etc/shadow",
        "directory",
    ];
    for _ in 0..10 {
        let bundle = tree.bundle(trial, LIMIT);
        for (log, reason) in logs.iter().zip(reasons) {
            let found = outcome(&bundle, &format!("/var/log/{log}"));
            let known = found == "collected | NULL" || found == format!("skipped | {reason}");
            trial.named(known, format!("{log}: {found}"));
        }
    }
    Ok(())
}

fn kernels(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    tree.directory("root", 0);
    for (kind, name) in [
        ("proc", "root"),
        ("sysfs", "home/bob"),
        ("mqueue", "home/queues"),
    ] {
        let path = tree.directory(name, 0);
        succeed(
            Command::new("mount").args(["-t", kind, kind]).arg(path),
            &[0],
        );
    }
    std::fs::write(tree.path("var/log/syslog"), "").unwrap();
    let mut bind = Command::new("mount");
    bind.args(["--bind", "/proc/version"])
        .arg(tree.path("var/log/syslog"));
    succeed(&mut bind, &[0]);
    let bundle = tree.bundle(trial, LIMIT);
    let wanted = "skipped | a file of the kernel";
    let expected = [
        ("/root/.bash_history", wanted),
        ("/home/bob/.bash_history", wanted),
        ("/home/queues/.bash_history", wanted),
        ("/var/log/syslog", wanted),
    ];
    expect(trial, &bundle, &expected);
    let sql = "SELECT count(*) FROM collection_log WHERE member LIKE 'root/var/log/syslog%'";
    trial.harmless(
        Trial::rows(&bundle, sql) == ["0"],
        "a file of the kernel was read as a log",
    );
    Ok(())
}

/// Whoever goes in waits for the daemon for ever.
fn automount(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let point = tree.directory("home/auto", 0);
    let requests = tree.node("requests", 0, &["p"]);
    let script = "exec 3<>\"$1\"; mount -t autofs -o \
         fd=3,pgrp=$$,minproto=5,maxproto=5,indirect none \"$2\" 2>/dev/null || exit; \
         : >\"$1.ready\"; exec sleep 1000";
    let mut daemon = Command::new("setsid");
    daemon.args(["sh", "-c", script, "sh"]);
    trial.start(daemon.arg(&requests).arg(&point));
    let ready = tree.path("requests.ready");
    for _ in 0..100 {
        if ready.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if !ready.exists() {
        return Err(Skipped::because("needs autofs in the kernel"));
    }
    let bundle = tree.bundle(trial, LIMIT);
    let wanted = "skipped | below an automount point";
    expect(trial, &bundle, &[("/home/auto/.bash_history", wanted)]);
    let mut asked = Command::new("dd");
    asked.args(["iflag=nonblock", "bs=4096", "count=1", "status=none"]);
    asked.stderr(std::process::Stdio::null());
    asked.arg(format!("if={}", requests.display()));
    let asked = asked.output().unwrap();
    trial.harmless(asked.stdout.is_empty(), "the daemon was asked to mount");
    Ok(())
}

fn impostors(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    tree.file("dev/kmsg", 0, tree.secret());
    let fifo = tree.node("etc/clock", 0, &["p"]);
    tree.link("etc/localtime", 0, "clock");
    let mut both = std::fs::File::options()
        .read(true)
        .write(true)
        .open(fifo)
        .unwrap();
    both.write_all(b"x").unwrap();
    let bundle = tree.bundle(trial, LIMIT);
    let expected = [
        ("/dev/kmsg", "skipped | not the device of that name"),
        ("/etc/localtime", "skipped | fifo"),
    ];
    expect(trial, &bundle, &expected);
    let mut byte = [0];
    trial.harmless(
        std::io::Read::read(&mut both, &mut byte).unwrap() == 1,
        "the FIFO was read",
    );
    Ok(())
}

fn bombs(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let huge = tree.file("var/log/syslog.2.gz", 0, "");
    std::fs::File::options()
        .write(true)
        .open(huge)
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let bomb = tree.path("var/log/syslog.3.gz");
    let script = "head -c 64M /dev/zero | gzip -1 >\"$1\"";
    succeed(
        Command::new("sh").args(["-c", script, "sh"]).arg(&bomb),
        &[0],
    );
    let write_only = tree.file("var/log/syslog", 0, "Nov 25 01:00:00 web-1 x: write-only\n");
    std::fs::set_permissions(&write_only, PermissionsExt::from_mode(0o200)).unwrap();
    let bundle = tree.bundle(trial, LIMIT);
    let size = std::fs::metadata(&bomb).unwrap().len();
    trial.rest(
        u64::try_from(member(&bundle, "root/var/log/syslog.3.gz").len()).unwrap() == size,
        "the bomb is not kept as it is",
    );
    let expected = [
        (
            "/var/log/syslog.2.gz",
            "skipped | size: 1099511627776 bytes, over the limit of 16777216",
        ),
        ("/var/log/syslog", "collected | NULL"),
    ];
    expect(trial, &bundle, &expected);
    trial.harmless(
        std::fs::metadata(write_only).unwrap().mode() & 0o777 == 0o200,
        "its mode changed",
    );
    Ok(())
}

fn attributes(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let append = tree.file(
        "var/log/syslog",
        0,
        "Nov 25 01:00:00 web-1 x: append-only\n",
    );
    let fixed = tree.file(
        "var/log/messages",
        0,
        "Nov 25 01:00:00 web-1 x: immutable\n",
    );
    for (flag, path) in [("+a", &append), ("+i", &fixed)] {
        let done = Command::new("chattr")
            .arg(flag)
            .arg(path)
            .stderr(std::process::Stdio::null())
            .status();
        if !done.is_ok_and(|status| status.success()) {
            return Err(Skipped::because("needs chattr on a tmpfs"));
        }
    }
    let before = std::fs::metadata(&append).unwrap().atime_nsec();
    let bundle = tree.bundle(trial, LIMIT);
    let expected = [
        ("/var/log/syslog", "collected | NULL"),
        ("/var/log/messages", "collected | NULL"),
    ];
    expect(trial, &bundle, &expected);
    trial.harmless(
        std::fs::metadata(&append).unwrap().atime_nsec() == before,
        "its access time changed",
    );
    for (flag, path) in [("-a", &append), ("-i", &fixed)] {
        succeed(Command::new("chattr").arg(flag).arg(path), &[0]);
    }
    Ok(())
}
