//! Extractors from evidence to exact rows.

#[path = "../../../tests/common/bundles.rs"]
mod bundles;
mod histories;
mod log_files;
mod network;

mod partial;
mod system;

use std::collections::{HashMap, HashSet};

use schema::records::{
    FdLink, FileSystemStat, FoundConfig, ProcessLink, ThreadStat, UncertainProcess,
};
use schema::source::{Located, SourceMap};
use schema::tables::TABLES;
use schema::text::escaped;
use schema::{Binder, Outcome, Row, Text};

use super::{Extractors, Wanted};
use crate::extract::{Facts, File, FileFact, Record, Sink, UserFact};
use crate::parse::Issue;
use crate::snapshot::Machine;

/// Collects rows as text: `column=value` for what is not NULL, numbers bare, text escaped in quotes.
#[derive(Default)]
struct Rows {
    rows: Vec<(&'static str, String)>,
    issues: Vec<(String, Issue)>,
}

#[derive(Default)]
struct Values(Vec<Option<String>>);

impl Binder for Values {
    fn int(&mut self, value: i64) {
        self.0.push(Some(value.to_string()));
    }
    fn text(&mut self, value: &[u8]) {
        self.0.push(Some(format!("'{}'", escaped(value))));
    }
    fn null(&mut self) {
        self.0.push(None);
    }
}

impl Sink for Rows {
    fn row<R: Row>(&mut self, row: &R) {
        let mut values = Values::default();
        row.bind(&mut values);
        assert_eq!(values.0.len(), R::TABLE.columns.len());
        let known: Vec<_> = R::TABLE
            .columns
            .iter()
            .zip(values.0)
            .filter_map(|(column, value)| Some(format!("{}={}", column.name, value?)))
            .collect();
        self.rows.push((R::TABLE.name, known.join(" ")));
    }

    fn issue(&mut self, member: &str, issue: Issue) {
        self.issues.push((member.to_owned(), issue));
    }

    fn unlisted(&mut self, member: &str, count: u64) {
        panic!("{count} more issues of {member}");
    }
}

fn facts() -> Facts {
    let user = |uid, name: &str, home: &str| UserFact {
        uid,
        name: name.into(),
        home: home.into(),
    };
    let header = bundles::header();
    Facts {
        machine: Machine::of(&header),
        header,
        net_namespaces: HashMap::from([(7, 4_026_531_840)]),
        mount_namespaces: HashMap::from([(7, 4_026_531_841)]),
        file_systems: HashMap::from([(
            b"98:0".to_vec(),
            FileSystemStat {
                device_number: Text::default(),
                pid: 7,
                mount_id: 36,
                blocks_size: 4096,
                blocks: 1000,
                blocks_free: 300,
                blocks_available: 250,
                inodes: 64,
                inodes_free: 60,
            },
        )]),
        time_zone: jiff::tz::TimeZone::UTC,
        users: vec![
            user(0, "root", "/root"),
            user(2, "bin", "/"),
            user(1000, "ada", "/home/ada"),
            user(1001, "eve", "/home/ada/eve"),
        ],
        files: HashMap::from([(
            b"/srv/x/.bash_history".to_vec(),
            FileFact {
                outcome: Outcome::Collected,
                offset: 0,
                mtime: None,
                uid: Some(1001),
                inode: None,
                size: 0,
                kept: 0,
            },
        )]),
        named_histories: HashMap::from([
            (b"/srv/named".to_vec(), Some(1000)),
            (b"/proc/7/root/srv/named".to_vec(), Some(1000)),
        ]),
        found_logs: HashMap::from([(b"/srv/app/x".to_vec(), false)]),
        found_configs: HashSet::from([b"/srv/app/y.conf".to_vec()]),
    }
}

/// Rows of `table` and all issues, from files by their paths and from records.
fn extract(table: &str, files: &[(&str, &[u8])], records: &[Record<'_>]) -> (Vec<String>, Rows) {
    let (facts, map) = (facts(), SourceMap::new());
    let (mut extractors, mut rows) = (Extractors::new(&Wanted::All), Rows::default());
    for (path, content) in files {
        let located = map.locate(path.as_bytes()).unwrap_or_else(|| {
            let is_log = facts.found_logs.contains_key(path.as_bytes());
            Located::of(if is_log {
                schema::Source::FoundLog
            } else if facts.found_configs.contains(path.as_bytes()) {
                schema::Source::FoundConfig
            } else {
                schema::Source::NamedHistory
            })
        });
        let member = format!("root{path}");
        let file = File {
            path: path.as_bytes(),
            member: &member,
            source: located.source,
            pid: located.pid,
            net_namespace: located.net_namespace,
            part: 0,
            content,
        };
        extractors.file(&file, &facts, &mut rows);
    }
    for record in records {
        extractors.record(*record, &facts, &mut rows);
    }
    extractors.finish(&facts, &mut rows);
    let of_table = rows
        .rows
        .iter()
        .filter(|(name, _)| *name == table)
        .map(|(_, row)| row.clone())
        .collect();
    (of_table, rows)
}

fn check(table: &str, files: &[(&str, &[u8])], expected: &[&str]) {
    let (rows, all) = extract(table, files, &[]);
    assert_eq!(rows, expected);
    assert_eq!(all.issues, []);
}

#[test]
fn every_table_has_its_extractor() {
    let filled = Extractors::tables();
    for table in TABLES {
        let by_loader =
            ["snapshots", "collection_log", "parse_issues", "time_status"].contains(&table.name);
        assert_eq!(!by_loader, filled.contains(&table.name), "{}", table.name);
    }
    assert_eq!(filled.len() + 4, TABLES.len());
}

fn feed_every_source(text: &[u8]) {
    for source in schema::tables::sources() {
        use schema::Source::{Device, Home, Host, Log, MountNamespace, NetNamespace, Process};
        let path = match source {
            Process(name) | MountNamespace(name) => format!("/proc/7/{name}"),
            NetNamespace(name) => format!("/proc/7/net/{name}"),
            Host(path) | Log(path) | Device(path) => path.to_owned(),
            Home(name) => format!("/home/ada/{name}"),
            _ => continue,
        };
        extract("", &[(&path, text)], &[]);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..Default::default()
    })]

