//! Bundles that are damaged in known places, or forged to break their reader.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use crate::case::Case;
use crate::common;
use crate::forge::{self, Entry};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::here("B01", "a bundle cut off at every fiftieth", cut_off),
    Case::here("B02", "one bit flipped at 200 places", flipped),
    Case::here("B06", "10 GiB of zeros in a small file", zeros),
    Case::here(
        "B07",
        "frames that ask for windows of 2^31 and 2^41 bytes",
        windows,
    ),
    Case::here(
        "B09",
        "a compressed bundle, and archives of other kinds",
        nested,
    )
    .in_quick_part(),
    Case::here("B10", "names that lead elsewhere", names),
    Case::here("B11", "links, devices and pipes as members", kinds),
    Case::here(
        "B13",
        "tar sizes that are huge, negative or no numbers",
        sizes,
    ),
    Case::here("B15", "a GNU long name of a gigabyte", long_name),
    Case::here(
        "B16",
        "more members without content than there may be",
        members,
    ),
    Case::here("B19", "records with lengths that lie", records),
    Case::here(
        "B20",
        "versions, tables and layouts that are not known",
        versions,
    )
    .in_quick_part(),
    Case::here(
        "B23",
        "the seeds of the fuzzer, and random bytes behind a header",
        seeds,
    ),
    Case::here("B25", "a frame hidden before the seek table", hidden),
    Case::here(
        "B26",
        "a damaged copy loaded before the whole one",
        damaged_first,
    )
    .in_quick_part(),
    Case::here("B27", "a million empty frames", empty_frames),
];

const MEMORY: &str = "--as=536870912";

fn write(trial: &Trial, name: &str, bytes: &[u8]) -> PathBuf {
    let path = trial.place().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// `analyze` with at most 512 MiB of address space.
fn analyze(trial: &mut Trial, arguments: &[&str], limit: Duration) -> Output {
    let mut command = Command::new("prlimit");
    let program = trial.analyze().get_program().to_owned();
    command.arg(MEMORY).arg(program).args(arguments);
    command.current_dir(trial.place());
    trial.run(&mut command, limit)
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Whether `verify` ends with a code and says these words.
fn verified(trial: &mut Trial, name: &str, code: i32, words: &str, limit: u64) {
    let output = analyze(trial, &["verify", name], Duration::from_secs(limit));
    let text = said(&output);
    trial.named(
        output.status.code() == Some(code) && text.contains(words) && !text.contains("panicked"),
        format!(
            "{name}: wanted {code} and {words:?}: {:?}: {text}",
            output.status
        ),
    );
}

/// Whether the host of a bundle is told of, as far as it is there.
fn told(trial: &mut Trial, name: &str) {
    let sql = "SELECT hostname FROM snapshots";
    let output = analyze(trial, &["sql", name, sql], Duration::from_secs(30));
    let text = said(&output);
    trial.rest(text.contains("web-1"), format!("{name}: {text}"));
}

/// Extracts, and looks that nothing lies where it must not.
fn extracted(trial: &mut Trial, name: &str) {
    let before = listed(trial.place());
    let inner = trial.place().join("x/y/z");
    std::fs::create_dir_all(&inner).unwrap();
    let output = analyze(
        trial,
        &["extract", name, "x/y/z/out"],
        Duration::from_mins(1),
    );
    let after = listed(trial.place());
    let deep = [
        listed(&trial.place().join("x")),
        listed(&trial.place().join("x/y")),
    ]
    .concat();
    let links = Command::new("find")
        .arg(&inner)
        .args(["!", "-type", "f", "!", "-type", "d"])
        .output();
    trial.harmless(
        after.len() == before.len() + 1 && deep.len() == 2 && links.unwrap().stdout.is_empty(),
        format!(
            "{name}: {before:?} and then {after:?}, {deep:?}: {}",
            said(&output)
        ),
    );
    std::fs::remove_dir_all(trial.place().join("x")).unwrap();
}

fn listed(directory: &Path) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name()).collect()
}

/// The bundle of `web-1` with entries of any kind in a frame of their own before the last one, which no sum lists.
fn with(tar: Vec<u8>) -> Vec<u8> {
    let mut tars: Vec<Vec<u8>> = forge::honest()
        .iter()
        .map(|frame| forge::tar(frame))
        .collect();
    tars.insert(tars.len() - 1, tar);
    forge::bundle_of(&tars)
}

