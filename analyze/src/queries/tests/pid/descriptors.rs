//! What a process holds open, and who holds the other ends.

use super::*;

#[test]
fn descriptors_are_counted_and_files_grouped() {
    let fixture = Fixture::new();
    fd(
        &fixture,
        "10",
        "0",
        "'device'",
        "'/dev/null'",
        ["4", "0", "0"],
    );
    fd(
        &fixture,
        "10",
        "1",
        "'file'",
        "'/var/tmp/x'",
        ["5", "1", "0"],
    );
    for number in ["12", "4", "7", "9", "30"] {
        let log = ["6", "33793", "1"];
        fd(&fixture, "10", number, "'file'", "'/srv/app.log'", log);
    }
    fd(
        &fixture,
        "10",
        "13",
        "'file'",
        "'/srv/data'",
        ["8", "1", "0"],
    );
    fd(
        &fixture,
        "10",
        "14",
        "'file'",
        "'/srv/data'",
        ["8", "0", "0"],
    );
    fd(
        &fixture,
        "10",
        "15",
        "'unknown'",
        "NULL",
        ["NULL", "NULL", "0"],
    );
    for number in ["20", "21"] {
        let epoll = ["1061", "2", "0"];
        fd(
            &fixture,
            "10",
            number,
            "'anon_inode'",
            "'anon_inode:[eventpoll]'",
            epoll,
        );
    }
    fd(
        &fixture,
        "11",
        "0",
        "'file'",
        "'/srv/other.log'",
        ["9", "1", "0"],
    );
    assert_eq!(
        section(&fixture, "30-fds", 10),
        [
            "file|8|3|1|30",
            "anon_inode:[eventpoll]|2|1|20|21",
            "device|1|1|0|0",
            "unknown|1|0|15|15",
        ]
    );
    assert_eq!(
        section(&fixture, "40-files", 10),
        [
            "4 +4|w|file|/srv/app.log (deleted)",
            "0|r|device|/dev/null",
            "1|w|file|/var/tmp/x",
            "13|w|file|/srv/data",
            "14|r|file|/srv/data",
            "15|?|unknown|(could not be read)",
        ]
    );
    assert_eq!(
        section(&fixture, "35-output", 10),
        [
            "1|file|/var/tmp/x|writes|5",
            "4, 7, 9, 12, ...|file|/srv/app.log (deleted)|appends|5",
        ]
    );
    // There O_APPEND is another bit.
    fixture.execute("UPDATE snapshots SET machine = 'mips64'");
    assert_eq!(
        section(&fixture, "35-output", 10)[1],
        "4, 7, 9, 12, ...|file|/srv/app.log (deleted)|writes|5"
    );
}

#[test]
fn pipes_name_the_other_end() {
    let fixture = Fixture::new();
    for (pid, name) in [("10", "'app'"), ("11", "'logger'"), ("12", "'sibling'")] {
        process(&fixture, pid, "1", name);
    }
    let pipe = |pid: &str, number: &str, inode: &str, flags: &str| {
        let target = format!("'pipe:[{inode}]'");
        fd(
            &fixture,
            pid,
            number,
            "'pipe'",
            &target,
            [inode, flags, "0"],
        );
    };
    for (number, inode, flags) in [
        ("1", "500", "1"),
        ("2", "500", "1"),
        ("3", "501", "0"),
        ("4", "501", "1"),
        ("5", "502", "0"),
        ("6", "503", "0"),
        ("7", "504", "NULL"),
    ] {
        pipe("10", number, inode, flags);
    }
    pipe("11", "0", "500", "0");
    pipe("12", "1", "500", "1");
    for pid in ["20", "21", "22", "23"] {
        pipe(pid, "9", "503", "1");
    }
    pipe("11", "8", "504", "1");
    assert_eq!(
        section(&fixture, "45-pipes", 10),
        [
            "1 +1|w|500|logger (11) fd 0|1",
            "3|r|501|itself fd 4|0",
            "4|w|501|itself fd 3|0",
            "5|r|502|nobody that could be looked at|0",
            "6|r|503|? (20) fd 9, ? (21) fd 9, ? (22) fd 9, +1|0",
            "7|?|504|logger (11) fd 8|0",
        ]
    );
    assert_eq!(
        section(&fixture, "35-output", 10),
        ["1, 2|pipe|pipe:[500]|read by logger (11) fd 0|NULL"]
    );
}

