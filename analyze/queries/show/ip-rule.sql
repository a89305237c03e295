-- title: Routing rules
-- description: as `ip rule`, of all network namespaces and both families, in the order in which they are tried
SELECT
  priority AS Priority,
  CASE WHEN inverted THEN 'not ' ELSE '' END
    || 'from ' || coalesce(source || '/' || source_netmask, 'all')
    || coalesce(' to ' || destination || '/' || destination_netmask, '')
    || coalesce(' iif ' || incoming_interface, '')
    || coalesce(' oif ' || outgoing_interface, '')
    || coalesce(format(' fwmark 0x%x', mark), '')
    || coalesce(format('/0x%x', nullif(mark_mask, 4294967295)), '')
    || coalesce(' ipproto ' || ip_protocol, '') AS Packets,
  action || coalesce(' ' || route_table, ' ' || goto_priority, '') AS "Action",
  family AS Family,
  net_namespace AS NetNS
FROM routing_rules
ORDER BY net_namespace, family, priority
