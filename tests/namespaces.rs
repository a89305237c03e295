//! Network namespaces that no process is in: found by their mounts and by who holds them open, and captured like the others.
#![cfg(test)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::namespace::{inside, network_of, open_directory};
use common::{Guard, expect_rows, rows, run_within, succeed, wait_for};

const LIMIT: Duration = Duration::from_secs(70);

fn shell(script: &str) {
    succeed(Command::new("sh").args(["-ec", script]), &[0]);
}

fn inode(path: &str) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).unwrap().ino()
}

fn captured(place: &Path, options: &[&str], program: &mut Command) -> std::path::PathBuf {
    let bundle = place.join("bundle.tar.zst");
    let _ = std::fs::remove_file(&bundle);
    program.args(["-q"]).args(options).arg("-o").arg(&bundle);
    let ended = run_within(program, LIMIT);
    assert!(
        matches!(ended.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    bundle
}

#[test]
fn namespaces_without_a_process() {
    if !inside("namespaces_without_a_process") {
        return;
    }
    let place = open_directory().join("tmp");
    // One that is only mounted; and one that was a process's and is only held by another one.
    shell(
        "mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns
         ip netns add mounted
         ip -n mounted link set lo up
         ip -n mounted addr add 192.0.2.7/32 dev lo",
    );
    let mounted = inode("/run/netns/mounted");
    let mut short = Command::new("unshare");
    short
        .args([
            "--net",
            "sh",
            "-c",
            "ip addr add 198.51.100.7/32 dev lo; exec sleep 600",
        ])
        .stdin(Stdio::null());
    let short = Guard(short.spawn().unwrap());
    let is_asleep = |pid: u32| {
        let name = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
        (name == b"sleep\n").then_some(())
    };
    wait_for("the process", || is_asleep(short.0.id()));
    let held = network_of(short.0.id());
    let mut holder = Command::new("sh");
    holder
        .args([
            "-c",
            &format!("exec sleep 600 3< /proc/{}/ns/net", short.0.id()),
        ])
        .stdin(Stdio::null());
    let holder = Guard(holder.spawn().unwrap());
    wait_for("the holder", || is_asleep(holder.0.id()));
    drop(short);
    let bundle = captured(&place, &[], &mut Command::new("/mnt/capture"));
    expect_rows(
        &bundle,
        "SELECT net_namespace, address FROM interface_addresses WHERE address IN ('192.0.2.7', '198.51.100.7') ORDER BY address",
        &format!("{mounted} | 192.0.2.7\n{held} | 198.51.100.7"),
    );
    expect_rows(
        &bundle,
        &format!(
            "SELECT DISTINCT outcome FROM collection_log WHERE path GLOB 'netlink/{held}/*' AND path NOT GLOB '*/raw*.bin'"
        ),
        "collected",
    );
    // Nothing of them is said twice, and none is left out.
    expect_rows(
        &bundle,
        "SELECT count(DISTINCT net_namespace), count(*) FROM interface_details WHERE interface = 'lo'",
        "3 | 3",
    );
}

/// What cannot be entered is said to be denied, and the files are there instead.
#[test]
fn without_privileges_files_tell() {
    if !inside("without_privileges_files_tell") {
        return;
    }
    let place = open_directory().join("tmp");
    if !common::has("setpriv") {
        common::skip("a capture without privileges", "setpriv is not installed");
        return;
    }
    let mut other = Command::new("unshare");
    other
        .args([
            "--net",
            "setpriv",
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
            "sleep",
            "600",
        ])
        .stdin(Stdio::null());
    let other = Guard(other.spawn().unwrap());
    let command_line = format!("/proc/{}/cmdline", other.0.id());
    wait_for("the other process", || {
        (std::fs::read(&command_line).ok()? == b"sleep\x00600\0").then_some(())
    });
    let other_network = network_of(other.0.id());
    succeed(Command::new("chmod").arg("777").arg(&place), &[0]);
    let mut program = Command::new("setpriv");
    program.args([
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        "/mnt/capture",
    ]);
    let bundle = captured(&place, &[], &mut program);
    expect_rows(
        &bundle,
        &format!(
            "SELECT DISTINCT outcome FROM collection_log WHERE path GLOB 'netlink/{other_network}/*'"
        ),
        "denied",
    );
    expect_rows(
        &bundle,
        &format!(
            "SELECT interface, type FROM interface_details WHERE net_namespace = {other_network}"
        ),
        "lo | NULL",
    );
    // Of its own namespace it may ask.
    let own = network_of(std::process::id());
    let found = rows(
        &bundle,
        &format!(
            "SELECT interface, type FROM interface_details WHERE net_namespace = {own} AND interface = 'lo'"
        ),
    );
    assert_eq!(found.len(), 1, "{found:?}");
}

/// A socket's name can forge a line of `/proc/net/unix`, and no answer of the kernel.
#[test]
fn a_forged_line_is_no_socket() {
    if !inside("a_forged_line_is_no_socket") {
        return;
    }
    let place = open_directory().join("tmp");
    if !common::has("python3") {
        common::skip("a forged unix socket", "python3 is not installed");
        return;
    }
    let forged = "0000000000000000: 00000002 00000000 00010000 0001 01 4294967 /run/forged";
    let script = format!(
        "import os, socket, time\nos.chdir('{}')\ns = socket.socket(socket.AF_UNIX)\ns.bind('x\\n{forged}'[:107])\ns.listen()\n\
         open('ready', 'w').close()\ntime.sleep(600)",
        place.display()
    )
    .replace("/run/forged", "y");
    let mut python = Command::new("python3");
    python.args(["-c", &script]).stdin(Stdio::null());
    let _python = Guard(python.spawn().unwrap());
    wait_for("the socket", || place.join("ready").exists().then_some(()));
    let file = std::fs::read_to_string("/proc/net/unix").unwrap();
    assert!(
        file.lines()
            .any(|line| line.starts_with("0000000000000000: 00000002")),
        "{file}"
    );
    let bundle = captured(&place, &[], &mut Command::new("/mnt/capture"));
    expect_rows(
        &bundle,
        "SELECT count(*) FROM sockets WHERE inode = 4294967",
        "0",
    );
    expect_rows(
        &bundle,
        "SELECT count(*) FROM sockets WHERE family = 'unix' AND state = 'LISTEN' AND path GLOB 'x?0000*'",
        "1",
    );
    let issues = rows(
        &bundle,
        "SELECT reason FROM parse_issues WHERE member GLOB '*/net/unix' AND reason GLOB '*only in the file*inode 4294967*'",
    );
    assert_eq!(issues.len(), 1, "{issues:?}");
}
