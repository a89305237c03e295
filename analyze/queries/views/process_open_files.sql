-- title: Files that processes hold open
-- description: one row per file descriptor of a file, a directory or a device, with osquery's names; deleted is 1 where
--   the file has no name any more
SELECT
  snapshot_id,
  pid,
  fd,
  target AS path,
  deleted
FROM process_fds
WHERE type IN ('file', 'device')
  AND target IS NOT NULL
