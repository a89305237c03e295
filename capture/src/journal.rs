//! The last entries of a systemd journal file, taken out of it one by one: the end of such a file means nothing without its
//! beginning.
//!
//! They are written in the export format of the journal (`journalctl -o export`), which `systemd-journal-remote` reads too. What the
//! file holds compressed stays so, in a field of our own (`__FREEZEFRAME_ZSTD` and the like) whose content is the packed
//! `FIELD=VALUE`. `_CMDLINE` is left out: it may hold secrets.
//!
//! The format is that of <https://systemd.io/JOURNAL_FILE_FORMAT/>. The library that reads it opens directories by itself, and changes
//! access times.

use std::collections::HashMap;

/// Bytes of the header of every object.
const OBJECT_HEADER: usize = 16;
/// Where the first item of an entry, and of an array of entries, stands.
const ENTRY_ITEMS: usize = 64;
const ARRAY_ITEMS: usize = 24;
const DATA: u8 = 1;
const ENTRY: u8 = 3;
const ENTRY_ARRAY: u8 = 6;
/// Flag of the header: offsets within objects are of 32 bits.
const COMPACT: u32 = 16;
/// Arrays of entries that are followed: each is twice as long as the one before.
const ARRAYS_LIMIT: usize = 4096;
/// Fields of one entry, and bytes of one, that are taken.
const FIELDS_LIMIT: usize = 512;
const FIELD_LIMIT: usize = 64 << 10;
/// Bytes of an entry behind which no field is begun.
const ENTRY_LIMIT: usize = 256 << 10;
/// Data that several entries share, and that is kept for them.
const SHARED_LIMIT: usize = 2048;
const SHARED_SIZE: usize = 256;
/// Bytes of an object that are read at once: most are shorter.
const GLANCE: usize = 512;

/// Something that can be read anywhere.
pub trait ReadAt {
    /// Reads at an offset, and says how much there was.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize>;
}

/// Why there is nothing of a file, or of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// It is no journal.
    Foreign,
    /// It says something that cannot be.
    Torn,
}

/// What a field is packed with, as the name of our own field says it.
fn packed_name(flags: u8) -> Option<&'static [u8]> {
    match flags & 7 {
        1 => Some(b"__FREEZEFRAME_XZ"),
        2 => Some(b"__FREEZEFRAME_LZ4"),
        4 => Some(b"__FREEZEFRAME_ZSTD"),
        _ => None,
    }
}

/// A journal file that is open for reading.
pub struct Journal<R> {
    file: R,
    is_compact: bool,
    /// Where each array of entries lies, and how many entries it has.
    arrays: Vec<(u64, u64)>,
    /// Entries that can be reached.
    entries: u64,
    /// Entries that the header tells of.
    told: u64,
    shared: HashMap<u64, Vec<u8>>,
}

impl<R: ReadAt> Journal<R> {
    /// Reads the header, and finds the arrays that lead to the entries.
    pub fn open(file: R) -> Result<Self, Odd> {
        let mut header = [0; 208];
        exactly(&file, &mut header, 0).ok_or(Odd::Foreign)?;
        if !header.starts_with(b"LPKSHHRH") {
            return Err(Odd::Foreign);
        }
        let is_compact = u32_at(&header, 12).unwrap_or(0) & COMPACT != 0;
        let told = u64_at(&header, 152).unwrap_or(0);
        let mut next = u64_at(&header, 176).unwrap_or(0);
        let mut journal = Journal {
            file,
            is_compact,
            arrays: Vec::new(),
            entries: 0,
            told,
            shared: HashMap::new(),
        };
        while next != 0 && journal.entries < told && journal.arrays.len() < ARRAYS_LIMIT {
            // What is behind a torn array is lost, what is before it is there.
            let Some((kind, _, size)) = journal.object(next) else {
                break;
            };
            let mut link = [0; 8];
            let after = next.saturating_add(16);
            if kind != ENTRY_ARRAY || exactly(&journal.file, &mut link, after).is_none() {
                break;
            }
            let room = size.saturating_sub(24) / journal.item_size();
            let count = room.min(told.saturating_sub(journal.entries));
            journal.arrays.push((next, count));
            journal.entries = journal.entries.saturating_add(count);
            let following = u64::from_le_bytes(link);
            // They only ever grow, so that no circle is followed.
            if following <= next {
                break;
            }
            next = following;
        }
        Ok(journal)
    }

    /// Entries that the file says it has and that cannot be reached, because it ends before them.
    pub fn missing(&self) -> u64 {
        self.told.saturating_sub(self.entries)
    }

