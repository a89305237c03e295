//! Table `conntrack`.

use std::collections::BTreeSet;

use schema::table::Address;
use schema::tables::Conntrack;
use schema::{Row, Source, TableDef, Text};

use super::net_dumps::{Dumps, Verdict};
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::ctnetlink::{self, Details};
use crate::parse::nf_conntrack::{self, Entry, Offload};

/// Fills `conntrack`.
///
/// Kernels up to 4.8 may have both files, and the older one then tells the same again for IPv4: it counts only in a
/// namespace that has no other. Where it comes first its bytes are kept until that is known.
#[derive(Default)]
pub(super) struct Entries {
    dumps: Dumps,
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
        if let Source::NetDump(_) = file.source {
            self.dumps.saw(file);
            dump(file, facts, sink);
        } else if self.dumps.judge(file, facts) == Verdict::Alone {
            self.text(file, facts, sink);
        }
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        for alone in self.dumps.alone(facts) {
            self.text(&alone.file(), facts, sink);
        }
        for old in std::mem::take(&mut self.old) {
            if !self.read.contains(&old.net_namespace) {
                text(old.net_namespace, &old.member, &old.content, sink);
            }
        }
    }
}

impl Entries {
    fn text<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = facts.net_namespace(file);
        if file.source != Source::NetNamespace("ip_conntrack") {
            self.read.insert(net_namespace);
            text(net_namespace, file.member, file.content, sink);
        } else if !self.read.contains(&net_namespace) {
            self.old.push(Old {
                net_namespace,
                member: file.member.to_owned(),
                content: file.content.to_vec(),
            });
        }
    }
}

fn text<S: Sink>(net_namespace: Option<u64>, member: &str, content: &[u8], sink: &mut S) {
    for entry in nf_conntrack::parse(content).reported(member, sink) {
        sink.row(&row(net_namespace, &entry));
    }
}

fn dump<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    let order = facts.byte_order();
    let taken = facts.header.clocks.realtime_us;
    for (entry, details) in ctnetlink::entries(file.content, order).reported(file.member, sink) {
        let Details {
            id,
            status,
            start,
            labels,
            helper,
        } = details;
        let start = start.and_then(|start| i64::try_from(start.checked_div(1000)?).ok());
        // Until the capture began: an entry may be younger.
        let age = start.map(|start| taken.saturating_sub(start).max(0).div_euclid(1_000_000));
        sink.row(&Conntrack {
            id,
            status: Some(status),
            start_time_us: start,
            age: age.and_then(|age| u64::try_from(age).ok()),
            labels: labels
                .and_then(|labels| ctnetlink::labels(labels, order))
                .map(Text::from),
            helper: helper.map(Text::from),
            ..row(file.net_namespace, &entry)
        });
    }
}

/// What file and dump both tell.
fn row<'a>(net_namespace: Option<u64>, entry: &Entry<'a>) -> Conntrack<'a> {
        let (original, reply) = (&entry.original, &entry.reply);
        Conntrack {
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
            id: None,
            status: None,
            start_time_us: None,
            labels: None,
            helper: None,
        }
}
