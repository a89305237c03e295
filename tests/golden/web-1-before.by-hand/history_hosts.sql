-- What the commands in all histories of tests/hosts/web-1 name: nothing in comments or behind echo.
SELECT history_file, line_no, program, host, port, user FROM history_hosts ORDER BY history_file, line_no, host;
/home/ada/.bash_history | 2 | mysql | 192.0.2.20 | NULL | NULL
/home/ada/.cache/deploy_history | 2 | ssh | 192.0.2.21 | NULL | deploy
/home/ada/.cache/deploy_history | 2 | ssh | bastion.example | NULL | grace
/home/ada/.local/share/fish/fish_history | 1 | scp | web-2.example | NULL | ada
/home/ada/.local/share/fish/fish_history | 5 | curl | 192.0.2.20 | 8080 | NULL
/home/grace/.zsh_history | 1 | ssh | db-1.example | 2222 | grace
/home/grace/.zsh_history | 2 | rsync | web-2.example | NULL | deploy
/home/grace/.zsh_history | 3 | psql | 192.0.2.20 | NULL | shop
/home/old/.sh_history | 1 | kubectl | cluster.example | 6443 | NULL
/root/.ash_history | 1 | mysql | db-1.example | NULL | shop
