#1795510000
systemctl restart nginx
#1795510060
iptables -t nat -L -n
#1795511900
docker pull registry.example/app:2.1
#1795511990
ssh deploy@db-2.example
#1795512090
systemctl restart nginx
