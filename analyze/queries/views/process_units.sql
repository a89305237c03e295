-- title: What a process belongs to
-- description: the container, service or login that the control group names, else the first process below init that it
--   descends from. kind is container, service, user, kernel or tree.
WITH RECURSIVE
  placed AS (
    SELECT snapshot_id, pid, parent, name, is_kernel_thread, CAST(coalesce(cgroup_path, '') AS TEXT) AS path
    FROM processes
  ),
  marked AS (
    SELECT
      *,
      CASE
        WHEN is_kernel_thread THEN '(kernel)'
        WHEN path GLOB '*/docker/[0-9a-f]*' THEN 'docker ' || substr(path, instr(path, '/docker/') + 8, 12)
        WHEN path GLOB '*/docker-[0-9a-f]*.scope*' THEN 'docker ' || substr(path, instr(path, '/docker-') + 8, 12)
        WHEN path GLOB '*/cri-containerd-[0-9a-f]*'
          THEN 'containerd ' || substr(path, instr(path, '/cri-containerd-') + 16, 12)
        WHEN path GLOB '*/libpod-[0-9a-f]*' THEN 'podman ' || substr(path, instr(path, '/libpod-') + 8, 12)
        WHEN path GLOB '*/crio-[0-9a-f]*' THEN 'cri-o ' || substr(path, instr(path, '/crio-') + 6, 12)
        -- After /pod there is the pod's identity of 36 characters, then the container's.
        WHEN path GLOB '*/kubepods*/pod*/*' THEN 'kubernetes ' || substr(path, instr(path, '/pod') + 41, 12)
        WHEN path GLOB '*/lxc/?*' THEN 'lxc ' || substr(path, instr(path, '/lxc/') + 5)
        WHEN path GLOB '*/lxc.payload.?*' THEN 'lxc ' || substr(path, instr(path, '/lxc.payload.') + 13)
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
        WHEN mark GLOB 'user *' THEN 'user'
        WHEN mark GLOB '/*' THEN 'service'
        WHEN mark IS NOT NULL THEN 'container'
      END AS kind,
      -- Of a path the last component: rtrim takes off every character that is no slash.
      CASE
        WHEN mark GLOB '/*' THEN substr(mark, length(rtrim(mark, replace(mark, '/', ''))) + 1)
        WHEN mark GLOB 'lxc *' THEN substr(mark, 1, instr(mark || '/', '/') - 1)
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
