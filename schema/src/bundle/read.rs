//! Reading a bundle, generic over where its bytes are, trusting none of them.
//!
//! The seek table finds the frames; where it is missing (a killed capture) or wrong, frames are found one after the
//! other from their own headers, and after damage by searching the next frame's magic number. Within a frame the tar
//! entries alone say which members there are: the index only tells in which frame to look.

use std::collections::HashSet;
use std::io::{Cursor, Read, Seek, SeekFrom};

use zeekstd::SeekTable;
use zstd::zstd_safe::{self, DParameter};

use super::{
    EXPANSION_LIMIT, EXPANSION_RATIO, EXPANSION_SMALL, FRAME_COUNT_LIMIT, FRAME_LIMIT, IndexEntry,
    Lane, MEMBER_LIMIT,
};
use crate::error::Error;
use crate::frame;
use crate::header::Header;
use crate::manifest::Manifest;
use crate::member;
use crate::source::SourceMap;

/// log2 of the largest window a frame may ask for: that of a frame of [`FRAME_LIMIT`] bytes.
const WINDOW_LOG_LIMIT: u32 = 24;
/// First bytes of a zstd frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes of the footer of a seek table: frame count, descriptor, magic number.
const SEEK_FOOTER: u64 = 9;
const SEEKABLE_MAGIC: [u8; 4] = [0xb1, 0xea, 0x92, 0x8f];
/// Most compressed bytes that are looked at for one frame.
const COMPRESSED_LIMIT: usize = FRAME_LIMIT + (FRAME_LIMIT >> 7) + 1024;

/// Compressed bytes that are looked at for the end of a frame, as long as more are needed: a scan of many tiny frames must
/// not read a megabyte for each, and honest frames end within the third.
const LOOKS: [usize; 4] = [1 << 9, 1 << 16, 1 << 20, COMPRESSED_LIMIT];
/// Most places of a scan that may turn out to be no frame: each costs [`COMPRESSED_LIMIT`] bytes of reading, and one in
/// four thousand million places looks like a frame by chance.
const DAMAGE_LIMIT: usize = 1000;
/// Bytes of a bundle for each member that it may have, above [`MEMBERS_SMALL`]: less than the name and sum of any honest one
/// take, and more than a forged one without content.
const MEMBER_BYTES: u64 = 8;
/// Members that a bundle of any size may have.
const MEMBERS_SMALL: usize = 1 << 18;
/// Most bytes of all names: they are held in memory, several times.
const NAMES_LIMIT: usize = 64 << 20;

/// A part of the bundle that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins in the file, bytes.
    pub offset: u64,
    /// What is wrong, in words.
    pub reason: String,
}

/// One decompressed frame.
#[derive(Debug)]
pub struct Frame {
    content: Vec<u8>,
}

/// One member of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name, which [`member::validate`] accepts.
    pub name: String,
    /// Where its content begins in the frame, bytes.
    pub offset: u64,
    /// Its content.
    pub content: &'a [u8],
}

/// A bundle that is open for reading.
pub struct Reader<R> {
    input: Input<R>,
    frames: Vec<FrameRange>,
    /// Names by frame where the index could be read, in the order of the bundle.
    index: Vec<IndexEntry>,
    header: Header,
    manifest: Option<Manifest>,
    sums: Option<Vec<u8>>,
    damage: Vec<Damage>,
    /// Frames whose damage is noted.
    noted: HashSet<usize>,
}

/// The bytes, and what turns them into content.
struct Input<R> {
    source: R,
    decompressor: zstd::bulk::Decompressor<'static>,
    /// Content of all frames decompressed so far, each time it was.
    expanded: u64,
    /// How much that may become.
    limit: u64,
}

/// How many members a bundle may still have.
struct Room {
    members: usize,
    names: usize,
    limit: usize,
}

