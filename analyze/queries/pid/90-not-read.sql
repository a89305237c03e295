-- title: What could not be looked at
-- description: reads of the process, and of the tables of its network namespace, that did not end with all bytes; absent is
--   what the host does not have. `no outcome` is what the bundle says nothing of: it was cut off before.
-- parameters: pid (integer)
-- rows: 60
WITH
  stand_ins AS (
    SELECT pid
    FROM processes
    WHERE net_namespace = (SELECT net_namespace FROM processes WHERE pid = :pid)
  ),
  log AS MATERIALIZED (
    SELECT
      path,
      CASE
        WHEN path GLOB '/proc/*/fd/*' THEN '/proc/' || pid || '/fd/*'
        WHEN path GLOB '/proc/*/fdinfo/*' THEN '/proc/' || pid || '/fdinfo/*'
        WHEN path GLOB '/proc/*/task/*' THEN '/proc/' || pid || '/task/*'
        ELSE path
      END AS source,
      outcome,
      errno,
      reason,
      bytes_kept,
      bytes_seen
    FROM collection_log
    WHERE pid = :pid
      OR (outcome <> 'collected' AND path GLOB '/proc/*/net/*' AND pid IN (SELECT pid FROM stand_ins))
      -- A log is kept from its end: that it was cut is no gap.
      OR (outcome IN ('denied', 'timed out', 'skipped', 'failed') AND (path GLOB '/var/log/*' OR path = '/dev/kmsg'))
  ),
  gaps AS (
    SELECT
      source,
      outcome,
      coalesce(
        reason,
        CASE errno WHEN 1 THEN 'EPERM' WHEN 2 THEN 'ENOENT' WHEN 3 THEN 'ESRCH' WHEN 13 THEN 'EACCES' ELSE 'error ' || errno END
      ) AS why,
      count(*) AS count,
      sum(bytes_kept) AS kept,
      sum(bytes_seen) AS seen
    FROM log
    WHERE outcome <> 'collected'
      -- Which tables a network namespace has is the kernel's matter.
      AND NOT (outcome = 'absent' AND path GLOB '/proc/*/net/*')
    GROUP BY source, outcome, why
    UNION ALL
    SELECT '/proc/' || :pid || '/' || column1, 'no outcome', NULL, 1, 0, 0
    FROM (VALUES ('status'), ('stat'), ('cmdline'), ('environ'), ('limits'), ('cgroup'), ('maps'), ('fd'), ('task'))
    WHERE '/proc/' || :pid || '/' || column1 NOT IN (SELECT path FROM log)
      AND EXISTS (SELECT 1 FROM processes WHERE pid = :pid)
  )
SELECT
  source AS Source,
  outcome AS Outcome,
  concat_ws(
    ', ',
    coalesce(why, CASE WHEN outcome = 'truncated' THEN format('%d of %d bytes kept', kept, seen) END),
    CASE WHEN source GLOB '*[*]' THEN count || ' of them' END
  ) AS Detail
FROM gaps
ORDER BY outcome = 'absent', source, outcome, why
