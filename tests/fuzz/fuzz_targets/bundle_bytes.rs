//! Whole bundles, byte for byte: seek table, frame headers, scan. The sums of honest bundles stop most of what is behind,
//! which `bundle_members` reaches.
#![no_main]

mod common;

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use schema::bundle::Reader;
use schema::member;

fuzz_target!(|input: &[u8]| {
    let Ok(mut reader) = Reader::open(Cursor::new(input)) else {
        return;
    };
    for number in 0..reader.frames() {
        let Ok(frame) = reader.frame(number) else {
            continue;
        };
        for found in frame.members().0 {
            assert!(member::validate(found.name.as_bytes()).is_ok());
        }
    }
    // What is not whole says so.
    assert!(!reader.is_whole() || (reader.damage().is_empty() && reader.sums().is_some()));
});
