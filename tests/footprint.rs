//! Every system call of a capture, against what FORMAT.md says that it touches.
#![cfg(test)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::namespace::{inside, open_directory};
use common::{Guard, count, has, run_within, skip, succeed, wait_for};

const NOBODY: &str = "65534";

/// Calls that act on the calling process alone, or on a descriptor that another call opened for reading.
const HARMLESS: &[&str] = &[
    "arch_prctl",
    "brk",
    "clock_getres",
    // The clock is asked in the process itself, unless the machine has one that only the kernel can read.
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "close_range",
    "exit",
    "exit_group",
    "fstat",
    "fstatfs",
    "futex",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getrandom",
    "getrusage",
    "gettid",
    "getuid",
    "lseek",
    "madvise",
    "memfd_create",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "pidfd_open",
    "pipe2",
    "poll",
    "ppoll",
    "pread64",
    "read",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "uname",
    "wait4",
];

/// One line of a trace.
struct Call<'a> {
    name: &'a str,
    arguments: &'a str,
    result: &'a str,
}

impl<'a> Call<'a> {
    /// `None` for what is no call: a signal that came, an end, a call that was never made because of that. A call that the end
    /// of its process cut off has no result, and whatever end of the line strace then writes.
    fn parse(line: &'a str) -> Option<Self> {
        if ["---", "+++", "???"]
            .iter()
            .any(|mark| line.starts_with(mark))
        {
            return None;
        }
        let (call, result) = line.rsplit_once(" = ").unwrap_or((line, "?"));
        let (name, arguments) = call
            .split_once('(')
            .unwrap_or_else(|| panic!("no call: {line}"));
        Some(Call {
            name,
            arguments: arguments
                .trim_end()
                .trim_end_matches(')')
                .trim_end_matches("<unfinished ...>")
                .trim_end()
                .trim_end_matches([')', ',']),
            result,
        })
    }

    fn has(&self, word: &str) -> bool {
        self.arguments
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|part| part == word)
    }

    fn failed(&self) -> bool {
        self.result.starts_with('-')
    }

    /// The path of the descriptor that is the first argument.
    fn place(&self) -> &'a str {
        between(self.first())
    }

    fn first(&self) -> &'a str {
        self.arguments.split(", ").next().unwrap_or_default()
    }

    /// The strings among the arguments, as strace escapes them.
    fn strings(&self) -> Vec<&'a str> {
        self.arguments.split('"').skip(1).step_by(2).collect()
    }
}

/// The path that strace shows with a descriptor.
fn between(descriptor: &str) -> &str {
    let path = descriptor.split_once('<').map_or("", |(_, path)| path);
    path.trim_end_matches("(deleted)").trim_end_matches('>')
}

/// A trace without a last call that was cut off by SIGKILL. Where the process is gone before strace has read which call it was
/// about to make, strace shows the one that it read last: that of the parent, by which the worker was ended.
fn of_its_own(trace: &str) -> &str {
    trace
        .strip_suffix("+++ killed by SIGKILL +++\n")
        .filter(|calls| calls.ends_with("<unfinished ...>\n"))
        .map_or(trace, |calls| {
            calls
                .trim_end_matches('\n')
                .rsplit_once('\n')
                .map_or("", |(before, _)| before)
        })
}

/// What FORMAT.md allows.
struct Allowed {
    /// Paths that the program opens for itself.
    own: Vec<String>,
    /// Calls with an effect.
    calls: BTreeSet<String>,
}

