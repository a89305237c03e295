//! Which container a control group, a mount, or the command line of a container's keeper names.
//!
//! Nothing is guessed: an identity has the length that the runtime gives it and stands where the runtime puts it. What only looks
//! like one is none.

/// Digits of the identity that all runtimes of OCI containers but LXC's and systemd's give.
const ID_LENGTH: usize = 64;

/// A container, as far as one place names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Container {
    /// `docker`, `containerd`, `cri-o`, `podman`, `lxc` or `systemd-nspawn`; `None` where several would name it so.
    pub(crate) runtime: Option<&'static str>,
    /// 64 hexadecimal digits; for LXC and systemd-nspawn the name, which is all they have.
    pub(crate) id: String,
    /// Of the Kubernetes pod that it belongs to, with dashes.
    pub(crate) pod_uid: Option<String>,
}

/// The innermost container that the path of a control group names.
pub(crate) fn of_cgroup(path: &[u8]) -> Option<Container> {
    let path = std::str::from_utf8(path).ok()?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let pod_uid = parts.iter().rev().find_map(|part| pod_uid(part));
    parts.iter().enumerate().rev().find_map(|(at, part)| {
        let above = at.checked_sub(1).and_then(|at| parts.get(at)).copied();
        let (runtime, id) = of_part(part, above.unwrap_or_default())?;
        Some(Container {
            runtime,
            id,
            pod_uid: pod_uid.clone(),
        })
    })
}

/// The container that one component names, below another one.
fn of_part(part: &str, above: &str) -> Option<(Option<&'static str>, String)> {
    // `SLICE:PREFIX:ID`, where a runtime that was told to use systemd runs without.
    if let Some((prefix, id)) = part
        .split_once(".slice:")
        .and_then(|(_, rest)| rest.split_once(':'))
    {
        return Some((Some(runtime_of(prefix)?), full_id(id)?));
    }
    let stem = part.strip_suffix(".scope").unwrap_or(part);
    if let Some((prefix, id)) = stem.rsplit_once('-')
        && let (Some(runtime), Some(id)) = (runtime_of(prefix), full_id(id))
    {
        return Some((Some(runtime), id));
    }
    if let Some(id) = full_id(part) {
        return match above {
            "docker" => Some((Some("docker"), id)),
            above if pod_uid(above).is_some() => Some((None, id)),
            _ => None,
        };
    }
    let named = |runtime, name: &str| (!name.is_empty()).then(|| (Some(runtime), name.to_owned()));
    if let Some(name) = part.strip_prefix("lxc.payload.") {
        return named("lxc", name);
    }
    if matches!(above, "lxc" | "lxc.payload") && !part.starts_with("lxc.") {
        return named("lxc", part);
    }
    if above == "machine.slice" {
        let unit = part
            .strip_prefix("systemd-nspawn@")
            .and_then(|rest| rest.strip_suffix(".service"));
        let scope = part
            .strip_prefix("machine-")
            .and_then(|rest| rest.strip_suffix(".scope"))
            // Those of libvirt: machines, and LXC containers of its own kind.
            .filter(|name| !name.starts_with("qemu\\x2d") && !name.starts_with("lxc\\x2d"));
        return named("systemd-nspawn", &unit.or(scope).map(unescaped)?);
    }
    None
}

/// The runtime that begins the names of its containers so.
fn runtime_of(prefix: &str) -> Option<&'static str> {
    match prefix {
        "docker" => Some("docker"),
        "cri-containerd" => Some("containerd"),
        "crio" => Some("cri-o"),
        "libpod" => Some("podman"),
        // Among others `libpod-conmon` and `crio-conmon`, which keep a container and are outside of it.
        _ => None,
    }
}

/// An identity of the length that it must have.
fn full_id(text: &str) -> Option<String> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    (text.len() == ID_LENGTH && text.bytes().all(is_digit)).then(|| text.to_owned())
}

/// Of `podUID`, or `...-podUID.slice` with underscores for the dashes. That of a pod of the node itself is a sum without dashes.
fn pod_uid(part: &str) -> Option<String> {
    let slice = part.split_once(".slice:").map(|(slice, _)| slice);
    let uid = match slice.or(part.strip_suffix(".slice")) {
        Some(slice) => slice.rsplit_once("-pod")?.1,
        None => part.strip_prefix("pod")?,
    };
    let uid = uid.replace('_', "-");
    let groups: Vec<usize> = uid.split('-').map(str::len).collect();
    let is_digit = |byte: u8| byte == b'-' || byte.is_ascii_hexdigit();
    let is_uid = matches!(groups.as_slice(), [8, 4, 4, 4, 12] | [32]);
    (is_uid && uid.bytes().all(is_digit)).then_some(uid)
}

