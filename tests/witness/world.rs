//! A host with something of everything: odd names, threads, sockets of all kinds, deleted files, mounts, three network
//! namespaces with addresses, routes, fixed neighbours and tracked connections.

use std::any::Any;
use std::fs::{self, File};
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::common::namespace::{in_network_of, start_holder, wait_for_file};
use crate::common::{Guard, has, random, skip, succeed, wait_for};

/// Where the test works inside its mount namespace.
pub(crate) const PLACE: &str = "/mnt/tmp";
/// A file system that nobody writes to.
pub(crate) const STILL: &str = "/mnt/tmp/still";
/// Ethertype for experiments (IEEE 802), of which nothing arrives.
const EXPERIMENTAL: u16 = 0x88b5;

/// Processes of the world; they end with it.
pub(crate) struct World {
    pub(crate) near: u32,
    pub(crate) odd: u32,
    pub(crate) empty: u32,
    /// A process in each network namespace.
    pub(crate) namespaces: Vec<u32>,
    _processes: Vec<Guard>,
}

/// What a holder holds, by the words of its role. It ends with the namespaces.
pub(crate) fn hold(role: &str) {
    let mut held: Vec<Box<dyn Any>> = Vec::new();
    for part in role.split(',') {
        let (kind, value) = part.split_once('=').unwrap_or((part, ""));
        let value = unescaped(value);
        let word = || std::str::from_utf8(&value).expect("an address");
        let path = || Path::new(PLACE).join(std::ffi::OsStr::from_bytes(&value));
        match kind {
            "tcp" => held.push(Box::new(TcpListener::bind(word()).unwrap())),
            "udp" => held.push(Box::new(UdpSocket::bind(word()).unwrap())),
            "connect" => held.push(Box::new(TcpStream::connect(word()).unwrap())),
            "talk" => talk(word(), &mut held),
            "stream" => held.push(Box::new(UnixListener::bind(path()).unwrap())),
            "datagram" => held.push(Box::new(UnixDatagram::bind(path()).unwrap())),
            "abstract" => {
                let name = SocketAddr::from_abstract_name(&value).unwrap();
                held.push(Box::new(UnixListener::bind_addr(&name).unwrap()));
            }
            "pair" => held.push(Box::new(UnixStream::pair().unwrap())),
            "sequential" => {
                let socket = Socket::new(Domain::UNIX, Type::SEQPACKET, None).unwrap();
                socket.bind(&SockAddr::unix(path()).unwrap()).unwrap();
                socket.listen(1).unwrap();
                held.push(Box::new(socket));
            }
            "raw" => {
                let protocol = Some(Protocol::from(word().parse::<i32>().unwrap()));
                for family in [Domain::IPV4, Domain::IPV6] {
                    held.push(Box::new(
                        Socket::new_raw(family, Type::RAW, protocol).unwrap(),
                    ));
                }
            }
            "packet" => {
                let protocol = Some(Protocol::from(i32::from(EXPERIMENTAL.to_be())));
                for kind in [Type::RAW, Type::DGRAM] {
                    held.push(Box::new(
                        Socket::new_raw(Domain::PACKET, kind, protocol).unwrap(),
                    ));
                }
            }
            "threads" => threads(word().parse().unwrap()),
            "file" => {
                let mut file = File::create(path()).unwrap();
                file.write_all(b"seven b").unwrap();
                if part.contains("gone") {
                    fs::remove_file(path()).unwrap();
                }
                held.push(Box::new(file));
            }
            "open" => held.push(Box::new(File::open(word()).unwrap())),
            "directory" => {
                fs::create_dir(path()).unwrap();
                std::env::set_current_dir(path()).unwrap();
                if part.contains("gone") {
                    fs::remove_dir(path()).unwrap();
                }
            }
            "comm" => fs::write("/proc/self/comm", &value).unwrap(),
            "ready" => fs::write(path(), "").unwrap(),
            other => panic!("no role {other}"),
        }
    }
    std::thread::sleep(Duration::from_mins(10));
}

/// Connections in several states: bytes that nobody read, one end shut, one that was not accepted, one that ended.
fn talk(address: &str, held: &mut Vec<Box<dyn Any>>) {
    let listener = TcpListener::bind(address).unwrap();
    let port = listener.local_addr().unwrap().port();
    // Of a listener on every address of both families: an IPv4 client, so that it sees mapped addresses.
    let target = match address.rsplit_once(':').unwrap() {
        ("[::]", _) => format!("127.0.0.1:{port}"),
        (host, _) => format!("{host}:{port}"),
    };
    let connect = || TcpStream::connect(&target).unwrap();
    let mut client = connect();
    let (server, _) = listener.accept().unwrap();
    client.write_all(b"unread").unwrap();
    let half = connect();
    let (other, _) = listener.accept().unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let ended = connect();
    let (gone, _) = listener.accept().unwrap();
    drop(ended);
    drop(gone);
    let waiting = connect();
    held.push(Box::new((listener, client, server, half, other, waiting)));
}

