//! Whatever members a host makes, what is written is what is read.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Paths as hosts have them: bytes of any kind, with long names, line breaks and what looks like a later part.
fn path() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "(/[ -~äß日\u{202e}]{1,12}){1,6}".prop_map(String::into_bytes),
        "(/[a-z\\\\\n.]{1,8}){1,4}".prop_map(String::into_bytes),
        "(/[a-z]{40,99}){1,5}".prop_map(String::into_bytes),
        "/[a-z]{1,9}\\.part\\.00000[0-9]".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 1..300),
    ]
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 0..2000),
        // Of several times tar's blocks, and of many frames when there are some.
        (any::<u64>(), 500_usize..90_000).prop_map(|(seed, length)| noise(seed, length)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_written_is_read(
        files in prop::collection::vec((path(), content(), 1_usize..4, 0_usize..8, any::<bool>()), 0..25),
    ) {
        let mut expected = BTreeMap::new();
        let mut writer = Writer::new(Vec::new(), &header()).unwrap();
        let mut rows = 0;
        for (path, content, parts, lane, flush) in &files {
            let name = member::of_path(path).filter(|name| !expected.contains_key(name));
            let name = name.unwrap_or_else(|| writer.next_blob());
            for number in 0..*parts {
                let part = member::part(&name, u32::try_from(number).unwrap());
                prop_assert_eq!(member::split_part(&part).0, name.as_str());
                writer.member(Lane::ALL[*lane], &part, content, 0).unwrap();
                expected.insert(part, content.clone());
            }
            writer.record(&link(rows), 0).unwrap();
            rows += 1;
            if *flush {
                writer.flush(0).unwrap();
            }
        }
        let (_, bytes) = writer.finish(manifest(), 0).unwrap();
        let (members, damage, whole) = read_all(&bytes).unwrap();
        prop_assert!(whole, "{:?}", damage);
        let (mut found, mut fds) = (BTreeMap::new(), Vec::new());
        for (name, content) in members {
            if member::record_table(&name) == Some("fd_links") {
                let mut rest = content.as_slice();
                crate::frame::next(&mut rest).unwrap().unwrap();
                while let Some(frame) = crate::frame::next(&mut rest) {
                    fds.push(crate::frame::decode::<FdLink<'_>>(frame.unwrap()).unwrap().fd);
                }
            } else if member::host_path(&name).is_some() || member::is_blob(&name) {
                prop_assert!(found.insert(name, content).is_none());
            }
        }
        prop_assert!(found == expected);
        prop_assert_eq!(fds, (0..rows).collect::<Vec<_>>());
        // The index leads to each of them.
        let mut reader = Reader::open(Cursor::new(&bytes)).unwrap();
        let index = reader.index().to_vec();
        for (name, content) in &expected {
            let entry = index.iter().find(|entry| entry.name == *name).unwrap();
            let frame = reader.frame(usize::try_from(entry.frame).unwrap()).unwrap();
            let (members, _) = frame.members();
            let member = members.iter().find(|member| member.offset == entry.offset).unwrap();
            prop_assert!(member.name == *name && member.content == content.as_slice());
        }
    }
}
