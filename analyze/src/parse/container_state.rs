//! The files in which container runtimes keep what they know: Docker's `config.v2.json`, the `config.json` of a task of containerd
//! (the OCI runtime specification, with annotations), and `containers.json` of Podman and CRI-O.

use serde_json::Value;

/// What a file says of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) runtime: Option<&'static str>,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) pod_name: Option<String>,
    pub(crate) pod_namespace: Option<String>,
    /// `running`, `paused`, `exited`, `created`, ...; `None` where the file does not say.
    pub(crate) status: Option<String>,
    pub(crate) log_path: Option<String>,
}

fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// Reads Docker's file of one container.
pub(crate) fn docker(input: &[u8]) -> Option<State> {
    let value: Value = serde_json::from_slice(input).ok()?;
    let config = value.get("Config");
    let label = |name: &str| text(config?.get("Labels")?.get(name));
    let state = value.get("State");
    let is = |name: &str| {
        let flag = state.and_then(|state| state.get(name));
        flag.and_then(Value::as_bool).unwrap_or(false)
    };
    let name = text(value.get("Name"))?;
    Some(State {
        runtime: Some("docker"),
        id: text(value.get("ID"))?,
        name: Some(name.strip_prefix('/').unwrap_or(&name).to_owned()),
        image: config.and_then(|config| text(config.get("Image"))),
        pod_name: label("io.kubernetes.pod.name"),
        pod_namespace: label("io.kubernetes.pod.namespace"),
        status: state.map(|state| {
            let status = if is("Paused") {
                "paused"
            } else if is("Restarting") {
                "restarting"
            } else if is("Running") {
                "running"
            } else if is("Dead") {
                "dead"
            } else if text(state.get("StartedAt")).is_none_or(|at| at.starts_with("0001-")) {
                "created"
            } else {
                "exited"
            };
            status.to_owned()
        }),
        log_path: text(value.get("LogPath")),
    })
}

/// Reads the specification of a task. Its identity is the name of the directory that the file lies in.
pub(crate) fn task(input: &[u8], path: &[u8]) -> Option<State> {
    let value: Value = serde_json::from_slice(input).ok()?;
    let path = std::str::from_utf8(path).ok()?;
    let id = path.rsplit('/').nth(1)?;
    let annotations = value.get("annotations");
    let annotation = |name: &str| text(annotations?.get(name));
    let is_sandbox =
        annotation("io.kubernetes.cri.container-type").is_some_and(|kind| kind == "sandbox");
    Some(State {
        id: id.to_owned(),
        name: annotation("io.kubernetes.cri.container-name")
            // The one that holds the namespaces of a pod has no name of its own.
            .or_else(|| is_sandbox.then(|| "POD".to_owned())),
        image: annotation("io.kubernetes.cri.image-name"),
        pod_name: annotation("io.kubernetes.cri.sandbox-name"),
        pod_namespace: annotation("io.kubernetes.cri.sandbox-namespace"),
        ..State::default()
    })
}

/// Reads the list of Podman and CRI-O.
pub(crate) fn storage(input: &[u8]) -> Option<Vec<State>> {
    let value: Value = serde_json::from_slice(input).ok()?;
    let containers = value.as_array()?.iter().filter_map(|container| {
        let names = container.get("names").and_then(Value::as_array);
        // JSON in a string.
        let metadata: Option<Value> = text(container.get("metadata"))
            .and_then(|metadata| serde_json::from_str(&metadata).ok());
        let known = |name: &str| text(metadata.as_ref()?.get(name));
        let pod_name = known("pod-name");
        Some(State {
            runtime: Some(if pod_name.is_some() {
                "cri-o"
            } else {
                "podman"
            }),
            id: text(container.get("id"))?,
            name: known("name").or_else(|| text(names?.first())),
            image: known("image-name"),
            pod_name,
            pod_namespace: known("namespace"),
            ..State::default()
        })
    });
    Some(containers.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5d9d81944193be406d19b57844c1c9e4e3139cfa26acb637959f660f2e514fa3";

    #[test]
    fn docker_says() {
        let file = |state: &str| {
            format!(
                r#"{{"ID":"{ID}","Name":"/web","Created":"2026-11-24T10:00:00Z","LogPath":"/var/lib/docker/containers/x/x-json.log",
                   "Config":{{"Image":"nginx:1.26","Env":["A=b"],"Labels":{{"io.kubernetes.pod.name":"web-0"}}}},"State":{state}}}"#
            )
        };
        let state = docker(file(r#"{"Running":true,"Paused":false,"Pid":7}"#).as_bytes()).unwrap();
        assert_eq!(
            (state.name, state.image),
            (Some("web".to_owned()), Some("nginx:1.26".to_owned()))
        );
        assert_eq!(
            (state.status, state.pod_name),
            (Some("running".to_owned()), Some("web-0".to_owned()))
        );
        let status = |state: &str| docker(file(state).as_bytes()).unwrap().status;
        assert_eq!(
            status(r#"{"Running":true,"Paused":true}"#),
            Some("paused".to_owned())
        );
        assert_eq!(
            status(r#"{"StartedAt":"2026-11-24T10:00:00Z"}"#),
            Some("exited".to_owned())
        );
        assert_eq!(
            status(r#"{"StartedAt":"0001-01-01T00:00:00Z"}"#),
            Some("created".to_owned())
        );
        for odd in ["", "{}", "[]", "{\"ID\":1}", "\u{feff}"] {
            assert_eq!(docker(odd.as_bytes()), None);
        }
    }

    #[test]
    fn a_task_of_kubernetes() {
        let file = br#"{"ociVersion":"1.1.0","annotations":{"io.kubernetes.cri.container-type":"container",
            "io.kubernetes.cri.container-name":"orders","io.kubernetes.cri.image-name":"registry.example/orders:1",
            "io.kubernetes.cri.sandbox-name":"orders-0","io.kubernetes.cri.sandbox-namespace":"shop"}}"#;
        let path = format!("/run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json");
        let state = task(file, path.as_bytes()).unwrap();
        assert_eq!(
            (state.id.as_str(), state.name),
            (ID, Some("orders".to_owned()))
        );
        assert_eq!(
            (state.pod_name, state.pod_namespace),
            (Some("orders-0".to_owned()), Some("shop".to_owned()))
        );
        let sandbox = br#"{"annotations":{"io.kubernetes.cri.container-type":"sandbox"}}"#;
        assert_eq!(
            task(sandbox, path.as_bytes()).unwrap().name,
            Some("POD".to_owned())
        );
        assert_eq!(task(b"{}", path.as_bytes()).unwrap().name, None);
        assert_eq!(task(b"", path.as_bytes()), None);
    }

    #[test]
    fn the_list_of_podman() {
        let file = format!(
            r#"[{{"id":"{ID}","names":["reports"],"image":"x","metadata":"{{\"image-name\":\"docker.example/reports:1\",\"name\":\"reports\"}}"}},
               {{"names":[]}}]"#
        );
        let states = storage(file.as_bytes()).unwrap();
        assert_eq!(states.len(), 1);
        assert_eq!(
            (states[0].runtime, &states[0].name),
            (Some("podman"), &Some("reports".to_owned()))
        );
        assert_eq!(states[0].image, Some("docker.example/reports:1".to_owned()));
        assert_eq!(storage(b"{}"), None);
    }
}
