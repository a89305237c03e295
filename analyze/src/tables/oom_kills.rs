//! Table `oom_kills`: one row for a kill that several logs tell of.

use std::collections::HashMap;

use schema::tables::OomKill;
use schema::{Row, TableDef, Text};

use super::kernel_lines::{KernelLines, Place};
use super::log_lines::whole_seconds;
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::Issue;
use crate::parse::oom::{self, Context, OomLine, Victim};

/// Lines of kills that are looked at: a host that kills once a second for a day writes fewer.
const KILL_LIMIT: usize = 100_000;
/// Daemons may give the time of one line this much apart.
const WRITERS_US: i64 = 2_000_000;
/// The kernel's clock drifts from the host's by this much at most, for kills that are alike in every figure.
const DRIFT_US: i64 = 60_000_000;
/// The same time since boot in two boots, at least so far apart, are two kills.
const BOOTS_US: i64 = 86_400_000_000;
/// Rows of one process id that a line is compared with.
const NEIGHBOURS: usize = 8;
/// Processes of a list that are kept: what one host has.
const LISTED_LIMIT: usize = 100_000;
/// Lines of one kill that are told apart: a log and its rotated siblings have one each.
const LINES_LIMIT: usize = 64;

/// Fills `oom_kills`.
#[derive(Default)]
pub(super) struct OomKills {
    lines: KernelLines,
    found: Found,
}

/// What the lines told so far.
#[derive(Default)]
struct Found {
    /// The log that is being read.
    path: Vec<u8>,
    episode: Episode,
    kills: Vec<Kill>,
    is_over: bool,
}

/// What the lines of one log say before a kill.
#[derive(Default)]
struct Episode {
    constraint: Option<Vec<u8>>,
    cgroup: Option<Vec<u8>>,
    limit_cgroup: Option<Vec<u8>>,
    pid: Option<u32>,
    uid: Option<u32>,
    is_group: bool,
    /// When that was said.
    said_us: Option<i64>,
    /// The kill that was announced is told: only the rest of its cgroup may follow.
    is_done: bool,
    /// Which number of the list of processes is the badness adjustment.
    adjustment: Option<usize>,
    /// User id and badness adjustment by process, from that list.
    listed: HashMap<u32, (u32, i32)>,
    /// Told to be killed, or a child of it.
    chosen: Option<Kill>,
}

/// A kill as one log tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kill {
    pid: u32,
    time_us: Option<i64>,
    path: Vec<u8>,
    line_no: u64,
    name: Vec<u8>,
    /// Time since boot, microseconds.
    stamp_us: Option<u64>,
    /// The time as it is counted from boot.
    counted_us: Option<i64>,
    sizes: [Option<u64>; 5],
    is_memcg: Option<bool>,
    constraint: Option<Vec<u8>>,
    cgroup: Option<Vec<u8>>,
    limit_cgroup: Option<Vec<u8>>,
    oom_score_adj: Option<i32>,
    uid: Option<u32>,
    /// Logs and times of lines that were merged into this one.
    others: Vec<(Vec<u8>, Option<i64>)>,
}

impl Extract for OomKills {
    const TABLE: TableDef = OomKill::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, _sink: &mut S) {
        let OomKills { lines, found } = self;
        found.enter(file.path);
        lines.each(file, facts, &mut |message, place| {
            found.line(message, place);
        });
    }

    fn finish<S: Sink>(&mut self, _facts: &Facts, sink: &mut S) {
        self.found.enter(b"");
        if self.found.is_over {
            sink.issue(
                "oom_kills",
                Issue::whole("at most 100,000 kills; there are more", b""),
            );
        }
        for kill in merged(std::mem::take(&mut self.found.kills)) {
            let [
                total_vm_bytes,
                anon_rss_bytes,
                file_rss_bytes,
                shmem_rss_bytes,
                pgtables_bytes,
            ] = kill.sizes;
            let text = |bytes: Option<Vec<u8>>| bytes.map(Text::from);
            sink.row(&OomKill {
                time: kill.time_us.map(whole_seconds),
                time_us: kill.time_us,
                pid: kill.pid,
                name: Text::from(kill.name),
                total_vm_bytes,
                anon_rss_bytes,
                file_rss_bytes,
                shmem_rss_bytes,
                pgtables_bytes,
                constraint: text(kill.constraint),
                cgroup: text(kill.cgroup),
                limit_cgroup: text(kill.limit_cgroup),
                oom_score_adj: kill.oom_score_adj,
                uid: kill.uid,
                path: Text::from(kill.path),
                line_no: kill.line_no,
            });
        }
    }
}

