-- title: Processes as a tree
-- description: as `ps auxf`; with a pid, that process and what descends from it
-- parameters: pid (integer, optional)
-- indent: tree
WITH RECURSIVE
  placed AS (
    SELECT
      *,
      lead(pid) OVER (PARTITION BY parent ORDER BY pid) IS NULL AS is_last
    FROM processes
  ),
  -- The deepest waiting row comes next, so the tree is walked branch by branch.
  walk(pid, depth, below, tree) AS (
    SELECT child.pid, 0, '', ''
    FROM placed AS child
    LEFT JOIN placed AS parent ON parent.pid = child.parent
    WHERE CASE WHEN :pid IS NULL THEN parent.pid IS NULL ELSE child.pid = :pid END
    UNION ALL
    SELECT
      child.pid,
      walk.depth + 1,
      walk.below || CASE WHEN child.is_last THEN '    ' ELSE ' |  ' END,
      walk.below || ' \_ '
    FROM walk
    JOIN placed AS child ON child.parent = walk.pid
    -- No honest tree is as deep; forged parents in a circle end here.
    WHERE walk.depth < 400
    ORDER BY 2 DESC, 1
  ),
  listed AS (
    SELECT pid, tree, row_number() OVER () AS position FROM walk
    UNION ALL
    -- What no root leads to, because its parents form a circle.
    SELECT pid, '', 1 << 60
    FROM processes
    WHERE :pid IS NULL AND pid NOT IN (SELECT pid FROM walk)
  )
SELECT
  coalesce(
    (SELECT username FROM users WHERE users.uid = processes.euid LIMIT 1),
    CAST(processes.euid AS TEXT),
    '?'
  ) AS USER,
  processes.pid AS PID,
  coalesce(processes.state, '?')
    || CASE WHEN processes.nice < 0 THEN '<' WHEN processes.nice > 0 THEN 'N' ELSE '' END
    || CASE WHEN processes.session = processes.pid THEN 's' ELSE '' END
    || CASE WHEN processes.threads > 1 THEN 'l' ELSE '' END AS STAT,
  strftime(
    CASE WHEN processes.start_time > snapshots.time - 86400 THEN '%H:%M' ELSE '%Y-%m-%d' END,
    processes.start_time,
    'unixepoch'
  ) AS START,
  format(
    '%d:%02d',
    (processes.user_time + processes.system_time) / 60000,
    (processes.user_time + processes.system_time) / 1000 % 60
  ) AS TIME,
  processes.resident_size / 1024 AS RSS,
  listed.tree AS tree,
  CASE
    WHEN processes.cmdline <> '' THEN processes.cmdline
    ELSE '[' || coalesce(processes.name, '?') || ']'
  END AS COMMAND
FROM listed
JOIN processes ON processes.pid = listed.pid
JOIN snapshots USING (snapshot_id)
ORDER BY listed.position, processes.pid
