-- tests/hosts/web-1/proc/stat: ticks are hundredths of a second.
SELECT core, user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice FROM cpu_time ORDER BY core;
0 | 156000 | 60 | 49000 | 13033610 | 2000 | 0 | 600 | 170 | 100 | 0
1 | 156000 | 60 | 49000 | 13033610 | 2000 | 0 | 600 | 170 | 0 | 20

SELECT name, value FROM kernel_counters WHERE name NOT LIKE 'cpu%' OR name IN ('cpu_user_ms', 'cpu_steal_ms') ORDER BY name;
btime | 1795497120
cpu_steal_ms | 340
cpu_user_ms | 312000
ctxt | 8123456
fs.aio-nr | 16
intr | 1200
net.netfilter.nf_conntrack_count | 15
processes | 91044
procs_blocked | 0
procs_running | 2
softirq | 5400

-- proc/diskstats: sectors are of 512 bytes.
SELECT name, major, minor, reads, reads_merged, bytes_read, read_time_ms, writes, writes_merged, bytes_written, write_time_ms, in_flight
FROM disk_stats ORDER BY name;
loop0 | 7 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0
vda | 254 | 0 | 12000 | 100 | 358400000 | 4000 | 8000 | 900 | 126418944 | 9000 | 0
vda1 | 254 | 1 | 11900 | 100 | 357376000 | 3990 | 8000 | 900 | 126418944 | 9000 | 0
vdb | 254 | 16 | 300 | 0 | 1228800 | 90 | 12 | 0 | 49152 | 20 | 1
vdb1 | 254 | 17 | 290 | 0 | 1187840 | 88 | 12 | 0 | 49152 | 20 | 0

SELECT name, io_time_ms, weighted_io_time_ms, discards, discards_merged, bytes_discarded, discard_time_ms, flushes, flush_time_ms
FROM disk_stats WHERE name LIKE 'vda%' ORDER BY name;
vda | 8000 | 13000 | 40 | 2 | 41943040 | 30 | 610 | 250
vda1 | 7990 | 12990 | 40 | 2 | 41943040 | 30 | 0 | 0

SELECT name, value FROM vmstat ORDER BY name;
allocstall_normal | 7
nr_active_anon | 150000
nr_dirty | 32
nr_free_pages | 128000
oom_kill | 3
pgfault | 9123456
pgmajfault | 812
pgpgin | 350000
pgpgout | 123456
pswpin | 12
pswpout | 2048
thp_fault_alloc | 5

SELECT resource, kind, avg10, avg60, avg300, total_us FROM pressure ORDER BY resource, kind;
cpu | full | 0.00 | 0.00 | 0.00 | 4567
cpu | some | 0.00 | 0.12 | 0.07 | 1234567
io | full | 0.00 | 1.10 | 0.00 | 4567
io | some | 0.00 | 0.12 | 0.07 | 1234567
irq | full | 0.00 | 0.00 | 0.00 | 3210
memory | full | 0.00 | 0.00 | 0.00 | 4567
memory | some | 0.00 | 0.12 | 0.07 | 1234567

-- proc/1/net/(snmp,netstat,snmp6,sockstat,sockstat6)
SELECT protocol, name, value FROM network_counters
WHERE net_namespace = 4026531840 AND (protocol, name) IN (VALUES ('ip', 'ForwDatagrams'), ('icmpmsg', 'InType3'), ('tcp', 'MaxConn'),
  ('tcp', 'RetransSegs'), ('tcp', 'alloc'), ('udp', 'NoPorts'), ('tcpext', 'ListenOverflows'), ('ipext', 'InOctets'),
  ('icmp6', 'OutType135'), ('ip6', 'InReceives'), ('sockets', 'used'), ('tcp6', 'inuse'), ('frag', 'memory')) ORDER BY protocol, name;
frag | memory | 0
icmp6 | OutType135 | 22
icmpmsg | InType3 | 4
ip | ForwDatagrams | 1400
ip6 | InReceives | 310
ipext | InOctets | 8000000
sockets | used | 120
tcp | MaxConn | -1
tcp | RetransSegs | 7
tcp | alloc | 9
tcp6 | inuse | 3
tcpext | ListenOverflows | 2
udp | NoPorts | 4

SELECT protocol, name, value FROM network_counters WHERE net_namespace = 4026532288 AND name IN ('RetransSegs', 'TCPSynRetrans') ORDER BY name;
tcp | RetransSegs | 21
tcpext | TCPSynRetrans | 20

-- proc/sys
SELECT name, subsystem, current_value FROM system_controls WHERE name IN ('vm.swappiness', 'kernel.core_pattern', 'net.core.somaxconn',
  'net.ipv4.tcp_congestion_control', 'fs.file-max') ORDER BY name;
fs.file-max | fs | 401000
kernel.core_pattern | kernel | |/usr/lib/invented/coredump %P %u %g %s %t
net.core.somaxconn | net | 4096
net.ipv4.tcp_congestion_control | net | cubic
vm.swappiness | vm | 60

SELECT hex(current_value) FROM system_controls WHERE name = 'net.ipv4.ip_local_port_range';
3332373638093630393939

SELECT allocated, unused, maximum FROM file_handles;
1312 | 0 | 401000

SELECT id, blocked, type, mode, access, pid, device, inode, start, "end" FROM file_locks ORDER BY id, blocked;
1 | 0 | POSIX | ADVISORY | WRITE | 700 | 00:2d | 1401 | 0 | NULL
2 | 0 | FLOCK | ADVISORY | WRITE | 560 | 00:2d | 1402 | 0 | NULL
3 | 0 | OFDLCK | ADVISORY | READ | NULL | fe:01 | 131600 | 100 | 199
4 | 0 | POSIX | ADVISORY | WRITE | 1004 | fe:01 | 99 | 0 | 0
4 | 1 | POSIX | ADVISORY | WRITE | 1003 | fe:01 | 99 | 0 | NULL
5 | 0 | LEASE | ACTIVE | READ | 612 | fe:01 | 1311 | 0 | NULL

-- A dead tree has no clock and no file system of its own that could be asked.
SELECT count(*) FROM time_status;
0

SELECT count(*), count(blocks), count(inodes) FROM mounts;
9 | 0 | 0
