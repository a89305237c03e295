//! "The web page errors": nginx in a container behind a translated port, frozen, and the questions of whoever is called,
//! answered from the bundle alone after everything is gone.
//!
//! Names, ports and addresses are drawn anew for each run. `FREEZEFRAME_SEED`, which a failure names, tells the same story
//! again.
#![cfg(test)]

#[path = "../../common/mod.rs"]
mod common;

mod cgroups;
mod story;
mod world;

use std::ffi::OsString;
use std::path::Path;

use cgroups::Cgroups;
use common::namespace::{Place, enter, holder_role};
use common::{analyze, expect_rows, has, random, rows, skip, succeed};
use story::Story;
use world::{CONTAINER_CGROUP, Facts, Kill, MEMORY_CGROUP, OUTPUT, SEED};

const NAME: &str = "the_questions_are_answered_from_the_bundle";

/// Not a test: what a holder runs.
#[test]
fn hold() {
    if let Some(role) = holder_role() {
        world::hold(&role, &Story::from_seed(seed()));
    }
}

/// The seed of this run.
fn seed() -> u64 {
    match std::env::var(SEED) {
        Ok(given) => given.parse().expect("the seed is a number"),
        Err(_) => random(),
    }
}

#[test]
fn the_questions_are_answered_from_the_bundle() {
    let seed = seed();
    // Shown with a failure alone.
    println!("{SEED}={seed}");
    let story = Story::from_seed(seed);
    if std::env::var_os(OUTPUT).is_some() {
        world::freeze(&story);
        return;
    }
    for program in ["nginx", "iptables", "setpriv", "dmesg"] {
        if !has(program) {
            skip("scenario nginx", &format!("{program} is not installed"));
            return;
        }
    }
    let output = tempfile::tempdir().expect("a directory for the bundle");
    let mut environment: Vec<(&str, OsString)> = vec![
        (SEED, seed.to_string().into()),
        (OUTPUT, output.path().into()),
    ];
    let groups = common::is_root().then(|| Cgroups::make(&story));
    if let Some(groups) = &groups {
        for (name, what, group) in [
            (
                CONTAINER_CGROUP,
                "scenario nginx, its container id",
                &groups.container,
            ),
            (
                MEMORY_CGROUP,
                "scenario nginx, its out-of-memory kill",
                &groups.memory,
            ),
        ] {
            match group {
                Ok(path) => environment.push((name, path.into())),
                Err(reason) => skip(what, reason),
            }
        }
    }
    if enter(NAME, &environment) != Place::After {
        return;
    }
    let facts = std::fs::read(output.path().join("facts.json")).expect("the facts were written");
    let facts: Facts = serde_json::from_slice(&facts).expect("they are as they were written");
    // Nothing of the host is left but this file.
    let bundle = output.path().join("bundle.tar.zst");
    let database = output.path().join("case.db");
    let mut load = analyze();
    load.arg("load").arg("--db").arg(&database).arg(&bundle);
    succeed(&mut load, &[0, 1]);

    its_parent(&database, &story, &facts);
    if environment
        .iter()
        .any(|(name, _)| *name == CONTAINER_CGROUP)
    {
        its_container(&database, &story, &facts);
    }
    its_listener(&database, &story, &facts);
    its_upstream(&database, &story, &facts);
    if facts.conntrack {
        its_port_on_the_host(&database, &story, &facts);
        its_upstream_as_tracked(&database, &story, &facts);
    } else {
        skip(
            "scenario nginx, its translated port",
            "the kernel has no /proc/net/nf_conntrack",
        );
    }
    let in_container = environment
        .iter()
        .any(|(name, _)| *name == CONTAINER_CGROUP);
    who_talks_to_whom(&database, &story, &facts, in_container);
    its_output(&database, &story, &facts);
    the_hosts_that_people_visited(&database, &story);
    if let Some(kill) = &facts.kill {
        the_kill(&database, &story, kill);
    }
}

/// nginx's master, as whoever asks would find it: nothing but its name is known.
const MASTER: &str =
    "SELECT p.* FROM processes AS p JOIN processes AS parent ON parent.pid = p.parent
     WHERE p.name = 'nginx' AND parent.name <> 'nginx'";

fn its_parent(database: &Path, story: &Story, facts: &Facts) {
    let sql = format!(
        "SELECT master.pid, parent.pid, parent.name, count(worker.pid), worker.uid
         FROM ({MASTER}) AS master
         JOIN processes AS parent ON parent.pid = master.parent
         JOIN processes AS worker ON worker.parent = master.pid
         GROUP BY master.pid"
    );
    let (_, worker) = &story.worker;
    let expected = format!(
        "{} | {} | {} | 2 | {worker}",
        facts.nginx, facts.shim, story.shim
    );
    expect_rows(database, &sql, &expected);
}