impl Allowed {
    fn read() -> Self {
        let text = std::fs::read_to_string(common::workspace().join("schema/FORMAT.md")).unwrap();
        let section = text
            .split("\n## ")
            .find(|part| part.contains("What a capture touches"));
        let section = section.expect("FORMAT.md has the section");
        let mut tables: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut table = "";
        for line in section.lines() {
            let Some(row) = line.strip_prefix("| ") else {
                continue;
            };
            let first = row.split(" |").next().unwrap();
            if !first.starts_with('`') {
                table = first;
                continue;
            }
            let words = first.split('`').skip(1).step_by(2).map(str::to_owned);
            tables.entry(table).or_default().extend(words);
        }
        Allowed {
            own: tables
                .remove("opened for itself")
                .expect("a table of paths"),
            calls: tables
                .remove("call")
                .expect("a table of calls")
                .into_iter()
                .collect(),
        }
    }

    /// Whether a path is one that the program opens for itself.
    fn is_own(&self, path: &str) -> bool {
        self.own.iter().any(|pattern| matches(pattern, path))
    }
}

/// Whether a path has a pattern, in which `*` stands for a part of a name.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => path.strip_prefix(start).is_some_and(|path| {
            let name = path.find('/').unwrap_or(path.len());
            (0..=name).any(|at| path.get(at..).is_some_and(|path| matches(rest, path)))
        }),
    }
}

/// The processes of one capture, each with its trace.
struct Traced {
    traces: BTreeMap<u32, String>,
    parent: u32,
}

impl Traced {
    fn read(place: &Path) -> Self {
        let mut traces = BTreeMap::new();
        for entry in std::fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if let Some(pid) = name.strip_prefix("trace.") {
                let bytes = std::fs::read(&path).unwrap();
                traces.insert(
                    pid.parse().unwrap(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                );
            }
        }
        let parent = *traces.keys().next().expect("at least one process");
        assert!(traces.len() > 1, "no worker was traced");
        Traced { traces, parent }
    }

    /// Every line that is not allowed, with why.
    fn against(&self, allowed: &Allowed, is_root: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        for (pid, trace) in &self.traces {
            let mut before: Option<Call<'_>> = None;
            for line in of_its_own(trace).lines() {
                let Some(call) = Call::parse(line) else {
                    continue;
                };
                let refused_noatime = before.as_ref().is_some_and(|before| {
                    before.has("O_NOATIME") && before.result.contains("EPERM")
                });
                let retried = !is_root && refused_noatime;
                if let Err(why) = self.judge(*pid, &call, allowed, retried) {
                    wrong.push(format!("{why}: {line}"));
                }
                before = Some(call);
            }
        }
        wrong
    }

