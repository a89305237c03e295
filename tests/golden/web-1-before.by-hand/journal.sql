-- The journal of tests/hosts/web-1: what the kernel, a program on its output, and systemd about a unit have in it. The level that a program
-- writes is its own, and the command line is not taken.
SELECT line_no, time_us, monotonic_us, boot_id, seqnum, host, identifier, pid, uid, process_name, process_path, systemd_unit FROM journal ORDER BY line_no;
1 | 1795497129000000 | 9000000 | 0f1e2d3c4b5a69788796a5b4c3d2e1f0 | 41 | web-1 | kernel | NULL | NULL | NULL | NULL | NULL
2 | 1795497360000000 | 240000000 | 0f1e2d3c4b5a69788796a5b4c3d2e1f0 | 42 | web-1 | app | 960 | 10001 | app-child | /opt/app/bin/app | app.service
3 | 1795497361000000 | 241000000 | 0f1e2d3c4b5a69788796a5b4c3d2e1f0 | 43 | web-1 | systemd | 1 | 0 | NULL | NULL | app.service

SELECT line_no, cgroup, container_id, transport, severity, message_id, quote(replace(message, char(10), '|')), fields FROM journal ORDER BY line_no;
1 | NULL | NULL | kernel | 4 | NULL | 'eth0: link is down' | {}
2 | /system.slice/app.service | NULL | stdout | 6 | NULL | 'ERROR worker 7: refused' | {}
3 | NULL | NULL | journal | 6 | 39f53479d3a045ac8e11786248231fbf | 'Started app.service|in two lines' | {"CODE_LINE":"575"}

SELECT line_no, program, pid, severity FROM log_lines WHERE path LIKE '%.journal' ORDER BY line_no;
1 | kernel | NULL | 4
2 | app | 960 | 3
3 | systemd | 1 | 6
