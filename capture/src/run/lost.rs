//! What hangs, and what it costs: workers that are lost and replaced, what they were asked, and places that are left alone
//! as long as one of them is held there.

use schema::Outcome;

use super::schedule::current_visit;
use super::{Capture, FIRST_PATIENCE};
use crate::Error;
use crate::jobs::{Job, Late, Outstanding, Queue};
use crate::plan::{ItemKind, ProcessItem};
use crate::pool::{Dying, Received};
use crate::protocol::{Access, End, FileTask, Reply, Request, RotatedTask, Visit};
use crate::sink::Incoming;

/// Workers that may hang in the kernel before nothing is read any more that may block.
const ABANDON_LIMIT: usize = 8;
/// Workers that may die by themselves before something is wrong with all of them.
const CRASH_LIMIT: u32 = 20;
/// Times in a row that no worker could be started before none is any more.
const FAILED_STARTS: u32 = 3;

/// How a request was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// Its worker died.
    Died,
    /// It hung.
    Hung,
    /// It hung, and holds the worker that was killed in it.
    Held,
    /// Something else in the same place holds a worker.
    Beside,
}

/// Where files lie that are likely to hang together.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Below a mount of the host's own mount namespace; or below a home or a directory, where none is known.
    Mount(Vec<u8>),
    /// Wherever the processes of a user say.
    User(u32),
}

/// Places where workers are held.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Mount points of the host's own mount namespace.
    mounts: Vec<Vec<u8>>,
    /// Each with the worker that was killed there.
    places: Vec<(Place, u32)>,
}

impl Lost {
    /// Learns what is mounted where.
    pub(super) fn learn(&mut self, mounts: Vec<Vec<u8>>) {
        self.mounts = mounts;
    }

    /// Notes that a worker was killed in a request.
    fn note(&mut self, request: &Request, worker: u32) {
        let place = match request {
            Request::Files(tasks) => tasks.first().and_then(|task| self.place(task)),
            Request::ListDirectory(directory)
            | Request::ListRotated(RotatedTask { directory, .. }) => {
                Some(self.place_of(directory, directory))
            }
            _ => None,
        };
        self.places.extend(place.map(|place| (place, worker)));
    }

    /// The next job, without the files and listings that lie where a worker is held: those wait with it.
    pub(super) fn next_job(&self, queue: &mut Queue, dying: &[Dying]) -> Option<Job> {
        loop {
            let mut job = queue.ready.pop_front()?;
            if let Request::ListDirectory(directory)
            | Request::ListRotated(RotatedTask { directory, .. }) = &job.request
                && let Some(worker) = self.holder_of(&self.place_of(directory, directory), dying)
            {
                queue.late.push(Late {
                    request: job.request,
                    worker: Some(worker),
                    is_tried: false,
                });
                continue;
            }
            let Request::Files(tasks) = &mut job.request else {
                return Some(job);
            };
            if self.places.is_empty() {
                return Some(job);
            }
            tasks.retain(|task| {
                let worker = self.holder(task, dying);
                queue.late.extend(worker.map(|worker| Late {
                    request: Request::Files(vec![task.clone()]),
                    worker: Some(worker),
                    is_tried: false,
                }));
                worker.is_none()
            });
            if !tasks.is_empty() {
                return Some(job);
            }
        }
    }

    /// The worker that is held where a file lies.
    fn holder(&self, task: &FileTask, dying: &[Dying]) -> Option<u32> {
        self.holder_of(&self.place(task)?, dying)
    }

    /// The worker that is held in a place.
    fn holder_of(&self, place: &Place, dying: &[Dying]) -> Option<u32> {
        self.places
            .iter()
            .filter(|(other, _)| other == place)
            .map(|(_, worker)| *worker)
            .find(|worker| dying.iter().any(|dying| dying.pid() == *worker))
    }

    /// Where a file lies; nowhere, for one of the kernel's.
    fn place(&self, task: &FileTask) -> Option<Place> {
        let above = match &task.access {
            Access::Proc | Access::Device | Access::NetDump(_) => return None,
            Access::Named(named) => return Some(Place::User(named.uid)),
            Access::Home(length) => usize::try_from(*length)
                .ok()
                .and_then(|length| task.path.get(..length))
                .unwrap_or(&task.path),
            Access::Log(log) if let Some(uid @ 1..) = log.uid => return Some(Place::User(uid)),
            Access::System | Access::Rotated(_) | Access::Log(_) | Access::Journal { .. } => {
                let end = memchr::memrchr(b'/', &task.path).unwrap_or(0);
                task.path.get(..end).unwrap_or_default()
            }
        };
        Some(self.place_of(&task.path, above))
    }