    fn judge(
        &self,
        pid: u32,
        call: &Call<'_>,
        allowed: &Allowed,
        retried: bool,
    ) -> Result<(), &'static str> {
        if HARMLESS.contains(&call.name) {
            return Ok(());
        }
        if !allowed.calls.contains(call.name) {
            return Err("a call that FORMAT.md does not list");
        }
        let is_parent = pid == self.parent;
        let is_worker = |text: &str| {
            let pid = text.parse().ok();
            pid.is_some_and(|pid| pid != self.parent && self.traces.contains_key(&pid))
        };
        let strings = call.strings();
        let path = strings.first().copied().unwrap_or_default();
        let place = call.place();
        let is_bundle = |path: &str| path == "/mnt/tmp/x.tar.zst.partial";
        let holds = |holds: bool, why| if holds { Ok(()) } else { Err(why) };
        match call.name {
            "open" | "openat" | "openat2" => self.judge_open(pid, call, allowed, retried),
            "write" | "pwrite64" => {
                let own = place.starts_with("pipe:[") || place.ends_with("/oom_score_adj");
                holds(own || is_parent && is_bundle(place), "written elsewhere")
            }
            "fallocate" | "fdatasync" | "fchmod" => holds(is_bundle(place), "not the bundle"),
            "ftruncate" => holds(
                is_bundle(place) || place.starts_with("/memfd:"),
                "not the bundle",
            ),
            "renameat2" => holds(
                call.has("RENAME_NOREPLACE")
                    && strings == ["/mnt/tmp/x.tar.zst.partial", "/mnt/tmp/x.tar.zst"],
                "another name",
            ),
            "kill" => holds(
                is_parent && is_worker(call.first()) && call.has("SIGKILL"),
                "a signal to another process",
            ),
            "setpriority" | "ioprio_set" => {
                let who = call.arguments.split(", ").nth(1).unwrap_or_default();
                holds(who == "0" || is_worker(who), "another process")
            }
            "execve" => holds(
                is_parent && path == "/mnt/capture" || path == "/proc/self/exe",
                "another program",
            ),
            "clone3" | "clone" | "vfork" => holds(is_parent, "a worker starts a process"),
            "access" => holds(allowed.is_own(path), "looked at"),
            "newfstatat" if place.starts_with("/proc/") && !path.is_empty() => {
                holds(call.has("AT_SYMLINK_NOFOLLOW"), "looked at through a link")
            }
            "newfstatat" => holds(
                path.is_empty() && call.has("AT_EMPTY_PATH")
                    || ["/mnt/tmp/x.tar.zst", "/mnt/tmp/x.tar.zst.partial"].contains(&path),
                "looked at",
            ),
            "statx" => holds(
                path.is_empty() || place.starts_with("/proc/") && call.has("AT_STATX_DONT_SYNC"),
                "looked at",
            ),
            "readlinkat" | "readlink" => holds(
                path.is_empty()
                    || place.starts_with("/proc")
                    || path.starts_with("/proc/self/fd/")
                    || allowed.is_own(path),
                "a link by its name",
            ),
            "prctl" => {
                let option = call.first();
                // PR_GET_AUXV, which this strace may not know.
                let known = option.starts_with("PR_SET_DUMPABLE")
                    || option.contains("0x41555856")
                    || option.contains("AUXV")
                    || ["PR_SET_VMA", "PR_SET_PDEATHSIG"].contains(&option)
                    || call.arguments == r#"PR_SET_NAME, "watch""#;
                holds(known, "an option of the process")
            }
            "prlimit64" => {
                let sets = call.arguments.split(", ").nth(2) != Some("NULL");
                holds(
                    !sets || call.has("RLIMIT_CORE") || call.has("RLIMIT_STACK"),
                    "a limit",
                )
            }
            "fcntl" => holds(
                ["F_GETFD", "F_SETFD", "F_GETFL"]
                    .iter()
                    .any(|word| call.has(word))
                    || call.has("F_SETPIPE_SZ") && place.starts_with("pipe:["),
                "a descriptor",
            ),
            "ioctl" => holds(
                call.has("FIONBIO") && place.starts_with("pipe:["),
                "a device",
            ),
            "socket" => holds(
                call.first() == "AF_NETLINK"
                    && ["NETLINK_ROUTE", "NETLINK_SOCK_DIAG", "NETLINK_NETFILTER"]
                        .iter()
                        .any(|family| call.has(family)),
                "a socket of another family",
            ),
            // A request for all of something; what it asks of whom the kinds of messages say.
            "sendto" => {
                // As strace names them, and as it shows them where it does not know the protocol.
                let kind = ["RTM_GET", "SOCK_DIAG_BY_FAMILY", "_GET"]
                    .iter()
                    .any(|kind| call.arguments.contains(kind));
                let number = [
                    "0x12", "0x14", "0x16", "0x1a", "0x1e", "0x22", "0x101", "0x201",
                ]
                .iter()
                .any(|kind| call.arguments.contains(&format!("nlmsg_type={kind} ")));
                let is_dump = call.has("NLM_F_DUMP")
                    || call.arguments.contains("nlmsg_flags=NLM_F_REQUEST|0x300,");
                holds(
                    !is_parent && is_dump && (kind || number),
                    "no request for a dump",
                )
            }
            "recvfrom" => holds(!is_parent, "received by the parent"),
            "setns" => holds(
                !is_parent && call.has("CLONE_NEWNET"),
                "another kind of namespace",
            ),
            "clock_adjtime" | "adjtimex" => {
                holds(call.arguments.contains("{modes=0,"), "the clock")
            }
            "dup2" | "dup3" | "setpgid" => Ok(()),
            _ => Err("a call that this test cannot judge"),
        }
    }

    fn judge_open(
        &self,
        pid: u32,
        call: &Call<'_>,
        allowed: &Allowed,
        retried: bool,
    ) -> Result<(), &'static str> {
        let path = call.strings().first().copied().unwrap_or_default();
        let opened = if call.failed() {
            path
        } else {
            between(call.result)
        };
        let writes = [
            "O_WRONLY",
            "O_RDWR",
            "O_CREAT",
            "O_TRUNC",
            "O_APPEND",
            "O_TMPFILE",
        ];
        if writes.iter().any(|flag| call.has(flag)) {
            let bundle = pid == self.parent
                && path == "/mnt/tmp/x.tar.zst.partial"
                && ["O_CREAT", "O_EXCL", "O_NOFOLLOW"]
                    .iter()
                    .all(|flag| call.has(flag));
            let own =
                path == "/proc/self/oom_score_adj" && pid != self.parent && !call.has("O_CREAT");
            return if bundle || own {
                Ok(())
            } else {
                Err("opened for writing")
            };
        }
        // Taking hold of something is no opening: no access time, no event, no file system that is asked for content.
        if call.has("O_PATH") || allowed.is_own(path) || allowed.is_own(opened) {
            return Ok(());
        }
        if pid == self.parent {
            return Err("opened by the parent");
        }
        // Of a directory that lies in procfs.
        let in_proc = call.place().starts_with("/proc") || call.place() == "/" && path == "proc";
        if in_proc && (path == "." || call.has("O_NOFOLLOW") || call.has("RESOLVE_BENEATH")) {
            return Ok(());
        }
        if !path.starts_with("/proc/self/fd/") {
            return Err("opened by its name");
        }
        let careful = call.has("O_NONBLOCK")
            && call.has("O_NOATIME")
            && (call.has("O_NOCTTY") || call.has("O_DIRECTORY"));
        // The device is for root.
        let bare = retried || call.failed() || opened == "/dev/kmsg";
        if careful || bare && call.has("O_NONBLOCK") {
            Ok(())
        } else {
            Err("opened without care")
        }
    }
}