    /// Bytes of which every parser makes something, in any order.
    #[test]
    fn odd_bytes_in_any_file_do_no_harm(text in "[\\PC\0\n\t :=\\[\\]()<>;,0-9a-f\"'#\\\\-]{0,120}") {
        feed_every_source(text.as_bytes());
    }

    #[test]
    fn any_bytes_in_any_file_do_no_harm(text in proptest::collection::vec(proptest::num::u8::ANY, 0..120)) {
        feed_every_source(&text);
    }
}

const STAT: &[u8] = b"812 () R 1 1 (sshd) S 1 812 811 34816 -1 4194624 1 2 3 4 150 270 10 11 20 -5 3 0 142100 1 2 3 1 1 0 0 0 0 \
                      0 0 0 0 0 0 17 3 0 0\n";
const STATUS: &[u8] = b"Name:\t) R 1 1 (sshd\nState:\tS (sleeping)\nPPid:\t900\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nThreads:\t3\n\
                        NSpid:\t812\t1\nVmSize:\t    20 kB\nVmRSS:\t    10 kB\nvoluntary_ctxt_switches:\t8\n\
                        nonvoluntary_ctxt_switches:\t9\n";

#[test]
fn a_whole_process_in_any_order() {
    let mut files: Vec<(&str, &[u8])> = vec![
        ("/proc/812/stat", STAT),
        ("/proc/812/status", STATUS),
        ("/proc/812/cmdline", b"sshd\0\0-D\0\0"),
        (
            "/proc/812/cgroup",
            b"1:name=systemd:/\n0::/system.slice/ssh.service\n",
        ),
        ("/proc/812/io", b"read_bytes: 4096\nwrite_bytes: 8192\n"),
        ("/proc/812/oom_score_adj", b"-1000\n"),
        ("/proc/812/loginuid", b"4294967295"),
        ("/proc/812/wchan", b"0"),
    ];
    let link = |name: &'static str, target: &'static str, link_count| ProcessLink {
        inode: (name == "exe").then_some(77),
        size: None,
        mtime_us: (name == "exe").then_some(1_795_511_000_000_001),
        pid: 812,
        name: Text::from(name),
        target: Text::from(target),
        link_count,
    };
    let exe = link("exe", "/usr/sbin/sshd (deleted)", Some(0));
    let cwd = link("cwd", "/", None);
    let root = link("root", "/", None);
    let net = link("ns/net", "net:[4026531840]", None);
    let records = [&exe, &cwd, &root, &net].map(Record::ProcessLink);
    let expected = "pid=812 parent=900 name=') R 1 1 (sshd' path='/usr/sbin/sshd' cmdline='sshd  -D ' state='S' cwd='/' root='/' \
                    uid=1 gid=5 euid=2 egid=6 suid=3 sgid=7 on_disk=0 executable_inode=77 \
                    executable_mtime_us=1795511000000001 threads=3 nice=-5 pgroup=812 session=811 tty=34816 \
                    start_time=1700001421 start_ticks=142100 user_time=1500 system_time=2700 resident_size=10240 \
                    total_size=20480 disk_bytes_read=4096 disk_bytes_written=8192 voluntary_switches=8 \
                    nonvoluntary_switches=9 oom_score_adj=-1000 cgroup_path='/system.slice/ssh.service' \
                    namespace_pids='812 1' net_namespace=4026531840 is_collector=1 is_kernel_thread=0 identity_uncertain=0";
    for _ in 0..2 {
        let (rows, all) = extract("processes", &files, &records);
        assert_eq!(rows, [expected]);
        assert_eq!(all.issues, []);
        files.reverse();
    }
}

