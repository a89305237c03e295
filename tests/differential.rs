//! Our parsers beside those of procfs-core, on what this machine's kernel writes: a live capture inside namespaces, whose
//! database must say exactly what procfs-core reads in the very bytes of the bundle, field by field.
#![cfg(test)]

mod common;

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::namespace::{inside, network_of, open_directory};
use common::{Guard, analyze, line, rows, run_within, succeed};
use procfs_core::net::{
    ArpEntries, InterfaceDeviceStatus, RouteEntries, TcpNetEntries, TcpState, UdpNetEntries,
    UdpState, UnixNetEntries, UnixState,
};
use procfs_core::process::{Io, Limits, MMapPath, MemoryMaps, MountInfos, Stat, Status};
use procfs_core::{
    ExplicitSystemInfo, FromBufRead, FromBufReadSI, FromRead, KernelModules, LoadAverage, Meminfo,
    ProcessCGroups, Uptime,
};
use serde_json::Value;

/// What a capture kept, as files and as rows.
struct Captured {
    root: PathBuf,
    database: PathBuf,
}

impl Captured {
    /// The bytes of one file below `/proc`; empty where it was not there.
    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.root.join("proc").join(name)).unwrap_or_default()
    }

    /// The bytes of that file of every process, as text where they are text.
    fn of_processes(&self, name: &str) -> Vec<(u32, String)> {
        let entries = std::fs::read_dir(self.root.join("proc")).expect("the tree was extracted");
        entries
            .filter_map(|entry| {
                let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
                let text = String::from_utf8(self.file(&format!("{pid}/{name}"))).ok()?;
                (!text.is_empty()).then_some((pid, text))
            })
            .collect()
    }

    /// Compares what a query says of some processes with `theirs`, whose lines begin with the pid.
    #[track_caller]
    fn compare_processes(&self, sql: &str, mut theirs: Vec<String>) {
        let pid = |line: &String| line.split(' ').next().map(str::to_owned);
        let pids: BTreeSet<_> = theirs.iter().map(pid).collect();
        let mut ours = self.lines(sql);
        ours.retain(|line| pids.contains(&pid(line)));
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{sql}");
        assert!(pids.len() >= 4, "only {pids:?}");
    }

    /// Compares all rows of a query with `theirs`.
    #[track_caller]
    fn compare(&self, sql: &str, mut theirs: Vec<String>, least: usize) {
        let mut ours = self.lines(sql);
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{sql}");
        assert!(theirs.len() >= least, "only {theirs:?}");
    }

    fn lines(&self, sql: &str) -> Vec<String> {
        rows(&self.database, sql)
            .iter()
            .map(|row| line(row))
            .collect()
    }
}

/// Values as [`line`] writes them.
macro_rules! joined {
    ($($value:expr),+ $(,)?) => { line(&[$(serde_json::to_value($value).expect("a plain value")),+]) };
}

#[test]
fn the_database_says_what_procfs_core_reads() {
    if !inside("the_database_says_what_procfs_core_reads") {
        return;
    }
    let place = open_directory().join("tmp");
    let _host = busy_host(&place);
    let captured = capture_all(&place);
    let host = rows(
        &captured.database,
        "SELECT clock_ticks, page_size FROM snapshots",
    );
    let number = |column: usize| host[0][column].as_u64().expect("a number");
    let (ticks, page_size) = (number(0), number(1));

    stats(&captured, ticks);
    statuses(&captured);
    maps(&captured);
    mounts(&captured);
    limits(&captured);
    cgroups(&captured);
    counters(&captured);
    sockets(
        &captured,
        &ExplicitSystemInfo {
            boot_time_secs: 0,
            ticks_per_second: ticks,
            page_size,
            is_little_endian: cfg!(target_endian = "little"),
        },
    );
    network(&captured);
    system(&captured);
}

