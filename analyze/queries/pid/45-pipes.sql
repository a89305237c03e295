-- title: Pipes
-- description: by pipe and end, with who holds the other end; Shared is how many other processes hold the same end
-- parameters: pid (integer)
-- rows: 15
-- reads: fd, fd/*, fdinfo/*
WITH
  own AS MATERIALIZED (
    SELECT inode, flags & 3 AS mode, count(*) AS count, min(fd) AS fd
    FROM process_fds
    WHERE pid = :pid
      AND type = 'pipe'
    GROUP BY inode, flags & 3
  ),
  holders AS MATERIALIZED (
    SELECT inode, flags & 3 AS mode, pid, min(fd) AS fd
    FROM process_fds
    WHERE type = 'pipe'
      AND inode IN (SELECT inode FROM own)
    GROUP BY inode, flags & 3, pid
  ),
  pairs AS (
    SELECT
      own.inode,
      own.mode,
      holders.pid,
      holders.fd,
      holders.mode IS own.mode AS is_same_end
    FROM own
    JOIN holders ON holders.inode = own.inode
    WHERE holders.mode IS NOT own.mode
      OR holders.pid <> :pid
  ),
  numbered AS (
    SELECT
      *,
      row_number() OVER (PARTITION BY inode, mode, is_same_end ORDER BY pid, fd) AS number
    FROM pairs
  ),
  partners AS (
    SELECT
      numbered.inode,
      numbered.mode,
      group_concat(
        CASE numbered.pid WHEN :pid THEN 'itself' ELSE coalesce(processes.name, '?') || ' (' || numbered.pid || ')' END
          || ' fd ' || numbered.fd,
        ', ' ORDER BY numbered.number
      ) FILTER (WHERE NOT numbered.is_same_end AND numbered.number <= 3) AS list,
      count(*) FILTER (WHERE NOT numbered.is_same_end) AS count,
      count(*) FILTER (WHERE numbered.is_same_end) AS shared
    FROM numbered
    LEFT JOIN processes ON processes.pid = numbered.pid AND numbered.number <= 3
    GROUP BY numbered.inode, numbered.mode
  )
SELECT
  own.fd || CASE WHEN own.count > 1 THEN ' +' || (own.count - 1) ELSE '' END AS FD,
  CASE own.mode WHEN 0 THEN 'r' WHEN 1 THEN 'w' WHEN 2 THEN 'rw' ELSE '?' END AS Mode,
  own.inode AS Pipe,
  coalesce(
    partners.list || CASE WHEN partners.count > 3 THEN ', +' || (partners.count - 3) ELSE '' END,
    'nobody that could be looked at'
  ) AS "Other end",
  coalesce(partners.shared, 0) AS Shared
FROM own
LEFT JOIN partners ON partners.inode = own.inode AND partners.mode IS own.mode
ORDER BY own.count DESC, own.fd
