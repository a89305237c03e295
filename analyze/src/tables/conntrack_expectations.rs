//! Table `conntrack_expectations`.

use schema::table::Address;
use schema::tables::ConntrackExpectation;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::ctnetlink;

/// Fills `conntrack_expectations`.
#[derive(Default)]
pub(super) struct Expectations;

impl Extract for Expectations {
    const TABLE: TableDef = ConntrackExpectation::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let parsed = ctnetlink::expectations(file.content, facts.byte_order());
        for row in parsed.reported(file.member, sink) {
            let (expected, master) = (&row.expected, &row.master);
            sink.row(&ConntrackExpectation {
                net_namespace: file.net_namespace,
                family: Text::from(row.family),
                protocol_number: row.protocol_number,
                src: expected.src.map(Address),
                sport: expected.sport,
                dst: expected.dst.map(Address),
                dport: expected.dport,
                src_port_mask: row.src_port_mask,
                master_protocol_number: row.master_protocol_number,
                master_src: master.src.map(Address),
                master_sport: master.sport,
                master_dst: master.dst.map(Address),
                master_dport: master.dport,
                timeout: row.timeout,
                helper: row.helper.map(Text::from),
                flags: row.flags,
                zone: row.zone,
                id: row.id,
            });
        }
    }
}
