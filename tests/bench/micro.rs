//! What takes time, piece by piece.
//!
//! The texts are of an invented host, as long as they usually are.

#[path = "../common/bundles.rs"]
mod bundles;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use analyze::db::query::Limits;
use analyze::diff::{self, Scope, Side, Sides};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use schema::Text;
use schema::bundle::{Lane, Writer};
use schema::records::FdLink;
use schema::redact::Redactor;
use schema::source::Content;

const STAT: &str = "4711 (nginx: worker) S 812 812 812 0 -1 4194624 2310 0 3 0 140 66 0 0 20 0 1 0 51234 27443200 1893 \
    18446744073709551615 94563 94570 140721 0 0 0 0 1073745920 402745863 0 0 0 17 1 0 0 0 0 0 94571 94572 94600 140722 \
    140723 140724 140725 0\n";
const FDINFO: &str = "pos:\t18446\nflags:\t0102001\nmnt_id:\t29\nino:\t131074\n";
const LOG: &str = "2026-11-24T10:15:02.123456+00:00 web-1 sshd[4711]: Failed password for invalid user test from 192.0.2.7 \
    port 50122 ssh2\nNov 24 10:15:02 web-1 kernel: [51234.567] IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.2 LEN=60\n";

/// Descriptors in the bundle that is loaded and compared.
const FDS: u32 = 50_000;

fn maps() -> String {
    let line = |number: u64| {
        let start = 0x7f3a_0000_0000 + number * 0x2000;
        let end = start + 0x2000;
        format!(
            "{start:x}-{end:x} r-xp 00001000 08:01 {:<20} /usr/lib/x86_64-linux-gnu/libssl.so.{number}\n",
            130_000 + number
        )
    };
    (0..100).map(line).collect()
}

fn conntrack() -> String {
    let line = |number: u64| {
        let (host, port) = (number % 250, 1024 + number % 60_000);
        format!(
            "ipv4     2 tcp      6 431999 ESTABLISHED src=192.0.2.{host} dst=198.51.100.7 sport={port} dport=443 \
             src=198.51.100.7 dst=192.0.2.{host} sport=443 dport={port} [ASSURED] mark=0 zone=0 use=2\n"
        )
    };
    (0..1000).map(line).collect()
}

fn tcp() -> String {
    let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    let line = |number: u64| {
        format!(
            "{number:4}: 0100007F:{:04X} 0100007F:1F90 01 00000000:00000000 00:00000000 00000000    33        0 {} 1 \
             0000000000000000 20 4 30 10 -1\n",
            1024 + number,
            500_000 + number
        )
    };
    std::iter::once(head.to_owned())
        .chain((0..1000).map(line))
        .collect()
}

fn environment() -> String {
    let variable =
        |number: u64| format!("APP_SETTING_{number}=/srv/data/releases/current/{number}\0");
    let secret = "DB_PASSWORD=correct horse battery staple\0".to_owned();
    (0..30).map(variable).chain([secret]).collect()
}

fn parsers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, text) in [
        ("proc_pid_maps", maps()),
        ("proc_pid_stat", STAT.to_owned()),
        ("proc_pid_fdinfo", FDINFO.to_owned()),
        ("nf_conntrack", conntrack()),
        ("proc_net_tcp", tcp()),
        ("syslog", LOG.repeat(500)),
    ] {
        let parser = analyze::parse::every::find(name.as_bytes()).expect("a parser of that name");
        group.throughput(Throughput::Bytes(text.len() as u64));
        // A line of a log is parsed by itself.
        let parts: Vec<&str> = match name {
            "syslog" => text.lines().collect(),
            _ => vec![&text],
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for part in &parts {
                    (parser.run)(black_box(part.as_bytes()));
                }
            });
        });
    }
}

fn redaction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("redact");
    let mut redactor = Redactor::new(&[7; 32]).expect("a key of that length");
    for (name, content, text) in [
        ("environment", Content::Environ, environment()),
        ("plain", Content::Plain, conntrack()),
        (
            "history",
            Content::History,
            "mysql -u root -psecret shop\nls -la /srv\n".repeat(100),
        ),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| redactor.redact(content, black_box(text.as_bytes())).count);
        });
    }
}

