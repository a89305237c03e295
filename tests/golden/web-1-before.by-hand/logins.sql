-- The classic files of tests/hosts/web-1 as `utmpdump` of util-linux prints them: /run/utmp.
SELECT record_no, type, user, tty, host, address, time_us, pid, session FROM logged_in_users ORDER BY record_no;
1 | boot_time | reboot | ~ | 6.1.0-99-invented-amd64 | NULL | 1795497120001000 | 0 | 0
2 | login | LOGIN | tty1 | '' | NULL | 1795497129000000 | 610 | 610
3 | user | ada | pts/0 | 198.51.100.7 | 198.51.100.7 | 1795497360123456 | 639 | 0
4 | dead | '' | pts/1 | '' | NULL | 1795498020500000 | 880 | 0

-- /var/log/wtmp and btmp.
SELECT path, record_no, failed, type, type_name, username, tty, host, address, time_us, pid, session, termination, exit_status
FROM last WHERE path LIKE '%tmp' ORDER BY path, record_no;
/var/log/btmp | 1 | 1 | 6 | login | admin | ssh:notty | 203.0.113.77 | 203.0.113.77 | 1795407120000000 | 590 | 0 | NULL | NULL
/var/log/btmp | 2 | 1 | 6 | login | root | ssh:notty | 203.0.113.77 | 203.0.113.77 | 1795407121000000 | 591 | 0 | NULL | NULL
/var/log/wtmp | 1 | 0 | 2 | boot_time | reboot | ~ | 6.1.0-99-invented-amd64 | NULL | 1795497120001000 | 0 | 0 | NULL | NULL
/var/log/wtmp | 2 | 0 | 1 | runlevel | runlevel | ~ | 6.1.0-99-invented-amd64 | NULL | 1795497128002000 | 53 | 0 | NULL | NULL
/var/log/wtmp | 3 | 0 | 6 | login | LOGIN | tty1 | '' | NULL | 1795497129000000 | 610 | 610 | NULL | NULL
/var/log/wtmp | 4 | 0 | 7 | user | ada | pts/0 | 198.51.100.7 | 198.51.100.7 | 1795497360123456 | 639 | 0 | NULL | NULL
/var/log/wtmp | 5 | 0 | 7 | user | grace | pts/1 | 2001:db8::77 | 2001:db8::77 | 1795497720000000 | 880 | 0 | NULL | NULL
/var/log/wtmp | 6 | 0 | 8 | dead | '' | pts/1 | '' | NULL | 1795498020500000 | 880 | 0 | 0 | 1

-- lastlog has the record of each user at the place of the id.
SELECT uid, type_name, username, tty, host, time, record_no FROM last WHERE path = '/var/log/lastlog' ORDER BY uid;
1000 | last_login | NULL | pts/0 | 198.51.100.7 | 1795497360 | 1001
1001 | last_login | NULL | pts/1 | 2001:db8::77 | 1795497720 | 1002
