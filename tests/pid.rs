//! `analyze pid`: one process on one screen, of the invented host `web-1` and of one that wants to act.
#![cfg(test)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use common::{analyze, capture_tree, line, run_within, succeed, web_1};
use serde_json::{Map, Value};

fn screen(pid: u32, source: &Path) -> String {
    let mut command = analyze();
    command.arg("pid").arg(pid.to_string()).arg(source);
    String::from_utf8(succeed(&mut command, &[0, 1])).expect("the screen is UTF-8")
}

fn sections(pid: u32, source: &Path) -> Map<String, Value> {
    let mut command = analyze();
    command.arg("pid").arg(pid.to_string()).arg(source);
    command.args(["--format", "json"]);
    serde_json::from_slice(&succeed(&mut command, &[0, 1])).expect("an object of sections")
}

/// Compares the rows of a section, their values in the order of the columns' names.
#[track_caller]
fn expect(sections: &Map<String, Value>, name: &str, columns: &[&str], expected: &[&str]) {
    let rows = sections[name]["rows"].as_array().expect("rows");
    let found: Vec<String> = rows
        .iter()
        .map(|row| {
            line(
                &columns
                    .iter()
                    .map(|name| row[*name].clone())
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(found, expected, "{name}");
}

const NGINX_WORKER: &str = r#"
Process
item              value
pid               701
name              nginx
state             S (sleeping) in ep_poll
parent            700 nginx
started           2026-11-24 05:12:14 UTC
age               0 days, 3:40:27
user              33 www-data
group             33 www-data
executable        /usr/sbin/nginx
directory         /
root              /
belongs to        service nginx.service
cgroup            /system.slice/nginx.service
job               group 700, session 700
threads           1 (1 S)
cpu               9.10 s user, 4.32 s system, 0.1 % of a processor since its start
priority          nice 0, oom_score_adj 0
memory            8.0 MiB resident (0.2 % of the host), 64.0 MiB virtual
storage           0.0 MiB read, 1.0 MiB written
context switches  2103 waiting, 701 preempted

Ancestors and descendants
Is        PID  User      S  Started              RSS KiB  Command
ancestor    1  root      S  2026-11-24 05:12:00    12800  /sbin/init
parent    700  root      S  2026-11-24 05:12:14     6600   \_ nginx: master process /usr/sbin/nginx -g daemon on; master_process on;
itself    701  www-data  S  2026-11-24 05:12:14     8192       \_ nginx: worker process

Arguments
No  Bytes  Argument
 0     21  nginx: worker process

Environment at exec
Name  Value
LANG  C.UTF-8
PATH  /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

File descriptors
Kind                    Count  Different  Lowest  Highest
socket                      4          4       6       12
file                        3          2       2        5
device                      2          1       0        1
anon_inode:[eventfd]        1          1      10       10
anon_inode:[eventpoll]      1          1       8        8

Output and logs
FDs   Kind    Target                     How      Position
1     device  /dev/null
2, 5  file    /var/log/nginx/error.log   appends       913
4     file    /var/log/nginx/access.log  appends     48231

Open files and devices
FD    Mode  Kind    Target
0 +1  rw    device  /dev/null
2 +1  w     file    /var/log/nginx/error.log
4     w     file    /var/log/nginx/access.log

Listening sockets
FD  Proto  Address     State   Waiting  Also held by    Reached as       NetNS
 6  tcp    0.0.0.0:80  LISTEN        3  nginx (700) +1              4026531840
 7  tcp6   [::]:80     LISTEN        0  nginx (700) +1              4026531840

Connections and other sockets
FD  Way  Proto  Local              Remote            State                      Peer             NAT
12  out  tcp    203.0.113.1:45678  203.0.113.2:8000  ESTAB                      app-child (960)
9        ?                                           in no table that was read

Resource limits
Limit                    Used  Share  Soft       Hard       Units
Max processes               2  0.0 %  7821       7821       threads of uid 33
Max open files             11  0.0 %  65536      65536      files
Max address space    67108864         unlimited  unlimited  bytes
Max resident set      8388608         unlimited  unlimited  bytes
Max core file size                    0          unlimited  bytes
Max locked memory                     8388608    8388608    bytes
Max msgqueue size                     819200     819200     bytes
Max nice priority                     0          0
Max pending signals                   7821       7821       signals
... 7 more

Control groups
Controllers  Path
unified      /system.slice/nginx.service

Namespaces
Namespace       Inode  Of pid 1  The host's  Processes
cgroup     4026531835  yes       yes                12
ipc        4026531839  yes       yes                12
mnt        4026531841  yes       unknown            12
net        4026531840  yes       unknown            12
pid        4026531836  yes       yes                12
time       4026531834  yes       yes                14
user       4026531837  yes       yes                14
uts        4026531838  yes       yes                12

Threads
TID  Name   S  User s  System s  Nice  Processor
701  nginx  S  9.10    4.32         0          1

Log lines
By       Time                 Log                        Program     Message
pid      2026-11-24 08:52:31  /var/log/nginx/error.log   [701]       [warn] 701#701: *78 upstream server temporarily disabled while connecting to upstream
pid      2026-11-24 08:52:30  /var/log/nginx/error.log   [701]       [error] 701#701: *77 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.9, server: www.example.org, request: "GET /orders HTTP/1.1", upstream: "http://203.0.113... (215 bytes)
log      2026-11-24 08:52:35  /var/log/nginx/access.log              2001:db8::77 - grace [24/Nov/2026:13:52:35 +0500] "GET /healthz HTTP/2.0" 200 2 "-" "invented/1.0"
log      2026-11-24 08:52:30  /var/log/nginx/access.log              203.0.113.9 - - [24/Nov/2026:13:52:30 +0500] "GET /orders HTTP/1.1" 502 157 "-" "invented/1.0"
program  2026-11-24 05:15:04  /var/log/syslog            nginx[700]  escape \x1b[31mred\x1b[0m and \x07bell
"#;

#[test]
fn a_worker_on_one_screen() {
    let screen = screen(701, web_1());
    let (headline, rest) = screen.split_once('\n').expect("lines");
    assert!(
        headline.starts_with("web-1  a tree, archived ") && headline.ends_with("  complete"),
        "{headline}"
    );
    assert_eq!(rest, NGINX_WORKER);
}

#[test]
fn a_container_has_its_ends_outside() {
    let app = sections(950, web_1());
    let process = &app["process"]["rows"][0];
    assert_eq!(process["belongs to"], "container docker 3f9c2d7e51a8");
    assert_eq!(process["parent"], "900 containerd-shim");
    assert_eq!(process["age"], "0 days, 3:39:50");
    assert_eq!(process["threads"], "3 (2 S, 1 R)");
    expect(
        &app,
        "tree",
        &["Is", "PID", "tree"],
        &[
            "ancestor | 1 | ''",
            r"parent | 900 |  \_ ",
            r"itself | 950 |      \_ ",
            r"child | 960 |          \_ ",
            r"child | 1001 |          \_ ",
        ],
    );
    // The port of the host that connection tracking saw translated to it.
    expect(
        &app,
        "listeners",
        &["FD", "Proto", "Address", "Reached as"],
        &["3 | tcp | 0.0.0.0:8000 | 192.0.2.10:8080"],
    );
    expect(
        &app,
        "pipes",
        &["FD", "Mode", "Pipe", "Other end"],
        &[
            "1 | w | 30001 | nobody that could be looked at",
            "2 | w | 30002 | nobody that could be looked at",
            "7 | r | 31070 | app-child (960) fd 1",
        ],
    );
    expect(
        &app,
        "namespaces",
        &["Namespace", "Of pid 1", "The host's", "Processes"],
        &[
            "cgroup | no | no | 2",
            "ipc | no | no | 2",
            "mnt | no | unknown | 2",
            "net | no | unknown | 2",
            "pid | no | no | 2",
            "time | yes | yes | 14",
            "user | yes | yes | 14",
            "uts | no | no | 2",
        ],
    );
    expect(&app, "parse-issues", &[], &[]);

    let child = sections(960, web_1());
    expect(
        &child,
        "output",
        &["FDs", "Kind", "Target", "How"],
        &["1 | pipe | pipe:[31070] | read by app (950) fd 7"],
    );
    expect(
        &child,
        "connections",
        &["FD", "Way", "Local", "Remote", "State", "Peer", "NAT"],
        &[
            "8 | in | 203.0.113.2:8000 | 203.0.113.1:45678 | ESTAB | nginx (701) | NULL",
            "9 | out | 203.0.113.2:38200 | 192.0.2.20:5432 | ESTAB | NULL | seen there as 192.0.2.10",
        ],
    );
}

#[test]
fn no_rows_and_nothing_there_are_told_apart() {
    let zombie = sections(1001, web_1());
    expect(&zombie, "fds", &[], &[]);
    expect(&zombie, "threads", &["TID"], &["1001"]);
    let missing: Vec<&str> = zombie["not-read"]["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["Outcome"] == "absent")
        .filter_map(|row| row["Source"].as_str())
        .collect();
    assert!(
        missing.contains(&"/proc/1001/fd") && missing.contains(&"/proc/1001/exe"),
        "{missing:?}"
    );
    let shown = screen(1001, web_1());
    assert!(!shown.contains("\nFile descriptors\n"), "{shown}");
    assert!(shown.contains("\nWhat could not be looked at\n"), "{shown}");
}

#[test]
fn a_number_that_is_no_process_is_explained() {
    for (pid, expected) in [
        ("955", "it is thread pool-worker of process 950 (app)"),
        (
            "7",
            "inside a pid namespace that is what process 960 (app-child) is called",
        ),
        ("880", "it was killed: /"),
        (
            "4321",
            "lines of the logs name it: 1, the last of program CRON at ",
        ),
    ] {
        let mut command = analyze();
        command.args(["pid", pid]).arg(web_1());
        let output = run_within(&mut command, Duration::from_mins(1));
        let message = String::from_utf8(output.stderr).expect("messages are UTF-8");
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(output.stdout.is_empty());
        let begin = format!("analyze: the snapshot has no process {pid}; {expected}");
        assert!(message.starts_with(&begin), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

/// A host with one process that has whatever its owner could make large or odd.
fn hostile_host(root: &Path) {
    let process = root.join("proc/7");
    fs::create_dir_all(process.join("fd")).unwrap();
    fs::create_dir_all(process.join("fdinfo")).unwrap();
    fs::write(
        process.join("status"),
        "Name:\t\\n\x1b[2J\nPid:\t7\nPPid:\t7\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
    )
    .unwrap();
    let mut arguments = b"a\0\0 b \0\x1b]0;title\x07\0line\nline\0".to_vec();
    arguments.extend("\u{202e}x".repeat(40_000).bytes());
    arguments.push(0);
    arguments.extend(b"y\0".repeat(20_000));
    fs::write(process.join("cmdline"), arguments).unwrap();
    let environment = b"A=\x1b[31m\xff\0".repeat(500);
    fs::write(process.join("environ"), environment).unwrap();
    for fd in 0..1500_u32 {
        let target = match fd % 3 {
            0 => format!("/srv/\x1b[1m{fd}"),
            1 => format!("pipe:[{}]", 100 + fd),
            _ => format!("socket:[{}]", 10_000 + fd),
        };
        symlink(target, process.join(format!("fd/{fd}"))).unwrap();
        fs::write(
            process.join(format!("fdinfo/{fd}")),
            "pos:\t0\nflags:\t0100001\nmnt_id:\t1\n",
        )
        .unwrap();
    }
}

#[test]
fn a_hostile_process_gets_one_harmless_screen() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("host");
    hostile_host(&root);
    let bundle = capture_tree(&root, place.path());
    let shown = screen(7, &bundle);
    let acts = |character: char| character != '\n' && schema::text::is_unsafe_to_show(character);
    assert!(!shown.chars().any(acts), "{shown}");
    assert!(shown.lines().count() < 200, "{}", shown.lines().count());
    let widest = shown.lines().map(|line| line.chars().count()).max();
    assert!(widest < Some(330), "{widest:?}: {shown}");
    for expected in [
        "\n 2      3   b\n",
        "\n 3     10  \\x1b]0;title\\x07\n",
        "\n 4      9  line\\nline\n",
        "\nnot wholly read: /proc/7/cmdline: truncated (of 200030 bytes, those from ",
        "... 480 more\n",
        "... 485 more\n",
        "... 460 more\n",
        "\n2 +499       ?",
    ] {
        assert!(shown.contains(expected), "{expected:?}: {shown}");
    }
    let json = sections(7, &bundle);
    assert_eq!(
        json["arguments"]["rows"][3]["Argument"],
        "\u{1b}]0;title\u{7}"
    );
    let mut command = analyze();
    command
        .args(["pid", "7", "--format", "markdown"])
        .arg(&bundle);
    let markdown = String::from_utf8(succeed(&mut command, &[0, 1])).unwrap();
    assert!(!markdown.chars().any(acts));
    assert!(
        markdown.contains("\n| 4 | 9 | line\\\\nline |\n"),
        "{markdown}"
    );
}