    /// Entries that can be reached.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    fn item_size(&self) -> u64 {
        if self.is_compact { 4 } else { 8 }
    }

    /// Kind, flags and size of an object.
    fn object(&self, offset: u64) -> Option<(u8, u8, u64)> {
        let mut header = [0; OBJECT_HEADER];
        (offset != 0 && offset.is_multiple_of(8)).then_some(())?;
        exactly(&self.file, &mut header, offset)?;
        let size = u64_at(&header, 8)?;
        (size >= 16).then_some((header[0], header[1], size))
    }

    /// When the journal took an entry, counted from 0, microseconds since 1970; `None` where that cannot be read.
    pub fn realtime(&self, number: u64) -> Option<u64> {
        let mut realtime = [0; 8];
        let at = self.entry_offset(number)?.checked_add(24)?;
        exactly(&self.file, &mut realtime, at)?;
        Some(u64::from_le_bytes(realtime)).filter(|us| *us != 0)
    }

    /// Appends an entry, counted from 0, in the export format.
    pub fn export(&mut self, number: u64, out: &mut Vec<u8>) -> Result<(), Odd> {
        let start = out.len();
        let result = self.try_export(number, out).ok_or(Odd::Torn);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    fn try_export(&mut self, number: u64, out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        let offset = self.entry_offset(number)?;
        let (kind, _, size) = self.object(offset)?;
        let wide = if self.is_compact { 4 } else { 16 };
        let most = ENTRY_ITEMS.saturating_add(FIELDS_LIMIT.saturating_mul(wide));
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(most);
        (kind == ENTRY && size >= ENTRY_ITEMS).then_some(())?;
        let mut entry = vec![0; size];
        exactly(&self.file, &mut entry, offset)?;
        let realtime = u64_at(&entry, 24)?;
        // What was written while the host went down is all zeros.
        (realtime != 0).then_some(())?;
        let text = format!(
            "__SEQNUM={}\n__REALTIME_TIMESTAMP={realtime}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID={}\n",
            u64_at(&entry, 16)?,
            u64_at(&entry, 32)?,
            schema::text::hex(entry.get(40..56)?)
        );
        out.extend_from_slice(text.as_bytes());
        for item in entry.get(ENTRY_ITEMS..)?.chunks_exact(wide) {
            let at = if self.is_compact {
                u64::from(u32_at(item, 0)?)
            } else {
                u64_at(item, 0)?
            };
            if out.len().saturating_sub(start) > ENTRY_LIMIT {
                break;
            }
            // One that cannot be read costs itself.
            let _ = self.field(at, out);
        }
        out.push(b'\n');
        Some(())
    }

    fn entry_offset(&self, mut number: u64) -> Option<u64> {
        let (array, _) = self.arrays.iter().find(|(_, count)| {
            let is_here = number < *count;
            if !is_here {
                number = number.saturating_sub(*count);
            }
            is_here
        })?;
        let width = self.item_size();
        let items = u64::try_from(ARRAY_ITEMS).ok()?;
        let at = array
            .checked_add(items)?
            .checked_add(number.checked_mul(width)?)?;
        if self.is_compact {
            let mut item = [0; 4];
            exactly(&self.file, &mut item, at)?;
            return Some(u64::from(u32::from_le_bytes(item)));
        }
        let mut item = [0; 8];
        exactly(&self.file, &mut item, at)?;
        Some(u64::from_le_bytes(item))
    }

    fn field(&mut self, offset: u64, out: &mut Vec<u8>) -> Option<()> {
        if let Some(shared) = self.shared.get(&offset) {
            out.extend_from_slice(shared);
            return Some(());
        }
        let mut object = vec![0; GLANCE];
        let there = self.file.read_at(&mut object, offset).ok()?;
        object.truncate(there);
        let (kind, flags) = (*object.first()?, *object.get(1)?);
        let size = usize::try_from(u64_at(&object, 8)?).ok()?;
        let payload = if self.is_compact { 72 } else { 64 };
        (kind == DATA && size >= payload && offset.is_multiple_of(8)).then_some(())?;
        let name = packed_name(flags);
        // What is packed cannot be cut.
        let limit = FIELD_LIMIT.saturating_add(payload);
        let wanted = match name {
            Some(_) if size > limit => return None,
            _ => size.min(limit),
        };
        if wanted > object.len() {
            object.resize(wanted, 0);
            exactly(&self.file, &mut object, offset)?;
        }
        let value = object.get(payload..wanted)?;
        let before = out.len();
        match name {
            Some(name) => binary(name, value, out)?,
            None if value.starts_with(b"_CMDLINE=") => {}
            None => {
                let equals = memchr::memchr(b'=', value)?;
                let (name, rest) = value.split_at_checked(equals)?;
                let is_name =
                    |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
                (!name.is_empty() && name.iter().all(is_name)).then_some(())?;
                let text = rest.get(1..)?;
                if text.iter().all(|byte| *byte >= b' ' || *byte == b'\t') {
                    out.extend_from_slice(value);
                    out.push(b'\n');
                } else {
                    binary(name, text, out)?;
                }
            }
        }
        let written = out.get(before..)?;
        if written.len() <= SHARED_SIZE && self.shared.len() < SHARED_LIMIT {
            self.shared.insert(offset, written.to_vec());
        }
        Some(())
    }
}

