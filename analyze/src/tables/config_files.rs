//! Table `config_files`.

use std::collections::BTreeMap;

use schema::tables::ConfigFile;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Record, Sink};

/// Fills `config_files`.
#[derive(Default)]
pub(super) struct ConfigFiles {
    /// Who leads to each file.
    found: BTreeMap<Vec<u8>, Vec<Found>>,
    /// The text of each.
    texts: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// One way to a file.
struct Found {
    by: Vec<u8>,
    pid: u32,
    target: Vec<u8>,
}

impl Extract for ConfigFiles {
    const TABLE: TableDef = ConfigFile::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, _sink: &mut S) {
        if file.source == Source::FoundConfig {
            let text = self.texts.entry(file.path.to_vec()).or_default();
            text.extend_from_slice(file.content);
        }
    }

    fn record<S: Sink>(&mut self, record: Record<'_>, _facts: &Facts, _sink: &mut S) {
        if let Record::FoundConfig(config) = record {
            let found = self.found.entry(config.path.as_bytes().to_vec());
            found.or_default().push(Found {
                by: config.found_by.as_bytes().to_vec(),
                pid: config.pid,
                target: config.target.as_bytes().to_vec(),
            });
        }
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        for (path, found) in &self.found {
            let Some(text) = self.texts.get(path) else {
                continue;
            };
            let fact = facts.files.get(path);
            for found in found {
                sink.row(&ConfigFile {
                    path: Text::from(path.as_slice()),
                    found_by: Text::from(found.by.as_slice()),
                    pid: found.pid,
                    target: Text::from(found.target.as_slice()),
                    size: fact.map_or(0, |fact| fact.size),
                    mtime: fact.and_then(|fact| fact.mtime),
                    inode: fact.and_then(|fact| fact.inode),
                    uid: fact.and_then(|fact| fact.uid),
                    content: Text::from(text.as_slice()),
                });
            }
        }
    }
}
