//! Rows of hosts that have only a part of the files, or older ones.

use super::{check, extract};

#[test]
fn memory_without_status() {
    let stat: &[u8] =
        b"812 (a) S 1 812 812 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 7 20480 3 0 0 0\n";
    let sizes = |files: &[(&str, &[u8])]| {
        let (rows, _) = extract("processes", files, &[]);
        let [row] = &rows[..] else { panic!("{rows:?}") };
        let found: Vec<_> = row
            .split(' ')
            .filter(|column| column.contains("_size="))
            .collect();
        found.join(" ")
    };
    assert_eq!(
        sizes(&[("/proc/812/stat", stat)]),
        "resident_size=12288 total_size=20480"
    );
    // Status was read and names none: a kernel thread.
    assert_eq!(
        sizes(&[
            ("/proc/812/stat", stat),
            ("/proc/812/status", b"Name:\ta\n")
        ]),
        ""
    );
}

#[test]
fn cgroup_of_a_process() {
    let check_path = |text: &[u8], path: &str| {
        let (rows, _) = extract("processes", &[("/proc/812/cgroup", text)], &[]);
        let expected = format!("cgroup_path='{path}'");
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert!(row.split(' ').any(|column| column == expected), "{row}");
    };
    check_path(b"0::/a\n", "/a");
    check_path(b"0::/\n", "/");
    // Containers of a runtime that knows version 1 alone, on a host that has both.
    check_path(
        b"3:cpu,cpuacct:/docker/7\n1:name=systemd:/docker/7\n0::/system.slice/containerd.service\n",
        "/docker/7",
    );
    check_path(
        b"3:cpu,cpuacct:/docker/7\n1:name=systemd:/\n0::/\n",
        "/docker/7",
    );
    check_path(b"2:cpuset:/\n1:memory:/b\n", "/b");
}

#[test]
fn either_os_release() {
    let etc: (&str, &[u8]) = ("/etc/os-release", b"ID=one\n");
    let usr: (&str, &[u8]) = ("/usr/lib/os-release", b"ID='two'\nID_LIKE=\"a b\"\n");
    check("os_version", &[usr, etc], &["id='one'"]);
    check("os_version", &[etc, usr], &["id='one'"]);
    check("os_version", &[usr], &["id='two' id_like='a b'"]);
}
