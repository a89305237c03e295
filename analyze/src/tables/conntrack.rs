//! Table `conntrack`.

use std::collections::BTreeSet;

use schema::table::Address;
use schema::tables::Conntrack;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::nf_conntrack::{self, Offload};

/// Fills `conntrack`.
///
/// Kernels up to 4.8 may have both files, and the older one then tells the same again for IPv4: it counts only in a
/// namespace that has no other. Where it comes first its bytes are kept until that is known.
#[derive(Default)]
pub(super) struct Entries {
    /// Namespaces of which the newer file was seen.
    read: BTreeSet<Option<u64>>,
    old: Vec<Old>,
}

/// A part of an `ip_conntrack`.
struct Old {
    net_namespace: Option<u64>,
    member: String,
    content: Vec<u8>,
}

impl Extract for Entries {
    const TABLE: TableDef = Conntrack::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = facts.net_namespace(file);
        if file.source != Source::NetNamespace("ip_conntrack") {
            self.read.insert(net_namespace);
            rows(net_namespace, file.member, file.content, sink);
        } else if !self.read.contains(&net_namespace) {
            self.old.push(Old {
                net_namespace,
                member: file.member.to_owned(),
                content: file.content.to_vec(),
            });
        }
    }

    fn finish<S: Sink>(&mut self, _facts: &Facts, sink: &mut S) {
        for old in std::mem::take(&mut self.old) {
            if !self.read.contains(&old.net_namespace) {
                rows(old.net_namespace, &old.member, &old.content, sink);
            }
        }
    }
}

fn rows<S: Sink>(net_namespace: Option<u64>, member: &str, content: &[u8], sink: &mut S) {
    for entry in nf_conntrack::parse(content).reported(member, sink) {
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
            icmp_id: original.icmp_id,
            reply_icmp_id: reply.icmp_id,
            orig_src_key: original.src_key,
            orig_dst_key: original.dst_key,
            reply_src_key: reply.src_key,
            reply_dst_key: reply.dst_key,
            gre_timeout: entry.gre_timeout,
            gre_stream_timeout: entry.gre_stream_timeout,
            assured: entry.assured,
            unreplied: entry.unreplied,
            offload: entry.offload.is_some(),
            hardware_offload: entry.offload == Some(Offload::Hardware),
            mark: entry.mark,
            security_context: entry.security_context.map(Text::from),
            zone: entry.any_zone(),
            orig_zone: original.zone,
            reply_zone: reply.zone,
            age: entry.age,
            use_count: entry.uses,
            orig_packets: original.packets,
            orig_bytes: original.bytes,
            reply_packets: reply.packets,
            reply_bytes: reply.bytes,
            nat: entry.nat().map(Text::from),
        });
    }
}
