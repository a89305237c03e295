//! A live capture, against what other programs say of the same host: what a walk of `/proc`, `ps`, `ss`, `conntrack`, `ip`,
//! `free` and `df` say before and after it must be in the database exactly, and what holds still must be all that is there.
#![cfg(test)]

#[path = "../common/mod.rs"]
mod common;

mod facts;
mod links;
mod processes;
mod sockets;
mod system;
mod tracked;
mod world;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::namespace::{holder_role, inside, open_directory};
use common::{count, expect_rows, has, hex, run_within, skip, succeed};
use facts::{Compared, Facts};
use links::Links;
use processes::Processes;
use sockets::Sockets;
use system::System;
use tracked::Tracked;
use world::{PLACE, World};

/// Not a test: what a holder runs.
#[test]
fn hold() {
    if let Some(role) = holder_role() {
        world::hold(&role);
    }
}

/// What other programs, or the database, say about the host.
#[derive(Default)]
struct Witness {
    processes: Processes,
    sockets: Sockets,
    tracked: Tracked,
    links: Links,
    system: System,
}

impl Witness {
    fn of(namespaces: &[u32]) -> Witness {
        Witness {
            processes: Processes::witnessed(),
            sockets: if has("ss") {
                Sockets::witnessed(namespaces)
            } else {
                Sockets::default()
            },
            tracked: if has("conntrack") {
                Tracked::witnessed(namespaces)
            } else {
                Tracked::default()
            },
            links: Links::witnessed(namespaces),
            system: System::witnessed(),
        }
    }

    fn stored(database: &Path) -> Witness {
        Witness {
            processes: Processes::stored(database),
            sockets: Sockets::stored(database),
            tracked: Tracked::stored(database),
            links: Links::stored(database),
            system: System::stored(database),
        }
    }
}

#[test]
fn what_was_there_is_in_the_database() {
    if !inside("what_was_there_is_in_the_database") {
        return;
    }
    let place = open_directory().join("tmp");
    assert_eq!(place, Path::new(PLACE));
    let world = world::make();
    let before = Witness::of(&world.namespaces);
    let bundle = place.join("bundle.tar.zst");
    let mut capture = Command::new("/mnt/capture");
    capture.arg("-q").arg("-o").arg(&bundle);
    let begun = Instant::now();
    let ended = run_within(&mut capture, Duration::from_secs(70));
    assert!(begun.elapsed() < Duration::from_mins(1), "the deadline");
    assert!(
        matches!(ended.status.code(), Some(0 | 1)),
        "{:?} {}",
        ended.status,
        String::from_utf8_lossy(&ended.stderr)
    );
    let after = Witness::of(&world.namespaces);
    let database = place.join("case.db");
    let mut load = common::analyze();
    load.arg("load").arg("--db").arg(&database).arg(&bundle);
    succeed(&mut load, &[0, 1]);

    let wrong = differences(&before, &after, &Witness::stored(&database));
    assert!(
        wrong.is_empty(),
        "{} facts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    the_world_is_there(&database, &world, &before);
}

/// What can be said of facts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// They hold still: all are there, and no others.
    Still,
    /// They may move, such as counters do: between two equal values there is no other.
    Moving,
}

/// All that the database has wrong.
fn differences(before: &Witness, after: &Witness, found: &Witness) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: &str, of: &dyn Fn(&Witness) -> &Facts, kind: Kind| {
        let compared = Compared {
            what,
            before: of(before),
            after: of(after),
            found: of(found),
        };
        wrong.extend(compared.missing());
        if kind != Kind::Moving {
            wrong.extend(compared.invented());
        }
    };
    compare("processes", &|of| &of.processes.identity, Kind::Still);
    compare(
        "processes, moving",
        &|of| &of.processes.moving,
        Kind::Moving,
    );
    compare("fds", &|of| &of.processes.fds, Kind::Still);
    compare("mappings", &|of| &of.processes.maps, Kind::Still);
    compare("ps", &|of| &of.processes.ps, Kind::Still);
    compare("ps, moving", &|of| &of.processes.ps_moving, Kind::Moving);
    if has("ss") {
        compare("ss", &|of| &of.sockets.inet, Kind::Still);
        compare("ss, queues", &|of| &of.sockets.moving, Kind::Moving);
        compare("ss, unix", &|of| &of.sockets.unix, Kind::Still);
    } else {
        skip("sockets against ss", "ss is not installed");
    }
    if has("conntrack") {
        compare("conntrack", &|of| &of.tracked.entries, Kind::Still);
        compare(
            "conntrack, counters",
            &|of| &of.tracked.counters,
            Kind::Moving,
        );
    } else {
        skip(
            "conntrack against conntrack -L",
            "conntrack is not installed",
        );
    }
    compare("ip", &|of| &of.links.facts, Kind::Still);
    compare("ip, counters", &|of| &of.links.counters, Kind::Moving);
    compare("mounts", &|of| &of.system.mounts, Kind::Still);
    compare("free", &|of| &of.system.memory, Kind::Moving);
    compare("df", &|of| &of.system.sizes, Kind::Moving);
    if has("ss") {
        compare("ss, other", &|of| &of.sockets.other, Kind::Still);
    }
    wrong
}

/// That the comparison was about something: what the world was made of is among the facts.
fn the_world_is_there(database: &Path, world: &World, before: &Witness) {
    for (pid, name) in [(world.near, &b") R 1 1 (sshd"[..]), (world.odd, b"\xff\n")] {
        let sql = format!("SELECT hex(name) FROM processes WHERE pid = {pid}");
        expect_rows(database, &sql, &hex(name));
    }
    let sql = format!(
        "SELECT quote(value) FROM process_arguments WHERE pid = {} ORDER BY position",
        world.empty
    );
    expect_rows(
        database,
        &sql,
        "''\n'-c'\n'sleep 600; :'\n''\n'a b'\n''\n'caf\u{e9}'",
    );
    let zombie = "FROM processes WHERE state = 'Z' AND cmdline = ''";
    assert!(count(database, zombie) >= 1);
    assert!(before.links.facts.0.len() > 60, "{:#?}", before.links.facts);
    if has("conntrack") {
        expect_rows(
            database,
            "SELECT nat, count(*) FROM conntrack WHERE nat IS NOT NULL GROUP BY nat ORDER BY nat",
            "dnat | 1\nsnat | 1",
        );
    }
    for (state, least) in [
        ("LISTEN", 6),
        ("ESTAB", 6),
        ("FIN-WAIT-2", 2),
        ("CLOSE-WAIT", 2),
        ("TIME-WAIT", 2),
    ] {
        let sql = format!("FROM sockets WHERE protocol = 'tcp' AND state = '{state}'");
        assert!(count(database, &sql) >= least, "{state}");
    }
}