fn its_container(database: &Path, story: &Story, facts: &Facts) {
    let sql = format!(
        "SELECT unit.kind, unit.unit, count(*) FROM process_units AS unit JOIN processes USING (pid)
         WHERE name = 'nginx' AND pid IN ({}, {}, {}) GROUP BY 1, 2",
        facts.nginx, facts.workers[0], facts.workers[1]
    );
    expect_rows(database, &sql, &format!("container | {} | 3", story.unit));
    // The whole id: 64 hexadecimal digits, wherever they stand in the path.
    let sql = format!(
        "WITH RECURSIVE part(path, start) AS (
           SELECT cgroup_path, 1 FROM ({MASTER})
           UNION ALL SELECT path, start + 1 FROM part WHERE start + 63 < length(path)
         )
         SELECT substr(path, start, 64) FROM part
         WHERE substr(path, start, 64) NOT GLOB '*[^0-9a-f]*' AND length(path) >= start + 63"
    );
    expect_rows(database, &sql, &story.container_id);
}

fn its_listener(database: &Path, story: &Story, facts: &Facts) {
    let sql = format!(
        "SELECT DISTINCT address, port, protocol, net_namespace FROM listening_ports
         WHERE family IN (2, 10) AND pid = (SELECT pid FROM ({MASTER}))"
    );
    let expected = format!("0.0.0.0 | {} | 6 | {}", story.web_port, facts.web_namespace);
    expect_rows(database, &sql, &expected);
}

/// Which port of the host leads to the listener: what is tracked goes to an address of the listener's namespace.
fn its_port_on_the_host(database: &Path, story: &Story, facts: &Facts) {
    let sql = format!(
        "SELECT DISTINCT track.net_namespace, track.orig_dst, track.orig_dport, track.reply_src, track.reply_sport, track.nat
         FROM listening_ports AS listener
         JOIN interface_addresses AS inside ON inside.net_namespace = listener.net_namespace
         JOIN conntrack AS track ON track.reply_src = inside.address AND track.reply_sport = listener.port
         WHERE listener.pid = (SELECT pid FROM ({MASTER})) AND track.nat IN ('dnat', 'both')"
    );
    let expected = format!(
        "{} | {} | {} | {} | {} | dnat",
        facts.host_namespace,
        story.client.host,
        story.published_port,
        story.web.peer,
        story.web_port
    );
    expect_rows(database, &sql, &expected);
}

fn its_upstream(database: &Path, story: &Story, facts: &Facts) {
    let sql = format!(
        "SELECT DISTINCT open.remote_address, open.remote_port, open.net_namespace
         FROM process_open_sockets AS open
         JOIN processes AS worker USING (pid)
         WHERE worker.parent = (SELECT pid FROM ({MASTER})) AND open.state = 'ESTAB' AND open.family IN (2, 10)
           AND open.local_port NOT IN (SELECT port FROM listening_ports AS l WHERE l.pid = open.pid)"
    );
    let expected = format!(
        "{} | {} | {}",
        story.upstream.peer, story.upstream_port, facts.web_namespace
    );
    expect_rows(database, &sql, &expected);
}

fn its_upstream_as_tracked(database: &Path, story: &Story, facts: &Facts) {
    let sql = format!(
        "SELECT DISTINCT track.orig_dst, track.orig_dport, track.reply_dst, track.nat
         FROM conntrack AS track
         JOIN interface_addresses AS inside ON inside.address = track.orig_src
         WHERE inside.net_namespace = (SELECT net_namespace FROM ({MASTER}))
           AND track.net_namespace = {}",
        facts.host_namespace
    );
    let expected = format!(
        "{} | {} | {} | snat",
        story.upstream.peer, story.upstream_port, story.upstream.host
    );
    expect_rows(database, &sql, &expected);
}

