//! The bundle: one tar stream cut into independent zstd frames.
//!
//! `FORMAT.md` has the whole format. In short: a frame begins and ends at tar entry boundaries, holds members of one
//! [`Lane`], and can be read without any other; the last frame holds the manifest, the last part of the index and the
//! closing sums; behind it comes a seek table in a skippable frame. `tar --zstd -x` sees an ordinary archive.

mod read;
mod text;
mod write;

use serde::{Deserialize, Serialize};

use crate::member;
use crate::source::SourceMap;

pub use read::{Damage, Frame, Member, Reader};
pub use text::zstd_text;
pub use write::{FrameOut, Urgency, Writer, Written};

/// Content of a frame before it is closed, bytes. Large enough for zstd to find what repeats, small enough that a
/// flipped bit costs little and memory stays bounded.
pub const FRAME_TARGET: usize = 4 << 20;
/// Most content of one member, bytes; longer content goes on in further parts.
pub const PART_LIMIT: usize = 4 << 20;
/// Most content of a frame that a reader accepts: a frame short of its target and one more member of each limit.
pub const FRAME_LIMIT: usize = 16 << 20;
/// Most members that a reader accepts. A host of 100,000 processes makes 1.2 million.
pub const MEMBER_LIMIT: usize = 2 << 20;
/// Most content of a whole bundle that a reader expands: against bombs, far above any honest host.
pub const EXPANSION_LIMIT: u64 = 64 << 30;
/// Most content that a reader expands, all passes together, as a multiple of the bundle's bytes: honest ones become ten to
/// forty times as long, and are read a few times.
pub const EXPANSION_RATIO: u64 = 1000;
/// Content that any bundle may become, however small it is.
pub const EXPANSION_SMALL: u64 = 1 << 30;
/// Most frames that a reader accepts. A capture of a day that closes each lane every second makes 700,000.
pub const FRAME_COUNT_LIMIT: usize = 1 << 20;
/// Content of a record member, bytes.
pub const RECORD_TARGET: usize = 1 << 20;
/// Age after which an open record member or frame is closed, so that a killed capture keeps all but the last second.
pub const FRAME_AGE_MS: u64 = 1000;

/// What a frame holds. Members of one lane share frames, so that each kind of content can be read alone.
///
/// Encoded by position in the index: variants are only ever appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Lane {
    /// Header, index, sums, manifest.
    Meta,
    /// Files of processes, but for their maps.
    Process,
    /// `maps` of processes.
    Memory,
    /// Records of fds and threads.
    Fd,
    /// All other records.
    Record,
    /// Files of network namespaces.
    Network,
    /// Files of the host.
    System,
    /// Logs and histories.
    Log,
}

impl Lane {
    /// All lanes, in the order in which a writer closes them at the end.
    pub const ALL: [Lane; 8] = [
        Lane::Process,
        Lane::Memory,
        Lane::Fd,
        Lane::Network,
        Lane::System,
        Lane::Log,
        Lane::Record,
        Lane::Meta,
    ];

    /// The lane that the records of a table travel in.
    pub fn of_records(table: &str) -> Lane {
        match table {
            "fd_links" | "thread_stats" => Lane::Fd,
            _ => Lane::Record,
        }
    }

    /// The lane that a member travels in, as far as its name tells: a blob's does not.
    pub fn of_member(name: &str, sources: &SourceMap) -> Lane {
        match (member::record_table(name), member::host_path(name)) {
            (Some(table), _) => Lane::of_records(table),
            (None, Some(path)) => sources
                .locate(path.as_bytes())
                .map_or(Lane::System, |located| located.source.lane()),
            (None, None) => Lane::Meta,
        }
    }

    /// The word for it in `analyze ls`.
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Meta => "meta",
            Lane::Process => "process",
            Lane::Memory => "memory",
            Lane::Fd => "fd",
            Lane::Record => "record",
            Lane::Network => "network",
            Lane::System => "system",
            Lane::Log => "log",
        }
    }
}

/// Where a member lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// Name of the member.
    pub name: String,
    /// Frame that holds it, counted from 0.
    pub frame: u32,
    /// Where its content begins in the decompressed frame, bytes.
    pub offset: u64,
    /// Length of its content, bytes.
    pub length: u64,
    /// What the frame holds.
    pub lane: Lane,
}

#[cfg(test)]
mod tests;
