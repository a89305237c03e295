-- title: Processes that the kernel killed for memory
-- description: the kernel's out-of-memory kills (UTC), sizes in MiB, each once however many logs tell of it
SELECT
  strftime('%Y-%m-%d %H:%M:%S', time, 'unixepoch') AS "Time",
  pid AS "PID",
  name AS "Name",
  uid AS "UID",
  total_vm_bytes / 1048576 AS "VM",
  anon_rss_bytes / 1048576 AS "Anon",
  file_rss_bytes / 1048576 AS "File",
  shmem_rss_bytes / 1048576 AS "Shmem",
  oom_score_adj AS "Adj",
  "constraint" AS "Constraint",
  cgroup AS "Cgroup",
  path || ':' || line_no AS "Log"
FROM oom_kills
ORDER BY time_us, pid
