-- title: What people typed
-- description: the shells' history files, line by line; times (UTC) only where the shell wrote them
SELECT
  coalesce(username, uid, '?') AS "User",
  strftime('%Y-%m-%d %H:%M:%S', time, 'unixepoch') AS "Time",
  history_file AS "File",
  line_no AS "Line",
  command AS "Command"
FROM shell_history
ORDER BY history_file, line_no
