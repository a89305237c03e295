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
        CASE WHEN path LIKE '%/.bash_history' THEN '~/.bash_history' ELSE path END
      WHEN rest GLOB 'fd/*' THEN '/proc/PID/fd/FD'
      WHEN rest GLOB 'fdinfo/*' THEN '/proc/PID/fdinfo/FD'
      WHEN rest GLOB 'task/*/*' THEN '/proc/PID/task/TID/' || substr(rest, 6 + instr(substr(rest, 6), '/'))
      WHEN rest GLOB 'task/*' THEN '/proc/PID/task/TID'
      ELSE '/proc/PID/' || rest
    END AS artifact
  FROM (SELECT *, substr(path, length('/proc/' || pid || '/') + 1) AS rest FROM collection_log)
)
GROUP BY snapshot_id, artifact, outcome
