//! Bundles with true sums and hostile members, loaded whole: the target makes the frames itself, so that what is fuzzed
//! lies behind zstd, tar and the sums.
//!
//! The first line says how: `whole` (written as capture does), `frames` (each section is tar content of a frame, not
//! closed), `bent` (as `whole`, then the last section changes bytes of the file: five bytes each, where and what).
//! The other sections begin with the name of their member; in `frames` a first line `raw` stands for tar content as it is.
#![no_main]

mod common;

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use analyze::evidence::Evidence;
use analyze::snapshot::Snapshot;
use analyze::tables::Wanted;
use libfuzzer_sys::{Corpus, fuzz_target};
use schema::bundle::{Lane, Writer};
use schema::header::Mode;
use schema::source::SourceMap;

/// A bundle as capture writes it.
fn written<'a>(sections: impl Iterator<Item = &'a [u8]>, mode: Mode) -> Option<Vec<u8>> {
    let sources = SourceMap::new();
    let mut writer = Writer::new(Vec::new(), &common::header(mode)).ok()?;
    for section in sections {
        let (name, content) = common::named(section)?;
        let name = std::str::from_utf8(name).ok()?;
        if name == "cut" {
            writer.flush(0).ok()?;
            continue;
        }
        schema::member::validate(name.as_bytes()).ok()?;
        let lane = Lane::of_member(name, &sources);
        writer.member(lane, name, content, 0).ok()?;
    }
    writer
        .finish(common::bundles::manifest(), 0)
        .ok()
        .map(|(_, bytes)| bytes)
}

/// Frames of any tar content behind an honest header.
fn frames<'a>(sections: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let header = serde_json::to_vec(&common::header(Mode::Live)).ok()?;
    let mut bytes = compressed(&member(schema::member::HEADER.as_bytes(), &header))?;
    for section in sections {
        let (name, content) = common::named(section)?;
        bytes.extend(compressed(&match name {
            b"raw" => content.to_vec(),
            name => member(name, content),
        })?);
    }
    Some(bytes)
}

/// A tar entry of any name, which tar's own functions would refuse.
fn member(name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    let field = &mut header.as_ustar_mut().expect("it is ustar").name;
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name[..length]);
    header.set_size(content.len() as u64);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut entry = [header.as_bytes(), content].concat();
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

fn compressed(content: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::compress(content, 1).ok()
}

fn bend(bundle: &mut [u8], changes: &[u8]) {
    for change in changes.chunks_exact(5) {
        let [place @ .., value] = change else {
            continue;
        };
        let place = place
            .iter()
            .fold(0_usize, |all, byte| all << 8 | usize::from(*byte));
        // From the end, where the seek table and the last frame are.
        let place = bundle.len().checked_sub(1 + place % bundle.len());
        if let Some(byte) = place.and_then(|place| bundle.get_mut(place)) {
            *byte ^= value;
        }
    }
}

fn load(bundle: &[u8]) {
    let mut file: File = tempfile::tempfile_in("/dev/shm").expect("a temporary file");
    file.write_all(bundle).expect("it can be written");
    file.rewind().expect("it can be read from its beginning");
    let Ok(mut evidence) = Evidence::bundle(Path::new("bundle"), file) else {
        return;
    };
    evidence.check_index();
    let Ok(digest) = evidence.digest() else {
        return;
    };
    let Ok(mut snapshot) = Snapshot::open(&mut evidence) else {
        return;
    };
    let mut sink = common::Checked::default();
    if snapshot.rows(&Wanted::All, &mut sink).is_ok() {
        let _ = snapshot.row(&digest);
    }
    for problem in evidence.problems() {
        let shown = problem.to_string();
        assert!(
            !shown.chars().any(schema::text::is_unsafe_to_show),
            "{shown:?}"
        );
    }
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((kind, rest)) = common::named(input) else {
        return Corpus::Reject;
    };
    let mut sections: Vec<_> = common::sections(rest).collect();
    let bundle = match kind {
        b"whole" => written(sections.into_iter(), Mode::Live),
        b"dead" => written(sections.into_iter(), Mode::Dead),
        b"frames" => frames(sections.into_iter()),
        b"bent" => sections.pop().and_then(|changes| {
            let mut bundle = written(sections.into_iter(), Mode::Live)?;
            bend(&mut bundle, changes);
            Some(bundle)
        }),
        _ => None,
    };
    let Some(bundle) = bundle else {
        return Corpus::Reject;
    };
    load(&bundle);
    Corpus::Keep
});
