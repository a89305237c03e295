//! Table `neighbors`.

use schema::table::Address;
use schema::tables::Neighbor;
use schema::{Row, TableDef, Text};

use super::net_dumps::{Linked, Step};
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{netlink, proc_net_arp, rtnetlink};

/// Fills `neighbors`.
#[derive(Default)]
pub(super) struct Neighbors {
    linked: Linked,
}

impl Extract for Neighbors {
    const TABLE: TableDef = Neighbor::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let step = self.linked.take(file, facts);
        self.step(step, file, facts, sink);
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        for (kept, step) in self.linked.rest(facts) {
            self.step(step, &kept.file(), facts, sink);
        }
    }
}

impl Neighbors {
    fn step<S: Sink>(&self, step: Step, file: &File<'_>, facts: &Facts, sink: &mut S) {
        match step {
            Step::Dump => self.dump(file, facts, sink),
            Step::Text => text(file, facts, sink),
            Step::Nothing => {}
        }
    }

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
                interface: self.linked.interfaces.name(net_namespace, index),
                hardware_type: self.linked.interfaces.hardware_type(net_namespace, index),
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