/// The name of a systemd unit with `\xNN` for other bytes.
fn unescaped(name: &str) -> String {
    let bytes = super::bytes::unescape(name.as_bytes(), |rest| {
        let digits = rest.strip_prefix(b"x")?.get(..2)?;
        Some((super::bytes::hex(digits)?, 3))
    });
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The container whose files a mount puts into it: `/etc/hosts` and the like, which runtimes make for each container.
pub(crate) fn of_mount(root: &[u8], path: &[u8]) -> Option<Container> {
    if !matches!(path, b"/etc/hosts" | b"/etc/hostname" | b"/etc/resolv.conf") {
        return None;
    }
    let root = std::str::from_utf8(root).ok()?;
    let found = |runtime, id: &str| {
        Some(Container {
            runtime,
            id: full_id(id)?,
            pod_uid: None,
        })
    };
    let parts: Vec<&str> = root.split('/').collect();
    match parts.as_slice() {
        [.., "containers", id, _] => found(Some("docker"), id),
        // Podman and CRI-O keep them in the same place.
        [.., "overlay-containers", id, "userdata", _] => found(None, id),
        _ => None,
    }
}

/// The container whose output a runtime keeps in a log: Docker in `containers/ID/ID-json.log` (or `ID/local-logs/container.log`), Podman and
/// CRI-O in `overlay-containers/ID/userdata/ctr.log`.
pub(crate) fn of_log(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [.., "containers", id, name] => full_id(id).filter(|id| {
            name.strip_prefix(id.as_str())
                .is_some_and(|rest| rest.starts_with("-json.log"))
        }),
        [.., "containers", id, "local-logs", _]
        | [.., "overlay-containers", id, "userdata", "ctr.log"] => full_id(id),
        _ => None,
    }
}

/// Namespace and name of the pod, and name of its container, whose output the node keeps in a log:
/// `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/N.log`.
pub(crate) fn of_pod_log(path: &[u8]) -> Option<(String, String, String)> {
    let path = std::str::from_utf8(path).ok()?;
    let (pod, rest) = path.strip_prefix("/var/log/pods/")?.split_once('/')?;
    let (container, _) = rest.split_once('/')?;
    // None of the three can have an underscore.
    let (namespace, rest) = pod.split_once('_')?;
    let (name, _uid) = rest.split_once('_')?;
    Some((namespace.to_owned(), name.to_owned(), container.to_owned()))
}

/// Whether an identity is one of those that are long enough to be nobody else's.
pub(crate) fn is_full_id(id: &str) -> bool {
    full_id(id).is_some()
}

/// What the keeper of a container says on its command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keeper {
    pub(crate) container: Container,
    /// The name that the runtime gave it.
    pub(crate) name: Option<String>,
    /// Where containerd makes its control group if nobody says otherwise.
    pub(crate) cgroup: Option<String>,
}

