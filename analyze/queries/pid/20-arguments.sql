-- title: Arguments
-- description: one row each, empty ones included; the number of bytes tells blanks at the end
-- parameters: pid (integer)
-- rows: 30
-- reads: cmdline
SELECT position AS "No", length(CAST(value AS BLOB)) AS Bytes, value AS Argument
FROM process_arguments
WHERE pid = :pid
ORDER BY position
