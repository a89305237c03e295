-- tests/hosts/web-1/proc/*/{cgroup,cmdline,status}: three processes in one control group of docker's, the first of them a child of
-- the shim that names the same identity.
SELECT id, runtime, name, root_pid, process_count, state, known_from FROM containers;
3f9c2d7e51a84b06c8e1f0a2b4d6978851c3e7f9a0b2d4c6e8f1a3b5c7d9e0f2 | docker | NULL | 950 | 3 | running | cgroup,shim