/// Processes with odd names and odd mappings, and one of each kind of socket.
fn busy_host(place: &Path) -> (Vec<Guard>, Vec<Box<dyn std::any::Any>>) {
    let ip = |arguments: &str| {
        succeed(Command::new("ip").args(arguments.split(' ')), &[0]);
    };
    ip("link set lo up");
    ip("link add near0 type veth peer name far0");
    ip("addr add 192.0.2.1/24 dev near0");
    ip("link set near0 up");
    ip("link set far0 up");
    ip("route add 198.51.100.0/24 via 192.0.2.2 dev near0 metric 4000000000 mtu 1400");
    ip("route add unreachable 203.0.113.0/24");
    ip("neigh add 192.0.2.2 lladdr 02:00:5e:00:00:02 dev near0 nud permanent");

    for directory in ["with blank", "back\\slash"] {
        let target = place.join(directory);
        std::fs::create_dir(&target).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "some source"]);
        succeed(mount.arg(target), &[0]);
    }
    let mut guards = Vec::new();
    for name in ["a b", ") R 1 1 (sshd", "c\\d", "(((", "gone"] {
        let program = place.join(name);
        std::fs::copy("/bin/sleep", &program).unwrap();
        let mut command = Command::new(&program);
        guards.push(Guard(
            command.arg("600").stdin(Stdio::null()).spawn().unwrap(),
        ));
        if name == "gone" {
            std::fs::remove_file(program).unwrap();
        }
    }

    let mut held: Vec<Box<dyn std::any::Any>> = Vec::new();
    let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
    held.push(Box::new(
        TcpStream::connect(v4.local_addr().unwrap()).unwrap(),
    ));
    // An IPv4 peer of an IPv6 socket.
    let v6 = TcpListener::bind("[::]:0").unwrap();
    let port = v6.local_addr().unwrap().port();
    held.push(Box::new(TcpStream::connect(("127.0.0.1", port)).unwrap()));
    held.push(Box::new(TcpStream::connect(("::1", port)).unwrap()));
    let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
    udp.connect("192.0.2.2:53").unwrap();
    held.push(Box::new(UdpSocket::bind("[::1]:0").unwrap()));
    let path = place.join("listener");
    held.push(Box::new(UnixListener::bind(&path).unwrap()));
    held.push(Box::new(UnixStream::connect(path).unwrap()));
    let name = UnixAddr::from_abstract_name(b"abstract").unwrap();
    held.push(Box::new(UnixDatagram::bind_addr(&name).unwrap()));
    held.push(Box::new((v4, v6, udp)));
    (guards, held)
}

fn capture_all(place: &Path) -> Captured {
    let bundle = place.join("bundle.tar.zst");
    let mut capture = Command::new("/mnt/capture");
    capture.arg("-q").arg("-o").arg(&bundle);
    run_within(&mut capture, Duration::from_secs(70));
    let captured = Captured {
        root: place.join("out").join("root"),
        database: place.join("case.db"),
    };
    let mut extract = analyze();
    extract.arg("extract").arg(&bundle).arg(place.join("out"));
    succeed(&mut extract, &[0, 1]);
    // Without the netlink dumps, which tell the same as these files and would be taken instead.
    std::fs::remove_dir_all(place.join("out/netlink")).unwrap();
    let mut load = analyze();
    load.arg("load")
        .arg("--db")
        .arg(&captured.database)
        .arg(place.join("out"));
    succeed(&mut load, &[0, 1]);
    captured
}

fn stats(captured: &Captured, ticks: u64) {
    let theirs = captured
        .of_processes("stat")
        .into_iter()
        .filter_map(|(pid, text)| {
            let stat = Stat::from_read(text.as_bytes()).ok()?;
            let ms = |count: u64| count * 1000 / ticks;
            Some(joined!(
                pid,
                stat.comm,
                stat.state,
                stat.ppid,
                stat.pgrp,
                stat.session,
                stat.tty_nr,
                stat.nice,
                stat.num_threads,
                stat.starttime,
                ms(stat.utime),
                ms(stat.stime),
                u8::from(stat.flags & 0x0020_0000 != 0),
            ))
        });
    captured.compare_processes(
        "SELECT pid, name, state, parent, pgroup, session, tty, nice, threads, start_ticks, user_time, system_time,
                is_kernel_thread
         FROM processes",
        theirs.collect(),
    );
}

fn statuses(captured: &Captured) {
    let theirs = captured
        .of_processes("status")
        .into_iter()
        .filter_map(|(pid, text)| {
            let status = Status::from_buf_read(text.as_bytes()).ok()?;
            let bytes = |kibibytes: Option<u64>| kibibytes.map(|kibibytes| kibibytes * 1024);
            let pids: Vec<_> = status.nspid?.iter().map(i32::to_string).collect();
            Some(joined!(
                pid,
                status.ruid,
                status.euid,
                status.suid,
                status.rgid,
                status.egid,
                status.sgid,
                status.ppid,
                status.threads,
                bytes(status.vmsize),
                bytes(status.vmrss),
                status.voluntary_ctxt_switches,
                status.nonvoluntary_ctxt_switches,
                pids.join(" "),
            ))
        });
    captured.compare_processes(
        "SELECT pid, uid, euid, suid, gid, egid, sgid, parent, threads, total_size, resident_size, voluntary_switches,
                nonvoluntary_switches, namespace_pids
         FROM processes",
        theirs.collect(),
    );
}

