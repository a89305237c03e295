//! Writing a bundle, generic over where its frames go.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};
use zeekstd::SeekTable;
use zstd::zstd_safe::CParameter;

use super::{FRAME_AGE_MS, FRAME_TARGET, IndexEntry, Lane, PART_LIMIT, RECORD_TARGET};
use crate::error::Error;
use crate::frame::{self, RecordHeader};
use crate::header::Header;
use crate::manifest::{Manifest, Totals};
use crate::member;
use crate::table::Row;
use crate::text::hex;

/// Level 1 beats level 3 in size and speed on `/proc` text (PERFORMANCE.md).
const COMPRESSION_LEVEL: i32 = 1;
/// Bytes of sums, or of index, after which a part is closed: what is still open must fit the closing reserve.
const PART_TARGET: usize = 1 << 20;

/// Whether a frame is evidence or closes the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Evidence: may not use the space kept for closing.
    Content,
    /// What makes the bundle readable: may use that space.
    Closing,
}

/// Where finished frames go.
pub trait FrameOut {
    /// Writes a frame whole or, where that fails, leaves the output as it was.
    fn put(&mut self, frame: &[u8], urgency: Urgency) -> io::Result<()>;
}

impl<W: Write> FrameOut for W {
    fn put(&mut self, frame: &[u8], _urgency: Urgency) -> io::Result<()> {
        self.write_all(frame)
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Bytes of the bundle.
    pub size: u64,
    /// SHA-256 of the bundle, hex.
    pub sha256: String,
    /// Members.
    pub members: u64,
    /// Members that were read but could not be written.
    pub lost_members: u64,
}

/// Writes members and records into frames.
///
/// Time comes in as milliseconds of any steady clock. After an error of [`FrameOut`] the frame's members are counted
/// as lost and the writer goes on; [`Writer::finish`] tells the truth about what is there.
pub struct Writer<O> {
    out: O,
    archive: tar::Builder<Router>,
    compressor: zstd::bulk::Compressor<'static>,
    seek_table: SeekTable,
    frames: u32,
    written: u64,
    whole: Sha256,
    records: BTreeMap<&'static str, OpenRecords>,
    index: Part,
    index_parts: Vec<(String, u32)>,
    sums: Part,
    sums_parts: u32,
    /// Parts of sums and index that stand in the closing sums.
    closing_sums: String,
    blobs: u64,
    members: u64,
    member_bytes: u64,
    lost_members: u64,
}

/// Sends what the archive builder writes to the open frame of one lane.
struct Router {
    lane: Lane,
    open: BTreeMap<Lane, OpenFrame>,
    /// The buffers of the frame that was closed last, for the next one that is opened: not each lane keeps its own.
    spare: Option<OpenFrame>,
}

#[derive(Default)]
struct OpenFrame {
    content: Vec<u8>,
    opened_ms: u64,
    entries: Vec<IndexEntry>,
    sums: String,
}

struct OpenRecords {
    lane: Lane,
    number: u32,
    content: Vec<u8>,
    opened_ms: u64,
}

/// A part of sums or index that fills up.
#[derive(Default)]
struct Part {
    content: Vec<u8>,
}

impl Write for Router {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open
            .entry(self.lane)
            .or_default()
            .content
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<O: FrameOut> Writer<O> {
    /// Begins a bundle: the header is written at once, as a frame of its own.
    pub fn new(out: O, header: &Header) -> Result<Self, Error> {
        let mut compressor = zstd::bulk::Compressor::new(COMPRESSION_LEVEL)
            .map_err(|error| Error::io("start the compressor", error))?;
        compressor
            .set_parameter(CParameter::ChecksumFlag(true))
            .map_err(|error| Error::io("switch frame checksums on", error))?;
        let mut writer = Writer {
            out,
            archive: tar::Builder::new(Router {
                lane: Lane::Meta,
                open: BTreeMap::new(),
                spare: None,
            }),
            compressor,
            seek_table: SeekTable::new(),
            frames: 0,
            written: 0,
            whole: Sha256::new(),
            records: BTreeMap::new(),
            index: Part::default(),
            index_parts: Vec::new(),
            sums: Part::default(),
            sums_parts: 0,
            closing_sums: String::new(),
            blobs: 0,
            members: 0,
            member_bytes: 0,
            lost_members: 0,
        };
        let json = to_json(header)?;
        writer.append(Lane::Meta, member::HEADER, &json, 0)?;
        writer.close_lane(Lane::Meta, Urgency::Content)?;
        Ok(writer)
    }

    /// Bytes written so far, without what is still open.
    pub fn size(&self) -> u64 {
        self.written
    }

    /// Content that waits in open frames and records, bytes: an upper bound of what closing them adds.
    pub fn open_bytes(&self) -> usize {
        let frames: usize = self
            .archive
            .get_ref()
            .open
            .values()
            .map(|open| open.content.len())
            .sum();
        let records: usize = self.records.values().map(|open| open.content.len()).sum();
        frames.saturating_add(records)
    }

    /// Members that were read but could not be written so far.
    pub fn lost_members(&self) -> u64 {
        self.lost_members
    }

    /// The name for content whose path is no member's name.
    pub fn next_blob(&mut self) -> String {
        self.blobs = self.blobs.saturating_add(1);
        member::blob(self.blobs)
    }

    /// Adds one member of at most [`PART_LIMIT`] bytes.
    pub fn member(
        &mut self,
        lane: Lane,
        name: &str,
        content: &[u8],
        now_ms: u64,
    ) -> Result<(), Error> {
        if content.len() > PART_LIMIT {
            return Err(Error::Limit {
                what: format!("member {name}"),
                limit: format!("{PART_LIMIT} bytes"),
            });
        }
        self.append(lane, name, content, now_ms)?;
        let full = self
            .archive
            .get_ref()
            .open
            .get(&lane)
            .is_some_and(|open| open.content.len() >= FRAME_TARGET);
        if full {
            self.close_lane(lane, Urgency::Content)
        } else {
            Ok(())
        }
    }

    /// Adds one row to the records of its table.
    pub fn record<R: Row + Serialize>(&mut self, row: &R, now_ms: u64) -> Result<(), Error> {
        const { assert!(!R::TABLE.columns.is_empty()) };
        let table = R::TABLE.name;
        let open = match self.records.entry(table) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(vacant) => vacant.insert(OpenRecords {
                lane: Lane::of_records(table),
                number: 0,
                content: Vec::new(),
                opened_ms: now_ms,
            }),
        };
        let encode = |error: frame::FrameError| Error::Encode {
            table,
            reason: error.to_string(),
        };
        if open.content.is_empty() {
            open.opened_ms = now_ms;
            frame::write(&mut open.content, &RecordHeader::of(&R::TABLE)).map_err(encode)?;
        }
        frame::write(&mut open.content, row).map_err(encode)?;
        if open.content.len() >= RECORD_TARGET {
            self.close_records(table, now_ms)
        } else {
            Ok(())
        }
    }

