-- Tables whose files are small, from tests/hosts/web-1 below proc and etc.
SELECT name, size, references, used_by, status, address, taint FROM kernel_modules ORDER BY name;
nf_conntrack | 180224 | 3 | nf_nat,xt_conntrack,xt_MASQUERADE | Live | 0000000000000000 | NULL
odd_driver | 16384 | 0 | '' | Live | 0000000000000000 | OE
overlay | 163840 | 1 | '' | Live | 0000000000000000 | NULL

SELECT item, value FROM kernel_info ORDER BY item;
arguments | BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro quiet
version | Linux version 6.1.0-99-invented-amd64 (builder@build.example) (gcc 12.2.0) #1 SMP PREEMPT_DYNAMIC

SELECT gid, groupname, members FROM groups ORDER BY gid;
0 | root | ''
4 | adm | ada,grace
33 | www-data | ''
1000 | ada | ''
1001 | grace | ''

SELECT address, hostnames FROM etc_hosts ORDER BY address, hostnames;
127.0.0.1 | localhost
192.0.2.10 | web-1.example web-1
192.0.2.20 | db-1.example db-1
2001:db8::10 | web-1.example

SELECT type, id, address FROM dns_resolvers ORDER BY type, id;
nameserver | 0 | 192.0.2.53
nameserver | 1 | 2001:db8::53
options | 0 | timeout:1
options | 1 | rotate
search | 0 | example
search | 1 | internal.example

SELECT interface, ipackets, opackets, ibytes, obytes, ierrors, oerrors, idrops, odrops, collisions FROM interface_details
WHERE net_namespace = 4026531840 ORDER BY interface;
docker0 | 50 | 70 | 5000 | 7000 | 0 | 0 | 0 | 0 | 0
eth0 | 61234 | 40123 | 8123456 | 1234567 | 0 | 1 | 3 | 0 | 0
lo | 90 | 90 | 9000 | 9000 | 0 | 0 | 0 | 0 | 0

-- The label and the name of the tree are those of samples/make.
SELECT label, hostname, boot_id, mode, root, clock_ticks, intact, complete FROM snapshots;
before | web-1 | 6b2f0b1e-3d5c-4f7a-9e8d-0c1b2a394857 | dead | web-1-before | 100 | 1 | 1

-- One line of passwd is none; all other lines of the host are understood.
SELECT member, line, reason, excerpt FROM parse_issues;
root/etc/passwd | 5 | a user | broken line

-- Files have the times that samples/make gives them.
SELECT path, outcome, bytes_seen, mtime FROM collection_log WHERE path IN ('/etc/hostname', '/var/log/syslog') ORDER BY path;
/etc/hostname | collected | 6 | 1795510361
/var/log/syslog | collected | 616 | 1795510361

-- Without a year in auth.log its file's time tells it; the zone is the host's own, five hours east.
SELECT line_no, time, program, pid FROM log_lines WHERE path = '/var/log/auth.log' ORDER BY line_no;
1 | 1795497360 | sshd | 639
2 | 1795497360 | sshd | 639
3 | 1795497450 | sudo | NULL
