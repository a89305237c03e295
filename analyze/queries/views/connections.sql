-- title: Connections
-- description: who talks to whom: each connected TCP and UDP socket and each tracked connection once, with both ends named
--   as far as the snapshot knows them, whichever network namespace they are in. client_address and server_address are
--   the ends themselves; dialed_address is what the client connected to, where destination NAT led it elsewhere, and
--   seen_address is what the server takes for the client, where source NAT hides it. source says where it was
--   seen: socket, conntrack, or both.
WITH
  ends AS (
    SELECT
      snapshot_id,
      net_namespace,
      protocol,
      -- An IPv4 peer of an IPv6 socket is known to others by its IPv4 address.
      CASE WHEN local_address LIKE '::ffff:%.%' THEN substr(local_address, 8) ELSE local_address END AS address,
      local_port AS port,
      CASE WHEN remote_address LIKE '::ffff:%.%' THEN substr(remote_address, 8) ELSE remote_address END AS peer,
      remote_port AS peer_port,
      state,
      inode
    FROM sockets
    WHERE family IN ('inet', 'inet6')
      AND protocol IN ('tcp', 'udp', 'udplite')
  ),
  listening AS MATERIALIZED (
    SELECT DISTINCT snapshot_id, net_namespace, protocol, port FROM ends WHERE peer_port = 0 AND port <> 0
  ),
  connected AS MATERIALIZED (
    SELECT
      ends.*,
      listening.port IS NOT NULL AS serves
    FROM ends
    LEFT JOIN listening
      ON listening.snapshot_id = ends.snapshot_id
      AND listening.net_namespace IS ends.net_namespace
      AND listening.protocol = ends.protocol
      AND listening.port = ends.port
    WHERE ends.peer_port <> 0
  ),
  -- The same flow may be tracked in several namespaces; the one that translates it tells the most.
  tracked AS MATERIALIZED (
    SELECT
      snapshot_id,
      protocol,
      orig_src,
      orig_sport,
      orig_dst,
      orig_dport,
      reply_src,
      reply_sport,
      reply_dst,
      reply_dport,
      nat,
      state,
      net_namespace,
      row_number() OVER (
        PARTITION BY snapshot_id, protocol, orig_src, orig_sport, orig_dst, orig_dport
        ORDER BY nat IS NULL, net_namespace
      ) AS number
    FROM conntrack
    WHERE orig_sport IS NOT NULL
      AND orig_dport IS NOT NULL
  ),
  -- What a client has opened.
  opened AS MATERIALIZED (
    SELECT
      client.snapshot_id,
      client.protocol,
      client.address AS client_address,
      client.port AS client_port,
      client.inode AS client_inode,
      client.net_namespace AS client_net_namespace,
      client.peer AS dialed_address,
      client.peer_port AS dialed_port,
      coalesce(tracked.reply_src, client.peer) AS server_address,
      coalesce(tracked.reply_sport, client.peer_port) AS server_port,
      coalesce(tracked.reply_dst, client.address) AS seen_address,
      coalesce(tracked.reply_dport, client.port) AS seen_port,
      tracked.nat,
      client.state,
      tracked.snapshot_id IS NOT NULL AS is_tracked
    FROM connected AS client
    LEFT JOIN tracked
      ON tracked.orig_sport = client.port
      AND tracked.orig_dport = client.peer_port
      AND tracked.orig_src = client.address
      AND tracked.orig_dst = client.peer
      AND tracked.protocol = client.protocol
      AND tracked.snapshot_id = client.snapshot_id
      AND tracked.number = 1
    WHERE NOT client.serves
  ),
  -- What a server has accepted, and its client is elsewhere.
  accepted AS MATERIALIZED (
    SELECT
      server.snapshot_id,
      server.protocol,
      coalesce(tracked.orig_src, server.peer) AS client_address,
      coalesce(tracked.orig_sport, server.peer_port) AS client_port,
      coalesce(tracked.orig_dst, server.address) AS dialed_address,
      coalesce(tracked.orig_dport, server.port) AS dialed_port,
      server.address AS server_address,
      server.port AS server_port,
      server.inode AS server_inode,
      server.net_namespace AS server_net_namespace,
      server.peer AS seen_address,
      server.peer_port AS seen_port,
      tracked.nat,
      server.state,
      tracked.snapshot_id IS NOT NULL AS is_tracked
    FROM connected AS server
    LEFT JOIN tracked
      ON tracked.reply_sport = server.port
      AND tracked.reply_dport = server.peer_port
      AND tracked.reply_src = server.address
      AND tracked.reply_dst = server.peer
      AND tracked.protocol = server.protocol
      AND tracked.snapshot_id = server.snapshot_id
      AND tracked.number = 1
    WHERE server.serves
  ),
  flows AS (
    SELECT
      opened.snapshot_id,
      opened.protocol,
      opened.client_address,
      opened.client_port,
      opened.client_inode,
      opened.client_net_namespace,
      opened.server_address,
      opened.server_port,
      server.inode AS server_inode,
      server.net_namespace AS server_net_namespace,
      opened.dialed_address,
      opened.dialed_port,
      opened.seen_address,
      opened.seen_port,
      opened.nat,
      opened.state,
      iif(opened.is_tracked, 'both', 'socket') AS source
    FROM opened
    LEFT JOIN connected AS server
      ON server.port = opened.server_port
      AND server.peer_port = opened.seen_port
      AND server.address = opened.server_address
      AND server.peer = opened.seen_address
      AND server.protocol = opened.protocol
      AND server.snapshot_id = opened.snapshot_id
      AND server.serves
    UNION ALL
    SELECT
      accepted.snapshot_id,
      accepted.protocol,
      accepted.client_address,
      accepted.client_port,
      NULL,
      NULL,
      accepted.server_address,
      accepted.server_port,
      accepted.server_inode,
      accepted.server_net_namespace,
      accepted.dialed_address,
      accepted.dialed_port,
      accepted.seen_address,
      accepted.seen_port,
      accepted.nat,
      accepted.state,
      iif(accepted.is_tracked, 'both', 'socket')
    FROM accepted
    LEFT JOIN opened
      ON opened.server_port = accepted.server_port
      AND opened.seen_port = accepted.seen_port
      AND opened.server_address = accepted.server_address
      AND opened.seen_address = accepted.seen_address
      AND opened.protocol = accepted.protocol
      AND opened.snapshot_id = accepted.snapshot_id
    WHERE opened.snapshot_id IS NULL
    UNION ALL
    SELECT
      tracked.snapshot_id,
      tracked.protocol,
      tracked.orig_src,
      tracked.orig_sport,
      NULL,
      NULL,
      tracked.reply_src,
      tracked.reply_sport,
      NULL,
      NULL,
      tracked.orig_dst,
      tracked.orig_dport,
      tracked.reply_dst,
      tracked.reply_dport,
      tracked.nat,
      tracked.state,
      'conntrack'
    FROM tracked
    LEFT JOIN connected AS origin
      ON origin.port = tracked.orig_sport
      AND origin.peer_port = tracked.orig_dport
      AND origin.address = tracked.orig_src
      AND origin.peer = tracked.orig_dst
      AND origin.protocol = tracked.protocol
      AND origin.snapshot_id = tracked.snapshot_id
    LEFT JOIN connected AS target
      ON target.port = tracked.reply_sport
      AND target.peer_port = tracked.reply_dport
      AND target.address = tracked.reply_src
      AND target.peer = tracked.reply_dst
      AND target.protocol = tracked.protocol
      AND target.snapshot_id = tracked.snapshot_id
    WHERE tracked.number = 1
      AND origin.snapshot_id IS NULL
      AND target.snapshot_id IS NULL
  ),
  holders AS MATERIALIZED (
    SELECT snapshot_id, inode, min(pid) AS pid
    FROM process_fds
    WHERE type = 'socket' AND inode <> 0
    GROUP BY snapshot_id, inode
  )
