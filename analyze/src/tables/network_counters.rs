//! Table `network_counters`.

use schema::tables::NetworkCounter;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_net_snmp;

/// Fills `network_counters`.
#[derive(Default)]
pub(super) struct NetworkCounters;

impl Extract for NetworkCounters {
    const TABLE: TableDef = NetworkCounter::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = facts.net_namespace(file);
        let parsed = match file.source {
            Source::NetNamespace("snmp6") => proc_net_snmp::parse_list(file.content),
            Source::NetNamespace("sockstat" | "sockstat6") => proc_net_snmp::parse_turns(file.content),
            _ => proc_net_snmp::parse_pairs(file.content),
        };
        for counter in parsed.reported(file.member, sink) {
            sink.row(&NetworkCounter {
                net_namespace,
                protocol: Text::from(counter.protocol.to_ascii_lowercase()),
                name: Text::from(counter.name),
                value: counter.value,
            });
        }
    }
}
