-- title: Sockets
-- description: as `netstat -anp`, of all network namespaces: their inodes are in the last column. Of several holders the
--   lowest pid is named, with the number of the others. Packet and netlink sockets are left out, as there.
-- parameters: pid (integer, optional)
WITH
  holders AS (
    SELECT inode, min(pid) AS pid, count(DISTINCT pid) AS count
    FROM process_fds
    WHERE type = 'socket' AND inode <> 0 AND (:pid IS NULL OR pid = :pid)
    GROUP BY inode
  )
SELECT
  CASE sockets.family
    WHEN 'inet6' THEN sockets.protocol || '6'
    WHEN 'unix' THEN 'unix ' || sockets.protocol
    ELSE sockets.protocol
  END AS Proto,
  sockets.recv_queue AS "Recv-Q",
  sockets.send_queue AS "Send-Q",
  CASE
    WHEN sockets.family = 'unix' THEN sockets.path
    ELSE format(CASE sockets.family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, sockets.local_address)
      || ':' || sockets.local_port
  END AS "Local Address",
  CASE
    WHEN sockets.family = 'unix' THEN NULL
    ELSE format(CASE sockets.family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, sockets.remote_address)
      || ':' || iif(sockets.remote_port = 0, '*', sockets.remote_port)
  END AS "Foreign Address",
  sockets.state AS State,
  CASE
    WHEN holders.pid IS NULL THEN '-'
    ELSE holders.pid || '/' || coalesce(processes.name, '?')
      || CASE WHEN holders.count > 1 THEN ' +' || (holders.count - 1) ELSE '' END
  END AS "PID/Program name",
  sockets.inode AS "I-Node",
  sockets.net_namespace AS NetNS
FROM sockets
LEFT JOIN holders ON holders.inode = sockets.inode
LEFT JOIN processes ON processes.pid = holders.pid
WHERE sockets.family IN ('inet', 'inet6', 'unix')
  AND (:pid IS NULL OR holders.pid IS NOT NULL)
ORDER BY
  sockets.family = 'unix',
  sockets.net_namespace,
  sockets.protocol,
  sockets.state <> 'LISTEN',
  sockets.family,
  sockets.local_port,
  sockets.remote_address,
  sockets.remote_port,
  sockets.path
