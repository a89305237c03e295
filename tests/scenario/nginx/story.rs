//! What happens in the scenario, drawn at random: the same seed tells the same story.

/// Values drawn from a seed, by splitmix64.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` up to, not including, `high`.
    fn below<N: TryFrom<u64>>(&mut self, low: u64, high: u64) -> N {
        let number = low + self.next() % (high - low);
        N::try_from(number)
            .ok()
            .expect("the range fits the type of the number")
    }

    fn word(&mut self) -> String {
        let syllables = [
            "ba", "do", "fe", "gi", "ku", "la", "me", "no", "ri", "su", "ta", "vo",
        ];
        (0..3)
            .map(|_| syllables[self.below::<usize>(0, 12)])
            .collect()
    }

    fn hex(&mut self, digits: usize) -> String {
        let digit = |number| char::from_digit(number, 16).expect("it is below 16");
        (0..digits).map(|_| digit(self.below(0, 16))).collect()
    }

    /// A number that was not drawn before.
    fn unlike<N: TryFrom<u64> + PartialEq + Copy>(
        &mut self,
        low: u64,
        high: u64,
        drawn: &[N],
    ) -> N {
        loop {
            let number = self.below(low, high);
            if !drawn.contains(&number) {
                return number;
            }
        }
    }
}

/// A link of the host to another network namespace.
pub(crate) struct Link {
    /// Name of its end on the host.
    pub(crate) name: String,
    /// Address of the host on it.
    pub(crate) host: String,
    /// Address of the other end.
    pub(crate) peer: String,
}

/// A command in a history that names another host, as `history_hosts` tells it.
pub(crate) struct Visit {
    pub(crate) username: String,
    pub(crate) program: &'static str,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) command: String,
}

/// The process that the kernel kills.
pub(crate) struct Hog {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) oom_score_adj: i32,
    /// Last component of its control group.
    pub(crate) cgroup: String,
}

/// Names, ports and addresses of one run.
pub(crate) struct Story {
    pub(crate) container_id: String,
    /// The container's control group, below the one that the test makes.
    pub(crate) container_cgroup: String,
    /// What the view `process_units` calls such a container.
    pub(crate) unit: String,
    pub(crate) shim: String,
    pub(crate) client: Link,
    pub(crate) web: Link,
    pub(crate) upstream: Link,
    /// Port of the host that is translated to nginx's.
    pub(crate) published_port: u16,
    pub(crate) web_port: u16,
    pub(crate) upstream_port: u16,
    pub(crate) requests: u32,
    /// User and group of nginx's workers, with their number.
    pub(crate) worker: (String, u32),
    /// Another user with a home.
    pub(crate) person: (String, u32),
    pub(crate) root_history: String,
    pub(crate) person_history: String,
    pub(crate) visits: Vec<Visit>,
    pub(crate) hog: Hog,
}

impl Story {
    pub(crate) fn from_seed(seed: u64) -> Story {
        let draw = &mut Draw(seed);
        let container_id = draw.hex(64);
        let (container_cgroup, runtime) = control_group(draw, &container_id);
        let [client, web, upstream] = links(draw);
        let published_port = draw.below(1025, 32_000);
        let web_port = draw.unlike(1025, 32_000, &[published_port]);
        let upstream_port = draw.unlike(1025, 32_000, &[published_port, web_port]);
        let worker = (format!("www{}", draw.word()), draw.below(20_000, 30_000));
        let person = (draw.word(), draw.below(30_000, 40_000));
        let (root_history, person_history, visits) = histories(draw, &person.0);
        Story {
            unit: format!("{runtime} {container_id:.12}"),
            container_id,
            container_cgroup,
            shim: format!("shim-{}", draw.word()),
            client,
            web,
            upstream,
            published_port,
            web_port,
            upstream_port,
            requests: draw.below(2, 6),
            worker,
            person,
            root_history,
            person_history,
            visits,
            hog: Hog {
                name: format!("hog-{}", draw.word()),
                uid: draw.below(40_000, 50_000),
                oom_score_adj: draw.below(1, 1000),
                cgroup: format!("job-{}", draw.word()),
            },
        }
    }
}

