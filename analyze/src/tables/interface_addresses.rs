//! Table `interface_addresses`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use schema::table::Address;
use schema::tables::InterfaceAddress;
use schema::{Row, Source, TableDef, Text};

use super::net_dumps::{Linked, Step, word};
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{proc_net_fib_trie, proc_net_if_inet6, proc_net_route, rtnetlink};

/// Fills `interface_addresses`: IPv6 at once, IPv4 when both files of a namespace were seen.
#[derive(Default)]
pub(super) struct InterfaceAddresses {
    linked: Linked,
    namespaces: BTreeMap<Option<u64>, Namespace>,
}

#[derive(Default)]
struct Namespace {
    own: BTreeSet<Ipv4Addr>,
    connected: Vec<Connected>,
}

/// A network that an interface reaches without a gateway.
struct Connected {
    network: Ipv4Addr,
    prefix_length: u8,
    interface: Vec<u8>,
}

impl Extract for InterfaceAddresses {
    const TABLE: TableDef = InterfaceAddress::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let step = self.linked.take(file, facts);
        self.step(step, file, facts, sink);
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        for (kept, step) in self.linked.rest(facts) {
            self.step(step, &kept.file(), facts, sink);
        }
        self.v4(sink);
    }
}

impl InterfaceAddresses {
    fn step<S: Sink>(&mut self, step: Step, file: &File<'_>, facts: &Facts, sink: &mut S) {
        match step {
            Step::Dump => self.dump(file, facts, sink),
            Step::Text => self.text(file, facts, sink),
            Step::Nothing => {}
        }
    }

    fn dump<S: Sink>(&self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = file.net_namespace;
        let parsed = rtnetlink::addresses(file.content, facts.byte_order());
        for row in parsed.reported(file.member, sink) {
            sink.row(&InterfaceAddress {
                net_namespace,
                interface: self
                    .linked
                    .interfaces
                    .name(net_namespace, row.interface_index),
                family: Text::from(row.family),
                address: Address(row.address),
                prefix_length: Some(row.prefix_length),
                scope: Some(word(rtnetlink::scope_name(row.scope), u32::from(row.scope))),
                peer: row.peer.map(Address),
                broadcast: row.broadcast.map(Address),
                label: row.label.map(Text::from),
                flags: Some(row.flags),
            });
        }
    }

    fn text<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = facts.net_namespace(file);
        match file.source {
            Source::NetNamespace("if_inet6") => {
                for row in proc_net_if_inet6::parse(file.content).reported(file.member, sink) {
                    sink.row(&InterfaceAddress {
                        net_namespace,
                        interface: Some(Text::from(row.interface)),
                        family: Text::from("inet6"),
                        address: Address(IpAddr::V6(row.address)),
                        prefix_length: Some(row.prefix_length),
                        scope: Some(Text::from(&*row.scope)),
                        peer: None,
                        broadcast: None,
                        label: None,
                        flags: None,
                    });
                }
            }
            Source::NetNamespace("fib_trie") => {
                let own = proc_net_fib_trie::parse(file.content).reported(file.member, sink);
                self.namespaces
                    .entry(net_namespace)
                    .or_default()
                    .own
                    .extend(own);
            }
            // Its issues are reported by `routes`.
            _ => {
                let routes = proc_net_route::parse(file.content, facts.byte_order()).value;
                let connected = routes.iter().filter_map(|route| match route.destination {
                    // A default route without a gateway (a tunnel) says nothing about addresses.
                    IpAddr::V4(network) if route.gateway.is_none() && route.prefix_length > 0 => {
                        Some(Connected {
                            network,
                            prefix_length: route.prefix_length,
                            interface: route.interface.to_vec(),
                        })
                    }
                    _ => None,
                });
                self.namespaces
                    .entry(net_namespace)
                    .or_default()
                    .connected
                    .extend(connected);
            }
        }
    }

    /// The IPv4 addresses of namespaces without a dump.
    fn v4<S: Sink>(&self, sink: &mut S) {
        for (net_namespace, namespace) in &self.namespaces {
            for address in &namespace.own {
                let connected = namespace
                    .connected
                    .iter()
                    .filter(|connected| connected.contains(*address))
                    .max_by_key(|connected| connected.prefix_length);
                sink.row(&InterfaceAddress {
                    net_namespace: *net_namespace,
                    interface: connected.map(|connected| Text::from(&*connected.interface)),
                    family: Text::from("inet"),
                    address: Address(IpAddr::V4(*address)),
                    prefix_length: connected.map(|connected| connected.prefix_length),
                    scope: None,
                    peer: None,
                    broadcast: None,
                    label: None,
                    flags: None,
                });
            }
        }
    }
}

impl Connected {
    fn contains(&self, address: Ipv4Addr) -> bool {
        let host_bits = 32u32.saturating_sub(u32::from(self.prefix_length));
        let prefix = |address: Ipv4Addr| address.to_bits().checked_shr(host_bits);
        prefix(address) == prefix(self.network)
    }
}
