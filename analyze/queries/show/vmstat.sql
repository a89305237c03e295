-- title: Memory, disks and processors
-- description: as the first line of `vmstat`: r, b and the memory (KiB) are of the moment, the rest are averages since boot:
--   KiB a second for si, so, bi and bo, events a second for in and cs (`vmstat` itself divides these by the number of
--   processors once more), per cent of the processors' time for us to st
WITH
  counted AS (
    SELECT
      max(value) FILTER (WHERE name = 'procs_running') AS running,
      max(value) FILTER (WHERE name = 'procs_blocked') AS blocked,
      max(value) FILTER (WHERE name = 'intr') AS interrupts,
      max(value) FILTER (WHERE name = 'ctxt') AS switches,
      sum(value) FILTER (WHERE name IN ('cpu_user_ms', 'cpu_nice_ms')) AS user,
      sum(value) FILTER (WHERE name IN ('cpu_system_ms', 'cpu_irq_ms', 'cpu_softirq_ms')) AS system,
      max(value) FILTER (WHERE name = 'cpu_idle_ms') AS idle,
      max(value) FILTER (WHERE name = 'cpu_iowait_ms') AS iowait,
      max(value) FILTER (WHERE name = 'cpu_steal_ms') AS steal
    FROM kernel_counters
    HAVING count(*) > 0
  ),
  memory AS (
    SELECT
      max(value) FILTER (WHERE name = 'SwapTotal') - max(value) FILTER (WHERE name = 'SwapFree') AS swapped,
      max(value) FILTER (WHERE name = 'MemFree') AS free,
      max(value) FILTER (WHERE name = 'Buffers') AS buffers,
      sum(value) FILTER (WHERE name IN ('Cached', 'SReclaimable')) AS cached
    FROM memory_info
  ),
  paged AS (
    SELECT
      max(value) FILTER (WHERE name = 'pswpin') AS swapped_in,
      max(value) FILTER (WHERE name = 'pswpout') AS swapped_out,
      max(value) FILTER (WHERE name = 'pgpgin') AS blocks_in,
      max(value) FILTER (WHERE name = 'pgpgout') AS blocks_out
    FROM vmstat
  ),
  spent AS (
    SELECT
      (SELECT nullif(total_seconds, 0) FROM uptime LIMIT 1) AS seconds,
      (SELECT page_size / 1024 FROM snapshots LIMIT 1) AS page,
      nullif(user + system + idle + coalesce(iowait, 0) + coalesce(steal, 0), 0) AS time
    FROM counted
  )
SELECT
  running AS r,
  blocked AS b,
  swapped / 1024 AS swpd,
  free / 1024 AS free,
  buffers / 1024 AS buff,
  cached / 1024 AS cache,
  swapped_in * page / seconds AS si,
  swapped_out * page / seconds AS so,
  blocks_in / seconds AS bi,
  blocks_out / seconds AS bo,
  interrupts / seconds AS "in",
  switches / seconds AS cs,
  (user * 100 + time / 2) / time AS us,
  (system * 100 + time / 2) / time AS sy,
  (idle * 100 + time / 2) / time AS id,
  (iowait * 100 + time / 2) / time AS wa,
  (steal * 100 + time / 2) / time AS st
FROM counted, memory, paged, spent
