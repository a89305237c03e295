//! What other programs say about a host, and what a database says, as lines that can be compared.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::namespace::{in_network_of, network_of};
use super::{has, hex, line, rows, succeed};

/// Facts of one kind, as lines that can be compared.
#[derive(Debug, Default, Clone)]
pub(crate) struct Facts(pub(crate) BTreeSet<String>);

impl Facts {
    /// What was there before and after must be found; what is found must have been there before or after.
    #[track_caller]
    pub(crate) fn compare(&self, what: &str, after: &Facts, found: &Facts) {
        let missing: Vec<_> = self
            .0
            .intersection(&after.0)
            .filter(|fact| !found.0.contains(*fact))
            .collect();
        let invented: Vec<_> = found
            .0
            .iter()
            .filter(|fact| !self.0.contains(*fact) && !after.0.contains(*fact))
            .collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "{what}: missing {missing:#?}, invented {invented:#?}"
        );
    }
}

/// What other programs, or the database, say about the host.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    pub(crate) processes: Facts,
    pub(crate) ps: Facts,
    pub(crate) threads: Facts,
    pub(crate) fds: Facts,
    pub(crate) sockets: Facts,
    pub(crate) conntrack: Facts,
    pub(crate) neighbors: Facts,
}

impl Witness {
    pub(crate) fn of(processes: &[u32]) -> Witness {
        let mut witness = Witness::default();
        witness.walk();
        witness.ask_ps();
        for pid in processes {
            let namespace = network_of(*pid);
            if has("ss") {
                for (protocol, flag) in [("tcp", "-Htanp"), ("udp", "-Huanp")] {
                    let shown = succeed(in_network_of(*pid, "ss").arg(flag), &[0]);
                    witness.sockets.0.extend(
                        String::from_utf8_lossy(&shown)
                            .lines()
                            .flat_map(|line| ss_line(namespace, protocol, line)),
                    );
                }
            }
            if has("conntrack") {
                let shown = succeed(in_network_of(*pid, "conntrack").arg("-L"), &[0]);
                witness.conntrack.0.extend(
                    String::from_utf8_lossy(&shown)
                        .lines()
                        .map(|line| conntrack_line(namespace, line)),
                );
            }
            let shown = succeed(in_network_of(*pid, "ip").args(["-4", "neigh"]), &[0]);
            witness.neighbors.0.extend(
                String::from_utf8_lossy(&shown)
                    .lines()
                    .map(|line| neighbor_line(namespace, line)),
            );
        }
        witness
    }

    /// Everything below `/proc/PID`, read as plainly as can be.
    fn walk(&mut self) {
        for pid in numbers(Path::new("/proc")) {
            let process = PathBuf::from(format!("/proc/{pid}"));
            let Some((comm, fields)) = stat(&process.join("stat")) else {
                continue;
            };
            let (parent, start) = (&fields[1], &fields[19]);
            self.processes.0.insert(format!(
                "{pid} {} parent {parent} start {start}",
                hex(&comm)
            ));
            // The threads and fds of this very process change while it looks.
            if pid == u64::from(std::process::id()) {
                continue;
            }
            for tid in numbers(&process.join("task")) {
                if let Some((comm, _)) = stat(&process.join(format!("task/{tid}/stat"))) {
                    self.threads.0.insert(format!("{pid} {tid} {}", hex(&comm)));
                }
            }
            for fd in numbers(&process.join("fd")) {
                if let Ok(target) = std::fs::read_link(process.join(format!("fd/{fd}"))) {
                    self.fds
                        .0
                        .insert(format!("{pid} {fd} {}", hex(target.as_os_str().as_bytes())));
                }
            }
        }
    }

    fn ask_ps(&mut self) {
        if !has("ps") {
            return;
        }
        let shown = succeed(
            Command::new("ps").args(["-eo", "pid=,ppid=,euid=,egid=,nlwp=,pgid=,sid=,ni="]),
            &[0],
        );
        let text = String::from_utf8(shown).unwrap();
        let lines = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        self.ps.0.extend(lines);
    }

