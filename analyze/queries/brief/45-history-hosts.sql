-- title: Hosts in histories
-- description: hosts that people named to ssh, curl, mysql and the like, loopback left out; the last time (UTC) only where
--   the shell wrote times
-- rows: 8
SELECT
  host AS Host,
  port AS Port,
  program AS Program,
  group_concat(DISTINCT coalesce(username, uid, '?')) AS Users,
  count(*) AS Count,
  strftime('%Y-%m-%d %H:%M:%S', max(time), 'unixepoch') AS Last
FROM history_hosts
WHERE host <> 'localhost'
  AND host NOT LIKE '127.%'
  AND host <> '::1'
GROUP BY host, port, program
ORDER BY max(time) DESC, count(*) DESC, host, port, program
