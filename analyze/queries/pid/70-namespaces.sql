-- title: Namespaces
-- description: Of pid 1 compares with the first process of the captured /proc, which in a container is the container's; The
--   host's says by the kernel's fixed numbers whether it is the one made at boot, which mnt and net do not tell
-- parameters: pid (integer)
-- rows: 10
-- reads: ns/cgroup, ns/ipc, ns/mnt, ns/net, ns/pid, ns/time, ns/user, ns/uts
WITH
  own AS MATERIALIZED (SELECT type, inode FROM process_namespaces WHERE pid = :pid),
  others AS MATERIALIZED (
    SELECT type, inode, count(*) AS count, max(pid = 1) AS is_first
    FROM process_namespaces
    WHERE inode IN (SELECT inode FROM own)
      OR pid = 1
    GROUP BY type, inode
  ),
  initial(type, inode) AS (
    VALUES
      ('time', 4026531834),
      ('cgroup', 4026531835),
      ('pid', 4026531836),
      ('user', 4026531837),
      ('uts', 4026531838),
      ('ipc', 4026531839)
  )
SELECT
  own.type AS Namespace,
  own.inode AS Inode,
  CASE WHEN first.inode = own.inode THEN 'yes' WHEN first.inode IS NOT NULL THEN 'no' ELSE 'unknown' END AS "Of pid 1",
  CASE WHEN initial.inode = own.inode THEN 'yes' WHEN initial.inode IS NOT NULL THEN 'no' ELSE 'unknown' END AS "The host's",
  sharing.count AS Processes
FROM own
JOIN others AS sharing ON sharing.type = own.type AND sharing.inode = own.inode
LEFT JOIN others AS first ON first.type = own.type AND first.is_first
LEFT JOIN initial ON initial.type = own.type
ORDER BY own.type