fn cut_off(trial: &mut Trial) -> Result<(), Skipped> {
    let whole = std::fs::read(common::web_1()).unwrap();
    let first = forge::compress(&forge::tar(&forge::honest()[0])).len();
    for part in 1..50 {
        let length = whole.len() * part / 50;
        write(trial, "cut", &whole[..length]);
        if length < first * 2 {
            let output = analyze(trial, &["verify", "cut"], Duration::from_secs(10));
            trial.named(matches!(output.status.code(), Some(1 | 2)), said(&output));
            continue;
        }
        verified(trial, "cut", 1, "byte ", 10);
        told(trial, "cut");
    }
    extracted(trial, "cut");
    Ok(())
}

/// The closing sums of a bundle, which name the sums of all members.
fn sums(trial: &mut Trial, name: &str) -> Vec<u8> {
    let arguments = ["cat", name, "freezeframe/SHA256SUMS"];
    analyze(trial, &arguments, Duration::from_secs(10)).stdout
}

fn flipped(trial: &mut Trial) -> Result<(), Skipped> {
    let whole = std::fs::read(common::web_1()).unwrap();
    let header = forge::compress(&forge::tar(&forge::honest()[0])).len();
    write(trial, "whole", &whole);
    let own = &sums(trial, "whole");
    assert!(!own.is_empty());
    for number in 0..200 {
        let at = whole.len() * number / 200;
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (number % 8);
        write(trial, "flipped", &bytes);
        let output = analyze(trial, &["verify", "flipped"], Duration::from_secs(10));
        let code = output.status.code();
        // Some bits nobody reads: those behind the end of a table of codes, the size of a window that may be larger. Then all of it is
        // as it was.
        let is_unread = code == Some(0) && sums(trial, "flipped") == *own;
        trial.named(
            matches!(code, Some(1)) || code == Some(2) && at < header * 2 || is_unread,
            format!("byte {at}: {code:?}: {}", said(&output)),
        );
        if code == Some(1) && number % 10 == 0 {
            told(trial, "flipped");
        }
    }
    extracted(trial, "flipped");
    Ok(())
}

fn zeros(trial: &mut Trial) -> Result<(), Skipped> {
    let content = vec![0; 16 << 20];
    let frame = forge::compress(&content);
    let start = forge::compress(&forge::tar(&forge::honest()[0]));
    let bundle = [start, frame.repeat(640)].concat();
    write(trial, "zeros", &bundle);
    verified(trial, "zeros", 1, "over the limit", 100);
    told(trial, "zeros");
    extracted(trial, "zeros");
    Ok(())
}

fn windows(trial: &mut Trial) -> Result<(), Skipped> {
    for (name, descriptor) in [("window-31", 21 << 3), ("window-41", 31 << 3)] {
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, descriptor, 1, 0, 0];
        write(trial, name, &frame);
        verified(trial, name, 2, "its first frame", 2);
        let later = [std::fs::read(common::web_1()).unwrap(), frame.to_vec()].concat();
        write(trial, "later", &later);
        verified(trial, "later", 1, "byte ", 5);
        told(trial, "later");
    }
    extracted(trial, "later");
    Ok(())
}

fn nested(trial: &mut Trial) -> Result<(), Skipped> {
    let whole = std::fs::read(common::web_1()).unwrap();
    write(trial, "nested", &forge::compress(&whole));
    write(
        trial,
        "gz",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0",
    );
    write(trial, "xz", b"\xfd7zXZ\0\0\x04");
    write(
        trial,
        "zip",
        b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    );
    for name in ["nested", "gz", "xz", "zip"] {
        verified(trial, name, 2, "not a bundle", 2);
    }
    extracted(trial, "nested");
    write(trial, "whole", &whole);
    told(trial, "whole");
    Ok(())
}

fn names(trial: &mut Trial) -> Result<(), Skipped> {
    let long = [&b"root/"[..], &[b'x'; 95]].concat();
    for name in [
        b"../../evil",
        &b"/abs"[..],
        b"root/../../../evil",
        b"root/a\nb",
        b"",
        b".",
        b"root/\xff",
        b"etc/x",
        &long,
    ] {
        let entry = Entry {
            name: name.to_vec(),
            kind: b'0',
            content: b"evil".to_vec(),
        };
        write(trial, "named", &with(forge::tar(&[entry])));
        verified(
            trial,
            "named",
            1,
            if name == long {
                "the sums do not list it"
            } else {
                "member name"
            },
            5,
        );
        told(trial, "named");
        extracted(trial, "named");
    }
    Ok(())
}

fn kinds(trial: &mut Trial) -> Result<(), Skipped> {
    for kind in b"123456LKxgSM" {
        let first = Entry {
            name: b"root/dir".to_vec(),
            kind: *kind,
            content: Vec::new(),
        };
        let entries = [first, Entry::file("root/dir/evil", b"evil")];
        write(trial, "kind", &with(forge::tar(&entries)));
        verified(trial, "kind", 1, "no regular file", 5);
        told(trial, "kind");
        extracted(trial, "kind");
    }
    Ok(())
}

