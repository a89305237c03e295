//! The rows of the invented host `web-1`, written by hand from its files: what they say is what SQL says.
//!
//! `quote()` shows text as `'text'` and bytes that are no text as `X'HEX'`.
#![cfg(test)]

mod common;

use common::{expect_rows, web_1};

#[track_caller]
fn expect(sql: &str, expected: &str) {
    expect_rows(web_1(), sql, expected);
}

#[test]
fn processes() {
    expect(
        "SELECT pid, parent, quote(name), state, path, uid, gid, euid, threads, start_ticks
         FROM processes ORDER BY pid",
        "
         1 | 0 | 'systemd' | S | /usr/lib/systemd/systemd | 0 | 0 | 0 | 1 | 3
         2 | 0 | 'kthreadd' | S | NULL | 0 | 0 | 0 | 1 | 3
         560 | 1 | 'dhcpcd' | S | /usr/sbin/dhcpcd | 0 | 0 | 0 | 1 | 900
         612 | 1 | 'sshd' | S | /usr/sbin/sshd | 0 | 0 | 0 | 1 | 1210
         640 | 612 | 'sshd' | S | /usr/sbin/sshd | 1000 | 1000 | 1000 | 1 | 90210
         700 | 1 | 'nginx' | S | /usr/sbin/nginx | 0 | 0 | 0 | 1 | 1420
         701 | 700 | 'nginx' | S | /usr/sbin/nginx | 33 | 33 | 33 | 1 | 1421
         702 | 700 | 'nginx' | S | /usr/sbin/nginx | 33 | 33 | 33 | 1 | 1421
         900 | 1 | 'containerd-shim' | S | /usr/bin/containerd-shim-runc-v2 | 0 | 0 | 0 | 2 | 5100
         950 | 900 | 'app' | S | /usr/local/bin/python3.11 | 10001 | 10001 | 10001 | 3 | 5150
         960 | 950 | 'app-child' | S | /usr/local/bin/python3.11 | 10001 | 10001 | 10001 | 1 | 5200
         1001 | 950 | 'sh' | Z | NULL | 10001 | 10001 | 10001 | 1 | 88000
         1002 | 640 | ') R 1 1 (sshd' | S | /home/ada/odd | 1000 | 1000 | 1000 | 1 | 91000
         1003 | 640 | X'FF0A' | S | /home/ada/odd | 1000 | 1000 | 1000 | 1 | 91010
         1004 | 640 | 'holder' | S | /home/ada/holder | 1000 | 1000 | 0 | 1 | 91020",
    );
}

#[test]
fn process_details() {
    expect(
        "SELECT pid, cgroup_path, namespace_pids, net_namespace, login_uid, nice, is_kernel_thread
         FROM processes WHERE pid IN (1, 2, 640, 960, 1003) ORDER BY pid",
        "
         1 | /init.scope | 1 | 4026531840 | NULL | 0 | 0
         2 | / | 2 | 4026531840 | NULL | 0 | 1
         640 | /user.slice/user-1000.slice/session-4.scope | 640 | 4026531840 | 1000 | 0 | 0
         960 | /system.slice/docker-3f9c2d7e51a84b06c8e1f0a2b4d6978851c3e7f9a0b2d4c6e8f1a3b5c7d9e0f2.scope | 960 7 | 4026532288 | NULL | 0 | 0
         1003 | /user.slice/user-1000.slice/session-4.scope | 1003 | 4026531840 | 1000 | -5 | 0",
    );
    // Ticks are hundredths of a second in a dead tree; memory is in KiB in status.
    expect(
        "SELECT pid, user_time, system_time, resident_size, total_size, disk_bytes_read, disk_bytes_written, oom_score_adj, wchan
         FROM processes WHERE pid IN (1, 612, 701, 1001) ORDER BY pid",
        "
         1 | 1200 | 3400 | 13107200 | 67108864 | 81920 | 4096 | 0 | ep_poll
         612 | 100 | 50 | 8601600 | 67108864 | 0 | 0 | -1000 | do_sys_poll
         701 | 9100 | 4320 | 8388608 | 67108864 | 0 | 1048576 | 0 | ep_poll
         1001 | 10 | 0 | NULL | NULL | 0 | 0 | 0 | NULL",
    );
    expect(
        "SELECT quote(cwd), root
         FROM processes WHERE pid = 1003",
        "X'2F686F6D652F6164612FFF20646972' | /",
    );
}

