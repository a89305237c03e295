//! The parent's side of a worker process: starting it, talking to it, noticing that it hangs, leaving it behind.

use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{Errno, FdFlags};
use schema::frame;
use serde::Serialize;

use crate::Error;
use crate::collect::Position;
use crate::protocol::{Ready, Setup};
use crate::sys::{Cell, Progress};

/// The argument that makes this binary a worker.
pub const WORKER_ARGUMENT: &str = "--worker";
/// How long a worker may take to say that it is there, on a host under any load.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How long one that is being started may still take when the capture is told to stop.
const SIGNALLED_START_LIMIT: Duration = Duration::from_millis(300);
/// Size of the pipe from a worker, where the kernel allows it: fewer switches between the two sides.
const PIPE_SIZE: usize = 1 << 20;
/// Bytes taken from a pipe at a time.
const RECEIVE_SIZE: usize = 256 << 10;
/// How long a killed worker may take to die before it counts as stuck in the kernel.
const DEATH_LIMIT: Duration = Duration::from_millis(500);

/// A worker process.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    cell: Cell,
    received: Vec<u8>,
    /// Bytes of `received` that are taken already.
    taken: usize,
    last: Progress,
    last_change: Instant,
}

/// A worker that was killed and has not been seen to die.
#[derive(Debug)]
pub struct Dying {
    child: Child,
    since: Instant,
}

/// What came of receiving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Nothing new for now.
    Nothing,
    /// Some bytes.
    Bytes,
    /// The worker has closed its end: it died.
    End,
}

impl Worker {
    /// Starts a worker on a root directory, and waits until it has looked at it, but not for long once the capture has been
    /// told to stop. Meanwhile `meanwhile` is called every now and then.
    pub fn start(
        setup: &Setup,
        signalled: &AtomicBool,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(Self, Ready), Error> {
        let failed = |attempt, source: io::Error| Error::Worker { attempt, source };
        let (cell, memory) =
            Cell::create().map_err(|errno| failed("share memory with a worker", errno.into()))?;
        // Inherited over exec; closed here as soon as the child has it, so that no other worker does.
        rustix::io::fcntl_setfd(&memory, FdFlags::empty())
            .map_err(|errno| failed("share memory with a worker", errno.into()))?;
        // A worker that hangs must keep nothing open that somebody waits for, and there may be no /dev/null.
        let errors = memfd_create("freezeframe-errors", MemfdFlags::CLOEXEC)
            .map_err(|errno| failed("share memory with a worker", errno.into()))?;
        let mut child = Command::new("/proc/self/exe")
            .arg0("capture-worker")
            .args([WORKER_ARGUMENT, &memory.as_raw_fd().to_string()])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            // The terminal's signals are for the parent, which ends the workers in its own way.
            .process_group(0)
            .spawn()
            .map_err(|error| failed("start a worker from /proc/self/exe", error))?;
        drop(memory);
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("talk to a worker", io::ErrorKind::BrokenPipe.into()));
        };
        let _ = rustix::pipe::fcntl_setpipe_size(&output, PIPE_SIZE);
        rustix::io::ioctl_fionbio(&output, true)
            .map_err(|errno| failed("talk to a worker", errno.into()))?;
        let mut worker = Worker {
            child,
            input: Some(input),
            output,
            last: cell.progress(),
            cell,
            received: Vec::new(),
            taken: 0,
            last_change: Instant::now(),
        };
        worker
            .send(setup)
            .map_err(|error| failed("talk to a worker", error))?;
        let ready = worker
            .wait_ready(signalled, meanwhile)
            .map_err(|error| failed("hear from a worker", error));
        match ready {
            Ok(ready) => Ok((worker, ready)),
            Err(error) => {
                let _ = worker.child.kill();
                Err(error)
            }
        }
    }

    fn wait_ready(
        &mut self,
        signalled: &AtomicBool,
        meanwhile: &mut dyn FnMut(),
    ) -> io::Result<Ready> {
        let deadline = Instant::now() + START_LIMIT;
        let mut told_until = None;
        loop {
            if let Some(range) = self.next_frame() {
                let frame = self.frame(range);
                return frame::decode(frame).map_err(io::Error::other);
            }
            if self.receive()? == Received::End {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let now = Instant::now();
            if now > deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if signalled.load(Ordering::Relaxed)
                && now > *told_until.get_or_insert(now + SIGNALLED_START_LIMIT)
            {
                return Err(io::Error::other("a signal ended the capture"));
            }
            wait(std::iter::once(&*self), Duration::from_millis(50))?;
            meanwhile();
        }
    }

    /// Process id of the worker.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends one message.
    pub fn send<T: Serialize>(&mut self, message: &T) -> io::Result<()> {
        let mut bytes = Vec::new();
        frame::write(&mut bytes, message).map_err(io::Error::other)?;
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        self.last_change = Instant::now();
        input.write_all(&bytes)
    }

    /// Takes what the pipe holds, up to a limit, without waiting.
    pub fn receive(&mut self) -> io::Result<Received> {
        if self.taken > 0 {
            self.received.drain(..self.taken);
            self.taken = 0;
        }
        self.received.reserve(RECEIVE_SIZE);
        loop {
            return match rustix::io::read(
                &self.output,
                rustix::buffer::spare_capacity(&mut self.received),
            ) {
                Ok(0) => Ok(Received::End),
                Ok(_) => {
                    self.last_change = Instant::now();
                    Ok(Received::Bytes)
                }
                Err(Errno::AGAIN) => Ok(Received::Nothing),
                Err(Errno::INTR) => continue,
                Err(errno) => Err(errno.into()),
            };
        }
    }

    /// Where the next whole frame lies among the received bytes; it counts as taken.
    pub fn next_frame(&mut self) -> Option<std::ops::Range<usize>> {
        let rest = self.received.get(self.taken..)?;
        let length = usize::try_from(u32::from_le_bytes(*rest.first_chunk::<4>()?)).ok()?;
        let start = self.taken.checked_add(4)?;
        let end = start.checked_add(length)?;
        if end > self.received.len() {
            return None;
        }
        self.taken = end;
        Some(start..end)
    }

    /// The bytes of a frame.
    pub fn frame(&self, range: std::ops::Range<usize>) -> &[u8] {
        self.received.get(range).unwrap_or_default()
    }

    /// Whether the worker has not moved for longer than `patience`, and is not merely waiting for its turn on a busy
    /// processor.
    pub fn is_stalled(&mut self, patience: Duration) -> bool {
        let now = Instant::now();
        let progress = self.cell.progress();
        if progress != self.last {
            self.last = progress;
            self.last_change = now;
            return false;
        }
        if now.duration_since(self.last_change) < patience {
            return false;
        }
        if self.is_runnable() {
            self.last_change = now;
            return false;
        }
        true
    }

    /// What the worker was about to read.
    pub fn position(&self) -> Position {
        Position::unpack(self.cell.progress().current)
    }

    /// Kills the worker, and says how much resident memory it had at most. What it has sent can still be received.
    pub fn kill(&mut self) -> Option<u64> {
        let peak = peak_rss_bytes(&self.pid());
        self.input = None;
        let _ = self.child.kill();
        peak
    }

    /// Gives up the worker after [`Worker::kill`].
    pub fn abandon(self) -> Dying {
        Dying {
            child: self.child,
            since: Instant::now(),
        }
    }

    /// Sets the nice value.
    pub fn set_priority(&self, nice: i32) {
        let pid = i32::try_from(self.pid())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if pid.is_some() {
            let _ = rustix::process::setpriority_process(pid, nice);
        }
    }

    /// A process that waits in the kernel is asleep (S, D); one that only waits for a processor is not.
    fn is_runnable(&self) -> bool {
        let stat = std::fs::read(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        let state = memchr::memrchr(b')', &stat)
            .and_then(|end| stat.get(end.checked_add(2)?))
            .copied();
        state == Some(b'R')
    }
}

impl AsFd for Worker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }
}

