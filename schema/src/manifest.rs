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
    /// Totals that the writer fills in.
    #[serde(default)]
    pub totals: Totals,
}

/// What the bundle's writer counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Members before the manifest.
    pub members: u64,
    /// Their bytes before compression, tar headers included.
    pub bytes: u64,
    /// Members that were read but could not be written, for want of space.
    pub lost_members: u64,
    /// Frames before the last one.
    pub frames: u32,
    /// Parts of the index: name and the frame it lies in.
    pub index: Vec<(String, u32)>,
    /// Parts of the sums, beside the closing `SHA256SUMS`.
    pub sums_parts: u32,
}
