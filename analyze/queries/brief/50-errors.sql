-- title: Last errors in the logs
-- description: lines of severity error and worse, or that say so, the newest first; equal messages of a program are one
--   row, and one that several logs have is counted once. What the kernel killed for memory stands above.
-- rows: 5
WITH
  lines AS (
    SELECT
      path,
      line_no,
      time,
      time_us,
      severity,
      program,
      -- A syslog daemon keeps the kernel's own stamp, [123.456789].
      CASE
        WHEN program = 'kernel' AND message GLOB '[[]*[0-9].[0-9]*] *' THEN substr(message, instr(message, '] ') + 2)
        ELSE message
      END AS message
    FROM log_lines
  ),
  errors AS (
    SELECT path, program, message, count(*) AS count, max(time) AS time, max(time_us) AS time_us, max(line_no) AS line_no
    FROM lines
    WHERE (
        severity <= 3
        OR message LIKE '%error%'
        OR message LIKE '%fail%'
        OR message LIKE '%denied%'
        OR message LIKE '%segfault%'
        OR message LIKE '%panic%'
      )
      AND NOT (
        program = 'kernel'
        AND (
          message LIKE '%oom-kill%'
          OR message LIKE '%out of memory%'
          OR message LIKE 'oom_reaper%'
          OR message LIKE '%failcnt %'
        )
      )
    GROUP BY path, program, message
  ),
  told AS (
    SELECT
      max(time) AS time,
      max(time_us) AS time_us,
      max(line_no) AS line_no,
      max(count) AS count,
      min(path) AS path,
      count(*) AS logs,
      program,
      message
    FROM errors
    GROUP BY program, message
  ),
  -- All at once: which log is whose takes a look at all processes.
  owners AS MATERIALIZED (
    SELECT path, min(owner) AS owner
    FROM log_owners
    GROUP BY path
  )
SELECT
  strftime('%m-%d %H:%M:%S', told.time, 'unixepoch') AS Last,
  told.count AS Count,
  CASE WHEN length(told.path) > 50 THEN '...' || substr(told.path, -47) ELSE told.path END || CASE WHEN logs > 1 THEN ' +' || (logs - 1) ELSE '' END AS Log,
  coalesce(owners.owner, program) AS Service,
  substr(message, 1, 160) || CASE WHEN length(message) > 160 THEN '...' ELSE '' END AS Message
FROM told
LEFT JOIN owners ON owners.path = told.path
ORDER BY told.time_us DESC NULLS LAST, told.line_no DESC
