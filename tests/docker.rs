//! A real Docker engine with a data root of its own: what it runs is told without it being asked.
#![cfg(test)]

mod common;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::namespace::{inside, open_directory};
use common::{Guard, expect_rows, has, rows, run_within, skip, succeed};

const LIMIT: Duration = Duration::from_secs(70);
const WHAT: &str = "a real Docker engine";
const SOCKET: &str = "unix:///run/docker.sock";

fn docker(arguments: &[&str]) -> Output {
    let mut command = Command::new("docker");
    command.args(["-H", SOCKET]).args(arguments);
    run_within(&mut command, LIMIT)
}

fn answer(arguments: &[&str]) -> String {
    let output = docker(arguments);
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Ends the containers, the engine, and the directories of control groups that it leaves.
struct Engine {
    daemon: Guard,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let all = docker(&["ps", "-aq"]);
        for id in String::from_utf8_lossy(&all.stdout).split_whitespace() {
            docker(&["rm", "-f", id]);
        }
        for group in std::fs::read_dir("/sys/fs/cgroup")
            .into_iter()
            .flatten()
            .flatten()
        {
            // Only where nothing is in it.
            let _ = std::fs::remove_dir(group.path().join("docker"));
        }
    }
}

/// Starts an engine, or says why it does not start.
fn start(place: &Path) -> Result<Engine, String> {
    succeed(
        Command::new("sh").args([
            "-ec",
            "mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/log",
        ]),
        &[0],
    );
    let log = place.join("dockerd.log");
    let file = File::create(&log).unwrap();
    let mut daemon = Command::new("dockerd");
    daemon
        .arg("--data-root")
        .arg(place.join("docker"))
        .args([
            "--exec-root",
            "/run/docker-exec",
            "--pidfile",
            "/run/docker.pid",
            "-H",
            SOCKET,
        ])
        .args([
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
            "--storage-driver",
            "vfs",
        ])
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file);
    let daemon = daemon.spawn().map_err(|error| error.to_string())?;
    let mut engine = Engine {
        daemon: Guard(daemon),
    };
    for _ in 0..200 {
        if docker(&["info"]).status.success() {
            return Ok(engine);
        }
        if engine
            .daemon
            .0
            .try_wait()
            .is_ok_and(|ended| ended.is_some())
        {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let last = text.lines().next_back().unwrap_or_default().to_owned();
    Err(format!("the engine does not start here: {last}"))
}

#[test]
fn what_a_docker_engine_runs() {
    if !inside("what_a_docker_engine_runs") {
        return;
    }
    for program in ["dockerd", "docker", "busybox", "tar"] {
        if !has(program) {
            skip(WHAT, &format!("{program} is not installed"));
            return;
        }
    }
    let place = open_directory().join("tmp");
    let engine = match start(&place) {
        Ok(engine) => engine,
        Err(reason) => {
            skip(WHAT, &reason);
            return;
        }
    };
    let script = format!(
        "mkdir -p {0}/image/bin && cp \"$(command -v busybox)\" {0}/image/bin/busybox && ln -s busybox {0}/image/bin/sleep
         tar -C {0}/image -c . | docker -H {SOCKET} import - invented/image:7 > {0}/imported",
        place.display()
    );
    succeed(Command::new("sh").args(["-ec", &script]), &[0]);
    let run = ["run", "-d", "--name", "invented-web", "--network", "none"];
    let limits = [
        "-e",
        "DB_PASSWORD=pl0ver-pl0ver",
        "-m",
        "48m",
        "--pids-limit",
        "31",
    ];
    let command = ["invented/image:7", "sleep", "600"];
    let id = answer(&[&run[..], &limits, &command].concat());
    let idle = answer(&[
        "create",
        "--name",
        "invented-idle",
        "--network",
        "none",
        "invented/image:7",
        "sleep",
        "1",
    ]);
    let pid = answer(&["inspect", "-f", "{{.State.Pid}}", &id]);
    let log = answer(&["inspect", "-f", "{{.LogPath}}", &id]);

    let bundle = place.join("bundle.tar.zst");
    let mut capture = Command::new("/mnt/capture");
    capture.args(["-q", "-o"]).arg(&bundle);
    let ended = run_within(&mut capture, LIMIT);
    assert!(matches!(ended.status.code(), Some(0 | 1)), "{ended:?}");
    expect_rows(
        &bundle,
        "SELECT id, runtime, name, image, root_pid, process_count, state, log_path, known_from FROM containers
         ORDER BY name DESC",
        &format!(
            "{id} | docker | invented-web | invented/image:7 | {pid} | 1 | running | {log} | cgroup,shim,state\n\
             {idle} | docker | invented-idle | invented/image:7 | NULL | 0 | created | NULL | state"
        ),
    );
    expect_rows(
        &bundle,
        &format!("SELECT pid, container_id FROM processes WHERE pid = {pid}"),
        &format!("{pid} | {id}"),
    );
    let figures = rows(
        &bundle,
        "SELECT max(memory_max), max(pids_max), max(pids_current) FROM cgroups WHERE container_id IS NOT NULL",
    );
    let expected = serde_json::json!([[48 << 20, 31, 1]]);
    if answer(&["info", "-f", "{{.MemoryLimit}} {{.PidsLimit}}"]) == "true true" {
        assert_eq!(serde_json::to_value(&figures).unwrap(), expected);
    } else {
        skip("figures of a container", "this kernel has no limits for it");
    }
    // The engine keeps the environment in a file, and so does the shim.
    let tar = Command::new("sh")
        .args(["-c", "zstd -dc \"$0\" | grep -a -c pl0ver-pl0ver"])
        .arg(&bundle)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&tar.stdout).trim(), "0");
    expect_rows(
        &bundle,
        "SELECT count(*) FROM collection_log WHERE path GLOB '*/config*.json' AND redactions > 0",
        "2",
    );
    drop(engine);
}