fn maps(captured: &Captured) {
    let mut theirs = Vec::new();
    for (pid, text) in captured.of_processes("maps") {
        for map in MemoryMaps::from_buf_read(text.as_bytes()).unwrap() {
            let name = match &map.pathname {
                MMapPath::Path(path) => path.to_str().map(str::to_owned),
                MMapPath::Heap => Some("[heap]".to_owned()),
                MMapPath::Stack => Some("[stack]".to_owned()),
                MMapPath::Vdso => Some("[vdso]".to_owned()),
                MMapPath::Vvar => Some("[vvar]".to_owned()),
                MMapPath::Vsyscall => Some("[vsyscall]".to_owned()),
                MMapPath::Other(name) => Some(format!("[{name}]")),
                MMapPath::Anonymous => None,
                other => panic!("{other:?} in no test"),
            };
            let (start, end) = map.address;
            theirs.push(joined!(
                pid,
                format!("{start:016x}"),
                format!("{end:016x}"),
                map.perms.as_str(),
                map.offset,
                format!("{:02x}:{:02x}", map.dev.0, map.dev.1),
                map.inode,
                name,
            ));
        }
    }
    for planted in ["/mnt/tmp/a b", "/mnt/tmp/gone (deleted)"] {
        let end = format!(" | {planted}");
        assert!(theirs.iter().any(|line| line.ends_with(&end)), "{planted}");
    }
    captured.compare_processes(
        "SELECT pid, start, \"end\", permissions, offset, device, inode,
                path || CASE WHEN deleted THEN ' (deleted)' ELSE '' END
         FROM process_memory_map",
        theirs,
    );
}

fn mounts(captured: &Captured) {
    // One process stands for the namespace, and another for that of the machine, where one is seen.
    let mut theirs = Vec::new();
    for (_, text) in captured.of_processes("mountinfo") {
        for mount in MountInfos::from_buf_read(text.as_bytes()).unwrap() {
            theirs.push(joined!(
                mount.mnt_id,
                mount.pid,
                mount.majmin,
                unescaped(&mount.root),
                unescaped(mount.mount_point.to_str().unwrap()),
                mount.fs_type,
                unescaped(mount.mount_source.as_deref().unwrap_or("none")),
            ));
        }
    }
    for planted in ["with blank", "back\\slash"] {
        let end = format!(" | /mnt/tmp/{planted} | tmpfs | some source");
        assert!(theirs.iter().any(|line| line.ends_with(&end)), "{planted}");
    }
    captured.compare(
        "SELECT mount_id, parent_id, device_number, root, path, type, coalesce(nullif(device, ''), 'none') FROM mounts",
        theirs,
        5,
    );
}

/// What procfs-core leaves escaped.
fn unescaped(text: &str) -> String {
    text.replace("\\040", " ").replace("\\134", "\\")
}

fn limits(captured: &Captured) {
    let mut theirs = Vec::new();
    for (pid, text) in captured.of_processes("limits") {
        let limits = serde_json::to_value(Limits::from_buf_read(text.as_bytes()).unwrap()).unwrap();
        for (name, limit) in limits.as_object().unwrap() {
            let bound = |which: &str| limit[which].get("Value").cloned().unwrap_or(Value::Null);
            let exact = |value: Value| match value.as_u64() {
                // Above 2^63 the digits are text.
                Some(number) if i64::try_from(number).is_err() => Value::from(number.to_string()),
                _ => value,
            };
            theirs.push(joined!(
                pid,
                name,
                exact(bound("soft_limit")),
                exact(bound("hard_limit")),
            ));
        }
    }
    captured.compare_processes(
        "SELECT pid, lower(replace(type, ' ', '_')), soft_limit, hard_limit FROM process_limits",
        theirs,
    );
}

fn cgroups(captured: &Captured) {
    let mut theirs = Vec::new();
    for (pid, text) in captured.of_processes("cgroup") {
        for group in ProcessCGroups::from_buf_read(text.as_bytes()).unwrap() {
            let controllers = group.controllers.join(",");
            theirs.push(joined!(pid, group.hierarchy, controllers, group.pathname));
        }
    }
    captured.compare_processes(
        "SELECT pid, hierarchy, controllers, path FROM process_cgroups",
        theirs,
    );
}

fn counters(captured: &Captured) {
    let theirs = captured
        .of_processes("io")
        .into_iter()
        .filter_map(|(pid, text)| {
            let io = Io::from_buf_read(text.as_bytes()).ok()?;
            Some(joined!(pid, io.read_bytes, io.write_bytes))
        });
    captured.compare_processes(
        "SELECT pid, disk_bytes_read, disk_bytes_written FROM processes",
        theirs.collect(),
    );
}

