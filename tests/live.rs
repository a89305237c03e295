//! A live capture, against what `ps`, a walk of `/proc`, `ss`, `conntrack` and `ip neigh` say: what is there before and
//! after must be in the database exactly, and nothing else but the collector itself, in two network namespaces.
#![cfg(test)]

mod common;

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::namespace::{
    holder_role, in_network_of, inside, network_of, open_directory, start_holder, wait_for_file,
};
use common::witness::Witness;
use common::{Guard, count, expect_rows, has, hex, random, run_within, skip, succeed};

/// Where the test works inside its mount namespace.
const PLACE: &str = "/mnt/tmp";

/// Not a test: what [`start_holder`] runs.
#[test]
fn hold() {
    let Some(role) = holder_role() else { return };
    let mut sockets: Vec<Box<dyn std::any::Any>> = Vec::new();
    let mut files = Vec::new();
    for part in role.split(',') {
        match part.split_once('=').unwrap_or((part, "")) {
            ("tcp", address) => sockets.push(Box::new(TcpListener::bind(address).unwrap())),
            ("udp", address) => sockets.push(Box::new(UdpSocket::bind(address).unwrap())),
            ("connect", address) => sockets.push(Box::new(TcpStream::connect(address).unwrap())),
            ("threads", count) => {
                for number in 0..count.parse::<u32>().unwrap() {
                    let thread = std::thread::Builder::new().name(format!("pool ) {number}"));
                    thread
                        .spawn(|| std::thread::sleep(Duration::from_mins(10)))
                        .unwrap();
                }
            }
            ("file", name) => {
                let path = Path::new(PLACE).join(name);
                files.push(std::fs::File::create(&path).unwrap());
                if name.contains("gone") {
                    std::fs::remove_file(&path).unwrap();
                }
            }
            ("comm", name) => {
                std::fs::write("/proc/self/comm", unescaped(name)).unwrap();
            }
            ("ready", name) => std::fs::write(Path::new(PLACE).join(name), "").unwrap(),
            (other, _) => panic!("no role {other}"),
        }
    }
    std::thread::sleep(Duration::from_mins(10));
}