#[test]
fn process_arguments() {
    expect(
        "SELECT pid, position, quote(value)
         FROM process_arguments WHERE pid IN (1, 2, 702, 1001, 1003) ORDER BY pid, position",
        "
         1 | 0 | '/sbin/init'
         702 | 0 | 'nginx: worker process'
         1003 | 0 | ''
         1003 | 1 | 'a b'
         1003 | 2 | X'FE0A'
         1003 | 3 | ''",
    );
    expect(
        "SELECT position, value
         FROM process_arguments WHERE pid = 950 AND position < 4 ORDER BY position",
        "
         0 | /usr/local/bin/python3
         1 | /app/server.py
         2 | --listen
         3 | 0.0.0.0:8000",
    );
    expect(
        "SELECT count(*), min(value LIKE '--db-password=%')
         FROM process_arguments WHERE pid = 950 AND position = 4",
        "1 | 1",
    );
}

#[test]
fn process_envs() {
    expect(
        "SELECT key, value
         FROM process_envs WHERE pid = 612 ORDER BY key",
        "
         LANG | C.UTF-8
         NOTIFY_SOCKET | /run/systemd/notify",
    );
    expect(
        "SELECT key, value
         FROM process_envs WHERE pid = 1003 ORDER BY key",
        "
         '' | x
         A | b=c
         NOEQUALS | NULL",
    );
}

#[test]
fn threads() {
    expect(
        "SELECT pid, tid, name, state, user_time, system_time
         FROM threads WHERE pid IN (900, 950) ORDER BY tid",
        "
         900 | 900 | containerd-shim | S | 40 | 20
         900 | 901 | containerd-shim | S | 10 | 0
         950 | 950 | app | S | 22000 | 3100
         950 | 955 | pool-worker | S | 9000 | 1200
         950 | 956 | pool € | R | 9010 | 1210",
    );
}

#[test]
fn fds() {
    expect(
        "SELECT fd, type, quote(target), inode, flags, pos, mnt_id, deleted
         FROM process_fds WHERE pid = 701 ORDER BY fd",
        "
         0 | device | '/dev/null' | 4 | 32770 | 0 | 24 | 0
         1 | device | '/dev/null' | 4 | 32770 | 0 | 24 | 0
         2 | file | '/var/log/nginx/error.log' | 131600 | 558081 | 913 | 28 | 0
         4 | file | '/var/log/nginx/access.log' | 131599 | 558081 | 48231 | 28 | 0
         5 | file | '/var/log/nginx/error.log' | 131600 | 558081 | 913 | 28 | 0
         6 | socket | 'socket:[21001]' | 21001 | 526338 | 0 | 9 | 0
         7 | socket | 'socket:[21002]' | 21002 | 526338 | 0 | 9 | 0
         8 | anon_inode | 'anon_inode:[eventpoll]' | 1061 | 2 | 0 | 16 | 0
         9 | socket | 'socket:[21011]' | 21011 | 526338 | 0 | 9 | 0
         10 | anon_inode | 'anon_inode:[eventfd]' | 1061 | 2050 | 0 | 16 | 0
         12 | socket | 'socket:[21055]' | 21055 | 526338 | 0 | 9 | 0",
    );
    // Inodes and positions up to 2^64-1 are exact; a name that ends in " (deleted)" is not taken for the kernel's word.
    expect(
        "SELECT fd, type, quote(target), inode, flags, pos, mnt_id, deleted
         FROM process_fds WHERE pid = 1004 ORDER BY fd",
        "
         0 | file | '/srv/x (deleted)' | 13835058055282163712 | 32768 | 0 | 28 | 0
         1 | file | '/tmp/gone.log' | 18446744073709551615 | 33793 | 9223372036854775807 | 28 | 1
         2 | file | X'2F746D702FFFFE2E6C6F67' | 99 | 1 | 5 | 28 | 0
         3 | file | '/tmp/pipe:[123]' | 101 | 0 | 0 | 28 | 0
         255 | device | '/dev/pts/0' | 3 | 32770 | 0 | 24 | 0",
    );
    expect(
        "SELECT fd, type, target, inode, deleted
         FROM process_fds WHERE pid = 950 ORDER BY fd",
        "
         0 | device | /dev/null | 4 | 0
         1 | pipe | pipe:[30001] | 30001 | 0
         2 | pipe | pipe:[30002] | 30002 | 0
         3 | socket | socket:[31001] | 31001 | 0
         4 | memfd | /memfd:cache | 77 | 1
         7 | pipe | pipe:[31070] | 31070 | 0",
    );
    expect(
        "SELECT type, target, inode
         FROM process_fds WHERE pid = 900 AND fd = 11",
        "
         namespace | net:[4026532288] | 4026532288",
    );
    expect(
        "SELECT count(*)
         FROM process_fds WHERE pid IN (2, 1001)",
        "0",
    );
}

