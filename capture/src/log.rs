//! Which files are logs, without knowing the server: what a process holds open and appends to, and what its command line names.

use crate::arguments;

/// What an `open` flag of `fdinfo` says: for writing alone, for both, behind the end, only as a place.
const WRONLY: u64 = 0o1;
const ACCESS: u64 = 0o3;
const APPEND: u64 = 0o2000;
const PATH: u64 = 0o10_000_000;

/// Names of what is appended to and is no log: databases and their journals, histories, locks.
const OTHERS: [&[u8]; 14] = [
    b".aof",
    b".db",
    b".sqlite",
    b".sqlite3",
    b"-wal",
    b"-journal",
    b".journal",
    b".journal~",
    b".wal",
    b"_history",
    b".pid",
    b".lock",
    b".binlog",
    b".swp",
];
/// How the names of logs end, as far as it matters: of a file that is not appended to.
const ENDINGS: [&[u8]; 5] = [b".log", b".out", b".err", b"_log", b"-log"];
/// How the names of what configures logs end, and of programs.
const CONFIGURATION: [&[u8]; 11] = [
    b".conf",
    b".xml",
    b".properties",
    b".yml",
    b".yaml",
    b".json",
    b".so",
    b".jar",
    b".ini",
    b".cnf",
    b".toml",
];
/// Where the configuration of a host lies, its programs, and what the kernel shows.
const NO_LOGS: [&[u8]; 8] = [
    b"proc", b"sys", b"dev", b"etc", b"usr", b"bin", b"lib", b"boot",
];

/// What is behind a descriptor that a process logs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Where it wrote last.
    pub position: u64,
    /// Inode of the file, where the kernel tells (Linux 5.14).
    pub inode: Option<u64>,
}

/// Whether a process logs to what it holds open: it appends, or it only writes and the name says so, or it is its standard
/// output or error.
pub fn held(fd: u32, target: &[u8], fdinfo: &[u8]) -> Option<Held> {
    let name = target.strip_suffix(b" (deleted)").unwrap_or(target);
    let first = name.strip_prefix(b"/")?;
    if first.starts_with(b"memfd:") || first.starts_with(b"SYSV") {
        return None;
    }
    // Most descriptors fail here.
    let value = |field: &[u8]| {
        let at = memchr::memmem::find(fdinfo, field)?;
        let rest = fdinfo.get(at.saturating_add(field.len())..)?;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        std::str::from_utf8(rest.get(..end)?.trim_ascii()).ok()
    };
    let flags = u64::from_str_radix(value(b"flags:")?, 8).ok()?;
    let is_written = flags & ACCESS != 0 && flags & PATH == 0;
    let is_logs = flags & APPEND != 0
        || (flags & ACCESS == WRONLY && (matches!(fd, 1 | 2) || ends(name, &ENDINGS)));
    if !is_written || !is_logs || ends(name, &OTHERS) {
        return None;
    }
    let below = |directory: &[u8]| {
        first
            .strip_prefix(directory)
            .is_some_and(|rest| rest.starts_with(b"/"))
    };
    if below(b"dev") || below(b"proc") || below(b"sys") {
        return None;
    }
    Some(Held {
        position: value(b"pos:")?.parse().unwrap_or(0),
        inode: value(b"ino:").and_then(|inode| inode.parse().ok()),
    })
}

/// Paths on a command line that are logs: what is called so, or given for an option that is.
pub fn named(arguments: &[u8]) -> Vec<Vec<u8>> {
    let values = arguments::options(arguments).filter(|(option, value)| {
        let is_option = option.starts_with(b"-")
            && memchr::memmem::find(&option.to_ascii_lowercase(), b"log").is_some();
        let has_dot = value
            .rsplit(|byte| *byte == b'/')
            .next()
            .is_some_and(|name| name.contains(&b'.'));
        (ends(value, &ENDINGS) || (is_option && has_dot)) && !ends(value, &OTHERS)
    });
    values
        .filter_map(|(_, value)| arguments::path(value, &NO_LOGS))
        .filter(|path| !ends(path, &CONFIGURATION))
        .collect()
}

fn ends(name: &[u8], endings: &[&[u8]]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_logs_to() {
        let check = |fd: u32, target: &str, flags: &str, expected: Option<u64>| {
            let fdinfo = format!("pos:\t120\nflags:\t{flags}\nmnt_id:\t29\nino:\t77\n");
            let held = held(fd, target.as_bytes(), fdinfo.as_bytes());
            assert_eq!(held.map(|held| held.position), expected, "{target} {flags}");
        };
        check(3, "/srv/x/anything", "0102001", Some(120));
        check(3, "/srv/x/anything", "0102002", Some(120));
        check(3, "/srv/gone (deleted)", "02001", Some(120));
        check(3, "/srv/x/anything", "0100001", None);
        check(1, "/srv/x/anything", "0100001", Some(120));
        check(7, "/srv/x/app.log", "0100001", Some(120));
        // Read and written at any place: a database.
        check(7, "/srv/x/app.log", "0100002", None);
        check(7, "/srv/x/app.log", "0100000", None);
        check(7, "/srv/x/app.log", "012102001", None);
        for other in [
            "/srv/redis/appendonly.aof",
            "/srv/x/data.sqlite-wal",
            "/root/.bash_history",
            "/dev/shm/x.log",
            "/proc/1/x",
            "/sys/kernel/tracing/trace_marker",
            "/memfd:x.log (deleted)",
            "socket:[7]",
            "",
        ] {
            check(2, other, "02001", None);
        }
        check(2, "/devel/x", "02001", Some(120));
        let fdinfo = |text: &str| held(3, b"/srv/x", text.as_bytes());
        assert_eq!(
            fdinfo("pos:\t1\nflags:\t02001\n"),
            Some(Held {
                position: 1,
                inode: None
            })
        );
        for odd in [
            "",
            "flags:\t02001\n",
            "pos:\t1\nflags:\t9\n",
            "pos:\t1\nflags:",
        ] {
            assert_eq!(fdinfo(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_a_command_line_names() {
        let check = |arguments: &[u8], expected: &[&str]| {
            let paths = named(arguments);
            let paths: Vec<_> = paths
                .iter()
                .map(|path| String::from_utf8_lossy(path))
                .collect();
            assert_eq!(paths, expected, "{}", String::from_utf8_lossy(arguments));
        };
        check(
            b"mysqld\0--log-error=/var/log//mysql/error.txt\0--datadir=/srv/x\0--pid-file=/run/x.pid\0",
            &["/var/log/mysql/error.txt"],
        );
        check(
            b"java\0-Xlog:gc:file=/srv/gc.log\0-jar\0/srv/app.jar\0",
            &["/srv/gc.log"],
        );
        check(
            b"app\0--logfile\0/srv/app.txt\0/srv/other.log\0",
            &["/srv/app.txt", "/srv/other.log"],
        );
        check(b"app\0-l\0/srv/app.txt\0", &[]);
        check(b"/usr/bin/x.log\0", &[]);
        check(
            b"app\0--log\0/etc/shadow.log\0--log=/srv/../etc/x.log\0--log=/proc/kmsg.log\0",
            &[],
        );
        check(
            b"java\0-Dlogback.configurationFile=/srv/logback.xml\0--log=/srv/tls/x.pem\0",
            &[],
        );
        check(
            b"app\0--log=file:///srv/a.b\0--log=stderr\0--log=\0",
            &["/srv/a.b"],
        );
        check(b"", &[]);
    }
}
