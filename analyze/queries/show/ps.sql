-- title: Processes
-- description: as `ps aux`: sizes in KiB, START as time of day (UTC) within the last day, TIME in minutes and seconds
-- parameters: pid (integer, optional)
SELECT
  coalesce(
    (SELECT username FROM users WHERE users.uid = processes.euid LIMIT 1),
    CAST(processes.euid AS TEXT),
    '?'
  ) AS USER,
  processes.pid AS PID,
  processes.parent AS PPID,
  coalesce(processes.state, '?')
    || CASE WHEN processes.nice < 0 THEN '<' WHEN processes.nice > 0 THEN 'N' ELSE '' END
    || CASE WHEN processes.session = processes.pid THEN 's' ELSE '' END
    || CASE WHEN processes.threads > 1 THEN 'l' ELSE '' END AS STAT,
  strftime(
    CASE WHEN processes.start_time > snapshots.time - 86400 THEN '%H:%M' ELSE '%Y-%m-%d' END,
    processes.start_time,
    'unixepoch'
  ) AS START,
  format(
    '%d:%02d',
    (processes.user_time + processes.system_time) / 60000,
    (processes.user_time + processes.system_time) / 1000 % 60
  ) AS TIME,
  processes.resident_size / 1024 AS RSS,
  processes.total_size / 1024 AS VSZ,
  CASE
    WHEN processes.cmdline <> '' THEN processes.cmdline
    ELSE '[' || coalesce(processes.name, '?') || ']'
  END AS COMMAND
FROM processes
JOIN snapshots USING (snapshot_id)
WHERE :pid IS NULL OR processes.pid = :pid
ORDER BY processes.pid
