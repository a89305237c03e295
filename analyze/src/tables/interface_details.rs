//! Table `interface_details`.

use schema::tables::InterfaceDetail;
use schema::{Row, Source, TableDef, Text};

use super::net_dumps::{Dumps, Verdict};
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{netlink, proc_net_dev, rtnetlink};

/// Fills `interface_details`.
#[derive(Default)]
pub(super) struct InterfaceDetails {
    dumps: Dumps,
}

impl Extract for InterfaceDetails {
    const TABLE: TableDef = InterfaceDetail::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        if let Source::NetDump(_) = file.source {
            self.dumps.saw(file);
            dump(file, facts, sink);
        } else if self.dumps.judge(file, facts) == Verdict::Alone {
            text(file, facts, sink);
        }
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        for alone in self.dumps.alone(facts) {
            text(&alone.file(), facts, sink);
        }
    }
}

fn dump<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    let parsed = rtnetlink::links(file.content, facts.byte_order());
    for link in parsed.reported(file.member, sink) {
        let counters = link.counters;
        sink.row(&InterfaceDetail {
            net_namespace: file.net_namespace,
            interface: Text::from(link.name),
            ipackets: counters.ipackets,
            opackets: counters.opackets,
            ibytes: counters.ibytes,
            obytes: counters.obytes,
            ierrors: counters.ierrors,
            oerrors: counters.oerrors,
            idrops: counters.idrops,
            odrops: counters.odrops,
            collisions: counters.collisions,
            ififo: counters.ififo,
            ofifo: counters.ofifo,
            iframe: counters.iframe,
            ocarrier: counters.ocarrier,
            imulticast: counters.imulticast,
            icompressed: counters.icompressed,
            ocompressed: counters.ocompressed,
            interface_index: Some(link.index),
            r#type: Some(link.hardware_type),
            mac: netlink::mac(link.address).map(Text::from),
            mtu: link.mtu,
            flags: Some(link.flags),
            state: link.state.map(Text::from),
            kind: link.kind.map(Text::from),
            master_index: link.master,
            peer_index: link.peer,
            peer_namespace_id: link.peer_namespace,
            alias: link.alias.map(Text::from),
        });
    }
}

    fn text<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = facts.net_namespace(file);
        for interface in proc_net_dev::parse(file.content).reported(file.member, sink) {
            let (received, sent) = (interface.received, interface.sent);
            sink.row(&InterfaceDetail {
                net_namespace,
                interface: Text::from(interface.name),
                ipackets: received.packets,
                opackets: sent.packets,
                ibytes: received.bytes,
                obytes: sent.bytes,
                ierrors: received.errors,
                oerrors: sent.errors,
                idrops: received.drops,
                odrops: sent.drops,
                collisions: interface.collisions,
                ififo: received.fifo,
                ofifo: sent.fifo,
                iframe: interface.frame_errors,
                ocarrier: interface.carrier_errors,
                imulticast: interface.multicast,
                icompressed: interface.received_compressed,
                ocompressed: interface.sent_compressed,
                interface_index: None,
                r#type: None,
                mac: None,
                mtu: None,
                flags: None,
                state: None,
                kind: None,
                master_index: None,
                peer_index: None,
                peer_namespace_id: None,
                alias: None,
            });
        }
    }
