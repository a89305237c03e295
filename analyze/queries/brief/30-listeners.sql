-- title: Services
-- description: TCP and UDP sockets that wait for others, with who holds them, and the port of the host that leads to those of
--   containers
-- rows: 10
SELECT
  protocol AS Proto,
  format(CASE WHEN address GLOB '*:*' THEN '[%s]:%d' ELSE '%s:%d' END, address, port) AS Address,
  coalesce(
    process_name || ' (' || pid || CASE WHEN holder_count > 1 THEN ' +' || (holder_count - 1) ELSE '' END || ')',
    (SELECT max(reason) FROM listening_ports WHERE socket = services.inode)
  ) AS Owner,
  coalesce(container_name, substr(container_id, 1, 12), systemd_unit) AS Unit,
  host_address || ':' || host_port || ' (' || host_via || ')' AS "Reached through",
  net_namespace AS NetNS
FROM services
ORDER BY protocol, port, address GLOB '*:*', address, net_namespace, inode