/// The directory of the process that stands for the namespace of this test.
fn own_network(captured: &Captured) -> String {
    let sql = format!(
        "SELECT path FROM collection_log WHERE path GLOB '/proc/*/net/tcp' AND outcome = 'collected'
           AND pid IN (SELECT pid FROM processes WHERE net_namespace = {})",
        network_of(std::process::id())
    );
    let found = captured.lines(&sql);
    let [path] = &found[..] else {
        panic!("one process stands for a namespace: {found:?}")
    };
    let directory = path.strip_prefix("/proc/").expect("it is below /proc");
    directory.strip_suffix("tcp").expect("net/tcp").to_owned()
}

fn sockets(captured: &Captured, host: &ExplicitSystemInfo) {
    let directory = own_network(captured);
    for family in ["inet", "inet6"] {
        let suffix = family.strip_prefix("inet").expect("a prefix");
        let tcp = captured.file(&format!("{directory}tcp{suffix}"));
        let tcp = TcpNetEntries::from_buf_read(&tcp[..], host).unwrap();
        let udp = captured.file(&format!("{directory}udp{suffix}"));
        let udp = UdpNetEntries::from_buf_read(&udp[..], host).unwrap();
        let tcp = tcp.0.iter().map(|socket| {
            joined!(
                "tcp",
                shown(socket.local_address.ip()),
                socket.local_address.port(),
                shown(socket.remote_address.ip()),
                socket.remote_address.port(),
                tcp_state(&socket.state),
                socket.uid,
                socket.inode,
                socket.rx_queue,
                socket.tx_queue,
            )
        });
        let udp = udp.0.iter().map(|socket| {
            let state = match socket.state {
                UdpState::Established => "ESTAB",
                UdpState::Close => "UNCONN",
            };
            joined!(
                "udp",
                shown(socket.local_address.ip()),
                socket.local_address.port(),
                shown(socket.remote_address.ip()),
                socket.remote_address.port(),
                state,
                socket.uid,
                socket.inode,
                socket.rx_queue,
                socket.tx_queue,
            )
        });
        let sql = format!(
            "SELECT protocol, local_address, local_port, remote_address, remote_port, state, uid, inode, recv_queue, send_queue
             FROM sockets WHERE family = '{family}' AND protocol IN ('tcp', 'udp') AND net_namespace = {}",
            network_of(std::process::id())
        );
        captured.compare(&sql, tcp.chain(udp).collect(), 4);
    }

    let text = captured.file(&format!("{directory}unix"));
    let unix = UnixNetEntries::from_buf_read(&text[..]).unwrap();
    let unix = unix.0.iter().map(|socket| {
        let kind = match socket.socket_type {
            1 => "stream",
            2 => "dgram",
            _ => "seqpacket",
        };
        // That it listens is in a column that procfs-core leaves.
        let state = match socket.state {
            UnixState::UNCONNECTED => "UNCONN",
            UnixState::CONNECTING => "SYN-SENT",
            UnixState::CONNECTED => "ESTAB",
            UnixState::DISCONNECTING => "CLOSING",
        };
        let path = socket.path.as_ref().and_then(|path| path.to_str());
        joined!(kind, state, socket.inode, path)
    });
    let sql = format!(
        "SELECT protocol, replace(state, 'LISTEN', 'UNCONN'), inode, path
         FROM sockets WHERE family = 'unix' AND net_namespace = {}",
        network_of(std::process::id())
    );
    captured.compare(&sql, unix.collect(), 3);
}

/// The standard library writes a mapped address as we do.
fn shown(address: std::net::IpAddr) -> String {
    address.to_string()
}

fn tcp_state(state: &TcpState) -> &'static str {
    match state {
        TcpState::Established => "ESTAB",
        TcpState::SynSent => "SYN-SENT",
        TcpState::SynRecv | TcpState::NewSynRecv => "SYN-RECV",
        TcpState::FinWait1 => "FIN-WAIT-1",
        TcpState::FinWait2 => "FIN-WAIT-2",
        TcpState::TimeWait => "TIME-WAIT",
        TcpState::Close => "UNCONN",
        TcpState::CloseWait => "CLOSE-WAIT",
        TcpState::LastAck => "LAST-ACK",
        TcpState::Listen => "LISTEN",
        TcpState::Closing => "CLOSING",
    }
}

