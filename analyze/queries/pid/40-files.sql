-- title: Open files and devices
-- description: by file and mode, those with the most descriptors first
-- parameters: pid (integer)
-- rows: 20
-- reads: fd, fd/*
WITH
  grouped AS (
    SELECT
      type,
      target,
      deleted,
      flags & 3 AS mode,
      count(*) AS count,
      min(fd) AS fd
    FROM process_fds
    WHERE pid = :pid
      AND type IN ('file', 'device', 'memfd', 'namespace', 'unknown')
    GROUP BY type, target, deleted, flags & 3
  )
SELECT
  fd || CASE WHEN count > 1 THEN ' +' || (count - 1) ELSE '' END AS FD,
  CASE mode WHEN 0 THEN 'r' WHEN 1 THEN 'w' WHEN 2 THEN 'rw' ELSE '?' END AS Mode,
  type AS Kind,
  coalesce(target, '(could not be read)') || CASE WHEN deleted THEN ' (deleted)' ELSE '' END AS Target
FROM grouped
ORDER BY grouped.count DESC, grouped.fd
