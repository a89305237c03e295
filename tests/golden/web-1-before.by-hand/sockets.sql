-- tests/hosts/web-1/proc/1/net/{raw,raw6,icmp,icmp6}: the port of a raw socket is its protocol, that of a ping its identifier.
SELECT family, protocol, local_address, local_port, remote_address, remote_port, state, uid, inode, recv_queue, drops
FROM sockets WHERE protocol IN ('raw', 'icmp') AND family LIKE 'inet%' ORDER BY inode;
inet | raw | 0.0.0.0 | 1 | 0.0.0.0 | 0 | UNCONN | 0 | 19006 | 576 | 2
inet6 | raw | :: | 58 | :: | 0 | UNCONN | 0 | 19007 | 0 | 0
inet | icmp | 0.0.0.0 | 4711 | 192.0.2.1 | 0 | ESTAB | 1000 | 22001 | 0 | 0
inet6 | icmp | :: | 4712 | 2001:db8::1 | 0 | ESTAB | 1000 | 22002 | 0 | 0

-- dhcpcd holds its sockets of four families; fds are found by their inodes.
SELECT fds.fd, sockets.family, sockets.protocol FROM process_fds AS fds JOIN sockets ON sockets.inode = fds.inode
WHERE fds.pid = 560 AND fds.type = 'socket' ORDER BY fds.fd;
5 | inet | udp
6 | inet6 | udp
7 | packet | dgram
8 | inet | raw
9 | inet6 | raw
