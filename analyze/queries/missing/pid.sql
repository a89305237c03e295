-- title: A process that is not there
-- description: what the snapshot knows of a number that is no process in it, the best guess first
-- parameters: pid (integer)
SELECT hint
FROM (
  SELECT 0 AS rank, 'snapshot ' || group_concat(snapshot_id, ', ') || ' has it: name it with --snapshot' AS hint
  FROM (SELECT DISTINCT snapshot_id FROM main.processes WHERE pid = :pid ORDER BY snapshot_id)
  HAVING count(*) > 0
  UNION ALL
  SELECT * FROM (
    SELECT
      1 AS rank,
      'it is thread ' || threads.name || ' of process ' || threads.pid || coalesce(' (' || processes.name || ')', '') AS hint
    FROM threads
    LEFT JOIN processes ON processes.pid = threads.pid
    WHERE threads.tid = :pid
    LIMIT 1
  )
  UNION ALL
  SELECT 2, 'it ended while it was captured: ' || count(*) || ' reads say vanished'
  FROM collection_log
  WHERE pid = :pid
    AND outcome = 'vanished'
  HAVING count(*) > 0
  UNION ALL
  SELECT
    3,
    'its files could not be read: ' || count(*) || ' reads, the first of them ' || min(outcome)
  FROM collection_log
  WHERE pid = :pid
    AND outcome NOT IN ('collected', 'vanished', 'absent')
  HAVING count(*) > 0
  UNION ALL
  SELECT * FROM (
    SELECT
      4,
      'inside a pid namespace that is what process ' || pid || coalesce(' (' || name || ')', '') || ' is called'
    FROM processes
    WHERE ' ' || namespace_pids || ' ' GLOB '* ' || :pid || ' *'
    ORDER BY pid
    LIMIT 3
  )
  UNION ALL
  SELECT * FROM (
    SELECT 5, 'it was killed: ' || path || ' says ' || substr(message, 1, 120)
    FROM log_lines
    WHERE program = 'kernel'
      AND (message GLOB '*Killed process ' || :pid || ' *' OR message GLOB '*Killed process ' || :pid || ',*')
    ORDER BY time_us DESC NULLS LAST
    LIMIT 1
  )
  UNION ALL
  SELECT 6, 'lines of the logs name it: ' || count(*) || ', the last of program ' || coalesce(program, '?')
    || coalesce(' at ' || strftime('%Y-%m-%d %H:%M:%S UTC', max(time), 'unixepoch'), '')
  FROM log_lines
  WHERE pid = :pid
  HAVING count(*) > 0
)
ORDER BY rank
