-- title: Containers
-- description: what runs in containers of which runtime, without any runtime asked; ID is cut as `docker ps` cuts it
SELECT
  coalesce(substr(id, 1, 12), '-') AS ID,
  coalesce(runtime, '?') AS Runtime,
  name AS Name,
  image AS Image,
  coalesce(pod_namespace || '/' || pod_name, pod_uid) AS Pod,
  state AS State,
  strftime('%Y-%m-%d %H:%M:%S', started, 'unixepoch') AS "Started (UTC)",
  root_pid AS PID,
  process_count AS Processes,
  (SELECT command.cmdline FROM processes AS command WHERE command.pid = containers.root_pid) AS Command,
  net_namespace AS NetNS
FROM containers
ORDER BY state, started, id
