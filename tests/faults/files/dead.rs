//! Trees of no living host, and whom a file belongs to.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Duration;

use super::tree::{BOB, Tree, expect};
use crate::case::Case;
use crate::common::succeed;
use crate::trial::{Skipped, Trial};

pub(super) const CASES: &[Case] = &[
    Case::quick(
        "F07",
        "a container whose history is a link to a secret of the host",
        container,
    ),
    Case::quick("F23", "a capture by a user who owns nothing", stranger),
    Case::quick(
        "F39",
        "a dead tree whose files are FIFOs, devices and loops of links",
        no_files,
    ),
    Case::quick(
        "F40",
        "access times of files and directories of a dead tree",
        access_times,
    ),
    Case::quick(
        "F41",
        "a dead tree that is nested deeper than a path is long",
        deep,
    ),
];

const LIMIT: Duration = Duration::from_secs(30);

fn container(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let host_secret = tree.file("srv/host", 0, tree.secret());
    let inside = tree.directory("srv/container", 0);
    for name in ["good", "bad"] {
        tree.file(
            &format!("srv/container/{name}"),
            0,
            format!("echo {name}-history\n"),
        );
    }
    tree.link("srv/container/bad", 0, host_secret.to_str().unwrap());
    let sleep = inside.join("sleep");
    let source = "int pause(void); int main(void) { for (;;) pause(); }";
    let c = trial.place().join("pause.c");
    std::fs::write(&c, source).unwrap();
    let built = Command::new("cc")
        .args(["-static", "-o"])
        .arg(&sleep)
        .arg(&c)
        .status();
    if !built.is_ok_and(|status| status.success()) {
        return Err(Skipped::because("needs a C compiler and a static library"));
    }
    let mut pids = Vec::new();
    for history in ["/good", "/bad"] {
        let mut command = Command::new("chroot");
        command.arg(&inside).arg("/sleep").env("HISTFILE", history);
        pids.push(trial.start(&mut command));
    }
    std::thread::sleep(Duration::from_millis(300));
    let bundle = tree.bundle(trial, LIMIT);
    let good = format!("/proc/{}/root/good", pids[0]);
    let bad = format!("/proc/{}/root/bad", pids[1]);
    let target = host_secret.display();
    let absent = format!("absent | symbolic link to {target}");
    expect(
        trial,
        &bundle,
        &[(&good, "collected | NULL"), (&bad, &absent)],
    );
    Ok(())
}

fn stranger(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command
        .arg(trial.capture().get_program())
        .arg("-q")
        .arg("--root")
        .arg(tree.path(""));
    let bundle = trial.bundle_by(&mut command, LIMIT);
    expect(
        trial,
        &bundle,
        &[("/home/ada/.bash_history", "collected | NULL")],
    );
    let sql = "SELECT count(*) FROM shell_history WHERE command LIKE 'echo plant%'";
    trial.rest(
        Trial::rows(&bundle, sql) == ["1"],
        "what everybody may read is not there",
    );
    let mut tar = Command::new("tar");
    tar.args(["--zstd", "-xOf"])
        .arg(&bundle)
        .arg("freezeframe/manifest.json");
    let manifest = String::from_utf8(succeed(&mut tar, &[0])).unwrap();
    let said = manifest.contains("files and directories of other users changed: O_NOATIME");
    trial.named(said, manifest);
    let shadow =
        "SELECT count(*) FROM collection_log WHERE path = '/etc/shadow' AND outcome = 'collected'";
    trial.harmless(
        Trial::rows(&bundle, shadow) == ["0"],
        "it read the passwords",
    );
    Ok(())
}

