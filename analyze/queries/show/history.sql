-- title: What people typed
-- description: the shells' history files, command by command, its lines joined by a return sign; times (UTC) only where the
--   shell wrote them
SELECT
  coalesce(username, CAST(uid AS TEXT), '?') AS "User",
  coalesce(shell, '?') AS "Shell",
  strftime('%Y-%m-%d %H:%M:%S', time, 'unixepoch') AS "Time",
  history_file AS "File",
  line_no AS "Line",
  CASE typeof(command) WHEN 'text' THEN replace(command, char(10), ' ⏎ ') ELSE command END AS "Command"
FROM shell_history
ORDER BY history_file, line_no
