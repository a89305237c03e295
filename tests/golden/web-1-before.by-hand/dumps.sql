-- A tree has no kernel that could be asked over netlink.
SELECT count(*) FROM routing_rules;
0

SELECT count(*) FROM conntrack_expectations;
0

-- Nor any control groups.
SELECT count(*) FROM cgroups;
0
