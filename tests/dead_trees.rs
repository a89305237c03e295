//! `capture --root` on trees that are no running system: partial ones, frozen ones of other machines, hostile ones. What is
//! there reaches the tables, what is not is said, and nothing outside is read.
#![cfg(test)]

mod common;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::namespace::{inside, open_directory};
use common::{capture, count, expect_rows, has, rows, run_within, skip, succeed};

/// Content of the files outside of a tree: it must be in no bundle.
const CANARY: &str = "canary-of-the-outside";
/// Far above what a small tree takes, and below the capture's own deadline: nothing may wait for it.
const LIMIT: Duration = Duration::from_secs(30);

const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
    \x20  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 7001 1 0\n\
    \x20  1: 0A0200C0:D431 076433C6:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 7002 1 0\n";
const TCP_ROWS: &str = "127.0.0.1 | 8080 | 0.0.0.0 | 0 | LISTEN | 7001 | NULL\n\
    192.0.2.10 | 54321 | 198.51.100.7 | 443 | ESTAB | 7002 | NULL";
const TCP_SQL: &str =
    "SELECT local_address, local_port, remote_address, remote_port, state, inode, net_namespace
    FROM sockets WHERE protocol = 'tcp' ORDER BY inode";

/// A tree that a test builds.
struct Tree {
    place: tempfile::TempDir,
}

impl Tree {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("root")).unwrap();
        std::fs::create_dir(place.path().join("outside")).unwrap();
        Tree { place }
    }

    fn root(&self) -> PathBuf {
        self.place.path().join("root")
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn file(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn link(&self, name: &str, target: impl AsRef<Path>) {
        symlink(target, self.path(name)).unwrap();
    }

    fn outside(&self, name: &str, content: &str) -> PathBuf {
        let path = self.place.path().join("outside").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Captures it; the capture must end with `code`.
    fn capture(&self, code: i32) -> PathBuf {
        let bundle = self.place.path().join("bundle.tar.zst");
        let mut command = capture();
        command.arg("-q").arg("--root").arg(self.root());
        let ended = run_within(command.arg("-o").arg(&bundle), LIMIT);
        assert_eq!(
            ended.status.code(),
            Some(code),
            "{}",
            String::from_utf8_lossy(&ended.stderr)
        );
        expect_rows(&bundle, "SELECT mode, intact FROM snapshots", "dead | 1");
        bundle
    }
}

/// How reading a path ended: outcome, error number, reason.
#[track_caller]
fn expect_outcome(bundle: &Path, path: &str, expected: &str) {
    let sql = format!("SELECT outcome, errno, reason FROM collection_log WHERE path = '{path}'");
    expect_rows(bundle, &sql, expected);
}

/// The bytes of all members.
fn content(bundle: &Path) -> Vec<u8> {
    let out = bundle.with_extension("out");
    succeed(
        common::analyze().arg("extract").arg(bundle).arg(&out),
        &[0, 1],
    );
    let mut content = Vec::new();
    for entry in walkdir::WalkDir::new(&out) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            content.extend(std::fs::read(entry.path()).unwrap());
        }
    }
    content
}

