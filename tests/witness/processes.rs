//! Processes: a walk of `/proc` and `ps`, against the tables about processes.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::facts::{Facts, latin, latin_hex};
use crate::common::{hex, succeed};

/// What is known of all processes.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    /// What holds still.
    pub(crate) identity: Facts,
    /// What may change at any time.
    pub(crate) moving: Facts,
    pub(crate) fds: Facts,
    pub(crate) maps: Facts,
    pub(crate) ps: Facts,
    pub(crate) ps_moving: Facts,
}

impl Processes {
    /// Reads below `/proc` as plainly as can be, and asks `ps`.
    pub(crate) fn witnessed() -> Processes {
        let mut processes = Processes::default();
        for pid in numbers(Path::new("/proc")) {
            processes.walk(pid);
        }
        processes.ask_ps();
        processes
    }

    fn walk(&mut self, pid: u64) {
        let directory = PathBuf::from(format!("/proc/{pid}"));
        let myself = pid == u64::from(std::process::id());
        let Some(stat) = Stat::read(&directory.join("stat")) else {
            return;
        };
        let process = format!("process {pid}");
        for (field, value) in [
            ("name", hex(&stat.comm)),
            ("parent", stat.field(4)),
            ("pgroup", stat.field(5)),
            ("session", stat.field(6)),
            ("tty", stat.field(7)),
            ("nice", stat.field(19)),
            ("start_ticks", stat.field(22)),
        ] {
            self.identity.add(&process, field, value);
        }
        self.status(pid);
        self.small_files(pid);
        self.lines(pid);
        // The threads, fds, mappings and times of this very process change while it looks.
        if myself {
            return;
        }
        stat.times(&process, &mut self.moving);
        for tid in numbers(&directory.join("task")) {
            if let Some(stat) = Stat::read(&directory.join(format!("task/{tid}/stat"))) {
                let thread = format!("thread {pid}/{tid}");
                self.identity.add(&thread, "name", hex(&stat.comm));
                self.identity.add(&thread, "nice", stat.field(19));
                self.identity.add(&thread, "start_ticks", stat.field(22));
                self.moving.add(&thread, "processor", stat.field(39));
                stat.times(&thread, &mut self.moving);
            }
        }
        for fd in numbers(&directory.join("fd")) {
            self.fd(pid, fd);
        }
        for line in lines_of(&directory.join("maps")) {
            self.mapping(pid, &line);
        }
    }

    fn status(&mut self, pid: u64) {
        let process = format!("process {pid}");
        let myself = pid == u64::from(std::process::id());
        for line in lines_of(&PathBuf::from(format!("/proc/{pid}/status"))) {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let words: Vec<_> = value.split_whitespace().collect();
            let kibibytes = || words[0].parse::<u64>().expect("a number") * 1024;
            match name {
                "Uid" | "Gid" => {
                    let kind = name.to_lowercase();
                    for (which, word) in ["", "e", "s"].iter().zip(&words) {
                        self.identity.add(&process, &format!("{which}{kind}"), word);
                    }
                }
                "NSpid" => self
                    .identity
                    .add(&process, "namespace_pids", words.join(" ")),
                "Threads" if !myself => self.identity.add(&process, "threads", words[0]),
                _ if myself => {}
                "VmRSS" => self.moving.add(&process, "resident_size", kibibytes()),
                "VmSize" => self.moving.add(&process, "total_size", kibibytes()),
                "voluntary_ctxt_switches" => {
                    self.moving.add(&process, "voluntary_switches", words[0]);
                }
                "nonvoluntary_ctxt_switches" => {
                    self.moving.add(&process, "nonvoluntary_switches", words[0]);
                }
                _ => {}
            }
        }
    }

