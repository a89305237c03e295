//! One capture, from the first worker to the closed bundle: stages in order, most volatile first.

mod cgroups;
mod configs;
mod containers;
mod dead;
mod destination;
mod file_systems;
mod footprint;
mod histories;
mod journals;
mod logs;
mod lost;
mod namespaces;
mod schedule;
pub(crate) mod siblings;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use schema::Outcome;
use schema::bundle::{Writer, Written};
use schema::header::{Clocks, FORMAT_VERSION, Header, Host, Mode, Options, Redaction};
use schema::manifest::{Manifest, Totals};
use schema::redact::Redactor;
use schema::source::{Content, Phase};

use crate::jobs::{Job, Queue};
use crate::output::{Output, RESERVE, partial_name};
use crate::plan::{self, ProcessItem};
use crate::pool::{Dying, Worker};
use crate::progress::Progress;
use crate::protocol::{FileTask, Identity, ItemGroup, Ready, Request, Setup, Visit};
use crate::sink::{Sink, Tally};
use crate::watch::{self, milliseconds};
use crate::{Error, key, worker};

/// Processes of one request: enough that the pipe is never empty, few enough that a lost worker costs little.
const BATCH: usize = 16;
/// Requests that each worker has of a phase at least, where there are so many processes: one process may take as long as a
/// thousand others, and what waits behind it in its request waits for no other worker.
const SHARES: usize = 8;
/// Logs and homes of one request.
const FILE_BATCH: usize = 8;
/// How long a read may wait the first time: long for a healthy host, short beside the deadline.
const FIRST_PATIENCE: Duration = Duration::from_millis(100);
/// Processes that are tried as stand-in for one namespace before it is given up.
const STAND_INS: usize = 5;
/// Smallest `--max-size`: what closes a bundle must fit.
pub const MIN_SIZE: u64 = 2 * RESERVE;

/// What the user asked for.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub struct Settings {
    /// Root directory of the host.
    pub root: PathBuf,
    /// The bundle; `None` for standard output.
    pub output: Destination,
    /// A word for the snapshot.
    pub label: Option<String>,
    /// Most bytes of the bundle.
    pub max_size: Option<u64>,
    /// When capture ends with what it has.
    pub deadline: Duration,
    /// How long one read may wait.
    pub item_timeout: Duration,
    /// Worker processes.
    pub workers: u32,
    /// Whether modules of the kernel may be loaded by asking for what they tell.
    pub allow_module_load: bool,
    /// Whether logs are looked for at the paths that distributions give them, too.
    pub known_logs: bool,
    /// Most entries that are kept of the end of a file of the journal.
    pub journal_entries: u32,
    /// How old they may be.
    pub journal_since: Option<Duration>,
    /// Whether secrets are replaced.
    pub redact: bool,
    /// The file of a key that several captures share; `None` for a key of this one alone.
    pub case_key: Option<PathBuf>,
    /// Whether progress is shown when standard error is a terminal.
    pub progress: bool,
}

/// Where the bundle goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A file of that name.
    File(PathBuf),
    /// A file in the current directory, named after host and time.
    Named,
    /// Standard output.
    Stream,
}

/// What was captured.
#[derive(Debug)]
pub struct Captured {
    /// Where the bundle is; `None` for standard output.
    pub path: Option<PathBuf>,
    /// Size, sum, members.
    pub written: Written,
    /// What the manifest says.
    pub manifest: Manifest,
    /// Gaps with an example each, and counts.
    pub tally: Tally,
    /// How long it took.
    pub duration: Duration,
}

/// A process that was listed.
#[derive(Debug, Clone, Default)]
struct Met {
    identity: Identity,
    net_namespace: Option<u64>,
    mount_namespace: Option<u64>,
    is_uncertain: bool,
    /// Its user, where it has only one.
    uid: Option<u32>,
    /// Its root directory, where that is another one.
    root: Option<Vec<u8>>,
    /// The directory in which it works.
    working: Option<Vec<u8>>,
}

