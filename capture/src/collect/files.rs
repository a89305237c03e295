//! Files of the host that are read once.

use std::os::fd::AsFd;
use std::time::Instant;

use rustix::io::Errno;
use schema::Outcome;

use super::{Collector, read};
use crate::host::{Host, Opened, Refusal};
use crate::protocol::{Access, End, FileTask, Named, Visit};

impl<F: AsFd> Collector<'_, F> {
    pub(super) fn file(&mut self, task: &FileTask) -> std::io::Result<()> {
        let started = Instant::now();
        let opened = match task.access {
            Access::Proc => self.host.proc_file(&task.path).map_err(Refusal::end),
            Access::System | Access::Home(_) | Access::Rotated(_) => {
                let opened = self.host.file(&task.path, task.access);
                opened.map_err(Refusal::end)
            }
            Access::Device => self.host.device(&task.path).map_err(Refusal::end),
            Access::Named(named) => self.named(&task.path, named),
        };
        let source = self.sources.get(usize::from(task.source)).copied();
        match (opened, source) {
            (Ok(opened), Some(_)) if let Access::Rotated(limit) = task.access => {
                let is_compressed = schema::rotated::is_compressed(&task.path);
                self.answer_rotated(is_compressed, limit, &opened, started)
            }
            (Ok(opened), Some(source)) => self.answer(source, &opened, started),
            (Ok(_), None) => self.answer_refused(End::of_errno(Errno::INVAL), started),
            (Err(end), _) => self.answer_refused(end, started),
        }
    }

    fn named(&self, path: &[u8], named: Named) -> Result<Opened, End<'static>> {
        let is_checked = named.owner.is_none() && self.host.is_live();
        let (mut root, mut below) = (None, path);
        if named.through || is_checked {
            let visit = Visit {
                identity: named.identity,
                ..Visit::new(named.pid, Vec::new())
            };
            let (process, ..) = self.meet(&visit)?;
            let process = process.as_fd();
            let refused = |refusal| self.refused(process, refusal);
            if is_checked && self.host.is_set_uid(process).map_err(refused)? {
                return Err(End {
                    expected: true,
                    ..End::because(Outcome::Skipped, "named by a set-user-id program")
                });
            }
            if named.through {
                root = Some(self.host.process_root(process).map_err(refused)?);
                let prefix = format!("/proc/{}/root", named.pid);
                below = path.strip_prefix(prefix.as_bytes()).unwrap_or(path);
            }
        }
        // That a process names what is no history is nothing missing.
        let expected = |refusal: &Refusal| matches!(refusal, Refusal::Rule(_));
        let opened = self.host.named(root.as_ref(), below, named);
        opened.map_err(|refusal| End {
            expected: expected(&refusal),
            ..refusal.end()
        })
    }
}

/// The first line of a file, for the facts of a bundle's header; `None` where it cannot be read or is no text.
pub(crate) fn first_line(host: &Host, path: &[u8]) -> Option<String> {
    let access = if path.starts_with(b"/proc/") {
        host.proc_file(path)
    } else {
        host.file(path, Access::System)
    };
    let bytes = read::small(&access.ok()?);
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let text = std::str::from_utf8(line.trim_ascii()).ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}
