-- title: Open file descriptors
-- description: as `ls -l /proc/PID/fd`, with the two ends of a network socket beside its inode
-- parameters: pid (integer, optional)
WITH
  ends AS (
    SELECT
      inode,
      CASE
        WHEN family = 'unix' THEN 'unix ' || coalesce(path, '')
        WHEN family IN ('packet', 'netlink') THEN family || ' ' || protocol
        ELSE protocol || ' ' || format(CASE family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, local_address)
          || ':' || local_port
          || CASE
            WHEN remote_port = 0 THEN ''
            ELSE ' -> ' || format(CASE family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, remote_address)
              || ':' || remote_port
          END
      END || ' ' || state AS ends
    FROM sockets
    WHERE inode <> 0
  )
SELECT
  fds.pid AS PID,
  'l' || CASE fds.flags & 3 WHEN 0 THEN 'r-' WHEN 1 THEN '-w' WHEN 2 THEN 'rw' ELSE '??' END || 'x------' AS MODE,
  fds.fd AS FD,
  '->' AS "->",
  coalesce(fds.target, '(could not be read)') || CASE WHEN fds.deleted THEN ' (deleted)' ELSE '' END AS TARGET,
  ends.ends AS SOCKET
FROM process_fds AS fds
LEFT JOIN ends ON fds.type = 'socket' AND ends.inode = fds.inode
WHERE :pid IS NULL OR fds.pid = :pid
ORDER BY fds.pid, fds.fd
