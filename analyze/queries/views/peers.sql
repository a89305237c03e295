-- title: Other hosts
-- description: every address that is not one of the network namespace of process 1, and why it is known: a neighbour, a socket, a tracked connection,
--   a route's gateway, the hosts file, a resolver, somebody's history. service and port are the local processes that use it
--   and the ports of the other host that they use; served are the local ports that it uses. note says what cannot be
--   seen from here: an address that is translated on this host is no host at all, and where no neighbor has an address anything
--   may answer. Those of other network namespaces are told with the container that they belong to.
WITH
  -- Without a process 1 all addresses are of others.
  own AS (
    SELECT DISTINCT addresses.snapshot_id, addresses.address
    FROM interface_addresses AS addresses
    JOIN processes
      ON processes.snapshot_id = addresses.snapshot_id
      AND processes.pid = 1
      AND processes.net_namespace IS addresses.net_namespace
  ),
  -- The addresses of other network namespaces, with what is in them.
  inside AS (
    SELECT
      addresses.snapshot_id,
      addresses.address,
      min(
        coalesce('container ' || coalesce(containers.name, substr(containers.id, 1, 12)), 'namespace ' || addresses.net_namespace)
      ) AS place
    FROM interface_addresses AS addresses
    LEFT JOIN containers
      ON containers.snapshot_id = addresses.snapshot_id
      AND containers.net_namespace = addresses.net_namespace
    GROUP BY addresses.snapshot_id, addresses.address
  ),
  -- Of each connection the server, what the client dialed, and the client.
  roles(role) AS (VALUES ('server'), ('dialed'), ('client')),
  seen AS (
    SELECT
      snapshot_id,
      CASE role WHEN 'server' THEN server_address WHEN 'dialed' THEN dialed_address ELSE client_address END AS address,
      NULL AS mac,
      NULL AS name,
      CASE source WHEN 'conntrack' THEN 'conntrack' ELSE 'socket' END AS known_from,
      iif(role = 'client', server_process, client_process) AS service,
      CASE role WHEN 'server' THEN server_port WHEN 'dialed' THEN dialed_port END AS port,
      iif(role = 'client', coalesce(dialed_port, server_port), NULL) AS served
    FROM connections
    CROSS JOIN roles
    UNION ALL
    SELECT snapshot_id, address, iif(flags & 2, mac, NULL), NULL, 'neighbor', NULL, NULL, NULL
    FROM neighbors
    WHERE NOT proxy
      AND state IS NOT 'NOARP'
    UNION ALL
    SELECT snapshot_id, gateway, NULL, NULL, 'route', NULL, NULL, NULL FROM routes WHERE gateway IS NOT NULL
    UNION ALL
    SELECT snapshot_id, address, NULL, hostnames, 'hosts file', NULL, NULL, NULL FROM etc_hosts
    UNION ALL
    SELECT snapshot_id, address, NULL, NULL, 'resolver', NULL, NULL, NULL FROM dns_resolvers WHERE type = 'nameserver'
    UNION ALL
    SELECT
      history.snapshot_id,
      coalesce(hosts.address, history.host),
      NULL,
      iif(hosts.address IS NULL, NULL, history.host),
      'history',
      history.program,
      NULL,
      NULL
    -- Each once: a hosts file may have a hundred thousand lines.
    FROM (SELECT DISTINCT snapshot_id, host, program FROM history_hosts) AS history
    LEFT JOIN etc_hosts AS hosts
      ON hosts.snapshot_id = history.snapshot_id
      AND instr(' ' || hosts.hostnames || ' ', ' ' || history.host || ' ') > 0
  ),
  -- So that what is concatenated has an order.
  sorted AS MATERIALIZED (
    SELECT DISTINCT * FROM seen ORDER BY snapshot_id, address, known_from, name, service, port, served
  ),
  translated AS (
    SELECT
      snapshot_id,
      orig_dst AS address,
      group_concat(DISTINCT reply_src || coalesce(':' || reply_sport, '')) AS targets
    FROM conntrack
    WHERE nat IN ('dnat', 'both')
    GROUP BY snapshot_id, orig_dst
  ),
  linked AS (
    SELECT DISTINCT snapshot_id, address FROM neighbors WHERE NOT proxy AND (flags & 2)
  )
SELECT
  seen.snapshot_id,
  seen.address,
  max(seen.mac) AS mac,
  group_concat(DISTINCT seen.name) AS name,
  group_concat(DISTINCT seen.known_from) AS known_from,
  group_concat(DISTINCT seen.service) AS service,
  group_concat(DISTINCT seen.port) AS port,
  -- Who is inside does not come from outside.
  iif(inside.address IS NULL, group_concat(DISTINCT seen.served), NULL) AS served,
  CASE
    WHEN translated.targets IS NOT NULL THEN 'opaque: translated here to ' || translated.targets
    WHEN inside.address IS NOT NULL THEN 'on this host: ' || inside.place
    WHEN linked.address IS NOT NULL THEN NULL
    WHEN seen.address GLOB '*[:.]*' AND seen.address NOT GLOB '*[g-zG-Z]*'
      THEN 'opaque: no neighbor, so what answers there may be a load balancer'
    ELSE 'a name: not resolved'
  END AS note
FROM sorted AS seen
LEFT JOIN own ON own.snapshot_id = seen.snapshot_id AND own.address = seen.address
LEFT JOIN inside ON inside.snapshot_id = seen.snapshot_id AND inside.address = seen.address
LEFT JOIN translated ON translated.snapshot_id = seen.snapshot_id AND translated.address = seen.address
LEFT JOIN linked ON linked.snapshot_id = seen.snapshot_id AND linked.address = seen.address
WHERE own.address IS NULL
  AND seen.address IS NOT NULL
  AND seen.address NOT LIKE '127.%'
  AND seen.address NOT IN ('::1', '0.0.0.0', '::', 'localhost')
  AND seen.address NOT LIKE 'ff0%:%'
  AND seen.address NOT LIKE 'fe00::%'
GROUP BY seen.snapshot_id, seen.address
