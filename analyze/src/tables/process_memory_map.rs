//! Table `process_memory_map`.

use schema::tables::ProcessMemoryMap;
use schema::table::Hex64;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_pid_maps;

/// Fills `process_memory_map`.
#[derive(Default)]
pub(super) struct MemoryMaps;

impl Extract for MemoryMaps {
    const TABLE: TableDef = ProcessMemoryMap::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let Some(pid) = file.pid else { return };
        for mapping in proc_pid_maps::parse(file.content).reported(file.member, sink) {
            let named_file = mapping
                .path
                .as_ref()
                .is_some_and(|path| path.starts_with(b"/"));
            sink.row(&ProcessMemoryMap {
                pid,
                start: Hex64(mapping.start),
                end: Hex64(mapping.end),
                permissions: Text::from(mapping.permissions),
                offset: mapping.offset,
                device: Text::from(mapping.device),
                inode: mapping.inode,
                path: mapping.path.map(Text::from),
                deleted: mapping.deleted,
                pseudo: mapping.inode == 0 && !named_file,
            });
        }
    }
}
