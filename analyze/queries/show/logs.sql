-- title: What the logs say
-- description: the lines of all logs in the order of their times (UTC), or of one service and between two times; lines without a time
--   stand behind the one before them
-- parameters: service (text, optional), since (integer, optional), until (integer, optional)
WITH
  owners AS MATERIALIZED (
    SELECT
      path,
      min(owner) AS owner,
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
  ),
  lines AS (
    SELECT
      lines.path,
      lines.line_no,
      lines.time_us,
      -- The time of the last line before it that has one.
      max(lines.time_us) OVER (PARTITION BY lines.path ORDER BY lines.line_no ROWS UNBOUNDED PRECEDING) AS order_us,
      lines.severity,
      lines.program,
      lines.message,
      owners.owner
    FROM log_lines AS lines
    LEFT JOIN owners ON owners.path = lines.path
    WHERE :service IS NULL
      OR owners.is_asked
      OR lines.program = :service
      OR (lines.path, lines.line_no) IN (
        SELECT path, line_no
        FROM journal
        WHERE systemd_unit IN (:service, :service || '.service')
          OR (length(:service) >= 6 AND substr(container_id, 1, length(:service)) = :service)
          OR container_id IN (SELECT id FROM containers WHERE name = :service)
      )
  )
SELECT
  strftime('%Y-%m-%d %H:%M:%S', time_us / 1000000, 'unixepoch') || printf('.%03d', time_us / 1000 % 1000) AS "Time",
  coalesce(owner, program) AS "Service",
  CASE severity
    WHEN 0 THEN 'emerg'
    WHEN 1 THEN 'alert'
    WHEN 2 THEN 'crit'
    WHEN 3 THEN 'err'
    WHEN 4 THEN 'warning'
    WHEN 5 THEN 'notice'
    WHEN 6 THEN 'info'
    WHEN 7 THEN 'debug'
  END AS "Severity",
  CASE WHEN length(path) > 50 THEN '...' || substr(path, -47) ELSE path END AS "Log",
  line_no AS "Line",
  CASE WHEN owner IS NOT NULL AND program IS NOT NULL THEN program || ': ' || message ELSE message END AS "Message"
FROM lines
WHERE (:since IS NULL OR order_us >= :since)
  AND (:until IS NULL OR order_us < :until)
ORDER BY order_us IS NULL, order_us, path, line_no
