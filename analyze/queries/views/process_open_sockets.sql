-- title: Sockets that processes hold
-- description: one row per file descriptor of a known socket, with osquery's names and numbers (family 2, 10, 1, and 17
--   for packet, 16 for netlink; protocol 6, 17, 136 for UDP-Lite, 1 and 58 for ping, 255 for raw, and 0 for other
--   families). A socket may have been made in another network namespace than its holder's and
--   handed over, so the two are matched by inode, which all namespaces share; net_namespace is the socket's.
SELECT
  fds.snapshot_id,
  fds.pid,
  fds.fd,
  fds.inode AS socket,
  CASE sockets.family
    WHEN 'inet' THEN 2
    WHEN 'inet6' THEN 10
    WHEN 'unix' THEN 1
    WHEN 'packet' THEN 17
    WHEN 'netlink' THEN 16
  END AS family,
  CASE
    WHEN sockets.family NOT IN ('inet', 'inet6') THEN 0
    ELSE
      CASE sockets.protocol
        WHEN 'tcp' THEN 6
        WHEN 'udp' THEN 17
        WHEN 'udplite' THEN 136
        WHEN 'icmp' THEN iif(sockets.family = 'inet6', 58, 1)
        WHEN 'raw' THEN 255
      END
  END AS protocol,
  sockets.local_address,
  sockets.remote_address,
  sockets.local_port,
  sockets.remote_port,
  sockets.path,
  sockets.state,
  sockets.net_namespace
FROM process_fds AS fds
JOIN sockets
  ON sockets.snapshot_id = fds.snapshot_id
  AND sockets.inode = fds.inode
WHERE fds.type = 'socket'
  AND fds.inode <> 0
