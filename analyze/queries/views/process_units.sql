-- title: What a process belongs to
-- description: the container (by its name, else by its id), else the service or login that the control group names, else
--   the first process below init that it descends from. kind is container, service, user, kernel or tree.
WITH RECURSIVE
  placed AS (
    SELECT
      processes.snapshot_id,
      processes.pid,
      processes.parent,
      processes.name,
      processes.is_kernel_thread,
      CAST(coalesce(processes.cgroup_path, '') AS TEXT) AS path,
      -- Where the runtime is not known, what is known of it says so.
      CASE
        WHEN processes.container_id IS NOT NULL
          THEN coalesce(containers.runtime, iif(containers.pod_uid IS NULL, 'container', 'kubernetes')) || ' ' || coalesce(containers.name, substr(processes.container_id, 1, 12))
      END AS container
    FROM processes
    LEFT JOIN containers
      ON containers.snapshot_id = processes.snapshot_id
      AND containers.id = processes.container_id
  ),
  marked AS (
    SELECT
      *,
      CASE
        WHEN is_kernel_thread THEN '(kernel)'
        WHEN container IS NOT NULL THEN container
        WHEN path GLOB '*/user.slice/user-*.slice*'
          THEN 'user ' || CAST(substr(path, instr(path, '/user-') + 6) AS INTEGER)
        WHEN path || '/' GLOB '*.service/*' THEN substr(path, 1, instr(path || '/', '.service/') + 7)
        WHEN path || '/' GLOB '*.scope/*' THEN substr(path, 1, instr(path || '/', '.scope/') + 5)
      END AS mark
    FROM placed
  ),
  named AS (
    SELECT
      snapshot_id,
      pid,
      parent,
      name,
      CASE
        WHEN mark = '(kernel)' THEN 'kernel'
        WHEN container IS NOT NULL THEN 'container'
        WHEN mark GLOB 'user *' THEN 'user'
        WHEN mark GLOB '/*' THEN 'service'
      END AS kind,
      -- Of a path the last component: rtrim takes off every character that is no slash.
      CASE
        WHEN container IS NULL AND mark GLOB '/*' THEN substr(mark, length(rtrim(mark, replace(mark, '/', ''))) + 1)
        ELSE mark
      END AS unit
    FROM marked
  ),
  trees(snapshot_id, pid, unit) AS (
    SELECT child.snapshot_id, child.pid, coalesce(child.name, 'pid ' || child.pid)
    FROM named AS child
    LEFT JOIN named AS parent ON parent.snapshot_id = child.snapshot_id AND parent.pid = child.parent
    WHERE child.unit IS NULL
      AND (parent.pid IS NULL OR parent.unit IS NOT NULL OR parent.pid = 1)
    -- Without ALL, so that forged parents in a circle end.
    UNION
    SELECT child.snapshot_id, child.pid, trees.unit
    FROM trees
    JOIN named AS child ON child.snapshot_id = trees.snapshot_id AND child.parent = trees.pid
    WHERE child.unit IS NULL
      AND trees.pid <> 1
  )
SELECT
  named.snapshot_id,
  named.pid,
  coalesce(named.kind, 'tree') AS kind,
  coalesce(named.unit, trees.unit, named.name) AS unit
FROM named
LEFT JOIN trees
  ON trees.snapshot_id = named.snapshot_id
  AND trees.pid = named.pid
  AND named.unit IS NULL
