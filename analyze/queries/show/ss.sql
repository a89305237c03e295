-- title: Sockets with their holders
-- description: as `ss -anp`, of all network namespaces: their inodes are in the last column. Of many holders of a socket five
--   descriptors are named, then `...`.
-- parameters: pid (integer, optional)
WITH
  held AS (
    SELECT
      inode,
      pid,
      fd,
      row_number() OVER (PARTITION BY inode ORDER BY pid, fd) AS number
    FROM process_fds
    WHERE type = 'socket'
      AND inode <> 0
      AND (:pid IS NULL OR pid = :pid)
  ),
  holders AS MATERIALIZED (
    SELECT
      held.inode,
      'users:(' || group_concat(
        '("' || coalesce(processes.name, '?') || '",pid=' || held.pid || ',fd=' || held.fd || ')', ',' ORDER BY held.number
      ) FILTER (WHERE held.number <= 5)
        || CASE WHEN count(*) > 5 THEN ',...' ELSE '' END || ')' AS users
    FROM held
    LEFT JOIN processes ON processes.pid = held.pid AND held.number <= 5
    GROUP BY held.inode
  )
SELECT
  CASE
    WHEN sockets.family = 'netlink' THEN 'nl'
    WHEN sockets.family IN ('unix', 'packet')
      THEN substr(sockets.family, 1, 1) || '_' || substr(sockets.protocol, 1, 3)
    ELSE sockets.protocol
  END AS Netid,
  sockets.state AS State,
  sockets.recv_queue AS "Recv-Q",
  coalesce(sockets.backlog_limit, sockets.send_queue) AS "Send-Q",
  CASE
    WHEN sockets.family = 'unix' THEN coalesce(sockets.path, '*') || ' ' || sockets.inode
    WHEN sockets.local_address IS NULL THEN sockets.protocol
    ELSE format(CASE sockets.family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, sockets.local_address)
      || ':' || iif(sockets.local_port = 0, '*', sockets.local_port)
  END AS "Local Address:Port",
  CASE
    WHEN sockets.family = 'unix' THEN '* ' || sockets.peer_inode
    WHEN sockets.remote_address IS NULL THEN NULL
    ELSE format(CASE sockets.family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, sockets.remote_address)
      || ':' || iif(sockets.remote_port = 0, '*', sockets.remote_port)
  END AS "Peer Address:Port",
  holders.users AS Process,
  sockets.net_namespace AS NetNS
FROM sockets
LEFT JOIN holders ON holders.inode = sockets.inode AND sockets.inode <> 0
WHERE :pid IS NULL OR holders.users IS NOT NULL
ORDER BY
  sockets.family NOT IN ('inet', 'inet6'),
  sockets.net_namespace,
  sockets.protocol,
  sockets.state <> 'LISTEN',
  sockets.family,
  sockets.local_port,
  sockets.remote_address,
  sockets.remote_port,
  sockets.path,
  sockets.inode
