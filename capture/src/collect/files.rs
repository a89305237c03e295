//! Files of the host that are read once.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::io::Errno;
use schema::parse::status;
use schema::{Outcome, Source, Text};

use super::{Collector, read};
use crate::host::{Host, Opened, Refusal, Whose};
use crate::protocol::{Access, End, FileTask, FollowedLog, LogWay, Named, Reply, Visit};
use crate::{config, history, host};

impl<F: AsFd> Collector<'_, F> {
    pub(super) fn file(&mut self, task: &FileTask) -> std::io::Result<()> {
        let started = Instant::now();
        let source = self.sources.get(usize::from(task.source)).copied();
        let opened = match &task.access {
            Access::NetDump(way) => return self.net_dump(task, way),
            Access::Proc => self.host.proc_file(&task.path).map_err(Refusal::end),
            access @ (Access::System
            | Access::Home(_)
            | Access::Rotated(_)
            | Access::Journal { .. }) => {
                let opened = self.host.file(&task.path, access);
                opened.map_err(Refusal::end)
            }
            Access::Device => self.host.device(&task.path).map_err(Refusal::end),
            Access::Log(log) => {
                let uid = log.uid.unwrap_or(0);
                let whose = if source == Some(Source::FoundConfig) {
                    Whose::Readable(uid)
                } else {
                    Whose::Own(uid)
                };
                match &log.way {
                    LogWay::Descriptor { fd, target, inode } => self.held(log, *fd, target, *inode),
                    LogWay::Named { path, through } => self.reached(log, *through, |root| {
                        self.host.led_to(root, path, log.pid, whose)
                    }),
                    LogWay::Listed {
                        path,
                        patterns,
                        through,
                    } => {
                        let directory = self.reached(log, *through, |root| {
                            self.host.led_to_directory(root, path, log.pid, whose)
                        });
                        return self.included(&task.path, directory, patterns);
                    }
                }
            }
            Access::Named(named) => match self.speaker(&task.path, named) {
                Ok(root) => self.named(root.as_ref(), &task.path, named),
                Err(end) => {
                    let duration_us = read::elapsed_us(started);
                    return self.replies.send(&Reply::Item(End { duration_us, ..end }));
                }
            },
        };
        match (opened, source) {
            (Ok(opened), Some(_)) if let Access::Rotated(limit) = task.access => {
                let is_compressed = schema::rotated::is_compressed(&task.path);
                self.answer_rotated(is_compressed, limit, &opened, started)
            }
            (Ok(opened), Some(_))
                if let Access::Journal {
                    entries,
                    limit,
                    since_us,
                } = task.access =>
            {
                self.journal(entries, limit, since_us, &opened, started)
            }
            (Ok(opened), Some(source)) if let Access::Log(log) = &task.access => {
                if source == Source::FoundConfig {
                    return self.answer_config(&opened, started);
                }
                self.answer_log(log.limit, &opened, started)
            }
            (Ok(opened), Some(source)) => self.answer(source, &opened, started),
            (Ok(_), None) => self.answer_refused(End::of_errno(Errno::INVAL), started),
            (Err(end), _) => self.answer_refused(end, started),
        }
    }

    /// Opens a log that a process holds open.
    fn held(
        &self,
        log: &FollowedLog,
        fd: u32,
        target: &[u8],
        inode: Option<u64>,
    ) -> Result<Opened, End<'static>> {
        let process = self.still(log)?;
        let opened = self.host.held(process.as_fd(), fd, target, inode);
        opened.map_err(|refusal| match refusal {
            // It was closed, or is another file's by now.
            Refusal::Errno(Errno::NOENT) => End::of_errno(Errno::SRCH),
            rule @ Refusal::Rule(_) => unremarkable(rule),
            refusal => self.refused(process.as_fd(), refusal),
        })
    }

    /// The process that leads to a file, if it still is the one that was met.
    fn still(&self, log: &FollowedLog) -> Result<OwnedFd, End<'static>> {
        let visit = Visit {
            identity: log.identity,
            ..Visit::new(log.pid, Vec::new())
        };
        let (process, ..) = self.meet(&visit)?;
        Ok(process)
    }

    /// Opens what a process leads to: below its root directory, where the path begins there and not at the host's.
    fn reached<T>(
        &self,
        log: &FollowedLog,
        through: bool,
        open: impl FnOnce(Option<&OwnedFd>) -> Result<T, Refusal>,
    ) -> Result<T, End<'static>> {
        if !through {
            return open(None).map_err(unremarkable);
        }
        let process = self.still(log)?;
        let root = self.host.process_root(process.as_fd());
        let root = root.map_err(|refusal| self.refused(process.as_fd(), refusal))?;
        open(Some(&root)).map_err(unremarkable)
    }

    /// Names what a configuration includes from a directory, each behind `shown`.
    fn included(
        &mut self,
        shown: &[u8],
        directory: Result<(OwnedFd, bool), End<'static>>,
        patterns: &[Vec<u8>],
    ) -> std::io::Result<()> {
        let (directory, access_time_touched) = match directory {
            Ok(found) => found,
            Err(end) => return self.names::<Vec<u8>>(&[], end),
        };
        let (mut names, mut left_out) = (Vec::new(), 0_usize);
        let listed = host::list(directory, |name| {
            if !patterns.iter().any(|pattern| config::fits(name, pattern)) {
                return;
            }
            if names.len() < config::INCLUDED_LIMIT {
                names.push([shown, b"/", name].concat());
            } else {
                left_out = left_out.saturating_add(1);
            }
        });
        names.sort_unstable();
        let mut end = End {
            access_time_touched,
            ..super::ended(listed)
        };
        if left_out > 0 && end.outcome == schema::Outcome::Collected {
            end.outcome = schema::Outcome::Truncated;
            end.reason = Some(format!("number: {left_out} included files are left out").into());
        }
        self.names(&names, end)
    }

    /// Opens a file that a process names, once the process spoke for its user.
    fn named(
        &self,
        root: Option<&OwnedFd>,
        path: &[u8],
        named: &Named,
    ) -> Result<Opened, End<'static>> {
        // That a process names what is no history is nothing missing.
        let expected = |refusal: &Refusal| matches!(refusal, Refusal::Rule(_));
        let opened = self.host.named(root, below(path, named), named);
        opened.map_err(|refusal| End {
            expected: expected(&refusal),
            ..refusal.end()
        })
    }

    /// Whether a process names a file now, and is still what it was when that was learnt: only then it speaks for its
    /// user. Returns its root directory, where the file lies below that one.
    ///
    /// A process may become another user's, or run another program, at any time; so its user is looked at before and
    /// after its environment.
    fn speaker(&self, path: &[u8], named: &Named) -> Result<Option<OwnedFd>, End<'static>> {
        if !self.host.is_live() {
            return Ok(None);
        }
        let visit = Visit {
            identity: named.identity,
            ..Visit::new(named.pid, Vec::new())
        };
        let (process, ..) = self.meet(&visit)?;
        let process = process.as_fd();
        let refused = |refusal| self.refused(process, refusal);
        let root = named.through.then(|| self.host.process_root(process));
        let root = root.transpose().map_err(refused)?;
        self.same_speaker(process, named)?;
        let source = Source::Process("environ");
        let environ = self.host.process_file(process, "environ");
        let environ = environ.map_err(refused)?;
        let mut bytes = Vec::new();
        let end = read::ends(&mut bytes, &environ.fd, source.limit());
        if end.errno.is_some() {
            return Err(end);
        }
        if history::path(&bytes).as_deref() != Some(below(path, named)) {
            return Err(silent("its process does not name it any more"));
        }
        self.same_speaker(process, named)?;
        Ok(root)
    }

    fn same_speaker(&self, process: BorrowedFd<'_>, named: &Named) -> Result<(), End<'static>> {
        let refused = |refusal| self.refused(process, refusal);
        let status = self.host.process_file(process, "status");
        let uid = status::only_uid(&read::small(&status.map_err(refused)?));
        if uid != Some(named.uid) {
            let uid = named.uid;
            return Err(silent(format!(
                "its process is not one of uid {uid} any more"
            )));
        }
        let link = |name| self.host.process_link(process, name, Vec::new()).ok();
        let namespace = link("ns/mnt").and_then(|target| history::namespace_inode(&target));
        let root = link("root").and_then(|target| history::other_root(&target));
        if (namespace, &root) != (named.mount_namespace, &named.root) {
            return Err(silent("its process has another root directory by now"));
        }
        // Its environment is that of whoever started it.
        if self.host.is_set_uid(process).map_err(refused)? {
            return Err(silent("named by a set-user-id program"));
        }
        Ok(())
    }
}

