//! Table `routes`.

use schema::tables::Route;
use schema::table::Address;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_net_route;

/// Fills `routes`.
#[derive(Default)]
pub(super) struct Routes;

impl Extract for Routes {
    const TABLE: TableDef = Route::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = facts.net_namespace(file);
        let (family, parsed) = match file.source {
            Source::NetNamespace("route") => (
                "inet",
                proc_net_route::parse(file.content, facts.byte_order()),
            ),
            _ => ("inet6", proc_net_route::parse_v6(file.content)),
        };
        for route in parsed.reported(file.member, sink) {
            sink.row(&Route {
                net_namespace,
                family: Text::from(family),
                r#type: Text::from(route.kind()),
                destination: Address(route.destination),
                netmask: route.prefix_length,
                gateway: route.gateway.map(Address),
                source: route.source.map(|(source, _)| Address(source)),
                source_netmask: route.source.map(|(_, length)| length),
                interface: Text::from(route.interface),
                flags: route.flags,
                metric: route.metric,
                mtu: route.mtu,
                reference_count: route.references,
                use_count: route.uses,
            });
        }
    }
}
