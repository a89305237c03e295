-- title: Connections and other sockets
-- description: connected sockets, those of one direction with the same remote end (out) or the same local port and peer
--   (in) as one row, the most frequent first; Peer is the process at the other end where it is on this host, NAT what
--   connection tracking says of the two ends. A socket that no table of the kernel lists has no protocol here.
-- parameters: pid (integer)
-- rows: 20
-- reads: fd, fd/*, net/tcp, net/tcp6, net/udp, net/udp6, net/udplite,
--   net/udplite6, net/icmp, net/icmp6, net/raw, net/raw6, net/unix, net/packet, net/netlink
WITH
  own AS MATERIALIZED (
    SELECT inode, min(fd) AS fd
    FROM process_fds
    WHERE pid = :pid
      AND type = 'socket'
      AND inode <> 0
    GROUP BY inode
  ),
  known AS MATERIALIZED (
    SELECT sockets.*, own.fd
    FROM sockets
    CROSS JOIN own ON own.inode = sockets.inode
  ),
  -- An IPv4 end of an IPv6 socket is known to others by its IPv4 address.
  mine AS MATERIALIZED (
    SELECT
      fd,
      inode,
      net_namespace,
      family,
      protocol,
      state,
      path,
      CASE WHEN local_address LIKE '::ffff:%.%' THEN substr(local_address, 8) ELSE local_address END AS local_address,
      local_port,
      CASE WHEN remote_address LIKE '::ffff:%.%' THEN substr(remote_address, 8) ELSE remote_address END AS remote_address,
      remote_port
    FROM known
    WHERE state <> 'LISTEN'
      AND NOT (state = 'UNCONN' AND (path IS NOT NULL OR coalesce(local_port, 0) <> 0))
  ),
  listening AS MATERIALIZED (
    SELECT DISTINCT net_namespace, protocol, local_port
    FROM sockets
    WHERE remote_port = 0
      AND local_port IN (SELECT local_port FROM mine)
  ),
  opposite AS MATERIALIZED (
    SELECT
      inode,
      protocol,
      CASE WHEN local_address LIKE '::ffff:%.%' THEN substr(local_address, 8) ELSE local_address END AS local_address,
      local_port,
      CASE WHEN remote_address LIKE '::ffff:%.%' THEN substr(remote_address, 8) ELSE remote_address END AS remote_address,
      remote_port
    FROM sockets
    WHERE inode <> 0
      AND remote_port <> 0
      AND local_port IN (SELECT remote_port FROM mine)
      AND remote_port IN (SELECT local_port FROM mine)
  ),
  partners AS MATERIALIZED (
    SELECT mine.inode, opposite.inode AS partner
    FROM opposite
    CROSS JOIN mine
      ON mine.remote_port = opposite.local_port
      AND mine.local_port = opposite.remote_port
      AND mine.remote_address = opposite.local_address
      AND mine.local_address = opposite.remote_address
      AND mine.protocol = opposite.protocol
    WHERE opposite.inode <> mine.inode
  ),
  holders AS MATERIALIZED (
    SELECT inode, min(pid) AS pid
    FROM process_fds
    WHERE type = 'socket'
      AND inode IN (SELECT partner FROM partners)
    GROUP BY inode
  ),
  peers AS MATERIALIZED (
    SELECT partners.inode, min(holders.pid) AS pid
    FROM partners
    JOIN holders ON holders.inode = partners.partner
    GROUP BY partners.inode
  ),
  translated AS MATERIALIZED (
    SELECT mine.inode, min(translations.nat) AS nat
    FROM translations
    CROSS JOIN mine
      ON mine.local_port = translations.local_port
      AND mine.remote_port = translations.remote_port
      AND mine.local_address = translations.local_address
      AND mine.remote_address = translations.remote_address
      AND mine.protocol = translations.protocol
    GROUP BY mine.inode
  ),
  ends AS (
    SELECT
      mine.*,
      CASE
        WHEN coalesce(mine.remote_port, 0) = 0 THEN NULL
        WHEN listening.local_port IS NULL THEN 'out'
        ELSE 'in'
      END AS way,
      peers.pid AS peer,
      translated.nat
    FROM mine
    LEFT JOIN listening
      ON listening.local_port = mine.local_port
      AND listening.protocol = mine.protocol
      AND listening.net_namespace IS mine.net_namespace
    LEFT JOIN peers ON peers.inode = mine.inode
    LEFT JOIN translated ON translated.inode = mine.inode
  ),
  grouped AS (
    SELECT
      min(fd) AS fd,
      count(*) AS count,
      way,
      family,
      protocol,
      state,
      path,
      local_address,
      min(local_port) AS local_port,
      max(local_port) > min(local_port) AS local_varies,
      remote_address,
      min(remote_port) AS remote_port,
      max(remote_port) > min(remote_port) AS remote_varies,
      peer,
      nat
    FROM ends
    GROUP BY
      way,
      family,
      protocol,
      state,
      path,
      local_address,
      CASE way WHEN 'out' THEN NULL ELSE local_port END,
      remote_address,
      CASE way WHEN 'in' THEN NULL ELSE remote_port END,
      peer,
      nat
    UNION ALL
    SELECT min(fd), count(*), NULL, NULL, '?', 'in no table that was read', NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL
    FROM own
    WHERE inode NOT IN (SELECT inode FROM known)
    HAVING count(*) > 0
  )
SELECT
  grouped.fd || CASE WHEN grouped.count > 1 THEN ' +' || (grouped.count - 1) ELSE '' END AS FD,
  grouped.way AS Way,
  CASE grouped.family
    WHEN 'inet6' THEN grouped.protocol || '6'
    WHEN 'inet' THEN grouped.protocol
    ELSE concat_ws(' ', grouped.family, grouped.protocol)
  END AS Proto,
  CASE
    WHEN grouped.local_address IS NULL THEN grouped.path
    ELSE format(CASE WHEN instr(grouped.local_address, ':') THEN '[%s]' ELSE '%s' END, grouped.local_address)
      || ':' || iif(grouped.local_varies, '*', grouped.local_port)
  END AS "Local",
  format(CASE WHEN instr(grouped.remote_address, ':') THEN '[%s]' ELSE '%s' END, grouped.remote_address)
    || ':' || iif(grouped.remote_varies, '*', grouped.remote_port) AS "Remote",
  grouped.state AS State,
  coalesce(processes.name, '?') || ' (' || grouped.peer || ')' AS Peer,
  grouped.nat AS NAT
FROM grouped
LEFT JOIN processes ON processes.pid = grouped.peer
ORDER BY grouped.way IS NULL, grouped.count DESC, grouped.fd
