//! Rows of the files of a network namespace beyond the plainest.

use super::check;

#[test]
fn sockets_of_all_families() {
    let udp: &[u8] = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                       7: 010200C0:0035 00000000:0000 07 00000000:00000300 00:00000000 00000000   101        0 20 2 00000000f36aa1b9 41\n";
    check(
        "sockets",
        &[
            (
                "/proc/7/net/tcp6",
                b"   0: 0000000000000000FFFF0000010200C0:0016 0000000000000000FFFF0000020200C0:C000 01 00000024:00000000 01:00000019 00000002     0        0 9 4 0 25 4 29 10 -1\n",
            ),
            ("/proc/7/net/udplite", udp),
            (
                "/proc/7/net/icmp6",
                b"   5: 00000000000000000000000000000000:0007 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 21 2 0 0\n",
            ),
            (
                "/proc/7/net/raw",
                b"   1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 22 2 0 3\n",
            ),
            (
                "/proc/7/net/packet",
                b"00000000605d2c64 3      3    88cc   2     1 4608   0      23\n",
            ),
            (
                "/proc/7/net/netlink",
                b"00000000605d2c64 15  812        00000002 0        0        0     2        5        24\n",
            ),
            (
                "/proc/7/net/unix",
                b"00000000: 00000002 00000000 00000000 0002 01 /run/no-inode\n",
            ),
        ],
        &[
            "net_namespace=4026531840 family='inet6' protocol='tcp' local_address='::ffff:192.0.2.1' local_port=22 \
             remote_address='::ffff:192.0.2.2' remote_port=49152 state='ESTAB' uid=0 inode=9 recv_queue=0 send_queue=36 \
             timer='on' timer_expires=250 retransmits=2",
            "net_namespace=4026531840 family='inet' protocol='udplite' local_address='192.0.2.1' local_port=53 \
             remote_address='0.0.0.0' remote_port=0 state='UNCONN' uid=101 inode=20 recv_queue=768 send_queue=0 drops=41",
            "net_namespace=4026531840 family='inet6' protocol='icmp' local_address='::' local_port=7 remote_address='::' \
             remote_port=0 state='UNCONN' uid=1000 inode=21 recv_queue=0 send_queue=0 drops=0",
            "net_namespace=4026531840 family='inet' protocol='raw' local_address='0.0.0.0' local_port=1 \
             remote_address='0.0.0.0' remote_port=0 state='UNCONN' uid=0 inode=22 recv_queue=0 send_queue=0 drops=3",
            "net_namespace=4026531840 family='packet' protocol='raw' state='UNCONN' uid=0 inode=23 recv_queue=4608 \
             interface_index=2 ether_type=35020",
            "net_namespace=4026531840 family='netlink' protocol='uevent' state='UNCONN' inode=24 recv_queue=0 send_queue=0 \
             drops=5 port_id=812 groups=2",
            "net_namespace=4026531840 family='unix' protocol='dgram' state='UNCONN' inode=0 path='/run/no-inode'",
        ],
    );
}

#[test]
fn multicast_groups() {
    check(
        "multicast_groups",
        &[
            (
                "/proc/7/net/igmp",
                b"Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n2\teth0      :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n",
            ),
            (
                "/proc/7/net/igmp6",
                b"2    eth0            ff020000000000000000000000000001     2 0000000C 0\n",
            ),
        ],
        &[
            "net_namespace=4026531840 family='inet' interface='eth0' interface_index=2 address='224.0.0.1' users=1 querier='V3'",
            "net_namespace=4026531840 family='inet6' interface='eth0' interface_index=2 address='ff02::1' users=2",
        ],
    );
}

/// The older of the two files counts only where the other is not there, in whatever order they come.
#[test]
fn either_conntrack_file() {
    let old: &[u8] =
        b"icmp     1 29 src=192.0.2.1 dst=192.0.2.2 type=8 code=0 id=7 packets=1 bytes=84 src=192.0.2.2 \
          dst=192.0.2.1 type=0 code=0 id=9 packets=1 bytes=84 mark=0 secctx=u:r:t:s0 use=2\n";
    let new: &[u8] = b"ipv4     2 gre      47 8 timeout=30, stream_timeout=180 src=192.0.2.1 dst=192.0.2.2 srckey=0x1 dstkey=0x2 \
                       [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 srckey=0x2 dstkey=0x1 zone-reply=4 mark=0 delta-time=9 use=1\n";
    let from_old = "net_namespace=4026531840 family='inet' protocol='icmp' protocol_number=1 timeout=29 orig_src='192.0.2.1' \
                    orig_dst='192.0.2.2' reply_src='192.0.2.2' reply_dst='192.0.2.1' icmp_type=8 icmp_code=0 icmp_id=7 \
                    reply_icmp_id=9 assured=0 unreplied=0 offload=0 hardware_offload=0 mark=0 security_context='u:r:t:s0' zone=0 \
                    use_count=2 orig_packets=1 orig_bytes=84 reply_packets=1 reply_bytes=84 nat='snat'";
    let from_new = "net_namespace=4026531840 family='inet' protocol='gre' protocol_number=47 timeout=8 orig_src='192.0.2.1' \
                    orig_dst='192.0.2.2' reply_src='192.0.2.2' reply_dst='192.0.2.1' orig_src_key=1 orig_dst_key=2 \
                    reply_src_key=2 reply_dst_key=1 gre_timeout=30 gre_stream_timeout=180 assured=0 unreplied=1 offload=0 \
                    hardware_offload=0 mark=0 zone=4 reply_zone=4 age=9 use_count=1";
    let (old, new) = (
        ("/proc/7/net/ip_conntrack", old),
        ("/proc/7/net/nf_conntrack", new),
    );
    check("conntrack", &[old], &[from_old]);
    check("conntrack", &[old, new], &[from_new]);
    check("conntrack", &[new, old], &[from_new]);
    // Another namespace's says nothing of this one.
    check(
        "conntrack",
        &[old, ("/proc/8/net/nf_conntrack", b"")],
        &[from_old],
    );
}