    /// Closes what has been open for [`FRAME_AGE_MS`].
    pub fn flush_aged(&mut self, now_ms: u64) -> Result<(), Error> {
        self.flush_older(FRAME_AGE_MS, now_ms)
    }

    /// Closes everything that is open, so that [`Writer::size`] is exact.
    pub fn flush(&mut self, now_ms: u64) -> Result<(), Error> {
        self.flush_older(0, now_ms)
    }

    fn flush_older(&mut self, age_ms: u64, now_ms: u64) -> Result<(), Error> {
        let aged = |opened_ms: u64| now_ms.saturating_sub(opened_ms) >= age_ms;
        let tables: Vec<_> = self
            .records
            .iter()
            .filter(|(_, open)| !open.content.is_empty() && aged(open.opened_ms))
            .map(|(table, open)| (*table, open.opened_ms))
            .collect();
        for (table, opened_ms) in tables {
            // Their frame is as old as they are: they must not wait for a second time.
            self.close_records(table, opened_ms)?;
        }
        for lane in Lane::ALL {
            let open = self.archive.get_ref().open.get(&lane);
            if open.is_some_and(|open| !open.content.is_empty() && aged(open.opened_ms)) {
                self.close_lane(lane, Urgency::Content)?;
            }
        }
        Ok(())
    }

