-- title: Processes by container or service
-- description: the units of process_units, the largest first; commands are the most frequent names in them
-- rows: 8
WITH
  members AS (
    SELECT
      units.kind,
      units.unit,
      processes.name,
      count(*) AS processes,
      sum(processes.threads) AS threads,
      sum(processes.resident_size) AS resident_size
    FROM processes
    JOIN process_units AS units ON units.pid = processes.pid
    WHERE NOT processes.is_collector
    GROUP BY units.kind, units.unit, processes.name
  ),
  ranked AS (
    SELECT *, row_number() OVER (PARTITION BY kind, unit ORDER BY processes DESC, name) AS rank FROM members
  )
SELECT
  kind AS Kind,
  unit AS Unit,
  sum(processes) AS Processes,
  sum(threads) AS Threads,
  format('%.1f', sum(resident_size) / 1048576.0) AS "RSS MiB",
  group_concat(
    name || CASE WHEN processes > 1 THEN ' x' || processes ELSE '' END, ', ' ORDER BY rank
  ) FILTER (WHERE rank <= 3)
    || CASE WHEN count(*) > 3 THEN ', ...' ELSE '' END AS Commands
FROM ranked
GROUP BY kind, unit
ORDER BY kind = 'kernel', sum(resident_size) DESC, unit
