//! Extractors of the host as a whole.

use super::{check, extract};

#[test]
fn what_the_system_counts() {
    let stat = b"cpu  30 2 3 4 5 6 7 8 9 10\ncpu0 10 2 3 4\ncpu1 20 0 0 0 1 2 3 4 5 6\nctxt 99\nintr 7 1 1\ncpux 1\n";
    let (rows, all) = extract("cpu_time", &[("/proc/stat", stat)], &[]);
    assert_eq!(
        rows,
        [
            "core=0 user=100 nice=20 system=30 idle=40",
            "core=1 user=200 nice=0 system=0 idle=0 iowait=10 irq=20 softirq=30 steal=40 guest=50 guest_nice=60",
        ]
    );
    // Two tables read the file, and its odd line is told once.
    assert_eq!(all.issues.len(), 1);
    check(
        "kernel_counters",
        &[
            ("/proc/stat", b"cpu  30 2 3 4 5\nctxt 99\nintr 7 1 1\n"),
            ("/proc/sys/fs/aio-nr", b"12\n"),
            ("/proc/sys/net/netfilter/nf_conntrack_count", b"13\n"),
        ],
        &[
            "name='ctxt' value=99",
            "name='intr' value=7",
            "name='cpu_user_ms' value=300",
            "name='cpu_nice_ms' value=20",
            "name='cpu_system_ms' value=30",
            "name='cpu_idle_ms' value=40",
            "name='cpu_iowait_ms' value=50",
            "name='fs.aio-nr' value=12",
            "name='net.netfilter.nf_conntrack_count' value=13",
        ],
    );
    check(
        "vmstat",
        &[("/proc/vmstat", b"pgfault 7\n")],
        &["name='pgfault' value=7"],
    );
    check(
        "pressure",
        &[
            (
                "/proc/pressure/memory",
                b"some avg10=1.25 avg60=0.50 avg300=0.00 total=77\n",
            ),
            (
                "/proc/pressure/irq",
                b"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
            ),
        ],
        &[
            "resource='memory' kind='some' avg10='1.25' avg60='0.50' avg300='0.00' total_us=77",
            "resource='irq' kind='full' avg10='0.00' avg60='0.00' avg300='0.00' total_us=0",
        ],
    );
    check(
        "disk_stats",
        &[(
            "/proc/diskstats",
            b"   8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n   8 1 sda1 1 3 5 7\n",
        )],
        &[
            "name='sda' major=8 minor=0 reads=1 reads_merged=2 bytes_read=1536 read_time_ms=4 writes=5 writes_merged=6 \
             bytes_written=3584 write_time_ms=8 in_flight=9 io_time_ms=10 weighted_io_time_ms=11 discards=12 \
             discards_merged=13 bytes_discarded=7168 discard_time_ms=15 flushes=16 flush_time_ms=17",
            "name='sda1' major=8 minor=1 reads=1 bytes_read=1536 writes=5 bytes_written=3584",
        ],
    );
}

#[test]
fn settings_handles_and_locks() {
    check(
        "network_counters",
        &[
            ("/proc/7/net/snmp", b"Tcp: MaxConn InErrs\nTcp: -1 3\n"),
            (
                "/proc/7/net/netstat",
                b"TcpExt: ListenOverflows\nTcpExt: 4\n",
            ),
            ("/proc/7/net/snmp6", b"Udp6NoPorts \t5\n"),
            ("/proc/7/net/sockstat", b"TCP: inuse 6 mem 1\n"),
            ("/proc/7/net/sockstat6", b"RAW6: inuse 8\n"),
        ],
        &[
            "net_namespace=4026531840 protocol='tcp' name='MaxConn' value=-1",
            "net_namespace=4026531840 protocol='tcp' name='InErrs' value=3",
            "net_namespace=4026531840 protocol='tcpext' name='ListenOverflows' value=4",
            "net_namespace=4026531840 protocol='udp6' name='NoPorts' value=5",
            "net_namespace=4026531840 protocol='tcp' name='inuse' value=6",
            "net_namespace=4026531840 protocol='tcp' name='mem' value=1",
            "net_namespace=4026531840 protocol='raw6' name='inuse' value=8",
        ],
    );
    check(
        "system_controls",
        &[
            ("/proc/sys/net/ipv4/tcp_rmem", b"4096\t131072\t6291456\n"),
            ("/proc/sys/kernel/core_pattern", b"|/bin/x %p\n"),
        ],
        &[
            "name='net.ipv4.tcp_rmem' subsystem='net' current_value='4096\\t131072\\t6291456'",
            "name='kernel.core_pattern' subsystem='kernel' current_value='|/bin/x %p'",
        ],
    );
    check(
        "file_handles",
        &[("/proc/sys/fs/file-nr", b"1632\t0\t100000\n")],
        &["allocated=1632 unused=0 maximum=100000"],
    );
    check(
        "file_locks",
        &[(
            "/proc/locks",
            b"1: FLOCK  ADVISORY  WRITE 812 fd:01:9 0 EOF\n1: -> FLOCK  ADVISORY  READ 813 fd:01:9 0 5\n",
        )],
        &[
            "id=1 blocked=0 type='FLOCK' mode='ADVISORY' access='WRITE' pid=812 device='fd:01' inode=9 start=0",
            "id=1 blocked=1 type='FLOCK' mode='ADVISORY' access='READ' pid=813 device='fd:01' inode=9 start=0 end=5",
        ],
    );
}
