//! Random changes to a bundle, at every level of the format, each read by four commands within limits of memory and time.
//!
//! `FREEZEFRAME_MUTATIONS=10000 tests/faults/run B24` makes that many; `FREEZEFRAME_MUTATIONS_FROM` begins elsewhere.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use schema::member;

use crate::case::{Case, Run};
use crate::common::{self, has};
use crate::forge::{self, Entry};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[Case {
    // Each command has a limit of its own; ten thousand changes take hours.
    limit: Duration::from_hours(4),
    run: Run::Here(mutations),
    ..Case::here(
        "B24",
        "random changes at every level of a bundle",
        mutations,
    )
}];

/// How many there are in the suite.
const COUNT: u64 = 15;
/// Address space of a command, which is more than its memory.
const MEMORY: u64 = 512 << 20;
/// Processor time of a command: another program on the machine costs none of it.
const CPU_SECONDS: u64 = 2;

/// Numbers that are always the same for a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((value ^ (value >> 31)) % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.roll(length + 1);
        start..start + self.roll((length - start).min(4096) + 1)
    }
}

/// Changes bytes as a bad disk or a bad program would.
fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.roll(4) {
        let range = dice.range(bytes.len());
        match dice.roll(8) {
            0 | 1 if !bytes.is_empty() => {
                let at = dice.roll(bytes.len());
                bytes[at] ^= 1 << dice.roll(8);
            }
            2 => bytes.truncate(range.start),
            3 => {
                let part = bytes[range.clone()].to_vec();
                bytes.splice(range.start..range.start, part);
            }
            4 => drop(bytes.drain(range)),
            5 => bytes[range].fill(0),
            6 => {
                let numbers: [&[u8]; 6] = [
                    &[0xff; 8],
                    &[0, 0, 0, 0, 0, 0, 0, 0x80],
                    b"\xfd\xff\xff\xff\xff\xff\xff\xff\x7f",
                    b"99999999999999999999",
                    b"-1",
                    b"\0\n\t ",
                ];
                let number = numbers[dice.roll(numbers.len())];
                bytes.splice(range.start..range.start, number.iter().copied());
            }
            _ => {
                let noise: Vec<u8> = range
                    .clone()
                    .map(|_| u8::try_from(dice.roll(256)).unwrap())
                    .collect();
                bytes.splice(range, noise);
            }
        }
    }
}

/// Puts something else in the place of a value of a JSON text.
fn spoil_json(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let colons: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b':').collect();
    let Some(at) = colons.get(dice.roll(colons.len())) else {
        return;
    };
    let end = (*at..bytes.len())
        .find(|at| matches!(bytes[*at], b',' | b'}'))
        .unwrap_or(bytes.len());
    let value = match dice.roll(8) {
        0 => "[".repeat(100_000),
        1 => "{\"a\":".repeat(100_000),
        2 => "1e999".to_owned(),
        3 => "-1".to_owned(),
        4 => "18446744073709551616".to_owned(),
        5 => "null".to_owned(),
        6 => "\"\\u0000\\ud800\"".to_owned(),
        _ => format!("\"{}\"", "x".repeat(1 << 20)),
    };
    bytes.splice(at + 1..end, value.into_bytes());
}

/// Changes one member that `wanted` picks, and makes the sums again.
fn spoil_member(
    frames: &[Vec<Entry>],
    wanted: &dyn Fn(&str) -> bool,
    change: fn(&mut Vec<u8>, &mut Dice),
    dice: &mut Dice,
) -> Vec<u8> {
    let mut frames = frames.to_vec();
    let mut members: Vec<&mut Entry> = frames
        .iter_mut()
        .flatten()
        .filter(|entry| wanted(std::str::from_utf8(&entry.name).unwrap()))
        .collect();
    let chosen = dice.roll(members.len());
    change(&mut members[chosen].content, dice);
    forge::sum_again(&mut frames);
    forge::bundle(&frames)
}

/// Changes what entries are: names, kinds, and how often they are there.
fn spoil_entries(frames: &[Vec<Entry>], dice: &mut Dice) -> Vec<u8> {
    let mut frames = frames.to_vec();
    let number = dice.roll(frames.len());
    let frame = &mut frames[number];
    let at = dice.roll(frame.len());
    let names: [&[u8]; 7] = [
        b"../../evil",
        b"/abs",
        b"root/../../evil",
        b"root/etc",
        b"root/\xff",
        b"",
        b"freezeframe/header.json",
    ];
    match dice.roll(4) {
        0 => frame[at].name = names[dice.roll(names.len())].to_vec(),
        1 => frame[at].kind = b"123456LKgxVMS"[dice.roll(13)],
        2 => {
            let twice = frame[at].clone();
            frame.push(twice);
        }
        _ => drop(frame.remove(at)),
    }
    forge::sum_again(&mut frames);
    forge::bundle(&frames)
}

/// Puts frames where none belong.
fn spoil_frames(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let table = whole
        .windows(4)
        .rposition(|bytes| bytes == [0x5e, 0x2a, 0x4d, 0x18]);
    let table = table.unwrap();
    let hidden = forge::tar(&[Entry::file("root/hidden", b"hidden")]);
    let extra = match dice.roll(5) {
        0 => forge::compress(&hidden),
        1 => [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0][..], b"evil"].concat(),
        2 => forge::compress(b"").repeat(1 + dice.roll(2000)),
        3 => whole.to_vec(),
        _ => zstd::bulk::compress(&vec![0; 16 << 20], 1)
            .unwrap()
            .repeat(8),
    };
    let at = [0, table, whole.len(), dice.roll(whole.len())][dice.roll(4)];
    [&whole[..at], &extra, &whole[at..]].concat()
}

