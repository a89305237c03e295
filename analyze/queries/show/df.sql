-- title: File systems
-- description: as `df`, in KiB, with inodes: the local file systems of the host's mount namespace (that of the lowest pid),
--   each once. Network and FUSE file systems were not asked, so they are not here.
WITH
  host AS (
    SELECT mounts.mount_namespace AS namespace
    FROM mounts
    LEFT JOIN process_namespaces AS namespaces
      ON namespaces.type = 'mnt' AND namespaces.inode = mounts.mount_namespace
    GROUP BY mounts.mount_namespace
    ORDER BY min(namespaces.pid) NULLS LAST
    LIMIT 1
  ),
  sized AS (
    SELECT
      *,
      blocks - blocks_free AS used,
      inodes - inodes_free AS inodes_used,
      -- Of the mounts of one file system, the whole before a directory of it, and the shortest path.
      row_number() OVER (PARTITION BY device_number ORDER BY length(root), length(path), mount_id) AS position
    FROM mounts
    JOIN host ON host.namespace IS mounts.mount_namespace
    WHERE blocks > 0 AND NOT covered
  )
SELECT
  device AS Filesystem,
  type AS Type,
  blocks * blocks_size / 1024 AS "1K-blocks",
  used * blocks_size / 1024 AS Used,
  blocks_available * blocks_size / 1024 AS Available,
  -- Rounded up, of what users that are not root may fill.
  ((used * 100 + used + blocks_available - 1) / nullif(used + blocks_available, 0)) || '%' AS "Use%",
  inodes AS Inodes,
  inodes_used AS IUsed,
  ((inodes_used * 100 + inodes - 1) / nullif(inodes, 0)) || '%' AS "IUse%",
  path AS "Mounted on"
FROM sized
WHERE position = 1
ORDER BY path
