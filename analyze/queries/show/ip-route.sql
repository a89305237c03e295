-- title: Routes
-- description: as `ip route show table all`, of all network namespaces and both families: a line for each next hop
SELECT
  CASE WHEN type = 'unicast' THEN '' ELSE type || ' ' END
    || CASE WHEN netmask = 0 THEN 'default' ELSE destination || '/' || netmask END AS Destination,
  gateway AS Via,
  interface AS Dev,
  route_table AS "Table",
  protocol AS Proto,
  scope AS Scope,
  preferred_source AS Src,
  metric AS Metric,
  weight AS Weight,
  net_namespace AS NetNS
FROM routes
ORDER BY net_namespace, family, route_table IS NOT 'main', route_table, netmask, destination, metric, gateway
