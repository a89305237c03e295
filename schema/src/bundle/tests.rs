#[path = "../../../tests/common/bundles.rs"]
mod bundles;
mod properties;

use std::io::{self, Cursor};

use bundles::noise;

use super::*;
use crate::header::{Header, Mode};
use crate::manifest::Manifest;
use crate::records::FdLink;
use crate::text::Text;
use crate::{Error, member};

fn header() -> Header {
    Header {
        mode: Mode::Dead,
        ..bundles::header()
    }
}

fn manifest() -> Manifest {
    Manifest {
        outcomes: std::iter::once(("collected".to_owned(), 2)).collect(),
        ..bundles::manifest()
    }
}

fn link(fd: u32) -> FdLink<'static> {
    FdLink {
        pid: 7,
        fd,
        target: Some(Text::from("/dev/null")),
        fdinfo: Some(Text::from("pos:\t0\n")),
        link_count: None,
    }
}

fn bundle() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    for pid in 1..=60_u32 {
        writer
            .member(
                Lane::Process,
                &format!("root/proc/{pid}/status"),
                &noise(u64::from(pid), 3000),
                0,
            )
            .unwrap();
        writer.record(&link(pid), 0).unwrap();
        if pid % 20 == 0 {
            writer.flush_aged(FRAME_AGE_MS).unwrap();
        }
    }
    writer
        .member(Lane::System, "root/etc/hostname", b"web-1\n", 0)
        .unwrap();
    let (written, bytes) = writer.finish(manifest(), 0).unwrap();
    assert_eq!(usize::try_from(written.size).unwrap(), bytes.len());
    bytes
}

/// Members by name with their content, the damage met, and whether the bundle is whole.
type Found = (Vec<(String, Vec<u8>)>, Vec<Damage>, bool);

fn read_all(bytes: &[u8]) -> Result<Found, Error> {
    let mut reader = Reader::open(Cursor::new(bytes))?;
    let mut found = Vec::new();
    for number in 0..reader.frames() {
        if let Ok(frame) = reader.frame(number) {
            let (members, _) = frame.members();
            found.extend(
                members
                    .into_iter()
                    .map(|member| (member.name, member.content.to_vec())),
            );
        }
    }
    Ok((found, reader.damage().to_vec(), reader.is_whole()))
}

