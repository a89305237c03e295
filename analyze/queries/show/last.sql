-- title: Logins, newest first
-- description: as `last`: who was logged in where and from where (UTC), and when the system was started; a login ends with the next end of a
--   process on its terminal, or with the system; those that failed say so
WITH
  records AS (
    SELECT
      *,
      -- The end of the process on the same terminal.
      min(CASE WHEN type_name = 'dead' THEN time END) OVER (
        PARTITION BY path, tty ORDER BY time_us, record_no ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
      ) AS ended,
      min(CASE WHEN type_name = 'boot_time' OR (type_name = 'runlevel' AND username = 'shutdown') THEN time END) OVER (
        PARTITION BY path ORDER BY time_us, record_no ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
      ) AS went_down
    FROM last
  )
SELECT
  coalesce(username, (SELECT min(users.username) FROM users WHERE users.uid = records.uid), CAST(uid AS TEXT)) AS "User",
  tty AS "TTY",
  host AS "From",
  strftime('%Y-%m-%d %H:%M:%S', time, 'unixepoch') AS "Login",
  CASE
    WHEN failed OR type_name <> 'user' THEN NULL
    WHEN logout_time IS NOT NULL THEN strftime('%Y-%m-%d %H:%M:%S', logout_time, 'unixepoch')
    WHEN ended <= coalesce(went_down, ended) THEN strftime('%Y-%m-%d %H:%M:%S', ended, 'unixepoch')
    WHEN went_down IS NOT NULL THEN 'down ' || strftime('%Y-%m-%d %H:%M:%S', went_down, 'unixepoch')
    ELSE 'no logout'
  END AS "Logout",
  CASE WHEN failed THEN 'failed' ELSE type_name END AS "What",
  service AS "Service"
FROM records
WHERE type_name IN ('user', 'boot_time', 'last_login')
  OR (type_name = 'runlevel' AND username = 'shutdown')
  OR failed
ORDER BY time_us DESC, path, record_no DESC
