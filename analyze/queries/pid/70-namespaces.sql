-- title: Namespaces
-- description: Of pid 1 compares with the first process of the captured /proc, which in a container is the container's; The
--   host's says by the kernel's fixed numbers whether it is the one made at boot; mnt and net have one on new kernels only
-- parameters: pid (integer)
-- rows: 10
-- reads: ns/cgroup, ns/ipc, ns/mnt, ns/net, ns/pid, ns/time, ns/user, ns/uts
WITH
  own AS MATERIALIZED (SELECT type, inode FROM process_namespaces WHERE pid = :pid),
  initial(type, inode) AS (
    VALUES
      ('mnt', 4026531832),
      ('net', 4026531833),
      ('time', 4026531834),
      ('cgroup', 4026531835),
      ('pid', 4026531836),
      ('user', 4026531837),
      ('uts', 4026531838),
      ('ipc', 4026531839)
  ),
  others AS MATERIALIZED (
    SELECT type, inode, count(*) AS count, max(pid = 1) AS is_first
    FROM process_namespaces
    WHERE inode IN (SELECT inode FROM own UNION ALL SELECT inode FROM initial)
      OR pid = 1
    GROUP BY type, inode
  )
SELECT
  own.type AS Namespace,
  own.inode AS Inode,
  CASE WHEN first.inode = own.inode THEN 'yes' WHEN first.inode IS NOT NULL THEN 'no' ELSE 'unknown' END AS "Of pid 1",
  CASE
    WHEN initial.inode = own.inode THEN 'yes'
    -- A kernel that has no fixed number for the type numbers the first one like all others.
    WHEN own.type IN ('mnt', 'net') AND fixed.inode IS NULL THEN 'unknown'
    ELSE 'no'
  END AS "The host's",
  sharing.count AS Processes
FROM own
JOIN others AS sharing ON sharing.type = own.type AND sharing.inode = own.inode
LEFT JOIN others AS first ON first.type = own.type AND first.is_first
LEFT JOIN initial ON initial.type = own.type
LEFT JOIN others AS fixed ON fixed.type = initial.type AND fixed.inode = initial.inode
ORDER BY own.type
