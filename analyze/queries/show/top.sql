-- title: Processes by processor time
-- description: as `top` at its first look: shares of one processor since each process started, sizes in KiB, the largest
--   TIME+ first, then by memory
-- parameters: pid (integer, optional)
WITH
  host AS (
    SELECT
      (SELECT value FROM memory_info WHERE name = 'MemTotal') AS memory,
      (SELECT total_seconds FROM uptime) AS uptime
  ),
  timed AS (
    SELECT
      processes.*,
      processes.user_time + processes.system_time AS cpu_ms,
      -- Since boot where that is told: a wall clock may have been set, and a dead tree's is the analyst's.
      nullif(
        max(
          coalesce(
            host.uptime - processes.start_ticks / snapshots.clock_ticks,
            snapshots.time - processes.start_time
          ),
          0
        ),
        0
      ) AS age,
      host.memory
    FROM processes
    JOIN snapshots USING (snapshot_id), host
    WHERE :pid IS NULL OR processes.pid = :pid
  )
SELECT
  pid AS PID,
  coalesce((SELECT username FROM users WHERE users.uid = timed.euid LIMIT 1), CAST(euid AS TEXT), '?') AS "USER",
  nice AS NI,
  total_size / 1024 AS VIRT,
  resident_size / 1024 AS RES,
  state AS S,
  CASE WHEN cpu_ms / age IS NOT NULL THEN format('%.1f', cpu_ms / 10.0 / age) END AS "%CPU",
  CASE WHEN resident_size / memory IS NOT NULL THEN format('%.1f', resident_size * 100.0 / memory) END AS "%MEM",
  CASE
    WHEN cpu_ms IS NOT NULL THEN format('%d:%02d.%02d', cpu_ms / 60000, cpu_ms / 1000 % 60, cpu_ms / 10 % 100)
  END AS "TIME+",
  coalesce(name, '?') AS COMMAND
FROM timed
ORDER BY cpu_ms DESC, resident_size DESC, pid