fn threads(count: u32) {
    for number in 0..count {
        let thread = std::thread::Builder::new().name(format!("pool ) {number}"));
        thread
            .spawn(|| std::thread::sleep(Duration::from_mins(10)))
            .unwrap();
    }
}

/// `%HH` as the byte: roles travel in the environment, and are parted by commas.
fn unescaped(value: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut parts = value.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend(rest.bytes());
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

fn write_mac(host: u8) -> String {
    let [one, two, ..] = random().to_le_bytes();
    format!("02:00:00:{one:02x}:{two:02x}:{host:02x}")
}

/// Makes the world around this process.
pub(crate) fn make() -> World {
    let mut processes = Vec::new();
    let mut start = |role: &str, own_network: bool| {
        let process = start_holder(&format!("{role},ready=ready"), own_network);
        let ready = Path::new(PLACE).join("ready");
        wait_for_file(&ready);
        fs::remove_file(&ready).unwrap();
        let pid = process.pid();
        processes.push(process);
        pid
    };
    ip("link set lo up");
    let ports: [u16; 6] = std::array::from_fn(|place| {
        // Six thousand apart, so that no two are equal.
        port() / 6 + 6_000 * u16::try_from(place).unwrap()
    });
    let far = start(
        &format!(
            "tcp=0.0.0.0:{},udp=127.0.0.1:{},threads=3,file=far.log",
            ports[0], ports[1]
        ),
        true,
    );
    let third = start(
        &format!("talk=127.0.0.1:{},raw=99,pair,comm=alone", ports[2]),
        true,
    );
    let scope = join(far);
    addresses(far);
    fixed_neighbors(far);
    let near = start(
        &format!(
            "tcp=127.0.0.1:{0},tcp=[::1]:{0},udp=[::]:{1},connect=192.0.2.2:{2},talk=[::]:{3},tcp=[fe80::1%25{scope}]:{4},\
             udp=[fe80::1%25{scope}]:{4},stream=stream socket,datagram=datagram,abstract=odd %C3%9F name,sequential=seq,\
             pair,raw=98,packet,threads=5,file=near.log,file=gone.log,file=really (deleted),file=new%0Aline%5C,file=%FF,\
             directory=gone directory,open=/dev/null,open=/mnt/tmp,open=/proc/self/ns/net,comm=) R 1 1 (sshd",
            ports[3], ports[4], ports[0], ports[5], ports[1]
        ),
        false,
    );
    let odd = start("comm=%FF%0A", false);
    processes.extend(start_nginx(port()));
    let mut add = |process: &mut Command| {
        let process = process
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = process.id();
        processes.push(Guard(process));
        pid
    };
    let mut empty = Command::new("sh");
    let empty = add(empty
        .arg0("")
        .args(["-c", "sleep 600; :", "", "a b", "", "caf\u{e9}"]));
    add(Command::new("sh").args(["-c", "true & exec sleep 600"]));
    add(Command::new("sh").args(["-c", "sleep 600 | cat"]));
    add(Command::new("nice").args(["-n", "7", "sleep", "600"]));
    add(Command::new("sh").args([
        "-c",
        "echo 321 > /proc/self/oom_score_adj; kill -STOP $$; sleep 600",
    ]));
    add(Command::new("sh").args(["-c", "ulimit -S -n 77; ulimit -c 0; exec setsid sleep 600"]));
    if has("setpriv") {
        let users = [
            "--ruid",
            "4001",
            "--euid",
            "4002",
            "--rgid",
            "4003",
            "--egid",
            "4004",
            "--clear-groups",
        ];
        add(Command::new("setpriv").args(users).args(["sleep", "600"]));
    }
    fs::copy("/bin/sleep", format!("{PLACE}/vanished")).unwrap();
    add(Command::new(format!("{PLACE}/vanished")).arg("600"));
    elsewhere(&mut add);
    add(Command::new("ip").args(["monitor", "neigh"]));
    if has("conntrack") {
        tracked(far);
    }
    settle();
    fs::remove_file(format!("{PLACE}/vanished")).unwrap();
    World {
        near,
        odd,
        empty,
        namespaces: vec![std::process::id(), far, third],
        _processes: processes,
    }
}

/// A pair of links to the other namespace; returns the index of the near one.
fn join(far: u32) -> u32 {
    ip(&format!(
        "link add near0 type veth peer name far0 netns {far}"
    ));
    ip("addr add 192.0.2.1/24 dev near0");
    ip("addr add 198.51.100.1/28 dev near0");
    for address in ["2001:db8::1/64", "fe80::1/64"] {
        ip(&format!("-6 addr add {address} dev near0 nodad"));
    }
    // The kernel's own link-local addresses, which it would test for a second, are not made.
    fs::write("/proc/sys/net/ipv6/conf/near0/addr_gen_mode", "1").unwrap();
    ip("link set near0 up");
    ip_in(far, "addr add 192.0.2.2/24 dev far0");
    ip_in(far, "link set far0 up");
    let index = fs::read_to_string("/sys/class/net/near0/ifindex").ok();
    index
        .and_then(|index| index.trim().parse().ok())
        .unwrap_or_else(|| {
            let shown = succeed(
                Command::new("ip").args(["-o", "link", "show", "near0"]),
                &[0],
            );
            let shown = String::from_utf8_lossy(&shown).into_owned();
            shown.split(':').next().unwrap().parse().unwrap()
        })
}

/// Routes of several kinds.
fn addresses(far: u32) {
    for route in [
        "default via 192.0.2.254 metric 100",
        "blackhole 203.0.113.0/28",
        "unreachable 203.0.113.16/28 metric 5",
        "prohibit 203.0.113.32/28",
        "203.0.113.64/28 dev near0",
        "203.0.113.80/28 via 192.0.2.253 table 77",
        "203.0.113.96/28 nexthop via 192.0.2.3 weight 1 nexthop via 192.0.2.4 weight 2",
    ] {
        ip(&format!("route add {route}"));
    }
    for route in [
        "default via 2001:db8::fe metric 9",
        "blackhole 2001:db8:5::/48",
        "2001:db8:6::/48 via fe80::9 dev near0",
        "2001:db8:8::/48 from 2001:db8::/64 via 2001:db8::fd",
        "2001:db8:9::/48 nexthop via 2001:db8::a nexthop via 2001:db8::b",
    ] {
        ip(&format!("-6 route add {route}"));
    }
    for rule in [
        "-4 rule add from 192.0.2.0/24 fwmark 7/0xff lookup 77 priority 500",
        "-4 rule add not to 198.51.100.9 iif near0 goto 32766 priority 600",
        "-6 rule add to 2001:db8:6::/48 lookup 77 priority 700",
    ] {
        ip(rule);
    }
    ip("link set near0 alias to-far");
    ip_in(far, "route add default via 192.0.2.1");
}

/// Fixed neighbours, so that none is learnt or ages between the witnesses.
fn fixed_neighbors(far: u32) {
    let near_mac = link_address(&mut Command::new("ip"), "near0");
    let far_mac = link_address(&mut in_network_of(far, "ip"), "far0");
    ip(&format!(
        "neigh replace 192.0.2.2 lladdr {far_mac} dev near0 nud permanent"
    ));
    ip(&format!(
        "neigh add 192.0.2.77 lladdr {} dev near0 nud permanent",
        write_mac(77)
    ));
    ip("neigh add proxy 192.0.2.88 dev near0");

    ip(&format!(
        "-6 neigh add 2001:db8::77 lladdr {} dev near0 nud permanent",
        write_mac(66)
    ));
    ip_in(
        far,
        &format!("neigh replace 192.0.2.1 lladdr {near_mac} dev far0 nud permanent"),
    );
    ip_in(
        far,
        &format!(
            "neigh add 192.0.2.78 lladdr {} dev far0 nud permanent",
            write_mac(78)
        ),
    );
}

fn link_address(ip: &mut Command, name: &str) -> String {
    let shown = succeed(ip.args(["-o", "link", "show", name]), &[0]);
    let text = String::from_utf8_lossy(&shown);
    let mut words = text
        .split_whitespace()
        .skip_while(|word| *word != "link/ether");
    words.nth(1).expect("an Ethernet address").to_owned()
}

/// Processes in another mount namespace, with mounts of odd names, and below another root.
fn elsewhere(add: &mut impl FnMut(&mut Command) -> u32) {
    fs::create_dir(STILL).unwrap();
    let mut mount = Command::new("mount");
    succeed(
        mount.args(["-t", "tmpfs", "-o", "size=3m,nr_inodes=77", "still", STILL]),
        &[0],
    );
    fs::write(format!("{STILL}/file"), vec![b'x'; 5000]).unwrap();
    let script = format!(
        "mkdir '{PLACE}/odd dir\\' && mount -t tmpfs -o size=1m,nr_inodes=9 'no device' '{PLACE}/odd dir\\' \
         && echo content > '{PLACE}/odd dir\\/file' && touch {PLACE}/mounted && exec sleep 600"
    );
    add(Command::new("unshare").args(["--mount", "sh", "-c", &script]));
    wait_for_file(&Path::new(PLACE).join("mounted"));
    let script = format!(
        "mkdir {PLACE}/jail && mount --bind / {PLACE}/jail && touch {PLACE}/jailed && exec chroot {PLACE}/jail sleep 600"
    );
    add(Command::new("sh").args(["-c", &script]));
    wait_for_file(&Path::new(PLACE).join("jailed"));
}

/// A web server that forks its workers, where there is one.
fn start_nginx(port: u16) -> Option<Guard> {
    if !has("nginx") {
        skip("a live nginx", "nginx is not installed");
        return None;
    }
    let configuration = format!("{PLACE}/nginx.conf");
    let text = format!(
        "daemon off; worker_processes 2; pid {PLACE}/nginx.pid; error_log {PLACE}/error.log;\n\
         events {{}}\n\
         http {{ access_log {PLACE}/access.log; client_body_temp_path {PLACE}/body; proxy_temp_path {PLACE}/proxy;\n\
         fastcgi_temp_path {PLACE}/fcgi; uwsgi_temp_path {PLACE}/uwsgi; scgi_temp_path {PLACE}/scgi;\n\
         server {{ listen 127.0.0.1:{port}; }} }}\n"
    );
    fs::write(&configuration, text).unwrap();
    let mut command = Command::new("nginx");
    command
        .args(["-c", &configuration])
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let nginx = Guard(command.spawn().unwrap());
    wait_for("nginx", || TcpStream::connect(("127.0.0.1", port)).ok());
    Some(nginx)
}

/// Entries of all protocols that `conntrack` can insert.
fn tracked(far: u32) {
    fs::write("/proc/sys/net/netfilter/nf_conntrack_acct", "1").unwrap();
    let (from, to) = (port(), port());
    let ports = format!("--sport {from} --dport {to}");
    let v4 = "-I -t 600 -s 198.51.100.1 -d 192.0.2.1 -p";
    let v6 = "-I -t 600 -s 2001:db8::1 -d 2001:db8::2 -p";
    for entry in [
        format!("{v4} tcp {ports} --state ESTABLISHED -u SEEN_REPLY,ASSURED --mark 7"),
        format!("{v4} tcp {ports} --state SYN_SENT -w 5"),
        format!(
            "-I -p tcp -s 198.51.100.2 -d 192.0.2.1 {ports} -r 203.0.113.2 -q 198.51.100.2 \
             --reply-port-src 8000 --reply-port-dst {from} --state ESTABLISHED -t 600 -u SEEN_REPLY,ASSURED"
        ),
        format!(
            "-I -p udp -s 198.51.100.2 -d 192.0.2.1 {ports} -r 192.0.2.1 -q 203.0.113.7 \
             --reply-port-src {to} --reply-port-dst 999 -t 600 -u SEEN_REPLY"
        ),
        format!("{v4} udp --sport {from} --dport 53"),
        format!("{v4} icmp --icmp-type 8 --icmp-code 0 --icmp-id {from}"),
        format!("{v4} sctp {ports} --state ESTABLISHED --orig-vtag 1 --reply-vtag 2"),
        format!("{v4} udplite {ports}"),
        format!("{v4} gre --srckey 1 --dstkey 2"),
        format!("{v4} 89"),
        format!("{v6} tcp {ports} --state ESTABLISHED -u SEEN_REPLY,ASSURED"),
        format!("{v6} icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id {from}"),
    ] {
        succeed(
            Command::new("conntrack").args(entry.split_whitespace()),
            &[0],
        );
    }
    let zoned = format!(
        "-I -t 600 -s 198.51.100.3 -d 192.0.2.1 -p tcp {ports} --state ESTABLISHED --orig-zone 9"
    );
    succeed(
        Command::new("conntrack").args(zoned.split_whitespace()),
        &[0],
    );
    let entry = format!("-I -p tcp -s 198.51.100.9 -d 192.0.2.2 {ports} --state SYN_SENT -t 600");
    succeed(
        in_network_of(far, "conntrack").args(entry.split_whitespace()),
        &[0],
    );
}

/// Lets connections and threads come to rest.
fn settle() {
    std::thread::sleep(Duration::from_millis(700));
}
