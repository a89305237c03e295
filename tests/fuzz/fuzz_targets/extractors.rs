//! From files to the rows of all tables: sections that begin with a path, as they lie in a bundle.
#![no_main]

mod common;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use analyze::extract::{Facts, File, FileFact, UserFact};
use analyze::snapshot::Machine;
use analyze::tables::{Extractors, Wanted};
use libfuzzer_sys::{Corpus, fuzz_target};
use schema::Outcome;
use schema::header::Mode;
use schema::source::{Located, SourceMap};

static SOURCES: LazyLock<SourceMap> = LazyLock::new(SourceMap::new);
static FACTS: LazyLock<Facts> = LazyLock::new(facts);

fn facts() -> Facts {
    let header = common::header(Mode::Live);
    let user = |uid, name: &str, home: &str| UserFact {
        uid,
        name: name.into(),
        home: home.into(),
    };
    let log = FileFact {
        outcome: Outcome::Truncated,
        offset: 100,
        mtime: Some(1_700_000_000),
        uid: Some(0),
        inode: Some(7),
        size: 1 << 20,
        kept: 1 << 20,
    };
    Facts {
        machine: Machine::of(&header),
        header,
        net_namespaces: HashMap::from([(7, 4_026_531_840)]),
        mount_namespaces: HashMap::from([(7, 4_026_531_841)]),
        file_systems: HashMap::new(),
        time_zone: jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3")
            .expect("it is a time zone"),
        users: vec![user(0, "root", "/root"), user(1000, "ada", "/home/ada")],
        files: HashMap::from([(b"/var/log/syslog".to_vec(), log)]),
        named_histories: HashMap::new(),
        found_logs: HashMap::from([(b"/srv/app/x".to_vec(), false)]),
        found_configs: HashSet::from([b"/srv/app/y.conf".to_vec()]),
    }
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let mut extractors = Extractors::new(&Wanted::All);
    let mut sink = common::Checked::default();
    let mut known = false;
    for section in common::sections(input) {
        let Some((path, content)) = common::named(section) else {
            continue;
        };
        let is_log = FACTS.found_logs.contains_key(path);
        let is_config = FACTS.found_configs.contains(path);
        let found = is_log
            .then_some(schema::Source::FoundLog)
            .or(is_config.then_some(schema::Source::FoundConfig))
            .map(Located::of);
        let Some(located) = SOURCES.locate(path).or(found) else {
            continue;
        };
        known = true;
        let file = File {
            path,
            member: "root/member",
            source: located.source,
            pid: located.pid,
            net_namespace: located.net_namespace,
            part: 0,
            content,
        };
        extractors.file(&file, &FACTS, &mut sink);
    }
    if !known {
        return Corpus::Reject;
    }
    extractors.finish(&FACTS, &mut sink);
    // Every value of a status is a column; a command line may name a host in every few bytes.
    let most = input.len() * 2 + 64;
    assert!(sink.rows + sink.issues <= most, "{} rows", sink.rows);
    Corpus::Keep
});