/// The path as the process that names it sees it.
fn below<'a>(path: &'a [u8], named: &Named) -> &'a [u8] {
    let prefix = format!("/proc/{}/root", named.pid);
    let below = path.strip_prefix(prefix.as_bytes());
    below.filter(|_| named.through).unwrap_or(path)
}

/// How the read of a log ended that is none: that a process writes to what is no file, or says what it likes, is nothing missing.
fn unremarkable(refusal: Refusal) -> End<'static> {
    End {
        expected: matches!(refusal, Refusal::Rule(_)),
        ..refusal.end()
    }
}

/// How the read of a file ended whose process does not speak for its user. Nothing is missing: it may say what it likes.
fn silent(reason: impl Into<Text<'static>>) -> End<'static> {
    End {
        expected: true,
        ..End::because(Outcome::Skipped, reason)
    }
}

/// The first line of a file, for the facts of a bundle's header; `None` where it cannot be read or is no text.
pub(crate) fn first_line(host: &Host, path: &[u8]) -> Option<String> {
    let access = if path.starts_with(b"/proc/") {
        host.proc_file(path)
    } else {
        host.file(path, &Access::System)
    };
    let bytes = read::small(&access.ok()?);
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let text = std::str::from_utf8(line.trim_ascii()).ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Cell;

    #[test]
    fn a_process_speaks_only_for_what_it_still_is() {
        let host = Host::open(b"/").unwrap();
        if !host.is_live() {
            return;
        }
        let (cell, _memory) = Cell::create().unwrap();
        let mut sleeper = std::process::Command::new("sleep")
            .arg("60")
            .env("HISTFILE", "/srv//h")
            .spawn()
            .unwrap();
        let pid = sleeper.id();
        let collector = Collector::new(&host, true, false, &cell, tempfile::tempfile().unwrap());
        let link = |name: &str| {
            let target = std::fs::read_link(format!("/proc/self/{name}")).unwrap();
            target.into_os_string().into_encoded_bytes()
        };
        let named = Named {
            pid,
            uid: rustix::process::geteuid().as_raw(),
            mount_namespace: history::namespace_inode(&link("ns/mnt")),
            root: history::other_root(&link("root")),
            ..Named::default()
        };
        let refusal = |path: &[u8], named: &Named| {
            let end = collector.speaker(path, named).err()?;
            Some((end.outcome, end.expected, end.reason?.display().to_string()))
        };
        let check = |path: &[u8], named: &Named, reason: &str| {
            let expected = (Outcome::Skipped, true, reason.to_owned());
            assert_eq!(refusal(path, named), Some(expected));
        };
        assert_eq!(refusal(b"/srv/h", &named), None);
        let through = Named {
            through: true,
            ..named.clone()
        };
        let path = format!("/proc/{pid}/root/srv/h");
        assert_eq!(refusal(path.as_bytes(), &through), None);
        assert!(
            collector
                .speaker(path.as_bytes(), &through)
                .unwrap()
                .is_some()
        );
        check(
            b"/etc/shadow",
            &named,
            "its process does not name it any more",
        );
        let other_user = Named {
            uid: named.uid + 1,
            ..named.clone()
        };
        let reason = format!("its process is not one of uid {} any more", other_user.uid);
        check(b"/srv/h", &other_user, &reason);
        let moved = "its process has another root directory by now";
        let other_namespace = Named {
            mount_namespace: Some(1),
            ..named.clone()
        };
        check(b"/srv/h", &other_namespace, moved);
        let other_root = Named {
            root: Some(b"/srv/jail".to_vec()),
            ..named.clone()
        };
        check(b"/srv/h", &other_root, moved);
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        let end = collector.speaker(b"/srv/h", &named).unwrap_err();
        assert_eq!(end.outcome, Outcome::Vanished);
    }
}
