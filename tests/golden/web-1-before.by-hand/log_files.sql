-- The logs of tests/hosts/web-1/var/log: to those of known paths and their rotated siblings no process leads.
SELECT path, found_by, pid, outcome, size, kept_from, kept_bytes FROM log_files WHERE pid IS NULL ORDER BY path;
/var/log/auth.log | known path | NULL | collected | 326 | 0 | 326
/var/log/auth.log.1 | rotated | NULL | collected | 106 | 0 | 106
/var/log/auth.log.2.xz | rotated | NULL | collected | 180 | 0 | 180
/var/log/daemon.log | known path | NULL | collected | 236 | 0 | 236
/var/log/daemon.log.1.zst | rotated | NULL | collected | 84 | 0 | 84
/var/log/kern.log | known path | NULL | collected | 1707 | 0 | 1707
/var/log/kern.log.1 | rotated | NULL | collected | 240 | 0 | 240
/var/log/kern.log.2.bz2 | rotated | NULL | collected | 225 | 0 | 225
/var/log/syslog | known path | NULL | collected | 616 | 0 | 616
/var/log/syslog.1 | rotated | NULL | collected | 192 | 0 | 192
/var/log/syslog.2.gz | rotated | NULL | collected | 128 | 0 | 128

-- What nginx holds open to append to, and files whose names are no text or gone, of which the tree has none.
SELECT quote(path), found_by, pid, fd, quote(target), outcome, size FROM log_files WHERE pid IN (700, 1004) ORDER BY pid, fd;
'/var/log/nginx/error.log' | open file | 700 | 2 | '/var/log/nginx/error.log' | collected | 342
'/var/log/nginx/access.log' | open file | 700 | 4 | '/var/log/nginx/access.log' | collected | 194
'/var/log/nginx/error.log' | open file | 700 | 5 | '/var/log/nginx/error.log' | collected | 342
X'2F746D702FFFFE2E6C6F67' | open file | 1004 | 2 | X'2F746D702FFFFE2E6C6F67' | absent | NULL

-- Their lines: the zone of the host is five hours east of UTC, requests have one of their own; 13:52:30 there is 08:52:30 UTC.
SELECT path, line_no, time, severity, pid, program, substr(message, 1, 30) FROM log_lines WHERE path LIKE '/var/log/nginx/%' ORDER BY path, line_no;
/var/log/nginx/access.log | 1 | 1795510350 | NULL | NULL | NULL | 203.0.113.9 - - [24/Nov/2026:1
/var/log/nginx/access.log | 2 | 1795510355 | NULL | NULL | NULL | 2001:db8::77 - grace [24/Nov/2
/var/log/nginx/error.log | 1 | 1795510350 | 3 | 701 | NULL | [error] 701#701: *77 connect()
/var/log/nginx/error.log | 2 | 1795510351 | 4 | 701 | NULL | [warn] 701#701: *78 upstream s
