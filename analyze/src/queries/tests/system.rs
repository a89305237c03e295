//! What `show` answers about the system as a whole.

use super::{Fixture, show_of};

#[test]
fn each_file_system_is_shown_once() {
    let fixture = Fixture::new();
    for (pid, inode) in [("1", "11"), ("700", "12")] {
        let row = [("pid", pid), ("type", "'mnt'"), ("inode", inode)];
        fixture.insert("process_namespaces", &row);
    }
    let mount =
        |namespace: &str, device_number: &str, root: &str, path: &str, more: &[(&str, &str)]| {
            let row = [
                ("mount_namespace", namespace),
                ("device_number", device_number),
                ("device", "'/dev/sda1'"),
                ("type", "'ext4'"),
                ("root", root),
                ("path", path),
            ];
            fixture.insert("mounts", &[&row, more].concat());
        };
    let size = |blocks: &'static str, free, available, inodes, inodes_free| {
        [
            ("blocks_size", "4096"),
            ("blocks", blocks),
            ("blocks_free", free),
            ("blocks_available", available),
            ("inodes", inodes),
            ("inodes_free", inodes_free),
        ]
    };
    let root = size("1000", "300", "299", "64", "60");
    mount("11", "'8:1'", "'/'", "'/'", &root);
    mount("11", "'8:1'", "'/var/x'", "'/x'", &root);
    // Rounded up from 70.07 per cent; a file system without a fixed number of inodes.
    mount(
        "11",
        "'0:30'",
        "'/'",
        "'/tmp'",
        &size("100", "100", "100", "0", "0"),
    );
    let full = size("10", "0", "0", "10", "0");
    mount("11", "'8:2'", "'/'", "'/full'", &full);
    mount(
        "11",
        "'8:3'",
        "'/'",
        "'/covered'",
        &[&full[..], &[("covered", "1")]].concat(),
    );
    mount("11", "'0:5'", "'/'", "'/proc'", &[]);
    mount(
        "11",
        "'0:6'",
        "'/'",
        "'/sized-0'",
        &size("0", "0", "0", "0", "0"),
    );
    mount("12", "'0:31'", "'/'", "'/of-a-container'", &full);
    assert_eq!(
        show_of(&fixture, "df", None),
        [
            "/dev/sda1|ext4|4000|2800|1196|71%|64|4|7%|/",
            "/dev/sda1|ext4|40|40|0|100%|10|10|100%|/full",
            "/dev/sda1|ext4|400|0|400|0%|0|0|NULL|/tmp",
        ]
    );
}

#[test]
fn averages_are_since_boot() {
    let fixture = Fixture::new();
    let number = |table: &str, name: &str, value: &str| {
        fixture.insert(table, &[("name", &format!("'{name}'")), ("value", value)]);
    };
    for (name, value) in [
        ("procs_running", "3"),
        ("procs_blocked", "1"),
        ("intr", "5000"),
        ("ctxt", "20050"),
        ("cpu_user_ms", "150"),
        ("cpu_nice_ms", "50"),
        ("cpu_system_ms", "60"),
        ("cpu_irq_ms", "20"),
        ("cpu_softirq_ms", "24"),
        ("cpu_idle_ms", "595"),
        ("cpu_iowait_ms", "96"),
        ("cpu_steal_ms", "5"),
        ("cpu_guest_ms", "150"),
    ] {
        number("kernel_counters", name, value);
    }
    for (name, value) in [
        ("MemFree", "10240"),
        ("Buffers", "20480"),
        ("Cached", "30720"),
        ("SReclaimable", "1024"),
        ("SwapTotal", "40960"),
        ("SwapFree", "36864"),
    ] {
        number("memory_info", name, value);
    }
    for (name, value) in [
        ("pswpin", "50"),
        ("pswpout", "100"),
        ("pgpgin", "7000"),
        ("pgpgout", "8000"),
    ] {
        number("vmstat", name, value);
    }
    fixture.execute("UPDATE snapshots SET page_size = 4096");
    fixture.insert("uptime", &[("total_seconds", "100")]);
    assert_eq!(
        show_of(&fixture, "vmstat", None),
        ["3|1|4|10|20|31|2|4|70|80|50|200|20|10|60|10|1"]
    );
}