/// Traces a capture; returns what was found.
fn traced(user: Option<&str>) -> Traced {
    let place = open_directory().join("tmp");
    let out = place.join("traces");
    let mut command = match user {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--regid", user, "--clear-groups", "strace"]);
            command
        }
        None => Command::new("strace"),
    };
    let _ = std::fs::remove_dir_all(&out);
    let _ = std::fs::remove_file(place.join("x.tar.zst"));
    std::fs::create_dir(&out).unwrap();
    succeed(Command::new("chmod").arg("777").arg(&out), &[0]);
    command
        // Where the test runner looks for libraries is no part of the capture.
        .env_remove("LD_LIBRARY_PATH")
        .args(["-ff", "-y", "-s", "4096", "-o"])
        .arg(out.join("trace"))
        .args(["/mnt/capture", "-q", "-o", "/mnt/tmp/x.tar.zst"]);
    let ended = run_within(&mut command, Duration::from_secs(100));
    assert!(
        matches!(ended.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    Traced::read(&out)
}

#[test]
fn every_call_is_allowed() {
    if !inside("every_call_is_allowed") {
        return;
    }
    if !has("strace") || !has("setpriv") {
        skip(
            "the trace of a capture",
            "strace or setpriv is not installed",
        );
        return;
    }
    // Logs of this machine are none of the test's business.
    succeed(
        Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/var/log"]),
        &[0],
    );
    std::fs::write(
        "/var/log/syslog",
        "2026-11-24T10:15:02+00:00 host app: planted\n",
    )
    .unwrap();
    let mut other = Command::new("unshare");
    let other = other
        .args(["--net", "--mount", "sleep", "1000.5"])
        .stdin(Stdio::null());
    let other = Guard(other.spawn().unwrap());
    // A network namespace may be long in the making.
    let command_line = format!("/proc/{}/cmdline", other.0.id());
    wait_for("the other process", || {
        (std::fs::read(&command_line).ok()? == b"sleep\x001000.5\0").then_some(())
    });
    open_directory();
    let allowed = Allowed::read();
    let bundle = Path::new("/mnt/tmp/x.tar.zst");
    for user in [None, Some(NOBODY)] {
        let traced = traced(user);
        let wrong = traced.against(&allowed, user.is_none());
        assert!(
            wrong.is_empty(),
            "as {user:?}, {} lines of {} processes:\n{}",
            wrong.len(),
            traced.traces.len(),
            wrong
                .iter()
                .take(40)
                .cloned()
                .collect::<Vec<_>>()
                .join("\n")
        );
        // It is the trace of a capture that did its work.
        assert_eq!(
            count(bundle, "FROM processes WHERE cmdline = 'sleep 1000.5'"),
            1
        );
        assert_eq!(count(bundle, "FROM log_lines WHERE message = 'planted'"), 1);
    }
}

#[test]
fn what_is_forbidden_is_found() {
    let allowed = Allowed::read();
    let trace = |lines: &str| Traced {
        traces: BTreeMap::from([(10, String::new()), (11, lines.to_owned())]),
        parent: 10,
    };
    for line in [
        r#"connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file or directory)"#,
        r#"openat(AT_FDCWD</>, "/etc/nsswitch.conf", O_RDONLY|O_CLOEXEC) = 3</etc/nsswitch.conf>"#,
        r#"open("/proc/self/fd/7", O_RDONLY|O_NONBLOCK|O_NOCTTY|O_CLOEXEC) = 3</etc/passwd>"#,
        r#"openat(AT_FDCWD</>, "/tmp/x", O_WRONLY|O_CREAT|O_CLOEXEC, 0600) = 3</tmp/x>"#,
        r#"write(3</tmp/x>, "x", 1) = 1"#,
        "kill(11, SIGTERM) = 0",
        "setns(4, CLONE_NEWNS) = 0",
        "socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_UDP) = 3<socket:[1]>",
        r"sendto(3<socket:[1]>, [{nlmsg_len=32, nlmsg_type=RTM_DELROUTE, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=0, nlmsg_pid=0}], 32, 0, NULL, 0) = 32",
        r#"execve("/bin/sh", ["sh"], 0x7ffd /* 0 vars */) = 0"#,
        r#"prctl(PR_SET_NAME, "x") = 0"#,
        r#"newfstatat(AT_FDCWD</>, "/etc/passwd", {st_mode=S_IFREG|0644, st_size=1, ...}, 0) = 0"#,
        r#"finit_module(3</x.ko>, "", 0) = 0"#,
    ] {
        assert_eq!(trace(line).against(&allowed, true).len(), 1, "{line}");
    }
    let cut_off = r#"prctl(PR_SET_NAME, "watch" <unfinished ...>) = ?"#;
    assert_eq!(trace(cut_off).against(&allowed, true), Vec::<String>::new());
    let killed = "kill(11, SIGKILL <unfinished ...>\n+++ killed by SIGKILL +++\n";
    assert_eq!(trace(killed).against(&allowed, true), Vec::<String>::new());
    let exited = "kill(11, SIGKILL <unfinished ...>\n+++ exited with 0 +++\n";
    assert_eq!(trace(exited).against(&allowed, true).len(), 1);
    let good = r#"open("/proc/self/fd/7", O_RDONLY|O_NONBLOCK|O_NOCTTY|O_NOATIME|O_CLOEXEC) = 3</etc/passwd>"#;
    assert_eq!(trace(good).against(&allowed, true), Vec::<String>::new());
}
