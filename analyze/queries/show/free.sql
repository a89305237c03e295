-- title: Memory
-- description: as `free`, in KiB; used is what is not available
WITH
  memory AS (
    SELECT
      max(value) FILTER (WHERE name = 'MemTotal') AS total,
      max(value) FILTER (WHERE name = 'MemFree') AS free,
      max(value) FILTER (WHERE name = 'MemAvailable') AS available,
      max(value) FILTER (WHERE name = 'Shmem') AS shared,
      sum(value) FILTER (WHERE name IN ('Buffers', 'Cached', 'SReclaimable')) AS cached,
      max(value) FILTER (WHERE name = 'SwapTotal') AS swap_total,
      max(value) FILTER (WHERE name = 'SwapFree') AS swap_free
    FROM memory_info
    HAVING count(*) > 0
  )
SELECT
  'Mem:' AS " ",
  total / 1024 AS total,
  -- Kernels before 3.14 do not tell what is available.
  (total - coalesce(available, free + cached)) / 1024 AS used,
  free / 1024 AS free,
  shared / 1024 AS shared,
  cached / 1024 AS "buff/cache",
  available / 1024 AS available
FROM memory
UNION ALL
SELECT 'Swap:', swap_total / 1024, (swap_total - swap_free) / 1024, swap_free / 1024, NULL, NULL, NULL
FROM memory