    fn place_of(&self, path: &[u8], above: &[u8]) -> Place {
        let mounts = self.mounts.iter().filter(|mount| mount.len() > 1);
        let longest = mounts
            .filter(|mount| {
                schema::parse::mountinfo::is_below(path, mount) || path == mount.as_slice()
            })
            .max_by_key(|mount| mount.len());
        // Files of the root file system hang one by one.
        Place::Mount(longest.map_or(above, Vec::as_slice).to_vec())
    }
}

impl Capture {
    /// Starts the workers that the user asked for.
    pub(super) fn start_workers(&mut self) {
        // More workers than processors only wait for each other.
        self.wanted_workers = usize::try_from(self.settings.workers).unwrap_or(1).max(1);
        while self.workers.len() < self.wanted_workers && self.stop.is_none() {
            if !self.replace_worker() {
                break;
            }
        }
    }

    /// Starts workers in the place of lost ones, as long as few of those hang.
    pub(super) fn refill(&mut self) {
        self.bury();
        while self.workers.len() < self.wanted_workers
            && self.dying.len() < ABANDON_LIMIT
            && self.crashes <= CRASH_LIMIT
            && self.failed_starts < FAILED_STARTS
        {
            if !self.replace_worker() {
                self.failed_starts = self.failed_starts.saturating_add(1);
                break;
            }
            self.failed_starts = 0;
        }
    }

    /// Whether a worker may still be started: one that was killed may yet die and make room.
    pub(super) fn is_worker_to_come(&self) -> bool {
        let has_room =
            self.dying.len() < ABANDON_LIMIT || self.dying.iter().any(|dying| !dying.is_stuck());
        has_room && self.crashes <= CRASH_LIMIT && self.failed_starts < FAILED_STARTS
    }

    /// What hung is tried once more, now with all the time that is left for it. Where the worker that hung in it cannot
    /// even be killed, it is that one which goes on trying.
    pub(super) fn requeue_late(&mut self, queue: &mut Queue) -> Result<(), Error> {
        let late = std::mem::take(&mut queue.late);
        let left = self
            .settings
            .deadline
            .saturating_sub(self.started.elapsed());
        let workers = self.settings.workers.max(1);
        let share = left
            .checked_div(4)
            .unwrap_or_default()
            .saturating_mul(workers);
        let count = u32::try_from(late.len()).unwrap_or(u32::MAX).max(1);
        let patience = share.checked_div(count).unwrap_or_default().clamp(
            FIRST_PATIENCE,
            self.settings.item_timeout.max(FIRST_PATIENCE),
        );
        for late in late {
            let held = self
                .dying
                .iter()
                .find(|dying| Some(dying.pid()) == late.worker);
            match held {
                Some(dying) if dying.is_beyond(patience) => {
                    let loss = if late.is_tried {
                        Loss::Held
                    } else {
                        Loss::Beside
                    };
                    self.give_up(late.request, loss, queue)?;
                }
                Some(_) => queue.late.push(late),
                None => queue.ready.push_back(Job {
                    request: late.request,
                    patience,
                    is_retry: true,
                }),
            }
        }
        Ok(())
    }

    /// Gives up a worker that hangs or died, and sorts out its work.
    pub(super) fn lose(
        &mut self,
        index: usize,
        died: bool,
        queue: &mut Queue,
    ) -> Result<(), Error> {
        if let Some(crew) = self.workers.get_mut(index) {
            self.worker_peak = self.worker_peak.max(crew.worker.kill());
        }
        // What it had sent before counts.
        while self.receive(index)? == Received::Bytes {}
        if index >= self.workers.len() {
            return Ok(());
        }
        let crew = self.workers.remove(index);
        let position = crew.worker.position();
        let pid = crew.worker.pid();
        let loss = if died { Loss::Died } else { Loss::Hung };
        self.dying.push(crew.worker.abandon());
        self.hung = self.hung.saturating_add(u64::from(!died));
        let reason = if died { "its worker died" } else { "it hung" };
        for mut asked in crew.asked {
            let now = self.now_ms();
            // A part is in the bundle already: it cannot be read again.
            if asked.incoming.as_ref().is_some_and(Incoming::is_begun) {
                let end = End::because(Outcome::TimedOut, format!("cut off: {reason}"));
                self.end_item(&mut asked, &end, now)?;
                asked.advance();
            }
            let salvage = asked.salvage(position);
            if let Some(request) = &salvage.hung
                && loss == Loss::Hung
            {
                self.lost.note(request, pid);
            }
            match salvage.hung {
                Some(request) if asked.job.is_retry || request.is_tried_once() => {
                    self.give_up(request, loss, queue)?;
                }
                Some(request) => queue.late.push(Late {
                    request,
                    worker: Some(pid),
                    is_tried: true,
                }),
                None => {}
            }
            for request in salvage.again.into_iter().rev() {
                match request {
                    Request::FileSystems(tasks) if self.file_systems.is_stopped() => {
                        self.file_systems.leave_out(tasks);
                    }
                    request => queue.ready.push_front(Job {
                        request,
                        patience: asked.job.patience,
                        is_retry: asked.job.is_retry,
                    }),
                }
            }
        }
        Ok(())
    }

