//! What the capture cost the host.

use schema::Outcome;
use schema::manifest::Footprint;

use super::Capture;
use crate::pool::Dying;
use crate::sys::{self, Who};

impl Capture {
    /// The figures for the manifest, once the workers were ended.
    pub(super) fn footprint(&self) -> Footprint {
        let (own, workers) = (sys::usage(Who::Own), sys::usage(Who::Children));
        // What hangs cannot be waited for; its times stand in its stat all the same.
        let (left_user, left_system) = self
            .dying
            .iter()
            .filter_map(Dying::cpu_ms)
            .fold((0_u64, 0_u64), |(user, system), more| {
                (user.saturating_add(more.0), system.saturating_add(more.1))
            });
        let ms = |own: u64, workers: u64, left: u64| {
            let us = own.saturating_add(workers);
            us.checked_div(1000).unwrap_or(0).saturating_add(left)
        };
        let tally = self.sink.tally();
        let most_workers = u64::try_from(self.most_workers).unwrap_or(u64::MAX);
        let collected = tally.outcomes.get(Outcome::Collected.as_str());
        Footprint {
            user_ms: ms(own.user_us, workers.user_us, left_user),
            system_ms: ms(own.system_us, workers.system_us, left_system),
            peak_rss_bytes: own.peak_rss_bytes,
            peak_rss_bound_bytes: workers
                .peak_rss_bytes
                .saturating_mul(most_workers)
                .saturating_add(own.peak_rss_bytes),
            bytes_read: tally.bytes_read,
            workers_started: self.started_workers,
            workers_killed: self.hung,
            workers_died: u64::from(self.crashes),
            workers_abandoned: u64::try_from(self.abandoned.len()).unwrap_or(u64::MAX),
            reads_planned: tally.outcomes.values().sum(),
            reads_collected: collected.copied().unwrap_or(0),
        }
    }
}