    pub(crate) fn from_database(database: &Path) -> Witness {
        // The collector saw itself, as a witness before and after did not.
        let others = "pid NOT IN (SELECT pid FROM processes WHERE is_collector)";
        let facts = |sql: &str| {
            let rows = rows(database, sql);
            Facts(
                rows.iter()
                    .map(|row| line(row).replace(" | ", " "))
                    .collect(),
            )
        };
        let myself = std::process::id();
        Witness {
            processes: facts(&format!(
                "SELECT pid, hex(name), 'parent', parent, 'start', start_ticks FROM processes WHERE {others}"
            )),
            ps: facts(&format!(
                "SELECT pid, parent, euid, egid, threads, pgroup, session, nice FROM processes WHERE {others}"
            )),
            threads: facts(&format!(
                "SELECT pid, tid, hex(name) FROM threads WHERE {others} AND pid <> {myself}"
            )),
            fds: facts(&format!(
                "SELECT pid, fd, hex(target) || CASE WHEN deleted THEN hex(' (deleted)') ELSE '' END
                 FROM process_fds WHERE {others} AND pid <> {myself}"
            )),
            sockets: facts(
                "SELECT s.net_namespace, s.protocol, s.state, s.local_address, s.local_port, s.remote_address,
                        s.remote_port, f.pid, f.fd
                 FROM sockets s LEFT JOIN process_fds f ON f.type = 'socket' AND f.inode = s.inode
                 WHERE s.protocol IN ('tcp', 'udp')",
            ),
            conntrack: facts(
                "SELECT net_namespace, protocol, state, orig_src, orig_dst, orig_sport, orig_dport, reply_src, reply_dst,
                        reply_sport, reply_dport, coalesce(nat, 'no nat') FROM conntrack",
            ),
            neighbors: facts(
                "SELECT net_namespace, address, mac, interface, (flags & 4) > 0 FROM neighbors",
            ),
        }
    }
}

fn numbers(directory: &Path) -> Vec<u64> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// comm, and the fields from the third on.
fn stat(path: &Path) -> Option<(Vec<u8>, Vec<String>)> {
    let line = std::fs::read(path).ok()?;
    let open = line.iter().position(|byte| *byte == b'(')?;
    let close = line.iter().rposition(|byte| *byte == b')')?;
    let fields = String::from_utf8(line[close + 1..].to_vec()).ok()?;
    let fields = fields.split_whitespace().map(str::to_owned).collect();
    Some((line[open + 1..close].to_vec(), fields))
}

/// One fact for each holder of a socket, or one without.
fn ss_line(namespace: u64, protocol: &str, line: &str) -> Vec<String> {
    let words: Vec<_> = line.split_whitespace().collect();
    let (local, remote) = (ss_address(words[3]), ss_address(words[4]));
    let socket = format!("{namespace} {protocol} {} {local} {remote}", words[0]);
    let holders: Vec<_> = line
        .split("pid=")
        .skip(1)
        .filter_map(|rest| {
            let (pid, rest) = rest.split_once(",fd=")?;
            let fd: String = rest.chars().take_while(char::is_ascii_digit).collect();
            Some(format!("{socket} {pid} {fd}"))
        })
        .collect();
    if holders.is_empty() {
        vec![format!("{socket} NULL NULL")]
    } else {
        holders
    }
}

/// `ss` writes `*` for the IPv6 wildcard of a socket that takes both families, and for any port.
fn ss_address(shown: &str) -> String {
    let (address, port) = shown.rsplit_once(':').expect("address:port");
    let address = address.trim_start_matches('[').trim_end_matches(']');
    let address = if address == "*" { "::" } else { address };
    format!("{address} {}", if port == "*" { "0" } else { port })
}

fn conntrack_line(namespace: u64, line: &str) -> String {
    let words: Vec<_> = line.split_whitespace().collect();
    let state = if words[3].contains('=') {
        "NULL"
    } else {
        words[3]
    };
    let values = |key: &str| -> Vec<&str> {
        words
            .iter()
            .filter_map(|word| word.strip_prefix(key))
            .collect()
    };
    let (src, dst, sport, dport) = (
        values("src="),
        values("dst="),
        values("sport="),
        values("dport="),
    );
    let tuple = |direction: usize| {
        format!(
            "{} {} {} {}",
            src[direction], dst[direction], sport[direction], dport[direction]
        )
    };
    let destination = src[1] != dst[0] || sport[1] != dport[0];
    let source = dst[1] != src[0] || dport[1] != sport[0];
    let nat = match (source, destination) {
        (true, true) => "both",
        (true, false) => "snat",
        (false, true) => "dnat",
        (false, false) => "no nat",
    };
    format!(
        "{namespace} {} {state} {} {} {nat}",
        words[0],
        tuple(0),
        tuple(1)
    )
}

fn neighbor_line(namespace: u64, line: &str) -> String {
    let words: Vec<_> = line.split_whitespace().collect();
    let after = |key: &str| {
        let position = words
            .iter()
            .position(|word| *word == key)
            .expect("a neighbour has it");
        words[position + 1]
    };
    let permanent = u8::from(words.contains(&"PERMANENT"));
    format!(
        "{namespace} {} {} {} {permanent}",
        words[0],
        after("lladdr"),
        after("dev")
    )
}