    /// Notes what hung for good, and what would have waited for the same lock.
    fn give_up(&mut self, request: Request, loss: Loss, queue: &mut Queue) -> Result<(), Error> {
        let outcome = match loss {
            Loss::Died => Outcome::Failed,
            Loss::Hung | Loss::Held | Loss::Beside => Outcome::TimedOut,
        };
        if let Request::FileSystems(tasks) = &request {
            self.file_systems.give_up(tasks);
        }
        let hung = match (loss, request.is_tried_once()) {
            (Loss::Died, true) => "its worker died",
            (Loss::Died, false) => "its worker died twice",
            (Loss::Hung, true) => "it hung",
            (Loss::Hung, false) => "it hung twice",
            (Loss::Held, _) => "it hung, and its worker cannot be killed",
            (Loss::Beside, _) => {
                "not tried: what lies beside it hung, and its worker cannot be killed"
            }
        };
        let is_listing = request.listed().is_some();
        let mut asked = Outstanding::new(
            0,
            Job {
                request,
                patience: FIRST_PATIENCE,
                is_retry: true,
            },
        );
        let now = self.now_ms();
        if is_listing {
            let end = End::because(outcome, hung);
            self.reply(&mut asked, Reply::Listed(end))?;
            return Ok(());
        }
        let first = self.current_item(&asked);
        let mut rest: Vec<u16> = Vec::new();
        let mut is_first = true;
        while asked.is_left() {
            let item = self.current_item(&asked);
            let waits_too = matches!((first, item), (Some(first), Some(item))
                if first.phase == item.phase && first.phase != schema::source::Phase::Free);
            let wants_fdinfo = matches!(
                item,
                Some(ProcessItem {
                    kind: ItemKind::Fds,
                    ..
                })
            ) && current_visit(&asked).is_some_and(|visit| visit.fd_links);
            if wants_fdinfo && let Some(visit) = current_visit(&asked) {
                // The links wait for a lock that fdinfo does not need.
                let item = visit.items.get(asked.item).copied();
                let fdinfo = Request::Visits(vec![Visit {
                    items: item.into_iter().collect(),
                    after: if is_first { visit.after } else { None },
                    fd_links: false,
                    ..visit.clone()
                }]);
                queue.late.push(fdinfo.into());
            } else if is_first {
                self.end_item(&mut asked, &End::because(outcome, hung), now)?;
            } else if waits_too {
                let name = first.map(|item| item.kind.path()).unwrap_or_default();
                let reason = format!("not tried: {name} hung, and this waits for the same lock");
                self.end_item(&mut asked, &End::because(outcome, reason), now)?;
            } else if let Some(visit) = current_visit(&asked) {
                rest.extend(visit.items.get(asked.item).copied());
            }
            is_first = false;
            self.advance(&mut asked);
        }
        if let Request::Visits(visits) = &asked.job.request
            && let Some(visit) = visits.first().filter(|_| !rest.is_empty())
        {
            let rest = Request::Visits(vec![Visit {
                items: rest,
                after: None,
                ..visit.clone()
            }]);
            queue.late.push(rest.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &[u8], access: Access) -> FileTask {
        FileTask {
            source: 0,
            path: path.to_vec(),
            access,
        }
    }

    #[test]
    fn files_of_one_mount_or_one_home_lie_in_one_place() {
        let mut lost = Lost::default();
        let place = |lost: &Lost, path| lost.place(&file(path, Access::Home(7)));
        let (first, second) = (b"/home/a/.bash_history", b"/home/b/.bash_history");
        assert_ne!(place(&lost, first), place(&lost, second));
        assert_eq!(place(&lost, first), place(&lost, b"/home/a/.zsh_history"));
        lost.learn(vec![b"/".to_vec(), b"/home".to_vec()]);
        assert_eq!(place(&lost, first), place(&lost, second));
        assert_ne!(place(&lost, first), place(&lost, b"/homes/.bash_history"));
        assert_eq!(lost.place(&file(b"/proc/stat", Access::Proc)), None);
    }
}
