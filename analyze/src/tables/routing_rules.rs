//! Table `routing_rules`.

use schema::table::Address;
use schema::tables::RoutingRule;
use schema::{Row, TableDef, Text};

use super::net_dumps::word;
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::rtnetlink;

/// Fills `routing_rules`.
#[derive(Default)]
pub(super) struct Rules;

impl Extract for Rules {
    const TABLE: TableDef = RoutingRule::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        /// `FR_ACT_TO_TBL`.
        const LOOKUP: u8 = 1;
        let parsed = rtnetlink::rules(file.content, facts.byte_order());
        for rule in parsed.reported(file.member, sink) {
            let table = || word(rtnetlink::table_name(rule.table), rule.table);
            let protocol = rule.protocol.map(|protocol| {
                word(rtnetlink::protocol_name(protocol), u32::from(protocol))
            });
            sink.row(&RoutingRule {
                net_namespace: file.net_namespace,
                family: Text::from(rule.family),
                priority: rule.priority,
                action: word(rtnetlink::action_name(rule.action), u32::from(rule.action)),
                route_table: (rule.action == LOOKUP).then(table),
                source: rule.source.map(Address),
                source_netmask: rule.source_length,
                destination: rule.destination.map(Address),
                destination_netmask: rule.destination_length,
                incoming_interface: rule.incoming.map(Text::from),
                outgoing_interface: rule.outgoing.map(Text::from),
                mark: rule.mark,
                mark_mask: rule.mark_mask,
                tos: rule.tos,
                ip_protocol: rule.ip_protocol,
                goto_priority: rule.goto,
                inverted: rule.is_inverted,
                suppressed_prefix_length: rule.suppressed_prefix_length,
                protocol,
            });
        }
    }
}
