-- title: Listeners
-- description: TCP and UDP sockets that wait for others, with who holds them
-- rows: 10
WITH
  held AS (
    SELECT
      socket,
      protocol,
      family,
      address,
      port,
      net_namespace,
      min(pid) AS pid,
      count(DISTINCT pid) AS holders,
      max(reason) AS reason
    FROM listening_ports
    WHERE family IN (2, 10)
    GROUP BY socket, protocol, family, address, port, net_namespace
  )
SELECT
  CASE held.protocol WHEN 6 THEN 'tcp' WHEN 136 THEN 'udplite' ELSE 'udp' END AS Proto,
  format(CASE held.family WHEN 10 THEN '[%s]:%d' ELSE '%s:%d' END, held.address, held.port) AS Address,
  coalesce(
    processes.name || ' (' || held.pid || CASE WHEN held.holders > 1 THEN ' +' || (held.holders - 1) ELSE '' END || ')',
    held.reason
  ) AS Owner,
  units.unit AS Unit,
  held.net_namespace AS NetNS
FROM held
LEFT JOIN processes ON processes.pid = held.pid
LEFT JOIN process_units AS units ON units.pid = held.pid
ORDER BY held.protocol, held.port, held.family, held.address, held.net_namespace