#[derive(Debug, Clone, Copy)]
struct FrameRange {
    offset: u64,
    length: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// Opens a bundle. What is damaged is noted, not fatal, as long as the header can be read.
    pub fn open(mut source: R) -> Result<Self, Error> {
        let size = source
            .seek(SeekFrom::End(0))
            .map_err(|error| Error::io("find the end of the bundle", error))?;
        let mut input = Input {
            source,
            decompressor: decompressor()?,
            expanded: 0,
            limit: EXPANSION_SMALL
                .max(size.saturating_mul(EXPANSION_RATIO))
                .min(EXPANSION_LIMIT),
        };
        let header = input.read_header(size)?;
        let mut reader = Reader {
            input,
            frames: Vec::new(),
            index: Vec::new(),
            header,
            manifest: None,
            sums: None,
            damage: Vec::new(),
            noted: HashSet::new(),
        };
        match reader.open_by_seek_table(size) {
            Ok(()) => {}
            Err(error) => {
                reader.damage.push(Damage {
                    offset: size,
                    reason: error.to_string(),
                });
                reader.open_by_scan(size)?;
            }
        }
        Ok(reader)
    }

    /// Who was frozen, and how.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How the capture ended; `None` where it was cut off.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// The closing sums; `None` where the capture was cut off.
    pub fn sums(&self) -> Option<&[u8]> {
        self.sums.as_deref()
    }

    /// What could not be read so far, in the order it was met.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Whether the closing sums are there and nothing was found damaged so far.
    pub fn is_whole(&self) -> bool {
        self.sums.is_some() && self.damage.is_empty()
    }

    /// The members the index knows, or, where it is lost, those found by looking; in the order of the bundle.
    pub fn index(&self) -> &[IndexEntry] {
        &self.index
    }

    /// Number of frames, damaged ones included.
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// Decompresses a frame. Damage is noted once.
    pub fn frame(&mut self, number: usize) -> Result<Frame, Error> {
        let range = self.frames.get(number).copied();
        let range = range.ok_or_else(|| Error::Damaged(format!("there is no frame {number}")))?;
        match self.input.decompress(range) {
            Ok(frame) => Ok(frame),
            Err(error) => {
                let damage = Damage {
                    offset: range.offset,
                    reason: format!("frame {number}: {error}"),
                };
                if self.noted.insert(number) {
                    self.damage.push(damage);
                }
                Err(error)
            }
        }
    }

    fn open_by_seek_table(&mut self, size: u64) -> Result<(), Error> {
        let lost = |reason: &str| Error::Damaged(reason.to_owned());
        let footer = size
            .checked_sub(SEEK_FOOTER)
            .ok_or_else(|| lost("there is no seek table"))?;
        let bytes = self.input.read_at(footer, 9)?;
        let Some((count, [_, magic @ ..])) = bytes.split_first_chunk::<4>() else {
            return Err(lost("there is no seek table"));
        };
        if magic != SEEKABLE_MAGIC {
            return Err(lost(
                "no seek table at the end: the bundle is cut off, or something follows it",
            ));
        }
        // Eight bytes an entry: a count that the file cannot hold must not be allocated for.
        let count = u64::from(u32::from_le_bytes(*count));
        if count.saturating_mul(8) > size {
            return Err(lost("the seek table is longer than the file"));
        }
        if count > u64::try_from(FRAME_COUNT_LIMIT).unwrap_or(u64::MAX) {
            return Err(frame_count_limit());
        }
        let table = SeekTable::from_seekable(&mut self.input.source)
            .map_err(|error| Error::Damaged(format!("the seek table: {error}")))?;
        let mut frames = Vec::new();
        for number in 0..table.num_frames() {
            let (start, length) = (
                table.frame_start_comp(number),
                table.frame_size_comp(number),
            );
            let (Ok(offset), Ok(length)) = (start, length) else {
                return Err(lost("the seek table contradicts itself"));
            };
            if offset.saturating_add(length) > size {
                return Err(lost("the seek table points behind the end of the file"));
            }
            frames.push(FrameRange { offset, length });
        }
        let final_frame = *frames
            .last()
            .ok_or_else(|| lost("the seek table is empty"))?;
        // Whoever decompresses the file as one stream sees what the table leaves out.
        let end = final_frame.offset.saturating_add(final_frame.length);
        let table = self.input.frame_at(end, size)?;
        let follows = self.input.read_at(end, 4)?;
        if follows == ZSTD_MAGIC || end.saturating_add(table.length) != size {
            return Err(lost("there is more in the file than the seek table says"));
        }
        let closing = self.input.decompress(final_frame)?;
        let (members, problem) = closing.members();
        if let Some(problem) = problem {
            return Err(Error::Damaged(format!("the last frame: {problem}")));
        }
        let find = |name: &str| {
            members
                .iter()
                .find(|member| member.name == name)
                .map(|member| member.content)
        };
        let manifest =
            find(member::MANIFEST).ok_or_else(|| lost("the last frame has no manifest"))?;
        let manifest: Manifest = serde_json::from_slice(manifest)
            .map_err(|error| Error::Damaged(format!("{}: {error}", member::MANIFEST)))?;
        let sums = find(member::SUMS)
            .ok_or_else(|| lost("the last frame has no closing sums"))?
            .to_vec();
        self.frames = frames;
        let mut index = Vec::new();
        let mut room = Room::of(size);
        for (name, number) in &manifest.totals.index {
            let number = usize::try_from(*number).unwrap_or(usize::MAX);
            let frame = self.frame(number)?;
            let (members, _) = frame.members();
            let part = members.iter().find(|member| member.name == *name);
            let mut rest = part
                .ok_or_else(|| Error::Damaged(format!("{name} is missing")))?
                .content;
            while let Some(entry) = frame::next(&mut rest) {
                let entry = entry.and_then(frame::decode::<IndexEntry>);
                let entry = entry.map_err(|error| Error::Damaged(format!("{name}: {error}")))?;
                room.take(&entry.name)?;
                index.push(entry);
            }
        }
        self.index = index;
        self.manifest = Some(manifest);
        self.sums = Some(sums);
        Ok(())
    }

