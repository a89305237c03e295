-- title: Services
-- description: what can be connected to, in every network namespace, with who holds it and the port of the host that leads to it
SELECT
  protocol AS Proto,
  format(CASE WHEN address GLOB '*:*' THEN '[%s]:%d' ELSE '%s:%d' END, address, port) AS Address,
  coalesce(
    process_name || ' (' || pid || CASE WHEN holder_count > 1 THEN ' +' || (holder_count - 1) ELSE '' END || ')',
    '-'
  ) AS Process,
  coalesce(container_name, substr(container_id, 1, 12)) AS Container,
  systemd_unit AS Unit,
  host_address || ':' || host_port || ' (' || host_via || ')' AS "Reached through",
  net_namespace AS NetNS
FROM services
ORDER BY net_namespace, protocol, port, address, inode