#[test]
fn sockets_are_told_by_their_ends() {
    let fixture = Fixture::new();
    for (pid, name) in [("10", "'web'"), ("11", "'web'"), ("12", "'client'")] {
        process(&fixture, pid, "1", name);
    }
    let socket = |family: &str, state: &str, inode: &str, ends: [&str; 4]| {
        let protocol = if family.starts_with("'inet") {
            "'tcp'"
        } else {
            "'dgram'"
        };
        let path = if family == "'unix'" && state == "'UNCONN'" {
            "'/run/web'"
        } else {
            "NULL"
        };
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
                ("path", path),
                ("net_namespace", "77"),
            ],
        );
    };
    let hold = |pid: &str, number: &str, inode: &str| {
        fd(&fixture, pid, number, "'socket'", "NULL", [inode, "2", "0"]);
    };
    socket("'inet6'", "'LISTEN'", "900", ["'::'", "80", "'::'", "0"]);
    socket("'unix'", "'UNCONN'", "901", ["NULL"; 4]);
    socket(
        "'inet6'",
        "'ESTAB'",
        "902",
        ["'::ffff:192.0.2.1'", "80", "'::ffff:192.0.2.9'", "5000"],
    );
    socket(
        "'inet6'",
        "'ESTAB'",
        "903",
        ["'::ffff:192.0.2.1'", "80", "'::ffff:192.0.2.9'", "5001"],
    );
    socket(
        "'inet'",
        "'ESTAB'",
        "904",
        ["'127.0.0.1'", "6000", "'127.0.0.1'", "6001"],
    );
    socket(
        "'inet'",
        "'ESTAB'",
        "905",
        ["'127.0.0.1'", "6001", "'127.0.0.1'", "6000"],
    );
    socket(
        "'inet'",
        "'ESTAB'",
        "906",
        ["'192.0.2.1'", "7000", "'203.0.113.5'", "5432"],
    );
    socket(
        "'inet'",
        "'ESTAB'",
        "907",
        ["'192.0.2.1'", "7001", "'203.0.113.5'", "5432"],
    );
    socket("'unix'", "'ESTAB'", "908", ["NULL"; 4]);
    socket("'packet'", "'UNCONN'", "911", ["NULL"; 4]);
    for (number, inode) in (3..).zip(900..912) {
        if inode != 905 {
            hold("10", &number.to_string(), &inode.to_string());
        }
    }
    hold("11", "3", "900");
    hold("12", "8", "905");
    fixture.insert_both(
        "interface_addresses",
        &[("address", "'192.0.2.1'"), ("net_namespace", "77")],
    );
    let track = |ends: [&str; 8], nat: &str| {
        fixture.insert_both(
            "conntrack",
            &[
                ("protocol", "'tcp'"),
                ("orig_src", ends[0]),
                ("orig_sport", ends[1]),
                ("orig_dst", ends[2]),
                ("orig_dport", ends[3]),
                ("reply_src", ends[4]),
                ("reply_sport", ends[5]),
                ("reply_dst", ends[6]),
                ("reply_dport", ends[7]),
                ("nat", nat),
            ],
        );
    };
    // In from a host port; out, seen under another address; and one to another host's port 80.
    track(
        [
            "'198.51.100.2'",
            "5002",
            "'198.51.100.1'",
            "8080",
            "'192.0.2.1'",
            "80",
            "'198.51.100.2'",
            "5002",
        ],
        "'dnat'",
    );
    track(
        [
            "'198.51.100.2'",
            "5003",
            "'198.51.100.1'",
            "9090",
            "'192.0.2.77'",
            "80",
            "'198.51.100.2'",
            "5003",
        ],
        "'dnat'",
    );
    track(
        [
            "'192.0.2.1'",
            "7001",
            "'203.0.113.5'",
            "5432",
            "'203.0.113.5'",
            "5432",
            "'198.51.100.1'",
            "7001",
        ],
        "'snat'",
    );
    assert_eq!(
        section(&fixture, "50-listeners", 10),
        [
            "3|tcp6|[::]:80|LISTEN|NULL|web (11)|198.51.100.1:8080|77",
            "4|unix dgram|/run/web|UNCONN|NULL|NULL|NULL|77",
        ]
    );
    assert_eq!(
        section(&fixture, "55-connections", 10),
        [
            "5 +1|in|tcp6|192.0.2.1:80|192.0.2.9:*|ESTAB|NULL|NULL",
            "7|out|tcp|127.0.0.1:6000|127.0.0.1:6001|ESTAB|client (12)|NULL",
            "9|out|tcp|192.0.2.1:7000|203.0.113.5:5432|ESTAB|NULL|NULL",
            "10|out|tcp|192.0.2.1:7001|203.0.113.5:5432|ESTAB|NULL|seen there as 198.51.100.1",
            "12 +1|NULL|?|NULL|NULL|in no table that was read|NULL|NULL",
            "11|NULL|unix dgram|NULL|NULL|ESTAB|NULL|NULL",
            "14|NULL|packet dgram|NULL|NULL|UNCONN|NULL|NULL",
        ]
    );
}
