//! Sizes of file systems.

use std::os::fd::AsFd;
use std::time::Instant;

use schema::Text;
use schema::records::FileSystemStat;

use super::{Collector, read};
use crate::host::Refusal;
use crate::protocol::{End, FileSystemTask, Reply};

impl<F: AsFd> Collector<'_, F> {
    pub(super) fn file_system(&mut self, task: &FileSystemTask) -> std::io::Result<()> {
        let started = Instant::now();
        let reply = match self.measure(task) {
            Ok(stat) => Reply::FileSystem(stat),
            Err(refusal) => Reply::Item(End {
                duration_us: read::elapsed_us(started),
                ..refusal.end()
            }),
        };
        self.replies.send(&reply)
    }

    fn measure<'a>(&self, task: &'a FileSystemTask) -> Result<FileSystemStat<'a>, Refusal> {
        let (mount_id, found) = self.host.mount(task.pid, &task.path, &task.way)?;
        let stat = rustix::fs::fstatvfs(&found)?;
        Ok(FileSystemStat {
            device_number: Text::from(task.device_number.as_slice()),
            pid: task.pid,
            mount_id,
            // The unit of the counts. `f_bsize` is what reads are best done in, on ZFS 256 times as much.
            blocks_size: stat.f_frsize,
            blocks: stat.f_blocks,
            blocks_free: stat.f_bfree,
            blocks_available: stat.f_bavail,
            inodes: stat.f_files,
            inodes_free: stat.f_ffree,
        })
    }
}