/// Reads the arguments of `containerd-shim` or `conmon`.
pub(crate) fn of_keeper<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Option<Keeper> {
    let program = arguments.next()?;
    let program = program.rsplit(|byte| *byte == b'/').next()?;
    // Most programs are neither.
    if !program.starts_with(b"containerd-shim") && program != b"conmon" {
        return None;
    }
    let rest: Vec<&[u8]> = arguments.collect();
    let after = |names: &[&str]| {
        let at = rest
            .iter()
            .position(|argument| names.iter().any(|name| *argument == name.as_bytes()))?;
        std::str::from_utf8(rest.get(at.checked_add(1)?)?).ok()
    };
    if program.starts_with(b"containerd-shim") {
        let id = after(&["-id", "--id"])?;
        let namespace = after(&["-namespace", "--namespace"])?;
        let runtime = match namespace {
            "moby" => "docker",
            _ => "containerd",
        };
        return Some(Keeper {
            container: Container {
                runtime: Some(runtime),
                // Those of `ctr` may have any name.
                id: id.to_owned(),
                pod_uid: None,
            },
            name: None,
            cgroup: Some(format!("/{namespace}/{id}")),
        });
    }
    if program == b"conmon" {
        let id = full_id(after(&["-c", "--cid"])?)?;
        let name = after(&["-n", "--name"]).map(str::to_owned);
        // CRI-O names it after the pod.
        let is_cri = name.as_ref().is_some_and(|name| name.starts_with("k8s_"));
        return Some(Keeper {
            container: Container {
                runtime: Some(if is_cri { "cri-o" } else { "podman" }),
                id,
                pod_uid: None,
            },
            name,
            cgroup: None,
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5d9d81944193be406d19b57844c1c9e4e3139cfa26acb637959f660f2e514fa3";
    const OTHER: &str = "e31e6ddca9ad034775af37db744a6a35ce6f7405cdfbea41f55f9c4beb6dde97";
    const UID: &str = "7d1e5c3a-2b4f-4c6d-8e9a-0f1b2c3d4e5f";

    #[test]
    fn paths_of_all_runtimes() {
        let check = |path: &str, runtime: Option<&'static str>, id: &str, pod: bool| {
            let path = path
                .replace("UID_", &UID.replace('-', "_"))
                .replace("UID", UID)
                .replace("OTHER", OTHER)
                .replace("ID", ID);
            let expected = Container {
                runtime,
                id: id.to_owned(),
                pod_uid: pod.then(|| UID.to_owned()),
            };
            assert_eq!(of_cgroup(path.as_bytes()), Some(expected), "{path}");
        };
        let docker = Some("docker");
        check("/docker/ID", docker, ID, false);
        check("/system.slice/docker-ID.scope", docker, ID, false);
        check("/system.slice/docker-ID.scope/init", docker, ID, false);
        check("/../../system.slice/docker-ID.scope", docker, ID, false);
        check(
            "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-ID.scope",
            docker,
            ID,
            false,
        );
        // The inner one.
        check("/docker/OTHER/docker/ID", docker, ID, false);
        check("/kubepods/burstable/podUID/ID", None, ID, true);
        check("/kubepods/podUID/ID", None, ID, true);
        check(
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID_.slice/cri-containerd-ID.scope",
            Some("containerd"),
            ID,
            true,
        );
        check(
            "/system.slice/containerd.service/kubepods-besteffort-podUID_.slice:cri-containerd:ID",
            Some("containerd"),
            ID,
            true,
        );
        check(
            "/kubepods.slice/kubepods-podUID_.slice/crio-ID.scope",
            Some("cri-o"),
            ID,
            true,
        );
        check(
            "/kubepods/besteffort/podUID/crio-ID",
            Some("cri-o"),
            ID,
            true,
        );
        check(
            "/machine.slice/libpod-ID.scope/container",
            Some("podman"),
            ID,
            false,
        );
        check("/libpod_parent/libpod-ID", Some("podman"), ID, false);
        check(
            "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_OTHER.slice/libpod-ID.scope",
            Some("podman"),
            ID,
            false,
        );
        check("/lxc/web", Some("lxc"), "web", false);
        check(
            "/lxc.payload/web/system.slice/x.service",
            Some("lxc"),
            "web",
            false,
        );
        check("/lxc.payload.web/init.scope", Some("lxc"), "web", false);
        check(
            "/machine.slice/machine-web.scope/payload",
            Some("systemd-nspawn"),
            "web",
            false,
        );
        check(
            "/machine.slice/systemd-nspawn@web\\x2d1.service/payload/system.slice",
            Some("systemd-nspawn"),
            "web-1",
            false,
        );
        let of_node = format!("/kubepods/burstable/pod{}/{ID}", ID.get(..32).unwrap());
        let found = of_cgroup(of_node.as_bytes()).and_then(|container| container.pod_uid);
        assert_eq!(found.as_deref(), ID.get(..32));
    }

    #[test]
    fn what_only_looks_like_one() {
        let long = format!("{ID}0");
        let short = ID.get(..63).unwrap();
        let upper = ID.to_uppercase();
        let paths = [
            "/".to_owned(),
            "/init.scope".to_owned(),
            format!("/docker/{short}"),
            format!("/docker/{long}"),
            format!("/docker/{upper}"),
            format!("/docker/{ID}x"),
            format!("/{ID}"),
            format!("/system.slice/{ID}"),
            format!("/system.slice/docker-{short}.scope"),
            format!("/system.slice/docker-{long}.scope"),
            format!("/system.slice/mydocker-{ID}.scope"),
            format!("/system.slice/docker-{ID}.service"),
            format!("/user.slice/podman-{ID}.scope"),
            format!("/user.slice/libpod-conmon-{ID}.scope"),
            format!("/libpod_parent/libpod-conmon-{ID}"),
            format!("/kubepods/besteffort/pod{short}/{ID}"),
            format!("/kubepods/besteffort/pod{UID}x/{ID}"),
            format!("/x.slice:cri-containerd:{short}"),
            format!("/x.slice:other:{ID}"),
            "/lxc.monitor.web".to_owned(),
            "/lxc/lxc.monitor.web".to_owned(),
            "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope".to_owned(),
            "/machine.slice/machine-.scope".to_owned(),
            "/user.slice/machine-web.scope".to_owned(),
        ];
        for path in paths {
            assert_eq!(of_cgroup(path.as_bytes()), None, "{path}");
        }
        assert_eq!(of_cgroup(b"/docker/\xff"), None);
    }

    #[test]
    fn files_that_runtimes_make() {
        let of = |root: String, path: &str| {
            let found = of_mount(root.as_bytes(), path.as_bytes());
            found.map(|container| (container.runtime, container.id == ID))
        };
        let docker = Some((Some("docker"), true));
        assert_eq!(
            of(
                format!("/var/lib/docker/containers/{ID}/hosts"),
                "/etc/hosts"
            ),
            docker
        );
        assert_eq!(
            of(format!("/docker/containers/{ID}/hostname"), "/etc/hostname"),
            docker
        );
        let podman = format!("/containers/storage/overlay-containers/{ID}/userdata/hosts");
        assert_eq!(of(podman, "/etc/hosts"), Some((None, true)));
        assert_eq!(
            of(
                format!("/var/lib/docker/containers/{ID}/hosts"),
                "/srv/hosts"
            ),
            None
        );
        assert_eq!(
            of(
                format!("/var/lib/docker/containers/{}/hosts", ID.get(1..).unwrap()),
                "/etc/hosts"
            ),
            None
        );
        assert_eq!(of(format!("/{ID}/hosts"), "/etc/hosts"), None);
    }

    #[test]
    fn keepers() {
        let of = |line: &str| {
            let line = line.replace("ID", ID);
            let arguments = line.split(' ').map(str::as_bytes);
            of_keeper(arguments)
                .map(|keeper| (keeper.container.runtime, keeper.container.id, keeper.name))
        };
        let found = |runtime, id: &str, name: Option<&str>| {
            Some((Some(runtime), id.to_owned(), name.map(str::to_owned)))
        };
        assert_eq!(
            of("/usr/bin/containerd-shim-runc-v2 -namespace moby -id ID -address /x"),
            found("docker", ID, None)
        );
        assert_eq!(
            of("containerd-shim-runc-v2 -namespace k8s.io -id ID"),
            found("containerd", ID, None)
        );
        assert_eq!(
            of("containerd-shim-runc-v2 -namespace default -id web"),
            found("containerd", "web", None)
        );
        assert_eq!(
            of("/usr/bin/conmon --api-version 1 -c ID -u ID -n web"),
            found("podman", ID, Some("web"))
        );
        let name = "k8s_web_web-1_default_x_0";
        assert_eq!(
            of(&format!("conmon -c ID -n {name}")),
            found("cri-o", ID, Some(name))
        );
        for none in [
            "",
            "conmon -c 12",
            "containerd-shim -id",
            "bash -id ID -namespace moby",
            "conmon",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn logs_that_runtimes_keep() {
        let id = "5d9d81944193be406d19b57844c1c9e4e3139cfa26acb637959f660f2e514fa3";
        let check = |path: String, is_found: bool| {
            assert_eq!(
                of_log(path.as_bytes()).as_deref(),
                is_found.then_some(id),
                "{path}"
            );
        };
        check(
            format!("/var/lib/docker/containers/{id}/{id}-json.log"),
            true,
        );
        check(format!("/srv/docker/containers/{id}/{id}-json.log.1"), true);
        check(
            format!("/srv/docker/containers/{id}/local-logs/container.log"),
            true,
        );
        check(
            format!("/srv/storage/overlay-containers/{id}/userdata/ctr.log"),
            true,
        );
        check(format!("/srv/docker/containers/{id}/other-json.log"), false);
        check(
            format!("/srv/docker/containers/{id}0/{id}0-json.log"),
            false,
        );
        check(format!("/srv/{id}/{id}-json.log"), false);
        let pod = |path: &str| of_pod_log(path.as_bytes());
        let names = |path: &str| pod(path).map(|(namespace, pod, name)| [namespace, pod, name]);
        assert_eq!(
            names("/var/log/pods/shop_orders-7d_8b6bd2b5-0d1f-4a8e-9a63-1a3b/orders/0.log"),
            Some(["shop", "orders-7d", "orders"].map(str::to_owned))
        );
        for odd in [
            "/var/log/pods/",
            "/var/log/pods/a/b/0.log",
            "/var/log/pods/a_b/c/0.log",
            "/var/log/x",
            "/var/log/pods/a_b_c/d",
        ] {
            assert_eq!(pod(odd), None, "{odd}");
        }
    }
}
