-- title: What was read and what was not
-- description: how the planned reads ended, by kind of source; a kind without rows of `collected` could not be looked at
SELECT
  snapshot_id,
  artifact,
  outcome,
  count(*) AS count,
  sum(bytes_kept) AS bytes_kept
FROM (
  SELECT
    snapshot_id,
    outcome,
    bytes_kept,
    CASE
      WHEN pid IS NULL THEN
        CASE
          WHEN path GLOB '*/fish/fish_history' THEN
            '~/' || CASE WHEN path GLOB '*/.config/*' THEN '.config' ELSE '.local/share' END || '/fish/fish_history'
          -- The last name of the path.
          WHEN path GLOB '*/.*hist*' AND substr(path, length(rtrim(path, replace(path, '/', ''))) + 1) IN (
            '.bash_history', '.zsh_history', '.zhistory', '.histfile', '.history', '.ash_history', '.sh_history',
            '.ksh_history'
          ) THEN '~/' || substr(path, length(rtrim(path, replace(path, '/', ''))) + 1)
          WHEN path GLOB '*/containers/*/config.v2.json' THEN '.../containers/ID/config.v2.json'
          WHEN path GLOB '*/io.containerd.runtime.v2.task/*/config.json'
            THEN '.../io.containerd.runtime.v2.task/NAMESPACE/ID/config.json'
          WHEN path GLOB '/sys/fs/cgroup/*'
            THEN '/sys/fs/cgroup/GROUP/' || substr(path, length(rtrim(path, replace(path, '/', ''))) + 1)
          WHEN path GLOB 'netlink/*/*' THEN 'netlink/NAMESPACE/' || substr(path, 9 + instr(substr(path, 9), '/'))
          ELSE path
        END
      WHEN rest GLOB 'fd/*' THEN '/proc/PID/fd/FD'
      WHEN rest GLOB 'fdinfo/*' THEN '/proc/PID/fdinfo/FD'
      WHEN rest GLOB 'task/*/*' THEN '/proc/PID/task/TID/' || substr(rest, 6 + instr(substr(rest, 6), '/'))
      WHEN rest GLOB 'task/*' THEN '/proc/PID/task/TID'
      ELSE '/proc/PID/' || rest
    END AS artifact
  FROM (SELECT *, substr(path, length('/proc/' || pid || '/') + 1) AS rest FROM collection_log)
)
GROUP BY snapshot_id, artifact, outcome
