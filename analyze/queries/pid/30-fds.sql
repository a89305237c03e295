-- title: File descriptors
-- description: how many of each kind, the most frequent first; anonymous ones by the kernel's name for them
-- parameters: pid (integer)
-- rows: 12
-- reads: fd, fd/*, fdinfo/*
SELECT
  CASE type WHEN 'anon_inode' THEN coalesce(target, type) ELSE type END AS Kind,
  count(*) AS Count,
  count(DISTINCT target) AS "Different",
  min(fd) AS "Lowest",
  max(fd) AS "Highest"
FROM process_fds
WHERE pid = :pid
GROUP BY 1
ORDER BY 2 DESC, 1
