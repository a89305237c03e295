//! System calls that the safe crates do not offer.
#![expect(
    unsafe_code,
    reason = "shared memory, close_range, getrlimit, ioprio_set, sigaction, getrusage and adjtimex have no safe wrapper"
)]

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use schema::tables::TimeStatus;

/// What a worker is doing, in memory that it shares with the parent: a worker that hangs in the kernel cannot answer
/// any more, but what it was about to read stands here.
#[derive(Debug)]
pub struct Cell {
    words: NonNull<Words>,
}

#[derive(Debug)]
#[repr(C)]
struct Words {
    /// Counts what was begun.
    begun: AtomicU64,
    /// What was begun last.
    current: AtomicU64,
}

/// What a worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Changes whenever the worker begins something.
    pub begun: u64,
    /// What it began last, as given to [`Cell::begin`].
    pub current: u64,
}

const LENGTH: usize = size_of::<Words>();

impl Cell {
    /// Makes a cell, and the memory file through which a worker attaches to it.
    pub fn create() -> rustix::io::Result<(Self, OwnedFd)> {
        let memory = memfd_create("freezeframe", MemfdFlags::CLOEXEC)?;
        ftruncate(&memory, u64::try_from(LENGTH).unwrap_or(u64::MAX))?;
        Ok((Self::attach(memory.as_fd())?, memory))
    }

    /// Maps the cell of a memory file.
    pub fn attach(memory: BorrowedFd<'_>) -> rustix::io::Result<Self> {
        // A shorter file would make every access a SIGBUS.
        if rustix::fs::fstat(memory)?.st_size < i64::try_from(LENGTH).unwrap_or(i64::MAX) {
            return Err(rustix::io::Errno::INVAL);
        }
        // SAFETY: a new mapping at an address of the kernel's choice aliases nothing of ours. The memory file has been
        // given its length, and both sides touch it only through atomics.
        let mapped = unsafe {
            mmap(
                std::ptr::null_mut(),
                LENGTH,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                memory,
                0,
            )
        }?;
        let words = NonNull::new(mapped.cast()).ok_or(rustix::io::Errno::FAULT)?;
        Ok(Cell { words })
    }

    /// Notes what is about to be read.
    pub fn begin(&self, current: u64) {
        let words = self.words();
        words.current.store(current, Ordering::Relaxed);
        words.begun.fetch_add(1, Ordering::Release);
    }

    /// What the worker is doing.
    pub fn progress(&self) -> Progress {
        let words = self.words();
        let begun = words.begun.load(Ordering::Acquire);
        Progress {
            begun,
            current: words.current.load(Ordering::Relaxed),
        }
    }

    fn words(&self) -> &Words {
        // SAFETY: the mapping is page-aligned, large enough, initialised by the kernel, and lives as long as `self`.
        unsafe { self.words.as_ref() }
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `attach` with this length, and no reference to it outlives `self`. A failure
        // leaves it mapped, which is harmless.
        let _ = unsafe { munmap(self.words.as_ptr().cast(), LENGTH) };
    }
}

/// A descriptor that the parent left open for us.
pub fn inherited(number: i32) -> BorrowedFd<'static> {
    // SAFETY: the number is on our command line because the parent kept that descriptor open over exec; a worker
    // closes it only when it needs it no more. A number that means nothing makes every use fail with EBADF.
    unsafe { BorrowedFd::borrow_raw(number.max(0)) }
}

/// Closes every descriptor but the standard ones. Only for a process that has opened none itself.
pub fn close_inherited() {
    const FIRST: libc::c_uint = 3;
    const NO_FLAGS: libc::c_uint = 0;
    /// More than a process is given by default.
    const LAST_GUESSED: libc::c_int = 4096;
    // SAFETY: takes three integers and touches no memory. A worker calls this before it opens anything, so that no
    // descriptor is closed which something of ours owns; what `inherited` gave is mapped already and not used again.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, NO_FLAGS) };
    if result == 0 {
        return;
    }
    // Before Linux 5.9, or behind a filter. A number that is not open is refused, which is no loss.
    for number in 3..=LAST_GUESSED {
        // SAFETY: as above.
        unsafe { libc::close(number) };
    }
}

/// Limits of the main thread's stack, the soft and the hard one, bytes; `None` where there is none, or where a filter refuses
/// to tell, on which rustix panics.
pub fn stack_limits() -> (Option<u64>, Option<u64>) {
    limits(libc::RLIMIT_STACK)
}

/// Most bytes that a file of ours may have; `None` as of [`stack_limits`].
pub fn file_size_limit() -> Option<u64> {
    limits(libc::RLIMIT_FSIZE).0
}

fn limits(resource: libc::__rlimit_resource_t) -> (Option<u64>, Option<u64>) {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the structure is ours, has the type that the call takes, and nothing else refers to it. Where the call fails
    // it stays as it was.
    unsafe {
        libc::getrlimit(resource, &raw mut limit);
    }
    let bounded = |limit: libc::rlim_t| (limit != libc::RLIM_INFINITY).then_some(limit);
    (bounded(limit.rlim_cur), bounded(limit.rlim_max))
}

/// Puts this process behind every other one in the queue of the disk: best effort, lowest priority (`ioprio_set(2)`).
pub fn lowest_io_priority() {
    const WHO_PROCESS: libc::c_long = 1;
    const THIS: libc::c_long = 0;
    const BEST_EFFORT_LOWEST: libc::c_long = (2 << 13) | 7;
    // SAFETY: takes three integers and touches no memory. A refusal is no loss.
    unsafe {
        libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, THIS, BEST_EFFORT_LOWEST);
    }
}

