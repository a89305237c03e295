-- title: Sockets that wait for others
-- description: listening TCP, unconnected UDP and UDP-Lite and named unix sockets, one row per holder, with osquery's
--   names and numbers. Where no holder is known pid is NULL and reason says why.
WITH
  holders AS (
    SELECT snapshot_id, inode, pid, fd FROM process_fds WHERE type = 'socket' AND inode <> 0
  ),
  unread AS (
    SELECT snapshot_id, count(*) AS count
    FROM collection_log
    WHERE pid IS NOT NULL
      AND outcome IN ('denied', 'timed out', 'skipped', 'failed', 'truncated')
      AND (path = '/proc/' || pid || '/fd' OR path GLOB '/proc/*/fd/*')
    GROUP BY snapshot_id
  ),
  listed AS (SELECT DISTINCT snapshot_id FROM process_fds)
SELECT
  sockets.snapshot_id,
  holders.pid,
  coalesce(sockets.local_port, 0) AS port,
  CASE sockets.protocol WHEN 'tcp' THEN 6 WHEN 'udp' THEN 17 WHEN 'udplite' THEN 136 ELSE 0 END AS protocol,
  CASE sockets.family WHEN 'inet' THEN 2 WHEN 'inet6' THEN 10 WHEN 'unix' THEN 1 END AS family,
  sockets.local_address AS address,
  holders.fd,
  sockets.inode AS socket,
  sockets.path,
  sockets.net_namespace,
  CASE
    WHEN holders.pid IS NOT NULL THEN NULL
    WHEN listed.snapshot_id IS NULL THEN 'no file descriptors of any process are in the snapshot'
    WHEN unread.count IS NOT NULL THEN 'file descriptors of processes could not be read: ' || unread.count
    ELSE 'no process holds it: it is the kernel''s, or its process ended while it was read'
  END AS reason
FROM sockets
LEFT JOIN holders
  ON holders.snapshot_id = sockets.snapshot_id
  AND holders.inode = sockets.inode
LEFT JOIN unread ON unread.snapshot_id = sockets.snapshot_id
LEFT JOIN listed ON listed.snapshot_id = sockets.snapshot_id
WHERE (sockets.protocol = 'tcp' AND sockets.state = 'LISTEN')
  OR (sockets.protocol IN ('udp', 'udplite') AND coalesce(sockets.remote_port, 0) = 0)
  OR (sockets.family = 'unix' AND sockets.path IS NOT NULL AND sockets.state IN ('LISTEN', 'UNCONN'))
