//! Table `sockets`.

use schema::table::Address;
use schema::tables::Socket;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{proc_net_netlink, proc_net_packet, proc_net_tcp, proc_net_unix};

/// Fills `sockets`.
#[derive(Default)]
pub(super) struct Sockets;

impl Extract for Sockets {
    const TABLE: TableDef = Socket::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let Source::NetNamespace(name) = file.source else {
            return;
        };
        match name {
            "unix" => unix(file, facts, sink),
            "packet" => packet(file, facts, sink),
            "netlink" => netlink(file, facts, sink),
            name => match name.strip_suffix('6') {
                Some(protocol) => inet("inet6", protocol, file, facts, sink),
                None => inet("inet", name, file, facts, sink),
            },
        }
    }
}

fn inet<S: Sink>(
    family: &'static str,
    protocol: &'static str,
    file: &File<'_>,
    facts: &Facts,
    sink: &mut S,
) {
    let is_tcp = protocol == "tcp";
    let parsed = proc_net_tcp::parse(file.content, facts.byte_order());
    for socket in parsed.reported(file.member, sink) {
        let ((local, local_port), (remote, remote_port)) = (socket.local, socket.remote);
        let timer = Some(socket.timer).filter(|timer| is_tcp && *timer != "off");
        sink.row(&Socket {
            local_address: Some(Address(local)),
            local_port: Some(local_port),
            remote_address: Some(Address(remote)),
            remote_port: Some(remote_port),
            state: Text::from(socket.state),
            uid: Some(socket.uid),
            inode: socket.inode,
            recv_queue: Some(socket.recv_queue),
            send_queue: Some(socket.send_queue),
            timer: timer.map(Text::from),
            timer_expires: timer.map(|_| facts.ticks_to_ms(socket.timer_ticks)),
            retransmits: is_tcp.then_some(socket.retransmits),
            drops: socket.drops.filter(|_| !is_tcp),
            ..empty(family, protocol, file, facts)
        });
    }
}

fn unix<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    for socket in proc_net_unix::parse(file.content).reported(file.member, sink) {
        sink.row(&Socket {
            state: Text::from(socket.state),
            inode: socket.inode.unwrap_or(0),
            path: socket.path.map(Text::from),
            ..empty("unix", socket.kind, file, facts)
        });
    }
}

fn packet<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    for socket in proc_net_packet::parse(file.content).reported(file.member, sink) {
        sink.row(&Socket {
            uid: Some(socket.uid),
            inode: socket.inode,
            recv_queue: Some(socket.recv_queue),
            interface_index: Some(socket.interface_index),
            ether_type: Some(socket.ether_type),
            ..empty("packet", socket.kind, file, facts)
        });
    }
}

fn netlink<S: Sink>(file: &File<'_>, facts: &Facts, sink: &mut S) {
    for socket in proc_net_netlink::parse(file.content).reported(file.member, sink) {
        sink.row(&Socket {
            inode: socket.inode.unwrap_or(0),
            recv_queue: Some(socket.recv_queue),
            send_queue: Some(socket.send_queue),
            drops: socket.drops.map(u64::from),
            port_id: Some(socket.port_id),
            groups: Some(socket.groups),
            ..empty("netlink", &socket.protocol, file, facts)
        });
    }
}

/// A socket of which nothing is known but its kind. Those of packet and netlink are never connected.
fn empty<'a>(family: &'static str, protocol: &'a str, file: &File<'_>, facts: &Facts) -> Socket<'a> {
    Socket {
        net_namespace: facts.net_namespace(file),
        family: Text::from(family),
        protocol: Text::from(protocol),
        local_address: None,
        local_port: None,
        remote_address: None,
        remote_port: None,
        state: Text::from("UNCONN"),
        uid: None,
        inode: 0,
        path: None,
        recv_queue: None,
        send_queue: None,
        timer: None,
        timer_expires: None,
        retransmits: None,
        drops: None,
        interface_index: None,
        ether_type: None,
        port_id: None,
        groups: None,
    }
}