#[test]
fn parts_of_processes() {
    let uncertain = UncertainProcess {
        pid: 3,
        reason: Text::from("start ticks"),
    };
    let kernel = b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 1 0 0 20 0 1 0 5 0 0";
    let (rows, _) = extract(
        "processes",
        &[
            ("/proc/2/stat", kernel),
            ("/proc/2/cmdline", b""),
            ("/proc/4/status", b"Name:\t\xff\\n\n"),
        ],
        &[Record::UncertainProcess(&uncertain)],
    );
    assert_eq!(
        rows,
        [
            "pid=2 parent=0 name='kthreadd' cmdline='' state='S' on_disk=-1 threads=1 nice=0 pgroup=0 session=0 tty=0 \
             start_time=1700000000 start_ticks=5 user_time=0 system_time=10 is_collector=0 is_kernel_thread=1 \
             identity_uncertain=0",
            "pid=3 on_disk=-1 is_collector=0 is_kernel_thread=0 identity_uncertain=1",
            "pid=4 name='\\xff\\n' on_disk=-1 is_collector=0 is_kernel_thread=0 identity_uncertain=0",
        ]
    );
}

#[test]
fn files_of_processes() {
    check(
        "process_arguments",
        &[("/proc/812/cmdline", b"a\0\0b\0\0")],
        &[
            "pid=812 position=0 value='a'",
            "pid=812 position=1 value=''",
            "pid=812 position=2 value='b'",
            "pid=812 position=3 value=''",
        ],
    );
    check(
        "process_envs",
        &[("/proc/812/environ", b"A=b=c\0D\0")],
        &["pid=812 key='A' value='b=c'", "pid=812 key='D'"],
    );
    check(
        "process_limits",
        &[(
            "/proc/812/limits",
            b"Max open files            18446744073709551614 unlimited            files     \n",
        )],
        &[
            "pid=812 type='Max open files' soft_limit='18446744073709551614' soft_unlimited=0 hard_unlimited=1 units='files'",
        ],
    );
    check(
        "process_cgroups",
        &[("/proc/812/cgroup", b"0::/a\n")],
        &["pid=812 hierarchy=0 controllers='' path='/a'"],
    );
    check(
        "process_memory_map",
        &[(
            "/proc/812/maps",
            b"7f00-8000 r-xp 10 fd:01 9 /a (deleted)\n8000-9000 rw-p 0 00:00 0 [heap]\n",
        )],
        &[
            "pid=812 start='0000000000007f00' end='0000000000008000' permissions='r-xp' offset=16 device='fd:01' inode=9 \
             path='/a' deleted=1 pseudo=0",
            "pid=812 start='0000000000008000' end='0000000000009000' permissions='rw-p' offset=0 device='00:00' inode=0 \
             path='[heap]' deleted=0 pseudo=1",
        ],
    );
}

