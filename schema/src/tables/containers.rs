//! Table `containers`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Containers, as far as the host tells without its runtimes being asked: control groups and mounts of the processes, command
    /// lines of the shims that keep them, and the files in which runtimes keep their state (Docker's `config.v2.json`, the
    /// `config.json` of a task of containerd, `containers.json` of Podman and CRI-O). One row for each identity; and one without identity for each PID namespace that is not that of
    /// process 1 and in which no process belongs to a known container.
    pub struct Container<'a> in "containers" {
        sources: [
            Source::Process("cgroup"), Source::Process("cmdline"), Source::Process("stat"), Source::Process("status"),
            Source::MountNamespace("mountinfo"), Source::Evidence("process_links"),
            Source::ContainerState("config.v2.json"), Source::ContainerState("config.json"),
            Source::ContainerState("containers.json"),
        ],
        key: [id, pid_namespace],
        logical_key: [runtime, name, image, pod_namespace, pod_name],
        volatile: [root_pid, process_count, started, pid_namespace, net_namespace, mount_namespace],
        /// Identity: 64 hexadecimal digits; for LXC, systemd-nspawn, and what `ctr` made, the name. NULL where nothing names one that has
        /// the length it must have.
        id: Option<Text<'a>>,
        /// `docker`, `containerd`, `cri-o`, `podman`, `lxc` or `systemd-nspawn`; `none` for a namespace without identity; NULL where the
        /// control group leaves it open, as with those of Kubernetes without systemd.
        runtime: Option<Text<'a>>,
        /// Name that it was given; NULL where nothing tells.
        name: Option<Text<'a>>,
        /// Image it was made from; NULL where nothing tells.
        image: Option<Text<'a>>,
        /// Name of the Kubernetes pod; NULL where nothing tells.
        pod_name: Option<Text<'a>>,
        /// Kubernetes namespace of the pod; NULL where nothing tells.
        pod_namespace: Option<Text<'a>>,
        /// Identity of the pod, from the control group; NULL outside of Kubernetes.
        pod_uid: Option<Text<'a>>,
        /// The first process, whose parent is not in the container; NULL where no process is left.
        root_pid: Option<u32>,
        /// Processes in it.
        process_count: u32,
        /// Path of the control group of the first process; NULL where it is not told.
        cgroup_path: Option<Text<'a>>,
        /// Inode of the PID namespace of the first process.
        pid_namespace: Option<u64>,
        /// Inode of its network namespace.
        net_namespace: Option<u64>,
        /// Inode of its mount namespace.
        mount_namespace: Option<u64>,
        /// When the first process was started, epoch seconds; NULL where that is not known.
        started: Option<i64>,
        /// `running`, or what the runtime's file says, else `stopped`, where no process is in it.
        state: Text<'a>,
        /// File that the runtime writes its output to; NULL where nothing tells.
        log_path: Option<Text<'a>>,
        /// What names it: `cgroup`, `mount`, `shim`, `state`, `namespace`, comma-separated.
        known_from: Text<'a>,
    }
}
