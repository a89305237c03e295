-- title: Log lines
-- description: the newest lines that name the pid since the process started, then those of the logs that it writes or that are kept of
--   its container's output, then those that name its program and no pid or another one
-- parameters: pid (integer)
-- rows: 20
-- reads: /var/log/syslog, /var/log/messages, /var/log/daemon.log, /var/log/kern.log, /dev/kmsg
WITH
  process AS MATERIALIZED (
    SELECT
      name,
      -- Of a path the last component: rtrim takes off every character that is no slash.
      substr(path, length(rtrim(path, replace(path, '/', ''))) + 1) AS program,
      start_time
    FROM processes
    WHERE pid = :pid
      AND NOT is_kernel_thread
  ),
  own AS MATERIALIZED (
    SELECT path
    FROM log_owners
    WHERE pid = :pid
      OR container_id = (SELECT container_id FROM processes WHERE pid = :pid)
  ),
  named AS MATERIALIZED (
    SELECT pid, time, time_us, path, line_no, program, message, path IN (SELECT path FROM own) AS is_own
    FROM log_lines
    WHERE pid = :pid
      OR path IN (SELECT path FROM own)
      OR program IN (SELECT name FROM process UNION ALL SELECT program FROM process)
      -- A name is cut at 15 bytes by the kernel, not by the log.
      OR substr(program, 1, 15) = (SELECT name FROM process WHERE length(name) = 15)
  )
SELECT
  CASE WHEN named.pid = :pid THEN 'pid' WHEN named.is_own THEN 'log' ELSE 'program' END AS "By",
  strftime('%Y-%m-%d %H:%M:%S', named.time, 'unixepoch') AS "Time",
  named.path AS Log,
  coalesce(named.program, '') || coalesce('[' || named.pid || ']', '') AS Program,
  named.message AS Message
FROM named, process
WHERE named.pid IS NOT :pid
  -- A line from before the start is of another process that had the number; clocks of logs may be a second behind.
  OR process.start_time IS NULL
  OR named.time IS NULL
  OR named.time >= process.start_time - 1
ORDER BY named.pid IS :pid DESC, named.is_own DESC, named.time_us DESC NULLS LAST, named.path, named.line_no DESC
