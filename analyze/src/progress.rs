//! How far a long read has come: a bar on a terminal, nothing anywhere else.

use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::shown;

/// What takes less time than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that appears when the work turns out to be long.
pub(crate) struct Progress {
    label: String,
    started: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins to count time.
    pub(crate) fn start(path: &Path) -> Self {
        Progress {
            label: shown(path).to_string(),
            started: Instant::now(),
            bar: None,
        }
    }

    /// Tells that `done` of `total` steps are behind us.
    pub(crate) fn show(&mut self, done: usize, total: usize) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        let count = |steps: usize| u64::try_from(steps).unwrap_or(u64::MAX);
        let bar = self.bar.get_or_insert_with(|| {
            // Draws nothing where stderr is no terminal.
            let bar =
                ProgressBar::with_draw_target(Some(count(total)), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {percent}% {eta}") {
                bar.set_style(style);
            }
            bar.set_message(self.label.clone());
            bar
        });
        bar.set_position(count(done));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
