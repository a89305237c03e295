//! The host: a few services, addresses and files of its own, in the test's own namespaces.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::namespace::{cover, open_directory};
use crate::common::{Guard, run_within, succeed, wait_for};

const LIMIT: Duration = Duration::from_secs(70);

const DOCKER: &str = "/var/lib/docker";

/// What a service is started with.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) program: String,
    /// What stands before it on the command line, as `setpriv` does.
    pub(crate) wrapper: Vec<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) directory: PathBuf,
}

/// The host, and what runs on it.
pub(crate) struct World {
    place: PathBuf,
    running: BTreeMap<&'static str, (Service, Guard)>,
    captures: u32,
    /// Ids of containers by the names of their programs.
    containers: BTreeMap<&'static str, String>,
}

impl World {
    /// Makes the host and starts its services.
    pub(crate) fn new() -> Self {
        World::on(None)
    }

    /// The same, with its programs in a directory that outlives it.
    pub(crate) fn on(disk: Option<&Path>) -> Self {
        let place = open_directory();
        if let Some(disk) = disk {
            let [here, there] = [disk.join("bin"), place.join("bin")];
            for directory in [&here, &there] {
                fs::create_dir_all(directory).unwrap();
            }
            bind(&here, &there);
        }
        for directory in ["/home", "/root", "/var/log", "/var/lib", "/opt"] {
            cover(directory);
        }
        for (file, text) in [
            (
                "passwd",
                "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\n",
            ),
            ("group", "root:x:0:\nanna:x:1000:\n"),
            ("hosts", "127.0.0.1 localhost\n192.0.2.7 db\n"),
            ("resolv.conf", "nameserver 192.0.2.53\n"),
        ] {
            let own = place.join(file);
            fs::write(&own, text).unwrap();
            bind(&own, &Path::new("/etc").join(file));
        }
        // The kernel has one log for all: what it says of other tests is no change of this host.
        let kernel_log = place.join("kmsg");
        fs::write(&kernel_log, "").unwrap();
        bind(&kernel_log, Path::new("/dev/kmsg"));
        let script = place.join("service.pl");
        fs::write(&script, include_str!("service.pl")).unwrap();
        let mut world = World {
            place,
            running: BTreeMap::new(),
            captures: 0,
            containers: BTreeMap::new(),
        };
        succeed(Command::new("hostname").arg("web-1"), &[0]);
        ip("link set lo up");
        for address in ["192.0.2.7", "192.0.2.8", "192.0.2.9"] {
            ip(&format!("address add {address}/32 dev lo"));
        }
        ip("route add 198.51.100.7/32 dev lo");
        fs::write(
            "/opt/shop.conf",
            "listen 8080\ndb_password = hunter2hunter2\nworkers 2\n",
        )
        .unwrap();
        for name in ["shop-1.24", "db"] {
            if !world.program(name).exists() {
                world.install(name);
            }
        }
        world.start(
            "db",
            &[
                "--listen",
                "192.0.2.7:5432",
                "--listen",
                "192.0.2.8:5432",
                "--listen",
                "192.0.2.9:5432",
            ],
        );
        world.start(
            "shop-1.24",
            &[
                "--listen",
                "127.0.0.1:8080",
                "--connect",
                "192.0.2.7:5432",
                "--log",
                "/var/log/shop.log",
                "--workers",
                "2",
                "--title",
                "shop",
                "--config",
                "/opt/shop.conf",
                "--port",
                "1",
            ],
        );
        world
    }

    /// Puts a copy of the interpreter where a program is to lie: each service is a program of its own.
    pub(crate) fn install(&self, name: &str) -> PathBuf {
        let program = self.program(name);
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let new = program.with_extension("new");
        let perl = succeed(
            Command::new("sh").args(["-c", "readlink -f \"$(command -v perl)\""]),
            &[0],
        );
        fs::copy(String::from_utf8(perl).unwrap().trim(), &new).unwrap();
        fs::rename(&new, &program).unwrap();
        program
    }

    fn program(&self, name: &str) -> PathBuf {
        self.place.join("bin").join(name)
    }