#[test]
fn limits() {
    expect(
        "SELECT type, soft_limit, hard_limit, soft_unlimited, hard_unlimited, units
         FROM process_limits WHERE pid = 1004 AND type IN ('Max open files', 'Max stack size', 'Max nice priority') ORDER BY type",
        "
         Max nice priority | 0 | 0 | 0 | 0 | NULL
         Max open files | NULL | NULL | 1 | 1 | files
         Max stack size | 18446744073709551614 | NULL | 0 | 1 | bytes",
    );
    expect(
        "SELECT soft_limit, hard_limit
         FROM process_limits WHERE pid = 612 AND type = 'Max open files'",
        "1024 | 524288",
    );
    // Sixteen limits of each of fifteen processes.
    expect(
        "SELECT count(*)
         FROM process_limits",
        "240",
    );
}

#[test]
fn namespaces_and_cgroups() {
    expect(
        "SELECT type, inode
         FROM process_namespaces WHERE pid = 960 ORDER BY type",
        "
         cgroup | 4026532290
         ipc | 4026532287
         mnt | 4026532285
         net | 4026532288
         pid | 4026532289
         time | 4026531834
         user | 4026531837
         uts | 4026532286",
    );
    expect(
        "SELECT hierarchy, controllers, path
         FROM process_cgroups WHERE pid = 950",
        "
         0 | '' | /system.slice/docker-3f9c2d7e51a84b06c8e1f0a2b4d6978851c3e7f9a0b2d4c6e8f1a3b5c7d9e0f2.scope",
    );
}

#[test]
fn memory_maps() {
    expect(
        r#"SELECT start, "end", permissions, offset, device, inode, quote(path), deleted, pseudo
         FROM process_memory_map WHERE pid = 700 ORDER BY start"#,
        "
         000055d0c8a00000 | 000055d0c8a2f000 | r--p | 0 | fe:01 | 1311 | '/usr/sbin/nginx' | 0 | 0
         000055d0c8a2f000 | 000055d0c8b10000 | r-xp | 192512 | fe:01 | 1311 | '/usr/sbin/nginx' | 0 | 0
         000055d0c9f00000 | 000055d0c9f80000 | rw-p | 0 | 00:00 | 0 | '[heap]' | 0 | 1
         00007f21a4000000 | 00007f21a4021000 | rw-p | 0 | 00:00 | 0 | NULL | 0 | 1
         00007f21a8000000 | 00007f21a8010000 | rw-s | 0 | 00:01 | 2049 | '/dev/zero' | 1 | 0
         00007f21a9000000 | 00007f21a9001000 | r--p | 0 | fe:01 | 1400 | '/opt/odd\nname/lib.so' | 0 | 0
         ffffffffff600000 | ffffffffff601000 | --xp | 0 | 00:00 | 0 | '[vsyscall]' | 0 | 1",
    );
}

