-- title: Memory map
-- description: mappings by file, deleted ones first, then by size; memory without a file is one row
-- parameters: pid (integer)
-- rows: 12
-- reads: maps
WITH
  mapped AS (
    SELECT
      path,
      deleted,
      permissions,
      -- JSON5 reads hexadecimal numbers, which SQLite's CAST does not; all sixteen digits could pass its integers.
      (('0x' || substr("end", 2)) ->> '$') - (('0x' || substr(start, 2)) ->> '$') AS size
    FROM process_memory_map
    WHERE pid = :pid
  )
SELECT
  count(*) AS Mappings,
  sum(size) / 1024 AS KiB,
  CASE WHEN max(permissions GLOB '??x*') THEN 'x' ELSE '' END || CASE WHEN max(permissions GLOB '?w*') THEN 'w' ELSE '' END
    || CASE WHEN max(permissions GLOB '*s') THEN 's' ELSE '' END AS Uses,
  coalesce(path, '(anonymous)') || CASE WHEN deleted THEN ' (deleted)' ELSE '' END AS Mapped
FROM mapped
GROUP BY path, deleted
ORDER BY deleted DESC, sum(size) DESC, path
