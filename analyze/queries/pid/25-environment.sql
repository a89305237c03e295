-- title: Environment at exec
-- description: variables by name; secrets are pseudonyms as the capture wrote them
-- parameters: pid (integer)
-- rows: 40
-- reads: environ
SELECT key AS Name, value AS "Value"
FROM process_envs
WHERE pid = :pid
ORDER BY key, value
