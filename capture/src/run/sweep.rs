//! The second look at the list of processes: what was born while the first were visited.

use std::collections::BTreeSet;

use schema::source::Phase;

use super::{Capture, Met};
use crate::Error;
use crate::protocol::Request;

impl Capture {
    /// Lists the processes once more, and visits those that are new. Once only: a host that always has new ones must
    /// not keep the capture.
    pub(super) fn sweep_again(&mut self) -> Result<(), Error> {
        if !self.is_live {
            return Ok(());
        }
        self.progress.stage("second sweep");
        let known: BTreeSet<u32> = self.processes.keys().copied().collect();
        self.listed.clear();
        self.work(vec![Request::ListProcesses])?;
        let listed: BTreeSet<u32> = std::mem::take(&mut self.listed).into_iter().collect();
        let new: Vec<u32> = listed
            .into_iter()
            .filter(|pid| !known.contains(pid) || self.is_unmet(*pid))
            .collect();
        for pid in &new {
            self.processes.insert(*pid, Met::default());
        }
        let count = |pids: usize| u64::try_from(pids).unwrap_or(u64::MAX);
        self.sink.count("processes", count(uncounted(&new, &known)));
        self.sink
            .count("processes of the second sweep", count(new.len()));
        for phase in [Phase::Free, Phase::Exec] {
            self.visit(&new, phase)?;
        }
        Ok(())
    }

    /// Whether nothing was ever read of the process that the first sweep listed: what has its pid now is another one,
    /// and no row of the first can be joined to it.
    fn is_unmet(&self, pid: u32) -> bool {
        self.processes
            .get(&pid)
            .is_some_and(|met| met.identity.has_ended && met.identity.directory_inode.is_none())
    }
}

/// How many of the new ones the first sweep did not count: it listed a pid that another process has now.
fn uncounted(new: &[u32], known: &BTreeSet<u32>) -> usize {
    new.iter().filter(|pid| !known.contains(pid)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_counted_once() {
        let known = [7, 8].into_iter().collect();
        assert_eq!(uncounted(&[8, 9, 10], &known), 2);
    }
}