SELECT
  flows.snapshot_id,
  flows.protocol,
  flows.client_address,
  flows.client_port,
  client.pid AS client_pid,
  client_process.name AS client_process,
  client_process.container_id AS client_container_id,
  flows.server_address,
  flows.server_port,
  server.pid AS server_pid,
  server_process.name AS server_process,
  server_process.container_id AS server_container_id,
  iif(flows.nat IN ('dnat', 'both'), flows.dialed_address, NULL) AS dialed_address,
  iif(flows.nat IN ('dnat', 'both'), flows.dialed_port, NULL) AS dialed_port,
  iif(flows.nat IN ('snat', 'both'), flows.seen_address, NULL) AS seen_address,
  iif(flows.nat IN ('snat', 'both'), flows.seen_port, NULL) AS seen_port,
  flows.nat,
  flows.state,
  flows.source,
  flows.client_net_namespace,
  flows.server_net_namespace,
  flows.client_inode,
  flows.server_inode
FROM flows
LEFT JOIN holders AS client
  ON client.snapshot_id = flows.snapshot_id
  AND client.inode = flows.client_inode
LEFT JOIN processes AS client_process
  ON client_process.snapshot_id = client.snapshot_id
  AND client_process.pid = client.pid
LEFT JOIN holders AS server
  ON server.snapshot_id = flows.snapshot_id
  AND server.inode = flows.server_inode
LEFT JOIN processes AS server_process
  ON server_process.snapshot_id = server.snapshot_id
  AND server_process.pid = server.pid
