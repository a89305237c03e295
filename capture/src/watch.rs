//! Signals that end a capture, and the end of one whose output takes nothing more.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{Error, sys};

/// How long one write may last after a signal: half of the second in which a signalled capture ends.
pub const WRITE_PATIENCE: Duration = Duration::from_millis(500);
/// How long a whole bundle may take to reach the disk after a signal: it would be a pity not to name it.
pub const SYNC_PATIENCE: Duration = Duration::from_secs(10);
/// How long after the deadline a write may last: a slow reader may still be given the end.
const DEADLINE_PATIENCE: Duration = Duration::from_secs(10);
/// How often the output is looked at.
const TICK: Duration = Duration::from_millis(50);

/// What the output is doing, for the thread that watches over it.
#[derive(Debug)]
pub struct Activity {
    started: Instant,
    /// When patience with the call that is under way ends, milliseconds from `started`; 0 while there is none.
    until_ms: AtomicU64,
}

impl Default for Activity {
    fn default() -> Self {
        Activity {
            started: Instant::now(),
            until_ms: AtomicU64::new(0),
        }
    }
}

impl Activity {
    /// Does what may wait for whoever takes the output.
    pub fn during<T>(&self, patience: Duration, call: impl FnOnce() -> T) -> T {
        let until = milliseconds(self.started.elapsed().saturating_add(patience)).max(1);
        self.until_ms.store(until, Ordering::Release);
        let result = call();
        self.until_ms.store(0, Ordering::Release);
        result
    }

    fn is_stuck(&self) -> bool {
        let until = self.until_ms.load(Ordering::Acquire);
        until > 0 && milliseconds(self.started.elapsed()) >= until
    }
}

/// Notes the signals that end a capture. One that is ignored from the start, as `nohup` has it, stays ignored.
pub fn signals() -> Result<Arc<AtomicBool>, Error> {
    use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGXCPU, SIGXFSZ};
    let watch = |signal, flag: &Arc<AtomicBool>| {
        signal_hook::flag::register(signal, Arc::clone(flag)).map_err(|source| Error::Worker {
            attempt: "watch for signals",
            source,
        })
    };
    let signalled = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGXCPU] {
        if !sys::is_ignored(signal) {
            watch(signal, &signalled)?;
        }
    }
    // A file that grows over its limit is an error of the write, not the end of the process. With SIGCHLD ignored, as an
    // inherited disposition may have it, a worker's pid would be another process's before we have killed the worker.
    let unheeded = Arc::new(AtomicBool::new(false));
    for signal in [SIGXFSZ, SIGCHLD] {
        watch(signal, &unheeded)?;
    }
    Ok(signalled)
}

/// Ends this process with exit code 2 when it was told to stop, or its deadline has passed, while a write does not return:
/// the reader of a pipe has stopped, or a file system does not answer. `partial` is what there is of a bundle then.
pub fn over_output(
    activity: Arc<Activity>,
    signalled: Arc<AtomicBool>,
    deadline: Duration,
    partial: Option<PathBuf>,
) {
    let mut signalled_at = None;
    let work = move || loop {
        std::thread::sleep(TICK);
        if signalled_at.is_none() && signalled.load(Ordering::Relaxed) {
            signalled_at = Some(Instant::now());
        }
        let is_told = signalled_at.is_some_and(|at| at.elapsed() >= WRITE_PATIENCE);
        let is_late = activity.started.elapsed() >= deadline.saturating_add(DEADLINE_PATIENCE);
        if (is_told || is_late) && activity.is_stuck() {
            give_up(partial.as_deref());
        }
    };
    // Without the thread a capture still ends, only not while its output hangs.
    let _ = std::thread::Builder::new()
        .name("watch".to_owned())
        .stack_size(64 << 10)
        .spawn(work);
}

fn give_up(partial: Option<&std::path::Path>) {
    let (output, rest) = match partial {
        Some(path) => (
            crate::error::shown(path).to_string(),
            "what it took before is there",
        ),
        None => ("standard output".to_owned(), "the bundle is cut off there"),
    };
    let mut stderr = io::stderr();
    // It may be the same pipe.
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    if poll(&mut fds, Some(&now)) == Ok(1) {
        let _ = writeln!(stderr, "capture: {output} takes nothing more: {rest}");
    }
    std::process::exit(2);
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
