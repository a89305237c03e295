-- title: Listening sockets
-- description: sockets that wait for others, with who else holds them; Reached as is where others connected to according to
--   connection tracking, where that address was translated to this one
-- parameters: pid (integer)
-- rows: 15
-- reads: fd, fd/*, net/tcp, net/tcp6, net/udp, net/udp6, net/udplite, net/udplite6, net/icmp,
--   net/icmp6, net/raw, net/raw6, net/unix
WITH
  own AS MATERIALIZED (
    SELECT inode, min(fd) AS fd
    FROM process_fds
    WHERE pid = :pid
      AND type = 'socket'
      AND inode <> 0
    GROUP BY inode
  ),
  listening AS MATERIALIZED (
    SELECT sockets.*, own.fd
    FROM sockets
    CROSS JOIN own ON own.inode = sockets.inode
    WHERE sockets.state = 'LISTEN'
      OR (sockets.state = 'UNCONN' AND (sockets.path IS NOT NULL OR sockets.local_port <> 0))
  ),
  others AS MATERIALIZED (
    SELECT inode, min(pid) AS pid, count(DISTINCT pid) AS count
    FROM process_fds
    WHERE type = 'socket'
      AND inode IN (SELECT inode FROM listening)
      AND pid <> :pid
    GROUP BY inode
  ),
  translated AS MATERIALIZED (
    SELECT DISTINCT
      protocol,
      reply_src AS address,
      reply_sport AS port,
      format(CASE WHEN instr(orig_dst, ':') THEN '[%s]:%d' ELSE '%s:%d' END, orig_dst, orig_dport) AS reached
    FROM conntrack
    WHERE nat IN ('dnat', 'both')
      AND reply_sport IN (SELECT local_port FROM listening)
  ),
  reached AS MATERIALIZED (
    SELECT listening.inode, group_concat(DISTINCT translated.reached) AS list
    FROM translated
    CROSS JOIN listening
      ON listening.local_port = translated.port
      AND listening.protocol = translated.protocol
    WHERE translated.address = listening.local_address
      OR (
        listening.local_address IN ('0.0.0.0', '::')
        AND (translated.address, listening.net_namespace) IN (SELECT address, net_namespace FROM interface_addresses)
      )
    GROUP BY listening.inode
  )
SELECT
  listening.fd AS FD,
  CASE listening.family
    WHEN 'inet6' THEN listening.protocol || '6'
    WHEN 'unix' THEN 'unix ' || listening.protocol
    ELSE listening.protocol
  END AS Proto,
  CASE listening.family
    WHEN 'unix' THEN listening.path
    ELSE format(CASE listening.family WHEN 'inet6' THEN '[%s]:%d' ELSE '%s:%d' END, listening.local_address, listening.local_port)
  END AS "Address",
  listening.state AS State,
  listening.recv_queue AS "Waiting",
  coalesce(processes.name, '?') || ' (' || others.pid || ')'
    || CASE WHEN others.count > 1 THEN ' +' || (others.count - 1) ELSE '' END AS "Also held by",
  reached.list AS "Reached as",
  listening.net_namespace AS NetNS
FROM listening
LEFT JOIN others ON others.inode = listening.inode
LEFT JOIN processes ON processes.pid = others.pid
LEFT JOIN reached ON reached.inode = listening.inode
ORDER BY listening.family = 'unix', listening.protocol, listening.local_port, listening.family, listening.path, listening.fd