fn link(number: u32) -> FdLink<'static> {
    FdLink {
        pid: 1000 + number / 100,
        fd: number % 100,
        target: Some(Text::from(
            format!("/srv/app/log/part-{number}.log").into_bytes(),
        )),
        fdinfo: Some(Text::from(FDINFO.as_bytes())),
        link_count: None,
    }
}

fn writer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    let open = || Writer::new(std::io::sink(), &bundles::header()).expect("a sink takes all");
    let text = maps();
    let names: Vec<String> = (0..1000)
        .map(|pid| format!("root/proc/{pid}/maps"))
        .collect();
    group.throughput(Throughput::Bytes((text.len() * names.len()) as u64));
    group.bench_function("1000 members", |bencher| {
        bencher.iter_batched(
            open,
            |mut writer| {
                for name in &names {
                    writer
                        .member(Lane::Memory, name, text.as_bytes(), 0)
                        .expect("a sink takes all");
                }
                writer
                    .finish(bundles::manifest(), 0)
                    .expect("a sink takes all")
            },
            BatchSize::PerIteration,
        );
    });
    let links: Vec<FdLink<'_>> = (0..10_000).map(link).collect();
    group.throughput(Throughput::Elements(links.len() as u64));
    group.bench_function("10000 records", |bencher| {
        bencher.iter_batched(
            open,
            |mut writer| {
                for link in &links {
                    writer.record(link, 0).expect("a sink takes all");
                }
                writer
                    .finish(bundles::manifest(), 0)
                    .expect("a sink takes all")
            },
            BatchSize::PerIteration,
        );
    });
}

/// Writes a bundle of [`FDS`] descriptors, one of which has another target in each bundle.
fn bundle(place: &Path, number: u32) -> std::path::PathBuf {
    let path = place.join(format!("{number}.tar.zst"));
    let file = std::fs::File::create(&path).expect("a new file");
    let mut header = bundles::header();
    header.capture_id = format!("0190a0a0-0000-7000-8000-{number:012}");
    header.host.boot_id = Some("0190a0a0-0000-4000-8000-000000000000".to_owned());
    let mut writer = Writer::new(file, &header).expect("a new file takes all");
    for index in 0..FDS {
        let mut link = link(index);
        if index == 100 * number {
            link.target = Some(Text::from("/srv/another"));
        }
        writer.record(&link, 0).expect("a new file takes all");
    }
    writer
        .finish(bundles::manifest(), 0)
        .expect("a new file takes all");
    path
}

fn database(criterion: &mut Criterion) {
    let place = tempfile::tempdir().expect("a directory");
    let bundles = [1, 2].map(|number| bundle(place.path(), number));
    let load = |bundle: &Path, database: &Path| {
        let mut evidence = analyze::source::Source::evidence(bundle).expect("a bundle");
        analyze::db::load::load(database, &mut evidence).expect("it can be loaded")
    };
    let mut group = criterion.benchmark_group("database");
    group.sample_size(20);
    group.throughput(Throughput::Elements(u64::from(FDS)));
    let new = place.path().join("new.db");
    group.bench_function("load process_fds", |bencher| {
        bencher.iter_batched(
            || drop(std::fs::remove_file(&new)),
            |()| load(&bundles[0], &new),
            BatchSize::PerIteration,
        );
    });
    let both = place.path().join("both.db");
    for bundle in &bundles {
        load(bundle, &both);
    }
    group.bench_function("diff of process_fds", |bencher| {
        bencher.iter(|| {
            let limits = Limits::of(Duration::from_secs(60));
            let side = |number| Side::open(&both, Some(number), limits).expect("a database");
            let tables = ["process_fds".to_owned()];
            let scope = Scope {
                tables: &tables,
                ..Scope::default()
            };
            diff::compare(Sides([side("1"), side("2")]), &scope).expect("they can be compared")
        });
    });
}

criterion_group!(benches, parsers, redaction, writer, database);
criterion_main!(benches);
