-- title: Ancestors and descendants
-- description: the line of parents above the process, at most 12, then the process, then what descends from it
-- parameters: pid (integer)
-- indent: tree
-- rows: 24
WITH RECURSIVE
  -- Without ALL, and by height, so that forged parents in a circle end.
  up(pid, parent, height) AS (
    SELECT pid, parent, 0 FROM processes WHERE pid = :pid
    UNION
    SELECT processes.pid, processes.parent, up.height + 1
    FROM up
    JOIN processes ON processes.pid = up.parent
    WHERE up.height < 12
  ),
  line AS MATERIALIZED (
    SELECT pid, min(height) AS height, max(min(height)) OVER () AS highest FROM up GROUP BY pid
  ),
  placed AS MATERIALIZED (
    SELECT
      pid,
      parent,
      lead(pid) OVER (PARTITION BY parent ORDER BY pid) IS NULL AS is_last
    FROM processes
    WHERE pid NOT IN (SELECT pid FROM line)
  ),
  -- The deepest waiting row comes next, so the tree is walked branch by branch.
  down(pid, depth, below, tree) AS (
    SELECT
      pid,
      0,
      format('%*s', highest * 4, ''),
      CASE highest WHEN 0 THEN '' ELSE format('%*s', highest * 4 - 4, '') || ' \_ ' END
    FROM line
    WHERE height = 0
    UNION
    SELECT
      placed.pid,
      down.depth + 1,
      down.below || CASE WHEN placed.is_last THEN '    ' ELSE ' |  ' END,
      down.below || ' \_ '
    FROM down
    JOIN placed ON placed.parent = down.pid
    WHERE down.depth < 20
    ORDER BY 2 DESC, 1
  ),
  listed AS (
    SELECT
      pid,
      -height AS depth,
      CASE WHEN height = highest THEN '' ELSE format('%*s', (highest - height) * 4 - 4, '') || ' \_ ' END AS tree,
      -height AS position
    FROM line
    WHERE height > 0
    UNION ALL
    SELECT pid, depth, tree, row_number() OVER () FROM down
  )
SELECT
  CASE listed.depth WHEN -1 THEN 'parent' WHEN 0 THEN 'itself' WHEN 1 THEN 'child' ELSE
    CASE WHEN listed.depth < 0 THEN 'ancestor' ELSE 'descendant' END
  END AS "Is",
  processes.pid AS PID,
  coalesce(
    (SELECT username FROM users WHERE users.uid = processes.euid LIMIT 1),
    CAST(processes.euid AS TEXT),
    '?'
  ) AS "User",
  processes.state AS S,
  strftime('%Y-%m-%d %H:%M:%S', processes.start_time, 'unixepoch') AS Started,
  processes.resident_size / 1024 AS "RSS KiB",
  listed.tree AS tree,
  CASE
    WHEN processes.cmdline <> '' THEN processes.cmdline
    ELSE '[' || coalesce(processes.name, '?') || ']'
  END AS Command
FROM listed
JOIN processes ON processes.pid = listed.pid
ORDER BY listed.position
