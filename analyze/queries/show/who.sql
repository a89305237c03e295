-- title: Who is logged in
-- description: as `who -u`: the logins of /run/utmp (UTC), each with its process, if that is still there
SELECT
  users.user AS "User",
  users.tty AS "TTY",
  strftime('%Y-%m-%d %H:%M:%S', users.time, 'unixepoch') AS "Since",
  users.pid AS "PID",
  processes.name AS "Process",
  users.host AS "From"
FROM logged_in_users AS users
LEFT JOIN processes ON processes.pid = users.pid
WHERE users.type = 'user'
ORDER BY users.time_us, users.tty