#[test]
fn sockets() {
    expect(
        "SELECT protocol, local_address, local_port, remote_address, remote_port, state, uid, inode, recv_queue, send_queue
         FROM sockets WHERE family = 'inet' AND protocol IN ('tcp', 'udp') AND net_namespace = 4026531840 ORDER BY inode",
        "
         tcp | 192.0.2.10 | 80 | 198.51.100.9 | 51000 | TIME-WAIT | 0 | 0 | 0 | 0
         udp | 0.0.0.0 | 68 | 0.0.0.0 | 0 | UNCONN | 0 | 19001 | 0 | 0
         tcp | 0.0.0.0 | 22 | 0.0.0.0 | 0 | LISTEN | 0 | 20001 | 0 | 0
         tcp | 192.0.2.10 | 22 | 198.51.100.7 | 50514 | ESTAB | 0 | 20055 | 0 | 36
         tcp | 0.0.0.0 | 80 | 0.0.0.0 | 0 | LISTEN | 0 | 21001 | 3 | 0
         tcp | 203.0.113.1 | 45678 | 203.0.113.2 | 8000 | ESTAB | 33 | 21055 | 0 | 0",
    );
    expect(
        "SELECT protocol, local_address, local_port, remote_address, remote_port, state, uid, inode, recv_queue, send_queue
         FROM sockets WHERE family = 'inet6' AND protocol IN ('tcp', 'udp') ORDER BY inode",
        "
         udp | fe80::ff:fe00:a | 546 | :: | 0 | UNCONN | 0 | 19002 | 0 | 0
         tcp | :: | 22 | :: | 0 | LISTEN | 0 | 20003 | 0 | 0
         tcp | :: | 80 | :: | 0 | LISTEN | 0 | 21002 | 0 | 0
         tcp | 2001:db8::10 | 80 | 2001:db8::abcd | 40112 | CLOSE-WAIT | 33 | 21060 | 1 | 0",
    );
    expect(
        "SELECT protocol, local_address, local_port, remote_address, remote_port, state, uid, inode, recv_queue, send_queue
         FROM sockets WHERE family = 'inet' AND net_namespace = 4026532288 ORDER BY inode",
        "
         tcp | 0.0.0.0 | 8000 | 0.0.0.0 | 0 | LISTEN | 10001 | 31001 | 0 | 0
         tcp | 203.0.113.2 | 8000 | 203.0.113.1 | 45678 | ESTAB | 10001 | 31055 | 0 | 0
         tcp | 203.0.113.2 | 38200 | 192.0.2.20 | 5432 | ESTAB | 10001 | 31060 | 120 | 0",
    );
    expect(
        "SELECT protocol, state, inode, path, local_address, uid
         FROM sockets WHERE family = 'unix' ORDER BY inode",
        "
         dgram | UNCONN | 15001 | /run/systemd/notify | NULL | NULL
         seqpacket | LISTEN | 15010 | /run/udev/control | NULL | NULL
         stream | ESTAB | 18001 | NULL | NULL | NULL
         stream | ESTAB | 21010 | NULL | NULL | NULL
         stream | LISTEN | 30010 | @/containerd-shim/moby/3f9c.sock@ | NULL | NULL",
    );
}

#[test]
fn sockets_without_addresses_and_multicast_groups() {
    expect(
        "SELECT family, protocol, state, uid, inode, recv_queue, drops, interface_index, ether_type, port_id, groups
         FROM sockets WHERE family IN ('packet', 'netlink') ORDER BY inode",
        "
         netlink | rtnl | UNCONN | NULL | 5001 | 0 | 0 | NULL | NULL | 0 | 0
         netlink | genl | UNCONN | NULL | 5002 | 0 | 0 | NULL | NULL | 0 | 0
         netlink | uevent | UNCONN | NULL | 15020 | 0 | 0 | NULL | NULL | 1 | 2
         netlink | audit | UNCONN | NULL | 15021 | 0 | 0 | NULL | NULL | 1 | 0
         packet | dgram | UNCONN | 0 | 19005 | 0 | NULL | 2 | 2048 | NULL | NULL
         netlink | rtnl | UNCONN | NULL | 19008 | 0 | 0 | NULL | NULL | 560 | 1361
         packet | raw | UNCONN | 0 | 22010 | 576 | NULL | 0 | 3 | NULL | NULL
         netlink | uevent | UNCONN | NULL | 22020 | 0 | 3 | NULL | NULL | 4294963200 | 1
         netlink | rtnl | UNCONN | NULL | 31080 | 0 | 0 | NULL | NULL | 0 | 0",
    );
    expect(
        "SELECT net_namespace, family, interface, interface_index, address, users, querier
         FROM multicast_groups WHERE net_namespace = 4026531840 ORDER BY family, interface_index, address",
        "
         4026531840 | inet | lo | 1 | 224.0.0.1 | 1 | V3
         4026531840 | inet | eth0 | 2 | 224.0.0.1 | 1 | V3
         4026531840 | inet | eth0 | 2 | 224.0.0.251 | 1 | V3
         4026531840 | inet | docker0 | 3 | 224.0.0.1 | 1 | V3
         4026531840 | inet6 | lo | 1 | ff01::1 | 1 | NULL
         4026531840 | inet6 | lo | 1 | ff02::1 | 1 | NULL
         4026531840 | inet6 | eth0 | 2 | ff02::1 | 1 | NULL
         4026531840 | inet6 | eth0 | 2 | ff02::1:ff00:10 | 1 | NULL",
    );
}

