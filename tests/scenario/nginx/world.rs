//! Builds the scenario inside the namespaces of the test: a host with a container runtime's shim, nginx in a container
//! behind an address translation, an upstream server and a client, each in a network namespace of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::story::{Link, Story};
use crate::common::namespace::{
    HOLDER, cover, in_network_of, network_of, start_holder, this_binary, wait_for_file,
};
use crate::common::{Guard, program, run_within, succeed, wait_for, wait_within};

/// Where the processes of the scenario meet, in the test's own mount namespace.
const RUN: &str = "/mnt/run";
/// The directory for what the test outside is to see.
const OUT: &str = "/mnt/out";

/// Variables that the test hands to itself inside.
pub(crate) const SEED: &str = "FREEZEFRAME_SEED";
pub(crate) const OUTPUT: &str = "FREEZEFRAME_OUTPUT";
pub(crate) const CONTAINER_CGROUP: &str = "FREEZEFRAME_CONTAINER_CGROUP";
pub(crate) const MEMORY_CGROUP: &str = "FREEZEFRAME_MEMORY_CGROUP";

/// What only the run could tell.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) shim: u32,
    pub(crate) nginx: u32,
    pub(crate) workers: Vec<u32>,
    pub(crate) host_namespace: u64,
    pub(crate) web_namespace: u64,
    pub(crate) conntrack: bool,
    /// The lines of the kernel's log about the kill.
    pub(crate) kill: Option<Kill>,
}

/// How the kernel told the kill: its record of fields, and its sentence.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kill {
    pub(crate) fields: String,
    pub(crate) sentence: String,
}

/// Makes everything, lets the client ask, captures, and writes the facts beside the bundle.
pub(crate) fn freeze(story: &Story) {
    prepare(story);
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").expect("the namespace forwards");
    ip("link set lo up");
    let upstream = start_holder("upstream", true);
    let client = start_holder("client", true);
    let shim = start_holder("shim", false);
    let nginx = pid_of("web");
    for (link, pid) in [
        (&story.client, client.pid()),
        (&story.web, nginx),
        (&story.upstream, upstream.pid()),
    ] {
        wire(link, pid);
    }
    translate(story);
    fs::write(run("wired"), "").expect("the processes are told");
    wait_for_file(Path::new(&run("served")));
    let kill = std::env::var(MEMORY_CGROUP)
        .ok()
        .map(|group| run_out_of_memory(story, &group));

    let mut capture = Command::new("/mnt/capture");
    capture
        .arg("-q")
        .arg("-o")
        .arg(format!("{OUT}/bundle.tar.zst"));
    let ended = run_within(&mut capture, Duration::from_secs(70));
    assert!(
        matches!(ended.status.code(), Some(0 | 1)),
        "{:?} {}",
        ended.status,
        String::from_utf8_lossy(&ended.stderr)
    );
    let facts = Facts {
        shim: shim.pid(),
        nginx,
        workers: children(nginx),
        host_namespace: network_of(std::process::id()),
        web_namespace: network_of(nginx),
        conntrack: Path::new("/proc/net/nf_conntrack").exists(),
        kill,
    };
    assert_eq!(facts.workers.len(), 2, "nginx has its workers");
    let text = serde_json::to_vec(&facts).expect("facts are plain");
    fs::write(format!("{OUT}/facts.json"), text).expect("the facts are written");
}

/// What the holder of a role does; it ends with the namespaces.
pub(crate) fn hold(role: &str, story: &Story) {
    match role {
        "upstream" => serve(story.upstream_port),
        "client" => ask(story),
        "shim" => run_container(story),
        "hog" => ask_for_memory(story),
        other => panic!("no role {other}"),
    }
}

fn run(name: &str) -> String {
    format!("{RUN}/{name}")
}

fn ip(arguments: &str) {
    succeed(Command::new("ip").args(arguments.split(' ')), &[0]);
}

fn ip_in(pid: u32, arguments: &str) {
    succeed(in_network_of(pid, "ip").args(arguments.split(' ')), &[0]);
}

