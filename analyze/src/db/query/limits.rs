//! What a query may cost: time, and memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::{Exit, tell};

/// Memory of SQLite where no other limit is given, MiB: enough to sort the log lines of a large bundle.
pub const MEMORY_MIB: u32 = 320;
/// How much longer than its time SQLite may take within one instruction, which nothing can interrupt: `instr` and
/// `json_patch` take time with the square of their arguments.
const GRACE: Duration = Duration::from_secs(1);
/// Time between two looks at such an instruction.
const LOOK: Duration = Duration::from_millis(100);

/// What a query may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time of SQLite; who reads the answer slowly may.
    pub time: Duration,
    /// Memory of SQLite in MiB: what is sorted, what is made of it, and the pages of the database.
    pub memory_mib: u32,
}

impl Limits {
    /// That time, and the memory that is enough for most.
    pub fn of(time: Duration) -> Self {
        Limits {
            time,
            memory_mib: MEMORY_MIB,
        }
    }

    pub(super) fn memory_bytes(self) -> u64 {
        u64::from(self.memory_mib) << 20
    }

    pub(super) fn too_large(self) -> String {
        format!(
            "it needs more than {} MiB of memory (--memory allows more)",
            self.memory_mib
        )
    }
}

pub(super) fn too_long(time: Duration) -> String {
    format!(
        "it took longer than {} seconds (--timeout allows more)",
        time.as_secs_f64()
    )
}

/// When the running query must end.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    base: Instant,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// In nanoseconds after `base`.
    end: AtomicU64,
    /// What was allowed, in milliseconds.
    allowed: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock {
            base: Instant::now(),
            state: Arc::new(State {
                end: AtomicU64::new(u64::MAX),
                allowed: AtomicU64::new(0),
            }),
        }
    }
}

impl Clock {
    /// Something runs that may take so long. `whole` is the time that it may take in all, which a message names.
    pub(super) fn allow(&self, left: Duration, whole: Duration) -> Instant {
        let now = Instant::now();
        let end = now.duration_since(self.base).saturating_add(left);
        let number = |count: u128| u64::try_from(count).unwrap_or(u64::MAX);
        let state = &self.state;
        state
            .allowed
            .store(number(whole.as_millis()), Ordering::Relaxed);
        state.end.store(number(end.as_nanos()), Ordering::Relaxed);
        now
    }

    /// Nothing runs.
    pub(super) fn stop(&self) {
        self.state.end.store(u64::MAX, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        is_over(self.base, &self.state, Duration::ZERO)
    }

    /// Ends this process when SQLite does not end in time, for as long as the connection lives.
    pub(super) fn watch(&self) {
        let (base, state) = (self.base, Arc::downgrade(&self.state));
        // Where there is no thread to be had, a query that asks for it may take longer.
        let _ = std::thread::Builder::new()
            .name("time limit".to_owned())
            .spawn(move || watch(base, &state));
    }
}

fn is_over(base: Instant, state: &State, grace: Duration) -> bool {
    let over = base.elapsed().saturating_sub(grace);
    over.as_nanos() > u128::from(state.end.load(Ordering::Relaxed))
}

fn watch(base: Instant, state: &Weak<State>) {
    while let Some(state) = state.upgrade() {
        if is_over(base, &state, GRACE) {
            let allowed = Duration::from_millis(state.allowed.load(Ordering::Relaxed));
            tell(&format!("cannot run the query: {}", too_long(allowed)));
            std::process::exit(Exit::Failure.code().into());
        }
        drop(state);
        std::thread::sleep(LOOK);
    }
}
