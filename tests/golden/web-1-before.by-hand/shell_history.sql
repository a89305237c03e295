-- The histories of tests/hosts/web-1/home and root that are not bash's own.
SELECT username, shell, line_no, time, duration_s, replace(command, char(10), ' / ') FROM shell_history
WHERE history_file = '/home/grace/.zsh_history' ORDER BY line_no;
grace | zsh | 1 | 1795500100 | 0 | ssh -p 2222 grace@db-1.example
grace | zsh | 2 | 1795500160 | 12 | rsync -a ./site/ deploy@web-2.example:/srv/site/
grace | zsh | 3 | 1795500200 | 0 | for table in orders items; do / psql -h 192.0.2.20 -U shop -c "select count(*) from $table" shop / done
grace | zsh | 6 | 1795500300 | 3 | echo Straße # ssh nobody@comment.example

SELECT username, shell, line_no, time, replace(command, char(10), ' / ') FROM shell_history
WHERE history_file = '/home/ada/.local/share/fish/fish_history' ORDER BY line_no;
ada | fish | 1 | 1795501000 | scp app.tar.gz ada@web-2.example:/tmp/
ada | fish | 5 | 1795501060 | curl -s http://192.0.2.20:8080/health
ada | fish | 7 | 1795501120 | begin /   echo ssh decoy.example / end

SELECT username, shell, line_no, time, command FROM shell_history WHERE history_file = '/root/.ash_history' ORDER BY line_no;
root | ash | 1 | NULL | mysql -h db-1.example -u shop -e "show processlist"
root | ash | 2 | NULL | ls /srv

-- ksh93 writes commands ended by NUL: they are numbered.
SELECT shell, line_no, time, trim(command, char(10)) FROM shell_history WHERE history_file = '/home/old/.sh_history' ORDER BY line_no;
ksh | 1 | NULL | kubectl --server=https://cluster.example:6443 get pods
ksh | 2 | NULL | cd /srv

-- proc/1004/environ names it in HISTFILE.
SELECT username, shell, line_no, time, command FROM shell_history WHERE history_file = '/home/ada/.cache/deploy_history' ORDER BY line_no;
ada | bash | 2 | 1795509000 | ssh -J grace@bastion.example deploy@192.0.2.21
ada | bash | 4 | 1795509060 | systemctl reload nginx
