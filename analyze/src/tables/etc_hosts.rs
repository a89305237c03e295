//! Table `etc_hosts`.

use schema::tables::EtcHost;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::etc;

/// Fills `etc_hosts`.
#[derive(Default)]
pub(super) struct Hosts;

impl Extract for Hosts {
    const TABLE: TableDef = EtcHost::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        for (address, names) in etc::hosts(file.content).reported(file.member, sink) {
            sink.row(&EtcHost {
                address: Text::from(address),
                hostnames: Text::from(names),
            });
        }
    }
}
