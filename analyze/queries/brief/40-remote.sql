-- title: Remote ends
-- description: who talks to whom, loopback left out: out to a server that is not on this host, in from a client that is not,
--   here between two of its processes; `tracked` has no socket here: it is forwarded, or closed. Port is the server's.
-- rows: 8
WITH
  flows AS (
    SELECT
      CASE
        WHEN source = 'conntrack' THEN 'tracked'
        WHEN client_inode IS NOT NULL AND server_inode IS NOT NULL THEN 'here'
        WHEN client_inode IS NULL THEN 'in'
        ELSE 'out'
      END AS way,
      iif(client_inode IS NULL AND source <> 'conntrack', client_address, server_address) AS peer,
      server_port AS port,
      protocol,
      iif(client_inode IS NULL, server_process, client_process) AS owner,
      iif(client_inode IS NULL, server_container_id, client_container_id) AS container_id,
      coalesce(
        iif(client_inode IS NULL, 'came to ', 'dialed ') || dialed_address || ':' || dialed_port,
        ''
      )
        || iif(dialed_address IS NULL OR seen_address IS NULL, '', ', ')
        || coalesce('seen there as ' || seen_address, '') AS nat
    FROM connections
    WHERE server_address NOT LIKE '127.%'
      AND server_address <> '::1'
  )
SELECT
  way AS Way,
  peer AS Peer,
  port AS Port,
  protocol AS Proto,
  count(*) AS Count,
  coalesce(owner, '-') AS Owner,
  coalesce((SELECT name FROM containers WHERE id = flows.container_id), substr(flows.container_id, 1, 12)) AS Container,
  nullif(nat, '') AS NAT
FROM flows
GROUP BY peer, port, way, protocol, owner, container_id, nat
ORDER BY way = 'tracked', count(*) DESC, way DESC, peer, port
