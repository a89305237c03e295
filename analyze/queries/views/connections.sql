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
      row_number() OVER () AS id,
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
  -- Whether connections are tracked in one namespace of each snapshot: else the same one may be in several.
  places AS MATERIALIZED (
    SELECT min(net_namespace) IS NOT max(net_namespace) AS are_several FROM conntrack GROUP BY snapshot_id
  ),
  -- Of several entries for what a client dialed, the one that translates it.
  dialed AS MATERIALIZED (
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
      min(nat IS NULL) AS is_plain
    FROM conntrack
    WHERE orig_sport IS NOT NULL
      AND orig_dport IS NOT NULL
      AND (SELECT max(are_several) FROM places)
    GROUP BY orig_sport, orig_dport, orig_src, orig_dst, protocol, snapshot_id
  ),
  translated AS MATERIALIZED (
    SELECT snapshot_id, protocol, reply_src, reply_sport, reply_dst, reply_dport FROM dialed WHERE NOT is_plain
  ),
  -- Each tracked connection once.
  once AS (
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
      state
    FROM conntrack
    WHERE orig_sport IS NOT NULL
      AND orig_dport IS NOT NULL
      AND NOT (SELECT max(are_several) FROM places)
    UNION ALL
    SELECT
      dialed.snapshot_id,
      dialed.protocol,
      dialed.orig_src,
      dialed.orig_sport,
      dialed.orig_dst,
      dialed.orig_dport,
      dialed.reply_src,
      dialed.reply_sport,
      dialed.reply_dst,
      dialed.reply_dport,
      dialed.nat,
      dialed.state
    FROM dialed
    -- A server's namespace has what came in as if nobody had translated it.
    LEFT JOIN translated
      ON dialed.is_plain
      AND translated.reply_sport = dialed.reply_sport
      AND translated.reply_dport = dialed.reply_dport
      AND translated.reply_src = dialed.reply_src
      AND translated.reply_dst = dialed.reply_dst
      AND translated.protocol = dialed.protocol
      AND translated.snapshot_id = dialed.snapshot_id
    WHERE translated.snapshot_id IS NULL
  ),
  tracked AS MATERIALIZED (
    SELECT
      entry.snapshot_id,
      entry.protocol,
      entry.orig_src,
      entry.orig_sport,
      entry.orig_dst,
      entry.orig_dport,
      entry.reply_src,
      entry.reply_sport,
      entry.reply_dst,
      entry.reply_dport,
      entry.nat,
      coalesce(origin.state, target.state, entry.state) AS state,
      origin.id AS client_id,
      origin.inode AS client_inode,
      origin.net_namespace AS client_net_namespace,
      target.id AS server_id,
      target.inode AS server_inode,
      target.net_namespace AS server_net_namespace
    FROM once AS entry
    LEFT JOIN connected AS origin
      ON origin.port = entry.orig_sport
      AND origin.peer_port = entry.orig_dport
      AND origin.address = entry.orig_src
      AND origin.peer = entry.orig_dst
      AND origin.protocol = entry.protocol
      AND origin.snapshot_id = entry.snapshot_id
    LEFT JOIN connected AS target
      ON target.port = entry.reply_sport
      AND target.peer_port = entry.reply_dport
      AND target.address = entry.reply_src
      AND target.peer = entry.reply_dst
      AND target.protocol = entry.protocol
      AND target.snapshot_id = entry.snapshot_id
  ),
  -- Sockets whose connection nobody tracks.
  alone AS MATERIALIZED (
    SELECT *
    FROM connected
    WHERE id NOT IN (SELECT client_id FROM tracked WHERE client_id IS NOT NULL)
      AND id NOT IN (SELECT server_id FROM tracked WHERE server_id IS NOT NULL)
  ),
  paired AS (
    SELECT
      alone.*,
      other.id AS other_id,
      other.inode AS other_inode,
      other.net_namespace AS other_net_namespace,
      other.serves AS other_serves
    FROM alone
    LEFT JOIN alone AS other
      ON other.port = alone.peer_port
      AND other.peer_port = alone.port
      AND other.address = alone.peer
      AND other.peer = alone.address
      AND other.protocol = alone.protocol
      AND other.snapshot_id = alone.snapshot_id
  ),
  flows AS (
    SELECT
      snapshot_id,
      protocol,
      orig_src AS client_address,
      orig_sport AS client_port,
      client_inode,
      client_net_namespace,
      reply_src AS server_address,
      reply_sport AS server_port,
      server_inode,
      server_net_namespace,
      orig_dst AS dialed_address,
      orig_dport AS dialed_port,
      reply_dst AS seen_address,
      reply_dport AS seen_port,
      nat,
      state,
      CASE WHEN client_id IS NULL AND server_id IS NULL THEN 'conntrack' ELSE 'both' END AS source
    FROM tracked
    UNION ALL
    SELECT
      snapshot_id,
      protocol,
      address,
      port,
      inode,
      net_namespace,
      peer,
      peer_port,
      other_inode,
      other_net_namespace,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      state,
      'socket'
    FROM paired
    WHERE NOT serves
      -- Of two ends neither of which listens any more, one is enough.
      AND (other_id IS NULL OR other_serves OR id < other_id)
    UNION ALL
    SELECT
      snapshot_id,
      protocol,
      peer,
      peer_port,
      NULL,
      NULL,
      address,
      port,
      inode,
      net_namespace,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      state,
      'socket'
    FROM paired
    WHERE serves
      AND (other_id IS NULL OR (other_serves AND id < other_id))
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
