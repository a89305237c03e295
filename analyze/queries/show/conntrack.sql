-- title: Tracked connections
-- description: as `conntrack -L`: the tuple of either direction, and what was translated
SELECT
  protocol AS Proto,
  state AS State,
  timeout AS Timeout,
  format(CASE family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, orig_src) || coalesce(':' || orig_sport, '')
    || ' -> ' || format(CASE family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, orig_dst) || coalesce(':' || orig_dport, '')
    AS Original,
  format(CASE family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, reply_src) || coalesce(':' || reply_sport, '')
    || ' -> ' || format(CASE family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, reply_dst) || coalesce(':' || reply_dport, '')
    AS Reply,
  nat AS NAT,
  trim(
    CASE WHEN assured THEN '[ASSURED] ' ELSE '' END
      || CASE WHEN unreplied THEN '[UNREPLIED] ' ELSE '' END
      || CASE WHEN hardware_offload THEN '[HW_OFFLOAD]' WHEN offload THEN '[OFFLOAD]' ELSE '' END
  ) AS Flags,
  orig_packets + reply_packets AS Packets,
  orig_bytes + reply_bytes AS Bytes,
  mark AS Mark,
  CASE
    WHEN orig_zone IS NULL AND reply_zone IS NULL THEN zone
    ELSE format('%s -> %s', coalesce(orig_zone, ''), coalesce(reply_zone, ''))
  END AS Zone,
  net_namespace AS NetNS
FROM conntrack
ORDER BY net_namespace, protocol, orig_dst, orig_dport, orig_src, orig_sport
