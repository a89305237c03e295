//! What the kernel says when something is wrong, one message at a time, without its stamp.

use super::bytes::{cut, cut_last, decimal};
use super::oom::{self, OomLine};

/// A message that tells of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    pub(crate) kind: &'static str,
    pub(crate) subject: Option<&'a [u8]>,
    pub(crate) pid: Option<u32>,
    pub(crate) name: Option<&'a [u8]>,
}

impl<'a> Event<'a> {
    fn of(kind: &'static str, subject: Option<&'a [u8]>) -> Self {
        Event {
            kind,
            subject,
            ..Event::default()
        }
    }
}

/// What stands before and behind a text.
fn around<'a>(text: &'a [u8], inner: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(text, inner)?;
    Some((text.get(..at)?, text.get(at.checked_add(inner.len())?..)?))
}

/// Up to the first byte that ends a name.
fn word(text: &[u8]) -> Option<&[u8]> {
    let end = text
        .iter()
        .position(|byte| matches!(byte, b' ' | b',' | b':' | b')' | b'(' | b'.'))
        .unwrap_or(text.len());
    text.get(..end).filter(|word| !word.is_empty())
}

/// Name and process id of `NAME[PID]` at the end.
fn bracketed(text: &[u8]) -> Option<(&[u8], u32)> {
    let (name, pid) = cut_last(text.strip_suffix(b"]")?, b'[')?;
    Some((name, decimal(pid)?))
}

/// Reads one message of the kernel.
pub(crate) fn line(text: &[u8]) -> Option<Event<'_>> {
    of_process(text)
        .or_else(|| of_storage(text))
        .or_else(|| of_network(text))
        .or_else(|| of_hardware(text))
}

fn of_process(text: &[u8]) -> Option<Event<'_>> {
    let with = |kind, (name, pid): (_, u32), subject| Event {
        kind,
        subject,
        pid: Some(pid),
        name: Some(name),
    };
    if let Some((before, rest)) = around(text, b": segfault at ") {
        let file = around(rest, b" in ").and_then(|(_, file)| Some(cut(file, b'[')?.0));
        return Some(with("segfault", bracketed(before)?, file));
    }
    if let Some(rest) = text.strip_prefix(b"traps: ") {
        let (process, rest) = around(rest, b"] ")?;
        let (name, pid) = cut_last(process, b'[')?;
        let file = around(rest, b" in ").and_then(|(_, file)| Some(cut(file, b'[')?.0));
        return Some(with("trap", (name, decimal(pid)?), file));
    }
    if let Some((task, _)) = text
        .strip_prefix(b"INFO: task ")
        .and_then(|rest| around(rest, b" blocked for more than "))
    {
        let (name, pid) = cut_last(task, b':')?;
        return Some(with("hung_task", (name, decimal(pid)?), None));
    }
    if let Some((_, rest)) = around(text, b" lockup - CPU#") {
        let task = cut(rest, b'[').and_then(|(_, task)| cut_last(task.strip_suffix(b"]")?, b':'));
        let found = Event::of("lockup", word(rest));
        return Some(match task {
            Some((name, pid)) => Event {
                name: Some(name),
                pid: decimal(pid),
                ..found
            },
            None => found,
        });
    }
    if let Some(OomLine::Killed(victim)) = oom::line(text) {
        return Some(with("oom_kill", (victim.name, victim.pid), None));
    }
    if let Some((name, _)) = around(text, b": page allocation failure") {
        return Some(Event {
            name: Some(name),
            ..Event::of("allocation_failure", None)
        });
    }
    let begins = |words: &[&[u8]]| words.iter().any(|word| text.starts_with(word));
    if begins(&[b"rcu: INFO: rcu_", b"INFO: rcu_"]) && around(text, b"stall").is_some() {
        return Some(Event::of("rcu_stall", None));
    }
    if begins(&[b"Kernel panic - not syncing"]) {
        return Some(Event::of("panic", None));
    }
    if begins(&[
        b"BUG: ",
        b"kernel BUG at ",
        b"Oops: ",
        b"Internal error: Oops",
    ]) {
        return Some(Event::of("oops", None));
    }
    if begins(&[b"WARNING: CPU: "]) {
        return Some(Event::of("warning", None));
    }
    None
}