    /// Links, and files of one value or one line for each.
    fn small_files(&mut self, pid: u64) {
        let directory = PathBuf::from(format!("/proc/{pid}"));
        let process = format!("process {pid}");
        let link = |name: &str| std::fs::read_link(directory.join(name)).ok();
        for name in ["cwd", "root"] {
            if let Some(target) = link(name) {
                self.identity
                    .add(&process, name, hex(target.as_os_str().as_bytes()));
            }
        }
        if let Some(target) = link("exe") {
            let target = target.as_os_str().as_bytes();
            let path = target.strip_suffix(b" (deleted)");
            self.identity
                .add(&process, "path", hex(path.unwrap_or(target)));
            self.identity
                .add(&process, "on_disk", u8::from(path.is_none()));
        }
        let one = |name: &str| std::fs::read_to_string(directory.join(name)).ok();
        if let Some(value) = one("oom_score_adj") {
            self.identity.add(&process, "oom_score_adj", value.trim());
        }
        if let Some(value) = one("loginuid").filter(|value| value != "4294967295") {
            self.identity.add(&process, "login_uid", value.trim());
        }
        if pid != u64::from(std::process::id()) {
            for line in lines_of(&directory.join("io")) {
                match line.split_once(": ") {
                    Some(("read_bytes", value)) => {
                        self.moving.add(&process, "disk_bytes_read", value);
                    }
                    Some(("write_bytes", value)) => {
                        self.moving.add(&process, "disk_bytes_written", value);
                    }
                    _ => {}
                }
            }
        }
        for kind in ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] {
            if let Some(target) = link(&format!("ns/{kind}")) {
                let inode = digits(&target.to_string_lossy());
                self.identity
                    .add(format!("namespace {pid}/{kind}"), "inode", inode);
            }
        }
    }

    /// Arguments, environment, limits and control groups.
    fn lines(&mut self, pid: u64) {
        let directory = PathBuf::from(format!("/proc/{pid}"));
        let read = |name: &str| std::fs::read(directory.join(name)).unwrap_or_default();
        let arguments = read("cmdline");
        let parts = arguments.strip_suffix(b"\0").unwrap_or(&arguments);
        if !arguments.is_empty() {
            for (position, value) in parts.split(|byte| *byte == 0).enumerate() {
                self.identity
                    .add(format!("argument {pid}/{position}"), "value", hex(value));
            }
        }
        // What the test itself set holds no secret; of others' variables the names are enough.
        for entry in read("environ").split(|byte| *byte == 0) {
            if let Some(equals) = entry.iter().position(|byte| *byte == b'=') {
                let (key, value) = entry.split_at(equals);
                let variable = format!("variable {pid}/{}", hex(key));
                let shown = if key.starts_with(b"FREEZEFRAME_") {
                    hex(&value[1..])
                } else {
                    "is set".to_owned()
                };
                self.identity.add(variable, "value", shown);
            }
        }
        for line in lines_of(&directory.join("limits")).iter().skip(1) {
            let (name, rest) = line.split_at(26);
            let words: Vec<_> = rest.split_whitespace().collect();
            let limit = format!("limit {pid}/{}", name.trim());
            self.identity.add(&limit, "soft", words[0]);
            self.identity.add(&limit, "hard", words[1]);
            if let Some(unit) = words.get(2) {
                self.identity.add(&limit, "units", unit);
            }
        }
        for line in lines_of(&directory.join("cgroup")) {
            let parts: Vec<_> = line.splitn(3, ':').collect();
            let group = format!("cgroup {pid}/{}", parts[0]);
            self.identity.add(&group, "controllers", parts[1]);
            self.identity.add(&group, "path", latin_hex(parts[2]));
        }
    }

    fn fd(&mut self, pid: u64, fd: u64) {
        let directory = PathBuf::from(format!("/proc/{pid}"));
        let Ok(target) = std::fs::read_link(directory.join(format!("fd/{fd}"))) else {
            return;
        };
        let subject = format!("fd {pid}/{fd}");
        self.fds
            .add(&subject, "target", hex(target.as_os_str().as_bytes()));
        for line in lines_of(&directory.join(format!("fdinfo/{fd}"))) {
            let Some((name, value)) = line.split_once(":\t") else {
                continue;
            };
            match name {
                "flags" => {
                    let flags = u64::from_str_radix(value, 8).expect("octal digits");
                    self.fds.add(&subject, "flags", flags);
                }
                "mnt_id" => self.fds.add(&subject, "mnt_id", value),
                "ino" => self.fds.add(&subject, "inode", value),
                "pos" => self.moving.add(&subject, "pos", value),
                _ => {}
            }
        }
    }

    fn mapping(&mut self, pid: u64, line: &str) {
        let mut words = line.splitn(6, ' ');
        let mut word = || words.next().expect("a column");
        let (range, permissions, offset, device, inode) = (word(), word(), word(), word(), word());
        let path = word().trim_start();
        let (start, end) = range.split_once('-').expect("a range");
        let address = |text: &str| format!("{:016x}", u64::from_str_radix(text, 16).expect("hex"));
        let subject = format!("mapping {pid}/{}", address(start));
        let deleted = path.strip_suffix(" (deleted)");
        for (field, value) in [
            ("end", address(end)),
            ("permissions", permissions.to_owned()),
            (
                "offset",
                u64::from_str_radix(offset, 16).expect("hex").to_string(),
            ),
            ("device", device.to_owned()),
            ("inode", inode.to_owned()),
            ("deleted", u8::from(deleted.is_some()).to_string()),
        ] {
            self.maps.add(&subject, field, value);
        }
        let path = deleted.unwrap_or(path).replace("\\012", "\n");
        if !path.is_empty() {
            self.maps.add(&subject, "path", latin_hex(&path));
        }
    }

    fn ask_ps(&mut self) {
        let numbers = [
            "pid", "lwp", "ppid", "pgid", "sid", "ruid", "euid", "suid", "rgid", "egid", "sgid",
            "nlwp", "ni", "state", "rss", "vsz", "cputimes",
        ];
        for line in ps("-eLo", &numbers) {
            let words: Vec<_> = line.split_whitespace().collect();
            let (pid, tid) = (words[0], words[1]);
            let myself = pid == std::process::id().to_string();
            for (name, value) in numbers.iter().zip(&words).skip(2) {
                match *name {
                    // Of this process, which looks and waits meanwhile, only what cannot change.
                    "nlwp" | "ni" | "state" | "rss" | "vsz" | "cputimes" if myself => {}
                    "state" | "cputimes" => {
                        self.ps_moving.add(format!("thread {tid}"), name, value);
                    }
                    "rss" | "vsz" => self.ps_moving.add(format!("process {pid}"), name, value),
                    // Those of a thread, where a thread may have its own.
                    "ni" => self.ps.add(format!("thread {tid}"), name, value),
                    _ => self.ps.add(format!("process {pid}"), name, value),
                }
            }
        }
        for (field, column) in [
            ("comm", "comm"),
            ("args", "args"),
            ("user", "user:40"),
            ("lstart", "lstart"),
        ] {
            for line in ps("-eo", &["pid", column]) {
                // The number is padded on its left; one blank parts it from the value.
                let (number, value) = line.trim_start().split_once(' ').expect("two columns");
                let (subject, value) = (format!("process {number}"), value.trim_end());
                if field == "lstart" {
                    self.ps_moving.add(subject, field, epoch(value));
                } else {
                    self.ps.add(subject, field, value);
                }
            }
        }
    }

    pub(crate) fn stored(database: &Path) -> Processes {
        // The collector saw itself, as a witness before and after did not.
        let others = "pid NOT IN (SELECT pid FROM processes WHERE is_collector)";
        let myself = std::process::id();
        let ask = |sql: String| Facts::query(database, &sql);
        let joined =
            |parts: Vec<Facts>| Facts(parts.into_iter().flat_map(|facts| facts.0).collect());
        let process = "'process ' || pid AS subject";
        let identity = vec![
            ask(format!(
                "SELECT {process}, hex(name) AS name, parent, pgroup, session, tty, nice, start_ticks, uid, euid, suid,
                   gid, egid, sgid, namespace_pids, nullif(hex(cwd), '') AS cwd, nullif(hex(root), '') AS root,
                   nullif(hex(path), '') AS path, iif(on_disk < 0, NULL, on_disk) AS on_disk, oom_score_adj, login_uid, iif(pid = {myself}, NULL, threads) AS threads
                 FROM processes WHERE {others}"
            )),
            ask(format!(
                "SELECT 'thread ' || pid || '/' || tid AS subject, hex(name) AS name, nice, start_ticks
                 FROM threads WHERE {others} AND pid <> {myself}"
            )),
            ask(format!(
                "SELECT 'namespace ' || pid || '/' || type AS subject, inode
                 FROM process_namespaces WHERE {others}"
            )),
            ask(format!(
                "SELECT 'argument ' || pid || '/' || position AS subject, hex(value) AS value
                 FROM process_arguments WHERE {others}"
            )),
            ask(format!(
                "SELECT 'variable ' || pid || '/' || hex(key) AS subject,
                   iif(key GLOB 'FREEZEFRAME_*', hex(value), 'is set') AS value
                 FROM process_envs WHERE {others} AND value IS NOT NULL"
            )),
            ask(format!(
                "SELECT 'limit ' || pid || '/' || type AS subject, iif(soft_unlimited, 'unlimited', soft_limit) AS soft,
                   iif(hard_unlimited, 'unlimited', hard_limit) AS hard, units
                 FROM process_limits WHERE {others}"
            )),
            ask(format!(
                "SELECT 'cgroup ' || pid || '/' || hierarchy AS subject, controllers, hex(path) AS path
                 FROM process_cgroups WHERE {others}"
            )),
        ];
        let moving = vec![
            ask(format!(
                "SELECT {process}, state, user_time, system_time, resident_size, total_size, voluntary_switches,
                   nonvoluntary_switches, disk_bytes_read, disk_bytes_written
                 FROM processes WHERE {others}"
            )),
            ask(format!(
                "SELECT 'thread ' || pid || '/' || tid AS subject, state, user_time, system_time, processor
                 FROM threads WHERE {others}"
            )),
            ask(format!("SELECT 'fd ' || pid || '/' || fd AS subject, pos FROM process_fds WHERE {others}")),
        ];
        let args = printable(&ask(format!(
            "SELECT {process}, hex(iif(state = 'Z', '[' || name || '] <defunct>', iif(cmdline = '', '[' || name || ']', cmdline)))
               AS args FROM processes WHERE {others}"
        )));
        let comm = printable(&ask(format!(
            "SELECT {process}, hex(name) AS comm FROM processes WHERE {others}"
        )));
        let ps = vec![
            ask(format!(
                "SELECT {process}, parent AS ppid, pgroup AS pgid, session AS sid, uid AS ruid, euid, suid, gid AS rgid,
                   egid, sgid, iif(pid = {myself}, NULL, threads) AS nlwp,
                   coalesce((SELECT username FROM users WHERE users.uid = euid LIMIT 1), euid) AS user
                 FROM processes WHERE {others}"
            )),
            ask(format!(
                "SELECT 'thread ' || tid AS subject, nice AS ni FROM threads WHERE {others} AND pid <> {myself}"
            )),
            args,
            comm,
        ];
        let ps_moving = vec![
            ask(format!(
                "SELECT {process}, coalesce(resident_size, 0) / 1024 AS rss, coalesce(total_size, 0) / 1024 AS vsz
                 FROM processes WHERE {others}"
            )),
            ask(format!(
                "SELECT 'thread ' || tid AS subject, state, (user_time + system_time) / 1000 AS cputimes
                 FROM threads WHERE {others}"
            )),
            // `ps` adds seconds since boot to the second of the boot, both cut to whole ones: it may be one behind.
            ask(format!(
                "SELECT {process}, start_time AS lstart FROM processes WHERE {others}
                 UNION ALL SELECT {process}, start_time - 1 FROM processes WHERE {others}"
            )),
        ];
        Processes {
            identity: joined(identity),
            moving: joined(moving),
            fds: ask(format!(
                "SELECT 'fd ' || pid || '/' || fd AS subject, flags, mnt_id, inode,
                   hex(target) || iif(deleted, hex(' (deleted)'), '') AS target
                 FROM process_fds WHERE {others} AND pid <> {myself}"
            )),
            maps: ask(format!(
                "SELECT 'mapping ' || pid || '/' || start AS subject, end, permissions, offset, device, inode, deleted,
                   nullif(hex(path), '') AS path
                 FROM process_memory_map WHERE {others} AND pid <> {myself}"
            )),
            ps: joined(ps),
            ps_moving: joined(ps_moving),
        }
    }
}