#[test]
fn socket_owners() {
    // A view under osquery's name has osquery's numbers: AF_INET, IPPROTO_TCP.
    expect(
        "SELECT pid, fd, protocol, local_address, local_port, remote_address, remote_port, state
         FROM process_open_sockets WHERE family = 2 AND protocol IN (6, 17) ORDER BY pid, fd",
        "
         560 | 5 | 17 | 0.0.0.0 | 68 | 0.0.0.0 | 0 | UNCONN
         612 | 3 | 6 | 0.0.0.0 | 22 | 0.0.0.0 | 0 | LISTEN
         640 | 4 | 6 | 192.0.2.10 | 22 | 198.51.100.7 | 50514 | ESTAB
         700 | 6 | 6 | 0.0.0.0 | 80 | 0.0.0.0 | 0 | LISTEN
         701 | 6 | 6 | 0.0.0.0 | 80 | 0.0.0.0 | 0 | LISTEN
         701 | 12 | 6 | 203.0.113.1 | 45678 | 203.0.113.2 | 8000 | ESTAB
         702 | 6 | 6 | 0.0.0.0 | 80 | 0.0.0.0 | 0 | LISTEN
         950 | 3 | 6 | 0.0.0.0 | 8000 | 0.0.0.0 | 0 | LISTEN
         960 | 8 | 6 | 203.0.113.2 | 8000 | 203.0.113.1 | 45678 | ESTAB
         960 | 9 | 6 | 203.0.113.2 | 38200 | 192.0.2.20 | 5432 | ESTAB",
    );
}

#[test]
fn conntrack() {
    expect(
        "SELECT family, protocol, protocol_number, state, timeout, orig_src, orig_sport, orig_dst, orig_dport, reply_src, reply_sport, reply_dst, reply_dport, assured, unreplied, mark, zone, nat
         FROM conntrack WHERE orig_sport > 37000 ORDER BY family, protocol, orig_sport",
        "
         inet | tcp | 6 | ESTABLISHED | 300 | 203.0.113.2 | 38200 | 192.0.2.20 | 5432 | 192.0.2.20 | 5432 | 192.0.2.10 | 38200 | 1 | 0 | 0 | 0 | snat
         inet | tcp | 6 | ESTABLISHED | 431000 | 203.0.113.2 | 38300 | 192.0.2.10 | 8080 | 203.0.113.3 | 8000 | 203.0.113.1 | 38300 | 0 | 0 | 16 | 5 | both
         inet | tcp | 6 | ESTABLISHED | 431999 | 198.51.100.7 | 50514 | 192.0.2.10 | 22 | 192.0.2.10 | 22 | 198.51.100.7 | 50514 | 1 | 0 | 0 | 0 | NULL
         inet | tcp | 6 | TIME_WAIT | 86 | 198.51.100.9 | 51010 | 192.0.2.10 | 8080 | 203.0.113.2 | 8000 | 198.51.100.9 | 51010 | 1 | 0 | 0 | 0 | dnat
         inet | udp | 17 | NULL | 25 | 192.0.2.10 | 53021 | 192.0.2.53 | 53 | 192.0.2.53 | 53 | 192.0.2.10 | 53021 | 0 | 1 | 0 | 0 | NULL
         inet6 | tcp | 6 | SYN_SENT | 120 | 2001:db8::10 | 40000 | 2001:db8::99 | 443 | 2001:db8::99 | 443 | 2001:db8::10 | 40000 | 0 | 1 | 0 | 0 | NULL",
    );
    expect(
        "SELECT orig_src, orig_sport, orig_dst, icmp_type, icmp_code, icmp_id, nat
         FROM conntrack WHERE protocol = 'icmp'",
        "
         192.0.2.10 | NULL | 192.0.2.1 | 8 | 0 | 4711 | NULL",
    );
    expect(
        "SELECT orig_sport, orig_packets, orig_bytes, reply_packets, reply_bytes
         FROM conntrack WHERE orig_sport IN (38200, 38300, 53021) ORDER BY orig_sport",
        "
         38200 | 9 | 900 | 8 | 8000
         38300 | NULL | NULL | NULL | NULL
         53021 | 1 | 60 | 0 | 0",
    );
}

