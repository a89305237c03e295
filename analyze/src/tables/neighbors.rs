//! Table `neighbors`.

use schema::tables::Neighbor;
use schema::table::Address;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_net_arp;

/// Fills `neighbors`.
#[derive(Default)]
pub(super) struct Neighbors;

impl Extract for Neighbors {
    const TABLE: TableDef = Neighbor::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = facts.net_namespace(file);
        for neighbor in proc_net_arp::parse(file.content).reported(file.member, sink) {
            sink.row(&Neighbor {
                net_namespace,
                family: Text::from("inet"),
                address: Address(neighbor.address),
                mac: Text::from(neighbor.mac),
                interface: Text::from(neighbor.interface),
                hardware_type: neighbor.hardware_type,
                flags: neighbor.flags,
            });
        }
    }
}
