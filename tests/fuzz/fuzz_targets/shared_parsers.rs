//! The parsers that capture and analyze share: the first line names one.
#![no_main]

mod common;

use libfuzzer_sys::{Corpus, fuzz_target};
use schema::parse::{
    cgroup, elf, environ, escape, ksh_history, mountinfo, netlink, passwd, stat, status,
};

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((name, text)) = common::named(input) else {
        return Corpus::Reject;
    };
    match name {
        b"cgroup" => {
            if let Some(found) = cgroup::membership(text) {
                assert!(found.path.len() + found.controllers.len() < text.len());
            }
        }
        b"elf" => {
            elf::parse(text);
        }
        b"environ" => {
            for name in ["HISTFILE", "A", ""] {
                let value = environ::value(text, name).unwrap_or_default();
                assert!(value.len() <= text.len() && !value.contains(&0));
            }
        }
        b"escape" => {
            let plain = escape::unescape_octal(text);
            assert!(plain.len() <= text.len());
            assert!(text.contains(&b'\\') || *plain == *text);
            let halved = escape::unescape(text, |rest| Some((*rest.first()?, 1)));
            assert!(halved.len() <= text.len() && halved.len() >= text.len() / 2);
        }
        b"ksh_history" => {
            ksh_history::is_binary(text);
            let mut end = 0;
            for command in ksh_history::commands(text) {
                assert!(command.range.start >= end && command.range.end <= text.len());
                end = command.range.end;
            }
        }
        b"mountinfo" => mounts(text),
        b"netlink" => {
            for order in [netlink::ByteOrder::Little, netlink::ByteOrder::Big] {
                let mut count = 0;
                for message in netlink::messages(text, order).flatten() {
                    count += 1;
                    assert!(netlink::attributes(message.payload, order).count() <= text.len());
                }
                assert!(count <= text.len() / netlink::HEADER_LENGTH);
                let end = netlink::boundary(text, 4 << 20, order);
                assert!(end <= text.len());
            }
        }
        b"passwd" => {
            for line in text.split(|byte| *byte == b'\n') {
                passwd::is_compat(line);
                if let Some(entry) = passwd::entry(line) {
                    assert!(!entry.name.contains(&b':') && !entry.home.contains(&b':'));
                }
            }
        }
        b"stat" => {
            stat::start_ticks(text);
            stat::parent(text);
            stat::cpu_ticks(text);
        }
        b"status" => {
            status::only_uid(text);
            status::peak_rss_bytes(text);
        }
        b"rotated" => {
            let Ok(path) = std::str::from_utf8(text) else {
                return Corpus::Reject;
            };
            schema::rotated::sibling("/var/log/syslog", path);
            schema::rotated::is_compressed(text);
            schema::source::SourceMap::new().locate(text);
        }
        b"member" => {
            if let Ok(name) = schema::member::validate(text) {
                schema::member::split_part(name);
                schema::member::record_table(name);
            }
            if let Some(name) = schema::member::of_path(text) {
                assert!(schema::member::validate(name.as_bytes()).is_ok());
                assert_eq!(
                    schema::member::host_path(&name).map(str::as_bytes),
                    Some(text)
                );
            }
        }
        _ => return Corpus::Reject,
    }
    Corpus::Keep
});

fn mounts(text: &[u8]) {
    let lines = text.split(|byte| *byte == b'\n');
    let mounts: Vec<_> = lines.filter_map(mountinfo::mount).collect();
    let paths = mountinfo::Paths::new(&mounts);
    for (index, mount) in mounts.iter().enumerate() {
        for (name, value) in mount.each_super_option() {
            assert!(name.len() + value.len() <= text.len());
        }
        assert_eq!(paths.way(index).is_some(), paths.is_reached(index));
        if let Some(parent) = paths.parent(index) {
            mountinfo::is_below(&mount.path, &mounts[parent].path);
        }
    }
    assert_eq!(paths.through(|_, _| true).len(), mounts.len());
}
