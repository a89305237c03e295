//! Containers of every runtime and who talks to whom, on an invented host: what its files say, in the order in which somebody
//! would tell it (`tests/hosts/containers-1`).
#![cfg(test)]

mod common;

use common::{expect_rows, workspace};

fn check(sql: &str, expected: &str) {
    expect_rows(
        &workspace().join("samples/containers-1.tar.zst"),
        sql,
        expected,
    );
}

#[test]
fn containers_of_all_runtimes() {
    check(
        "SELECT substr(id, 1, 12), runtime, name, pod_uid, root_pid, process_count, net_namespace, known_from FROM containers
         ORDER BY root_pid",
        "5d9d81944193 | docker | NULL | NULL | 2010 | 2 | 4026532505 | cgroup,shim\n\
         e31e6ddca9ad | docker | NULL | NULL | 2110 | 1 | 4026532525 | cgroup,shim\n\
         0b83fd4e5104 | containerd | NULL | 7d1e5c3a-2b4f-4c6d-8e9a-0f1b2c3d4e5f | 3010 | 1 | 4026532545 | cgroup,shim\n\
         9cde3be3c5e8 | containerd | NULL | 7d1e5c3a-2b4f-4c6d-8e9a-0f1b2c3d4e5f | 3050 | 1 | 4026532545 | cgroup\n\
         36b78ddb7f53 | podman | reports | NULL | 4010 | 1 | 4026532585 | cgroup,shim",
    );
    // What keeps a container is none of its processes.
    check(
        "SELECT pid, name FROM processes WHERE name IN ('conmon', 'containerd-shim', 'docker-proxy') AND container_id IS NOT NULL",
        "",
    );
}

#[test]
fn services_and_the_ports_that_lead_to_them() {
    check(
        "SELECT net_namespace, address, port, process_name, substr(container_id, 1, 12), container_name, systemd_unit, host_address,
           host_port, host_via FROM services WHERE container_id IS NOT NULL OR port = 22 ORDER BY net_namespace, port, address",
        "4026531840 | 0.0.0.0 | 22 | sshd | NULL | NULL | ssh.service | NULL | NULL | NULL\n\
         4026531840 | :: | 22 | sshd | NULL | NULL | ssh.service | NULL | NULL | NULL\n\
         4026532505 | 0.0.0.0 | 80 | nginx | 5d9d81944193 | NULL | NULL | 0.0.0.0 | 8080 | docker-proxy\n\
         4026532525 | 0.0.0.0 | 6379 | cache-server | e31e6ddca9ad | NULL | NULL | NULL | NULL | NULL\n\
         4026532545 | :: | 8080 | java | 9cde3be3c5e8 | NULL | NULL | 192.0.2.30 | 30080 | tracked connection\n\
         4026532585 | 0.0.0.0 | 80 | python3 | 36b78ddb7f53 | reports | NULL | NULL | NULL | NULL",
    );
}

#[test]
fn both_ends_of_connections() {
    check(
        "SELECT client_address, client_process, dialed_address, dialed_port, server_address, server_port, server_process, seen_address,
           nat, state, source FROM connections ORDER BY server_address, server_port, client_address",
        "192.0.2.30 | kubelet | NULL | NULL | 192.0.2.40 | 6443 | NULL | NULL | NULL | ESTAB | both\n\
         203.0.113.130 | NULL | 203.0.113.253 | 53 | 192.0.2.53 | 53 | NULL | 192.0.2.30 | both | NULL | conntrack\n\
         203.0.113.130 | java | NULL | NULL | 198.51.100.50 | 5432 | NULL | 192.0.2.30 | snat | ESTAB | both\n\
         198.51.100.11 | NULL | 192.0.2.30 | 30080 | 203.0.113.130 | 8080 | NULL | 203.0.113.129 | both | SYN_SENT | conntrack\n\
         203.0.113.66 | nginx | 203.0.113.250 | 80 | 203.0.113.130 | 8080 | java | 203.0.113.129 | both | ESTAB | both\n\
         198.51.100.10 | NULL | 192.0.2.30 | 8080 | 203.0.113.66 | 80 | NULL | NULL | dnat | TIME_WAIT | conntrack\n\
         198.51.100.9 | NULL | 192.0.2.30 | 8080 | 203.0.113.66 | 80 | nginx | NULL | dnat | ESTAB | both\n\
         203.0.113.66 | nginx | NULL | NULL | 203.0.113.67 | 6379 | cache-server | NULL | NULL | ESTAB | socket",
    );
}

#[test]
fn other_hosts_and_why_they_are_known() {
    check(
        "SELECT address, mac, name, known_from, service, port, served, note FROM peers
         WHERE address IN ('192.0.2.40', '198.51.100.50', '198.51.100.9', '203.0.113.250', 'files.example') ORDER BY address",
        "192.0.2.40 | 02:00:00:00:00:28 | cluster.example | history,hosts file,neighbor,socket | kubectl,kubelet | 6443 | NULL | NULL\n\
         198.51.100.50 | NULL | orders-db.example | history,hosts file,socket | psql,java | 5432 | NULL | \
         opaque: no neighbor, so what answers there may be a load balancer\n\
         198.51.100.9 | NULL | NULL | socket | nginx | NULL | 8080 | \
         opaque: no neighbor, so what answers there may be a load balancer\n\
         203.0.113.250 | NULL | NULL | socket | nginx | 80 | NULL | opaque: translated here to 203.0.113.130:8080\n\
         files.example | NULL | NULL | history | scp | NULL | NULL | a name: not resolved",
    );
    // Its own addresses are nobody else's; those of its containers say so.
    check(
        "SELECT address, served, note FROM peers WHERE address IN (SELECT address FROM interface_addresses) ORDER BY address",
        "203.0.113.130 | NULL | on this host: container 0b83fd4e5104\n\
         203.0.113.66 | NULL | on this host: container 5d9d81944193\n\
         203.0.113.67 | NULL | on this host: container e31e6ddca9ad",
    );
}
