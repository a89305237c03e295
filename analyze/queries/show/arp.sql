-- title: ARP cache
-- description: as `arp -n`, of all network namespaces: their inodes are in the last column; with the neighbours of IPv6, which
--   `arp` does not know, and the state that `ip neigh` shows
SELECT
  address AS Address,
  CASE hardware_type WHEN 1 THEN 'ether' WHEN 32 THEN 'infiniband' ELSE hardware_type END AS HWtype,
  CASE WHEN flags & 2 THEN mac ELSE '(incomplete)' END AS HWaddress,
  CASE WHEN flags & 2 THEN 'C' ELSE '' END
    || CASE WHEN flags & 4 THEN 'M' ELSE '' END
    || CASE WHEN flags & 8 THEN 'P' ELSE '' END AS Flags,
  state AS State,
  interface AS Iface,
  net_namespace AS NetNS
FROM neighbors
WHERE state IS NOT 'NOARP'
ORDER BY net_namespace, interface, address
