-- title: Output and logs
-- description: where standard output and error go, and the files open for writing that are opened to append or named as
--   logs are; Position is how far it has written
-- parameters: pid (integer)
-- rows: 15
-- reads: fd, fd/*
WITH
  own AS MATERIALIZED (
    SELECT
      fds.fd,
      fds.type,
      fds.target,
      fds.deleted,
      fds.inode,
      fds.flags & 3 AS mode,
      fds.pos,
      -- Flags are as the host's open(2) numbers them.
      (
        fds.flags & CASE
          WHEN snapshots.machine GLOB 'mips*' OR snapshots.machine IN ('alpha', 'parisc', 'parisc64', 'sparc', 'sparc64')
            THEN 8
          ELSE 1024
        END
      ) <> 0 AS appends
    FROM process_fds AS fds
    JOIN snapshots USING (snapshot_id)
    WHERE fds.pid = :pid
      AND (fds.fd IN (1, 2) OR (fds.type = 'file' AND fds.flags & 3 IN (1, 2)))
  ),
  chosen AS MATERIALIZED (
    SELECT *
    FROM own
    WHERE fd IN (1, 2)
      OR appends
      OR lower(target) GLOB '*.log'
      OR lower(target) GLOB '*[._-]log[._-]*'
      OR lower(target) GLOB '*[_-]log'
      OR lower(target) GLOB '*/log/*'
      OR lower(target) GLOB '*/logs/*'
      OR lower(target) GLOB '*.out'
      OR lower(target) GLOB '*.err'
  ),
  readers AS MATERIALIZED (
    SELECT inode, pid, min(fd) AS fd, row_number() OVER (PARTITION BY inode ORDER BY pid) AS number
    FROM process_fds
    WHERE type = 'pipe'
      AND inode IN (SELECT inode FROM chosen WHERE type = 'pipe')
      AND flags & 3 IN (0, 2)
    GROUP BY inode, pid
  ),
  grouped AS (
    SELECT
      min(fd) AS fd,
      group_concat(fd, ', ' ORDER BY fd) FILTER (WHERE rank <= 4) || CASE WHEN count(*) > 4 THEN ', ...' ELSE '' END AS fds,
      type,
      target,
      deleted,
      inode,
      max(appends) AS appends,
      max(pos) AS pos
    FROM (SELECT *, row_number() OVER (PARTITION BY type, target, deleted, inode ORDER BY fd) AS rank FROM chosen)
    GROUP BY type, target, deleted, inode
  )
SELECT
  grouped.fds AS FDs,
  grouped.type AS Kind,
  coalesce(grouped.target, '(could not be read)') || CASE WHEN grouped.deleted THEN ' (deleted)' ELSE '' END AS Target,
  CASE
    WHEN grouped.type = 'pipe' THEN coalesce(
      (
        SELECT
          'read by '
            || group_concat(
              coalesce(processes.name, '?') || ' (' || readers.pid || ') fd ' || readers.fd, ', ' ORDER BY readers.pid
            ) FILTER (WHERE readers.number <= 3)
            || CASE WHEN count(*) > 3 THEN ', +' || (count(*) - 3) ELSE '' END
        FROM readers
        LEFT JOIN processes ON processes.pid = readers.pid
        WHERE readers.inode = grouped.inode
        HAVING count(*) > 0
      ),
      'read by nobody that could be looked at'
    )
    WHEN grouped.type = 'socket' THEN (
      SELECT
        CASE family
          WHEN 'unix' THEN 'unix ' || protocol || coalesce(' ' || path, ' without a name')
          ELSE protocol || ' to ' || remote_address || ' port ' || remote_port
        END
      FROM sockets
      WHERE inode = grouped.inode
      LIMIT 1
    )
    WHEN grouped.type = 'file' AND grouped.appends THEN 'appends'
    WHEN grouped.type = 'file' THEN 'writes'
  END AS "How",
  CASE grouped.type WHEN 'file' THEN grouped.pos END AS "Position"
FROM grouped
ORDER BY grouped.fd
