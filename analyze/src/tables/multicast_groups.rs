//! Table `multicast_groups`.

use schema::table::Address;
use schema::tables::MulticastGroup;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_net_igmp;

/// Fills `multicast_groups`.
#[derive(Default)]
pub(super) struct Groups;

impl Extract for Groups {
    const TABLE: TableDef = MulticastGroup::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let (family, parsed) = match file.source {
            Source::NetNamespace("igmp") => (
                "inet",
                proc_net_igmp::parse(file.content, facts.byte_order()),
            ),
            _ => ("inet6", proc_net_igmp::parse_v6(file.content)),
        };
        for membership in parsed.reported(file.member, sink) {
            sink.row(&MulticastGroup {
                net_namespace: facts.net_namespace(file),
                family: Text::from(family),
                interface: Text::from(membership.interface),
                interface_index: membership.interface_index,
                address: Address(membership.group),
                users: membership.users,
                querier: membership.querier.map(Text::from),
            });
        }
    }
}