fn of_storage(text: &[u8]) -> Option<Event<'_>> {
    if let Some((_, rest)) = around(text, b"I/O error, dev ")
        .or_else(|| around(text, b"medium error, dev "))
        .or_else(|| around(text, b"Buffer I/O error on dev "))
        .or_else(|| around(text, b"Buffer I/O error on device "))
        .or_else(|| around(text, b"target error, dev "))
    {
        return Some(Event::of("io_error", word(rest)));
    }
    if let Some(rest) = text.strip_prefix(b"nvme ")
        && (around(text, b" timeout").is_some() || around(text, b"controller is down").is_some())
    {
        return Some(Event::of("io_error", word(rest)));
    }
    if let Some((system, rest)) =
        around(text, b" error (device ").or_else(|| around(text, b" critical (device "))
        && [&b"EXT4-fs"[..], b"EXT3-fs", b"EXT2-fs", b"BTRFS"].contains(&system)
    {
        return Some(Event::of("file_system_error", word(rest)));
    }
    if let Some(rest) = text
        .strip_prefix(b"EXT4-fs (")
        .or_else(|| text.strip_prefix(b"EXT3-fs ("))
        && (around(rest, b"emounting filesystem read-only").is_some()
            || around(rest, b"error").is_some())
    {
        return Some(Event::of("file_system_error", word(rest)));
    }
    if let Some(rest) = text.strip_prefix(b"XFS (") {
        let (device, said) = cut(rest, b')')?;
        let is_bad = [&b"orruption"[..], b"rror", b"hutting down", b"hutdown"]
            .iter()
            .any(|word| around(said, word).is_some());
        return is_bad.then(|| Event::of("file_system_error", Some(device)));
    }
    if let Some((_, rest)) =
        around(text, b": Disk failure on ").filter(|_| text.starts_with(b"md/"))
    {
        return Some(Event::of("raid_error", word(rest)));
    }
    if let Some((server, _)) = text
        .strip_prefix(b"nfs: server ")
        .and_then(|rest| around(rest, b" not responding").or_else(|| around(rest, b" timed out")))
    {
        return Some(Event::of("nfs_not_responding", Some(server)));
    }
    None
}

fn of_network(text: &[u8]) -> Option<Event<'_>> {
    let down = [
        &b": link is down"[..],
        b": Link is Down",
        b": link down",
        b": Link is down",
        b" NIC Link is Down",
        b": NIC Link is Down",
        b": Link down",
        b" Link is Down",
        b": carrier lost",
        b": Link Down",
    ];
    if let Some((before, _)) = down.iter().find_map(|words| around(text, words)) {
        let before = before.strip_suffix(b":").unwrap_or(before);
        let name = before.rsplit(|byte| *byte == b' ').next();
        return Some(Event::of("link_down", name));
    }
    if let Some((_, rest)) = around(text, b"link status definitely down for interface ") {
        return Some(Event::of("link_down", word(rest)));
    }
    if let Some((_, rest)) = around(text, b"NETDEV WATCHDOG: ")
        && around(rest, b"timed out").is_some()
    {
        return Some(Event::of("transmit_timeout", word(rest)));
    }
    if around(text, b"nf_conntrack: table full, dropping packet").is_some()
        || around(text, b"ip_conntrack: table full").is_some()
    {
        return Some(Event::of("conntrack_full", None));
    }
    if around(text, b"eighbour table overflow").is_some()
        || around(text, b"neighbor table overflow").is_some()
    {
        return Some(Event::of("neighbor_table_full", None));
    }
    if let Some((_, rest)) = around(text, b"ossible SYN flooding on port ") {
        let port = cut(rest, b' ').map_or(rest, |(port, _)| port);
        return Some(Event::of(
            "syn_flood",
            Some(port.strip_suffix(b".").unwrap_or(port)),
        ));
    }
    if text.starts_with(b"TCP: out of memory")
        || text.starts_with(b"TCP: too many orphaned sockets")
    {
        return Some(Event::of("tcp_memory", None));
    }
    None
}

