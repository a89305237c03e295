//! What a deploy changes: some sixty changes are planted on a host in namespaces, by real processes and files, and each is told
//! once, in its place, and nothing else is.
//!
//! The host is captured after each change. So the difference of two captures in turn is that one change, that of the first two,
//! between which nothing was done, is empty, and that of the first and the last is all of them together.
#![cfg(test)]

#[path = "../../common/mod.rs"]
mod common;
mod plants;
mod world;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::namespace::{Place, enter_as, inside, new_namespaces};
use common::{succeed, wait_for};
use world::{World, bind, differences, differences_by};

/// Whether programs are there that a test needs; else it is skipped.
fn has(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| !common::has(program));
    if let Some(program) = missing {
        common::skip("scenario_deploy", &format!("needs {program}"));
    }
    missing.is_none()
}

#[test]
fn each_change_is_told_once_and_nothing_else() {
    if !has(&["perl"]) || !inside("each_change_is_told_once_and_nothing_else") {
        return;
    }
    let mut world = World::new();
    let mut wrong = Vec::new();
    let mut before = world.capture();
    let idle = world.capture();
    let told = differences(&before, &idle, &[]);
    if !told.is_empty() {
        wrong.push(format!("nothing was done, and it tells {told:#?}"));
    }
    let first = before;
    before = idle;
    let (mut all, mut done) = (Vec::new(), 0_usize);
    for plant in plants::all() {
        if let Some(reason) = (plant.act)(&mut world) {
            common::skip(&format!("scenario_deploy: {}", plant.name), &reason);
            // What it got done is not the next one's.
            before = world.capture();
            continue;
        }
        let after = world.capture();
        let told = differences(&before, &after, &[]);
        let mut expected: Vec<String> = plant.told.iter().map(|line| (*line).to_owned()).collect();
        expected.sort();
        if told != expected {
            wrong.push(format!(
                "{}: it tells {told:#?}\ninstead of {expected:#?}",
                plant.name
            ));
        }
        for line in told {
            all.push((plant.name, line));
        }
        before = after;
        done += 1;
    }
    // All of them together: what is there at the end, and was not at the beginning.
    let together = differences(&first, &before, &[]);
    for (name, line) in plants::lasting() {
        if !together.iter().any(|told| told == line) {
            wrong.push(format!("all together: {name}: no {line} in {together:#?}"));
        }
    }
    let mut once = together.clone();
    once.dedup();
    if once != together {
        wrong.push(format!("something is told twice: {together:#?}"));
    }
    assert!(done > 30, "only {done} changes could be planted");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Freezes the host as somebody who may see little of it, and without the key of the case.
fn capture_as_nobody() -> PathBuf {
    let bundle = PathBuf::from("/mnt/tmp/nobody.tar.zst");
    let mut capture = Command::new("setpriv");
    capture
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args(["/mnt/capture", "-q", "-o"])
        .arg(&bundle);
    succeed(&mut capture, &[0, 1]);
    bundle
}

#[test]
fn what_one_side_could_not_see_is_unknown() {
    if !has(&["perl"]) || !inside("what_one_side_could_not_see_is_unknown") {
        return;
    }
    let mut world = World::new();
    let all = world.capture();
    let little = capture_as_nobody();
    for told in [
        differences(&all, &little, &[]),
        differences(&little, &all, &[]),
    ] {
        assert!(
            !told.is_empty() && told.iter().all(|line| line.starts_with("host: ? ")),
            "{told:#?}"
        );
    }

    // Under another key nobody knows whether any of many secrets is another one.
    let secret = |world: &mut World, count: u32| {
        world.restart("shop-1.24", |shop| {
            for number in 0..count {
                shop.environment
                    .insert(format!("TOKEN_{number}"), format!("b2e7c1d9a4f8{number}"));
            }
        });
    };
    secret(&mut world, 40);
    let before = world.capture_under("/mnt/tmp/one");
    secret(&mut world, 40);
    let after = world.capture_under("/mnt/tmp/other");
    let told = differences(&before, &after, &[]);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].starts_with("host: ? whether secrets changed"),
        "{told:#?}"
    );
    assert_eq!(told[1], "shop-1.24: * restarted: shop-1.24");
}

/// Where the captures of both boots and the programs lie, which outlive the first one.
const DISK: &str = "FREEZEFRAME_DISK";

#[test]
fn nothing_is_new_because_of_a_reboot() {
    const TEST: &str = "nothing_is_new_because_of_a_reboot";
    if !has(&["perl"]) {
        return;
    }
    if let Some(disk) = std::env::var_os(DISK) {
        return booted(Path::new(&disk));
    }
    // Not below a directory that the host inside covers.
    let disk = tempfile::Builder::new()
        .prefix("freezeframe-")
        .tempdir_in("/tmp")
        .unwrap();
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
    let uptime: u64 = uptime.split('.').next().unwrap().parse().unwrap();
    // The clocks that count from the boot begin anew, if this system lets them.
    let shorter = format!("--boottime=-{}", uptime / 2);
    let begun_anew = ["--time", shorter.as_str()];
    let second = new_namespaces(&begun_anew).map_or(&[][..], |_| &begun_anew);
    for options in [&[], second] {
        let environment = [(DISK, disk.path().into())];
        match enter_as(TEST, options, &environment) {
            Place::After => {}
            Place::Inside | Place::Nowhere => return,
        }
    }
    let [first, second] = ["1", "2"].map(|boot| disk.path().join(boot).with_extension("tar.zst"));
    let analyze = common::program("analyze");
    let told = differences_by(&analyze, &first, &second, &[]);
    assert_eq!(told, Vec::<String>::new());
    let report = Command::new(&analyze)
        .arg("diff")
        .args([&first, &second])
        .output()
        .unwrap();
    let text = String::from_utf8(report.stdout).unwrap();
    assert!(text.contains("booted in between"), "{text}");
}

/// Inside: the host of a boot, with other process ids, interfaces and names of namespaces than in the other one.
fn booted(disk: &Path) {
    let boot = if disk.join("1.tar.zst").exists() {
        "2"
    } else {
        "1"
    };
    let mut world = World::on(Some(disk));
    let id = PathBuf::from("/mnt/boot_id");
    std::fs::write(&id, format!("6f9619ff-8b86-d011-b42d-00c04fc964f{boot}\n")).unwrap();
    bind(&id, Path::new("/proc/sys/kernel/random/boot_id"));
    if boot == "2" {
        for _ in 0..30 {
            succeed(&mut Command::new("true"), &[0]);
        }
        world.restart("db", |_| {});
        world.restart("shop-1.24", |_| {});
    }
    let bundle = world.capture_under(disk.join("key").to_str().unwrap());
    std::fs::copy(bundle, disk.join(boot).with_extension("tar.zst")).unwrap();
}

#[test]
fn nothing_is_new_on_a_host_that_serves() {
    if !has(&["perl", "nginx"]) || !inside("nothing_is_new_on_a_host_that_serves") {
        return;
    }
    let mut world = World::new();
    let _serving = world.serve();
    let served = || {
        std::fs::read("/var/log/access.log")
            .unwrap_or_default()
            .len()
    };
    wait_for("many requests", || (served() > 10_000).then_some(()));
    let before = world.capture();
    let begin = served();
    std::thread::sleep(Duration::from_secs(5));
    assert!(served() > begin + 2_000, "it does not serve any more");
    let after = world.capture();
    let told = differences(&before, &after, &[]);
    assert_eq!(told, Vec::<String>::new());
    // What came and went between is there for who asks.
    let all = differences(&before, &after, &["--all-columns"]);
    assert!(!all.is_empty());
}
