//! The changes, each with what is to be told of it.

mod host;

use std::fs;
use std::process::Command;

use crate::common::{has, succeed, wait_for};
use crate::world::World;

/// A change. `act` gives the reason where it cannot be made here.
pub(crate) struct Plant {
    pub(crate) name: &'static str,
    pub(crate) act: fn(&mut World) -> Option<String>,
    pub(crate) told: &'static [&'static str],
}

/// Every change, in the order in which they are made: each leaves the host as the next one finds it.
pub(crate) fn all() -> Vec<Plant> {
    let mut all = of_services();
    all.extend(host::all());
    all
}

impl Plant {
    pub(crate) fn new(
        name: &'static str,
        told: &'static [&'static str],
        act: fn(&mut World) -> Option<String>,
    ) -> Self {
        Plant { name, act, told }
    }
}

fn of_services() -> Vec<Plant> {
    let plant = Plant::new;
    vec![
        plant(
            "a restart",
            &["shop-1.24: * restarted: shop-1.24"],
            |world| {
                world.restart("shop-1.24", |_| {});
                None
            },
        ),
        plant(
            "an environment variable changed",
            &[
                "shop-1.24: * restarted: shop-1.24",
                "shop-1.24: ~ environment variable DB_HOST: db-1 -> db-2",
            ],
            |world| {
                world.restart("shop-1.24", |shop| {
                    shop.environment
                        .insert("DB_HOST".to_owned(), "db-2".to_owned());
                });
                None
            },
        ),
        plant(
            "one more, one less, and one that each start sets",
            &[
                "shop-1.24: * restarted: shop-1.24",
                "shop-1.24: + new environment variable RELEASE=7",
                "shop-1.24: - environment variable gone: MODE=production",
            ],
            |world| {
                world.restart("shop-1.24", |shop| {
                    shop.environment.remove("MODE");
                    shop.environment
                        .insert("RELEASE".to_owned(), "7".to_owned());
                    shop.environment
                        .insert("INVOCATION_ID".to_owned(), "x".to_owned());
                });
                None
            },
        ),
        plant(
            "a secret changed",
            &[
                "shop-1.24: * restarted: shop-1.24",
                "shop-1.24: + new environment variable DB_PASSWORD=secret:*",
            ],
            |world| {
                world.restart("shop-1.24", |shop| {
                    shop.environment
                        .insert("DB_PASSWORD".to_owned(), "hunter2hunter2".to_owned());
                });
                None
            },
        ),
        plant(
            "a word of the command line",
            &[
                "shop-1.24: * restarted: shop-1.24",
                "shop-1.24: ~ command line shop-1.24: 1 -> 2",
            ],
            |world| {
                world.restart("shop-1.24", |shop| {
                    *shop.arguments.last_mut().unwrap() = "2".to_owned();
                });
                None
            },
        ),
        plant(
            "a line of its configuration",
            &[
                "shop-1.24: ~ configuration file /opt/shop.conf changed | @@ -2,2 +2,3 @@ | db_password = secret:* | -workers 2 | +workers 4 | +verbose",
            ],
            |_| {
                let text = "listen 8080\ndb_password = hunter2hunter2\nworkers 4\nverbose\n";
                fs::write("/opt/shop.conf", text).unwrap();
                None
            },
        ),
        plant(
            "a secret in its configuration",
            &[
                "shop-1.24: ~ configuration file /opt/shop.conf changed | @@ -1,3 +1,3 @@ | listen 8080 | -db_password = secret:* | +db_password = secret:* | workers 4",
            ],
            |_| {
                let text = "listen 8080\ndb_password = swordfish99\nworkers 4\nverbose\n";
                fs::write("/opt/shop.conf", text).unwrap();
                None
            },
        ),
        plant(
            "another file of the same name, not started anew",
            &[
                "shop-1.24: ~ executable was replaced or removed, and the old one still runs: shop-1.24",
            ],
            |world| {
                world.install("shop-1.24");
                None
            },
        ),
        plant(
            "started anew from another file of the same name",
            &[
                "shop-1.24: * restarted: shop-1.24",
                "shop-1.24: ~ executable replaced by another file of the same name: shop-1.24",
            ],
            |world| {
                world.restart("shop-1.24", |_| {});
                None
            },
        ),
        plant(
            "started anew from the same file, written over with something longer",
            &[
                "shop-1.24: * restarted: shop-1.24",
                "shop-1.24: ~ executable replaced by another file of the same name: shop-1.24, longer",
            ],
            |world| {
                let shop = world.stop("shop-1.24");
                let mut file = fs::OpenOptions::new()
                    .append(true)
                    .open("/mnt/bin/shop-1.24")
                    .unwrap();
                std::io::Write::write_all(&mut file, b"more").unwrap();
                drop(file);
                world.run("shop-1.24", shop);
                None
            },
        ),
        plant(
            "a new version",
            &[
                "shop-1.26: * restarted: shop-1.26",
                "shop-1.26: ~ executable shop-1.24 -> shop-1.26",
            ],
            |world| {
                world.install("shop-1.26");
                world.restart("shop-1.24", |shop| {
                    "shop-1.26".clone_into(&mut shop.program);
                });
                None
            },
        ),
        plant(
            "a new listener",
            &["shop-1.26: + new listener 127.0.0.1:8443"],
            |world| {
                world.tell("shop-1.24", "listen 127.0.0.1:8443");
                None
            },
        ),
        plant(
            "a listener moved",
            &[
                "shop-1.26: * restarted: shop-1.26",
                "shop-1.26: > listener 127.0.0.1:8443 moved to 127.0.0.1:9443",
                "shop-1.26: ~ command line shop-1.26: none -> --listen, 127.0.0.1:9443",
            ],
            |world| {
                world.restart("shop-1.24", |shop| {
                    shop.arguments
                        .extend(["--listen", "127.0.0.1:9443"].map(str::to_owned));
                });
                None
            },
        ),
        plant(
            "an upstream replaced",
            &[
                "shop-1.26: * restarted: shop-1.26",
                "shop-1.26: > upstream 192.0.2.7:5432 replaced by 192.0.2.9:5432",
                "shop-1.26: ~ command line shop-1.26: 192.0.2.7:5432 -> 192.0.2.9:5432",
            ],
            |world| {
                world.restart("shop-1.24", |shop| {
                    let end = shop
                        .arguments
                        .iter_mut()
                        .find(|word| *word == "192.0.2.7:5432");
                    "192.0.2.9:5432".clone_into(end.unwrap());
                });
                None
            },
        ),
        plant(
            "a log elsewhere",
            &[
                "shop-1.26: * restarted: shop-1.26",
                "shop-1.26: > log file moved: /var/log/shop.log -> /opt/shop.log",
                "shop-1.26: ~ command line shop-1.26: /var/log/shop.log -> /opt/shop.log",
            ],
            |world| {
                world.restart("shop-1.24", |shop| {
                    let log = shop
                        .arguments
                        .iter_mut()
                        .find(|word| *word == "/var/log/shop.log");
                    "/opt/shop.log".clone_into(log.unwrap());
                });
                None
            },
        ),
        plant(
            "an error that was never logged before",
            &[
                "shop-1.26: + new kind of log line, 3 times: ERROR cannot reach <*> refused | for example: ERROR cannot reach db-2: refused",
            ],
            |world| {
                world.tell("shop-1.24", "log ERROR cannot reach db-2: refused");
                None
            },
        ),
        plant(
            "the same error once more, of another database",
            &[],
            |world| {
                world.tell("shop-1.24", "log ERROR cannot reach db-3: refused");
                None
            },
        ),
        plant(
            "the workers anew",
            &["shop-1.26: * restarted: shop: worker process"],
            |world| {
                world.signal("shop-1.24", "HUP");
                None
            },
        ),
        plant(
            "one worker anew",
            &["shop-1.26: * restarted 1 of 2: shop: worker process"],
            |world| {
                world.tell("shop-1.24", "replace one");
                None
            },
        ),
        plant(
            "more workers",
            &["shop-1.26: ~ scaled 2 -> 4: shop: worker process"],
            |world| {
                world.tell("shop-1.24", "workers 4");
                None
            },
        ),
        plant(
            "leaked descriptors",
            &["shop-1.26: ~ open descriptors shop-1.26: 7 -> 307"],
            |world| {
                world.tell("shop-1.24", "open 300");
                None
            },
        ),
        plant(
            "a process that it starts",
            &["shop-1.26: + new process perl -e sleep 600 helper"],
            |world| {
                world.tell("shop-1.24", "spawn helper");
                None
            },
        ),
        plant(
            "a lower priority",
            &["shop-1.26: ~ process shop-1.26: nice 0 -> 5"],
            |world| {
                let pid = world.pid("shop-1.24").to_string();
                succeed(Command::new("renice").args(["-n", "5", "-p", &pid]), &[0]);
                None
            },
        ),
        plant(
            "stopped",
            &["db: ~ process db: stopped no -> yes"],
            |world| {
                let pid = world.pid("db").to_string();
                succeed(Command::new("kill").args(["-STOP", &pid]), &[0]);
                await_stopped(&pid, true);
                None
            },
        ),
        plant(
            "going on",
            &["db: ~ process db: stopped yes -> no"],
            |world| {
                let pid = world.pid("db").to_string();
                succeed(Command::new("kill").args(["-CONT", &pid]), &[0]);
                await_stopped(&pid, false);
                None
            },
        ),
        plant(
            "a limit",
            &[
                "shop-1.26: ~ limit Max open files of shop-1.26: 1024 (hard 2048) -> 512 (hard 2048)",
            ],
            |world| {
                let pid = world.pid("shop-1.24").to_string();
                succeed(
                    Command::new("prlimit").args(["--pid", &pid, "--nofile=512:2048"]),
                    &[0],
                );
                None
            },
        ),
        plant(
            "rather it than another killed for memory",
            &["shop-1.26: ~ process shop-1.26: oom_score_adj 0 -> 300"],
            |world| {
                fs::write(
                    format!("/proc/{}/oom_score_adj", world.pid("shop-1.24")),
                    "300",
                )
                .unwrap();
                None
            },
        ),
        plant(
            "another user and directory",
            &[
                "db: * restarted: db",
                "db: ~ process db | cwd: /opt -> /mnt | uid: 0 -> 1000 | gid: 0 -> 1000",
            ],
            |world| {
                world.restart("db", |db| {
                    db.wrapper.extend(
                        ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]
                            .map(str::to_owned),
                    );
                    db.directory = "/mnt".into();
                });
                None
            },
        ),
        plant(
            "a service",
            &["cache: + new service: cache | listener 11211"],
            |world| {
                world.install("cache");
                world.start(
                    "cache",
                    &[
                        "--listen",
                        "127.0.0.1:11211",
                        "--unix",
                        "/mnt/tmp/cache.sock",
                    ],
                );
                None
            },
        ),
        plant(
            "its socket elsewhere",
            &[
                "cache: * restarted: cache",
                "cache: > unix listener moved: /mnt/tmp/cache.sock -> /mnt/tmp/other.sock",
                "cache: ~ command line cache: /mnt/tmp/cache.sock -> /mnt/tmp/other.sock",
            ],
            |world| {
                world.restart("cache", |cache| {
                    "/mnt/tmp/other.sock".clone_into(cache.arguments.last_mut().unwrap());
                });
                None
            },
        ),
        plant("its memory", &[], |world| {
            world.tell("cache", "memory 8");
            None
        }),
        plant(
            "much of its memory",
            &["cache: ~ resident memory cache"],
            |world| {
                world.tell("cache", "memory 200");
                None
            },
        ),
        plant(
            "a network namespace of its own, in which it takes less memory",
            &[
                "cache: * restarted: cache",
                "cache: ~ process cache: own_namespaces \"\" -> net",
                "cache: ~ resident memory cache",
            ],
            |world| {
                world.restart("cache", |cache| {
                    cache.wrapper.extend(
                        [
                            "unshare",
                            "--net",
                            "sh",
                            "-c",
                            "ip link set lo up; exec \"$@\"",
                            "sh",
                        ]
                        .map(str::to_owned),
                    );
                });
                None
            },
        ),
        plant(
            "its network namespace once more",
            &["cache: * restarted: cache"],
            |world| {
                world.restart("cache", |_| {});
                None
            },
        ),
        plant(
            "its pid is that of another program",
            &[
                "cache: - service gone: cache | listener 11211",
                "queue: + new service: queue",
            ],
            |world| {
                let pid = world.pid("cache");
                world.stop("cache");
                world.install("queue");
                // The next process of this namespace gets the number after this one.
                if fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).is_err() {
                    return Some("the next pid cannot be chosen".to_owned());
                }
                world.start("queue", &[]);
                (world.pid("queue") != pid)
                    .then(|| "the next pid was taken by another process".to_owned())
            },
        ),
        plant(
            "a service less",
            &["queue: - service gone: queue"],
            |world| {
                world.stop("queue");
                None
            },
        ),
        plant(
            "its log is removed, and it writes on",
            &["shop-1.26: ~ log file /opt/shop.log: deleted no -> yes"],
            |_| {
                fs::remove_file("/opt/shop.log").unwrap();
                None
            },
        ),
        plant(
            "a container",
            &["cabin (container web): + new service: cabin"],
            |world| {
                world.install("cabin");
                world.run_container("cabin", "web");
                None
            },
        ),
        plant(
            "its name",
            &["cabin (container shop): ~ container web -> shop"],
            |world| {
                world.name_container("cabin", "shop");
                None
            },
        ),
        plant(
            "another one of this name in its place",
            &["cabin (container shop): * restarted: cabin"],
            |world| {
                world.remove_container("cabin");
                world.run_container("cabin", "shop");
                None
            },
        ),
        plant(
            "an address that leads elsewhere",
            &[
                "db: ~ listener 192.0.2.7:5432: host_address none -> 198.51.100.7:80 by tracked connection",
                "shop-1.26: + new upstream 198.51.100.7:80",
            ],
            |world| {
                if !has("iptables") {
                    return Some("needs iptables".to_owned());
                }
                lead("-A", "192.0.2.7:5432");
                world.tell("shop-1.24", "connect 198.51.100.7:80");
                None
            },
        ),
        // Connections that were there go on, so the old way is still one.
        plant(
            "another way that it leads",
            &[
                "db: ~ listener 192.0.2.8:5432: host_address none -> 198.51.100.7:80 by tracked connection",
            ],
            |world| {
                if !has("iptables") {
                    return Some("needs iptables".to_owned());
                }
                lead("-D", "192.0.2.7:5432");
                lead("-A", "192.0.2.8:5432");
                world.tell("shop-1.24", "connect 198.51.100.7:80");
                None
            },
        ),
    ]
}