fn of_hardware(text: &[u8]) -> Option<Event<'_>> {
    let has = |word: &[u8]| around(text, word).is_some();
    if has(b"[Hardware Error]")
        || has(b"Machine check events logged")
        || (text.starts_with(b"EDAC ") && (has(b" CE ") || has(b" UE ")))
    {
        return Some(Event::of("machine_check", None));
    }
    if let Some((before, _)) = around(text, b"temperature above threshold") {
        let mut words = before.split(|byte| matches!(byte, b' ' | b':'));
        let processor = words.find(|word| word.starts_with(b"CPU"));
        return Some(Event::of("thermal_throttling", processor));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_kernel() {
        let check = |text: &str, expected: &str| {
            let event = line(text.as_bytes());
            let shown = event.map(|event| {
                let text = |bytes: Option<&[u8]>| {
                    bytes.map_or("-".to_owned(), |bytes| {
                        String::from_utf8_lossy(bytes).into_owned()
                    })
                };
                let pid = event.pid.map_or("-".to_owned(), |pid| pid.to_string());
                format!(
                    "{} {} {pid} {}",
                    event.kind,
                    text(event.subject),
                    text(event.name)
                )
            });
            assert_eq!(shown.as_deref().unwrap_or(""), expected, "{text}");
        };
        check(
            "app [x][4711]: segfault at 8 ip 00005581 sp 00007ffd error 4 in libx.so.1[5581+2000] likely on CPU 1 (core 0, socket 0)",
            "segfault libx.so.1 4711 app [x]",
        );
        check(
            "traps: app[7] general protection fault ip:5581 sp:7ffd error:0 in app[5581+1000]",
            "trap app 7 app",
        );
        check(
            "INFO: task jbd2/sda1-8:229 blocked for more than 120 seconds.",
            "hung_task - 229 jbd2/sda1-8",
        );
        check(
            "watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [kworker/3:1:77]",
            "lockup 3 77 kworker/3:1",
        );
        check(
            "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
            "rcu_stall - - -",
        );
        check(
            "Memory cgroup out of memory: Killed process 961 (app-child) total-vm:512000kB",
            "oom_kill - 961 app-child",
        );
        check(
            "Out of memory: Killed process 1010 (report (2)) total-vm:390kB",
            "oom_kill - 1010 report (2)",
        );
        check(
            "app: page allocation failure: order:4, mode:0x40cc0",
            "allocation_failure - - app",
        );
        check("Kernel panic - not syncing: Fatal exception", "panic - - -");
        check(
            "BUG: unable to handle page fault for address: 0",
            "oops - - -",
        );
        check(
            "blk_update_request: I/O error, dev sda, sector 1234 op 0x0:(READ)",
            "io_error sda - -",
        );
        check(
            "Buffer I/O error on dev dm-3, logical block 7, async page read",
            "io_error dm-3 - -",
        );
        check(
            "critical medium error, dev sdb, sector 9",
            "io_error sdb - -",
        );
        check(
            "nvme nvme0: I/O 5 QID 1 timeout, aborting",
            "io_error nvme0 - -",
        );
        check(
            "EXT4-fs error (device sda1): ext4_lookup:1700: inode #2: comm ls: bad extra_isize",
            "file_system_error sda1 - -",
        );
        check(
            "EXT4-fs (sda1): Remounting filesystem read-only",
            "file_system_error sda1 - -",
        );
        check(
            "XFS (dm-0): Metadata corruption detected at xfs_agf_read_verify",
            "file_system_error dm-0 - -",
        );
        check(
            "BTRFS error (device vdb): parent transid verify failed",
            "file_system_error vdb - -",
        );
        check(
            "md/raid1:md0: Disk failure on sdb1, disabling device.",
            "raid_error sdb1 - -",
        );
        check(
            "nfs: server files.example not responding, still trying",
            "nfs_not_responding files.example - -",
        );
        check(
            "e1000e 0000:00:1f.6 eth0: NIC Link is Down",
            "link_down eth0 - -",
        );
        check(
            "r8169 0000:01:00.0 enp1s0: Link is Down",
            "link_down enp1s0 - -",
        );
        check(
            "virtio_net virtio0 eth0: link is down",
            "link_down eth0 - -",
        );
        check(
            "bond0: link status definitely down for interface eth1, disabling it",
            "link_down eth1 - -",
        );
        check(
            "NETDEV WATCHDOG: eth0 (e1000e): transmit queue 0 timed out",
            "transmit_timeout eth0 - -",
        );
        check(
            "nf_conntrack: nf_conntrack: table full, dropping packet",
            "conntrack_full - - -",
        );
        check(
            "neighbour: arp_cache: neighbor table overflow!",
            "neighbor_table_full - - -",
        );
        check(
            "TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:443. Sending cookies.",
            "syn_flood 0.0.0.0:443 - -",
        );
        check(
            "TCP: out of memory -- consider tuning tcp_mem",
            "tcp_memory - - -",
        );
        check(
            "mce: [Hardware Error]: CPU 0: Machine Check: 0 Bank 5: be00",
            "machine_check - - -",
        );
        check(
            "mce: CPU3: Core temperature above threshold, cpu clock throttled (total events = 1)",
            "thermal_throttling CPU3 - -",
        );
        check(
            "CPU3: Package temperature above threshold, cpu clock throttled",
            "thermal_throttling CPU3 - -",
        );
        for odd in [
            "",
            "Out of memory: Kill process 733 (java) score 912 or sacrifice child",
            "EXT4-fs (sda1): mounted filesystem with ordered data mode",
            "XFS (dm-0): Ending clean mount",
            "eth0: Link is Up",
            "nfs: server x OK",
            ": segfault at ",
            "x[y]: segfault at 7",
            "INFO: task x blocked for more than 120 seconds.",
            "traps: x",
            "oom_reaper: reaped process 7 (x)",
        ] {
            check(odd, "");
        }
    }
}
