-- title: Pipes and who is at their other end
-- description: one row per end of a pipe and holder of an opposite end, with osquery's names; partner_pid is NULL where
--   nobody that could be read holds one
WITH
  ends AS (
    SELECT
      snapshot_id,
      pid,
      fd,
      inode,
      CASE flags & 3 WHEN 0 THEN 'r' WHEN 1 THEN 'w' WHEN 2 THEN 'rw' END AS mode
    FROM process_fds
    WHERE type = 'pipe'
      AND inode IS NOT NULL
  )
SELECT
  ends.snapshot_id,
  ends.pid,
  ends.fd,
  ends.mode,
  ends.inode,
  'anonymous' AS type,
  partners.pid AS partner_pid,
  partners.fd AS partner_fd,
  partners.mode AS partner_mode
FROM ends
LEFT JOIN ends AS partners
  ON partners.snapshot_id = ends.snapshot_id
  AND partners.inode = ends.inode
  AND partners.mode <> ends.mode