impl Found {
    /// Begins with a log, or goes on with it.
    fn enter(&mut self, path: &[u8]) {
        if self.path != path {
            self.begin();
            self.path = path.to_vec();
        }
    }

    /// What was said of a kill does not hold for the next one.
    fn begin(&mut self) {
        let episode = std::mem::take(&mut self.episode);
        // The line that says it was done is missing.
        if let Some(chosen) = episode.chosen {
            self.push(chosen);
        }
    }

    fn push(&mut self, kill: Kill) {
        if self.kills.len() < KILL_LIMIT {
            self.kills.push(kill);
        } else {
            self.is_over = true;
        }
    }

    fn line(&mut self, message: &[u8], place: &Place) {
        match oom::line(message) {
            None => {}
            Some(OomLine::Invoked) => self.begin(),
            Some(OomLine::Heading(at)) => self.episode.adjustment = Some(at),
            Some(OomLine::Listed(pid, text)) => {
                let process = self
                    .episode
                    .adjustment
                    .filter(|_| self.episode.listed.len() < LISTED_LIMIT)
                    .and_then(|at| oom::listed(text, at));
                if let Some(process) = process {
                    self.episode.listed.insert(pid, process);
                }
            }
            Some(OomLine::Context(context)) => self.context(&context, place),
            Some(OomLine::Chosen(victim)) => {
                if let Some(unsaid) = self.episode.chosen.take() {
                    self.push(unsaid);
                }
                self.episode.chosen = Some(self.kill(&victim, place));
            }
            Some(OomLine::Killed(victim)) => {
                let mut victim = victim;
                let chosen = self.episode.chosen.take();
                victim.is_memcg = victim
                    .is_memcg
                    .or(chosen.as_ref().and_then(|chosen| chosen.is_memcg));
                let kill = self.kill(&victim, place);
                self.push(kill);
                if !self.episode.is_group {
                    self.episode.is_done = true;
                }
            }
        }
    }

    fn context(&mut self, context: &Context<'_>, place: &Place) {
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        let episode = &mut self.episode;
        if context.is_group {
            // The first of the group is killed already, for the same reason.
            if !is_near(episode.said_us, place.time_us) {
                episode.constraint = None;
                episode.limit_cgroup = None;
            }
            episode.cgroup = owned(context.cgroup);
            episode.pid = None;
            episode.uid = None;
            episode.is_group = true;
            episode.is_done = false;
            episode.said_us = place.time_us;
            return;
        }
        // Some kernels list the processes before they say this.
        let (adjustment, listed) = (episode.adjustment, std::mem::take(&mut episode.listed));
        self.begin();
        self.episode = Episode {
            constraint: owned(context.constraint),
            cgroup: owned(context.cgroup),
            limit_cgroup: owned(context.limit_cgroup),
            pid: context.pid,
            uid: context.uid,
            said_us: place.time_us,
            adjustment,
            listed,
            ..Episode::default()
        };
    }

    fn kill(&self, victim: &Victim<'_>, place: &Place) -> Kill {
        let episode = &self.episode;
        let said_memcg = episode.constraint.as_deref().map(|word| word == MEMCG);
        let is_same =
            !matches!((victim.is_memcg, said_memcg), (Some(is), Some(said)) if is != said);
        // What is said of a kill is limited in its rate, the kill itself is not: the next one may follow unsaid.
        let is_meant = is_same
            && !episode.is_done
            && episode.pid.is_none_or(|pid| pid == victim.pid)
            && is_near(episode.said_us, place.time_us);
        let listed = episode.listed.get(&victim.pid).copied();
        let by_words = (victim.is_memcg == Some(true)).then(|| MEMCG.to_vec());
        let meant = |value: &Option<Vec<u8>>| value.clone().filter(|_| is_meant);
        Kill {
            pid: victim.pid,
            time_us: place.time_us,
            path: self.path.clone(),
            line_no: place.line_no,
            name: victim.name.to_vec(),
            stamp_us: place.stamp_us,
            counted_us: place.time_us.filter(|_| place.is_by_boot),
            sizes: [
                victim.total_vm_bytes,
                victim.anon_rss_bytes,
                victim.file_rss_bytes,
                victim.shmem_rss_bytes,
                victim.pgtables_bytes,
            ],
            is_memcg: victim.is_memcg,
            constraint: meant(&episode.constraint).or(by_words),
            cgroup: meant(&episode.cgroup),
            limit_cgroup: meant(&episode.limit_cgroup),
            oom_score_adj: victim
                .oom_score_adj
                .or(listed.map(|(_, adjustment)| adjustment)),
            uid: victim
                .uid
                .or(episode.uid.filter(|_| is_meant))
                .or(listed.map(|(uid, _)| uid)),
            others: Vec::new(),
        }
    }
}

