#1795510000
systemctl restart nginx
#1795510060
iptables -t nat -L -n