/// A capture that is under way.
struct Capture {
    settings: Settings,
    /// What every worker is told first.
    setup: Setup,
    sink: Sink<Output>,
    sources: Vec<schema::Source>,
    items: Vec<ProcessItem>,
    workers: Vec<Crew>,
    dying: Vec<Dying>,
    worker_pids: BTreeSet<u32>,
    abandoned: Vec<u32>,
    crashes: u32,
    /// Most resident memory that any worker had, bytes.
    worker_peak: Option<u64>,
    used_before: footprint::Used,
    hung: u64,
    started_workers: u64,
    /// How many workers there are to be.
    wanted_workers: usize,
    /// Times in a row that one could not be started.
    failed_starts: u32,
    /// Most workers that there were at one time.
    most_workers: usize,
    processes: BTreeMap<u32, Met>,
    /// The processes of the last listing.
    listed: Vec<u32>,
    is_live: bool,
    /// Which processes answered for the files of their namespace; 0 for files of a dead tree that belong to none.
    stood_in: BTreeSet<(u32, ItemGroup)>,
    file_systems: file_systems::FileSystems,
    lost: lost::Lost,
    net_dumps: namespaces::NetDumps,
    cgroups: cgroups::Cgroups,
    containers: containers::Containers,
    found_logs: logs::FoundLogs,
    found_configs: configs::FoundConfigs,
    /// Which processes of a dead tree have such files.
    provided: BTreeSet<(u32, ItemGroup)>,
    /// Names of the last listed directory.
    names: Vec<Vec<u8>>,
    passwd: Vec<u8>,
    /// Files that were asked for.
    planned: BTreeSet<Vec<u8>>,
    /// Files outside `/proc` that were read, by device and inode, with the path of each.
    read_files: BTreeMap<(u64, u64), Vec<u8>>,
    named_files: histories::NamedFiles,
    /// This process, in the captured `/proc`.
    own_pid: Option<u32>,
    /// A process that sees the captured root as its own.
    reference: u32,
    started: Instant,
    signalled: Arc<AtomicBool>,
    stop: Option<Stop>,
    /// Whether raising the priority has been tried.
    is_hurrying: bool,
    priority_raised: Option<(Duration, &'static str)>,
    progress: Progress,
}

/// A worker with what it has been asked.
struct Crew {
    worker: Worker,
    asked: std::collections::VecDeque<crate::jobs::Outstanding>,
    next_number: u8,
}

/// Why reading ended before the plan did.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stop {
    Deadline,
    Signal,
    Size,
    Full(String),
    NoWorkers,
}

impl Stop {
    fn reason(&self) -> String {
        match self {
            Stop::Deadline => "not reached before the deadline".to_owned(),
            Stop::Signal => "interrupted by a signal".to_owned(),
            Stop::Size => "not reached within --max-size".to_owned(),
            Stop::Full(reason) => reason.clone(),
            Stop::NoWorkers => "no worker process could be started any more".to_owned(),
        }
    }
}

