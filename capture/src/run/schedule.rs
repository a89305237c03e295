//! Handing out work, taking answers, and losing workers without losing their work.

use std::time::Duration;

use schema::{Outcome, Source, frame};

use super::dead::NO_PROCESS;
use super::histories::{Answer, current_named};
use super::{Capture, Crew, FIRST_PATIENCE, Stop};
use crate::Error;
use crate::history;
use crate::jobs::{Job, Outstanding, Queue};
use crate::output::RESERVE;
use crate::plan::{ItemKind, ProcessItem};
use crate::pool::{self, Received, Worker};
use crate::protocol::{
    Access, End, FileSystemTask, FileTask, Identity, ItemGroup, Reply, Request, Visit,
};
use crate::sink::Incoming;
use crate::watch::milliseconds;

/// Requests a worker is given ahead, so that it never waits for the parent.
const AHEAD: usize = 2;
/// What may be written between two looks at the size of the bundle, bytes after compression.
const OVERSHOOT: u64 = 512 << 10;
/// How often workers are looked at while none has anything to say.
const TICK: Duration = Duration::from_millis(20);

impl Capture {
    /// Works a queue off, down to what hung and was tried again.
    pub(super) fn schedule(&mut self, mut queue: Queue) -> Result<(), Error> {
        loop {
            let is_idle = self.workers.iter().all(|crew| crew.asked.is_empty());
            // A deadline that passes when nothing is left to read cuts nothing off.
            if is_idle && queue.ready.is_empty() && queue.late.is_empty() {
                return Ok(());
            }
            self.check_stop()?;
            self.hurry();
            if self.stop.is_some() {
                return self.skip_all(queue);
            }
            self.refill();
            self.hand_out(&mut queue);
            if self.workers.iter().all(|crew| crew.asked.is_empty()) {
                if queue.ready.is_empty() {
                    self.requeue_late(&mut queue)?;
                } else if self.workers.is_empty() && !self.is_worker_to_come() {
                    self.stop = Some(Stop::NoWorkers);
                }
                if !queue.ready.is_empty() && !self.workers.is_empty() {
                    continue;
                }
            }
            // Without workers too: then for one that was killed to die.
            self.wait()?;
            self.take_answers(&mut queue)?;
            let now = self.now_ms();
            self.sink.tick(now)?;
            self.bury();
        }
    }

    fn check_stop(&mut self) -> Result<(), Error> {
        if self.stop.is_some() {
            return Ok(());
        }
        if self.is_signalled() {
            self.stop = Some(Stop::Signal);
        } else if self.started.elapsed() >= self.settings.deadline {
            self.stop = Some(Stop::Deadline);
        } else if let Some(reason) = self.sink.full() {
            self.stop = Some(Stop::Full(reason.to_owned()));
        } else if let Some(limit) = self.settings.max_size {
            // What is open is counted as if it did not compress; near the limit it is closed to know.
            let limit = limit.saturating_sub(RESERVE).saturating_sub(OVERSHOOT);
            if self.sink.size_bound() > limit {
                let now = self.now_ms();
                if self.sink.flush(now)? > limit {
                    self.stop = Some(Stop::Size);
                }
            }
        }
        Ok(())
    }

    /// Whether there is no time left for what only comes after reading.
    pub(super) fn is_over(&self) -> bool {
        let is_late = self.started.elapsed() >= self.settings.deadline;
        self.stop.is_some() || self.is_signalled() || is_late
    }

    fn hand_out(&mut self, queue: &mut Queue) {
        for index in 0..self.workers.len() {
            let Some(crew) = self.workers.get_mut(index) else {
                break;
            };
            while crew.asked.len() < AHEAD
                && let Some(mut job) = self.lost.next_job(queue, &self.dying)
            {
                // All that has been learnt of the processes by now, for what is asked again too.
                if let Request::Visits(visits) = &mut job.request {
                    for visit in visits {
                        let met = self.processes.get(&visit.pid);
                        visit.identity = met.map_or(visit.identity, |met| met.identity);
                    }
                }
                let number = crew.next_number;
                crew.next_number = number.wrapping_add(1);
                let sent = crew.worker.send(&job.request);
                crew.asked.push_back(Outstanding::new(number, job));
                // A worker that died is noticed when its answers are taken.
                if sent.is_err() {
                    break;
                }
            }
        }
    }

