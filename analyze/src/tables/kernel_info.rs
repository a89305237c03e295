//! Table `kernel_info`.

use schema::tables::KernelInfo;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};

/// Fills `kernel_info`.
#[derive(Default)]
pub(super) struct KernelInfos;

impl Extract for KernelInfos {
    const TABLE: TableDef = KernelInfo::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let item = match file.source {
            Source::Host("/proc/version") => "version",
            _ => "arguments",
        };
        sink.row(&KernelInfo {
            item: Text::from(item),
            value: Text::from(file.content.trim_ascii_end()),
        });
    }
}