/// Captures a host.
pub fn run(mut settings: Settings) -> Result<Captured, Error> {
    if let Some(limit) = settings.max_size.filter(|limit| *limit < MIN_SIZE) {
        return Err(Error::Argument(format!(
            "--max-size {limit} is too small: a bundle needs at least {MIN_SIZE} bytes to be closed"
        )));
    }
    let started = Instant::now();
    let signalled = watch::signals()?;
    worker::without_core();
    // Refused without privilege or by a container's rules, and then the work is the same.
    let _ = rustix::process::setpriority_process(None, 10);
    crate::sys::lowest_io_priority();

    let root = settings.root.as_os_str().as_encoded_bytes().to_vec();
    let root_error = |attempt, source| Error::Root {
        attempt,
        path: settings.root.clone(),
        source,
    };
    let setup = Setup {
        root,
        allow_module_load: settings.allow_module_load,
    };
    let (first, ready) = Worker::start(&setup, &signalled, &mut || {})?;
    if let Some(reason) = ready.refused {
        return Err(root_error(
            "open the root directory",
            std::io::Error::other(reason),
        ));
    }
    if settings.root == std::path::Path::new("/") && !ready.live {
        let source = std::io::Error::other("/proc is no procfs; mount it, or name another --root");
        return Err(root_error("capture", source));
    }
    let mut redactor = match (settings.redact, &settings.case_key) {
        (false, _) => None,
        (true, None) => Some(Redactor::new(&key::random("make a redaction key")?)?),
        (true, Some(path)) => Some(Redactor::new(&key::of_file(path)?)?),
    };
    let clocks = clocks(ready.live);
    // A word that somebody typed, and on our command line, where the rules look at it too.
    let label = settings.label.take();
    settings.label = label.map(|label| match &mut redactor {
        Some(redactor) => {
            let redacted = redactor.redact(Content::Arguments, label.as_bytes());
            String::from_utf8_lossy(&redacted.bytes).into_owned()
        }
        None => label,
    });
    let header = header(
        &settings,
        &ready,
        redactor.as_ref(),
        clocks,
        capture_id(clocks)?,
    );
    let activity = Arc::default();
    watch::over_output(
        Arc::clone(&activity),
        Arc::clone(&signalled),
        settings.deadline,
    );
    let (output, path) = destination::open(&settings, &header, &activity)?;
    let identity = output.identity();
    let partial = path.as_deref().map(partial_name);
    let writer = match Writer::new(output, &header) {
        Ok(writer) => writer,
        Err(error) => {
            // There is nothing in the file that is worth its name.
            if let Some(partial) = &partial {
                let _ = std::fs::remove_file(partial);
            }
            return Err(error.into());
        }
    };
    let mut capture = Capture {
        progress: Progress::new(settings.progress),
        worker_pids: std::iter::once(ready.pid.unwrap_or_else(|| first.pid())).collect(),
        setup,
        sink: Sink::new(writer, redactor),
        sources: schema::tables::sources(),
        items: plan::process_items(),
        workers: vec![Crew::new(first)],
        dying: Vec::new(),
        abandoned: Vec::new(),
        crashes: 0,
        worker_peak: None,
        used_before: footprint::Used::now(),
        hung: 0,
        started_workers: 1,
        wanted_workers: 1,
        failed_starts: 0,
        most_workers: 1,
        processes: BTreeMap::new(),
        listed: Vec::new(),
        is_live: ready.live,
        stood_in: BTreeSet::new(),
        file_systems: file_systems::FileSystems::default(),
        lost: lost::Lost::default(),
        net_dumps: namespaces::NetDumps::default(),
        cgroups: cgroups::Cgroups::default(),
        containers: containers::Containers::default(),
        found_logs: logs::FoundLogs::default(),
        found_configs: configs::FoundConfigs::default(),
        provided: BTreeSet::new(),
        names: Vec::new(),
        passwd: Vec::new(),
        planned: BTreeSet::new(),
        read_files: BTreeMap::new(),
        named_files: histories::NamedFiles::default(),
        own_pid: ready.parent,
        // Below another root than ours everything is as process 1 sees it.
        reference: ready
            .parent
            .filter(|_| settings.root == std::path::Path::new("/"))
            .unwrap_or(1),
        started,
        signalled,
        stop: None,
        is_hurrying: false,
        priority_raised: None,
        settings,
    };
    let captured = capture.stages().and_then(|()| capture.finish(path));
    captured.map_err(|error| match (partial, identity) {
        (Some(path), Some(identity)) if identity.is_at(&path) => Error::Unnamed {
            path,
            source: Box::new(error),
        },
        _ => error,
    })
}

fn clocks(live: bool) -> Clocks {
    let micros = |clock| {
        let time = rustix::time::clock_gettime(clock);
        time.tv_sec
            .saturating_mul(1_000_000)
            .saturating_add(time.tv_nsec.checked_div(1000).unwrap_or(0))
    };
    Clocks {
        realtime_us: micros(rustix::time::ClockId::Realtime),
        boottime_us: live.then(|| micros(rustix::time::ClockId::Boottime)),
        monotonic_us: live.then(|| micros(rustix::time::ClockId::Monotonic)),
    }
}

/// A UUID version 7. Its random bits are not left to the crate: in a static binary that opens `/dev/urandom`, which an
/// empty root does not have, and panics.
fn capture_id(clocks: Clocks) -> Result<String, Error> {
    let milliseconds = u64::try_from(clocks.realtime_us / 1000).unwrap_or(0);
    let random = key::random("make the capture's id")?;
    let id = uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid();
    Ok(id.to_string())
}