/// A control group as one of the container runtimes names it, and what the runtime is called.
fn control_group(draw: &mut Draw, id: &str) -> (String, &'static str) {
    let pod = format!(
        "pod{}-{}-{}-{}-{}",
        draw.hex(8),
        draw.hex(4),
        draw.hex(4),
        draw.hex(4),
        draw.hex(12)
    );
    match draw.below::<u8>(0, 5) {
        0 => (format!("system.slice/docker-{id}.scope"), "docker"),
        1 => (format!("docker/{id}"), "docker"),
        2 => (format!("machine.slice/libpod-{id}.scope"), "podman"),
        3 => (format!("kubepods/burstable/{pod}/{id}"), "kubernetes"),
        _ => {
            let pod = pod.replace('-', "_");
            let slice = format!("kubepods-besteffort-{pod}.slice");
            (
                format!(
                    "kubepods.slice/kubepods-besteffort.slice/{slice}/cri-containerd-{id}.scope"
                ),
                "containerd",
            )
        }
    }
}

/// Each of the documentation networks, for one of the links.
fn links(draw: &mut Draw) -> [Link; 3] {
    let mut networks = vec!["192.0.2", "198.51.100", "203.0.113"];
    std::array::from_fn(|_| {
        let left = u64::try_from(networks.len()).expect("three at most");
        let network = networks.remove(draw.below::<usize>(0, left));
        let host = draw.below::<u8>(1, 255);
        let peer = draw.unlike(1, 255, &[host]);
        Link {
            name: format!("veth{}", draw.hex(7)),
            host: format!("{network}.{host}"),
            peer: format!("{network}.{peer}"),
        }
    })
}

/// root's history, without times, the other user's, with times, and the hosts that their commands name.
fn histories(draw: &mut Draw, person: &str) -> (String, String, Vec<Visit>) {
    let mut visits = Vec::new();
    let mut visit =
        |username: &str, program, host: &str, port, user: Option<&str>, command: String| {
            visits.push(Visit {
                username: username.to_owned(),
                program,
                host: host.to_owned(),
                port,
                user: user.map(str::to_owned),
                command: command.clone(),
            });
            command
        };
    let name = |draw: &mut Draw| format!("{}.{}.example", draw.word(), draw.word());
    let address = format!("192.0.2.{}", draw.below::<u8>(1, 255));
    let mut root = vec!["cd /etc/nginx".to_owned()];
    root.push(visit(
        "root",
        "ssh",
        &address,
        None,
        None,
        format!("ssh {address}"),
    ));
    let (host, port, user) = (name(draw), draw.below::<u16>(1025, 32_000), draw.word());
    root.push(visit(
        "root",
        "ssh",
        &host,
        Some(port),
        Some(&user),
        format!("ssh -p {port} -o BatchMode=yes {user}@{host} uptime"),
    ));
    root.push(format!("# ssh {}", name(draw)));
    root.push("tail -f /var/log/syslog".to_owned());
    let mut other = Vec::new();
    let host = name(draw);
    other.push(visit(
        person,
        "ssh",
        &host,
        None,
        None,
        format!("ssh -v {host}"),
    ));
    other.push(format!("echo ssh {}", name(draw)));
    let (host, user) = (name(draw), draw.word());
    other.push(visit(
        person,
        "scp",
        &host,
        None,
        Some(&user),
        format!("scp -r site.tar {user}@{host}:/srv/"),
    ));
    let mut time = draw.below::<u64>(1_700_000_000, 1_760_000_000);
    let mut timed = String::new();
    for command in other {
        timed = format!("{timed}#{time}\n{command}\n");
        time += draw.below::<u64>(1, 5000);
    }
    let mut plain = root.join("\n");
    plain.push('\n');
    (plain, timed, visits)
}
