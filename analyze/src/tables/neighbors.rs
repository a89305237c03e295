//! Table `neighbors`.

use schema::table::Address;
use schema::tables::Neighbor;
use schema::{Row, Source, TableDef, Text};

use super::net_dumps::{Dumps, Interfaces, Verdict};
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{netlink, proc_net_arp, rtnetlink};

/// Fills `neighbors`.
#[derive(Default)]
pub(super) struct Neighbors {
    dumps: Dumps,
    interfaces: Interfaces,
}

impl Extract for Neighbors {
    const TABLE: TableDef = Neighbor::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        match file.source {
            Source::NetDump("links") => self.interfaces.learn(file, facts),
            Source::NetDump(_) => {
                self.dumps.saw(file);
                if self.interfaces.are_known(file) {
                    self.dump(file, facts, sink);
                }
            }
            _ if self.dumps.judge(file, facts) == Verdict::Alone => text(file, facts, sink),
            _ => {}
        }
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        for late in self.interfaces.late() {
            self.dump(&late.file(), facts, sink);
        }
        for alone in self.dumps.alone(facts) {
            text(&alone.file(), facts, sink);
        }
    }
}

impl Neighbors {
    fn dump<S: Sink>(&self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = file.net_namespace;
        let parsed = rtnetlink::neighbors(file.content, facts.byte_order());
        for neighbor in parsed.reported(file.member, sink) {
            let index = neighbor.interface_index;
            let state = match neighbor.state_name() {
                _ if neighbor.is_proxy() => None,
                None => Some(Text::from(neighbor.state.to_string())),
                state => state.map(Text::from),
            };
            sink.row(&Neighbor {
                net_namespace,
                family: Text::from(neighbor.family),
                address: Address(neighbor.address),
                mac: netlink::mac(neighbor.mac).map(Text::from),
                interface: self.interfaces.name(net_namespace, index),
                hardware_type: self.interfaces.hardware_type(net_namespace, index),
                flags: neighbor.arp_flags(),
                state,
                proxy: neighbor.is_proxy(),
                router: Some(neighbor.is_router()),
            });
        }
    }
}

fn text<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    /// `ATF_PUBL`.
    const PUBLISHED: u32 = 8;
    let net_namespace = facts.net_namespace(file);
    for neighbor in proc_net_arp::parse(file.content).reported(file.member, sink) {
        sink.row(&Neighbor {
            net_namespace,
            family: Text::from("inet"),
            address: Address(neighbor.address),
            mac: Some(Text::from(neighbor.mac)),
            interface: Some(Text::from(neighbor.interface)),
            hardware_type: Some(neighbor.hardware_type),
            flags: neighbor.flags,
            state: None,
            proxy: neighbor.flags & PUBLISHED != 0,
            router: None,
        });
    }
}
