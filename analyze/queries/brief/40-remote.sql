-- title: Remote ends
-- description: with whom sockets are connected, loopback left out; out: Port is the remote one, in: the local one that
--   was connected to. What was tracked but has no socket here (forwarded, or closed) is `tracked`.
-- rows: 8
WITH
  ends AS (
    SELECT
      coalesce(net_namespace, 0) AS net_namespace,
      protocol,
      -- An IPv4 peer of an IPv6 socket is known to conntrack by its IPv4 address.
      CASE WHEN local_address LIKE '::ffff:%.%' THEN substr(local_address, 8) ELSE local_address END AS local_address,
      local_port,
      CASE WHEN remote_address LIKE '::ffff:%.%' THEN substr(remote_address, 8) ELSE remote_address END AS remote_address,
      remote_port,
      state,
      inode
    FROM sockets
    WHERE family IN ('inet', 'inet6')
      AND protocol NOT IN ('raw', 'icmp')
  ),
  listening AS (
    SELECT DISTINCT net_namespace, protocol, local_port FROM ends WHERE remote_port = 0
  ),
  holders AS (
    SELECT fds.inode, min(fds.pid) AS pid FROM process_fds AS fds WHERE fds.type = 'socket' GROUP BY fds.inode
  ),
  flows AS (
    SELECT
      CASE WHEN listening.local_port IS NULL THEN 'out' ELSE 'in' END AS direction,
      ends.remote_address AS peer,
      CASE WHEN listening.local_port IS NULL THEN ends.remote_port ELSE ends.local_port END AS port,
      ends.protocol,
      processes.name AS owner,
      translations.nat
    FROM ends
    LEFT JOIN listening
      ON listening.net_namespace = ends.net_namespace
      AND listening.protocol = ends.protocol
      AND listening.local_port = ends.local_port
    LEFT JOIN holders ON holders.inode = ends.inode AND ends.inode <> 0
    LEFT JOIN processes ON processes.pid = holders.pid
    LEFT JOIN translations
      ON translations.local_port = ends.local_port
      AND translations.remote_port = ends.remote_port
      AND translations.local_address = ends.local_address
      AND translations.remote_address = ends.remote_address
      AND translations.protocol = ends.protocol
    WHERE ends.remote_port <> 0
    UNION ALL
    SELECT
      'tracked',
      conntrack.orig_dst,
      conntrack.orig_dport,
      conntrack.protocol,
      NULL,
      CASE WHEN conntrack.nat IN ('dnat', 'both') THEN 'really ' || conntrack.reply_src END
    FROM conntrack
    LEFT JOIN ends AS origin
      ON origin.local_port = conntrack.orig_sport
      AND origin.remote_port = conntrack.orig_dport
      AND origin.local_address = conntrack.orig_src
      AND origin.remote_address = conntrack.orig_dst
      AND origin.protocol = conntrack.protocol
    LEFT JOIN ends AS target
      ON target.local_port = conntrack.reply_sport
      AND target.remote_port = conntrack.reply_dport
      AND target.local_address = conntrack.reply_src
      AND target.remote_address = conntrack.reply_dst
      AND target.protocol = conntrack.protocol
    WHERE origin.inode IS NULL
      AND target.inode IS NULL
      AND conntrack.orig_dst IS NOT NULL
  )
SELECT
  direction AS Way,
  peer AS Peer,
  port AS Port,
  protocol AS Proto,
  count(*) AS Count,
  coalesce(owner, '-') AS Owner,
  nat AS NAT
FROM flows
WHERE peer NOT LIKE '127.%'
  AND peer <> '::1'
GROUP BY direction, peer, port, protocol, owner, nat
ORDER BY direction = 'tracked', count(*) DESC, direction DESC, peer, port