#[test]
fn neighbors() {
    expect(
        "SELECT net_namespace, address, mac, interface, hardware_type, flags
         FROM neighbors ORDER BY net_namespace, address",
        "
         4026531840 | 192.0.2.1 | 02:00:00:00:00:01 | eth0 | 1 | 2
         4026531840 | 192.0.2.2 | 02:00:00:00:00:02 | eth0 | 1 | 6
         4026531840 | 192.0.2.20 | 02:00:00:00:00:14 | eth0 | 1 | 2
         4026531840 | 192.0.2.99 | 00:00:00:00:00:00 | eth0 | 1 | 0
         4026531840 | 203.0.113.2 | 02:42:cb:00:71:02 | docker0 | 1 | 2
         4026532288 | 203.0.113.1 | 02:42:cb:00:71:01 | eth0 | 1 | 2",
    );
    expect(
        "SELECT address, permanent
         FROM arp_cache WHERE interface = 'eth0' AND address IN ('192.0.2.2', '192.0.2.20') ORDER BY address",
        "
         192.0.2.2 | 1
         192.0.2.20 | 0",
    );
}

#[test]
fn routes_and_addresses() {
    expect(
        "SELECT destination, netmask, gateway, interface, flags, metric
         FROM routes WHERE family = 'inet' AND net_namespace = 4026531840 ORDER BY destination, interface",
        "
         0.0.0.0 | 0 | 192.0.2.1 | eth0 | 3 | 100
         192.0.2.0 | 24 | NULL | eth0 | 1 | 100
         203.0.113.0 | 24 | NULL | docker0 | 1 | 0",
    );
    expect(
        "SELECT destination, netmask, gateway, interface, metric
         FROM routes WHERE family = 'inet6' AND net_namespace = 4026531840 AND interface = 'eth0' ORDER BY destination",
        "
         2001:db8:: | 64 | NULL | eth0 | 256
         :: | 0 | 2001:db8::1 | eth0 | 1024",
    );
    expect(
        "SELECT interface, address, prefix_length, scope
         FROM interface_addresses WHERE family = 'inet6' AND net_namespace = 4026531840 ORDER BY address",
        "
         eth0 | 2001:db8::10 | 64 | global
         lo | ::1 | 128 | host
         eth0 | fe80::ff:fe00:a | 64 | link",
    );
    expect(
        "SELECT interface, address
         FROM interface_addresses WHERE family = 'inet' AND address NOT LIKE '127.%' ORDER BY address",
        "
         eth0 | 192.0.2.10
         docker0 | 203.0.113.1
         eth0 | 203.0.113.2",
    );
}

#[test]
fn shell_history() {
    expect(
        "SELECT uid, username, shell, line_no, time, command
         FROM shell_history WHERE history_file = '/root/.bash_history' ORDER BY line_no",
        "
         0 | root | bash | 2 | 1795510000 | systemctl restart nginx
         0 | root | bash | 4 | 1795510060 | iptables -t nat -L -n",
    );
    expect(
        "SELECT uid, username, line_no, time, quote(command)
         FROM shell_history WHERE history_file = '/home/ada/.bash_history' AND line_no <> 2 ORDER BY line_no",
        "
         1000 | ada | 1 | NULL | 'ls -la'
         1000 | ada | 3 | NULL | 'vi /etc/nginx/nginx.conf'
         1000 | ada | 4 | NULL | X'63617420FFFE2E6C6F67'",
    );
    expect(
        "SELECT line_no, command
         FROM shell_history WHERE history_file = '/home/old/.bash_history'",
        "1 | rm -rf build",
    );
}

