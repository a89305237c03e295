-- title: Whose logs
-- description: what a log belongs to, one row for each process that holds it open or names it, and one for the container whose
--   output a runtime keeps in it; owner is the container, else the unit, as in process_units. Logs of known paths to which no process
--   leads have no row: their lines name the program.
SELECT DISTINCT
  logs.snapshot_id,
  logs.path,
  -- A daemon that keeps the output of another's container does not own it.
  CASE WHEN logs.container_id IS NULL OR logs.container_id IS processes.container_id THEN logs.pid END AS pid,
  CASE WHEN logs.container_id IS NULL OR logs.container_id IS processes.container_id THEN processes.name END AS process_name,
  logs.container_id,
  containers.name AS container_name,
  CASE WHEN logs.container_id IS NULL THEN units.unit END AS systemd_unit,
  coalesce(containers.name, substr(logs.container_id, 1, 12), units.unit, processes.name) AS owner
FROM log_files AS logs
LEFT JOIN processes ON processes.snapshot_id = logs.snapshot_id AND processes.pid = logs.pid
LEFT JOIN containers ON containers.snapshot_id = logs.snapshot_id AND containers.id = logs.container_id
LEFT JOIN process_units AS units ON units.snapshot_id = logs.snapshot_id AND units.pid = logs.pid
WHERE logs.pid IS NOT NULL
  OR logs.container_id IS NOT NULL
