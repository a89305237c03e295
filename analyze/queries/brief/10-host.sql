-- title: Host
-- description: what was frozen
SELECT 'host' AS item, coalesce(hostname, '(no host name)') || coalesce('  ' || machine, '') AS value FROM snapshots
UNION ALL
SELECT 'os', coalesce(pretty_name, name || ' ' || version, name, id) FROM os_version
UNION ALL
SELECT 'kernel', kernel_release FROM snapshots WHERE kernel_release IS NOT NULL
UNION ALL
SELECT
  'uptime',
  format('%d days, %d:%02d', total_seconds / 86400, total_seconds / 3600 % 24, total_seconds / 60 % 60)
FROM uptime
UNION ALL
SELECT 'load', group_concat(average, ' ' ORDER BY CAST(period AS INTEGER)) FROM load_average HAVING count(*) > 0
UNION ALL
SELECT
  'memory',
  format(
    '%.1f of %.1f GiB available, swap %.1f of %.1f GiB used',
    max(value) FILTER (WHERE name = 'MemAvailable') / 1073741824.0,
    max(value) FILTER (WHERE name = 'MemTotal') / 1073741824.0,
    (max(value) FILTER (WHERE name = 'SwapTotal') - max(value) FILTER (WHERE name = 'SwapFree')) / 1073741824.0,
    max(value) FILTER (WHERE name = 'SwapTotal') / 1073741824.0
  )
FROM memory_info
HAVING count(*) > 0
