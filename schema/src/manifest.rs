//! `freezeframe/manifest.json`: how the capture ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::header::Clocks;

/// One of the last members of a bundle: what is in it, and what is missing and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Whether nothing was denied, timed out, cut by a budget, failed or interrupted.
    pub complete: bool,
    /// Why not, a sentence each; empty when complete.
    pub incomplete_reasons: Vec<String>,
    /// When the capture ended.
    pub clocks: Clocks,
    /// Planned reads by outcome word.
    pub outcomes: BTreeMap<String, u64>,
    /// What was found, by kind: processes, threads, fds, network namespaces, ...
    pub counts: BTreeMap<String, u64>,
    /// Secrets replaced, by rule.
    pub redactions: BTreeMap<String, u64>,
    /// Process ids of the workers, so that a snapshot can tell the collector from the host.
    pub worker_pids: Vec<u32>,
    /// Workers that hung in the kernel and were left behind.
    pub abandoned_workers: Vec<u32>,
    /// What could not be left untouched, a sentence each.
    pub side_effects: Vec<String>,
    /// What the capture cost the host; missing in bundles of writers that did not count it.
    pub footprint: Option<Footprint>,
    /// Totals that the writer fills in.
    #[serde(default)]
    pub totals: Totals,
}

/// What the capture cost the host, as far as it is known when the manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    /// CPU time in user mode, milliseconds: the capture and its workers.
    pub user_ms: u64,
    /// CPU time in the kernel, milliseconds: the capture and its workers.
    pub system_ms: u64,
    /// Most resident memory of the capture itself, bytes.
    pub peak_rss_bytes: u64,
    /// An upper bound of the resident memory of the capture and all its workers at one time, bytes: as if each had been
    /// as large as the largest, and all at the same moment.
    pub peak_rss_bound_bytes: u64,
    /// Bytes of the host's files, links and `fdinfo` that were read and kept, before redaction and compression.
    pub bytes_read: u64,
    /// Worker processes that were started.
    pub workers_started: u64,
    /// Workers that hung and were killed.
    pub workers_killed: u64,
    /// Workers that ended by themselves.
    pub workers_died: u64,
    /// Workers that were killed and did not die: they hang in the kernel.
    pub workers_abandoned: u64,
    /// Reads that were planned.
    pub reads_planned: u64,
    /// Reads of which all bytes are in the bundle.
    pub reads_collected: u64,
}

/// What the bundle's writer counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Members before the manifest.
    pub members: u64,
    /// Their bytes before compression, tar headers included.
    pub bytes: u64,
    /// Size of the bundle before its last frame, bytes; 0 in bundles of writers that did not count it.
    #[serde(default)]
    pub compressed: u64,
    /// Members that were read but could not be written, for want of space.
    pub lost_members: u64,
    /// Frames before the last one.
    pub frames: u32,
    /// Parts of the index: name and the frame it lies in.
    pub index: Vec<(String, u32)>,
    /// Parts of the sums, beside the closing `SHA256SUMS`.
    pub sums_parts: u32,
}
