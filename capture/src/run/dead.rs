//! What a dead tree has elsewhere than a live host: the files of a namespace for some processes only, or for none.

use std::collections::BTreeMap;

use schema::{Outcome, Source};

use super::Capture;
use crate::Error;
use crate::protocol::{Access, End, FileTask, ItemGroup};

/// In place of a process: the files lie directly below `/proc`.
pub(super) const NO_PROCESS: u32 = 0;

impl Capture {
    /// Takes the processes of a dead tree out that have no files of their namespace; returns the namespaces of which
    /// no process has them.
    pub(super) fn lacking(
        &self,
        group: ItemGroup,
        members: &mut BTreeMap<Option<u64>, Vec<u32>>,
    ) -> Vec<u64> {
        if self.is_live {
            return Vec::new();
        }
        for pids in members.values_mut() {
            pids.retain(|pid| self.provided.contains(&(*pid, group)));
        }
        members
            .extract_if(.., |_, pids| pids.is_empty())
            .filter_map(|(inode, _)| inode)
            .collect()
    }

    /// Says of which namespaces no process of a dead tree has the files; and where that is so of all, reads the host's
    /// own: below `/proc/net`, or below `/proc/self` where that is a directory, not a link.
    pub(super) fn without_process(
        &mut self,
        group: ItemGroup,
        kind: &str,
        lacking: &[u64],
    ) -> Result<(), Error> {
        for inode in lacking {
            let end = End::because(Outcome::Absent, "the tree has its files of no process");
            let path = format!("{kind}:[{inode}]");
            let now = self.now_ms();
            self.sink.outcome(path.as_bytes(), None, &end, now)?;
        }
        let places: &[&str] = match group {
            ItemGroup::Net => &["/proc/net/", "/proc/self/net/"],
            ItemGroup::Mount => &["/proc/self/"],
        };
        for place in places {
            if self.is_live || self.stood_in.iter().any(|(_, stood)| *stood == group) {
                break;
            }
            let tasks: Vec<FileTask> = (0_u16..)
                .zip(&self.sources)
                .filter_map(|(position, source)| {
                    let ((ItemGroup::Net, Source::NetNamespace(name))
                    | (ItemGroup::Mount, Source::MountNamespace(name))) = (group, source)
                    else {
                        return None;
                    };
                    Some(FileTask {
                        source: position,
                        path: format!("{place}{name}").into_bytes(),
                        access: Access::System,
                    })
                })
                .collect();
            self.files(tasks.into_iter())?;
        }
        Ok(())
    }
}
