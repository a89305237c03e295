-- title: Killed for memory
-- description: the newest of the kernel's out-of-memory kills (UTC), sizes in MiB
-- rows: 5
SELECT
  strftime('%m-%d %H:%M:%S', time, 'unixepoch') AS Time,
  pid AS PID,
  name AS Name,
  anon_rss_bytes / 1048576 AS Anon,
  file_rss_bytes / 1048576 AS File,
  CASE "constraint" WHEN 'CONSTRAINT_MEMCG' THEN 'its cgroup' WHEN 'CONSTRAINT_NONE' THEN 'the host' END AS "Short was",
  cgroup AS Cgroup
FROM oom_kills
ORDER BY time_us DESC NULLS LAST, pid
