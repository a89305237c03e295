//! Table `interface_details`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Interfaces of every network namespace and their counters: from the dump of rtnetlink, and where there is none from
    /// `/proc/PID/net/dev`.
    pub struct InterfaceDetail<'a> in "interface_details" {
        sources: [Source::NetDump("links"), Source::NetNamespace("dev")],
        key: [net_namespace, interface],
        logical_key: [interface],
        counters: [
            ipackets, opackets, ibytes, obytes, ierrors, oerrors, idrops, odrops, collisions, ififo, ofifo, iframe, ocarrier,
            imulticast, icompressed, ocompressed,
        ],
        volatile: [net_namespace, interface_index, peer_index, peer_namespace_id],
        /// Inode of the network namespace.
        net_namespace: Option<u64>,
        /// Interface.
        interface: Text<'a>,
        /// Packets received.
        ipackets: u64,
        /// Packets sent.
        opackets: u64,
        /// Bytes received.
        ibytes: u64,
        /// Bytes sent.
        obytes: u64,
        /// Errors while receiving.
        ierrors: u64,
        /// Errors while sending.
        oerrors: u64,
        /// Received packets dropped.
        idrops: u64,
        /// Packets to send dropped.
        odrops: u64,
        /// Collisions.
        collisions: u64,
        /// Overruns of the receiver's queue; among `ierrors`.
        ififo: u64,
        /// Underruns of the sender's queue; among `oerrors`.
        ofifo: u64,
        /// Received frames of a wrong length, sum or alignment; among `ierrors`.
        iframe: u64,
        /// Losses of the carrier while sending, and other errors of the line; among `oerrors`.
        ocarrier: u64,
        /// Multicast packets received.
        imulticast: u64,
        /// Compressed packets received.
        icompressed: u64,
        /// Compressed packets sent.
        ocompressed: u64,
        /// Number of the interface; NULL without a dump, as all that follow.
        interface_index: Option<u32>,
        /// Hardware type (ARPHRD): 1 Ethernet, 772 loopback, ...
        r#type: Option<u32>,
        /// Hardware address; NULL where it has none.
        mac: Option<Text<'a>>,
        /// Largest packet, bytes.
        mtu: Option<u32>,
        /// `IFF_*` bits: 1 up, 2 broadcast, 8 loopback, 16 point-to-point, 64 running, 256 promiscuous, ...
        flags: Option<u32>,
        /// `up`, `down`, `lowerlayerdown`, `dormant`, `testing`, `notpresent` or `unknown`, as `ip link` has it.
        state: Option<Text<'a>>,
        /// Kind of a virtual interface, such as `veth`, `bridge`, `vlan`; NULL for hardware.
        kind: Option<Text<'a>>,
        /// Number of the bridge, bond or VRF that it belongs to; NULL where it belongs to none.
        master_index: Option<u32>,
        /// Number of the interface that it lies on, or that is its other end (`IFLA_LINK`); NULL without one.
        peer_index: Option<u32>,
        /// Identifier, in this namespace, of the namespace that one is in; NULL where it is in this one.
        peer_namespace_id: Option<i32>,
        /// Name that somebody gave it (`ip link set alias`); NULL without one.
        alias: Option<Text<'a>>,
    }
}
