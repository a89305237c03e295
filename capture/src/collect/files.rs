//! Files of the host that are read once.

use std::os::fd::AsFd;
use std::time::Instant;

use rustix::io::Errno;

use super::{Collector, read};
use crate::host::Host;
use crate::protocol::{Access, End, FileTask};

impl<F: AsFd> Collector<'_, F> {
    pub(super) fn file(&mut self, task: &FileTask) -> std::io::Result<()> {
        let started = Instant::now();
        let opened = match task.access {
            Access::Proc => self.host.proc_file(&task.path),
            Access::System | Access::Home(_) | Access::Rotated(_) => {
                self.host.file(&task.path, task.access)
            }
            Access::Device => self.host.device(&task.path),
        };
        let source = self.sources.get(usize::from(task.source)).copied();
        match (opened, source) {
            (Ok(opened), Some(_)) if let Access::Rotated(limit) = task.access => {
                let is_compressed = schema::rotated::is_compressed(&task.path);
                self.answer_rotated(is_compressed, limit, &opened, started)
            }
            (Ok(opened), Some(source)) => self.answer(source, &opened, started),
            (Ok(_), None) => self.answer_refused(End::of_errno(Errno::INVAL), started),
            (Err(refusal), _) => self.answer_refused(refusal.end(), started),
        }
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