    /// Finds frames and members without seek table and index.
    fn open_by_scan(&mut self, size: u64) -> Result<(), Error> {
        self.frames.clear();
        self.index.clear();
        let mut names = HashSet::new();
        let mut room = Room::of(size);
        let sources = SourceMap::new();
        let mut offset = 0;
        while offset < size {
            let range = match self.input.frame_at(offset, size) {
                Ok(range) => range,
                Err(error) => {
                    self.damage.push(Damage {
                        offset,
                        reason: error.to_string(),
                    });
                    if self.damage.len() > DAMAGE_LIMIT {
                        return Err(Error::Limit {
                            what: "the number of damaged places".to_owned(),
                            limit: DAMAGE_LIMIT.to_string(),
                        });
                    }
                    match self.input.next_magic(offset.saturating_add(1), size)? {
                        Some(next) => offset = next,
                        None => break,
                    }
                    continue;
                }
            };
            offset = range.offset.saturating_add(range.length);
            let head = self.input.read_at(range.offset, 4)?;
            if head != ZSTD_MAGIC {
                continue; // A skippable frame.
            }
            if self.frames.len() >= FRAME_COUNT_LIMIT {
                return Err(frame_count_limit());
            }
            let number = u32::try_from(self.frames.len()).unwrap_or(u32::MAX);
            self.frames.push(range);
            let Ok(frame) = self.frame(self.frames.len().saturating_sub(1)) else {
                continue;
            };
            let (members, problem) = frame.members();
            if let Some(reason) = problem {
                self.damage.push(Damage {
                    offset: range.offset,
                    reason: format!("frame {number}: {reason}"),
                });
            }
            for found in members {
                room.take(&found.name)?;
                // The first counts; the pass over all members names the other.
                if !names.insert(found.name.clone()) {
                    continue;
                }
                match found.name.as_str() {
                    member::SUMS => self.sums = Some(found.content.to_vec()),
                    member::MANIFEST => self.manifest = serde_json::from_slice(found.content).ok(),
                    name => self.index.push(IndexEntry {
                        name: name.to_owned(),
                        frame: number,
                        offset: found.offset,
                        length: u64::try_from(found.content.len()).unwrap_or(u64::MAX),
                        lane: Lane::of_member(name, &sources),
                    }),
                }
            }
        }
        Ok(())
    }
}