fn network(captured: &Captured) {
    let directory = own_network(captured);
    let namespace = network_of(std::process::id());
    let file = |name: &str| captured.file(&format!("{directory}{name}"));
    let theirs = ArpEntries::from_buf_read(&file("arp")[..]).unwrap();
    let theirs = theirs.0.iter().map(|entry| {
        let mac = entry.hw_address.unwrap_or_default();
        let mac: Vec<_> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        joined!(
            entry.ip_address.to_string(),
            mac.join(":"),
            &entry.device,
            entry.hw_type.bits(),
            entry.flags.bits(),
        )
    });
    captured.compare(
        &format!("SELECT address, mac, interface, hardware_type, flags FROM neighbors WHERE net_namespace = {namespace}"),
        theirs.collect(),
        1,
    );
    let theirs = RouteEntries::from_buf_read(&file("route")[..]).unwrap();
    let theirs = theirs.0.iter().map(|route| {
        joined!(
            &route.iface,
            route.destination.to_string(),
            route.mask.to_bits().count_ones(),
            route.gateway.to_string(),
            route.flags,
            route.metrics,
            route.mtu,
            route.refcnt,
            route.in_use,
        )
    });
    captured.compare(
        &format!(
            "SELECT interface, destination, netmask, coalesce(gateway, '0.0.0.0'), flags, metric, mtu, reference_count, use_count
             FROM routes WHERE family = 'inet' AND net_namespace = {namespace}"
        ),
        theirs.collect(),
        2,
    );
    let theirs = InterfaceDeviceStatus::from_buf_read(&file("dev")[..]).unwrap();
    let theirs = theirs.0.values().map(|device| {
        joined!(
            &device.name,
            device.recv_bytes,
            device.recv_packets,
            device.recv_errs,
            device.recv_drop,
            device.sent_bytes,
            device.sent_packets,
            device.sent_errs,
            device.sent_drop,
            device.sent_colls,
            device.recv_fifo,
            device.sent_fifo,
            device.recv_frame,
            device.sent_carrier,
            device.recv_multicast,
            device.recv_compressed,
            device.sent_compressed,
        )
    });
    captured.compare(
        &format!(
            "SELECT interface, ibytes, ipackets, ierrors, idrops, obytes, opackets, oerrors, odrops, collisions,
                    ififo, ofifo, iframe, ocarrier, imulticast, icompressed, ocompressed
             FROM interface_details WHERE net_namespace = {namespace}"
        ),
        theirs.collect(),
        3,
    );
}

fn system(captured: &Captured) {
    let memory = Meminfo::from_buf_read(&captured.file("meminfo")[..]).unwrap();
    let theirs = [
        ("MemTotal", Some(memory.mem_total)),
        ("MemFree", Some(memory.mem_free)),
        ("MemAvailable", memory.mem_available),
        ("Buffers", Some(memory.buffers)),
        ("Cached", Some(memory.cached)),
        ("SwapTotal", Some(memory.swap_total)),
        ("SwapFree", Some(memory.swap_free)),
        ("Dirty", Some(memory.dirty)),
        ("Slab", Some(memory.slab)),
        ("Committed_AS", Some(memory.committed_as)),
        ("VmallocTotal", Some(memory.vmalloc_total)),
        ("Active(anon)", memory.active_anon),
        ("HugePages_Total", memory.hugepages_total),
        ("Hugepagesize", memory.hugepagesize),
    ];
    let theirs: Vec<_> = theirs
        .iter()
        .filter_map(|(name, value)| Some(joined!(name, (*value)?)))
        .collect();
    let ours = captured.lines("SELECT name, value FROM memory_info");
    for line in &theirs {
        assert!(ours.contains(line), "{line} is not in {ours:?}");
    }
    assert!(theirs.len() >= 10, "only {theirs:?}");

    let load = LoadAverage::from_read(&captured.file("loadavg")[..]).unwrap();
    captured.compare(
        "SELECT period, average FROM load_average",
        vec![
            format!("1m | {:.2}", load.one),
            format!("5m | {:.2}", load.five),
            format!("15m | {:.2}", load.fifteen),
        ],
        3,
    );
    let uptime = Uptime::from_read(&captured.file("uptime")[..]).unwrap();
    captured.compare(
        "SELECT total_seconds, idle_seconds FROM uptime",
        vec![format!(
            "{} | {}",
            uptime.uptime.floor(),
            uptime.idle.floor()
        )],
        1,
    );
    let modules = KernelModules::from_buf_read(&captured.file("modules")[..]).unwrap();
    let modules = modules.0.values().map(|module| {
        joined!(
            &module.name,
            module.size,
            module.refcount,
            module.used_by.join(","),
            &module.state,
        )
    });
    captured.compare(
        "SELECT name, size, \"references\", used_by, status FROM kernel_modules",
        modules.collect(),
        0,
    );
}
