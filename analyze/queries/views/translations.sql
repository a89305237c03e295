-- title: Translated connections
-- description: what connection tracking knows of the two ends of a socket: one row per direction of an entry with NAT, with
--   local as the socket's own end; nat says in words how others see either end
SELECT
  snapshot_id,
  protocol,
  orig_src AS local_address,
  orig_sport AS local_port,
  orig_dst AS remote_address,
  orig_dport AS remote_port,
  CASE WHEN nat IN ('snat', 'both') THEN 'seen there as ' || reply_dst ELSE '' END
    || CASE nat WHEN 'both' THEN ', ' ELSE '' END
    || CASE WHEN nat IN ('dnat', 'both') THEN 'really ' || reply_src || coalesce(':' || reply_sport, '') ELSE '' END
    AS nat
FROM conntrack
WHERE nat IS NOT NULL
UNION ALL
SELECT
  snapshot_id,
  protocol,
  reply_src,
  reply_sport,
  reply_dst,
  reply_dport,
  CASE WHEN nat IN ('snat', 'both') THEN 'really ' || orig_src ELSE '' END
    || CASE nat WHEN 'both' THEN ', ' ELSE '' END
    || CASE WHEN nat IN ('dnat', 'both') THEN 'came to ' || orig_dst || coalesce(':' || orig_dport, '') ELSE '' END
FROM conntrack
WHERE nat IS NOT NULL
