-- title: Threads
-- description: as `ps -efL`, with the thread's own name
-- parameters: pid (integer, optional)
SELECT
  coalesce(
    (SELECT username FROM users WHERE users.uid = processes.uid LIMIT 1),
    CAST(processes.uid AS TEXT),
    '?'
  ) AS UID,
  threads.pid AS PID,
  processes.parent AS PPID,
  threads.tid AS LWP,
  count(*) OVER (PARTITION BY threads.pid) AS NLWP,
  threads.state AS S,
  strftime(
    CASE WHEN processes.start_time > snapshots.time - 86400 THEN '%H:%M' ELSE '%Y-%m-%d' END,
    processes.start_time + (threads.start_ticks - processes.start_ticks) / snapshots.clock_ticks,
    'unixepoch'
  ) AS STIME,
  format(
    '%02d:%02d:%02d',
    (threads.user_time + threads.system_time) / 3600000,
    (threads.user_time + threads.system_time) / 60000 % 60,
    (threads.user_time + threads.system_time) / 1000 % 60
  ) AS TIME,
  threads.name AS NAME,
  CASE
    WHEN processes.cmdline <> '' THEN processes.cmdline
    ELSE '[' || coalesce(processes.name, threads.name) || ']'
  END AS CMD
FROM threads
LEFT JOIN processes ON processes.snapshot_id = threads.snapshot_id AND processes.pid = threads.pid
JOIN snapshots ON snapshots.snapshot_id = threads.snapshot_id
WHERE :pid IS NULL OR threads.pid = :pid
ORDER BY threads.pid, threads.tid
