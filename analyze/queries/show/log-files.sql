-- title: Logs, and how each was found
-- description: every log of which something is kept or should be: whose it is, how it was found, its size and what is kept of its end
-- parameters: service (text, optional)
WITH
  owners AS (
    SELECT
      path,
      group_concat(DISTINCT owner) AS owners,
      group_concat(DISTINCT process_name) AS processes,
      max(
        owner = :service
        OR process_name = :service
        OR systemd_unit IN (:service, :service || '.service')
        OR container_name = :service
        OR (length(:service) >= 6 AND substr(container_id, 1, length(:service)) = :service)
        OR container_id IN (SELECT container_id FROM processes WHERE name = :service)
      ) AS is_asked
    FROM log_owners
    GROUP BY path
  )
SELECT
  owners.owners AS "Owner",
  group_concat(DISTINCT logs.found_by) AS "Found by",
  owners.processes AS "Processes",
  logs.path AS "Path",
  max(logs.outcome) AS "Read",
  max(logs.size) AS "Size",
  max(logs.kept_bytes) AS "Kept",
  strftime('%Y-%m-%d %H:%M:%S', max(logs.mtime), 'unixepoch') AS "Written"
FROM log_files AS logs
LEFT JOIN owners ON owners.path = logs.path
WHERE :service IS NULL
  OR owners.is_asked
GROUP BY logs.path
ORDER BY owners.owners IS NULL, owners.owners, logs.path
