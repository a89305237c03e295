-- title: Resource limits
-- description: with what is used of them as far as that is known: open descriptors, threads of all processes of the user on
--   the host, address space, resident memory, the stack of the main thread; those in use first
-- parameters: pid (integer)
-- rows: 9
-- reads: limits, fd
WITH
  -- A descriptor whose link was refused was listed, so it is open.
  fds AS (
    SELECT
      (SELECT count(*) FROM process_fds WHERE pid = :pid)
        + count(*) FILTER (WHERE path GLOB '/proc/*/fd/*' AND outcome <> 'vanished') AS count,
      max(path = '/proc/' || :pid || '/fd' AND outcome = 'collected') AS is_listed
    FROM collection_log
    WHERE pid = :pid
  ),
  used AS MATERIALIZED (
    SELECT
      processes.uid,
      processes.total_size,
      processes.resident_size,
      CASE WHEN fds.is_listed OR fds.count > 0 THEN fds.count END AS fds,
      -- JSON5 reads hexadecimal numbers, which SQLite's CAST does not; all sixteen digits could pass its integers.
      (
        SELECT (('0x' || substr("end", 2)) ->> '$') - (('0x' || substr(start, 2)) ->> '$')
        FROM process_memory_map
        WHERE pid = :pid AND path = '[stack]'
        LIMIT 1
      ) AS stack
    FROM processes, fds
    WHERE processes.pid = :pid
  ),
  limits AS (
    SELECT
      limits.type,
      CASE limits.type
        WHEN 'Max open files' THEN used.fds
        WHEN 'Max processes' THEN (SELECT sum(threads) FROM processes WHERE uid = used.uid)
        WHEN 'Max address space' THEN used.total_size
        WHEN 'Max resident set' THEN used.resident_size
        WHEN 'Max stack size' THEN used.stack
      END AS used,
      limits.soft_limit,
      CASE WHEN limits.soft_unlimited THEN 'unlimited' ELSE CAST(limits.soft_limit AS TEXT) END AS soft,
      CASE WHEN limits.hard_unlimited THEN 'unlimited' ELSE CAST(limits.hard_limit AS TEXT) END AS hard,
      limits.units,
      CASE limits.type WHEN 'Max processes' THEN 'threads of uid ' || used.uid END AS note
    FROM process_limits AS limits, used
    WHERE limits.pid = :pid
  )
SELECT
  type AS "Limit",
  used AS Used,
  CASE
    WHEN typeof(soft_limit) = 'integer' AND soft_limit > 0 AND used IS NOT NULL
      THEN format('%.1f %%', used * 100.0 / soft_limit)
  END AS Share,
  soft AS Soft,
  hard AS Hard,
  coalesce(note, units) AS Units
FROM limits
ORDER BY used IS NULL, soft_limit IS NULL, CASE WHEN typeof(soft_limit) = 'integer' THEN used * 1.0 / soft_limit END DESC, type
