-- title: Services
-- description: what can be connected to: TCP and UDP sockets that wait for others, one row per socket, with the process that
--   holds it (of several the lowest pid), its container and unit. host_address and host_port are where else it is reached:
--   through docker-proxy, or by destination NAT of which a tracked connection is seen; host_via says by which.
WITH
  listening AS (
    SELECT
      snapshot_id,
      net_namespace,
      protocol,
      family,
      local_address AS address,
      local_port AS port,
      inode,
      uid
    FROM sockets
    WHERE family IN ('inet', 'inet6')
      AND local_port <> 0
      AND ((protocol = 'tcp' AND state = 'LISTEN') OR (protocol IN ('udp', 'udplite') AND remote_port = 0))
  ),
  holders AS (
    SELECT
      listening.snapshot_id,
      listening.inode,
      min(fds.pid) AS pid,
      count(DISTINCT fds.pid) AS holder_count
    FROM (SELECT DISTINCT snapshot_id, inode FROM listening WHERE inode <> 0) AS listening
    JOIN process_fds AS fds
      ON fds.snapshot_id = listening.snapshot_id
      AND fds.type = 'socket'
      AND fds.inode = listening.inode
    GROUP BY listening.snapshot_id, listening.inode
  ),
  -- Each argument of docker-proxy beside the one before it.
  proxy_arguments AS (
    SELECT
      arguments.snapshot_id,
      arguments.pid,
      arguments.value,
      lag(arguments.value) OVER (PARTITION BY arguments.snapshot_id, arguments.pid ORDER BY arguments.position) AS option
    FROM process_arguments AS arguments
    JOIN processes
      ON processes.snapshot_id = arguments.snapshot_id
      AND processes.pid = arguments.pid
    WHERE processes.name = 'docker-proxy'
  ),
  proxies AS (
    SELECT
      snapshot_id,
      pid,
      max(value) FILTER (WHERE option = '-proto') AS protocol,
      max(value) FILTER (WHERE option = '-host-ip') AS host_address,
      CAST(max(value) FILTER (WHERE option = '-host-port') AS INTEGER) AS host_port,
      max(value) FILTER (WHERE option = '-container-ip') AS address,
      CAST(max(value) FILTER (WHERE option = '-container-port') AS INTEGER) AS port
    FROM proxy_arguments
    GROUP BY snapshot_id, pid
  ),
  ways AS (
    SELECT snapshot_id, protocol, host_address, host_port, address, port, 'docker-proxy' AS via FROM proxies
    UNION
    SELECT snapshot_id, protocol, orig_dst, orig_dport, reply_src, reply_sport, 'tracked connection'
    FROM conntrack
    WHERE nat IN ('dnat', 'both')
      AND orig_dport IS NOT NULL
  ),
  -- A service that waits at all addresses is reached at each of its namespace.
  reached AS (
    SELECT
      listening.snapshot_id,
      listening.inode,
      listening.net_namespace,
      listening.address,
      listening.port,
      listening.protocol,
      ways.host_address,
      ways.host_port,
      ways.via,
      row_number() OVER (
        PARTITION BY
          listening.snapshot_id, listening.net_namespace, listening.protocol, listening.address, listening.port, listening.inode
        ORDER BY ways.via, ways.host_address, ways.host_port
      ) AS number
    FROM ways
    JOIN interface_addresses AS own
      ON own.snapshot_id = ways.snapshot_id
      AND own.address = ways.address
    JOIN listening
      ON listening.snapshot_id = ways.snapshot_id
      AND listening.net_namespace = own.net_namespace
      AND listening.port = ways.port
      AND listening.protocol = ways.protocol
      AND listening.address IN (ways.address, '0.0.0.0', '::', '::ffff:' || ways.address)
  )
SELECT
  listening.snapshot_id,
  listening.net_namespace,
  listening.protocol,
  listening.address,
  listening.port,
  holders.pid,
  processes.name AS process_name,
  processes.path AS process_path,
  holders.holder_count,
  listening.uid,
  processes.container_id,
  containers.name AS container_name,
  -- The last component up to `.service`: rtrim takes off every character that is no slash.
  CASE
    WHEN processes.container_id IS NULL
      AND processes.cgroup_path || '/' GLOB '*.service/*'
      AND processes.cgroup_path NOT GLOB '*/user.slice/*' THEN (
      SELECT substr(path, length(rtrim(path, replace(path, '/', ''))) + 1)
      FROM (
        SELECT
          substr(processes.cgroup_path, 1, instr(processes.cgroup_path || '/', '.service/') + 7) AS path
      )
    )
  END AS systemd_unit,
  reached.host_address,
  reached.host_port,
  reached.via AS host_via,
  listening.inode
FROM listening
LEFT JOIN holders
  ON holders.snapshot_id = listening.snapshot_id
  AND holders.inode = listening.inode
LEFT JOIN processes
  ON processes.snapshot_id = holders.snapshot_id
  AND processes.pid = holders.pid
LEFT JOIN containers
  ON containers.snapshot_id = processes.snapshot_id
  AND containers.id = processes.container_id
LEFT JOIN reached
  ON reached.snapshot_id = listening.snapshot_id
  AND reached.inode = listening.inode
  AND reached.net_namespace IS listening.net_namespace
  AND reached.protocol = listening.protocol
  AND reached.address = listening.address
  AND reached.port = listening.port
  AND reached.number = 1