fn sizes(trial: &mut Trial) -> Result<(), Skipped> {
    let sizes: [&[u8; 12]; 5] = [
        b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"77777777777\0",
        b"no number\0\0\0",
        b"-0000000001\0",
    ];
    let mut tars: Vec<Vec<u8>> = sizes
        .iter()
        .map(|size| forge::header(b"root/evil", b'0', size).to_vec())
        .collect();
    let mut wrong_sum = forge::tar(&[Entry::file("root/evil", b"evil")]);
    wrong_sum[150] ^= 1;
    tars.push(wrong_sum);
    for tar in tars {
        write(trial, "size", &with(tar));
        verified(trial, "size", 1, "frame ", 5);
        told(trial, "size");
    }
    extracted(trial, "size");
    Ok(())
}

fn long_name(trial: &mut Trial) -> Result<(), Skipped> {
    let mut tar = forge::header(b"././@LongLink", b'L', b"14000000000\0").to_vec();
    tar.resize(16 << 20, b'x');
    let start = forge::compress(&forge::tar(&forge::honest()[0]));
    let more = forge::compress(&vec![b'x'; 16 << 20]).repeat(95);
    write(
        trial,
        "long",
        &[start, forge::compress(&tar), more].concat(),
    );
    verified(trial, "long", 1, "frame 1: ", 60);
    told(trial, "long");
    extracted(trial, "long");
    Ok(())
}

fn members(trial: &mut Trial) -> Result<(), Skipped> {
    let mut bundle = forge::compress(&forge::tar(&forge::honest()[0]));
    // Some three bytes each; a bundle of this size may have fewer.
    for frame in 0..25 {
        let entries: Vec<Entry> = (0..32_000)
            .map(|number| Entry::file(&format!("root/{frame}/{number}"), b""))
            .collect();
        bundle.extend(forge::compress(&forge::tar(&entries)));
    }
    write(trial, "members", &bundle);
    verified(trial, "members", 2, "the number of members", 30);
    extracted(trial, "members");
    write(trial, "whole", &std::fs::read(common::web_1()).unwrap());
    told(trial, "whole");
    Ok(())
}

fn records(trial: &mut Trial) -> Result<(), Skipped> {
    let lies: [&[u8]; 4] = [
        b"\xff\xff\xff\xff",
        b"\x10\0\0\0\x01",
        b"\x0a\0\0\0\x07\xfd\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x09\0\0\0\xfd\0\0\0\0\x02\0\0\0",
    ];
    for lie in lies {
        let mut frames = forge::honest();
        let links = frames.iter_mut().flatten();
        let mut links =
            links.filter(|entry| entry.name.starts_with(b"freezeframe/records/fd_links"));
        links.next().unwrap().content.extend(lie);
        forge::sum_again(&mut frames);
        write(trial, "records", &forge::bundle(&frames));
        let sql = "SELECT reason FROM parse_issues WHERE member LIKE '%fd_links%'";
        let output = analyze(trial, &["sql", "records", sql], Duration::from_secs(10));
        let text = said(&output);
        trial.named(text.contains("frame of") || text.contains("decode"), text);
        told(trial, "records");
    }
    extracted(trial, "records");
    Ok(())
}

fn versions(trial: &mut Trial) -> Result<(), Skipped> {
    let frames = forge::honest();
    // There is no minor number: a later writer adds keys.
    for (version, code) in [(Some(999_u64), 2), (None, 0), (Some(0), 0)] {
        let mut frames = frames.clone();
        let json = &mut frames[0][0].content;
        let mut header: serde_json::Value = serde_json::from_slice(json).unwrap();
        if let Some(version) = version {
            header["format_version"] = version.into();
        }
        header["of_a_later_version"] = serde_json::json!({"a": [1]});
        *json = serde_json::to_vec(&header).unwrap();
        forge::sum_again(&mut frames);
        write(trial, "version", &forge::bundle(&frames));
        if code == 2 {
            verified(trial, "version", 2, "format 999 is newer", 5);
        } else {
            told(trial, "version");
        }
    }
    let links = |entry: &&mut Entry| entry.name.starts_with(b"freezeframe/records/fd_links");
    let mut later = frames.clone();
    let content = &mut later.iter_mut().flatten().find(links).unwrap().content;
    let name = content.windows(8).position(|bytes| bytes == b"fd_links");
    content[name.unwrap() + 7] = b'z';
    forge::sum_again(&mut later);
    write(trial, "layout", &forge::bundle(&later));
    let mut tables = frames;
    let mut entry = tables.iter_mut().flatten().find(links).unwrap().clone();
    let number = entry.name.split_off(b"freezeframe/records/fd_links".len());
    entry.name = [&b"freezeframe/records/later"[..], &number].concat();
    // Cut off, so that no sum speaks against it.
    *tables.last_mut().unwrap() = vec![entry];
    let tars = tables
        .iter()
        .map(|frame| forge::compress(&forge::tar(frame)));
    write(trial, "table", &tars.collect::<Vec<_>>().concat());
    for (name, words) in [
        ("layout", "layout that this version does not know"),
        ("table", "table that this version does not know"),
    ] {
        let sql = "SELECT reason FROM parse_issues";
        let output = analyze(trial, &["sql", name, sql], Duration::from_secs(10));
        trial.named(said(&output).contains(words), said(&output));
        told(trial, name);
        extracted(trial, name);
    }
    Ok(())
}