#[test]
fn log_lines() {
    expect(
        "SELECT line_no, time_us, host, program, pid, quote(message)
         FROM log_lines WHERE path = '/var/log/syslog' ORDER BY line_no",
        "
         1 | 1795497301123456 | web-1 | CRON | 4321 | '(root) CMD (test -x /usr/sbin/anacron)'
         2 | 1795497302000001 | web-1 | systemd | 1 | 'Started session-4.scope - Session 4 of User ada.'
         3 | 1795497303000000 | web-1 | app | NULL | 'worker 7 failed: connection to 192.0.2.20:5432 refused'
         4 | NULL | NULL | NULL | NULL | 'a line of no known form'
         5 | 1795497304500000 | web-1 | nginx | 700 | 'escape \x1b[31mred\x1b[0m and \x07bell'
         6 | 1795500720100070 | web-1 | kernel | NULL | '[ 3600.100070] Memory cgroup out of memory: Killed process 961 (app-child) total-vm:512000kB, anon-rss:250000kB, file-rss:3000kB, shmem-rss:16kB, UID:10001 pgtables:700kB oom_score_adj:0'",
    );
    // The lines have no zone and no year: the host's own zone, five hours east, gives the time of day in UTC.
    expect(
        "SELECT line_no, time % 86400, host, program, pid, quote(message)
         FROM log_lines WHERE path = '/var/log/auth.log' AND line_no > 1 ORDER BY line_no",
        "
         2 | 18960 | web-1 | sshd | 639 | 'pam_unix(sshd:session): session opened for user ada(uid=1000) by (uid=0)'
         3 | 19050 | web-1 | sudo | NULL | X'2020202020616461203A205454593D7074732F30203B205057443D2F686F6D652F616461203B20555345523D726F6F74203B20434F4D4D414E443D2F7573722F62696E2F696420FF'",
    );
    expect(
        "SELECT count(*)
         FROM log_lines WHERE path IN ('/var/log/kern.log', '/dev/kmsg') AND program = 'kernel' AND message LIKE '%Killed process 880%'",
        "2",
    );
}

#[test]
fn mounts() {
    expect(
        "SELECT mount_namespace, mount_id, parent_id, device_number, device, root, path, type, flags, propagation
         FROM mounts WHERE mount_id IN (28, 31, 610, 630) ORDER BY mount_id",
        "
         4026531841 | 28 | 1 | 254:1 | /dev/vda1 | / | / | ext4 | rw,relatime | shared:1
         4026531841 | 31 | 28 | 254:17 | /dev/vdb1 | / | /srv/shared files | ext4 | rw,nosuid,relatime | shared:31
         4026532285 | 610 | 500 | 0:52 | overlay | / | / | overlay | rw,relatime | master:210
         4026532285 | 630 | 610 | 254:17 | /dev/vdb1 | /app-config | /etc/app | ext4 | ro,nosuid,relatime | master:31",
    );
    expect(
        "SELECT count(*)
         FROM mounts",
        "9",
    );
}

#[test]
fn system() {
    expect(
        "SELECT name, value, unit
         FROM memory_info WHERE name IN ('MemTotal', 'MemAvailable', 'HugePages_Total') ORDER BY name",
        "
         HugePages_Total | 4 | NULL
         MemAvailable | 2202009600 | bytes
         MemTotal | 4103077888 | bytes",
    );
    expect(
        "SELECT period, average
         FROM load_average ORDER BY period",
        "
         15m | 12.07
         1m | 0.42
         5m | 0.30",
    );
    expect(
        "SELECT total_seconds, idle_seconds
         FROM uptime",
        "13241 | 26067",
    );
    expect(
        "SELECT name, version, version_id, id, id_like, codename
         FROM os_version",
        "
         Invented Linux | 12 (lamplight) | 12 | invented | debian | lamplight",
    );
    expect(
        "SELECT username, uid, gid, directory, shell
         FROM users ORDER BY uid",
        "
         root | 0 | 0 | /root | /bin/bash
         www-data | 33 | 33 | /var/www | /usr/sbin/nologin
         ada | 1000 | 1000 | /home/ada | /bin/bash
         grace | 1001 | 1001 | /home/grace | /bin/zsh",
    );
    expect(
        "SELECT path, type, size, used, priority
         FROM swaps",
        "
         /swap file | file | 1073737728 | 8388608 | -2",
    );
    expect(
        "SELECT hostname, mode, boot_id, intact, redaction
         FROM snapshots",
        "
         web-1 | dead | 6b2f0b1e-3d5c-4f7a-9e8d-0c1b2a394857 | 1 | on",
    );
    // The line of passwd that is none costs itself, and is told.
    expect(
        "SELECT count(*)
         FROM parse_issues WHERE member = 'root/etc/passwd' AND line = 5",
        "1",
    );
}

#[test]
fn what_is_not_there_is_told() {
    expect(
        "SELECT path, outcome
         FROM collection_log WHERE path IN ('/var/log/messages', '/var/log/syslog', '/proc/1/net/arp', '/proc/700/status') ORDER BY path",
        "
         /proc/1/net/arp | collected
         /proc/700/status | collected
         /var/log/messages | absent
         /var/log/syslog | collected",
    );
    expect(
        "SELECT count(*) > 0
         FROM coverage",
        "1",
    );
}
