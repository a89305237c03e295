-- title: What the kernel complains of
-- description: its events but for the kills, by what they are and what they happened to, the newest first
-- rows: 6
SELECT
  strftime('%m-%d %H:%M:%S', max(time), 'unixepoch') AS Last,
  count(*) AS Count,
  kind AS Kind,
  coalesce(subject, process_name) AS Subject,
  CASE WHEN length(max(message)) > 100 THEN substr(max(message), 1, 97) || '...' ELSE max(message) END AS Message
FROM kernel_events
WHERE kind <> 'oom_kill'
GROUP BY kind, coalesce(subject, process_name)
ORDER BY max(time_us) DESC NULLS LAST, kind
