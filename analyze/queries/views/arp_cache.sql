-- title: ARP cache
-- description: neighbours of IPv4 under osquery's names; net_namespace tells whose cache it is
SELECT
  snapshot_id,
  address,
  mac,
  interface,
  (flags & 4) <> 0 AS permanent,
  net_namespace
FROM neighbors
WHERE family = 'inet'
