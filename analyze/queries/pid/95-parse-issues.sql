-- title: What could not be understood
-- description: lines of the files of the process that the parsers took for odd
-- parameters: pid (integer)
-- rows: 10
SELECT member AS Member, line AS Line, reason AS Expected, excerpt AS Found
FROM parse_issues
WHERE member GLOB 'root/proc/' || :pid || '/*'
ORDER BY member, line