    fn wait(&self) -> Result<(), Error> {
        let waited = pool::wait(self.workers.iter().map(|crew| &crew.worker), TICK);
        waited.map_err(|source| Error::Worker {
            attempt: "wait for workers",
            source,
        })
    }

    fn take_answers(&mut self, queue: &mut Queue) -> Result<(), Error> {
        let mut index = 0;
        while index < self.workers.len() {
            let received = self.receive(index)?;
            let Some(crew) = self.workers.get_mut(index) else {
                break;
            };
            let patience = crew.asked.front().map(|asked| asked.job.patience);
            let is_lost = match (received, patience) {
                (Received::End, _) => {
                    self.crashes = self.crashes.saturating_add(1);
                    true
                }
                (Received::Nothing, Some(patience)) => crew.worker.is_stalled(patience),
                _ => false,
            };
            if is_lost {
                self.lose(index, received == Received::End, queue)?;
            } else {
                index = index.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Takes what a worker has sent.
    pub(super) fn receive(&mut self, index: usize) -> Result<Received, Error> {
        let Some(crew) = self.workers.get_mut(index) else {
            return Ok(Received::Nothing);
        };
        let received = crew.worker.receive().unwrap_or(Received::End);
        // Taken out for the time being, so that its bytes can be borrowed while the capture changes.
        let mut crew = self.workers.swap_remove(index);
        let mut result = Ok(());
        while let Some(range) = crew.worker.next_frame() {
            let Ok(reply) = frame::decode::<Reply<'_>>(crew.worker.frame(range)) else {
                // A worker that talks nonsense is as good as dead.
                self.restore(index, crew);
                return Ok(Received::End);
            };
            let Some(asked) = crew.asked.front_mut() else {
                break;
            };
            match self.reply(asked, reply) {
                Ok(true) => {
                    crew.asked.pop_front();
                }
                Ok(false) => {}
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        self.restore(index, crew);
        result.map(|()| received)
    }

    fn restore(&mut self, index: usize, crew: Crew) {
        self.workers.push(crew);
        let last = self.workers.len().saturating_sub(1);
        if index < last {
            self.workers.swap(index, last);
        }
    }

    /// Takes one answer; says whether the request is done.
    pub(super) fn reply(
        &mut self,
        asked: &mut Outstanding,
        reply: Reply<'_>,
    ) -> Result<bool, Error> {
        let now = self.now_ms();
        match reply {
            Reply::Processes(pids) => {
                for pid in &pids {
                    self.processes.entry(*pid).or_default();
                }
                self.listed.extend(pids);
            }
            Reply::Provided { group, pids } => {
                self.provided
                    .extend(pids.into_iter().map(|pid| (pid, group)));
            }
            Reply::Names(names) => {
                self.names
                    .extend(names.iter().map(|name| name.as_bytes().to_vec()));
            }
            Reply::TouchedLinks(links) => {
                for link in &links {
                    self.sink.touched_link(link.as_bytes());
                }
            }
            Reply::Listed(end) => {
                if let Some(task) = current_file(asked) {
                    self.found_configs.listed(&task.path);
                    self.sink.outcome(&task.path, None, &end, now)?;
                    self.advance(asked);
                } else {
                    let path = asked.job.request.listed().unwrap_or(b"/proc");
                    self.sink.outcome(path, None, &end, now)?;
                }
            }
            Reply::Visiting {
                pid,
                identity,
                uncertain,
            } => {
                let met = self.processes.entry(pid).or_default();
                met.identity = Identity {
                    start_ticks: identity.start_ticks.or(met.identity.start_ticks),
                    ..identity
                };
                if uncertain && !met.is_uncertain {
                    met.is_uncertain = true;
                    let reason = "its directory changed between two visits, and its start time leaves open whether it is the same process";
                    self.sink.uncertain(pid, reason, now)?;
                }
            }
            Reply::FileSystem(stat) => {
                self.take_file_system(&stat, now)?;
                self.advance(asked);
            }
            Reply::Chunk(bytes) => {
                self.learn_passwd(asked, bytes.as_bytes());
                self.learn_mounts(asked, bytes.as_bytes(), false);
                if asked.incoming.is_none() {
                    asked.incoming = self.incoming(asked);
                }
                if let Some(incoming) = &mut asked.incoming {
                    self.sink.chunk(incoming, bytes.as_bytes(), now)?;
                }
            }
            Reply::File { end, bytes } => {
                self.learn(asked, bytes.as_bytes(), &end);
                let (end, bytes) = self.once(asked, end, bytes.as_bytes());
                let incoming = asked.incoming.take().or_else(|| self.incoming(asked));
                if let Some(incoming) = incoming {
                    self.sink.file(incoming, bytes, &end, now)?;
                }
                self.advance(asked);
            }
            Reply::Link(link) => {
                self.learn_link(link.pid, link.name.as_bytes(), link.target.as_bytes());
                self.sink.link(&link, now)?;
            }
            Reply::Fd(fd) => {
                asked.after = Some(fd.fd);
                self.net_dumps.descriptor(&fd);
                self.learn_descriptor(&fd);
                self.sink.fd(&fd, now)?;
            }
            Reply::Thread(thread) => {
                asked.after = Some(thread.tid);
                self.sink.thread(&thread, now)?;
            }
            Reply::Entry { name, end } => {
                if let Some(pid) = current_visit(asked).map(|visit| visit.pid) {
                    let path = [format!("/proc/{pid}/").as_bytes(), name.as_bytes()].concat();
                    self.sink.outcome(&path, Some(pid), &end, now)?;
                }
            }
            Reply::Item(end) => {
                let is_link = self
                    .current_item(asked)
                    .is_some_and(|item| matches!(item.kind, ItemKind::Link(_)));
                if is_link && end.outcome == Outcome::Collected {
                    self.sink.collected();
                } else {
                    self.end_item(asked, &end, now)?;
                }
                if let Some(path) = current_named(asked) {
                    self.named_files.answer(path, Answer::Silent);
                }
                self.advance(asked);
            }
            Reply::Done => return Ok(true),
        }
        Ok(false)
    }

    pub(super) fn advance(&mut self, asked: &mut Outstanding) {
        let task = asked.task;
        asked.advance();
        if asked.task != task {
            self.progress.done();
        }
    }

    /// Notes how the current item ended, without bytes.
    pub(super) fn end_item(
        &mut self,
        asked: &mut Outstanding,
        end: &End<'_>,
        now_ms: u64,
    ) -> Result<(), Error> {
        if let Some(incoming) = asked.incoming.take().or_else(|| self.incoming(asked)) {
            self.sink.file(incoming, &[], end, now_ms)?;
            return Ok(());
        }
        if let Some(task) = current_file_system(asked) {
            let path = task.shown_path();
            self.sink.outcome(&path, Some(task.pid), end, now_ms)?;
        }
        if let (Some(visit), Some(item)) = (current_visit(asked), self.current_item(asked)) {
            let path = format!("/proc/{}/{}", visit.pid, item.kind.path());
            self.sink
                .outcome(path.as_bytes(), Some(visit.pid), end, now_ms)?;
        }
        Ok(())
    }

    /// The file whose answer comes next, if a file is next.
    fn incoming(&self, asked: &Outstanding) -> Option<Incoming> {
        if let Some(task) = current_file(asked) {
            let source = self.sources.get(usize::from(task.source))?;
            let pid = match &task.access {
                Access::Named(named) if named.through => Some(named.pid),
                Access::Log(log) if task.path.starts_with(b"/proc/") => Some(log.pid),
                _ => None,
            };
            return Some(Incoming::new(task.path.clone(), *source, pid));
        }
        let (visit, item) = (current_visit(asked)?, self.current_item(asked)?);
        match item.kind {
            ItemKind::File(_) | ItemKind::NetFile(_) | ItemKind::MountFile(_) => {
                let path = format!("/proc/{}/{}", visit.pid, item.kind.path());
                Some(Incoming::new(
                    path.into_bytes(),
                    item.source,
                    Some(visit.pid),
                ))
            }
            _ => None,
        }
    }

    pub(super) fn current_item(&self, asked: &Outstanding) -> Option<ProcessItem> {
        let position = current_visit(asked)?.items.get(asked.item)?;
        self.items.get(usize::from(*position)).copied()
    }

    /// What the plan itself needs to know of a file.
    fn learn(&mut self, asked: &Outstanding, bytes: &[u8], end: &End<'_>) {
        self.learn_passwd(asked, bytes);
        self.learn_mounts(asked, bytes, true);
        // Of a zombie, or of a process of somebody else, the files may be missing or refused: then another one is asked.
        let answered = matches!(end.outcome, Outcome::Collected | Outcome::Truncated);
        let source =
            current_file(asked).and_then(|task| self.sources.get(usize::from(task.source)));
        match source {
            Some(source @ Source::NetDump(_)) => {
                if let Some(task) = current_file(asked) {
                    self.net_dumps.learn(&task.path, *source, end);
                }
            }
            Some(Source::NetNamespace(_)) if answered => {
                self.stood_in.insert((NO_PROCESS, ItemGroup::Net));
            }
            Some(Source::MountNamespace(_)) if answered => {
                self.stood_in.insert((NO_PROCESS, ItemGroup::Mount));
            }
            _ => {}
        }
        let (Some(visit), Some(item)) = (current_visit(asked), self.current_item(asked)) else {
            return;
        };
        let pid = visit.pid;
        match item.kind {
            ItemKind::NetFile(_) if answered => {
                self.stood_in.insert((pid, ItemGroup::Net));
            }
            ItemKind::MountFile(_) if answered => {
                self.stood_in.insert((pid, ItemGroup::Mount));
            }
            _ if item.source == Source::Process("stat") => {
                let met = self.processes.entry(pid).or_default();
                let ticks = schema::parse::stat::start_ticks(bytes);
                met.identity.start_ticks = ticks.or(met.identity.start_ticks);
            }
            _ if item.source == Source::Process("cmdline") => {
                self.containers.arguments(bytes);
                self.learn_arguments(pid, bytes);
                self.learn_configs(pid, bytes);
            }
            _ if item.source == Source::Process("cgroup") => self.cgroups.process(bytes),
            _ if item.source == Source::Process("status") => {
                let met = self.processes.entry(pid).or_default();
                met.uid = schema::parse::status::only_uid(bytes);
            }
            _ if item.source == Source::Process("environ") => {
                let met = self.processes.entry(pid).or_default();
                // In a dead tree files belong to whoever unpacked it, and so does this one.
                let owner = if self.is_live {
                    met.uid
                } else {
                    end.file.map(|file| file.uid)
                };
                let met = met.clone();
                let own = self.processes.get(&self.reference);
                let own = own.and_then(|met| met.mount_namespace);
                self.named_files.learn(pid, &met, owner, own, bytes);
            }
            _ => {}
        }
    }

    /// Keeps `/etc/passwd`, which tells whose homes are read.
    fn learn_passwd(&mut self, asked: &Outstanding, bytes: &[u8]) {
        if current_file(asked).is_none_or(|task| task.path != b"/etc/passwd") {
            return;
        }
        // Nothing has come of it yet: the first bytes, or those of a second attempt.
        if asked.incoming.is_none() {
            self.passwd.clear();
        }
        self.passwd.extend_from_slice(bytes);
    }

    fn learn_link(&mut self, pid: u32, name: &[u8], target: &[u8]) {
        let inode = history::namespace_inode(target);
        let met = self.processes.entry(pid).or_default();
        match name {
            b"ns/net" => met.net_namespace = inode,
            b"ns/mnt" => met.mount_namespace = inode,
            b"root" => met.root = history::other_root(target),
            b"cwd" => {
                let is_there = target.starts_with(b"/") && !target.ends_with(b" (deleted)");
                met.working = is_there.then(|| target.to_vec());
                self.containers.directory(target);
            }
            _ => {}
        }
    }

    /// Gives everything that is still planned its outcome.
    fn skip_all(&mut self, queue: Queue) -> Result<(), Error> {
        let reason = self.stop.as_ref().map_or_else(String::new, Stop::reason);
        let end = End::because(Outcome::Skipped, reason);
        let mut left: Vec<Outstanding> = Vec::new();
        for mut crew in std::mem::take(&mut self.workers) {
            self.worker_peak = self.worker_peak.max(crew.worker.kill());
            left.extend(crew.asked);
            self.dying.push(crew.worker.abandon());
        }
        let late = queue.late.into_iter().map(|late| Job {
            request: late.request,
            patience: FIRST_PATIENCE,
            is_retry: true,
        });
        let waiting = queue.ready.into_iter().chain(late);
        left.extend(waiting.map(|job| Outstanding::new(0, job)));
        for mut asked in left {
            let now = self.now_ms();
            if asked.job.request.listed().is_some() {
                self.reply(&mut asked, Reply::Listed(end.clone()))?;
            }
            while asked.is_left() {
                self.end_item(&mut asked, &end, now)?;
                self.advance(&mut asked);
            }
        }
        Ok(())
    }

    /// Starts a worker in the place of a lost one; says whether that worked.
    pub(super) fn replace_worker(&mut self) -> bool {
        let (sink, started) = (&mut self.sink, self.started);
        // What was read before must not wait for it. A failure that the sink does not keep comes back with the next tick.
        let mut tick = || {
            let _ = sink.tick(milliseconds(started.elapsed()));
        };
        match Worker::start(&self.setup, &self.signalled, &mut tick) {
            Ok((worker, ready)) if ready.refused.is_none() => {
                self.worker_pids
                    .insert(ready.pid.unwrap_or_else(|| worker.pid()));
                self.workers.push(Crew::new(worker));
                self.started_workers = self.started_workers.saturating_add(1);
                let now = self.workers.len().saturating_add(self.dying.len());
                self.most_workers = self.most_workers.max(now);
                true
            }
            _ => false,
        }
    }

    /// Takes note of killed workers that have died, and of those that should have.
    pub(super) fn bury(&mut self) {
        self.dying.retain_mut(|dying| !dying.is_dead());
    }

    /// Behind the plan at a quarter of the deadline, politeness would cost the capture; and who has told it to end waits.
    fn hurry(&mut self) {
        if self.is_hurrying {
            return;
        }
        let quarter = self.settings.deadline.checked_div(4).unwrap_or_default();
        let elapsed = self.started.elapsed();
        let why = if self.is_over() {
            "it had to end"
        } else if elapsed >= quarter {
            "a quarter of the deadline had passed"
        } else {
            return;
        };
        self.is_hurrying = true;
        // Only a privileged process may take its niceness back.
        if rustix::process::setpriority_process(None, 0).is_err() {
            return;
        }
        self.priority_raised = Some((elapsed, why));
        for crew in &self.workers {
            crew.worker.set_priority(0);
        }
    }
}

pub(super) fn current_visit(asked: &Outstanding) -> Option<&Visit> {
    match &asked.job.request {
        Request::Visits(visits) => visits.get(asked.task),
        _ => None,
    }
}

pub(super) fn current_file(asked: &Outstanding) -> Option<&FileTask> {
    match &asked.job.request {
        Request::Files(tasks) => tasks.get(asked.task),
        _ => None,
    }
}

fn current_file_system(asked: &Outstanding) -> Option<&FileSystemTask> {
    match &asked.job.request {
        Request::FileSystems(tasks) => tasks.get(asked.task),
        _ => None,
    }
}
