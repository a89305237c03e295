ls -la
mysql --host=192.0.2.20 --password=canary-history-91ab44 shop
vi /etc/nginx/nginx.conf
cat ÿþ.log