impl Room {
    /// That of a bundle of `size` bytes.
    fn of(size: u64) -> Self {
        let limit = usize::try_from(size / MEMBER_BYTES).unwrap_or(usize::MAX);
        Room {
            members: 0,
            names: 0,
            limit: limit.clamp(MEMBERS_SMALL, MEMBER_LIMIT),
        }
    }

    fn take(&mut self, name: &str) -> Result<(), Error> {
        self.members = self.members.saturating_add(1);
        self.names = self.names.saturating_add(name.len());
        let over = |what: &str, limit: String| {
            Err(Error::Limit {
                what: what.to_owned(),
                limit,
            })
        };
        if self.members > self.limit {
            return over("the number of members", self.limit.to_string());
        }
        if self.names > NAMES_LIMIT {
            return over("the names of all members", format!("{NAMES_LIMIT} bytes"));
        }
        Ok(())
    }
}

impl<R: Read + Seek> Input<R> {
    /// The first frame holds the header and nothing else; without it nothing can be understood.
    fn read_header(&mut self, size: u64) -> Result<Header, Error> {
        let foreign = |reason: &str| Error::NotABundle(reason.to_owned());
        let start = self.read_at(0, COMPRESSED_LIMIT.min(64 << 10))?;
        if start.is_empty() {
            return Err(foreign("the file is empty"));
        }
        if start.starts_with(b"age-encryption.org/") {
            return Err(foreign("it is encrypted; decrypt it with age first"));
        }
        if !start.starts_with(&ZSTD_MAGIC) {
            return Err(foreign("it does not begin with a zstd frame"));
        }
        let range = self
            .frame_at(0, size)
            .map_err(|error| Error::NotABundle(format!("its first frame: {error}")))?;
        let frame = self
            .decompress(range)
            .map_err(|error| Error::NotABundle(format!("its first frame: {error}")))?;
        let (members, _) = frame.members();
        let json = members
            .iter()
            .find(|member| member.name == member::HEADER)
            .ok_or_else(|| foreign("its first frame has no freezeframe/header.json"))?;
        Header::from_json(json.content)
    }

    /// The range of the frame, zstd or skippable, that begins at `offset`.
    fn frame_at(&mut self, offset: u64, size: u64) -> Result<FrameRange, Error> {
        let mut bytes = Vec::new();
        let mut found = Ok(0);
        for look in LOOKS {
            bytes = self.read_at(offset, look)?;
            found = zstd_safe::find_frame_compressed_size(&bytes);
            if found.is_ok() || bytes.len() < look || !is_frame(&bytes) {
                break;
            }
        }
        let length = found.map_err(|code| {
            let cut = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX)) >= size;
            let reason = zstd_safe::get_error_name(code);
            Error::Damaged(if cut {
                format!("cut off within a frame ({reason})")
            } else {
                reason.to_owned()
            })
        })?;
        Ok(FrameRange {
            offset,
            length: u64::try_from(length).unwrap_or(u64::MAX),
        })
    }

    fn next_magic(&mut self, mut offset: u64, size: u64) -> Result<Option<u64>, Error> {
        const STEP: usize = 1 << 20;
        while offset < size {
            let bytes = self.read_at(offset, STEP)?;
            if let Some(found) = memchr::memmem::find(&bytes, &ZSTD_MAGIC) {
                return Ok(Some(
                    offset.saturating_add(u64::try_from(found).unwrap_or(u64::MAX)),
                ));
            }
            // The magic number may lie across two steps.
            let advance = bytes.len().saturating_sub(3);
            if advance == 0 {
                return Ok(None);
            }
            offset = offset.saturating_add(u64::try_from(advance).unwrap_or(u64::MAX));
        }
        Ok(None)
    }

    fn decompress(&mut self, range: FrameRange) -> Result<Frame, Error> {
        let length = usize::try_from(range.length).unwrap_or(usize::MAX);
        if length > COMPRESSED_LIMIT {
            return Err(Error::Limit {
                what: format!("a frame of {length} bytes"),
                limit: format!("{COMPRESSED_LIMIT} bytes"),
            });
        }
        let compressed = self.read_at(range.offset, length)?;
        if compressed.len() < length {
            return Err(Error::Damaged("cut off within a frame".to_owned()));
        }
        let content_size = zstd_safe::get_frame_content_size(&compressed)
            .map_err(|_| Error::Damaged("its header is no frame header".to_owned()))?
            .ok_or_else(|| Error::Damaged("it does not say how long its content is".to_owned()))?;
        let capacity = usize::try_from(content_size)
            .ok()
            .filter(|size| *size <= FRAME_LIMIT);
        let capacity = capacity.ok_or_else(|| Error::Limit {
            what: format!("a frame with {content_size} bytes of content"),
            limit: format!("{FRAME_LIMIT} bytes"),
        })?;
        self.expanded = self.expanded.saturating_add(content_size);
        if self.expanded > self.limit {
            return Err(Error::Limit {
                what: "the content of all frames".to_owned(),
                limit: format!("{} bytes", self.limit),
            });
        }
        if zstd_safe::find_frame_compressed_size(&compressed) != Ok(length) {
            return Err(Error::Damaged(
                "it is not one frame from its beginning to its end".to_owned(),
            ));
        }
        let content = self
            .decompressor
            .decompress(&compressed, capacity)
            .map_err(|error| Error::Damaged(format!("cannot decompress: {error}")))?;
        Ok(Frame { content })
    }

    /// At most `length` bytes at `offset`; fewer at the end of the file.
    fn read_at(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        let failed = |error| Error::io(format!("read the bundle at byte {offset}"), error);
        self.source.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        self.source
            .by_ref()
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        Ok(bytes)
    }
}

