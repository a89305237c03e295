//! `show` answers in the columns of the commands that it stands for.

use super::*;

#[test]
fn columns_of_the_host_commands() {
    let fixture = Fixture::new();
    fixture.insert("users", &[("uid", "0"), ("username", "'root'")]);
    fixture.insert(
        "processes",
        &[
            ("pid", "10"),
            ("parent", "1"),
            ("name", "'app'"),
            ("cmdline", "'/bin/app -x'"),
            ("state", "'S'"),
            ("euid", "0"),
            ("uid", "0"),
            ("nice", "-5"),
            ("session", "10"),
            ("threads", "2"),
            ("start_time", "1795511400"),
            ("start_ticks", "500"),
            ("user_time", "61000"),
            ("system_time", "1500"),
            ("resident_size", "2048"),
            ("total_size", "4096"),
        ],
    );
    assert_eq!(
        show_of(&fixture, "ps", None),
        ["root|10|1|S<sl|09:10|1:02|2|4|/bin/app -x"]
    );
    assert_eq!(show_of(&fixture, "ps", Some(11)), Vec::<String>::new());
    for (tid, start) in [("10", "500"), ("12", "6500")] {
        let row = [
            ("pid", "10"),
            ("tid", tid),
            ("name", "'w'"),
            ("state", "'S'"),
            ("start_ticks", start),
        ];
        fixture.insert("threads", &row);
    }
    assert_eq!(
        show_of(&fixture, "threads", Some(10)),
        [
            "root|10|1|10|2|S|09:10|00:00:00|w|/bin/app -x",
            "root|10|1|12|2|S|09:11|00:00:00|w|/bin/app -x",
        ]
    );
    let fd = [
        ("pid", "10"),
        ("fd", "3"),
        ("type", "'file'"),
        ("target", "'/var/log/app.log'"),
        ("flags", "32769"),
        ("deleted", "1"),
    ];
    fixture.insert("process_fds", &fd);
    assert_eq!(
        show_of(&fixture, "fds", None),
        ["10|l-wx------|3|->|/var/log/app.log (deleted)|NULL"]
    );
    let neighbor = [
        ("address", "'192.0.2.7'"),
        ("mac", "'02:00:00:00:00:01'"),
        ("interface", "'eth0'"),
    ];
    let flags = [("family", "'inet'"), ("hardware_type", "1"), ("flags", "6")];
    fixture.insert("neighbors", &[&neighbor[..], &flags].concat());
    assert_eq!(
        show_of(&fixture, "arp", None),
        ["192.0.2.7|ether|02:00:00:00:00:01|CM|NULL|eth0|NULL"]
    );
    assert_eq!(ask(&fixture, "SELECT permanent FROM arp_cache"), ["1"]);
    for (name, value) in [
        ("'MemTotal'", "8192"),
        ("'MemAvailable'", "4096"),
        ("'SwapTotal'", "0"),
        ("'SwapFree'", "0"),
    ] {
        fixture.insert("memory_info", &[("name", name), ("value", value)]);
    }
    assert_eq!(
        show_of(&fixture, "free", None),
        ["Mem:|8|4|NULL|NULL|NULL|4", "Swap:|0|0|0|NULL|NULL|NULL"]
    );
}

#[test]
fn ss_names_all_holders_and_top_sorts() {
    let fixture = Fixture::new();
    for (pid, name, user_time, resident) in [
        ("10", "'app'", "60500", "4194304"),
        ("11", "'idle'", "0", "NULL"),
        ("12", "'app'", "60500", "8388608"),
    ] {
        fixture.insert_both(
            "processes",
            &[
                ("pid", pid),
                ("name", name),
                ("state", "'S'"),
                ("euid", "7"),
                ("nice", "0"),
                ("start_time", "1795511372"),
                ("user_time", user_time),
                ("system_time", "0"),
                ("resident_size", resident),
                ("total_size", "8388608"),
            ],
        );
    }
    fixture.insert_both(
        "memory_info",
        &[("name", "'MemTotal'"), ("value", "83886080")],
    );
    assert_eq!(
        show_of(&fixture, "top", None),
        [
            "12|7|0|8192|8192|S|60.5|10.0|1:00.50|app",
            "10|7|0|8192|4096|S|60.5|5.0|1:00.50|app",
            "11|7|0|8192|NULL|S|0.0|NULL|0:00.00|idle",
        ]
    );
    let socket = |family: &str, protocol: &str, state: &str, inode: &str, ends: [&str; 5]| {
        fixture.insert_both(
            "sockets",
            &[
                ("family", family),
                ("protocol", protocol),
                ("state", state),
                ("inode", inode),
                ("local_address", ends[0]),
                ("local_port", ends[1]),
                ("remote_address", ends[2]),
                ("remote_port", ends[3]),
                ("path", ends[4]),
            ],
        );
    };
    let none = ["NULL"; 5];
    socket(
        "'inet6'",
        "'tcp'",
        "'LISTEN'",
        "900",
        ["'::'", "80", "'::'", "0", "NULL"],
    );
    // Nobody holds it any more: inode 0 is no identity.
    socket(
        "'inet'",
        "'tcp'",
        "'TIME-WAIT'",
        "0",
        ["'192.0.2.1'", "80", "'198.51.100.9'", "5", "NULL"],
    );
    socket("'unix'", "'stream'", "'ESTAB'", "901", none);
    socket("'packet'", "'raw'", "'UNCONN'", "902", none);
    socket("'netlink'", "'rtnl'", "'UNCONN'", "0", none);
    for (pid, fd, inode) in [
        ("10", "3", "900"),
        ("10", "4", "900"),
        ("12", "3", "900"),
        ("12", "4", "900"),
        ("13", "3", "900"),
        ("13", "4", "900"),
        ("13", "5", "0"),
        ("12", "9", "901"),
    ] {
        let fd = [
            ("pid", pid),
            ("fd", fd),
            ("type", "'socket'"),
            ("inode", inode),
        ];
        fixture.insert_both("process_fds", &fd);
    }
    assert_eq!(
        show_of(&fixture, "ss", None),
        [
            "tcp|LISTEN|NULL|NULL|[::]:80|[::]:*|users:((\"app\",pid=10,fd=3),(\"app\",pid=10,fd=4),\
             (\"app\",pid=12,fd=3),(\"app\",pid=12,fd=4),(\"?\",pid=13,fd=3),...)|NULL",
            "tcp|TIME-WAIT|NULL|NULL|192.0.2.1:80|198.51.100.9:5|NULL|NULL",
            "p_raw|UNCONN|NULL|NULL|raw|NULL|NULL|NULL",
            "nl|UNCONN|NULL|NULL|rtnl|NULL|NULL|NULL",
            "u_str|ESTAB|NULL|NULL|* 901|NULL|users:((\"app\",pid=12,fd=9))|NULL",
        ]
    );
    assert_eq!(
        show_of(&fixture, "ss", Some(10)),
        [
            "tcp|LISTEN|NULL|NULL|[::]:80|[::]:*|users:((\"app\",pid=10,fd=3),(\"app\",pid=10,fd=4))|NULL"
        ]
    );
}
