-- tests/hosts/web-1/proc/950/net/{igmp,igmp6}
SELECT family, interface, interface_index, address, users, querier FROM multicast_groups
WHERE net_namespace = 4026532288 ORDER BY family, interface_index;
inet | lo | 1 | 224.0.0.1 | 1 | V3
inet | eth0 | 2 | 224.0.0.1 | 1 | V3
inet6 | lo | 1 | ff02::1 | 1 | NULL
