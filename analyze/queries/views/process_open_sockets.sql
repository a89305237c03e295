-- title: Sockets that processes hold
-- description: one row per file descriptor of a known socket, with osquery's names and numbers (family 2, 10, 1;
--   protocol 6, 17, and 0 for unix). A socket may have been made in another network namespace than its holder's and
--   handed over, so the two are matched by inode, which all namespaces share; net_namespace is the socket's.
SELECT
  fds.snapshot_id,
  fds.pid,
  fds.fd,
  fds.inode AS socket,
  CASE sockets.family WHEN 'inet' THEN 2 WHEN 'inet6' THEN 10 WHEN 'unix' THEN 1 END AS family,
  CASE sockets.protocol WHEN 'tcp' THEN 6 WHEN 'udp' THEN 17 ELSE 0 END AS protocol,
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