/// Whether two lines may be about one kill, by their times.
fn is_near(said_us: Option<i64>, time_us: Option<i64>) -> bool {
    said_us
        .zip(time_us)
        .is_none_or(|(said, time)| time.abs_diff(said) <= DRIFT_US.unsigned_abs())
}

const MEMCG: &[u8] = b"CONSTRAINT_MEMCG";

impl Kill {
    /// Whether two lines tell of one kill.
    fn is(&self, other: &Kill) -> bool {
        if self.pid != other.pid || self.name != other.name {
            return false;
        }
        let apart = self
            .time_us
            .zip(other.time_us)
            .map(|(one, other)| i64::try_from(one.abs_diff(other)).unwrap_or(i64::MAX));
        if let (Some(one), Some(other)) = (self.stamp_us, other.stamp_us) {
            return one == other && apart.is_none_or(|apart| apart < BOOTS_US);
        }
        // A log has a line for each kill: another time there is another kill.
        let is_another = self
            .others
            .iter()
            .any(|(path, time_us)| *path == other.path && *time_us != other.time_us);
        if is_another || self.path == other.path && self.time_us != other.time_us {
            return false;
        }
        let is_alike = self.sizes == other.sizes && self.sizes != [None; 5];
        let by_clock = |time_us: Option<i64>, limit: i64| {
            let apart = time_us
                .zip(other.time_us)
                .map(|(one, other)| one.abs_diff(other));
            apart.is_some_and(|apart| i64::try_from(apart).is_ok_and(|apart| apart <= limit))
        };
        by_clock(self.time_us, WRITERS_US)
            || is_alike && by_clock(self.counted_us, DRIFT_US)
            || is_alike && other.counted_us.is_some() && by_clock(self.time_us, DRIFT_US)
    }

    /// Adds what another line knows of the same kill.
    fn merge(&mut self, other: Kill) {
        // A daemon's time is the host's; the finer one of two.
        let rank = |kill: &Kill| {
            let is_whole = kill
                .time_us
                .is_none_or(|time| time.rem_euclid(1_000_000) == 0);
            let is_counted = kill.counted_us == kill.time_us;
            (kill.time_us.is_none(), is_counted, is_whole, kill.time_us)
        };
        let is_better = rank(&other) < rank(self);
        for line in [
            (other.path.clone(), other.time_us),
            (self.path.clone(), self.time_us),
        ] {
            if self.others.len() < LINES_LIMIT && !self.others.contains(&line) {
                self.others.push(line);
            }
        }
        if is_better {
            self.time_us = other.time_us;
        }
        self.counted_us = self.counted_us.or(other.counted_us);
        if (&other.path, other.line_no) < (&self.path, self.line_no) {
            self.path = other.path;
            self.line_no = other.line_no;
        }
        self.stamp_us = self.stamp_us.or(other.stamp_us);
        for (size, other) in self.sizes.iter_mut().zip(other.sizes) {
            *size = size.or(other);
        }
        let fill = |value: &mut Option<Vec<u8>>, other: Option<Vec<u8>>| {
            if value.is_none() {
                *value = other;
            }
        };
        fill(&mut self.constraint, other.constraint);
        fill(&mut self.cgroup, other.cgroup);
        fill(&mut self.limit_cgroup, other.limit_cgroup);
        self.oom_score_adj = self.oom_score_adj.or(other.oom_score_adj);
        self.uid = self.uid.or(other.uid);
    }
}

