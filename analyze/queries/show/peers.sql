-- title: Other hosts
-- description: every other host and why it is known, with the local processes that use it or that it uses
SELECT
  address AS Address,
  mac AS MAC,
  name AS Name,
  known_from AS "Known from",
  service AS "Used by",
  port AS Ports,
  served AS "Uses ports",
  note AS Note
FROM peers
ORDER BY note IS NOT NULL, address
