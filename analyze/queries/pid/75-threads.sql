-- title: Threads
-- description: those that used most processor time first
-- parameters: pid (integer)
-- rows: 8
-- reads: task, task/*
SELECT
  tid AS TID,
  name AS Name,
  state AS S,
  format('%.2f', user_time / 1000.0) AS "User s",
  format('%.2f', system_time / 1000.0) AS "System s",
  nice AS Nice,
  processor AS Processor
FROM threads
WHERE pid = :pid
ORDER BY user_time + system_time DESC, tid
