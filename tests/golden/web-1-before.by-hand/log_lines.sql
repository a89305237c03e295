-- The rotated siblings of tests/hosts/web-1/var/log, whatever packs them; without a year in the line it is that of the file.
SELECT path, line_no, time, program, pid, message FROM log_lines WHERE path LIKE '/var/log/%.1%' OR path LIKE '/var/log/%.2%' ORDER BY path, line_no;
/var/log/auth.log.1 | 1 | 1795406400 | sshd | 590 | Failed password for invalid user admin from 203.0.113.77 port 40100 ssh2
/var/log/auth.log.2.xz | 1 | 1795316400 | sshd | 480 | Accepted publickey for grace from 198.51.100.8 port 50111 ssh2: ED25519 SHA256:invented
/var/log/daemon.log.1.zst | 1 | 1795410600 | dhcpcd | 541 | eth0: carrier acquired
/var/log/kern.log.1 | 1 | 1795395600 | kernel | NULL | [51000.000001] Out of memory: Kill process 733 (java) score 912 or sacrifice child
/var/log/kern.log.1 | 2 | 1795395600 | kernel | NULL | [51000.000020] Killed process 733 (java) total-vm:6000000kB, anon-rss:3500000kB, file-rss:1024kB
/var/log/kern.log.2.bz2 | 1 | 1795305600 | kernel | NULL | [  100.000000] Memory cgroup out of memory: Kill process 734 (java) score 1001 or sacrifice child
/var/log/kern.log.2.bz2 | 2 | 1795305600 | kernel | NULL | [  100.000010] Killed process 734 (java) total-vm:700000kB, anon-rss:250000kB, file-rss:0kB, shmem-rss:0kB
/var/log/syslog.1 | 1 | 1795453201 | CRON | 4001 | (root) CMD (run-parts /etc/cron.hourly)
/var/log/syslog.1 | 2 | 1795460398 | app | NULL | worker 3 failed: connection to 192.0.2.20:5432 timed out
/var/log/syslog.2.gz | 1 | 1795373400 | systemd | 1 | Starting logrotate.service - Rotate log files...
/var/log/syslog.2.gz | 2 | 1795373401 | app | NULL | listening on 0.0.0.0:8000

-- RFC 5424: the priority is facility * 8 + severity.
SELECT line_no, time_us, host, program, pid, severity, message FROM log_lines WHERE path = '/var/log/daemon.log' ORDER BY line_no;
1 | 1795497129500000 | web-1 | dhcpcd | 560 | 6 | eth0: leased 192.0.2.10 for 86400 seconds
2 | 1795497600000000 | web-1 | app | NULL | 3 | worker 7: upstream 192.0.2.20:5432 refused the connection

-- Without a year in auth.log its file's time tells it; the zone is the host's own, five hours east.
SELECT line_no, time, program, pid FROM log_lines WHERE path = '/var/log/auth.log' ORDER BY line_no;
1 | 1795497360 | sshd | 639
2 | 1795497360 | sshd | 639
3 | 1795497450 | sudo | NULL
