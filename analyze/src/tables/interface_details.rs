//! Table `interface_details`.

use schema::tables::InterfaceDetail;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::proc_net_dev;

/// Fills `interface_details`.
#[derive(Default)]
pub(super) struct InterfaceDetails;

impl Extract for InterfaceDetails {
    const TABLE: TableDef = InterfaceDetail::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
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
            });
        }
    }
}
