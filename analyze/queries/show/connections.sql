-- title: Connections
-- description: who talks to whom through which NAT; what nobody's socket on this host is an end of is forwarded, or closed
SELECT
  protocol AS Proto,
  state AS State,
  format(CASE WHEN client_address GLOB '*:*' THEN '[%s]:%d' ELSE '%s:%d' END, client_address, client_port) AS Client,
  client_process || ' (' || client_pid || ')' AS "Its process",
  coalesce(dialed_address || ':' || dialed_port, '') AS Dialed,
  format(CASE WHEN server_address GLOB '*:*' THEN '[%s]:%d' ELSE '%s:%d' END, server_address, server_port) AS Server,
  server_process || ' (' || server_pid || ')' AS "Its process",
  coalesce(seen_address || ':' || seen_port, '') AS "Seen as",
  source AS Source
FROM connections
ORDER BY protocol, server_address, server_port, client_address, client_port