/// Whether this process was started with a signal ignored (`sigaction(2)`, which changes nothing without an action).
pub fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the old action goes to memory of its type; all bits zero are a valid value of it, the default action, so it
    // may be read even where the call fails, which it does for a number that is no signal.
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

/// Lets this thread no more be one that takes these signals, or lets it be again (`pthread_sigmask(3)`). Threads and programs
/// that it starts begin like it.
pub fn take_signals(signals: &[i32], take: bool) {
    let how = if take {
        libc::SIG_UNBLOCK
    } else {
        libc::SIG_BLOCK
    };
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the set is ours, has the type that the calls take, and is filled by the first of them before it is read. A
    // number that is no signal is refused, and the old mask is not asked for.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        libc::pthread_sigmask(how, set.as_ptr(), std::ptr::null_mut());
    }
}

/// What the kernel says of its clock (`adjtimex(2)`, which changes nothing when no mode is given).
pub fn time_status() -> rustix::io::Result<TimeStatus<'static>> {
    // SAFETY: a structure of integers, for which all zeros are values; a mode of 0 is one of them.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the structure is ours, has the type that the call takes, and nothing else refers to it.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    let state = match state {
        libc::TIME_OK => "ok",
        libc::TIME_INS => "insert",
        libc::TIME_DEL => "delete",
        libc::TIME_OOP => "leap",
        libc::TIME_WAIT => "wait",
        libc::TIME_ERROR => "error",
        _ => {
            let refused = rustix::io::Errno::from_io_error(&std::io::Error::last_os_error());
            return Err(refused.unwrap_or(rustix::io::Errno::NOSYS));
        }
    };
    let per_second = if timex.status & libc::STA_NANO == 0 {
        1_000_000
    } else {
        1_000_000_000
    };
    let in_unit = |value: i64, unit: i64| {
        let parts = value.saturating_mul(unit).checked_div(per_second);
        parts.unwrap_or_default()
    };
    let (time, fraction) = (wide(timex.time.tv_sec), wide(timex.time.tv_usec));
    Ok(TimeStatus {
        time,
        time_us: time
            .saturating_mul(1_000_000)
            .saturating_add(in_unit(fraction, 1_000_000)),
        synchronized: timex.status & libc::STA_UNSYNC == 0 && state != "error",
        state: state.into(),
        status: timex.status,
        offset_ns: in_unit(wide(timex.offset), 1_000_000_000),
        // The kernel counts millionths in 65,536 parts.
        frequency_ppb: wide(timex.freq).saturating_mul(1000) >> 16,
        max_error_us: wide(timex.maxerror),
        estimated_error_us: wide(timex.esterror),
        time_constant: wide(timex.constant),
        tick_us: wide(timex.tick),
        tai_offset: timex.tai,
    })
}

/// A C `long`, whatever its width here.
fn wide(value: impl Into<i64>) -> i64 {
    value.into()
}

/// Whose use of the machine is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// This process.
    Own,
    /// Its children that have ended and were waited for.
    Children,
}

/// How much of the machine was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time in user mode, microseconds.
    pub user_us: u64,
    /// CPU time in the kernel, microseconds.
    pub system_us: u64,
    /// Most resident memory, bytes; of the largest one, for several processes.
    pub peak_rss_bytes: u64,
}

/// How much of the machine was used so far (`getrusage(2)`).
pub fn usage(who: Who) -> Usage {
    let who = match who {
        Who::Own => libc::RUSAGE_SELF,
        Who::Children => libc::RUSAGE_CHILDREN,
    };
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to memory of that type; all bits zero are a valid value of it, so it may be read even
    // where the call fails, which it does for no value of `who`.
    let usage = unsafe {
        libc::getrusage(who, usage.as_mut_ptr());
        usage.assume_init()
    };
    let micros = |time: libc::timeval| {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let micros = u64::try_from(time.tv_usec).unwrap_or(0);
        seconds.saturating_mul(1_000_000).saturating_add(micros)
    };
    Usage {
        user_us: micros(usage.ru_utime),
        system_us: micros(usage.ru_stime),
        peak_rss_bytes: u64::try_from(usage.ru_maxrss)
            .unwrap_or(0)
            .saturating_mul(1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_the_systems() {
        let before = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        let status = time_status().unwrap();
        let after = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        assert!((before.tv_sec..=after.tv_sec).contains(&status.time));
        assert_eq!(status.time_us.div_euclid(1_000_000), status.time);
        assert!(!status.synchronized || status.status & 0x40 == 0);
    }

    #[test]
    fn this_process_uses_memory() {
        let usage = usage(Who::Own);
        // Of a test that runs at all.
        assert!(usage.peak_rss_bytes > 100_000, "{usage:?}");
        assert!(usage.peak_rss_bytes < 1 << 40, "{usage:?}");
    }

    #[test]
    fn both_sides_see_the_same() {
        let (ours, memory) = Cell::create().unwrap();
        let theirs = Cell::attach(memory.as_fd()).unwrap();
        let before = ours.progress();
        theirs.begin(42);
        assert_ne!(ours.progress().begun, before.begun);
        assert_eq!(ours.progress().current, 42);
        let empty = memfd_create("empty", MemfdFlags::CLOEXEC).unwrap();
        assert!(Cell::attach(empty.as_fd()).is_err());
    }
}
