//! Table `conntrack`.

use schema::tables::Conntrack;
use schema::table::Address;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::nf_conntrack;

/// Fills `conntrack`.
#[derive(Default)]
pub(super) struct Entries;

impl Extract for Entries {
    const TABLE: TableDef = Conntrack::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = facts.net_namespace(file);
        for entry in nf_conntrack::parse(file.content).reported(file.member, sink) {
            let (original, reply) = (&entry.original, &entry.reply);
            sink.row(&Conntrack {
                net_namespace,
                family: Text::from(entry.family),
                protocol: Text::from(entry.protocol),
                protocol_number: entry.protocol_number,
                state: entry.state.map(Text::from),
                timeout: entry.timeout,
                orig_src: original.src.map(Address),
                orig_sport: original.sport,
                orig_dst: original.dst.map(Address),
                orig_dport: original.dport,
                reply_src: reply.src.map(Address),
                reply_sport: reply.sport,
                reply_dst: reply.dst.map(Address),
                reply_dport: reply.dport,
                icmp_type: entry.icmp_type,
                icmp_code: entry.icmp_code,
                icmp_id: entry.icmp_id,
                assured: entry.assured,
                unreplied: entry.unreplied,
                offload: entry.offload,
                mark: entry.mark,
                zone: entry.zone,
                orig_packets: original.packets,
                orig_bytes: original.bytes,
                reply_packets: reply.packets,
                reply_bytes: reply.bytes,
                nat: entry.nat().map(Text::from),
            });
        }
    }
}
