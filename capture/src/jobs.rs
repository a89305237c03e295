//! Work that is under way: what a worker was asked, how far its answers have come, and what is left to do when it is
//! lost.

use std::collections::VecDeque;
use std::time::Duration;

use crate::collect::Position;
use crate::protocol::{Request, Visit};
use crate::sink::Incoming;

/// Something to ask a worker.
#[derive(Debug)]
pub struct Job {
    /// The request.
    pub request: Request,
    /// How long one read of it may wait.
    pub patience: Duration,
    /// Whether it is tried for the second time, after it hung.
    pub is_retry: bool,
}

/// A job that a worker has been given.
#[derive(Debug)]
pub struct Outstanding {
    /// Number of the request, as the shared cell names it.
    pub number: u8,
    /// The job.
    pub job: Job,
    /// Visit or file whose answer comes next.
    pub task: usize,
    /// Item of that visit whose answer comes next.
    pub item: usize,
    /// The last fd or thread of that item that has arrived.
    pub after: Option<u32>,
    /// The file of which chunks have arrived.
    pub incoming: Option<Incoming>,
}

/// What becomes of a lost worker's job.
#[derive(Debug, Default)]
pub struct Salvage {
    /// Parts that did not hang: they are asked again at once.
    pub again: Vec<Request>,
    /// What hung, with what comes after it in the same visit.
    pub hung: Option<Request>,
}

impl Salvage {
    /// Sorts tasks that have no parts.
    fn tasks<T: Clone>(
        &mut self,
        tasks: &[T],
        first: usize,
        is_current: impl Fn(usize) -> bool,
        request: impl Fn(Vec<T>) -> Request,
    ) {
        let mut again = Vec::new();
        for (number, task) in tasks.iter().enumerate().skip(first) {
            if is_current(number) {
                self.hung = Some(request(vec![task.clone()]));
            } else {
                again.push(task.clone());
            }
        }
        if !again.is_empty() {
            self.again.push(request(again));
        }
    }
}

impl Outstanding {
    /// A job as it is handed out.
    pub fn new(number: u8, job: Job) -> Self {
        Outstanding {
            number,
            job,
            task: 0,
            item: 0,
            after: None,
            incoming: None,
        }
    }

    /// Whether a visit, a file or a file system is left that has not been answered.
    pub fn is_left(&self) -> bool {
        let tasks = match &self.job.request {
            Request::ListProcesses | Request::ListDirectory(_) | Request::ListRotated(_) => 0,
            Request::Visits(visits) => visits.len(),
            Request::Files(files) => files.len(),
            Request::FileSystems(tasks) => tasks.len(),
        };
        self.task < tasks
    }

    /// Notes that the current item, or the current file, is answered.
    pub fn advance(&mut self) {
        self.incoming = None;
        self.after = None;
        self.item = self.item.saturating_add(1);
        let items = match &self.job.request {
            Request::Visits(visits) => visits.get(self.task).map_or(0, |visit| visit.items.len()),
            _ => 1,
        };
        if self.item >= items {
            self.item = 0;
            self.task = self.task.saturating_add(1);
        }
    }

    /// Sorts what has not been answered into what hung and what did not, by the worker's last position.
    pub fn salvage(&self, position: Position) -> Salvage {
        let begun = position.request == self.number;
        let at = |task: usize| begun && usize::from(position.task) == task;
        let mut salvage = Salvage::default();
        match &self.job.request {
            // A listing has no parts.
            request @ (Request::ListProcesses
            | Request::ListDirectory(_)
            | Request::ListRotated(_)) => {
                salvage.hung = Some(request.clone());
            }
            Request::Files(files) => salvage.tasks(files, self.task, at, Request::Files),
            Request::FileSystems(tasks) => {
                salvage.tasks(tasks, self.task, at, Request::FileSystems);
            }
            Request::Visits(visits) => {
                let mut again: Vec<Visit> = Vec::new();
                for (task, visit) in visits.iter().enumerate().skip(self.task) {
                    let is_current = task == self.task;
                    let first = if is_current { self.item } else { 0 };
                    let after = if is_current { self.after } else { None };
                    let hung = usize::from(position.item).max(first);
                    let (before, rest) = if at(task) {
                        (visit.items.get(first..hung), visit.items.get(hung..))
                    } else {
                        (visit.items.get(first..), None)
                    };
                    let part = |items: &[u16], after| Visit {
                        items: items.to_vec(),
                        after,
                        ..visit.clone()
                    };
                    let before = before.filter(|items| !items.is_empty());
                    if let Some(items) = before {
                        again.push(part(items, after));
                    }
                    if let Some(items) = rest.filter(|items| !items.is_empty()) {
                        let after = if before.is_none() { after } else { None };
                        salvage.hung = Some(Request::Visits(vec![part(items, after)]));
                    }
                }
                if !again.is_empty() {
                    salvage.again.push(Request::Visits(again));
                }
            }
        }
        salvage
    }
}

/// Work that waits, and what hung and is tried again when everything else is done.
#[derive(Debug, Default)]
pub struct Queue {
    /// In order.
    pub ready: VecDeque<Job>,
    /// For the end.
    pub late: Vec<Late>,
}

/// What hung, or was found not to have been asked for.
#[derive(Debug)]
pub struct Late {
    /// The request.
    pub request: Request,
    /// The worker that was killed in it. As long as that one does not die, another would only hang beside it.
    pub worker: Option<u32>,
    /// Whether it was asked for at all: else something beside it hung.
    pub is_tried: bool,
}

impl From<Request> for Late {
    fn from(request: Request) -> Self {
        Late {
            request,
            worker: None,
            is_tried: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(pid: u32, items: &[u16]) -> Visit {
        Visit::new(pid, items.to_vec())
    }

    fn outstanding(visits: Vec<Visit>) -> Outstanding {
        let job = Job {
            request: Request::Visits(visits),
            patience: Duration::ZERO,
            is_retry: false,
        };
        Outstanding::new(3, job)
    }

    fn position(request: u8, task: u8, item: u16) -> Position {
        Position {
            request,
            task,
            item,
            sub: 0,
        }
    }

    #[test]
    fn only_what_hung_waits_for_the_end() {
        let mut work = outstanding(vec![
            visit(1, &[0, 1]),
            visit(2, &[0, 1, 2]),
            visit(3, &[0]),
        ]);
        work.advance();
        let salvage = work.salvage(position(3, 1, 1));
        let again = vec![visit(1, &[1]), visit(2, &[0]), visit(3, &[0])];
        assert_eq!(salvage.again, [Request::Visits(again)]);
        assert_eq!(salvage.hung, Some(Request::Visits(vec![visit(2, &[1, 2])])));
    }

    #[test]
    fn a_listing_goes_on_where_it_was_broken_off() {
        let mut work = outstanding(vec![visit(1, &[7, 8])]);
        work.after = Some(41);
        let salvage = work.salvage(position(3, 0, 0));
        let hung = Visit {
            after: Some(41),
            ..visit(1, &[7, 8])
        };
        assert_eq!(salvage.hung, Some(Request::Visits(vec![hung])));
        assert!(salvage.again.is_empty());
    }

    #[test]
    fn a_request_that_was_not_begun_did_not_hang() {
        let work = outstanding(vec![visit(1, &[0])]);
        let salvage = work.salvage(position(2, 0, 0));
        assert_eq!(salvage.hung, None);
        assert_eq!(salvage.again, [Request::Visits(vec![visit(1, &[0])])]);
    }
}
