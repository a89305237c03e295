-- title: Open files
-- description: as `lsof`: directories, program, mapped files and descriptors of each process. SIZE/OFF is always the offset:
--   sizes are not taken. TYPE is DEV for a device of either kind; states of sockets are those of `ss`.
-- parameters: pid (integer, optional)
WITH
  devices AS (
    SELECT DISTINCT
      format(
        '%02x:%02x',
        CAST(device_number AS INTEGER),
        CAST(substr(device_number, instr(device_number, ':') + 1) AS INTEGER)
      ) AS hexadecimal,
      replace(device_number, ':', ',') AS device
    FROM mounts
  ),
  mounted AS (
    SELECT mount_id, min(replace(device_number, ':', ',')) AS device FROM mounts GROUP BY mount_id
  ),
  mapped AS (
    SELECT maps.pid, maps.path, maps.inode, maps.deleted, coalesce(devices.device, maps.device) AS device
    FROM process_memory_map AS maps
    LEFT JOIN devices ON devices.hexadecimal = maps.device
    WHERE NOT maps.pseudo AND maps.path IS NOT NULL AND (:pid IS NULL OR maps.pid = :pid)
    GROUP BY maps.pid, maps.path, maps.inode, maps.device, maps.deleted
  ),
  ends AS (
    SELECT
      inode,
      CASE family WHEN 'inet' THEN 'IPv4' WHEN 'inet6' THEN 'IPv6' ELSE family END AS type,
      CASE WHEN local_port IS NOT NULL THEN upper(protocol) END AS node,
      CASE
        WHEN local_port IS NULL THEN coalesce(path || ' ', '') || 'type=' || upper(protocol)
        ELSE format(CASE family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, local_address) || ':' || local_port
          || CASE
            WHEN remote_port = 0 THEN ''
            ELSE '->' || format(CASE family WHEN 'inet6' THEN '[%s]' ELSE '%s' END, remote_address)
              || ':' || remote_port
          END
      END || ' (' || state || ')' AS name
    FROM sockets
    WHERE inode <> 0
  ),
  opened AS (
    SELECT pid, 0 AS rank, 0 AS number, 'cwd' AS fd, 'DIR' AS type, NULL AS device, NULL AS pos, NULL AS node, cwd AS name
    FROM processes
    WHERE cwd IS NOT NULL
    UNION ALL
    SELECT pid, 1, 0, 'rtd', 'DIR', NULL, NULL, NULL, root FROM processes WHERE root IS NOT NULL
    UNION ALL
    SELECT
      processes.pid,
      2,
      0,
      'txt',
      'REG',
      mapped.device,
      NULL,
      mapped.inode,
      processes.path || CASE processes.on_disk WHEN 0 THEN ' (deleted)' ELSE '' END
    FROM processes
    LEFT JOIN mapped ON mapped.pid = processes.pid AND mapped.path = processes.path
    WHERE processes.path IS NOT NULL
    UNION ALL
    SELECT mapped.pid, 3, mapped.inode, CASE WHEN mapped.deleted THEN 'DEL' ELSE 'mem' END, 'REG', mapped.device, NULL,
      mapped.inode, mapped.path
    FROM mapped
    LEFT JOIN processes ON processes.pid = mapped.pid
    WHERE mapped.path IS NOT processes.path
    UNION ALL
    SELECT
      fds.pid,
      4,
      fds.fd,
      fds.fd || CASE fds.flags & 3 WHEN 0 THEN 'r' WHEN 1 THEN 'w' WHEN 2 THEN 'u' ELSE '' END,
      CASE
        WHEN fds.type = 'socket' THEN coalesce(ends.type, 'sock')
        -- O_DIRECTORY has another number on ARM and POWER.
        WHEN fds.type = 'file' AND fds.flags & CASE
          WHEN snapshots.machine GLOB 'arm*' OR snapshots.machine GLOB 'aarch64*' OR snapshots.machine GLOB 'ppc*' THEN 16384
          ELSE 65536
        END THEN 'DIR'
        WHEN fds.type IN ('file', 'memfd', 'namespace') THEN 'REG'
        WHEN fds.type = 'pipe' THEN 'FIFO'
        WHEN fds.type = 'anon_inode' THEN 'a_inode'
        WHEN fds.type = 'device' THEN 'DEV'
        ELSE fds.type
      END,
      CASE WHEN ends.node IS NOT NULL THEN fds.inode ELSE mounted.device END,
      CASE WHEN fds.type IN ('file', 'device', 'memfd') THEN fds.pos END,
      coalesce(ends.node, fds.inode),
      CASE
        WHEN ends.inode IS NOT NULL THEN ends.name
        ELSE coalesce(fds.target, '(could not be read)') || CASE WHEN fds.deleted THEN ' (deleted)' ELSE '' END
      END
    FROM process_fds AS fds
    JOIN snapshots USING (snapshot_id)
    LEFT JOIN mounted ON mounted.mount_id = fds.mnt_id
    LEFT JOIN ends ON fds.type = 'socket' AND ends.inode = fds.inode
  )
SELECT
  coalesce(processes.name, '?') AS COMMAND,
  opened.pid AS PID,
  coalesce(
    (SELECT username FROM users WHERE users.uid = processes.uid LIMIT 1),
    CAST(processes.uid AS TEXT),
    '?'
  ) AS USER,
  opened.fd AS FD,
  opened.type AS TYPE,
  opened.device AS DEVICE,
  '0t' || opened.pos AS "SIZE/OFF",
  opened.node AS NODE,
  opened.name AS NAME
FROM opened
LEFT JOIN processes ON processes.pid = opened.pid
WHERE :pid IS NULL OR opened.pid = :pid
ORDER BY opened.pid, opened.rank, opened.number, opened.name