/// A field that is no text, with its length.
fn binary(name: &[u8], value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(name);
    out.push(b'\n');
    out.extend_from_slice(&u64::try_from(value.len()).ok()?.to_le_bytes());
    out.extend_from_slice(value);
    out.push(b'\n');
    Some(())
}

fn exactly<R: ReadAt>(file: &R, buffer: &mut [u8], offset: u64) -> Option<()> {
    let there = file.read_at(buffer, offset).ok()?;
    (there == buffer.len()).then_some(())
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    impl ReadAt for &[u8] {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
            let rest = usize::try_from(offset)
                .ok()
                .and_then(|at| self.get(at..))
                .unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        }
    }

    /// A journal that the tool of systemd made of these entries, in either form; `None` where the tool is missing.
    fn journal(export: &str, is_compact: bool) -> Option<Vec<u8>> {
        let tool = "/lib/systemd/systemd-journal-remote";
        let place = tempfile::tempdir().unwrap();
        let (input, output) = (place.path().join("in"), place.path().join("a.journal"));
        std::fs::write(&input, export).unwrap();
        let made = Command::new(tool)
            .arg("-o")
            .args([&output, &input])
            .env(
                "SYSTEMD_JOURNAL_COMPACT",
                if is_compact { "1" } else { "0" },
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        made.is_ok_and(|status| status.success())
            .then(|| std::fs::read(output).unwrap())
    }

    fn entries(count: u64) -> String {
        let long = "x".repeat(2000);
        let entry = |number: u64| {
            let message = if number.is_multiple_of(7) {
                &long
            } else {
                "short"
            };
            format!(
                "__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={number}\n_BOOT_ID=00112233445566778899aabbccddeeff\n\
                 _HOSTNAME=web-1\nMESSAGE={message} {number}\nPRIORITY={}\n_CMDLINE=app --password=x\n\n",
                1_795_510_350_000_000 + number,
                number % 8
            )
        };
        (1..=count).map(entry).collect()
    }

    #[test]
    fn the_last_entries() {
        for is_compact in [false, true] {
            let Some(file) = journal(&entries(3000), is_compact) else {
                return;
            };
            let mut journal = Journal::open(file.as_slice()).unwrap();
            assert_eq!((journal.entries(), journal.is_compact), (3000, is_compact));
            let mut out = Vec::new();
            journal.export(2998, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.starts_with(
                "__SEQNUM=2999\n__REALTIME_TIMESTAMP=1795510350002999\n__MONOTONIC_TIMESTAMP=2999\n"
            ));
            for field in [
                "_BOOT_ID=00112233445566778899aabbccddeeff",
                "_HOSTNAME=web-1",
                "MESSAGE=short 2999",
                "PRIORITY=7",
            ] {
                assert!(text.contains(&format!("\n{field}\n")), "{text}");
            }
            assert!(
                text.ends_with("\n\n") && !text.contains("password"),
                "{text}"
            );
            // 7 * 428.
            let mut packed = Vec::new();
            journal.export(2995, &mut packed).unwrap();
            let is_packed = memchr::memmem::find(&packed, b"__FREEZEFRAME_").is_some();
            let is_long = memchr::memmem::find(&packed, b"xxxx 2996\n").is_some();
            assert!(is_packed || is_long);
            assert_eq!(journal.export(3000, &mut packed), Err(Odd::Torn));
        }
    }

    #[test]
    fn whatever_is_torn_costs_itself() {
        let Some(file) = journal(&entries(300), true) else {
            return;
        };
        let mut out = Vec::new();
        for step in 0..400_usize {
            let mut torn = file.clone();
            if step % 2 == 0 {
                torn.truncate(file.len() * step / 400);
            } else {
                for place in 0..32 {
                    let at = (step * 7919 + place * 104_729) % torn.len();
                    torn[at] = torn[at].wrapping_add(u8::try_from(step % 250).unwrap());
                }
            }
            let Ok(mut journal) = Journal::open(torn.as_slice()) else {
                continue;
            };
            for number in 0..journal.entries().min(400) {
                out.clear();
                let _ = journal.export(number, &mut out);
                assert!(out.len() < ENTRY_LIMIT + FIELD_LIMIT + 100);
            }
        }
        assert!(matches!(Journal::open(&b"LPKSHHRH"[..]), Err(Odd::Foreign)));
        assert!(matches!(Journal::open(&[0; 500][..]), Err(Odd::Foreign)));
    }
}
