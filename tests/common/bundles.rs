//! Parts of bundles of an invented host, for what makes bundles by hand: tests of packages, of all together, and fuzz targets.
#![allow(dead_code, reason = "nothing needs all of it")]

use std::collections::BTreeMap;

use schema::header::{Clocks, FORMAT_VERSION, Header, Host, Mode, Options, Redaction};
use schema::manifest::{Manifest, Totals};

/// Of a host that booted at 1,700,000,000.
pub(crate) const CLOCKS: Clocks = Clocks {
    realtime_us: 1_700_001_000_000_000,
    boottime_us: Some(1_000_000_000),
    monotonic_us: Some(1_000_000_000),
};

/// Of a live host called web-1.
pub(crate) fn header() -> Header {
    Header {
        format_version: FORMAT_VERSION,
        capture_id: "0190a0a0-0000-7000-8000-000000000000".to_owned(),
        tool: "capture test".to_owned(),
        label: None,
        host: Host {
            hostname: Some("web-1".to_owned()),
            kernel_release: None,
            machine: None,
            boot_id: None,
            clock_ticks: Some(100),
            page_size: Some(4096),
            endianness: Some("little".to_owned()),
        },
        clocks: CLOCKS,
        mode: Mode::Live,
        root: "/".to_owned(),
        options: Options {
            max_size: None,
            deadline_ms: 60_000,
            item_timeout_ms: 2_000,
            allow_module_load: false,
            workers: 2,
        },
        redaction: Redaction {
            enabled: true,
            key_id: "0".to_owned(),
        },
        own_pid: Some(900),
        own_uid: 0,
    }
}

/// Of a capture that was complete.
pub(crate) fn manifest() -> Manifest {
    Manifest {
        complete: true,
        incomplete_reasons: Vec::new(),
        clocks: CLOCKS,
        outcomes: BTreeMap::new(),
        counts: BTreeMap::new(),
        redactions: BTreeMap::new(),
        worker_pids: vec![7],
        abandoned_workers: Vec::new(),
        side_effects: Vec::new(),
        footprint: None,
        totals: Totals::default(),
    }
}

/// Content that does not compress, so that frames have some length.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    })
    .take(length)
    .collect()
}