/// The same questions, to the views that need no other table.
fn who_talks_to_whom(database: &Path, story: &Story, facts: &Facts, in_container: bool) {
    let id = if in_container {
        &story.container_id
    } else {
        "NULL"
    };
    let way = if facts.conntrack {
        format!(
            "{} | {} | tracked connection",
            story.client.host, story.published_port
        )
    } else {
        "NULL | NULL | NULL".to_owned()
    };
    expect_rows(
        database,
        "SELECT address, port, net_namespace, container_id, host_address, host_port, host_via FROM services WHERE process_name = 'nginx'",
        &format!(
            "0.0.0.0 | {} | {} | {id} | {way}",
            story.web_port, facts.web_namespace
        ),
    );
    let nat = if facts.conntrack {
        format!("snat | {}", story.upstream.host)
    } else {
        "NULL | NULL".to_owned()
    };
    expect_rows(
        database,
        "SELECT DISTINCT client_container_id, server_address, server_port, nat, seen_address FROM connections
         WHERE client_process = 'nginx'",
        &format!(
            "{id} | {} | {} | {nat}",
            story.upstream.peer, story.upstream_port
        ),
    );
    if facts.conntrack {
        let sql = format!(
            "SELECT DISTINCT client_address, server_address, server_port, nat, dialed_address FROM connections
             WHERE dialed_port = {}",
            story.published_port
        );
        let expected = format!(
            "{} | {} | {} | dnat | {}",
            story.client.peer, story.web.peer, story.web_port, story.client.host
        );
        expect_rows(database, &sql, &expected);
    }
    let sql = format!(
        "SELECT service, port FROM peers WHERE address = '{}'",
        story.upstream.peer
    );
    expect_rows(database, &sql, &format!("nginx | {}", story.upstream_port));
    if in_container {
        let sql = format!(
            "SELECT count(*), max(root_pid), max(process_count >= 3) FROM containers WHERE id = '{}'",
            story.container_id
        );
        expect_rows(database, &sql, &format!("1 | {} | 1", facts.nginx));
    }
}

fn its_output(database: &Path, story: &Story, facts: &Facts) {
    let sql = format!(
        "SELECT pipe.mode, pipe.partner_pid, holder.name, pipe.partner_mode
         FROM process_open_pipes AS pipe JOIN processes AS holder ON holder.pid = pipe.partner_pid
         WHERE pipe.fd = 1 AND pipe.pid = (SELECT pid FROM ({MASTER}))"
    );
    let expected = format!("w | {} | {} | r", facts.shim, story.shim);
    expect_rows(database, &sql, &expected);
}

fn the_hosts_that_people_visited(database: &Path, story: &Story) {
    let mut expected: Vec<_> = story
        .visits
        .iter()
        .map(|visit| {
            format!(
                "{} | {} | {} | {} | {} | {}",
                visit.username,
                visit.program,
                visit.host,
                visit
                    .port
                    .map_or("NULL".to_owned(), |port| port.to_string()),
                visit.user.as_deref().unwrap_or("NULL"),
                visit.command
            )
        })
        .collect();
    expected.sort();
    let sql = "SELECT username, program, host, port, user, command FROM history_hosts
         ORDER BY username, program, host, port";
    let mut found: Vec<_> = rows(database, sql)
        .iter()
        .map(|row| common::line(row))
        .collect();
    found.sort();
    assert_eq!(found, expected);
}

fn the_kill(database: &Path, story: &Story, kill: &Kill) {
    let field = |name: &str| {
        let start = format!("{name}=");
        let found = kill
            .fields
            .split([',', ':'])
            .find_map(|part| part.strip_prefix(&start));
        found.unwrap_or_else(|| panic!("{} has no {name}", kill.fields))
    };
    let bytes = |name: &str| -> u64 {
        let (_, rest) = kill
            .sentence
            .split_once(&format!("{name}:"))
            .expect("the sentence has it");
        let (kibibytes, _) = rest.split_once("kB").expect("in kB");
        kibibytes.parse::<u64>().expect("a number") * 1024
    };
    assert!(field("task_memcg").ends_with(&format!("/{}", story.hog.cgroup)));
    let sentence = &kill.sentence;
    assert!(sentence.contains(&format!(
        "Killed process {} ({})",
        field("pid"),
        story.hog.name
    )));
    let expected = format!(
        "{} | {} | {} | {} | {} | CONSTRAINT_MEMCG | {} | {} | {}",
        field("pid"),
        story.hog.name,
        bytes("total-vm"),
        bytes("anon-rss"),
        bytes("file-rss"),
        field("task_memcg"),
        story.hog.oom_score_adj,
        story.hog.uid
    );
    let sql = format!(
        "SELECT pid, name, total_vm_bytes, anon_rss_bytes, file_rss_bytes, \"constraint\", cgroup, oom_score_adj, uid
         FROM oom_kills WHERE cgroup = '{}'",
        field("task_memcg")
    );
    expect_rows(database, &sql, &expected);
}
