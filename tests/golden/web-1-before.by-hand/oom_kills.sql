-- tests/hosts/web-1/var/log/kern.log, its rotated siblings, syslog and dev/kmsg: a kill is one row, however often it is logged.
-- The kernel writes kB; 880 and the two of java are older forms of the line.
SELECT time_us, pid, name, total_vm_bytes, anon_rss_bytes, file_rss_bytes, shmem_rss_bytes, pgtables_bytes FROM oom_kills ORDER BY time_us;
1795305600000000 | 734 | java | 716800000 | 256000000 | 0 | 0 | NULL
1795395600000000 | 733 | java | 6144000000 | 3584000000 | 1048576 | NULL | NULL
1795497240250000 | 880 | app | 409600000 | 307200000 | NULL | NULL | NULL
1795500720100070 | 961 | app-child | 524288000 | 256000000 | 3072000 | 16384 | 716800
1795504320000070 | 1010 | report (2) | 3993600000 | 3174400000 | 12288 | 0 | 6348800

SELECT pid, "constraint", cgroup, limit_cgroup, oom_score_adj, uid FROM oom_kills WHERE pid IN (961, 1010) ORDER BY pid;
961 | CONSTRAINT_MEMCG | /system.slice/docker-3f9c2d7e51a84b06c8e1f0a2b4d6978851c3e7f9a0b2d4c6e8f1a3b5c7d9e0f2.scope | /system.slice/docker-3f9c2d7e51a84b06c8e1f0a2b4d6978851c3e7f9a0b2d4c6e8f1a3b5c7d9e0f2.scope | 0 | 10001
1010 | CONSTRAINT_NONE | /user.slice/user-1000.slice/session-4.scope | NULL | 300 | 1000
