//! What the capture cost the host.

use schema::Outcome;
use schema::manifest::Footprint;

use super::Capture;
use crate::pool::{self, Dying};
use crate::sink::TOUCHED_LINKS;
use crate::sys::{self, Usage, Who};

/// What this process and its children had used of the machine. `getrusage` goes on counting when a process begins
/// another program, as cargo does to run this one: what was used before is not the capture's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    own: Usage,
    workers: Usage,
}

impl Used {
    pub(super) fn now() -> Self {
        Used {
            own: sys::usage(Who::Own),
            workers: sys::usage(Who::Children),
        }
    }
}

impl Capture {
    /// What could not be left untouched, a sentence each.
    pub(super) fn side_effects(&self) -> Vec<String> {
        let tally = self.sink.tally();
        let mut sentences = Vec::new();
        if tally.touched > 0 {
            sentences.push(format!(
                "the access times of {} files and directories of other users changed: O_NOATIME is refused to all but the owner",
                tally.touched
            ));
        }
        if !tally.touched_links.is_empty() {
            let links: Vec<String> = tally
                .touched_links
                .iter()
                .map(|path| schema::text::escaped(path).to_string())
                .collect();
            let more = if links.len() < TOUCHED_LINKS {
                ""
            } else {
                ", and perhaps more"
            };
            sentences.push(format!(
                "the access times of {} symbolic links changed, which no way of reading them avoids: {}{more}",
                links.len(),
                links.join(", ")
            ));
        }
        sentences
            .extend(self.priority_raised.map(|(after, why)| {
                format!("raised to nice 0 after {} s: {why}", after.as_secs())
            }));
        if !self.abandoned.is_empty() {
            sentences.push(format!(
                "{} worker processes hang in the kernel and were left behind",
                self.abandoned.len()
            ));
        }
        sentences
    }

    /// The figures for the manifest, once the workers were ended.
    pub(super) fn footprint(&self) -> Footprint {
        let (now, before) = (Used::now(), self.used_before);
        // What hangs cannot be waited for; its times stand in its stat all the same.
        let (left_user, left_system) = self
            .dying
            .iter()
            .filter_map(Dying::cpu_ms)
            .fold((0_u64, 0_u64), |(user, system), more| {
                (user.saturating_add(more.0), system.saturating_add(more.1))
            });
        let ms = |time: fn(&Usage) -> u64, left: u64| {
            let own = time(&now.own).saturating_sub(time(&before.own));
            let workers = time(&now.workers).saturating_sub(time(&before.workers));
            let us = own.saturating_add(workers);
            us.checked_div(1000).unwrap_or(0).saturating_add(left)
        };
        let own_peak = pool::peak_rss_bytes(&"self").unwrap_or(now.own.peak_rss_bytes);
        let worker_peak = self.worker_peak.unwrap_or(now.workers.peak_rss_bytes);
        let tally = self.sink.tally();
        let most_workers = u64::try_from(self.most_workers).unwrap_or(u64::MAX);
        let collected = tally.outcomes.get(Outcome::Collected.as_str());
        Footprint {
            user_ms: ms(|usage| usage.user_us, left_user),
            system_ms: ms(|usage| usage.system_us, left_system),
            peak_rss_bytes: own_peak,
            peak_rss_bound_bytes: worker_peak
                .saturating_mul(most_workers)
                .saturating_add(own_peak),
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