#[test]
fn round_trip() {
    let bytes = bundle();
    let (members, damage, whole) = read_all(&bytes).unwrap();
    assert!(whole, "{damage:?}");
    let find = |name: &str| &members.iter().find(|(found, _)| found == name).unwrap().1;
    assert_eq!(find("root/etc/hostname"), b"web-1\n");
    assert_eq!(*find("root/proc/60/status"), noise(60, 3000));
    let mut records = find("freezeframe/records/fd_links.000000.bin").as_slice();
    let first = crate::frame::next(&mut records).unwrap().unwrap();
    let layout: crate::frame::RecordHeader = crate::frame::decode(first).unwrap();
    assert_eq!(
        layout,
        crate::frame::RecordHeader::of(&<FdLink<'_> as crate::Row>::TABLE)
    );
    let row = crate::frame::next(&mut records).unwrap().unwrap();
    assert_eq!(crate::frame::decode::<FdLink<'_>>(row).unwrap(), link(1));

    let mut reader = Reader::open(Cursor::new(&bytes)).unwrap();
    assert_eq!(reader.header(), &header());
    assert_eq!(reader.manifest().unwrap().totals.lost_members, 0);
    let entry = reader
        .index()
        .iter()
        .find(|entry| entry.name == "root/etc/hostname")
        .unwrap()
        .clone();
    assert_eq!((entry.lane, entry.length), (Lane::System, 6));
    let frame = reader.frame(usize::try_from(entry.frame).unwrap()).unwrap();
    assert!(
        frame
            .members()
            .0
            .iter()
            .any(|member| member.name == entry.name && member.offset == entry.offset)
    );
}

/// A killed capture is readable up to its last frame, and never looks complete.
#[test]
fn every_truncation_is_noticed() {
    let bytes = bundle();
    let (all, _, _) = read_all(&bytes).unwrap();
    let mut most = 0;
    for length in (0..bytes.len())
        .step_by(997)
        .chain(bytes.len().saturating_sub(40)..bytes.len())
    {
        match read_all(&bytes[..length]) {
            Ok((members, damage, whole)) => {
                assert!(
                    !whole && !damage.is_empty(),
                    "{length} of {} looks whole",
                    bytes.len()
                );
                assert!(members.len() >= most && members.iter().all(|member| all.contains(member)));
                most = members.len();
            }
            Err(error) => assert!(matches!(error, Error::NotABundle(_)), "{error}"),
        }
    }
    assert!(most > 60);
}

/// A frame may be longer than what a scan looks at first.
#[test]
fn scan_of_long_frames() {
    let mut writer = Writer::new(Vec::new(), &header()).unwrap();
    writer
        .member(Lane::Log, "root/var/log/syslog", &noise(1, 3 << 20), 0)
        .unwrap();
    writer.flush(0).unwrap();
    writer
        .member(Lane::System, "root/etc/hostname", b"web-1\n", 0)
        .unwrap();
    let bytes = writer.finish(manifest(), 0).unwrap().1;
    let (members, damage, _) = read_all(&bytes[..bytes.len() - 20]).unwrap();
    assert!(
        members
            .iter()
            .any(|(name, content)| name == "root/var/log/syslog" && content.len() == 3 << 20),
        "{damage:?}"
    );
}

/// A file full of what begins like a frame is given up, not searched for hours.
#[test]
fn scan_gives_up() {
    let mut bytes = bundle();
    bytes.truncate(bytes.len() - 20);
    bytes.extend([0x28, 0xb5, 0x2f, 0xfd].repeat(100_000));
    let error = read_all(&bytes).unwrap_err();
    assert!(error.to_string().contains("damaged places"), "{error}");
}

/// A flipped bit costs the frame it lies in, and nothing else.
#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = bundle();
    let (all, _, _) = read_all(&bytes).unwrap();
    for offset in (0..bytes.len()).step_by(701) {
        let mut flipped = bytes.clone();
        flipped[offset] ^= 1 << (offset % 8);
        if let Ok((members, damage, whole)) = read_all(&flipped) {
            assert!(
                !whole && !damage.is_empty(),
                "bit flipped at {offset} of {}",
                bytes.len()
            );
            assert!(members.iter().all(|member| all.contains(member)));
            assert!(
                members.len() + 25 >= all.len(),
                "{offset}: {} of {}",
                members.len(),
                all.len()
            );
        }
    }
}

/// Space for closing is kept apart: a full disk still gets manifest and sums that are true.
#[test]
fn out_of_space() {
    struct Full(Vec<u8>, usize);
    impl FrameOut for Full {
        fn put(&mut self, frame: &[u8], urgency: Urgency) -> io::Result<()> {
            if urgency == Urgency::Content && self.0.len() + frame.len() > self.1 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.extend_from_slice(frame);
            Ok(())
        }
    }
    let mut writer = Writer::new(Full(Vec::new(), 100_000), &header()).unwrap();
    let mut stopped = false;
    for pid in 1..=60_u32 {
        writer
            .member(
                Lane::Process,
                &format!("root/proc/{pid}/status"),
                &noise(u64::from(pid), 9000),
                0,
            )
            .unwrap();
        if let Err(error) = writer.flush_aged(FRAME_AGE_MS) {
            assert!(matches!(error, Error::Io { .. }), "{error}");
            stopped = true;
            break;
        }
    }
    assert!(stopped);
    let (written, out) = writer.finish(manifest(), 0).unwrap();
    assert_eq!(written.lost_members, 1);
    let (members, damage, whole) = read_all(&out.0).unwrap();
    assert!(whole, "{damage:?}");
    let json = &members
        .iter()
        .find(|(name, _)| name == member::MANIFEST)
        .unwrap()
        .1;
    let manifest: Manifest = serde_json::from_slice(json).unwrap();
    assert!(!manifest.complete && manifest.totals.lost_members == 1);
}

#[test]
fn foreign_input_is_refused() {
    let refused = |bytes: &[u8]| Reader::open(Cursor::new(bytes)).err().unwrap().to_string();
    assert_eq!(refused(b""), "not a bundle: the file is empty");
    assert_eq!(
        refused(b"\x1f\x8b\x08gzip"),
        "not a bundle: it does not begin with a zstd frame"
    );
    assert!(refused(b"age-encryption.org/v1\n").contains("encrypted"));
    // A frame of zeros, and one that asks for a window of 2 TiB.
    let zeros = zstd::bulk::compress(&[0; 4096], 1).unwrap();
    assert_eq!(
        refused(&zeros),
        "not a bundle: its first frame has no freezeframe/header.json"
    );
    let window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00];
    assert!(refused(&window).contains("not a bundle"));
    // A bomb is refused by what its header says, before anything is decompressed.
    let bomb = zstd::bulk::compress(&vec![0; FRAME_LIMIT + 1], 1).unwrap();
    assert!(
        refused(&bomb).contains("over the limit"),
        "{}",
        refused(&bomb)
    );
}

/// Whatever the tar entries say, only regular files with acceptable names are members.
#[test]
fn hostile_entries_end_their_frame() {
    let frame = |build: &dyn Fn(&mut tar::Header)| {
        let mut header = tar::Header::new_ustar();
        header.set_path("root/etc/passwd").unwrap();
        header.set_size(4);
        build(&mut header);
        header.set_cksum();
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&header, &b"evil"[..]).unwrap();
        Frame::of(builder.into_inner().unwrap())
    };
    let kinds = [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Char,
        tar::EntryType::Fifo,
        tar::EntryType::Directory,
    ];
    for kind in kinds {
        let frame = frame(&|header| header.set_entry_type(kind));
        let (members, problem) = frame.members();
        assert!(members.is_empty() && problem.unwrap().contains("no regular file"));
    }
    let huge = frame(&|header| header.set_size(u64::MAX >> 1));
    assert!(huge.members().1.is_some());
    let named = frame(&|header| header.as_mut_bytes()[..9].copy_from_slice(b"../../evi"));
    assert!(named.members().1.unwrap().contains("member name"));
    assert_eq!(frame(&|_| ()).members().0[0].content, b"evil");
}
