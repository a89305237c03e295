-- The file is that of nginx, to which its master and both workers lead by their name.
SELECT path, found_by, pid, target, size, uid FROM config_files ORDER BY pid;
/etc/nginx/nginx.conf | program | 700 | /etc/nginx/nginx.conf | 314 | 0
/etc/nginx/nginx.conf | program | 701 | /etc/nginx/nginx.conf | 314 | 0
/etc/nginx/nginx.conf | program | 702 | /etc/nginx/nginx.conf | 314 | 0

-- Where requests go stays, and who may go there does not.
SELECT content LIKE '%proxy_pass http://203.0.113.2:8000;%', content LIKE '%Authorization "secret:%', content LIKE '%YWRh%' FROM config_files WHERE pid = 700;
1 | 1 | 0