/// `%HH` as the byte: roles travel in the environment.
fn unescaped(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

fn ip(arguments: &str) {
    succeed(Command::new("ip").args(arguments.split(' ')), &[0]);
}

fn ip_in(pid: u32, arguments: &str) {
    succeed(in_network_of(pid, "ip").args(arguments.split(' ')), &[0]);
}

/// A port that nobody listens on in a fresh namespace, another in each run.
fn port() -> u16 {
    u16::try_from(10_000 + random() % 20_000).unwrap()
}

#[test]
fn what_was_there_is_in_the_database() {
    if !inside("what_was_there_is_in_the_database") {
        return;
    }
    let place = open_directory().join("tmp");
    assert_eq!(place, Path::new(PLACE));
    ip("link set lo up");
    let ports: [u16; 4] = std::array::from_fn(|_| port());

    // A host of its own, in two network namespaces joined by a pair of links.
    let far = start_holder(
        &format!(
            "tcp=0.0.0.0:{},udp=127.0.0.1:{},threads=3,file=far.log,ready=far",
            ports[0], ports[1]
        ),
        true,
    );
    wait_for_file(&place.join("far"));
    let far_pid = far.pid();
    ip(&format!(
        "link add near0 type veth peer name far0 netns {far_pid}"
    ));
    ip("addr add 192.0.2.1/24 dev near0");
    ip("link set near0 up");
    ip_in(far_pid, "addr add 192.0.2.2/24 dev far0");
    ip_in(far_pid, "link set far0 up");
    // fixed neighbours, so that none is learnt or ages between the witnesses.
    let mac = |host: u64| {
        format!(
            "02:00:00:{:02x}:{:02x}:{host:02x}",
            random() & 0xff,
            random() & 0xff
        )
    };
    ip(&format!(
        "neigh replace 192.0.2.2 lladdr {} dev near0 nud permanent",
        far_mac(far_pid)
    ));
    ip(&format!(
        "neigh add 192.0.2.77 lladdr {} dev near0 nud permanent",
        mac(77)
    ));
    ip_in(
        far_pid,
        &format!(
            "neigh replace 192.0.2.1 lladdr {} dev far0 nud permanent",
            near_mac()
        ),
    );
    ip_in(
        far_pid,
        &format!(
            "neigh add 192.0.2.78 lladdr {} dev far0 nud permanent",
            mac(78)
        ),
    );

    let near = start_holder(
        &format!(
            "tcp=127.0.0.1:{0},tcp=[::1]:{0},udp=[::]:{1},connect=192.0.2.2:{2},threads=5,file=near.log,file=gone.log,file=really (deleted),comm=) R 1 1 (sshd,ready=near",
            ports[2], ports[3], ports[0]
        ),
        false,
    );
    wait_for_file(&place.join("near"));
    let odd = start_holder("comm=%FF%0A,ready=odd", false);
    wait_for_file(&place.join("odd"));
    let mut empty = Command::new("sh");
    empty.arg0("").args(["-c", "sleep 600; :", "", "a b", ""]);
    let empty = Guard(empty.stdin(Stdio::null()).spawn().unwrap());
    let mut zombie = Command::new("sh");
    zombie.args(["-c", "true & exec sleep 600"]);
    let _zombie = Guard(zombie.stdin(Stdio::null()).spawn().unwrap());
    let _nginx = start_nginx(&place, port());

    let namespaces = [std::process::id(), far_pid];
    if has("conntrack") {
        insert_conntrack(far_pid);
    }
    settle();

    let before = Witness::of(&namespaces);
    let bundle = place.join("bundle.tar.zst");
    let mut capture = Command::new("/mnt/capture");
    capture.arg("-q").arg("-o").arg(&bundle);
    let begun = Instant::now();
    let ended = run_within(&mut capture, Duration::from_secs(70));
    assert!(begun.elapsed() < Duration::from_mins(1), "the deadline");
    assert!(
        matches!(ended.status.code(), Some(0 | 1)),
        "{:?} {}",
        ended.status,
        String::from_utf8_lossy(&ended.stderr)
    );
    let after = Witness::of(&namespaces);

    let database = place.join("case.db");
    let mut load = common::analyze();
    load.arg("load").arg("--db").arg(&database).arg(&bundle);
    succeed(&mut load, &[0, 1]);

    let found = Witness::from_database(&database);
    before
        .processes
        .compare("processes", &after.processes, &found.processes);
    before.ps.compare("processes by ps", &after.ps, &found.ps);
    before
        .threads
        .compare("threads", &after.threads, &found.threads);
    before.fds.compare("fds", &after.fds, &found.fds);
    if has("ss") {
        before
            .sockets
            .compare("sockets", &after.sockets, &found.sockets);
        assert!(found.sockets.0.len() >= 8, "{:?}", found.sockets);
    } else {
        skip("sockets against ss", "ss is not installed");
    }
    if has("conntrack") {
        before
            .conntrack
            .compare("conntrack", &after.conntrack, &found.conntrack);
        assert_eq!(
            found
                .conntrack
                .0
                .iter()
                .filter(|entry| entry.ends_with("dnat"))
                .count(),
            1
        );
    } else {
        skip(
            "conntrack against conntrack -L",
            "conntrack is not installed",
        );
    }
    before
        .neighbors
        .compare("neighbors", &after.neighbors, &found.neighbors);
    assert_eq!(found.neighbors.0.len(), 4, "{:?}", found.neighbors);

    for (pid, name) in [(near.pid(), &b") R 1 1 (sshd"[..]), (odd.pid(), b"\xff\n")] {
        let sql = format!("SELECT hex(name) FROM processes WHERE pid = {pid}");
        expect_rows(&database, &sql, &hex(name));
    }
    let sql = format!(
        "SELECT quote(value) FROM process_arguments WHERE pid = {} ORDER BY position",
        empty.pid()
    );
    expect_rows(&database, &sql, "''\n'-c'\n'sleep 600; :'\n''\n'a b'\n''");
    assert!(
        count(
            &database,
            "FROM processes WHERE state = 'Z' AND cmdline = ''"
        ) >= 1
    );
    let sql = format!(
        "SELECT count(DISTINCT net_namespace) FROM sockets WHERE net_namespace IN ({}, {})",
        network_of(std::process::id()),
        network_of(far_pid)
    );
    expect_rows(&database, &sql, "2");
}

#[test]
fn no_collector_is_left() {
    if !inside("no_collector_is_left") {
        return;
    }
    let place = open_directory().join("tmp");
    let mut capture = Command::new("/mnt/capture");
    capture
        .arg("-q")
        .arg("-o")
        .arg(place.join("bundle.tar.zst"));
    run_within(&mut capture, Duration::from_secs(70));
    let left: Vec<_> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.unwrap().path().join("comm")).ok())
        .filter(|comm| comm.starts_with(b"capture"))
        .collect();
    assert_eq!(left, Vec::<Vec<u8>>::new());
    // Only the bundle was written, under its own name and for its owner alone.
    let names: Vec<_> = std::fs::read_dir(&place)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["bundle.tar.zst"]);
    let mode = std::fs::metadata(place.join("bundle.tar.zst")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&mode) & 0o7777, 0o600);
}