/// The change of a number, what it is called, and whether the host is still to be told.
fn changed(seed: u64, whole: &[u8], frames: &[Vec<Entry>]) -> (Vec<u8>, &'static str, bool) {
    let dice = &mut Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    match seed % 10 {
        0 => {
            let mut bytes = whole.to_vec();
            spoil(&mut bytes, dice);
            (bytes, "bytes of the file", false)
        }
        1 => {
            let mut tars: Vec<Vec<u8>> = frames.iter().map(|frame| forge::tar(frame)).collect();
            let number = dice.roll(tars.len());
            spoil(&mut tars[number], dice);
            (forge::bundle_of(&tars), "bytes of a tar", false)
        }
        2 | 3 => {
            let wanted = |name: &str| name.starts_with("freezeframe/records/");
            let bytes = spoil_member(frames, &wanted, spoil, dice);
            (bytes, "records", true)
        }
        4 => {
            let wanted = |name: &str| name == member::HEADER || name == member::MANIFEST;
            (
                spoil_member(frames, &wanted, spoil_json, dice),
                "JSON",
                false,
            )
        }
        5 => {
            let wanted = |name: &str| name.contains("index.") || name.contains("SHA256SUMS");
            (
                spoil_member(frames, &wanted, spoil, dice),
                "index or sums",
                false,
            )
        }
        6 => {
            let mut bytes = whole.to_vec();
            let tail = bytes.split_off(bytes.len() - (9 + 8 * frames.len()));
            let mut tail = tail;
            spoil(&mut tail, dice);
            bytes.extend(tail);
            (bytes, "the seek table", true)
        }
        7 => (spoil_frames(whole, dice), "frames", false),
        8 => (spoil_entries(frames, dice), "entries", false),
        _ => {
            let wanted = |name: &str| name.starts_with("root/");
            (
                spoil_member(frames, &wanted, spoil, dice),
                "files of the host",
                true,
            )
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn mutations(trial: &mut Trial) -> Result<(), Skipped> {
    if !has("prlimit") {
        return Err(Skipped::because("needs prlimit"));
    }
    let whole = std::fs::read(common::web_1()).unwrap();
    let frames = forge::honest();
    let since = Instant::now();
    let from = number("FREEZEFRAME_MUTATIONS_FROM", 0);
    let count = number("FREEZEFRAME_MUTATIONS", COUNT);
    let place = trial.place().to_owned();
    let mut longest = (Duration::ZERO, 0, "");
    let mut codes = std::collections::BTreeMap::new();
    for seed in from..from + count {
        let (bytes, what, is_told) = changed(seed, &whole, &frames);
        let inner = place.join(format!("{seed}/a/b"));
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(inner.join("in"), &bytes).unwrap();
        let sql = "SELECT hostname, (SELECT count(*) FROM processes) FROM snapshots";
        let commands: [&[&str]; 4] = [
            &["verify", "in"],
            &["load", "--db", "db", "in"],
            &["extract", "in", "out"],
            &["sql", "in", sql, "--format", "csv"],
        ];
        for arguments in commands {
            let started = Instant::now();
            let output = limited(trial, &inner, arguments);
            let took = started.elapsed();
            if took > longest.0 {
                longest = (took, seed, arguments[0]);
            }
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = output.status.code();
            *codes.entry((what, arguments[0], code)).or_insert(0) += 1;
            let shown = || {
                format!(
                    "change {seed} of {what}: {arguments:?}: {:?}: {said}",
                    output.status
                )
            };
            trial.ends(
                matches!(code, Some(0..=2)) && !said.contains("panicked"),
                shown(),
            );
            if !matches!(code, Some(0..=2)) {
                eprintln!("{}", shown());
            }
            let silent = code == Some(2) && said.trim().is_empty();
            trial.named(!silent, shown());
            if is_told && arguments[0] == "sql" {
                let told = String::from_utf8_lossy(&output.stdout).contains("web-1,");
                trial.rest(told, shown());
            }
        }
        let outside = outside(&place.join(seed.to_string()));
        trial.harmless(
            outside.is_empty(),
            format!("change {seed} of {what}: {outside:?}"),
        );
        std::fs::remove_dir_all(place.join(seed.to_string())).unwrap();
    }
    eprintln!(
        "{count} changes in {:?}, the longest command {longest:?}",
        since.elapsed()
    );
    for ((what, command, code), count) in codes {
        eprintln!("{what}: {command}: exit {code:?}: {count}");
    }
    let output = limited(
        trial,
        &place,
        &["verify", common::web_1().to_str().unwrap()],
    );
    trial.rest(output.status.success(), "the bundle without a change");
    Ok(())
}

/// Runs a command where it may not use more than its share.
fn limited(trial: &Trial, directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("prlimit");
    command
        .arg(format!("--as={MEMORY}"))
        .arg(format!("--cpu={CPU_SECONDS}"))
        .arg(trial.analyze().get_program())
        .args(arguments)
        .current_dir(directory);
    common::run_within(&mut command, Duration::from_mins(1))
}

/// What lies beside the three that may be there, and what is extracted and no plain file.
fn outside(place: &Path) -> Vec<std::path::PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let inner = place.join("a/b");
    let mut wrong = Vec::new();
    let mut open = vec![place.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let about = path.symlink_metadata().unwrap();
            let may_be = ["in", "db", "out"]
                .iter()
                .any(|name| path.starts_with(inner.join(name)));
            let is_plain = about.is_dir() || about.is_file() && about.mode() & 0o7177 == 0;
            if !may_be && path != inner && path != place.join("a")
                || !is_plain && path != inner.join("in")
            {
                wrong.push(path.clone());
            }
            if about.is_dir() {
                open.push(path);
            }
        }
    }
    wrong
}