#[test]
fn file_descriptors() {
    let check_fd =
        |target: Option<&'static str>, link_count, fdinfo: Option<&'static str>, expected: &str| {
            let link = FdLink {
                pid: 812,
                fd: 3,
                target: target.map(Text::from),
                fdinfo: fdinfo.map(Text::from),
                link_count,
            };
            let (rows, all) = extract("process_fds", &[], &[Record::FdLink(&link)]);
            assert_eq!(rows, [format!("pid=812 fd=3 {expected}")]);
            assert_eq!(all.issues, []);
        };
    let fdinfo = Some("pos:\t5\nflags:\t0100001\nmnt_id:\t29\nino:\t9223372036854775809\n");
    check_fd(
        Some("/var/log/a"),
        None,
        fdinfo,
        "type='file' target='/var/log/a' inode='9223372036854775809' flags=32769 pos=5 mnt_id=29 deleted=0",
    );
    check_fd(
        Some("socket:[9223372036854775809]"),
        None,
        Some("ino:\t8\n"),
        "type='socket' target='socket:[9223372036854775809]' inode='9223372036854775809' deleted=0",
    );
    check_fd(
        Some("/socket:[1]"),
        None,
        None,
        "type='file' target='/socket:[1]' deleted=0",
    );
    check_fd(
        Some("pipe:[1]"),
        None,
        None,
        "type='pipe' target='pipe:[1]' inode=1 deleted=0",
    );
    check_fd(
        Some("anon_inode:[eventpoll]"),
        None,
        None,
        "type='anon_inode' target='anon_inode:[eventpoll]' deleted=0",
    );
    check_fd(
        Some("net:[4]"),
        None,
        None,
        "type='namespace' target='net:[4]' inode=4 deleted=0",
    );
    check_fd(
        Some("/memfd:x (deleted)"),
        Some(0),
        None,
        "type='memfd' target='/memfd:x' deleted=1",
    );
    check_fd(
        Some("/a (deleted)"),
        Some(1),
        None,
        "type='file' target='/a (deleted)' deleted=0",
    );
    check_fd(
        Some("/a (deleted) (deleted)"),
        Some(0),
        None,
        "type='file' target='/a (deleted)' deleted=1",
    );
    check_fd(
        Some("/a (deleted)"),
        None,
        None,
        "type='file' target='/a' deleted=1",
    );
    check_fd(
        Some("/dev/null"),
        None,
        None,
        "type='device' target='/dev/null' deleted=0",
    );
    check_fd(
        Some("/dev/shm/a"),
        None,
        None,
        "type='file' target='/dev/shm/a' deleted=0",
    );
    check_fd(None, None, None, "type='unknown' deleted=0");
}

#[test]
fn threads_and_namespaces() {
    let thread = ThreadStat {
        pid: 800,
        tid: 812,
        stat: Text::from(STAT),
    };
    let odd = ThreadStat {
        stat: Text::from("gone"),
        ..thread.clone()
    };
    let (rows, all) = extract(
        "threads",
        &[],
        &[Record::ThreadStat(&thread), Record::ThreadStat(&odd)],
    );
    assert_eq!(
        rows,
        [
            "pid=800 tid=812 name=') R 1 1 (sshd' state='S' user_time=1500 system_time=2700 nice=-5 start_ticks=142100 processor=3"
        ]
    );
    assert_eq!(all.issues.len(), 1);
    assert_eq!(all.issues[0].0, "root/proc/800/task/812/stat");
    let link = ProcessLink {
        inode: None,
        size: None,
        mtime_us: None,
        pid: 812,
        name: Text::from("ns/pid"),
        target: Text::from("pid:[4026531836]"),
        link_count: None,
    };
    let (rows, _) = extract("process_namespaces", &[], &[Record::ProcessLink(&link)]);
    assert_eq!(rows, ["pid=812 type='pid' inode=4026531836"]);
}