fn header(
    settings: &Settings,
    ready: &Ready,
    redactor: Option<&Redactor>,
    clocks: Clocks,
    capture_id: String,
) -> Header {
    let uname = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let live = ready.live;
    let own_order = if cfg!(target_endian = "big") {
        "big"
    } else {
        "little"
    };
    Header {
        format_version: FORMAT_VERSION,
        capture_id,
        tool: format!("capture {}", env!("CARGO_PKG_VERSION")),
        label: settings.label.clone(),
        // Of a dead tree nothing is asked of this machine's kernel.
        host: if live {
            Host {
                hostname: Some(text(uname.nodename())),
                kernel_release: Some(text(uname.release())),
                machine: Some(text(uname.machine())),
                boot_id: ready.boot_id.clone(),
                clock_ticks: u32::try_from(rustix::param::clock_ticks_per_second()).ok(),
                page_size: u32::try_from(rustix::param::page_size()).ok(),
                endianness: Some(own_order.to_owned()),
            }
        } else {
            Host {
                hostname: ready.hostname.clone(),
                kernel_release: ready.kernel_release.clone(),
                machine: ready.machine.clone(),
                boot_id: ready.boot_id.clone(),
                clock_ticks: None,
                page_size: None,
                endianness: ready.endianness.clone(),
            }
        },
        clocks,
        mode: if live { Mode::Live } else { Mode::Dead },
        root: schema::text::escaped(settings.root.as_os_str().as_encoded_bytes()).to_string(),
        options: Options {
            max_size: settings.max_size,
            deadline_ms: milliseconds(settings.deadline),
            item_timeout_ms: milliseconds(settings.item_timeout),
            workers: settings.workers,
            allow_module_load: settings.allow_module_load,
        },
        redaction: Redaction {
            enabled: redactor.is_some(),
            key_id: redactor.map_or_else(String::new, |redactor| redactor.key_id().to_owned()),
        },
        own_pid: ready.parent.filter(|_| live),
        own_uid: rustix::process::geteuid().as_raw(),
    }
}

impl Capture {
    /// Where a source stands in the list that the parent and its workers share.
    fn position(&self, source: schema::Source) -> Option<u16> {
        let mut sources = (0_u16..).zip(&self.sources);
        let found = sources.find(|(_, known)| **known == source);
        found.map(|(position, _)| position)
    }

    /// Everything that is read, in order. Once something has stopped the reading, the rest of the plan still passes
    /// through here, so that each planned read gets its outcome.
    fn stages(&mut self) -> Result<(), Error> {
        self.progress.stage("processes");
        self.work(vec![Request::ListProcesses])?;
        let listed = u64::try_from(self.processes.len()).unwrap_or(u64::MAX);
        self.sink.count("processes", listed);
        self.start_workers();
        self.progress.stage("host");
        self.time_status()?;
        self.files(plan::host_files().into_iter().map(FileTask::from))?;
        for (name, phase) in [("processes", Phase::Free), ("descriptors", Phase::Exec)] {
            self.visit_all(name, phase)?;
        }
        self.sweep_again()?;
        self.progress.stage("namespaces");
        // Where network namespaces are mounted, the others tell.
        self.namespaces(ItemGroup::Mount)?;
        self.net_dumps()?;
        self.namespaces(ItemGroup::Net)?;
        self.cgroups()?;
        self.file_systems()?;
        self.visit_all("command lines", Phase::Memory)?;
        self.container_states()?;
        self.configs()?;
        self.progress.stage("logs");
        self.logs()?;
        self.journals()?;
        self.histories()
    }

    fn visit_all(&mut self, stage: &'static str, phase: Phase) -> Result<(), Error> {
        self.progress.stage(stage);
        let pids: Vec<u32> = self.processes.keys().copied().collect();
        self.visit(&pids, phase)
    }

    /// One phase of some processes.
    fn visit(&mut self, pids: &[u32], phase: Phase) -> Result<(), Error> {
        let items = plan::of_phase(&self.items, phase);
        let visits: Vec<Visit> = pids
            .iter()
            .map(|pid| Visit::new(*pid, items.clone()))
            .collect();
        self.progress.expect(visits.len());
        let shares = self.wanted_workers.saturating_mul(SHARES);
        let batch = visits.len().checked_div(shares).unwrap_or(BATCH);
        self.work(
            visits
                .chunks(batch.clamp(1, BATCH))
                .map(|visits| Request::Visits(visits.to_vec()))
                .collect(),
        )
    }

