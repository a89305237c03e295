//! Table `routes`.

use schema::table::Address;
use schema::tables::Route;
use schema::{Row, Source, TableDef, Text};

use super::net_dumps::{Linked, Step, word};
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{proc_net_route, rtnetlink};

/// Fills `routes`.
#[derive(Default)]
pub(super) struct Routes {
    linked: Linked,
}

impl Extract for Routes {
    const TABLE: TableDef = Route::TABLE;

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

impl Routes {
    fn step<S: Sink>(&self, step: Step, file: &File<'_>, facts: &Facts, sink: &mut S) {
        match step {
            Step::Dump => self.dump(file, facts, sink),
            Step::Text => text(file, facts, sink),
            Step::Nothing => {}
        }
    }

    fn dump<S: Sink>(&self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = file.net_namespace;
        let parsed = rtnetlink::routes(file.content, facts.byte_order());
        for route in parsed.reported(file.member, sink) {
            let number = |name, number: u8| word(name, u32::from(number));
            for hop in &route.next_hops {
                let index = hop.interface_index;
                sink.row(&Route {
                    net_namespace,
                    family: Text::from(route.family),
                    r#type: number(rtnetlink::route_type(route.kind), route.kind),
                    destination: Address(route.destination),
                    netmask: route.prefix_length,
                    gateway: hop.gateway.map(Address),
                    source: route.source.map(|(source, _)| Address(source)),
                    source_netmask: route.source.map(|(_, length)| length),
                    interface: index
                        .and_then(|index| self.linked.interfaces.name(net_namespace, index)),
                    flags: rtnetlink::route_flags(&route, hop),
                    metric: route.metric,
                    mtu: Some(route.mtu),
                    reference_count: None,
                    use_count: None,
                    route_table: Some(word(rtnetlink::table_name(route.table), route.table)),
                    protocol: Some(number(
                        rtnetlink::protocol_name(route.protocol),
                        route.protocol,
                    )),
                    scope: Some(number(rtnetlink::scope_name(route.scope), route.scope)),
                    preferred_source: route.preferred_source.map(Address),
                    tos: Some(route.tos),
                    weight: hop.weight,
                    nexthop_id: route.nexthop_id,
                });
            }
        }
    }
}

fn text<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    let net_namespace = facts.net_namespace(file);
    let is_v4 = file.source == Source::NetNamespace("route");
    let parsed = if is_v4 {
        proc_net_route::parse(file.content, facts.byte_order())
    } else {
        proc_net_route::parse_v6(file.content)
    };
    for route in parsed.reported(file.member, sink) {
        sink.row(&Route {
            net_namespace,
            family: Text::from(if is_v4 { "inet" } else { "inet6" }),
            r#type: Text::from(route.kind()),
            destination: Address(route.destination),
            netmask: route.prefix_length,
            gateway: route.gateway.map(Address),
            source: route.source.map(|(source, _)| Address(source)),
            source_netmask: route.source.map(|(_, length)| length),
            interface: Some(Text::from(route.interface)),
            flags: route.flags,
            metric: route.metric,
            mtu: route.mtu,
            reference_count: Some(route.references),
            use_count: Some(route.uses),
            route_table: is_v4.then(|| Text::from("main")),
            protocol: None,
            scope: None,
            preferred_source: None,
            tos: None,
            weight: None,
            nexthop_id: None,
        });
    }
}