/// Each kill once, in the order of time.
fn merged(mut kills: Vec<Kill>) -> Vec<Kill> {
    kills.sort();
    let mut rows: Vec<Kill> = Vec::new();
    let mut of_pid: HashMap<u32, Vec<usize>> = HashMap::new();
    for kill in kills {
        let known = of_pid.entry(kill.pid).or_default();
        let near = known.iter().rev().take(NEIGHBOURS);
        let same = near
            .copied()
            .filter(|row| rows.get(*row).is_some_and(|row| row.is(&kill)))
            .min_by_key(|row| {
                let row = rows.get(*row).and_then(|row| row.time_us);
                row.zip(kill.time_us).map(|(row, kill)| row.abs_diff(kill))
            });
        if let Some(row) = same.and_then(|row| rows.get_mut(row)) {
            row.merge(kill);
        } else {
            known.push(rows.len());
            rows.push(kill);
        }
    }
    rows.sort_by(|one, other| (one.time_us, one).cmp(&(other.time_us, other)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &[u8] = b"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=report,pid=7,uid=33";
    const NEW_KILL: &[u8] = b"Memory cgroup out of memory: Killed process 7 (report) total-vm:4kB, anon-rss:3kB, file-rss:2kB, shmem-rss:1kB, UID:33 pgtables:8kB oom_score_adj:5";

    /// Time in seconds, perhaps a stamp, and the message.
    type Line<'a> = (i64, Option<u64>, &'a [u8]);

    /// The kills of logs.
    fn kills(logs: &[(&str, &[Line<'_>])]) -> Vec<Kill> {
        let mut found = Found::default();
        for (path, lines) in logs {
            found.enter(path.as_bytes());
            for (line_no, (time, stamp_us, text)) in (1..).zip(*lines) {
                let place = Place {
                    line_no,
                    time_us: Some(time * 1_000_000),
                    stamp_us: *stamp_us,
                    is_by_boot: *path == "/dev/kmsg",
                };
                found.line(text, &place);
            }
        }
        found.enter(b"");
        merged(found.kills)
    }

    fn shown(kills: &[Kill]) -> Vec<String> {
        let text = |text: &Option<Vec<u8>>| {
            let text = text.as_deref().unwrap_or(b"-");
            String::from_utf8_lossy(text).into_owned()
        };
        let line = |kill: &Kill| {
            let sizes = kill
                .sizes
                .map(|size| size.map_or(-1, |size| i64::try_from(size).unwrap() / 1024));
            format!(
                "{:?} {} {} {sizes:?} {} {} {:?} {:?} {}:{}",
                kill.time_us.map(|time| time / 1_000_000),
                kill.pid,
                String::from_utf8_lossy(&kill.name),
                text(&kill.constraint),
                text(&kill.cgroup),
                kill.uid,
                kill.oom_score_adj,
                String::from_utf8_lossy(&kill.path),
                kill.line_no
            )
        };
        kills.iter().map(line).collect()
    }

    #[test]
    fn a_kill_is_one_row_however_often_it_is_logged() {
        let both = |time, stamp| [(time, stamp, NEW), (time, stamp, NEW_KILL)];
        let found = kills(&[
            ("/dev/kmsg", &both(1000, Some(5_000_000))),
            ("/var/log/kern.log", &both(1001, Some(5_000_000))),
            // Without stamps, and a clock that drifted.
            ("/var/log/syslog", &both(1009, None)),
            ("/var/log/syslog.1", &both(1009, None)),
        ]);
        let expected = "Some(1001) 7 report [4, 3, 2, 1, 8] CONSTRAINT_MEMCG /a/b Some(33) Some(5) /dev/kmsg:2";
        assert_eq!(shown(&found), [expected]);
    }

    #[test]
    fn two_kills_stay_two() {
        let found = kills(&[
            (
                "/dev/kmsg",
                &[
                    (1000, Some(5_000_000), NEW_KILL),
                    (1030, Some(35_000_000), NEW_KILL),
                ],
            ),
            (
                "/var/log/syslog",
                &[(1000, None, NEW_KILL), (1030, None, NEW_KILL)],
            ),
            (
                "/var/log/kern.log",
                &[(1000, None, NEW_KILL), (1300, None, NEW_KILL)],
            ),
        ]);
        let times: Vec<_> = found
            .iter()
            .map(|kill| kill.time_us.unwrap() / 1_000_000)
            .collect();
        assert_eq!(times, [1000, 1030, 1300]);
        // The kernel has forgotten the second one.
        let found = kills(&[
            ("/dev/kmsg", &[(1000, Some(5_000_000), NEW_KILL)]),
            (
                "/var/log/syslog",
                &[(1001, None, NEW_KILL), (1031, None, NEW_KILL)],
            ),
        ]);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn old_kernels_say_it_in_several_lines() {
        let lines: &[Line<'_>] = &[
            (
                1,
                None,
                b"x invoked oom-killer: gfp_mask=0x1, order=0, oom_score_adj=0",
            ),
            (1, None, b"Task in /a/b killed as a result of limit of /a"),
            (
                1,
                None,
                b"[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name",
            ),
            (
                1,
                None,
                b"[    8]    33     8     1000      500      16        0          -500 child",
            ),
            (
                1,
                None,
                b"Memory cgroup out of memory: Kill process 7 (report) score 12 or sacrifice child",
            ),
            (
                1,
                None,
                b"Killed process 8 (child) total-vm:4kB, anon-rss:3kB, file-rss:2kB",
            ),
            (
                2,
                None,
                b"y invoked oom-killer: gfp_mask=0x1, order=0, oom_score_adj=0",
            ),
            (
                2,
                None,
                b"Out of memory: Kill process 9 (old) score 12 or sacrifice child",
            ),
            (
                2,
                None,
                b"Killed process 9 (old) total-vm:4kB, anon-rss:3kB, file-rss:2kB",
            ),
            (
                3,
                None,
                b"Out of memory: Kill process 10 (cut) score 12 or sacrifice child",
            ),
        ];
        assert_eq!(
            shown(&kills(&[("/var/log/messages", lines)])),
            [
                "Some(1) 8 child [4, 3, 2, -1, -1] CONSTRAINT_MEMCG /a/b Some(33) Some(-500) /var/log/messages:6",
                "Some(2) 9 old [4, 3, 2, -1, -1] - - None None /var/log/messages:9",
                "Some(3) 10 cut [-1, -1, -1, -1, -1] - - None None /var/log/messages:10",
            ]
        );
    }

    #[test]
    fn what_was_said_of_one_kill_does_not_hold_for_the_next() {
        let next: &[u8] = b"Memory cgroup out of memory: Killed process 8 (next) total-vm:1kB, anon-rss:1kB, file-rss:1kB";
        let global: &[u8] =
            b"Out of memory: Killed process 9 (z) total-vm:1kB, anon-rss:1kB, file-rss:1kB";
        let none: &[u8] = b"oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=0,cpuset=c,mems_allowed=0,global_oom,task_memcg=/c,task=y,pid=10,uid=0";
        let list: &[u8] = b"[   10]     0    10     1000      500      16        0             3 y";
        let lines: &[Line<'_>] = &[
            (1, None, NEW),
            (1, None, NEW_KILL),
            // The kernel was silenced, and only said that it killed.
            (1, None, next),
            (
                2,
                None,
                b"[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name",
            ),
            (2, None, list),
            (2, None, none),
            (
                2,
                None,
                b"Out of memory: Killed process 10 (y) total-vm:1kB, anon-rss:1kB, file-rss:1kB",
            ),
            (9, None, global),
            (9, None, NEW),
            // The same process id, long after.
            (9000, None, NEW_KILL),
        ];
        let found = kills(&[("/var/log/messages", lines)]);
        assert_eq!(
            shown(&found),
            [
                "Some(1) 7 report [4, 3, 2, 1, 8] CONSTRAINT_MEMCG /a/b Some(33) Some(5) /var/log/messages:2",
                "Some(1) 8 next [1, 1, 1, -1, -1] CONSTRAINT_MEMCG - None None /var/log/messages:3",
                "Some(2) 10 y [1, 1, 1, -1, -1] CONSTRAINT_CPUSET /c Some(0) Some(3) /var/log/messages:7",
                "Some(9) 9 z [1, 1, 1, -1, -1] - - None None /var/log/messages:8",
                "Some(9000) 7 report [4, 3, 2, 1, 8] CONSTRAINT_MEMCG - Some(33) Some(5) /var/log/messages:10",
            ]
        );
        assert_eq!(found[1].limit_cgroup, None);
    }

    #[test]
    fn a_group_is_killed_as_one() {
        let other = b"Memory cgroup out of memory: Killed process 8 (other) total-vm:1kB, anon-rss:1kB, file-rss:1kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0";
        let lines: &[Line<'_>] = &[
            (1, None, NEW),
            (1, None, NEW_KILL),
            (
                1,
                None,
                b"Tasks in /a are going to be killed due to memory.oom.group set",
            ),
            (1, None, other),
            // Of another episode, whose beginning is missing.
            (
                9,
                None,
                b"Out of memory: Killed process 9 (z) total-vm:1kB, anon-rss:1kB, file-rss:1kB",
            ),
        ];
        assert_eq!(
            shown(&kills(&[("/var/log/messages", lines)])),
            [
                "Some(1) 7 report [4, 3, 2, 1, 8] CONSTRAINT_MEMCG /a/b Some(33) Some(5) /var/log/messages:2",
                "Some(1) 8 other [1, 1, 1, 0, 1] CONSTRAINT_MEMCG /a Some(0) Some(0) /var/log/messages:4",
                "Some(9) 9 z [1, 1, 1, -1, -1] - - None None /var/log/messages:5",
            ]
        );
    }
}