#[test]
fn everything_that_is_open() {
    let fixture = Fixture::new();
    fixture.execute("UPDATE snapshots SET machine = 'x86_64'");
    fixture.insert("users", &[("uid", "1000"), ("username", "'ada'")]);
    fixture.insert(
        "processes",
        &[
            ("pid", "10"),
            ("name", "'app'"),
            ("uid", "1000"),
            ("path", "'/bin/app'"),
            ("on_disk", "0"),
            ("cwd", "'/srv'"),
            ("root", "'/'"),
        ],
    );
    // Of two mounts of one file system the device is shown once.
    for id in ["30", "31"] {
        fixture.insert("mounts", &[("mount_id", id), ("device_number", "'254:17'")]);
    }
    let map = |device: &str, inode: &str, path: &str, deleted: &str| {
        fixture.insert(
            "process_memory_map",
            &[
                ("pid", "10"),
                ("device", device),
                ("inode", inode),
                ("path", path),
                ("deleted", deleted),
                ("pseudo", if inode == "0" { "1" } else { "0" }),
            ],
        );
    };
    map("'fe:11'", "5", "'/bin/app'", "1");
    map("'fe:11'", "6", "'/lib/c.so'", "0");
    map("'fe:11'", "6", "'/lib/c.so'", "0");
    map("'08:01'", "7", "'/lib/old.so'", "1");
    map("'00:00'", "0", "'[heap]'", "0");
    let fd = |fd: &str, kind: &str, flags: &str, inode: &str, target: &str| {
        fixture.insert(
            "process_fds",
            &[
                ("pid", "10"),
                ("fd", fd),
                ("type", kind),
                ("flags", flags),
                ("inode", inode),
                ("target", target),
                ("pos", "12"),
                ("mnt_id", "31"),
                ("deleted", if fd == "1" { "1" } else { "0" }),
            ],
        );
    };
    fd("0", "'device'", "32768", "90", "'/dev/null'");
    fd("1", "'file'", "32769", "91", "'/var/log/x'");
    fd("2", "'file'", "98304", "92", "'/srv'");
    fd("3", "'pipe'", "2", "93", "'pipe:[93]'");
    fd("4", "'socket'", "2", "94", "'socket:[94]'");
    fd("10", "'socket'", "2", "95", "'socket:[95]'");
    fd("11", "'socket'", "2", "96", "'socket:[96]'");
    fd("12", "'anon_inode'", "2", "97", "'anon_inode:[eventpoll]'");
    fd("13", "'unknown'", "NULL", "NULL", "NULL");
    for (inode, family, protocol, port, remote, path, state) in [
        ("94", "'inet6'", "'tcp'", "80", "443", "NULL", "'ESTAB'"),
        (
            "95", "'unix'", "'stream'", "NULL", "NULL", "'/run/x'", "'LISTEN'",
        ),
    ] {
        let address = if port == "NULL" {
            "NULL"
        } else {
            "'2001:db8::1'"
        };
        fixture.insert(
            "sockets",
            &[
                ("inode", inode),
                ("family", family),
                ("protocol", protocol),
                ("local_address", address),
                ("local_port", port),
                ("remote_address", address),
                ("remote_port", remote),
                ("path", path),
                ("state", state),
            ],
        );
    }
    fixture.insert(
        "process_fds",
        &[("pid", "11"), ("fd", "0"), ("type", "'pipe'")],
    );
    assert_eq!(
        show_of(&fixture, "lsof", Some(10)),
        [
            "app|10|ada|cwd|DIR|NULL|NULL|NULL|/srv",
            "app|10|ada|rtd|DIR|NULL|NULL|NULL|/",
            "app|10|ada|txt|REG|254,17|NULL|5|/bin/app (deleted)",
            "app|10|ada|mem|REG|254,17|NULL|6|/lib/c.so",
            "app|10|ada|DEL|REG|08:01|NULL|7|/lib/old.so",
            "app|10|ada|0r|DEV|254,17|0t12|90|/dev/null",
            "app|10|ada|1w|REG|254,17|0t12|91|/var/log/x (deleted)",
            "app|10|ada|2r|DIR|254,17|0t12|92|/srv",
            "app|10|ada|3u|FIFO|254,17|NULL|93|pipe:[93]",
            "app|10|ada|4u|IPv6|94|NULL|TCP|[2001:db8::1]:80->[2001:db8::1]:443 (ESTAB)",
            "app|10|ada|10u|unix|254,17|NULL|95|/run/x type=STREAM (LISTEN)",
            "app|10|ada|11u|sock|254,17|NULL|96|socket:[96]",
            "app|10|ada|12u|a_inode|254,17|NULL|97|anon_inode:[eventpoll]",
            "app|10|ada|13|unknown|254,17|NULL|NULL|(could not be read)",
        ]
    );
    assert_eq!(
        show_of(&fixture, "lsof", None).last().map(String::as_str),
        Some("?|11|?|0|FIFO|NULL|NULL|NULL|(could not be read)")
    );
}