/// Homes, users and logs of the test's own in place of this machine's.
fn prepare(story: &Story) {
    let bind = |from: &str, to: &str| {
        succeed(Command::new("mount").args(["--bind", from, to]), &[0]);
    };
    let output = std::env::var(OUTPUT).expect("the test outside names a directory");
    cover("/mnt");
    for directory in [OUT, RUN] {
        fs::create_dir(directory).expect("an empty directory");
    }
    bind(&output, OUT);
    fs::copy(program("capture"), "/mnt/capture").expect("the program is copied");
    // The process to be killed has no rights: it needs a binary that all can reach.
    fs::copy(this_binary(), run("hog")).expect("the binary is copied");
    for directory in ["/home", "/root", "/var/log"] {
        cover(directory);
    }
    let (worker, worker_id) = &story.worker;
    let (person, person_id) = &story.person;
    let passwd = format!(
        "root:x:0:0:root:/root:/bin/bash\n\
         {worker}:x:{worker_id}:{worker_id}::/nonexistent:/usr/sbin/nologin\n\
         {person}:x:{person_id}:{person_id}::/home/{person}:/bin/bash\n"
    );
    let group = format!("root:x:0:\n{worker}:x:{worker_id}:\n{person}:x:{person_id}:\n");
    for (name, text) in [("passwd", passwd), ("group", group)] {
        fs::write(run(name), text).expect("the file is written");
        bind(&run(name), &format!("/etc/{name}"));
    }
    let home = format!("/home/{person}");
    fs::create_dir(&home).expect("an empty directory");
    let history = format!("{home}/.bash_history");
    fs::write(&history, &story.person_history).expect("the history is written");
    for path in [&home, &history] {
        std::os::unix::fs::chown(path, Some(*person_id), Some(*person_id)).expect("root may");
    }
    fs::write("/root/.bash_history", &story.root_history).expect("the history is written");
}

/// The process id that a process wrote of itself.
fn pid_of(name: &str) -> u32 {
    wait_for(name, || {
        let text = fs::read_to_string(run(name)).ok()?;
        text.strip_suffix('\n')?.parse().ok()
    })
}

/// Joins the host with the network namespace of a process.
fn wire(link: &Link, pid: u32) {
    let (name, host, peer) = (&link.name, &link.host, &link.peer);
    ip(&format!(
        "link add {name} type veth peer name eth0 netns {pid}"
    ));
    ip(&format!("addr add {host}/24 dev {name}"));
    ip(&format!("link set {name} up"));
    ip_in(pid, &format!("addr add {peer}/24 dev eth0"));
    ip_in(pid, "link set eth0 up");
    ip_in(pid, &format!("route add default via {host}"));
}

/// As a container runtime does: a port of the host leads to nginx, and nginx is seen outside as the host.
fn translate(story: &Story) {
    let rules = [
        format!(
            "PREROUTING -d {} -p tcp --dport {} -j DNAT --to-destination {}:{}",
            story.client.host, story.published_port, story.web.peer, story.web_port
        ),
        format!(
            "POSTROUTING -s {} -o {} -j MASQUERADE",
            story.web.peer, story.upstream.name
        ),
    ];
    for rule in rules {
        let mut iptables = Command::new("iptables");
        iptables
            .args(["-w", "5", "-t", "nat", "-A"])
            .args(rule.split(' '));
        succeed(&mut iptables, &[0]);
    }
}

fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = fs::read_to_string(path).expect("nginx runs");
    text.split_whitespace()
        .map(|child| child.parse().expect("a number"))
        .collect()
}

/// Starts a process in the control group that asks for more than it has; returns how the kernel told its end.
fn run_out_of_memory(story: &Story, group: &str) -> Kill {
    let uid = story.hog.uid.to_string();
    let script = "echo $$ > \"$1/cgroup.procs\" && echo \"$2\" > /proc/self/oom_score_adj && shift 2 && exec \"$@\"";
    let adjustment = story.hog.oom_score_adj.to_string();
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "sh", group, &adjustment])
        .args([
            "setpriv",
            "--reuid",
            &uid,
            "--regid",
            &uid,
            "--clear-groups",
            &run("hog"),
        ])
        .args(["--exact", "hold", "--nocapture", "--test-threads=1"])
        .env(HOLDER, "hog")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mut hog = Guard(command.spawn().expect("the shell starts"));
    let status = wait_within(&mut hog.0, Duration::from_secs(30)).expect("the kernel kills it");
    assert_eq!(status.signal(), Some(9), "{status:?}");
    // `dmesg` is the witness: it reads the same log on its own.
    let log = succeed(Command::new("dmesg").arg("--notime"), &[0]);
    let log = String::from_utf8_lossy(&log).into_owned();
    // Other runs left kills in the log: the group of this one is told by its parent too, which names the test's process.
    let group = Path::new(group)
        .components()
        .rev()
        .take(2)
        .collect::<Vec<_>>();
    let task = format!(
        "/{}/{},task={},",
        group[1].as_os_str().display(),
        group[0].as_os_str().display(),
        story.hog.name
    );
    let mut lines = log.lines();
    let fields = lines
        .by_ref()
        .find(|line| line.contains("oom-kill:") && line.contains(&task))
        .expect("the kernel tells the kill");
    let sentence = lines
        .find(|line| line.contains(": Killed process "))
        .expect("the kernel tells who was killed");
    Kill {
        fields: fields.to_owned(),
        sentence: sentence.to_owned(),
    }
}