fn no_files(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::dead(trial);
    for name in [
        "etc/hostname",
        "var/log/syslog",
        "home/bob/.bash_history",
        "proc/7/status",
    ] {
        tree.node(name, BOB, &["p"]);
    }
    tree.node("dev/kmsg", 0, &["c", "1", "11"]);
    tree.node("var/log/messages", 0, &["c", "1", "5"]);
    tree.link("var/log/auth.log", 0, "auth.log");
    tree.link("var/log/daemon.log", 0, "/etc/../../../../etc/loop/x");
    tree.link("etc/loop", 0, "/etc/loop");
    let bundle = tree.bundle(trial, LIMIT);
    let expected = [
        ("/etc/hostname", "skipped | fifo"),
        ("/var/log/syslog", "skipped | fifo"),
        ("/home/bob/.bash_history", "skipped | fifo"),
        ("/var/log/messages", "skipped | character device"),
        ("/dev/kmsg", "skipped | character device"),
        ("/proc/7/status", "skipped | fifo"),
    ];
    expect(trial, &bundle, &expected);
    for log in ["auth.log", "daemon.log"] {
        let sql = format!("SELECT errno FROM collection_log WHERE path = '/var/log/{log}'");
        let found = Trial::rows(&bundle, &sql);
        trial.named(found == ["40"], format!("{log}: {found:?}"));
    }
    Ok(())
}

fn access_times(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::dead(trial);
    tree.file("proc/7/status", 0, "Name:\tx\nPid:\t7\n");
    tree.file("proc/7/fdinfo/0", 0, "pos:\t0\n");
    tree.directory("proc/7/fd", 0);
    tree.link("proc/7/fd/0", 0, "/dev/null");
    tree.file("proc/7/task/7/stat", 0, "7 (x) S 1\n");
    // A mount that would change every access time at once.
    let mut mount = Command::new("mount");
    mount.args(["-o", "remount,bind,strictatime", "/mnt"]);
    succeed(&mut mount, &[0]);
    let names = [
        "",
        "home",
        "home/ada",
        "var/log",
        "etc",
        "proc",
        "proc/7",
        "proc/7/fd",
        "proc/7/fdinfo",
        "proc/7/task",
        "home/ada/.bash_history",
        "var/log/kern.log",
        "proc/7/status",
        "proc/7/fdinfo/0",
    ];
    for name in names {
        let mut touch = Command::new("touch");
        succeed(touch.args(["-a", "-d", "@1000"]).arg(tree.path(name)), &[0]);
    }
    let bundle = tree.bundle(trial, LIMIT);
    let changed: Vec<&str> = names
        .into_iter()
        .filter(|name| std::fs::metadata(tree.path(name)).unwrap().atime() != 1000)
        .collect();
    trial.harmless(
        changed.is_empty(),
        format!("other access times: {changed:?}"),
    );
    expect(trial, &bundle, &[("/proc/7/status", "collected | NULL")]);
    let control = tree.path("etc");
    let _ = std::fs::read_dir(&control).unwrap().count();
    let noticed = std::fs::metadata(control).unwrap().atime() != 1000;
    trial.harmless(noticed, "this file system keeps no access times");
    Ok(())
}

fn deep(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::dead(trial);
    // 60 directories of 200 bytes, by steps: one path could not name them.
    let script = "cd \"$1\" && name=$(printf 'd%.0s' $(seq 200)) && \
         for n in $(seq 60); do mkdir $name && cd $name || exit 1; done; echo x >.bash_history";
    succeed(
        Command::new("bash")
            .args(["-c", script, "bash"])
            .arg(tree.path("home/bob")),
        &[0],
    );
    let home = format!("/home/bob{}", format!("/{}", "d".repeat(200)).repeat(60));
    let mut passwd = std::fs::read_to_string(tree.path("etc/passwd")).unwrap();
    writeln!(&mut passwd, "deep:x:1002:1002::{home}:/bin/sh").unwrap();
    let near = format!("/home/bob{}", format!("/{}", "d".repeat(200)).repeat(19));
    writeln!(&mut passwd, "near:x:1002:1002::{near}:/bin/sh").unwrap();
    tree.file("etc/passwd", 0, passwd);
    let bundle = tree.bundle(trial, LIMIT);
    expect(
        trial,
        &bundle,
        &[(&format!("{near}/.bash_history"), "absent | NULL")],
    );
    trial.harmless(tree.path("home/bob").exists(), "the tree changed");
    Ok(())
}
