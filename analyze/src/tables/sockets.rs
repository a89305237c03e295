//! Table `sockets`.

use schema::tables::Socket;
use schema::table::Address;
use schema::{Row, Source, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::{proc_net_tcp, proc_net_unix};

/// Fills `sockets`.
#[derive(Default)]
pub(super) struct Sockets;

impl Extract for Sockets {
    const TABLE: TableDef = Socket::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        let net_namespace = facts.net_namespace(file);
        let (family, protocol) = match file.source {
            Source::NetNamespace("tcp") => ("inet", "tcp"),
            Source::NetNamespace("tcp6") => ("inet6", "tcp"),
            Source::NetNamespace("udp") => ("inet", "udp"),
            Source::NetNamespace("udp6") => ("inet6", "udp"),
            _ => {
                unix(net_namespace, file, sink);
                return;
            }
        };
        let parsed = proc_net_tcp::parse(file.content, facts.byte_order());
        for socket in parsed.reported(file.member, sink) {
            let ((local, local_port), (remote, remote_port)) = (socket.local, socket.remote);
            sink.row(&Socket {
                net_namespace,
                family: Text::from(family),
                protocol: Text::from(protocol),
                local_address: Some(Address(local)),
                local_port: Some(local_port),
                remote_address: Some(Address(remote)),
                remote_port: Some(remote_port),
                state: Text::from(socket.state),
                uid: Some(socket.uid),
                inode: socket.inode,
                path: None,
                recv_queue: Some(socket.recv_queue),
                send_queue: Some(socket.send_queue),
            });
        }
    }
}

fn unix<S: Sink>(net_namespace: Option<u64>, file: &File<'_>, sink: &mut S) {
    for socket in proc_net_unix::parse(file.content).reported(file.member, sink) {
        sink.row(&Socket {
            net_namespace,
            family: Text::from("unix"),
            protocol: Text::from(socket.kind),
            local_address: None,
            local_port: None,
            remote_address: None,
            remote_port: None,
            state: Text::from(socket.state),
            uid: None,
            inode: socket.inode,
            path: socket.path.map(Text::from),
            recv_queue: None,
            send_queue: None,
        });
    }
}
