//! Whose logs are.

use schema::records::FoundLog;

use super::*;

/// Whose each log is: of the process that holds it, or of the container that it is kept for.
#[test]
fn logs_of_containers() {
    let id = "9cde3be3c5e8efbb2e387b61bc7a4bb7117500ec5398fd804e79aa133501e209";
    let log = |path: &'static str, pid: u32| FoundLog {
        path: Text::from(path),
        found_by: Text::from("open file"),
        pid: Some(pid),
        fd: Some(9),
        target: Text::from(path),
    };
    let of_pod = log("/var/log/pods/shop_orders-0_7d1e/orders/0.log", 500);
    let of_docker = log(
        "/var/lib/docker/containers/5d9d81944193be406d19b57844c1c9e4e3139cfa26acb637959f660f2e514fa3/5d9d81944193be406d19b57844c1c9e4e3139cfa26acb637959f660f2e514fa3-json.log",
        500,
    );
    let (own, nobodys) = (log("/srv/app/x", 812), log("/srv/y", 500));
    let config = br#"{"annotations":{"io.kubernetes.cri.container-name":"orders","io.kubernetes.cri.sandbox-name":"orders-0","io.kubernetes.cri.sandbox-namespace":"shop"}}"#;
    let cgroup = format!("0::/system.slice/docker-{id}.scope\n");
    let (rows, _) = extract(
        "log_files",
        &[
            (
                &format!("/run/containerd/io.containerd.runtime.v2.task/k8s.io/{id}/config.json"),
                config,
            ),
            ("/proc/812/cgroup", cgroup.as_bytes()),
            ("/proc/500/cgroup", b"0::/system.slice/containerd.service\n"),
        ],
        &[
            Record::FoundLog(&of_pod),
            Record::FoundLog(&of_docker),
            Record::FoundLog(&own),
            Record::FoundLog(&nobodys),
        ],
    );
    let containers: Vec<Option<&str>> = rows
        .iter()
        .map(|row| {
            let (_, rest) = row.split_once("container_id='")?;
            rest.get(..5)
        })
        .collect();
    assert_eq!(
        containers,
        [Some("9cde3"), None, Some("5d9d8"), Some("9cde3")],
        "{rows:?}"
    );
}