/// A web server that forks its workers, where there is one.
fn start_nginx(place: &Path, port: u16) -> Option<Guard> {
    if !has("nginx") {
        skip("a live nginx", "nginx is not installed");
        return None;
    }
    let configuration = place.join("nginx.conf");
    let directory = place.display();
    let text = format!(
        "daemon off; worker_processes 2; pid {directory}/nginx.pid; error_log {directory}/error.log;\n\
         events {{}}\n\
         http {{ access_log {directory}/access.log; client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;\n\
         fastcgi_temp_path {directory}/fcgi; uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;\n\
         server {{ listen 127.0.0.1:{port}; }} }}\n"
    );
    std::fs::write(&configuration, text).unwrap();
    let mut command = Command::new("nginx");
    command
        .arg("-c")
        .arg(&configuration)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let nginx = Guard(command.spawn().unwrap());
    common::wait_for("nginx", || TcpStream::connect(("127.0.0.1", port)).ok());
    Some(nginx)
}

fn insert_conntrack(far_pid: u32) {
    let (sport, dport) = (port(), port());
    let entries = [
        format!(
            "-I -p tcp -s 198.51.100.1 -d 192.0.2.1 --sport {sport} --dport {dport} --state ESTABLISHED -t 600 -u ASSURED"
        ),
        format!(
            "-I -p tcp -s 198.51.100.2 -d 192.0.2.1 --sport {sport} --dport {dport} -r 203.0.113.2 -q 198.51.100.2 \
             --reply-port-src 8000 --reply-port-dst {sport} --state ESTABLISHED -t 600 -u SEEN_REPLY,ASSURED"
        ),
        format!("-I -p udp -s 198.51.100.3 -d 192.0.2.1 --sport {sport} --dport 53 -t 600"),
    ];
    for entry in entries {
        succeed(
            Command::new("conntrack").args(entry.split_whitespace()),
            &[0],
        );
    }
    let entry = format!(
        "-I -p tcp -s 198.51.100.9 -d 192.0.2.2 --sport {sport} --dport {dport} --state SYN_SENT -t 600"
    );
    succeed(
        in_network_of(far_pid, "conntrack").args(entry.split(' ')),
        &[0],
    );
}

/// Lets connections and threads come to rest.
fn settle() {
    std::thread::sleep(Duration::from_millis(500));
}

fn far_mac(pid: u32) -> String {
    link_address(&succeed(
        in_network_of(pid, "ip").args(["-o", "link", "show", "far0"]),
        &[0],
    ))
}

fn near_mac() -> String {
    link_address(&succeed(
        Command::new("ip").args(["-o", "link", "show", "near0"]),
        &[0],
    ))
}

fn link_address(shown: &[u8]) -> String {
    let text = String::from_utf8_lossy(shown);
    let mut words = text
        .split_whitespace()
        .skip_while(|word| *word != "link/ether");
    words.nth(1).expect("an Ethernet address").to_owned()
}
