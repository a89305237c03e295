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

/// The descriptor by which the engine holds a file open.
fn descriptor(engine: &Engine, path: &str) -> String {
    let directory = format!("/proc/{}/fd", engine.daemon.0.id());
    let entries = std::fs::read_dir(directory).unwrap();
    let found = entries.flatten().find(|entry| {
        std::fs::read_link(entry.path()).is_ok_and(|target| target == Path::new(path))
    });
    found.unwrap().file_name().into_string().unwrap()
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
    // Nobody knows the path beforehand.
    let name = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let directory = format!("/d{}", name.as_nanos());
    let script = format!(
        "echo said to everybody; echo 'ERROR said to everybody' >&2; busybox mkdir {directory}; exec 3>>{directory}/file;
         echo '2026-11-24 08:00:00,250 ERROR [main] written to a file' >&3; exec busybox sleep 600"
    );
    let command = ["invented/image:7", "busybox", "sh", "-c", &script];
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

    // The engine writes down what it was told to, and the script comes to its end, in their own time.
    common::wait_for("the output of the container", || {
        let written = std::fs::read_to_string(&log).ok()?.lines().count() == 2;
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        (written && command.starts_with(b"busybox\0sleep")).then_some(())
    });
    let bundle = place.join("bundle.tar.zst");
    let mut capture = Command::new("/mnt/capture");
    capture.args(["-q", "--no-known-logs", "-o"]).arg(&bundle);
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
    // What it said and what it wrote, under its name.
    let mut show = Command::new("/mnt/analyze");
    show.args([
        "show",
        "logs",
        "--service",
        "invented-web",
        "--format",
        "json",
    ])
    .arg(&bundle);
    let shown = run_within(&mut show, LIMIT);
    let shown: Vec<serde_json::Value> = serde_json::from_slice(&shown.stdout).unwrap();
    let mut shown: Vec<_> = shown
        .iter()
        .map(|row| {
            ["Service", "Severity", "Message"].map(|name| row[name].as_str().map(str::to_owned))
        })
        .collect();
    shown.sort();
    let row = |severity: Option<&str>, message: &str| {
        [Some("invented-web"), severity, Some(message)].map(|value| value.map(str::to_owned))
    };
    let expected = [
        row(None, "said to everybody"),
        row(Some("err"), "ERROR [main] written to a file"),
        row(Some("err"), "ERROR said to everybody"),
    ];
    assert_eq!(shown, expected);
    expect_rows(
        &bundle,
        &format!(
            "SELECT path, found_by, pid = {pid}, fd, target, container_id FROM log_files
             WHERE container_id IS NOT NULL AND outcome = 'collected' ORDER BY path LIKE '/proc/%' DESC"
        ),
        &format!(
            "/proc/{pid}/root{directory}/file | open file | 1 | 3 | {directory}/file | {id}\n\
             {log} | open file | 0 | {} | {log} | {id}",
            descriptor(&engine, &log)
        ),
    );
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