impl Frame {
    #[cfg(test)]
    pub(super) fn of(content: Vec<u8>) -> Self {
        Frame { content }
    }

    /// The members, and why reading stopped before the end where it did.
    ///
    /// Only regular files with acceptable names are members; anything else ends the frame, because a writer of this
    /// format makes nothing else.
    pub fn members(&self) -> (Vec<Member<'_>>, Option<String>) {
        let mut members = Vec::new();
        // Seeking, as the content of each member is skipped here: reading over it would copy all of it.
        let mut archive = tar::Archive::new(Cursor::new(self.content.as_slice()));
        let entries = match archive.entries_with_seek() {
            Ok(entries) => entries.raw(true),
            Err(error) => return (members, Some(error.to_string())),
        };
        for entry in entries {
            match entry
                .map_err(|error| error.to_string())
                .and_then(|entry| self.member(&entry))
            {
                Ok(member) => members.push(member),
                Err(problem) => return (members, Some(problem)),
            }
        }
        (members, None)
    }

    fn member(&self, entry: &tar::Entry<'_, Cursor<&[u8]>>) -> Result<Member<'_>, String> {
        let path = entry.path_bytes();
        let name = member::validate(&path).map_err(|error| error.to_string())?;
        let kind = entry.header().entry_type();
        if !kind.is_file() {
            return Err(format!("{name} is no regular file (tar type {kind:?})"));
        }
        let cut = || format!("{name} goes on behind the end of its frame");
        let start = usize::try_from(entry.raw_file_position()).map_err(|_| cut())?;
        let length = usize::try_from(entry.size()).map_err(|_| cut())?;
        let content = start
            .checked_add(length)
            .and_then(|end| self.content.get(start..end))
            .ok_or_else(cut)?;
        Ok(Member {
            name: name.to_owned(),
            offset: entry.raw_file_position(),
            content,
        })
    }
}

/// Whether the bytes begin as a zstd frame or a skippable one does.
fn is_frame(bytes: &[u8]) -> bool {
    bytes.starts_with(&ZSTD_MAGIC) || matches!(bytes, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// A context that refuses frames which ask for more memory than honest ones.
fn decompressor() -> Result<zstd::bulk::Decompressor<'static>, Error> {
    let failed = |error| Error::io("start the decompressor", error);
    let mut decompressor = zstd::bulk::Decompressor::new().map_err(failed)?;
    decompressor
        .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_LIMIT))
        .map_err(failed)?;
    Ok(decompressor)
}

fn frame_count_limit() -> Error {
    Error::Limit {
        what: "the number of frames".to_owned(),
        limit: FRAME_COUNT_LIMIT.to_string(),
    }
}
