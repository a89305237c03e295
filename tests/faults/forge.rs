//! Bundles as nobody but an attacker makes them: frames, tar entries and seek table from any content.

use schema::bundle::Reader;
use schema::member;
use sha2::{Digest, Sha256};

use crate::common::{self, hex};

/// A tar entry of a forged bundle.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: u8,
    pub(crate) content: Vec<u8>,
}

impl Entry {
    pub(crate) fn file(name: &str, content: &[u8]) -> Entry {
        Entry {
            name: name.into(),
            kind: b'0',
            content: content.into(),
        }
    }
}

/// The frames of the bundle of `web-1`.
pub(crate) fn honest() -> Vec<Vec<Entry>> {
    let file = std::fs::File::open(common::web_1()).unwrap();
    let mut reader = Reader::open(file).unwrap();
    (0..reader.frames())
        .map(|number| {
            let frame = reader.frame(number).unwrap();
            let (members, problem) = frame.members();
            assert_eq!(problem, None);
            members
                .iter()
                .map(|found| Entry::file(&found.name, found.content))
                .collect()
        })
        .collect()
}

/// Makes the sums of all members again, those of the parts first, as the closing sums list them.
pub(crate) fn sum_again(frames: &mut [Vec<Entry>]) {
    let part = format!("{}.", member::SUMS);
    for closing in [false, true] {
        let sums: std::collections::HashMap<Vec<u8>, String> = frames
            .iter()
            .flatten()
            .map(|entry| (entry.name.clone(), hex(&Sha256::digest(&entry.content))))
            .collect();
        let is_wanted = |entry: &Entry| {
            if closing {
                entry.name == member::SUMS.as_bytes()
            } else {
                entry.name.starts_with(part.as_bytes())
            }
        };
        for entry in frames.iter_mut().flatten().filter(|entry| is_wanted(entry)) {
            let mut lines = Vec::new();
            for line in entry.content.split(|byte| *byte == b'\n') {
                let name = line.get(66..).unwrap_or_default();
                match sums.get(name) {
                    Some(sum) => lines.extend([sum.as_bytes(), b"  ", name, b"\n"].concat()),
                    None if line.is_empty() => {}
                    None => lines.extend([line, b"\n"].concat()),
                }
            }
            entry.content = lines;
        }
    }
}

/// A ustar header with a size field as given.
pub(crate) fn header(name: &[u8], kind: u8, size: &[u8; 12]) -> [u8; 512] {
    let mut block = [0; 512];
    let (prefix, name) = match name.len() {
        0..=100 => (&b""[..], name),
        _ => (0..name.len())
            .filter(|at| name[*at] == b'/')
            .find(|at| name.len() - at <= 101)
            .map_or((&b""[..], &name[..100]), |at| {
                (&name[..at], &name[at + 1..])
            }),
    };
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000600\0");
    block[124..136].copy_from_slice(size);
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = kind;
    block[157..162].copy_from_slice(b"/evil");
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[345..345 + prefix.len().min(155)].copy_from_slice(&prefix[..prefix.len().min(155)]);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

pub(crate) fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut tar = Vec::new();
    for entry in entries {
        let size = format!("{:011o}\0", entry.content.len());
        let size = size.as_bytes().try_into().unwrap();
        tar.extend(header(&entry.name, entry.kind, size));
        tar.extend(&entry.content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar
}

pub(crate) fn compress(content: &[u8]) -> Vec<u8> {
    let mut compressor = zstd::bulk::Compressor::new(3).unwrap();
    compressor.include_checksum(true).unwrap();
    compressor.compress(content).unwrap()
}

/// The seek table of frames with these compressed and decompressed lengths.
pub(crate) fn seek_table(frames: &[(usize, usize)]) -> Vec<u8> {
    let word = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    let mut table = vec![0x5e, 0x2a, 0x4d, 0x18];
    table.extend(word(frames.len() * 8 + 9));
    for (compressed, content) in frames {
        table.extend(word(*compressed));
        table.extend(word(*content));
    }
    table.extend(word(frames.len()));
    table.extend([0, 0xb1, 0xea, 0x92, 0x8f]);
    table
}

/// The bundle of frames that hold these bytes.
pub(crate) fn bundle_of(contents: &[Vec<u8>]) -> Vec<u8> {
    let mut bundle = Vec::new();
    let mut lengths = Vec::new();
    for content in contents {
        let frame = compress(content);
        lengths.push((frame.len(), content.len()));
        bundle.extend(frame);
    }
    bundle.extend(seek_table(&lengths));
    bundle
}

pub(crate) fn bundle(frames: &[Vec<Entry>]) -> Vec<u8> {
    bundle_of(&frames.iter().map(|frame| tar(frame)).collect::<Vec<_>>())
}