#[test]
fn network() {
    check(
        "sockets",
        &[
            ("/proc/7/net/tcp", b"   0: 010200C0:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000    33        0 9 1\n"),
            ("/proc/7/net/unix", b"00000000: 00000002 00000000 00010000 0001 01    12 @a\xff\n"),
        ],
        &[
            "net_namespace=4026531840 family='inet' protocol='tcp' local_address='192.0.2.1' local_port=8080 \
             remote_address='0.0.0.0' remote_port=0 state='LISTEN' uid=33 inode=9 recv_queue=3 send_queue=0 retransmits=0",
            "net_namespace=4026531840 family='unix' protocol='stream' state='LISTEN' inode=12 path='@a\\xff'",
        ],
    );
    check(
        "conntrack",
        &[(
            "/proc/7/net/nf_conntrack",
            b"ipv4 2 tcp 6 5 SYN_SENT src=192.0.2.1 dst=198.51.100.2 sport=4 dport=80 [UNREPLIED] src=203.0.113.5 \
              dst=192.0.2.1 sport=8080 dport=4 mark=0 use=1\n",
        )],
        &["net_namespace=4026531840 family='inet' protocol='tcp' protocol_number=6 state='SYN_SENT' timeout=5 \
           orig_src='192.0.2.1' orig_sport=4 orig_dst='198.51.100.2' orig_dport=80 reply_src='203.0.113.5' reply_sport=8080 \
           reply_dst='192.0.2.1' reply_dport=4 assured=0 unreplied=1 offload=0 hardware_offload=0 mark=0 zone=0 \
           use_count=1 nat='dnat'"],
    );
    check(
        "neighbors",
        &[(
            "/proc/7/net/arp",
            b"192.0.2.1 0x1 0x6 02:00:5e:00:00:01 * eth0\n",
        )],
        &[
            "net_namespace=4026531840 family='inet' address='192.0.2.1' mac='02:00:5e:00:00:01' interface='eth0' \
           hardware_type=1 flags=6 proxy=0",
        ],
    );
    let route: &[u8] = b"eth0\t00000000\tFE0200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
                         eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
    check(
        "routes",
        &[("/proc/7/net/route", route)],
        &[
            "net_namespace=4026531840 family='inet' type='unicast' destination='0.0.0.0' netmask=0 gateway='192.0.2.254' \
             interface='eth0' flags=3 metric=100 mtu=0 reference_count=0 use_count=0 route_table='main'",
            "net_namespace=4026531840 family='inet' type='unicast' destination='192.0.2.0' netmask=24 interface='eth0' flags=1 metric=0 \
             mtu=0 reference_count=0 use_count=0 route_table='main'",
        ],
    );
    let trie: &[u8] = b"Local:\n |-- 127.0.0.1\n /32 host LOCAL\n |-- 192.0.2.5\n /32 host LOCAL\n";
    let v6: &[u8] = b"20010db8000000000000000000000001 02 40 20 00     eth0\n";
    check(
        "interface_addresses",
        &[
            ("/proc/7/net/fib_trie", trie),
            ("/proc/7/net/if_inet6", v6),
            ("/proc/7/net/route", route),
        ],
        &[
            "net_namespace=4026531840 interface='eth0' family='inet6' address='2001:db8::1' prefix_length=64 scope='link'",
            "net_namespace=4026531840 family='inet' address='127.0.0.1'",
            "net_namespace=4026531840 interface='eth0' family='inet' address='192.0.2.5' prefix_length=24",
        ],
    );
    check(
        "interface_details",
        &[(
            "/proc/7/net/dev",
            b"  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
        )],
        &[
            "net_namespace=4026531840 interface='eth0' ipackets=2 opackets=10 ibytes=1 obytes=9 ierrors=3 oerrors=11 \
           idrops=4 odrops=12 collisions=14 ififo=5 ofifo=13 iframe=6 ocarrier=15 imulticast=8 icompressed=7 ocompressed=16",
        ],
    );
}

#[test]
fn logs() {
    check(
        "log_lines",
        &[
            (
                "/var/log/syslog",
                b"alf a line\n\nNov 14 22:13:20 web1 cron[7]: (ada) \xff\n",
            ),
            (
                "/dev/kmsg",
                b"4,1,1500000,-;oom\\x0a\n SUBSYSTEM=mm\n30,2,2000000,-;init[1]: up\n",
            ),
        ],
        &[
            "path='/var/log/syslog' line_no=1 message='alf a line'",
            "path='/var/log/syslog' line_no=3 time=1700000000 time_us=1700000000000000 host='web1' program='cron' pid=7 \
             message='(ada) \\xff'",
            "path='/dev/kmsg' line_no=1 time=1700000001 time_us=1700000001500000 program='kernel' severity=4 message='oom\\n'",
            "path='/dev/kmsg' line_no=3 time=1700000002 time_us=1700000002000000 program='init' pid=1 severity=6 message='up'",
        ],
    );
}