/// A server that answers every request with a word, on connections that stay.
fn serve(port: u16) {
    let listener = TcpListener::bind(("0.0.0.0", port)).expect("the port is free");
    for connection in listener.incoming() {
        let connection = connection.expect("a connection");
        std::thread::spawn(move || {
            let mut reader = BufReader::new(&connection);
            while head(&mut reader).is_some() {
                (&connection)
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                    .expect("the answer is sent");
            }
        });
    }
}

/// The first line of a message; its others are read up to the empty one. None at the end of the connection.
fn head(reader: &mut impl BufRead) -> Option<String> {
    let mut first = String::new();
    reader
        .read_line(&mut first)
        .ok()
        .filter(|length| *length > 0)?;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|length| *length > 0)?;
    }
    Some(first)
}

/// The client: a few requests through the host's port, on one connection that stays.
fn ask(story: &Story) {
    wait_for_file(Path::new(&run("wired")));
    let address = (story.client.host.as_str(), story.published_port);
    let mut connection = wait_for("nginx", || TcpStream::connect(address).ok());
    connection
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a time above zero");
    for number in 0..story.requests {
        let request = format!("GET /{number} HTTP/1.1\r\nHost: site.example\r\n\r\n");
        connection
            .write_all(request.as_bytes())
            .expect("the request is sent");
        let mut reader = BufReader::new(&connection);
        let first = head(&mut reader).expect("an answer");
        assert!(first.starts_with("HTTP/1.1 200 "), "{first}");
        let mut body = [0; 5];
        reader.read_exact(&mut body).expect("the body");
        assert_eq!(&body, b"hello");
    }
    fs::write(run("served"), "").expect("the test is told");
    rest();
}

/// As a container runtime's shim: starts nginx in namespaces and a control group, and keeps the other end of its output.
fn run_container(story: &Story) {
    fs::write("/proc/self/comm", &story.shim).expect("a process may name itself");
    let configuration = run("nginx.conf");
    fs::write(&configuration, configuration_of(story)).expect("the configuration is written");
    let script = "set -e\n\
        if [ -n \"$1\" ]; then echo $$ > \"$1/cgroup.procs\"; fi\n\
        ip link set lo up\n\
        echo $$ > \"$2/web\"\n\
        until [ -e \"$2/wired\" ]; do sleep 0.05; done\n\
        exec nginx -c \"$2/nginx.conf\"";
    let group = std::env::var(CONTAINER_CGROUP).unwrap_or_default();
    let log = fs::File::create(run("container.log")).expect("the log is made");
    let mut command = Command::new("unshare");
    command
        .args([
            "--net", "--mount", "--uts", "--ipc", "sh", "-c", script, "sh", &group, RUN,
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(run("container.err")).expect("the log is made"));
    let mut container = Guard(command.spawn().expect("unshare starts"));
    let mut output = container.0.stdout.take().expect("the pipe was asked for");
    std::thread::spawn(move || std::io::copy(&mut output, &mut &log));
    rest();
}

fn configuration_of(story: &Story) -> String {
    let (user, _) = &story.worker;
    let (address, upstream_port) = (&story.upstream.peer, story.upstream_port);
    let port = story.web_port;
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let places = kinds
        .map(|kind| format!("{kind}_temp_path {RUN}/{kind};"))
        .join(" ");
    // As images of nginx have it: the log is the pipe that the shim holds, opened once more.
    format!(
        "daemon off; user {user} {user}; worker_processes 2; pid {RUN}/nginx.pid; error_log stderr;\n\
         events {{}}\n\
         http {{ access_log /dev/stdout; keepalive_timeout 600s; {places}\n\
         upstream application {{ server {address}:{upstream_port}; keepalive 2; keepalive_timeout 600s; }}\n\
         server {{ listen {port};\n\
         location / {{ proxy_pass http://application; proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}\n"
    )
}

/// Asks for ten times the memory that its control group has.
fn ask_for_memory(story: &Story) {
    fs::write("/proc/self/comm", &story.hog.name).expect("a process may name itself");
    let mut held = Vec::new();
    for _ in 0..240 {
        held.push(vec![1_u8; 1 << 20]);
    }
    panic!("{} MiB were given beyond the limit", held.len());
}

/// Holds what it has until it is killed.
fn rest() {
    std::thread::sleep(Duration::from_mins(10));
}
