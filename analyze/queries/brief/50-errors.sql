-- title: Last errors in the logs
-- description: lines of severity error and worse, or that say so, the newest first; equal messages of a program are one row
-- rows: 5
SELECT
  strftime('%m-%d %H:%M:%S', max(time), 'unixepoch') AS Last,
  count(*) AS Count,
  path AS Log,
  program AS Program,
  substr(message, 1, 160) || CASE WHEN length(message) > 160 THEN '...' ELSE '' END AS Message
FROM log_lines
WHERE severity <= 3
  OR message LIKE '%error%'
  OR message LIKE '%fail%'
  OR message LIKE '%denied%'
  OR message LIKE '%oom%'
  OR message LIKE '%segfault%'
  OR message LIKE '%panic%'
GROUP BY path, program, message
ORDER BY max(time_us) DESC NULLS LAST, max(line_no) DESC
