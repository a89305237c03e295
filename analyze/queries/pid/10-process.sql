-- title: Process
-- description: who it is, since when, what it belongs to and what it costs; ages are as of the capture
-- parameters: pid (integer)
-- layout: vertical
-- reads: status, stat, exe, cwd, root, cgroup, io, loginuid
WITH
  process AS (SELECT * FROM processes WHERE pid = :pid),
  ages AS (
    SELECT
      -- Since boot where that is told: a wall clock may have been set, and a dead tree's is the analyst's.
      coalesce(
        (SELECT total_seconds FROM uptime) - process.start_ticks / snapshots.clock_ticks,
        snapshots.time - process.start_time
      ) AS seconds
    FROM process
    JOIN snapshots USING (snapshot_id)
  ),
  host AS (SELECT max(value) AS memory FROM memory_info WHERE name = 'MemTotal'),
  states AS (
    SELECT group_concat(count || ' ' || state, ', ' ORDER BY count DESC, state) AS list
    FROM (SELECT state, count(*) AS count FROM threads WHERE pid = :pid GROUP BY state)
  )
SELECT
  process.pid AS pid,
  process.name AS name,
  CASE
    WHEN process.is_kernel_thread THEN 'a kernel thread'
    WHEN process.is_collector THEN 'the capture itself'
  END AS kind,
  CASE
    WHEN process.identity_uncertain
      THEN 'the pid may have been reused while it was read: what follows may mix two processes'
  END AS doubt,
  process.state || coalesce(
    CASE process.state
      WHEN 'R' THEN ' (running)'
      WHEN 'S' THEN ' (sleeping)'
      WHEN 'D' THEN ' (sleeping, cannot be interrupted)'
      WHEN 'Z' THEN ' (ended, its parent has not waited for it)'
      WHEN 'T' THEN ' (stopped)'
      WHEN 't' THEN ' (stopped by a debugger)'
      WHEN 'I' THEN ' (idle)'
      WHEN 'X' THEN ' (dead)'
    END,
    ''
  ) || coalesce(' in ' || process.wchan, '') AS state,
  process.parent || coalesce(
    ' ' || (SELECT name FROM processes WHERE pid = process.parent),
    CASE process.parent WHEN 0 THEN ' (none, or outside the pid namespace)' ELSE ' (not in the snapshot)' END
  ) AS parent,
  strftime('%Y-%m-%d %H:%M:%S UTC', process.start_time, 'unixepoch') AS started,
  -- format() writes 0 for NULL, so each of its values is asked for first.
  CASE
    WHEN ages.seconds IS NOT NULL THEN format(
      '%d days, %d:%02d:%02d',
      ages.seconds / 86400,
      ages.seconds / 3600 % 24,
      ages.seconds / 60 % 60,
      ages.seconds % 60
    )
  END AS age,
  process.uid || coalesce(' ' || (SELECT username FROM users WHERE uid = process.uid LIMIT 1), '')
    || CASE
      WHEN process.euid <> process.uid
        THEN ', effective ' || process.euid
          || coalesce(' ' || (SELECT username FROM users WHERE uid = process.euid LIMIT 1), '')
      ELSE ''
    END AS user,
  process.gid || coalesce(' ' || (SELECT groupname FROM groups WHERE gid = process.gid LIMIT 1), '')
    || CASE
      WHEN process.egid <> process.gid
        THEN ', effective ' || process.egid
          || coalesce(' ' || (SELECT groupname FROM groups WHERE gid = process.egid LIMIT 1), '')
      ELSE ''
    END AS "group",
  process.login_uid || coalesce(' ' || (SELECT username FROM users WHERE uid = process.login_uid LIMIT 1), '')
    AS "logged in as",
  process.path || CASE process.on_disk WHEN 0 THEN ' (deleted)' ELSE '' END AS executable,
  process.cwd AS directory,
  process.root AS root,
  (SELECT kind || ' ' || unit FROM process_units WHERE pid = :pid) AS "belongs to",
  process.cgroup_path AS cgroup,
  CASE WHEN process.namespace_pids LIKE '% %' THEN process.namespace_pids END AS "pid in each namespace",
  'group ' || process.pgroup || ', session ' || process.session
    || CASE
      WHEN process.tty >> 8 BETWEEN 136 AND 143
        THEN ', terminal pts/' || (((process.tty >> 8) - 136) * 256 + (process.tty & 255))
      WHEN process.tty >> 8 = 4 AND (process.tty & 255) < 64 THEN ', terminal tty' || (process.tty & 255)
      WHEN process.tty >> 8 = 4 THEN ', terminal ttyS' || ((process.tty & 255) - 64)
      WHEN process.tty <> 0 THEN ', terminal device ' || process.tty
      ELSE ''
    END AS job,
  process.threads || coalesce(' (' || states.list || ')', '') AS threads,
  CASE
    WHEN process.user_time + process.system_time IS NOT NULL
      THEN format('%.2f s user, %.2f s system', process.user_time / 1000.0, process.system_time / 1000.0)
        || CASE
          WHEN ages.seconds > 0 THEN format(
            ', %.1f %% of a processor since its start',
            (process.user_time + process.system_time) / 10.0 / ages.seconds
          )
          ELSE ''
        END
  END AS cpu,
  'nice ' || process.nice || coalesce(', oom_score_adj ' || process.oom_score_adj, '') AS priority,
  CASE
    WHEN process.resident_size IS NOT NULL
      THEN format('%.1f MiB resident', process.resident_size / 1048576.0)
        || CASE
          WHEN host.memory > 0 THEN format(' (%.1f %% of the host)', process.resident_size * 100.0 / host.memory)
          ELSE ''
        END
        || CASE
          WHEN process.total_size IS NOT NULL THEN format(', %.1f MiB virtual', process.total_size / 1048576.0)
          ELSE ''
        END
  END AS memory,
  CASE
    WHEN process.disk_bytes_read + process.disk_bytes_written IS NOT NULL THEN format(
      '%.1f MiB read, %.1f MiB written',
      process.disk_bytes_read / 1048576.0,
      process.disk_bytes_written / 1048576.0
    )
  END AS storage,
  process.voluntary_switches || ' waiting, ' || process.nonvoluntary_switches || ' preempted' AS "context switches"
FROM process, ages, states, host