    /// Closes everything and ends the bundle with index, manifest, sums and seek table.
    ///
    /// Frames of evidence that cannot be written are counted as lost; the closing ones use the space kept for them.
    pub fn finish(mut self, mut manifest: Manifest, now_ms: u64) -> Result<(Written, O), Error> {
        let tables: Vec<_> = self.records.keys().copied().collect();
        for table in tables {
            self.close_records(table, now_ms).or_else(counted)?;
        }
        for lane in Lane::ALL {
            // Outcomes say what is missing: they may use the reserve.
            let urgency = if lane == Lane::Record {
                Urgency::Closing
            } else {
                Urgency::Content
            };
            self.close_lane(lane, urgency).or_else(counted)?;
        }
        if self.lost_members > 0 {
            manifest.complete = false;
            manifest.incomplete_reasons.push(format!(
                "{} members could not be written to the output",
                self.lost_members
            ));
        }
        // From here on members go into the last frame, and their sums into the closing list.
        let index = std::mem::take(&mut self.index.content);
        let mut parts = self.index_parts.clone();
        let name = member::index(number(parts.len())?);
        parts.push((name.clone(), self.frames));
        self.append_closing(&name, &index, now_ms)?;
        manifest.totals = Totals {
            members: self.members,
            bytes: self.member_bytes,
            compressed: self.written,
            lost_members: self.lost_members,
            frames: self.frames,
            index: parts,
            sums_parts: self.sums_parts.saturating_add(1),
        };
        self.append_closing(member::MANIFEST, &to_json(&manifest)?, now_ms)?;
        let sums = std::mem::take(&mut self.sums.content);
        self.append_closing(
            &member::sums_part(self.sums_parts.saturating_add(1)),
            &sums,
            now_ms,
        )?;
        let closing = std::mem::take(&mut self.closing_sums);
        self.append_tar(Lane::Meta, member::SUMS, closing.as_bytes(), now_ms)?;
        self.archive.get_mut().lane = Lane::Meta;
        self.archive
            .finish()
            .map_err(|error| Error::io("end the archive", error))?;
        self.close_lane(Lane::Meta, Urgency::Closing)?;

        let mut serializer = std::mem::take(&mut self.seek_table).into_serializer();
        let mut table = vec![0; serializer.encoded_len()];
        let mut filled = 0;
        while let Some(rest) = table.get_mut(filled..) {
            match serializer.write_into(rest) {
                0 => break,
                count => filled = filled.saturating_add(count),
            }
        }
        self.put(&table, Urgency::Closing)?;
        let written = Written {
            size: self.written,
            sha256: hex(&self.whole.finalize()),
            members: self.members,
            lost_members: self.lost_members,
        };
        Ok((written, self.out))
    }

    fn close_records(&mut self, table: &'static str, now_ms: u64) -> Result<(), Error> {
        let Some(open) = self.records.get_mut(table) else {
            return Ok(());
        };
        if open.content.is_empty() {
            return Ok(());
        }
        let content = std::mem::take(&mut open.content);
        let (lane, name) = (open.lane, member::records(table, open.number));
        open.number = open.number.saturating_add(1);
        self.member(lane, &name, &content, now_ms)
    }

    /// Adds a member and its line in the sums and the index, which count once its frame is written.
    fn append(&mut self, lane: Lane, name: &str, content: &[u8], now_ms: u64) -> Result<(), Error> {
        self.append_tar(lane, name, content, now_ms)?;
        if let Some(open) = self.archive.get_mut().open.get_mut(&lane) {
            let length = to_u64(content.len());
            let padded = to_u64(content.len().next_multiple_of(512));
            let offset = to_u64(open.content.len()).saturating_sub(padded);
            sum_line(&mut open.sums, name, content);
            // The frame's number is known when it is closed.
            open.entries.push(IndexEntry {
                name: name.to_owned(),
                frame: 0,
                offset,
                length,
                lane,
            });
        }
        Ok(())
    }

    fn append_closing(&mut self, name: &str, content: &[u8], now_ms: u64) -> Result<(), Error> {
        sum_line(&mut self.closing_sums, name, content);
        self.append_tar(Lane::Meta, name, content, now_ms)
    }

    fn append_tar(
        &mut self,
        lane: Lane,
        name: &str,
        content: &[u8],
        now_ms: u64,
    ) -> Result<(), Error> {
        let failed = |error| Error::io(format!("append member {name}"), error);
        let mut header = tar::Header::new_ustar();
        header.set_path(name).map_err(failed)?;
        header.set_size(to_u64(content.len()));
        header.set_mode(0o600);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        let router = self.archive.get_mut();
        router.lane = lane;
        let spare = &mut router.spare;
        let open = router.open.entry(lane);
        let open = open.or_insert_with(|| spare.take().unwrap_or_default());
        open.opened_ms = if open.content.is_empty() {
            now_ms
        } else {
            open.opened_ms.min(now_ms)
        };
        self.archive.append(&header, content).map_err(failed)
    }

