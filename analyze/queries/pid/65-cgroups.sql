-- title: Control groups
-- description: by path, with the controllers of the hierarchies that name it; a container's id is in the path
-- parameters: pid (integer)
-- rows: 14
-- reads: cgroup
SELECT
  group_concat(
    CASE controllers WHEN '' THEN 'unified' ELSE controllers END, ' ' ORDER BY hierarchy
  ) AS Controllers,
  path AS "Path"
FROM process_cgroups
WHERE pid = :pid
GROUP BY path
ORDER BY min(hierarchy)
