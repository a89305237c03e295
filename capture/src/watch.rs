//! Signals that end a capture, and the end of one whose output takes nothing more.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGXCPU, SIGXFSZ};

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
    /// What there is of a bundle while it is not whole; `None` for standard output.
    partial: Mutex<Option<PathBuf>>,
}

impl Default for Activity {
    fn default() -> Self {
        Activity {
            started: Instant::now(),
            until_ms: AtomicU64::new(0),
            partial: Mutex::default(),
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

    /// Tells which file is written to from now on.
    pub fn writes_to(&self, partial: &Path) {
        if let Ok(mut place) = self.partial.lock() {
            *place = Some(partial.to_owned());
        }
    }

    fn is_stuck(&self) -> bool {
        let until = self.until_ms.load(Ordering::Acquire);
        until > 0 && milliseconds(self.started.elapsed()) >= until
    }
}

/// Signals that end a capture.
pub const ENDING: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGXCPU];

/// Notes the signals that end a capture. One that is ignored from the start, as `nohup` has it, stays ignored.
pub fn signals() -> Result<Arc<AtomicBool>, Error> {
    let watch = |signal, flag: &Arc<AtomicBool>| {
        signal_hook::flag::register(signal, Arc::clone(flag)).map_err(|source| Error::Worker {
            attempt: "watch for signals",
            source,
        })
    };
    let signalled = Arc::new(AtomicBool::new(false));
    for signal in ENDING {
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
/// the reader of a pipe has stopped, or a file system does not answer. Where the file system is a server in user space, nobody
/// can end a process that it owes an answer, and it is asked once more when the file is closed: then this process says that
/// it ends, and does so when the server answers or goes.
pub fn over_output(activity: Arc<Activity>, signalled: Arc<AtomicBool>, deadline: Duration) {
    let mut signalled_at = None;
    let work = move || {
        sys::take_signals(&ENDING, true);
        loop {
            std::thread::sleep(TICK);
            if signalled_at.is_none() && signalled.load(Ordering::Relaxed) {
                signalled_at = Some(Instant::now());
            }
            let is_told = signalled_at.is_some_and(|at| at.elapsed() >= WRITE_PATIENCE);
            let is_late = activity.started.elapsed() >= deadline.saturating_add(DEADLINE_PATIENCE);
            if (is_told || is_late) && activity.is_stuck() {
                let partial = activity.partial.lock().ok().and_then(|path| path.clone());
                give_up(partial.as_deref());
            }
        }
    };
    // A thread that waits for a file system takes no signal but a deadly one, and the kernel prefers this one when both may.
    sys::take_signals(&ENDING, false);
    let spawned = std::thread::Builder::new()
        .name("watch".to_owned())
        .stack_size(64 << 10)
        .spawn(work);
    // Without the thread a capture still ends, only not while its output hangs.
    if spawned.is_err() {
        sys::take_signals(&ENDING, true);
    }
}

fn give_up(partial: Option<&Path>) {
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

/// A duration in whole milliseconds.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
