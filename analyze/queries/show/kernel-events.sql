-- title: What the kernel complains of
-- description: crashes, hangs, errors of disks, file systems, links and memory, full tables, kills (UTC), each once however many logs tell of it
SELECT
  strftime('%Y-%m-%d %H:%M:%S', time, 'unixepoch') AS "Time",
  kind AS "Kind",
  subject AS "Subject",
  pid AS "PID",
  process_name AS "Process",
  message AS "Message",
  path || ':' || line_no AS "Log"
FROM kernel_events
ORDER BY time_us, path, line_no
