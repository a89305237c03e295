-- The kills of oom_kills, each once with the log that has the most exact time, and what the journal has of the kernel.
SELECT time_us, kind, subject, pid, process_name, path, line_no, logs FROM kernel_events ORDER BY time_us;
1795305600000000 | oom_kill | NULL | 734 | java | /var/log/kern.log.2.bz2 | 2 | 1
1795395600000000 | oom_kill | NULL | 733 | java | /var/log/kern.log.1 | 2 | 1
1795497129000000 | link_down | eth0 | NULL | NULL | /var/log/journal/0f1e2d3c4b5a69788796a5b4c3d2e1f0/system.journal | 1 | 1
1795497240250000 | oom_kill | NULL | 880 | app | /dev/kmsg | 2 | 2
1795500720100070 | oom_kill | NULL | 961 | app-child | /dev/kmsg | 8 | 3
1795504320000070 | oom_kill | NULL | 1010 | report (2) | /dev/kmsg | 11 | 2