    /// Starts a service by the name of its program.
    pub(crate) fn start(&mut self, name: &'static str, arguments: &[&str]) {
        let service = Service {
            program: name.to_owned(),
            wrapper: ["prlimit", "--nofile=1024:2048"]
                .map(str::to_owned)
                .to_vec(),
            arguments: arguments
                .iter()
                .map(|argument| (*argument).to_owned())
                .collect(),
            environment: [("DB_HOST", "db-1"), ("MODE", "production")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            directory: PathBuf::from("/opt"),
        };
        self.run(name, service);
    }

    /// Starts a service as it is described.
    pub(crate) fn run(&mut self, name: &'static str, service: Service) {
        let control = self.control(name);
        let done = control.with_extension("control.done");
        let _ = fs::remove_file(&done);
        let program = self.program(&service.program);
        let mut words: Vec<String> = service.wrapper.clone();
        words.push(program.display().to_string());
        words.push(self.place.join("service.pl").display().to_string());
        words.extend(service.arguments.clone());
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .env_clear()
            .envs(&service.environment)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("CONTROL", &control)
            .current_dir(&service.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        let guard = Guard(command.spawn().unwrap());
        wait_for(&format!("{name} is there"), || done.exists().then_some(()));
        self.running.insert(name, (service, guard));
    }

    /// Starts a service in a container, as Docker does: with files of the container's own mounted, which tell its id.
    pub(crate) fn run_container(&mut self, name: &'static str, called: &str) {
        self.captures += 1;
        self.containers
            .insert(name, format!("{:064x}", self.captures));
        self.name_container(name, called);
        let own = format!("{DOCKER}/containers/{}/hostname", self.containers[name]);
        fs::write(&own, "cabin\n").unwrap();
        let script = "mount --bind \"$1\" /etc/hostname; shift; exec \"$@\"";
        let service = Service {
            program: name.to_owned(),
            wrapper: ["unshare", "--mount", "sh", "-c", script, "sh", &own]
                .map(str::to_owned)
                .to_vec(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            directory: PathBuf::from("/"),
        };
        self.run(name, service);
    }

    /// Says what a container is called, where Docker keeps it.
    pub(crate) fn name_container(&self, name: &str, called: &str) {
        let id = &self.containers[name];
        let directory = format!("{DOCKER}/containers/{id}");
        fs::create_dir_all(&directory).unwrap();
        let state = format!(
            r#"{{"ID":"{id}","Name":"/{called}","Created":"2026-11-24T10:00:00Z","Config":{{"Image":"cabin:1"}},"State":{{"Running":true}}}}"#
        );
        fs::write(format!("{directory}/config.v2.json"), state).unwrap();
    }

    /// Stops what runs in a container, and forgets it.
    pub(crate) fn remove_container(&mut self, name: &'static str) {
        self.stop(name);
        let id = self.containers.remove(name).expect("a container");
        fs::remove_dir_all(format!("{DOCKER}/containers/{id}")).unwrap();
    }

    fn control(&self, name: &str) -> PathBuf {
        // One that has a dot in its name would lose what follows it.
        self.place
            .join("tmp")
            .join(name.replace('.', "-"))
            .with_extension("control")
    }

    /// Starts a web server, clients that ask it all the time, for what is there and what is not, and programs that come and go.
    pub(crate) fn serve(&mut self) -> [Guard; 2] {
        let configuration = self.place.join("nginx.conf");
        let text = "worker_processes 2; daemon off; user root; pid /mnt/nginx.pid; error_log /var/log/error.log;\n\
            events {}\nhttp { access_log /var/log/access.log; client_body_temp_path /mnt/tmp/a; proxy_temp_path /mnt/tmp/b;\n\
            fastcgi_temp_path /mnt/tmp/c; uwsgi_temp_path /mnt/tmp/d; scgi_temp_path /mnt/tmp/e;\n\
            server { listen 127.0.0.1:81; root /opt; } }\n";
        fs::write(&configuration, text).unwrap();
        let mut nginx = Command::new("nginx");
        nginx.arg("-c").arg(configuration).stdin(Stdio::null());
        let nginx = Guard(nginx.spawn().unwrap());
        wait_for("nginx", || TcpStream::connect("127.0.0.1:81").ok());
        self.install("client");
        self.start("client", &["--ask", "127.0.0.1:81"]);
        let mut jobs = Command::new("sh");
        jobs.args(["-c", "while :; do sleep 0.05; sh -c 'true; true'; done"]);
        [nginx, Guard(jobs.spawn().unwrap())]
    }

    /// Stops a service, and starts it again as `change` would have it.
    pub(crate) fn restart(&mut self, name: &'static str, change: impl FnOnce(&mut Service)) {
        let mut service = self.stop(name);
        change(&mut service);
        self.run(name, service);
    }

    /// Stops a service and its workers.
    pub(crate) fn stop(&mut self, name: &'static str) -> Service {
        let (service, mut guard) = self.running.remove(name).expect("it runs");
        let workers = workers_of(guard.pid());
        guard.0.kill().unwrap();
        guard.0.wait().unwrap();
        for worker in workers {
            succeed(
                Command::new("kill").args(["-KILL", &worker.to_string()]),
                &[0, 1],
            );
            wait_for("the worker is gone", || (!is_running(worker)).then_some(()));
        }
        service
    }

    pub(crate) fn pid(&self, name: &str) -> u32 {
        self.running[name].1.pid()
    }

    /// Tells a running service to do something; see `service.pl`.
    pub(crate) fn tell(&self, name: &str, what: &str) {
        fs::write(self.control(name), format!("{what}\n")).unwrap();
        self.signal(name, "USR1");
    }

    /// Sends a signal to a service and waits until it did what it means.
    pub(crate) fn signal(&self, name: &str, signal: &str) {
        let done = self.control(name).with_extension("control.done");
        fs::remove_file(&done).unwrap();
        succeed(
            Command::new("kill").args([&format!("-{signal}"), &self.pid(name).to_string()]),
            &[0],
        );
        wait_for(&format!("{name} does it"), || done.exists().then_some(()));
    }

    /// Appends to a file of `/etc` or, with `from`, replaces a text in it.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.place.join(file);
        let text = fs::read_to_string(&path).unwrap();
        let text = if from.is_empty() {
            text + to
        } else {
            text.replace(from, to)
        };
        fs::write(path, text).unwrap();
    }

    /// Freezes the host.
    pub(crate) fn capture(&mut self) -> PathBuf {
        self.capture_under("/mnt/tmp/key")
    }

    /// Freezes the host under a key.
    pub(crate) fn capture_under(&mut self, key: &str) -> PathBuf {
        self.captures += 1;
        let bundle = self.place.join(format!("tmp/{}.tar.zst", self.captures));
        let mut capture = Command::new("/mnt/capture");
        capture.args(["-q", "--case-key", key, "-o"]).arg(&bundle);
        succeed(&mut capture, &[0, 1]);
        bundle
    }
}

/// What is told of two captures: a line for each, with its service before it, numbers of processes and times left out.
pub(crate) fn differences(before: &Path, after: &Path, options: &[&str]) -> Vec<String> {
    differences_by(Path::new("/mnt/analyze"), before, after, options)
}

/// The same, by the program that lies elsewhere.
pub(crate) fn differences_by(
    program: &Path,
    before: &Path,
    after: &Path,
    options: &[&str],
) -> Vec<String> {
    let mut diff = Command::new(program);
    diff.arg("diff").arg(before).arg(after).args(options);
    let output = run_within(&mut diff, LIMIT);
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let mut service = "";
    let mut lines = Vec::new();
    for line in text.split("\n\n").skip(1).flat_map(str::lines) {
        match line.strip_prefix("  ") {
            None => service = line,
            // What stands below a line belongs to it.
            Some(below) if below.starts_with("    ") => {
                let last: &mut String = lines.last_mut().expect("a line above");
                last.push_str(" | ");
                last.push_str(&without_pseudonyms(below.trim()));
            }
            Some(line) => lines.push(format!("{service}: {}", plain(line))),
        }
    }
    let code = i32::from(!lines.is_empty());
    assert_eq!(output.status.code(), Some(code), "{text}");
    lines.sort();
    lines
}

/// Has a file or a directory stand in the place of another one.
pub(crate) fn bind(own: &Path, place: &Path) {
    let mut mount = Command::new("mount");
    succeed(mount.arg("--bind").args([own, place]), &[0]);
}

pub(crate) fn ip(arguments: &str) {
    succeed(Command::new("ip").args(arguments.split(' ')), &[0]);
}

fn workers_of(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    children
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

fn is_running(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat"));
    state.is_ok_and(|stat| !stat.contains(") Z "))
}

/// A line without what differs from run to run: when something was started, and pids.
fn plain(line: &str) -> String {
    let line = match line.split_once("restarted") {
        Some((sign, rest)) => {
            let (some, what) = rest.split_once(": ").unwrap_or((rest, ""));
            let some = some.split(" 20").next().unwrap_or_default();
            format!("{sign}restarted{some}: {what}")
        }
        None => line.to_owned(),
    };
    let line = line.split("  (pid ").next().unwrap_or_default();
    let line = line.replace("/mnt/bin/", "");
    let line = match line
        .strip_suffix(" bytes")
        .and_then(|line| line.rsplit_once(", "))
    {
        Some((begin, sizes)) => {
            let sizes: Vec<u64> = sizes
                .split(" -> ")
                .map(|size| size.parse().unwrap())
                .collect();
            let is_longer = sizes[0] < sizes[1];
            format!("{begin}, {}", if is_longer { "longer" } else { "shorter" })
        }
        None => line,
    };
    // Under the key of the test they are what they are; which ones does not matter.
    let line = without_pseudonyms(&line);
    // Of a command line the program is enough, of memory that it differs.
    if let Some((begin, memory)) = line.split_once("resident memory ") {
        let program = memory.split_once(": ").map_or("", |(_, command)| command);
        let program = program.split(' ').next().unwrap_or_default();
        return format!("{begin}resident memory {program}");
    }
    match line.split_once(" /mnt/service.pl") {
        Some((program, rest)) => match rest.split_once(": ") {
            Some((_, change)) => format!("{program}: {change}"),
            None => program.to_owned(),
        },
        None => line,
    }
}

/// A line in which the digits of all pseudonyms are a star.
fn without_pseudonyms(line: &str) -> String {
    let mut parts = line.split("secret:");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (digits, rest) = part.split_at_checked(digits).unwrap_or(("", part));
        shown.push_str("secret:");
        shown.push_str(if digits.len() == 16 { "*" } else { digits });
        shown.push_str(rest);
    }
    shown
}
