//! Table `mounts`.

use schema::parse::mountinfo::Paths;
use schema::tables::Mount;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_pid_mountinfo;

/// Fills `mounts`.
#[derive(Default)]
pub(super) struct Mounts;

impl Extract for Mounts {
    const TABLE: TableDef = Mount::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let mount_namespace = file
            .pid
            .and_then(|pid| facts.mount_namespaces.get(&pid).copied());
        let mounts = proc_pid_mountinfo::parse(file.content).reported(file.member, sink);
        let paths = Paths::new(&mounts);
        for (index, mount) in mounts.iter().enumerate() {
            let size = facts.file_systems.get(mount.device_number);
            sink.row(&Mount {
                mount_namespace,
                mount_id: mount.id,
                parent_id: mount.parent,
                device_number: Text::from(mount.device_number),
                device: Text::from(&*mount.device),
                root: Text::from(&*mount.root),
                path: Text::from(&*mount.path),
                r#type: Text::from(mount.kind),
                flags: Text::from(mount.options),
                super_options: Text::from(&*mount.super_options),
                propagation: Text::from(mount.propagation.as_slice()),
                covered: !paths.is_reached(index),
                blocks_size: size.map(|size| size.blocks_size),
                blocks: size.map(|size| size.blocks),
                blocks_free: size.map(|size| size.blocks_free),
                blocks_available: size.map(|size| size.blocks_available),
                inodes: size.map(|size| size.inodes),
                inodes_free: size.map(|size| size.inodes_free),
            });
        }
    }
}
