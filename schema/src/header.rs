//! `freezeframe/header.json`: what must be known before the first byte of evidence can be understood.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Version of the bundle format that is written. Below 1 layouts may still change.
pub const FORMAT_VERSION: u32 = 0;

/// The first member of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// Identity of the capture: a UUID version 7.
    pub capture_id: String,
    /// Name and version of the writing program.
    pub tool: String,
    /// The user's `--label`.
    pub label: Option<String>,
    /// Facts of the host.
    pub host: Host,
    /// When the capture began.
    pub clocks: Clocks,
    /// Whether a running system was read.
    pub mode: Mode,
    /// Root directory that was captured, `/` for the own one; shown text, not exact bytes.
    pub root: String,
    /// Limits in force.
    pub options: Options,
    /// State of the redaction.
    pub redaction: Redaction,
    /// The capture's own process id in the captured `/proc`; missing for a dead tree.
    pub own_pid: Option<u32>,
    /// Effective user id of the capture.
    pub own_uid: u32,
}

/// The part of the header that must be understood in every version.
#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

impl Header {
    /// Reads the first member; a newer format is refused before anything else of it is looked at.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let foreign = |error: serde_json::Error| {
            Error::NotABundle(format!("{}: {error}", crate::member::HEADER))
        };
        let version: Version = serde_json::from_slice(json).map_err(foreign)?;
        if version.format_version > FORMAT_VERSION {
            return Err(Error::Format {
                found: version.format_version,
                known: FORMAT_VERSION,
            });
        }
        serde_json::from_slice(json).map_err(foreign)
    }
}

/// Facts of the host that the parsers need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Node name by `uname`; of a dead tree the first line of `/etc/hostname`, else of `/proc/sys/kernel/hostname`.
    pub hostname: Option<String>,
    /// Kernel release by `uname`; of a dead tree what its `/proc/sys/kernel/osrelease` says.
    pub kernel_release: Option<String>,
    /// Machine by `uname`; of a dead tree what its `/proc/sys/kernel/arch` says, or one of its programs was made for.
    pub machine: Option<String>,
    /// `/proc/sys/kernel/random/boot_id`; missing for a dead tree that does not hold it.
    pub boot_id: Option<String>,
    /// Clock ticks in a second (`AT_CLKTCK`); missing for a dead tree: those of this machine mean nothing there.
    pub clock_ticks: Option<u32>,
    /// Page size in bytes (`AT_PAGESZ`); missing for a dead tree.
    pub page_size: Option<u32>,
    /// `little` or `big`; of a dead tree what one of its programs was made for, missing where it has none.
    pub endianness: Option<String>,
}

/// The clocks read together, so that times since boot become times of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    /// Time of day, microseconds since 1970 in UTC.
    pub realtime_us: i64,
    /// Microseconds since boot, suspend included; missing for a dead tree.
    pub boottime_us: Option<i64>,
    /// Microseconds of the monotonic clock; missing for a dead tree.
    pub monotonic_us: Option<i64>,
}

/// Whether a running system was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// `/proc` below the root is a procfs.
    Live,
    /// A tree of files: an image, a copy, an invented host.
    Dead,
}

/// Limits in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Most bytes of the bundle; missing for no limit.
    pub max_size: Option<u64>,
    /// Milliseconds after which capture ends with what it has.
    pub deadline_ms: u64,
    /// Milliseconds after which a read that waits is given up.
    pub item_timeout_ms: u64,
    /// Worker processes.
    pub workers: u32,
    /// Whether modules of the kernel could be loaded by asking for what they tell.
    #[serde(default)]
    pub allow_module_load: bool,
}

/// State of the redaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// Whether secrets were replaced.
    pub enabled: bool,
    /// Identifies the key of the pseudonyms without telling it.
    pub key_id: String,
}