    /// Compresses and writes the open frame of a lane.
    fn close_lane(&mut self, lane: Lane, urgency: Urgency) -> Result<(), Error> {
        let Some(mut open) = self.archive.get_mut().open.remove(&lane) else {
            return Ok(());
        };
        let result = self.close_frame(&mut open, urgency);
        if result.is_err() {
            self.lost_members = self.lost_members.saturating_add(to_u64(open.entries.len()));
        }
        open.content.clear();
        open.entries.clear();
        open.sums.clear();
        self.archive.get_mut().spare = Some(open);
        result?;
        self.close_full_parts(urgency)
    }

    fn close_frame(&mut self, open: &mut OpenFrame, urgency: Urgency) -> Result<(), Error> {
        let frame = self
            .compressor
            .compress(&open.content)
            .map_err(|error| Error::io(format!("compress frame {}", self.frames), error))?;
        self.put(&frame, urgency)?;
        let sizes = (
            u32::try_from(frame.len()),
            u32::try_from(open.content.len()),
        );
        let (Ok(compressed), Ok(content)) = sizes else {
            return Err(Error::Limit {
                what: format!("frame {}", self.frames),
                limit: "4 GiB".to_owned(),
            });
        };
        self.seek_table
            .log_frame(compressed, content)
            .map_err(|error| {
                Error::Damaged(format!(
                    "cannot note frame {} in the seek table: {error}",
                    self.frames
                ))
            })?;
        for entry in &mut open.entries {
            entry.frame = self.frames;
            frame::write(&mut self.index.content, entry).map_err(|error| Error::Encode {
                table: "index",
                reason: error.to_string(),
            })?;
        }
        self.sums.content.extend_from_slice(open.sums.as_bytes());
        self.members = self.members.saturating_add(to_u64(open.entries.len()));
        self.member_bytes = self.member_bytes.saturating_add(to_u64(open.content.len()));
        self.frames = self.frames.saturating_add(1);
        Ok(())
    }

    /// Writes parts of sums and index that are full, so that memory stays bounded and a killed capture has most.
    fn close_full_parts(&mut self, urgency: Urgency) -> Result<(), Error> {
        let (sums_full, index_full) = (
            self.sums.content.len() >= PART_TARGET,
            self.index.content.len() >= PART_TARGET,
        );
        if !sums_full && !index_full {
            return Ok(());
        }
        let listed = self.closing_sums.len();
        let (sums_name, index_name) = (
            member::sums_part(self.sums_parts.saturating_add(1)),
            member::index(number(self.index_parts.len())?),
        );
        let sums = if sums_full {
            std::mem::take(&mut self.sums.content)
        } else {
            Vec::new()
        };
        let index = if index_full {
            std::mem::take(&mut self.index.content)
        } else {
            Vec::new()
        };
        if sums_full {
            self.append_closing(&sums_name, &sums, 0)?;
        }
        if index_full {
            self.append_closing(&index_name, &index, 0)?;
        }
        let frame = self.frames;
        if let Err(error) = self.close_lane(Lane::Meta, urgency) {
            // They stay open, and go into the closing frame.
            self.closing_sums.truncate(listed);
            self.sums.content.splice(0..0, sums);
            self.index.content.splice(0..0, index);
            return Err(error);
        }
        if sums_full {
            self.sums_parts = self.sums_parts.saturating_add(1);
        }
        if index_full {
            self.index_parts.push((index_name, frame));
        }
        Ok(())
    }

    fn put(&mut self, frame: &[u8], urgency: Urgency) -> Result<(), Error> {
        self.out
            .put(frame, urgency)
            .map_err(|error| Error::io(format!("write frame {}", self.frames), error))?;
        self.whole.update(frame);
        self.written = self.written.saturating_add(to_u64(frame.len()));
        Ok(())
    }
}

/// Lets a writer whose output refused a frame go on to its end; the loss is counted already.
fn counted(error: Error) -> Result<(), Error> {
    match error {
        Error::Io { .. } => Ok(()),
        error => Err(error),
    }
}

fn sum_line(sums: &mut String, name: &str, content: &[u8]) {
    sums.push_str(&hex(&Sha256::digest(content)));
    sums.push_str("  ");
    sums.push_str(name);
    sums.push('\n');
}

fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    let mut json = serde_json::to_vec_pretty(value).map_err(|error| Error::Encode {
        table: "manifest",
        reason: error.to_string(),
    })?;
    json.push(b'\n');
    Ok(json)
}

fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn number(count: usize) -> Result<u32, Error> {
    u32::try_from(count).map_err(|_| Error::Limit {
        what: "parts of the index".to_owned(),
        limit: "2^32".to_owned(),
    })
}
