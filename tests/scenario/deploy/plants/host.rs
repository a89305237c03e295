//! Changes of what belongs to no service.

use std::fs;
use std::process::Command;

use super::Plant;
use crate::common::succeed;
use crate::world::ip;

pub(super) fn all() -> Vec<Plant> {
    let plant = Plant::new;
    vec![
        plant(
            "a sysctl",
            &["host: ~ sysctl net.core.somaxconn: 4096 -> 1000"],
            |_| {
                fs::write("/proc/sys/net/core/somaxconn", "1000").unwrap();
                None
            },
        ),
        // The kernel sets three others with it.
        plant(
            "a router",
            &["host: ~ sysctl net.ipv4.ip_forward: 0 -> 1"],
            |_| {
                fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
                None
            },
        ),
        plant(
            "a mount",
            &["host: + new mount /mnt/data device=tmpfs type=tmpfs"],
            |_| {
                fs::create_dir("/mnt/data").unwrap();
                succeed(
                    Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/mnt/data"]),
                    &[0],
                );
                None
            },
        ),
        plant(
            "a mount that nobody may write to",
            &["host: ~ mount /mnt/data: flags rw,relatime -> ro,relatime"],
            |_| {
                succeed(
                    Command::new("mount").args(["-o", "remount,bind,ro", "/mnt/data"]),
                    &[0],
                );
                None
            },
        ),
        plant(
            "a mount less",
            &["host: - mount gone: /mnt/data device=tmpfs type=tmpfs"],
            |_| {
                succeed(Command::new("umount").arg("/mnt/data"), &[0]);
                None
            },
        ),
        plant(
            "a user and its group",
            &[
                "host: + new group grace",
                "host: + new user grace uid=1001 shell=/bin/sh",
            ],
            |world| {
                world.edit("passwd", "", "grace:x:1001:1001::/home/grace:/bin/sh\n");
                world.edit("group", "", "grace:x:1001:\n");
                None
            },
        ),
        plant(
            "a shell",
            &["host: ~ user anna: shell /bin/sh -> /bin/bash"],
            |world| {
                world.edit("passwd", "anna:/bin/sh", "anna:/bin/bash");
                None
            },
        ),
        plant(
            "a name of a host",
            &["host: + new hosts entry hostnames=db-new address=192.0.2.9"],
            |world| {
                world.edit("hosts", "", "192.0.2.9 db-new\n");
                None
            },
        ),
        plant(
            "a resolver",
            &["host: ~ resolver setting nameserver: address 192.0.2.53 -> 192.0.2.54"],
            |world| {
                world.edit("resolv.conf", "192.0.2.53", "192.0.2.54");
                None
            },
        ),
        plant(
            "a search domain",
            &["host: + new resolver setting search example.com"],
            |world| {
                world.edit("resolv.conf", "", "search example.com\n");
                None
            },
        ),
        plant(
            "a member of a group",
            &["host: ~ group anna: members \"\" -> grace"],
            |world| {
                world.edit("group", "anna:x:1000:", "anna:x:1000:grace");
                None
            },
        ),
        plant(
            "a link of two ends",
            &["host: + new interface a0", "host: + new interface b0"],
            |_| {
                ip("link add a0 type veth peer name b0");
                None
            },
        ),
        // It gets an address of its own too.
        plant(
            "a bridge that is up",
            &[
                "host: + new address interface=br0 address=203.0.113.1",
                "host: + new interface br0",
            ],
            |_| {
                ip("link add br0 type bridge");
                ip("link set br0 up");
                ip("address add 203.0.113.1/24 dev br0");
                None
            },
        ),
        plant(
            "a rule of routing",
            &["host: + new routing rule 500: from all to 198.51.100.0/24 lookup 77"],
            |_| {
                ip("rule add to 198.51.100.0/24 lookup 77 priority 500");
                None
            },
        ),
        plant(
            "another table that it looks in",
            &["host: ~ routing rule family=inet priority=500: route_table 77 -> 78"],
            |_| {
                ip("rule del to 198.51.100.0/24 lookup 77 priority 500");
                ip("rule add to 198.51.100.0/24 lookup 78 priority 500");
                None
            },
        ),
        plant(
            "another address of the same name, and another name of the same address",
            &[
                "host: ~ hosts entry 127.0.0.1: hostnames localhost -> localhost web-1",
                "host: ~ hosts entry db-new: address 192.0.2.9 -> 192.0.2.8",
            ],
            |world| {
                world.edit("hosts", "192.0.2.9 db-new", "192.0.2.8 db-new");
                world.edit("hosts", "localhost", "localhost web-1");
                None
            },
        ),
        plant(
            "the bridge's address",
            &["host: ~ address br0: address 203.0.113.1 -> 203.0.113.2"],
            |_| {
                ip("address del 203.0.113.1/24 dev br0");
                ip("address add 203.0.113.2/24 dev br0");
                None
            },
        ),
        plant(
            "an address",
            &["host: + new address interface=lo address=192.0.2.77"],
            |_| {
                ip("address add 192.0.2.77/32 dev lo");
                None
            },
        ),
        plant(
            "a route",
            &["host: + new route 198.51.100.0/24 via 192.0.2.200 dev lo table main metric 9"],
            |_| {
                ip("route add 198.51.100.0/24 via 192.0.2.200 dev lo onlink metric 9");
                None
            },
        ),
        plant(
            "the route another way",
            &[
                "host: ~ route 198.51.100.0/24 table main metric 9: gateway 192.0.2.200 -> 192.0.2.201",
            ],
            |_| {
                ip("route replace 198.51.100.0/24 via 192.0.2.201 dev lo onlink metric 9");
                None
            },
        ),
        plant(
            "another size of packets",
            &["host: ~ interface a0: mtu 1500 -> 1400"],
            |_| {
                ip("link set a0 mtu 1400");
                None
            },
        ),
        plant(
            "the host's name",
            &["host: ~ host name web-1 -> web-2"],
            |_| {
                succeed(Command::new("hostname").arg("web-2"), &[0]);
                None
            },
        ),
    ]
}
