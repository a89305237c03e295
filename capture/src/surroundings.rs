//! What is inherited from whoever starts the capture and could spoil it: signals that are ignored or that end a process,
//! and limits.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Resource, Rlimit, setrlimit};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGXCPU, SIGXFSZ};

use crate::{Error, sys};

/// Stack of the main thread: what Linux gives by default.
const STACK: u64 = 8 << 20;

/// Raises the limit of the main thread's stack, which grows as far as the limit of the moment. Where that is refused, the
/// stack may suffice all the same.
pub fn widen_stack() {
    let (current, maximum) = sys::stack_limits();
    if current.is_none_or(|bytes| bytes >= STACK) {
        return;
    }
    let wide = Rlimit {
        current: Some(STACK),
        maximum: maximum.map(|maximum| maximum.max(STACK)),
    };
    if setrlimit(Resource::Stack, wide).is_err() {
        let allowed = Rlimit {
            current: maximum,
            maximum,
        };
        let _ = setrlimit(Resource::Stack, allowed);
    }
}

/// Has the signals noted that ask for an end, and the others kept from ending the capture. What is returned becomes true
/// with the first that asks.
pub fn watch_signals() -> Result<Arc<AtomicBool>, Error> {
    let signalled = Arc::new(AtomicBool::new(false));
    // A file size limit is then an error of the write, as a full disk is. With SIGCHLD ignored, as an inherited
    // disposition may have it, a worker's pid would be another process's before we have killed the worker.
    let unheeded = Arc::new(AtomicBool::new(false));
    let watched = [SIGINT, SIGTERM, SIGHUP, SIGXCPU]
        .map(|signal| (signal, &signalled))
        .into_iter()
        .chain([SIGXFSZ, SIGCHLD].map(|signal| (signal, &unheeded)));
    for (signal, flag) in watched {
        signal_hook::flag::register(signal, Arc::clone(flag)).map_err(|source| Error::Worker {
            attempt: "watch for signals",
            source,
        })?;
    }
    Ok(signalled)
}
