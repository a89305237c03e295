//! What a deploy changes: some fifty changes are planted on a host in namespaces, by real processes and files, and each is told
//! once, in its place, and nothing else is.
//!
//! The host is captured after each change. So the difference of two captures in turn is that one change, that of the first two,
//! between which nothing was done, is empty, and that of the first and the last is all of them together.
#![cfg(test)]

#[path = "../../common/mod.rs"]
mod common;
mod plants;
mod world;

use std::path::PathBuf;
use std::process::Command;

use common::namespace::inside;
use common::succeed;
use world::{World, differences};

#[test]
fn each_change_is_told_once_and_nothing_else() {
    if !common::has("perl") {
        common::skip("scenario_deploy", "needs perl");
        return;
    }
    if !inside("each_change_is_told_once_and_nothing_else") {
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
    if !common::has("perl") {
        common::skip("scenario_deploy", "needs perl");
        return;
    }
    if !inside("what_one_side_could_not_see_is_unknown") {
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