    fn files(&mut self, tasks: impl Iterator<Item = FileTask>) -> Result<(), Error> {
        let tasks: Vec<FileTask> = tasks.collect();
        self.planned
            .extend(tasks.iter().map(|task| task.path.clone()));
        self.progress.expect(tasks.len());
        self.work(
            tasks
                .chunks(FILE_BATCH)
                .map(|tasks| Request::Files(tasks.to_vec()))
                .collect(),
        )
    }

    fn work(&mut self, requests: Vec<Request>) -> Result<(), Error> {
        let limit = self.settings.item_timeout;
        let ready = requests
            .into_iter()
            .map(|request| Job {
                patience: if request.is_tried_once() {
                    limit
                } else {
                    FIRST_PATIENCE.min(limit)
                },
                request,
                is_retry: false,
            })
            .collect();
        self.schedule(Queue {
            ready,
            late: Vec::new(),
        })
    }

    fn now_ms(&self) -> u64 {
        milliseconds(self.started.elapsed())
    }

    fn finish(mut self, path: Option<PathBuf>) -> Result<Captured, Error> {
        self.progress.stage("closing");
        for crew in std::mem::take(&mut self.workers) {
            // Closing its input ends a worker; one that hangs is killed by being left.
            let mut worker = crew.worker;
            self.worker_peak = self.worker_peak.max(worker.kill());
            self.dying.push(worker.abandon());
        }
        self.bury();
        let limit = Instant::now() + Duration::from_millis(500);
        while !self.dying.is_empty() && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(5));
            self.bury();
        }
        self.abandoned.extend(self.dying.iter().map(Dying::pid));
        self.abandoned.sort_unstable();
        self.abandoned.dedup();
        let manifest = self.manifest();
        let tally = self.sink.tally().clone();
        let now = self.now_ms();
        let duration = self.started.elapsed();
        let progress = std::mem::take(&mut self.progress);
        let (written, output) = self.sink.into_writer().finish(manifest.clone(), now)?;
        output.finish()?;
        drop(progress);
        let mut manifest = manifest;
        if written.lost_members > 0 {
            manifest.complete = false;
        }
        Ok(Captured {
            path,
            written,
            manifest,
            tally,
            duration,
        })
    }

    fn manifest(&self) -> Manifest {
        let tally = self.sink.tally();
        let mut reasons: Vec<String> = Vec::new();
        reasons.extend(self.stop.as_ref().map(|stop| match stop {
            Stop::Deadline => "the deadline ended the capture".to_owned(),
            Stop::Signal => "a signal ended the capture".to_owned(),
            Stop::Size => "--max-size ended the capture".to_owned(),
            Stop::Full(reason) => reason.clone(),
            Stop::NoWorkers => "no worker process could be started any more".to_owned(),
        }));
        reasons.extend(
            tally
                .gaps
                .iter()
                .map(|((outcome, reason), (count, example))| {
                    let because = if reason.is_empty() {
                        String::new()
                    } else {
                        format!(" ({reason})")
                    };
                    format!("{count} {}{because}, such as {example}", outcome.as_str())
                }),
        );
        let has_something = tally.outcomes.contains_key(Outcome::Collected.as_str());
        if reasons.is_empty() && !has_something {
            reasons.push("nothing of a host lies below the root".to_owned());
        }
        let words = |map: &BTreeMap<&'static str, u64>| {
            map.iter()
                .map(|(word, count)| ((*word).to_owned(), *count))
                .collect()
        };
        Manifest {
            complete: reasons.is_empty(),
            incomplete_reasons: reasons,
            clocks: clocks(true),
            outcomes: words(&tally.outcomes),
            counts: words(&tally.counts),
            redactions: self.sink.redactions(),
            worker_pids: self.worker_pids.iter().copied().collect(),
            abandoned_workers: self.abandoned.clone(),
            side_effects: self.side_effects(),
            footprint: Some(self.footprint()),
            totals: Totals::default(),
        }
    }

    fn is_signalled(&self) -> bool {
        self.signalled.load(Ordering::Relaxed)
    }
}

impl Crew {
    fn new(worker: Worker) -> Self {
        Crew {
            worker,
            asked: std::collections::VecDeque::new(),
            next_number: 0,
        }
    }
}
