-- tests/hosts/web-1/proc/1/net/nf_conntrack: flags, zones, keys, what the kernel has no name for.
SELECT protocol, protocol_number, state, timeout, orig_sport, orig_dport, assured, unreplied, offload, hardware_offload, mark
FROM conntrack WHERE orig_sport IN (36001, 36002, 36003, 4500, 36412) ORDER BY protocol, orig_sport;
sctp | 132 | ESTABLISHED | 209 | 36412 | 36412 | 1 | 0 | 0 | 0 | 4294967295
tcp | 6 | NULL | NULL | 36001 | 8080 | 0 | 0 | 1 | 0 | 0
tcp | 6 | SYN_RECV | 55 | 36002 | 80 | 0 | 0 | 0 | 0 | 0
tcp | 6 | CLOSE | 9 | 36003 | 80 | 0 | 0 | 0 | 0 | 0
udp | 17 | NULL | NULL | 4500 | 4500 | 0 | 0 | 1 | 1 | 0

SELECT orig_sport, zone, zone_direction, age, use_count, orig_packets, orig_bytes, reply_packets, reply_bytes, nat
FROM conntrack WHERE orig_sport IN (36001, 36002, 36003, 38300, 38200) ORDER BY orig_sport;
36001 | 0 | NULL | NULL | 3 | 1000 | 90000 | 900 | 800000 | dnat
36002 | 7 | original | 5 | 2 | 1 | 60 | 1 | 60 | NULL
36003 | 8 | reply | NULL | 2 | 2 | 120 | 1 | 40 | NULL
38200 | 0 | NULL | NULL | 2 | 9 | 900 | 8 | 8000 | snat
38300 | 5 | NULL | NULL | 2 | NULL | NULL | NULL | NULL | both

SELECT protocol, timeout, gre_timeout, gre_stream_timeout, orig_src, orig_dst, orig_src_key, orig_dst_key, reply_src_key, reply_dst_key, assured, nat
FROM conntrack WHERE protocol = 'gre';
gre | 179 | 180 | 18000 | 198.51.100.40 | 192.0.2.10 | 0 | 420 | 420 | 0 | 1 | NULL

SELECT protocol, protocol_number, timeout, orig_src, orig_sport, reply_src, unreplied, security_context
FROM conntrack WHERE protocol_number IN (50, 132) ORDER BY protocol_number;
unknown | 50 | 599 | 198.51.100.43 | NULL | 192.0.2.10 | 1 | NULL
sctp | 132 | 209 | 198.51.100.41 | 36412 | 192.0.2.10 | 0 | system_u:object_r:unlabeled_t:s0

SELECT family, protocol, icmp_type, icmp_code, icmp_id, reply_icmp_id, nat FROM conntrack WHERE icmp_id IS NOT NULL ORDER BY icmp_id;
inet | icmp | 8 | 0 | 4711 | 4711 | NULL
inet6 | icmpv6 | 128 | 0 | 4712 | 4712 | NULL

SELECT count(*), count(DISTINCT net_namespace) FROM conntrack;
15 | 1