/// The fields of a `stat` line, counted as in proc(5) from 1.
struct Stat {
    comm: Vec<u8>,
    rest: Vec<String>,
}

impl Stat {
    fn read(path: &Path) -> Option<Stat> {
        let line = std::fs::read(path).ok()?;
        let open = line.iter().position(|byte| *byte == b'(')?;
        let close = line.iter().rposition(|byte| *byte == b')')?;
        let rest = latin(&line[close + 1..]);
        Some(Stat {
            comm: line[open + 1..close].to_vec(),
            rest: rest.split_whitespace().map(str::to_owned).collect(),
        })
    }

    fn field(&self, number: usize) -> String {
        self.rest[number - 3].clone()
    }

    /// State, and CPU times in milliseconds; a tick is a hundredth of a second on all that run Linux today.
    fn times(&self, subject: &str, facts: &mut Facts) {
        facts.add(subject, "state", self.field(3));
        for (field, number) in [("user_time", 14), ("system_time", 15)] {
            let ticks: u64 = self.field(number).parse().expect("a number");
            facts.add(subject, field, ticks * 10);
        }
    }
}

fn ps(which: &str, columns: &[&str]) -> Vec<String> {
    // A column each, without headings, in full width.
    let columns: Vec<_> = columns.iter().map(|column| format!("{column}=")).collect();
    let mut ps = Command::new("ps");
    ps.args(["-ww", which, &columns.join(",")])
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
    let shown = succeed(&mut ps, &[0]);
    latin(&shown).lines().map(str::to_owned).collect()
}

/// Epoch seconds of the date as `ps` writes it.
fn epoch(shown: &str) -> i64 {
    let text = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let date = jiff::civil::DateTime::strptime("%a %b %d %H:%M:%S %Y", &text).expect("a date");
    let instant = jiff::tz::TimeZone::UTC.to_timestamp(date);
    instant.expect("a time of this age").as_second()
}

/// Values in hex as `ps` writes their bytes in the C locale: a point for a control character, a question mark for what is
/// no ASCII.
fn printable(facts: &Facts) -> Facts {
    let shown = |fact: &String| {
        let (subject, digits) = fact.rsplit_once(' ').expect("a value");
        let bytes = digits.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).expect("digits");
            match u8::from_str_radix(pair, 16).expect("hex") {
                0..=31 | 127 => '.',
                byte @ 32..=126 => char::from(byte),
                128..=255 => '?',
            }
        });
        let value: String = bytes.collect();
        format!("{subject} {}", value.trim_end())
    };
    Facts(facts.0.iter().map(shown).collect())
}

fn lines_of(path: &Path) -> Vec<String> {
    let text = latin(&std::fs::read(path).unwrap_or_default());
    text.lines().map(str::to_owned).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

pub(crate) fn numbers(directory: &Path) -> Vec<u64> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}
