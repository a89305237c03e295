//! Table `process_namespaces`.

use schema::tables::ProcessNamespace;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, Record, Sink};
use crate::parse::{Issue, bytes};

/// Fills `process_namespaces`.
#[derive(Default)]
pub(super) struct Namespaces;

impl Extract for Namespaces {
    const TABLE: TableDef = ProcessNamespace::TABLE;

    fn record<S: Sink>(&mut self, record: Record<'_>, _facts: &Facts, sink: &mut S) {
        let Record::ProcessLink(link) = record else {
            return;
        };
        let Some(name) = link.name.as_bytes().strip_prefix(b"ns/") else {
            return;
        };
        match bytes::bracketed(link.target.as_bytes()) {
            Some((_, inode)) => sink.row(&ProcessNamespace {
                pid: link.pid,
                r#type: Text::from(name),
                inode,
            }),
            None => sink.issue(
                &super::link_member(link),
                Issue::whole("the link of a namespace", link.target.as_bytes()),
            ),
        }
    }
}