impl Dying {
    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// CPU time in user mode and in the kernel, milliseconds, where `/proc` still tells it.
    pub fn cpu_ms(&self) -> Option<(u64, u64)> {
        let stat = std::fs::read(format!("/proc/{}/stat", self.pid())).ok()?;
        let (user, system) = schema::parse::stat::cpu_ticks(&stat)?;
        let per_second = rustix::param::clock_ticks_per_second();
        let ms = |ticks: u64| ticks.checked_mul(1000)?.checked_div(per_second);
        Some((ms(user)?, ms(system)?))
    }

    /// Whether it has died; it is waited for, never on.
    pub fn is_dead(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Whether it should have died by now.
    pub fn is_stuck(&self) -> bool {
        self.since.elapsed() > DEATH_LIMIT
    }

    /// Whether what it hangs in has not been answered for that long either since it was killed.
    pub fn is_beyond(&self, patience: Duration) -> bool {
        self.is_stuck() && self.since.elapsed() >= patience
    }
}

/// Most resident memory that a process had since it began its program, bytes, where `/proc` tells it: `self`, or a
/// worker's pid.
pub fn peak_rss_bytes(process: &dyn std::fmt::Display) -> Option<u64> {
    let status = std::fs::read(format!("/proc/{process}/status")).ok()?;
    schema::parse::status::peak_rss_bytes(&status)
}

/// Waits until a worker has something to say, at most that long.
pub fn wait<'a>(workers: impl Iterator<Item = &'a Worker>, limit: Duration) -> io::Result<()> {
    let mut fds: Vec<_> = workers
        .map(|worker| PollFd::new(worker, PollFlags::IN))
        .collect();
    let limit = Timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(limit.subsec_nanos()),
    };
    match poll(&mut fds, Some(&limit)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