fn contains(content: &[u8], text: &str) -> bool {
    content
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn network_files_of_one_process_are_found() {
    let tree = Tree::new();
    // More processes without them than would be tried one after the other.
    for pid in 1..=40 {
        let status = format!("Name:\tp{pid}\nPid:\t{pid}\nPPid:\t0\n");
        tree.file(&format!("proc/{pid}/status"), &status);
    }
    tree.file("proc/7001/net/tcp", TCP);
    tree.file(
        "proc/7002/mountinfo",
        "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n",
    );
    let bundle = tree.capture(0);
    expect_rows(&bundle, TCP_SQL, TCP_ROWS);
    expect_rows(&bundle, "SELECT path, type FROM mounts", "/ | ext4");
    expect_rows(&bundle, "SELECT count(*) FROM processes", "40");
    expect_outcome(&bundle, "/proc/7001/net/tcp", "collected | NULL | NULL");
    expect_outcome(&bundle, "/proc/7001/net/udp", "absent | 2 | NULL");
    // Nothing is asked for what the tree does not have.
    assert_eq!(
        count(
            &bundle,
            "FROM collection_log WHERE path LIKE '/proc/1/net/%'"
        ),
        0
    );
    assert_eq!(
        count(&bundle, "FROM collection_log WHERE path LIKE '/proc/net/%'"),
        0
    );
}

#[test]
fn network_files_of_no_process_are_the_hosts() {
    let tree = Tree::new();
    tree.file("proc/net/tcp", TCP);
    tree.file(
        "proc/net/arp",
        "IP address       HW type     Flags       HW address            Mask     Device\n\
         192.0.2.1        0x1         0x2         02:00:00:00:00:01     *        eth0\n",
    );
    tree.file("proc/meminfo", "MemTotal:        1024 kB\n");
    tree.file("proc/1/status", "Name:\tinit\nPid:\t1\nPPid:\t0\n");
    // A process that tells its namespace, and none that has its files.
    tree.link("proc/1/ns/net", "net:[4026531840]");
    tree.file(
        "proc/self/mountinfo",
        "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n",
    );
    let bundle = tree.capture(0);
    expect_rows(&bundle, TCP_SQL, TCP_ROWS);
    expect_rows(
        &bundle,
        "SELECT address, mac, net_namespace FROM neighbors",
        "192.0.2.1 | 02:00:00:00:00:01 | NULL",
    );
    expect_rows(&bundle, "SELECT path, type FROM mounts", "/ | ext4");
    expect_rows(
        &bundle,
        "SELECT name, net_namespace FROM processes",
        "init | 4026531840",
    );
    expect_outcome(&bundle, "/proc/net/tcp", "collected | NULL | NULL");
    expect_outcome(
        &bundle,
        "net:[4026531840]",
        "absent | NULL | the tree has its files of no process",
    );
}

#[test]
fn network_files_below_self_are_the_hosts() {
    let tree = Tree::new();
    tree.file("proc/self/net/tcp", TCP);
    tree.link("proc/net", "self/net");
    let bundle = tree.capture(0);
    expect_rows(&bundle, TCP_SQL, TCP_ROWS);

    // The usual links, to a process that is there: each file once.
    let tree = Tree::new();
    tree.file("proc/77/net/tcp", TCP);
    tree.link("proc/self", "77");
    tree.link("proc/net", "self/net");
    let bundle = tree.capture(0);
    expect_rows(&bundle, TCP_SQL, TCP_ROWS);
    expect_outcome(&bundle, "/proc/77/net/tcp", "collected | NULL | NULL");
}

#[test]
fn partial_trees_are_what_they_are() {
    let tree = Tree::new();
    tree.file(
        "var/log/syslog",
        "2026-11-24T10:15:02+00:00 web-1 app[7]: only a log\n",
    );
    let bundle = tree.capture(0);
    expect_rows(
        &bundle,
        "SELECT host, program, pid, message FROM log_lines",
        "web-1 | app | 7 | only a log",
    );
    expect_outcome(&bundle, "/proc", "absent | 2 | NULL");
    expect_outcome(&bundle, "/etc/passwd", "absent | 2 | NULL");
    expect_rows(
        &bundle,
        "SELECT hostname, boot_id, kernel_release, machine, clock_ticks, clock_ticks_by, page_size, page_size_by,
                endianness, endianness_by FROM snapshots",
        "NULL | NULL | NULL | NULL | 100 | assumed | 4096 | assumed | little | assumed",
    );

    let tree = Tree::new();
    tree.file("etc/hostname", "web-1\n");
    tree.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    let bundle = tree.capture(0);
    expect_rows(&bundle, "SELECT hostname FROM snapshots", "web-1");
    expect_rows(&bundle, "SELECT uid, username FROM users", "0 | root");
    // Both files, once each.
    expect_rows(&bundle, "SELECT capture_bytes_read FROM snapshots", "36");

    // Nothing at all is not a complete capture of anything.
    let tree = Tree::new();
    let bundle = tree.capture(1);
    expect_rows(
        &bundle,
        "SELECT count(*) FROM collection_log WHERE outcome <> 'absent'",
        "0",
    );
}

#[test]
fn the_capture_counts_what_it_costs() {
    let tree = Tree::new();
    tree.file("etc/hostname", "web-1\n");
    tree.file("proc/5/status", "Name:\tinit\nPid:\t5\nPPid:\t0\n");
    tree.link("proc/5/cwd", "/srv");
    let bundle = tree.capture(0);
    let sql = "SELECT capture_bytes_read, workers_started BETWEEN 1 AND 64, workers_killed, workers_died,
        workers_abandoned, capture_peak_rss_bytes BETWEEN 1000000 AND 1000000000,
        capture_peak_rss_bound_bytes > capture_peak_rss_bytes, capture_user_ms + capture_system_ms < 60000,
        bundle_bytes BETWEEN 100 AND 100000 FROM snapshots";
    // hostname, status and the target of the link.
    expect_rows(&bundle, sql, "36 | 1 | 0 | 0 | 0 | 1 | 1 | 1 | 1");
    // A link that was read is a row of its own, and not one of the log.
    expect_rows(
        &bundle,
        "SELECT reads_planned - 1 - (SELECT count(*) FROM collection_log),
                reads_collected - 1 - (SELECT count(*) FROM collection_log WHERE outcome = 'collected') FROM snapshots",
        "0 | 0",
    );
    let size = std::fs::metadata(&bundle).unwrap().len();
    let sql = format!("SELECT bundle_bytes < {size} FROM snapshots");
    expect_rows(&bundle, &sql, "1");
}

/// Links at any place: in circles, to nowhere, out of the tree by either way.
#[test]
fn links_stay_inside() {
    let tree = Tree::new();
    let secret = tree.outside("secret", CANARY);
    let secret_directory = tree.outside("directory/net/tcp", CANARY);
    let secret_directory = secret_directory.ancestors().nth(2).unwrap();
    tree.outside("directory/status", &format!("Name:\t{CANARY}\n"));
    tree.outside("directory/.bash_history", CANARY);
    tree.outside("directory/syslog", CANARY);
    symlink(format!("net:[{CANARY}]"), secret_directory.join("pid")).unwrap();
    let up = format!("../../../../../../../../../../..{}", secret.display());

    // Files that links outside would give.
    tree.link("etc/hosts", &secret);
    tree.link("etc/group", &up);
    tree.link("proc/meminfo", &secret);
    tree.link("proc/3/status", &secret);
    tree.link("proc/3/cmdline", &up);
    tree.link("proc/3/ns", secret_directory);
    tree.link("proc/3/fd", secret_directory);
    tree.link("proc/3/fdinfo", secret_directory);
    tree.link("proc/3/task", secret_directory);
    tree.link("proc/3/net", secret_directory.join("net"));
    tree.link("proc/4", secret_directory);
    tree.link("proc/5/task/5/stat", &secret);
    tree.link("proc/5/fd/0", "/dev/null");
    tree.link("proc/5/fdinfo/0", &secret);
    tree.link("proc/net", secret_directory.join("net"));
    tree.link("home/ada", secret_directory);
    tree.file("home/eve/.profile", "");
    tree.link("home/eve/.bash_history", &secret);
    tree.link("var/log/messages", secret_directory.join("syslog"));
    // Circles and dead ends.
    tree.link("var/log/syslog", "syslog");
    tree.link("var/log/kern.log", "nowhere");
    tree.link("proc/5/exe", "/usr/bin/nowhere");
    tree.link("proc/5/cwd", "cwd");
    tree.link("proc/6", "6");
    tree.link("home/loop", "/home/loop");
    tree.link("proc/version", "../proc/version");
    // Within the tree links are followed, absolute ones too.
    tree.file("data/os-release", "NAME=\"Invented Linux\"\nID=invented\n");
    tree.link("etc/os-release", "/data/os-release");
    tree.file("data/7/status", "Name:\tlinked\nPid:\t7\nPPid:\t0\n");
    tree.link("proc/7", "/data/7");
    tree.file("data/status", "Name:\tshared\nPid:\t8\nPPid:\t0\n");
    tree.link("proc/8/status", "../../../../data/status");

    let bundle = tree.capture(1);
    let content = content(&bundle);
    assert!(!contains(&content, CANARY));
    assert!(contains(&content, "Invented Linux"));

    expect_rows(
        &bundle,
        "SELECT pid, name FROM processes WHERE name IS NOT NULL",
        "7 | linked\n8 | shared",
    );
    expect_rows(&bundle, "SELECT name FROM os_version", "Invented Linux");
    expect_rows(
        &bundle,
        "SELECT pid, path, cwd FROM processes WHERE pid = 5",
        "5 | /usr/bin/nowhere | cwd",
    );
    expect_rows(
        &bundle,
        "SELECT pid, fd, target FROM process_fds",
        "5 | 0 | /dev/null",
    );
    // Nothing is where they lead to within the tree.
    for path in [
        "/etc/hosts",
        "/etc/group",
        "/proc/meminfo",
        "/proc/3/status",
        "/proc/3/cmdline",
        "/proc/4/status",
    ] {
        let sql = format!(
            "SELECT outcome, errno, reason IS NULL OR reason GLOB 'symbolic link to *'
             FROM collection_log WHERE path = '{path}'"
        );
        expect_rows(&bundle, &sql, "absent | 2 | 1");
    }
    for path in [
        "/proc/3/ns/pid",
        "/proc/3/fd",
        "/proc/3/task",
        "/proc/5/task/5/stat",
        "/proc/5/fdinfo/0",
    ] {
        expect_outcome(&bundle, path, "skipped | NULL | symbolic link");
    }
    for path in ["/var/log/syslog", "/proc/6/status", "/proc/version"] {
        expect_outcome(&bundle, path, "failed | 40 | NULL");
    }
    expect_outcome(
        &bundle,
        "/var/log/kern.log",
        "absent | 2 | symbolic link to nowhere",
    );
    expect_rows(&bundle, "SELECT complete FROM snapshots", "0");
}

/// Files where directories belong, and everything else where files belong.
#[test]
fn what_is_of_another_kind_is_not_opened() {
    let tree = Tree::new();
    let fifo = |name: &str| {
        let path = tree.path(name);
        succeed(Command::new("mkfifo").arg(path), &[0]);
    };
    fifo("var/log/syslog");
    fifo("proc/1/status");
    fifo("proc/1/fd");
    fifo("proc/1/task/1/stat");
    fifo("proc/2");
    fifo("proc/meminfo");
    fifo("bin/sh");
    fifo("dev/kmsg");
    fifo("home/ada/.bash_history");
    fifo("etc/passwd");
    let _socket = UnixListener::bind(tree.path("etc/hosts")).unwrap();
    std::fs::create_dir_all(tree.path("etc/group/x")).unwrap();
    std::fs::create_dir_all(tree.path("proc/1/stat/x")).unwrap();
    std::fs::create_dir_all(tree.path("proc/1/exe/x")).unwrap();
    tree.file("proc/3", "a file\n");
    tree.file("proc/4/task", "a file\n");
    tree.file("proc/4/fd", "a file\n");
    tree.file("proc/4/ns", "a file\n");
    tree.file("proc/4/exe", "the program itself\n");
    tree.file("proc/4/net", "a file\n");
    // A copy that followed the links.
    tree.file("proc/5/fd/0", "what was read from it\n");
    tree.file(
        "proc/5/fdinfo/0",
        "pos:\t12\nflags:\t0100000\nmnt_id:\t21\n",
    );
    fifo("proc/5/fd/1");
    std::fs::create_dir_all(tree.path("proc/5/fd/2/x")).unwrap();
    tree.file("root", "a file\n");
    let bundle = tree.capture(1);

    for (path, kind) in [
        ("/var/log/syslog", "fifo"),
        ("/proc/1/status", "fifo"),
        ("/proc/1/task/1/stat", "fifo"),
        ("/proc/meminfo", "fifo"),
        ("/dev/kmsg", "fifo"),
        ("/home/ada/.bash_history", "fifo"),
        ("/etc/passwd", "fifo"),
        ("/etc/hosts", "socket"),
        ("/etc/group", "directory"),
        ("/proc/1/stat", "directory"),
    ] {
        expect_outcome(&bundle, path, &format!("skipped | NULL | {kind}"));
    }
    for path in [
        "/proc/1/exe",
        "/proc/4/exe",
        "/proc/5/fd/0",
        "/proc/5/fd/1",
        "/proc/5/fd/2",
    ] {
        expect_outcome(&bundle, path, "absent | NULL | no symbolic link");
    }
    for path in [
        "/proc/2/status",
        "/proc/3/status",
        "/proc/1/fd",
        "/proc/4/task",
        "/proc/4/fd",
        "/proc/4/ns/net",
    ] {
        expect_outcome(&bundle, path, "absent | 20 | NULL");
    }
    expect_rows(
        &bundle,
        "SELECT pid, fd, type, target, pos FROM process_fds ORDER BY fd",
        "5 | 0 | unknown | NULL | 12\n5 | 1 | unknown | NULL | NULL\n5 | 2 | unknown | NULL | NULL",
    );
    assert!(!contains(&content(&bundle), "what was read from it"));
}

#[test]
fn proc_itself_may_be_anything() {
    let tree = Tree::new();
    tree.file("proc", "a file\n");
    tree.file("etc/hostname", "web-1\n");
    let bundle = tree.capture(0);
    expect_outcome(&bundle, "/proc", "absent | 20 | NULL");

    let tree = Tree::new();
    tree.link("proc", "proc");
    let bundle = tree.capture(1);
    expect_outcome(&bundle, "/proc", "failed | 40 | NULL");

    let tree = Tree::new();
    tree.file("etc/hostname", "web-1\n");
    tree.link(
        "proc",
        tree.outside("proc/1/status", CANARY)
            .ancestors()
            .nth(2)
            .unwrap(),
    );
    let bundle = tree.capture(0);
    expect_outcome(&bundle, "/proc", "absent | 2 | NULL");

    // The running system's own, by a link that means the tree's.
    let tree = Tree::new();
    tree.link("proc", "/proc");
    tree.capture(1);

    let tree = Tree::new();
    tree.file("frozen/1/status", "Name:\tinit\nPid:\t1\nPPid:\t0\n");
    tree.link("proc", "/frozen");
    let bundle = tree.capture(0);
    expect_rows(&bundle, "SELECT pid, name FROM processes", "1 | init");
}

/// A frozen `/proc` of a big-endian machine with large pages, where nothing but the files themselves says so.
#[test]
fn another_machine_is_understood() {
    let tree = Tree::new();
    tree.file(
        "proc/net/tcp",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
         \x20  0: 7F000001:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 7001 1 0\n\
         \x20  1: C000020A:D431 C6336407:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 7002 1 0\n",
    );
    tree.file(
        "proc/net/tcp6",
        "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
         \x20  0: 20010DB8000000000000000000000001:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7003 1 0\n",
    );
    tree.file(
        "proc/net/route",
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
         eth0\t00000000\tC00002FE\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
         eth0\tC0000200\t00000000\t0001\t0\t0\t0\tFFFFFF00\t0\t0\t0\n",
    );
    // 200 pages of 64 KiB.
    tree.file(
        "proc/41/stat",
        "41 (app) S 1 41 41 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 50000 99999744 200 18446744073709551615 1 1 0 0 0 0 0 \
         0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
    );
    tree.file(
        "proc/41/status",
        "Name:\tapp\nPid:\t41\nPPid:\t1\nVmSize:\t   97656 kB\nVmRSS:\t   12864 kB\n",
    );
    tree.file(
        "proc/stat",
        "cpu  1 2 3 4\nbtime 1700000000\nprocesses 41\n",
    );
    tree.file("proc/sys/kernel/hostname", "frozen-1\n");
    tree.file(
        "proc/version",
        "Linux version 5.14.0-9.el9.ppc64 (b@build.example) (gcc 11.4.1) #1 SMP\n",
    );
    let bundle = tree.capture(0);
    expect_rows(
        &bundle,
        "SELECT hostname, kernel_release, machine, clock_ticks, clock_ticks_by, page_size, page_size_by, endianness,
                endianness_by FROM snapshots",
        "frozen-1 | 5.14.0-9.el9.ppc64 | NULL | 100 | assumed | 65536 | processes | big | addresses",
    );
    expect_rows(
        &bundle,
        "SELECT local_address, local_port, remote_address, remote_port FROM sockets ORDER BY inode",
        "127.0.0.1 | 8080 | 0.0.0.0 | 0
         192.0.2.10 | 54321 | 198.51.100.7 | 443
         2001:db8::1 | 22 | :: | 0",
    );
    expect_rows(
        &bundle,
        "SELECT destination, netmask, gateway FROM routes ORDER BY destination",
        "0.0.0.0 | 0 | 192.0.2.254\n192.0.2.0 | 24 | NULL",
    );
    // 500 s after the boot that the tree tells of; 100 ticks a second.
    expect_rows(
        &bundle,
        "SELECT start_time, start_ticks, user_time, system_time FROM processes",
        "1700000500 | 50000 | 2500 | 500",
    );
}

/// Where no address tells, a program of the tree does, and else the name of the architecture.
#[test]
fn programs_and_names_tell_the_byte_order() {
    let tcp = "   0: C000020A:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7001 1 0\n";
    let machine =
        "SELECT machine, page_size, page_size_by, endianness, endianness_by FROM snapshots";
    let tree = Tree::new();
    tree.file("proc/net/tcp", tcp);
    // An ELF header of s390x: 64 bits, big-endian, machine 22.
    let mut program = b"\x7fELF\x02\x02\x01\0\0\0\0\0\0\0\0\0\0\x03\0\x16\0\0\0\x01".to_vec();
    program.resize(128, 0);
    std::fs::write(tree.path("usr/bin/dash"), program).unwrap();
    tree.link("usr/bin/sh", "dash");
    tree.link("bin", "/usr/bin");
    let bundle = tree.capture(0);
    expect_rows(
        &bundle,
        machine,
        "s390x | 4096 | architecture | big | program",
    );
    expect_rows(&bundle, "SELECT local_address FROM sockets", "192.0.2.10");

    let tree = Tree::new();
    tree.file("proc/net/tcp", tcp);
    tree.file(
        "proc/cpuinfo",
        "vendor_id       : IBM/S390\n# processors    : 2\n",
    );
    let bundle = tree.capture(0);
    expect_rows(
        &bundle,
        machine,
        "NULL | 4096 | architecture | big | architecture",
    );
    expect_rows(&bundle, "SELECT local_address FROM sockets", "192.0.2.10");
}

/// A read-only tree with files of other users and files that nobody may read, captured without privileges.
#[test]
fn read_only_and_unreadable() {
    if !inside("read_only_and_unreadable") {
        return;
    }
    if !has("setpriv") {
        skip("an unreadable tree", "setpriv is not installed");
        return;
    }
    let place = open_directory();
    let root = place.join("tree");
    let write = |name: &str, content: &str, mode: u32| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    };
    write("etc/hostname", "web-1\n", 0o644);
    write("etc/hosts", "192.0.2.1 web-1\n", 0o000);
    write("proc/1/status", "Name:\tinit\nPid:\t1\nPPid:\t0\n", 0o644);
    write("proc/1/cmdline", "init\0", 0o000);
    write("proc/2/status", "Name:\tother\n", 0o644);
    let history = write("home/ada/.bash_history", "ls -la\n", 0o644);
    std::os::unix::fs::chown(&history, Some(4321), Some(4321)).unwrap();
    std::fs::set_permissions(root.join("proc/2"), PermissionsExt::from_mode(0o700)).unwrap();
    for options in [
        ["--bind", "/mnt/tree", "/mnt/tree"],
        ["-o", "remount,bind,ro", "/mnt/tree"],
    ] {
        succeed(Command::new("mount").args(options), &[0]);
    }
    assert!(std::fs::write(root.join("etc/new"), "").is_err());

    let bundle = place.join("tmp/bundle.tar.zst");
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        "/mnt/capture",
        "-q",
        "--root",
        "/mnt/tree",
    ]);
    let ended = run_within(command.arg("-o").arg(&bundle), LIMIT);
    assert_eq!(ended.status.code(), Some(1));
    expect_outcome(&bundle, "/etc/hosts", "denied | 13 | NULL");
    expect_outcome(&bundle, "/proc/1/cmdline", "denied | 13 | NULL");
    expect_outcome(&bundle, "/proc/2/status", "denied | 13 | NULL");
    expect_rows(&bundle, "SELECT pid, name FROM processes", "1 | init");
    // Owners mean nothing in a tree that was copied.
    expect_rows(&bundle, "SELECT command FROM shell_history", "ls -la");
    assert_eq!(
        rows(&bundle, "SELECT hostname FROM snapshots")[0][0],
        "web-1"
    );
}
