//! Our parsers beside those of procfs-core, on what this machine's kernel writes while the test runs.

use std::net::SocketAddr;

use procfs_core::net::TcpNetEntries;
use procfs_core::process::{MMapPath, MemoryMaps, Stat, Status};
use procfs_core::{ExplicitSystemInfo, FromBufRead, FromBufReadSI, FromRead};

use super::address::ByteOrder;
use super::{proc_net_tcp, proc_pid_maps, proc_pid_stat, proc_pid_status};

/// The bytes of a file of this very process; `None` where there is no `/proc`.
fn own(name: &str) -> Option<Vec<u8>> {
    std::fs::read(format!("/proc/self/{name}")).ok()
}

#[test]
fn stat_is_read_as_procfs_core_does() {
    let Some(text) = own("stat") else { return };
    let theirs = Stat::from_read(&text[..]).unwrap();
    let ours = proc_pid_stat::parse(&text).value.unwrap();
    assert_eq!(ours.comm, theirs.comm.as_bytes());
    assert_eq!(ours.state, theirs.state.to_string().as_bytes());
    assert_eq!(i64::from(ours.ppid), i64::from(theirs.ppid));
    assert_eq!((ours.pgrp, ours.session), (theirs.pgrp, theirs.session));
    assert_eq!(
        (ours.tty_nr, ours.flags),
        (theirs.tty_nr, theirs.flags.into())
    );
    assert_eq!((ours.utime, ours.stime), (theirs.utime, theirs.stime));
    assert_eq!(i64::from(ours.nice), theirs.nice);
    assert_eq!(i64::from(ours.num_threads), theirs.num_threads);
    assert_eq!(ours.starttime, theirs.starttime);
    assert_eq!(
        ours.processor.map(i64::from),
        theirs.processor.map(i64::from)
    );
}

#[test]
fn status_is_read_as_procfs_core_does() {
    let Some(text) = own("status") else { return };
    let theirs = Status::from_buf_read(&text[..]).unwrap();
    let parsed = proc_pid_status::parse(&text);
    assert_eq!(parsed.issues, []);
    let ours = parsed.value;
    assert_eq!(ours.name.as_deref(), Some(theirs.name.as_bytes()));
    assert_eq!(ours.ppid.map(i64::from), Some(i64::from(theirs.ppid)));
    assert_eq!(ours.uid, Some([theirs.ruid, theirs.euid, theirs.suid]));
    assert_eq!(ours.gid, Some([theirs.rgid, theirs.egid, theirs.sgid]));
    assert_eq!(ours.threads.map(u64::from), Some(theirs.threads));
    assert_eq!(
        ours.vm_size,
        theirs.vmsize.map(|kibibytes| kibibytes * 1024)
    );
    assert_eq!(ours.vm_rss, theirs.vmrss.map(|kibibytes| kibibytes * 1024));
    assert_eq!(ours.voluntary_switches, theirs.voluntary_ctxt_switches);
    assert_eq!(
        ours.nonvoluntary_switches,
        theirs.nonvoluntary_ctxt_switches
    );
}

#[test]
fn maps_are_read_as_procfs_core_does() {
    let Some(text) = own("maps") else { return };
    let theirs = MemoryMaps::from_buf_read(&text[..]).unwrap().0;
    let ours = proc_pid_maps::parse(&text);
    assert_eq!(ours.issues, []);
    assert_eq!(ours.value.len(), theirs.len());
    for (ours, theirs) in ours.value.iter().zip(&theirs) {
        assert_eq!((ours.start, ours.end), theirs.address);
        assert_eq!((ours.offset, ours.inode), (theirs.offset, theirs.inode));
        assert_eq!(ours.permissions, theirs.perms.as_str().as_bytes());
        if let MMapPath::Path(path) = &theirs.pathname {
            assert_eq!(
                ours.path.as_deref(),
                Some(path.as_os_str().as_encoded_bytes())
            );
        }
    }
}

#[test]
fn sockets_are_read_as_procfs_core_does() {
    for name in ["net/tcp", "net/tcp6"] {
        let Some(text) = own(name) else { continue };
        let host = ExplicitSystemInfo {
            boot_time_secs: 0,
            ticks_per_second: 100,
            page_size: 4096,
            is_little_endian: cfg!(target_endian = "little"),
        };
        let order = ByteOrder::of(if host.is_little_endian {
            "little"
        } else {
            "big"
        });
        let theirs = TcpNetEntries::from_buf_read(&text[..], &host).unwrap().0;
        let ours = proc_net_tcp::parse(&text, order);
        assert_eq!(ours.issues, []);
        assert_eq!(ours.value.len(), theirs.len());
        for (ours, theirs) in ours.value.iter().zip(&theirs) {
            assert_eq!(SocketAddr::from(ours.local), theirs.local_address);
            assert_eq!(SocketAddr::from(ours.remote), theirs.remote_address);
            assert_eq!((ours.uid, ours.inode), (theirs.uid, theirs.inode));
            assert_eq!(
                (ours.send_queue, ours.recv_queue),
                (theirs.tx_queue, theirs.rx_queue)
            );
        }
    }
}