/// Has an address that nobody has lead somewhere, or no longer.
fn lead(what: &str, to: &str) {
    let rule = format!("OUTPUT -d 198.51.100.7 -p tcp --dport 80 -j DNAT --to-destination {to}");
    let mut iptables = Command::new("iptables");
    iptables
        .args(["-w", "5", "-t", "nat", what])
        .args(rule.split(' '));
    succeed(&mut iptables, &[0]);
}

fn await_stopped(pid: &str, wanted: bool) {
    wait_for("the process is stopped, or not", || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        (stat.contains(") T ") == wanted).then_some(())
    });
}

/// Lines of the changes that are there at the end, whatever was done between.
pub(crate) fn lasting() -> [(&'static str, &'static str); 9] {
    [
        (
            "a new version",
            "shop-1.26: ~ executable shop-1.24 -> shop-1.26",
        ),
        (
            "an environment variable changed",
            "shop-1.26: ~ environment variable DB_HOST: db-1 -> db-2",
        ),
        (
            "an upstream replaced",
            "shop-1.26: > upstream 192.0.2.7:5432 replaced by 192.0.2.9:5432",
        ),
        (
            "a log elsewhere",
            "shop-1.26: > log file moved: /var/log/shop.log -> /opt/shop.log",
        ),
        (
            "more workers",
            "shop-1.26: ~ scaled 2 -> 4: shop: worker process",
        ),
        ("another user", "db: * restarted: db"),
        (
            "a container",
            "cabin (container shop): + new service: cabin",
        ),
        (
            "a sysctl",
            "host: ~ sysctl net.core.somaxconn: 4096 -> 1000",
        ),
        ("a user", "host: + new user grace uid=1001 shell=/bin/sh"),
    ]
}