fn seeds(trial: &mut Trial) -> Result<(), Skipped> {
    let seeds = common::workspace().join("tests/fuzz/seeds/bundle_bytes");
    let mut inputs: Vec<Vec<u8>> = std::fs::read_dir(seeds)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    trial.named(inputs.len() >= 3, "seeds of bundles");
    let header = forge::compress(&forge::tar(&forge::honest()[0]));
    let mut state = 1_u64;
    for length in (0..20).map(|power| 1_usize << power) {
        let noise = (0..length).map(|_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            state.to_be_bytes()[0]
        });
        inputs.push(header.iter().copied().chain(noise).collect());
    }
    for (number, bytes) in inputs.iter().enumerate() {
        let name = number.to_string();
        write(trial, &name, bytes);
        let limit = Duration::from_secs(10);
        for arguments in [&["verify", &name][..], &["load", "--db", "db", &name]] {
            let output = analyze(trial, arguments, limit);
            let code = output.status.code();
            trial.named(
                matches!(code, Some(0..=2)) && !said(&output).contains("panicked"),
                format!("{number}: {arguments:?}: {code:?}: {}", said(&output)),
            );
        }
        if bytes.starts_with(&header) {
            told(trial, &name);
        }
        extracted(trial, &name);
        std::fs::remove_file(trial.place().join(&name)).unwrap();
    }
    Ok(())
}

fn hidden(trial: &mut Trial) -> Result<(), Skipped> {
    let frames = forge::honest();
    let whole = forge::bundle(&frames);
    let table = whole.len() - (8 + 8 * frames.len() + 9);
    let frame = forge::compress(&forge::tar(&[Entry::file("root/etc/hidden", b"evil")]));
    let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0evil".to_vec();
    for hidden in [frame, skippable] {
        write(
            trial,
            "hidden",
            &[&whole[..table], &hidden, &whole[table..]].concat(),
        );
        verified(
            trial,
            "hidden",
            1,
            "more in the file than the seek table says",
            5,
        );
        told(trial, "hidden");
        extracted(trial, "hidden");
    }
    Ok(())
}

fn damaged_first(trial: &mut Trial) -> Result<(), Skipped> {
    let mut frames = forge::honest();
    write(trial, "whole", &forge::bundle(&frames));
    let file = frames
        .iter_mut()
        .flatten()
        .find(|entry| entry.name.starts_with(b"root/proc/"));
    file.unwrap().content.push(b'x');
    write(trial, "damaged", &forge::bundle(&frames));
    let limit = Duration::from_secs(30);
    let first = analyze(trial, &["load", "--db", "db", "damaged"], limit);
    let again = analyze(trial, &["load", "--db", "db", "damaged"], limit);
    let whole = analyze(trial, &["load", "--db", "db", "whole"], limit);
    let codes = [&first, &again, &whole].map(|output| output.status.code());
    trial.named(
        codes == [Some(1), Some(1), Some(2)] && said(&whole).contains("damaged copy"),
        format!("{codes:?}: {}", said(&whole)),
    );
    let new = analyze(trial, &["load", "--db", "new", "whole"], limit);
    trial.rest(new.status.success(), said(&new));
    told(trial, "new");
    told(trial, "db");
    trial.harmless(
        listed(trial.place()).len() == 4,
        format!("{:?}", listed(trial.place())),
    );
    Ok(())
}

fn empty_frames(trial: &mut Trial) -> Result<(), Skipped> {
    let start = forge::compress(&forge::tar(&forge::honest()[0]));
    let empty = forge::compress(b"").repeat((1 << 20) + 10);
    write(trial, "frames", &[start, empty].concat());
    verified(trial, "frames", 2, "the number of frames", 60);
    extracted(trial, "frames");
    write(trial, "whole", &std::fs::read(common::web_1()).unwrap());
    told(trial, "whole");
    Ok(())
}