#[test]
fn the_host() {
    check(
        "memory_info",
        &[("/proc/meminfo", b"MemTotal: 2 kB\nHugePages_Total: 4\n")],
        &[
            "name='MemTotal' value=2048 unit='bytes'",
            "name='HugePages_Total' value=4",
        ],
    );
    check(
        "uptime",
        &[("/proc/uptime", b"12.9 30.1\n")],
        &["total_seconds=12 idle_seconds=30"],
    );
    check(
        "os_version",
        &[(
            "/etc/os-release",
            b"ID=alpine\nVERSION_ID=3.20\nPRETTY_NAME=\"Alpine \\\"3\\\"\"\n",
        )],
        &["version='3.20' version_id='3.20' id='alpine' pretty_name='Alpine \"3\"'"],
    );
    check(
        "kernel_info",
        &[
            ("/proc/version", b"Linux version 6.1\n"),
            ("/proc/cmdline", b"quiet\n"),
        ],
        &[
            "item='version' value='Linux version 6.1'",
            "item='arguments' value='quiet'",
        ],
    );
    check(
        "mounts",
        &[(
            "/proc/7/mountinfo",
            b"36 35 98:0 / /a\\040b rw shared:1 - ext4 /dev/sda1 rw\n\
              37 36 0:9 / /a\\040b rw - nfs server:/ rw\n",
        )],
        &[
            "mount_namespace=4026531841 mount_id=36 parent_id=35 device_number='98:0' device='/dev/sda1' root='/' path='/a b' \
             type='ext4' flags='rw' super_options='rw' propagation='shared:1' covered=1 blocks_size=4096 blocks=1000 \
             blocks_free=300 blocks_available=250 inodes=64 inodes_free=60",
            "mount_namespace=4026531841 mount_id=37 parent_id=36 device_number='0:9' device='server:/' root='/' path='/a b' \
             type='nfs' flags='rw' super_options='rw' propagation='' covered=0",
        ],
    );
    check(
        "kernel_modules",
        &[(
            "/proc/modules",
            b"lp 20480 0 - Live 0x0000000000000000 (E)\n",
        )],
        &[
            "name='lp' size=20480 references=0 used_by='' status='Live' address='0000000000000000' taint='E'",
        ],
    );
    check(
        "swaps",
        &[(
            "/proc/swaps",
            b"Filename Type Size Used Priority\n/swap file 2 1 -2\n",
        )],
        &["path='/swap' type='file' size=2048 used=1024 priority=-2"],
    );
    check(
        "users",
        &[("/etc/passwd", b"ada:x:1000:1001:Ada:/home/ada:/bin/sh\n")],
        &[
            "uid=1000 gid=1001 username='ada' description='Ada' directory='/home/ada' shell='/bin/sh'",
        ],
    );
    check(
        "groups",
        &[("/etc/group", b"wheel:x:10:ada,bob\n")],
        &["gid=10 groupname='wheel' members='ada,bob'"],
    );
    check(
        "etc_hosts",
        &[("/etc/hosts", b"192.0.2.1 a\tb\n")],
        &["address='192.0.2.1' hostnames='a b'"],
    );
    check(
        "dns_resolvers",
        &[(
            "/etc/resolv.conf",
            b"nameserver 192.0.2.53\nsearch a.example b.example\nnameserver 192.0.2.54\n",
        )],
        &[
            "id=0 type='nameserver' address='192.0.2.53'",
            "id=0 type='search' address='a.example'",
            "id=1 type='search' address='b.example'",
            "id=1 type='nameserver' address='192.0.2.54'",
        ],
    );
    check(
        "load_average",
        &[("/proc/loadavg", b"0.52 0.58 0.59 3/602 29345\n")],
        &[
            "period='1m' average='0.52'",
            "period='5m' average='0.58'",
            "period='15m' average='0.59'",
        ],
    );
}

#[test]
fn configuration_is_of_whom_leads_to_it() {
    let found = |pid, found_by: &'static str| FoundConfig {
        path: "/srv/app/y.conf".into(),
        found_by: found_by.into(),
        pid,
        target: "/srv/app/y.conf".into(),
    };
    let records = [found(7, "argument"), found(9, "program")];
    // Of one that nobody leads to, or that was not read, there is no row.
    let other = FoundConfig {
        path: "/srv/app/none.conf".into(),
        ..found(7, "argument")
    };
    let records = [&records[0], &records[1], &other].map(Record::FoundConfig);
    let files = [("/srv/app/y.conf", &b"listen 80\n"[..])];
    let (rows, _) = extract("config_files", &files, &records);
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(
        rows[0].contains("argument") && rows[0].contains("listen 80"),
        "{rows:?}"
    );
}
