use super::super::netlink::fixture::{attribute, message, torture};
use super::*;

fn u32s(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

#[test]
fn interfaces() {
    let counters: Vec<u8> = (1..=25_u64).flat_map(u64::to_le_bytes).collect();
    let payload = [
        &[0, 0, 1, 0][..],
        &u32s(&[4, 0x1043, 0]),
        &attribute(3, b"eth0\0"),
        &attribute(1, &[2, 0, 0, 0, 0, 1]),
        &attribute(4, &u32s(&[1500])),
        &attribute(5, &u32s(&[4])),
        &attribute(37, &u32s(&[0])),
        &attribute(10, &u32s(&[9])),
        &attribute(16, &[6]),
        &attribute(0x8012, &attribute(1, b"veth")),
        &attribute(20, b"to the rack\0"),
        &attribute(23, &counters),
    ];
    let dump = message(LINK, &payload.concat());
    let parsed = links(&dump, ByteOrder::Little);
    assert_eq!(parsed.issues, []);
    let [link] = parsed.value.try_into().unwrap();
    assert_eq!(
        (link.index, link.name, link.hardware_type),
        (4, &b"eth0"[..], 1)
    );
    assert_eq!(
        (link.mtu, link.state, link.kind),
        (Some(1500), Some("up"), Some(&b"veth"[..]))
    );
    assert_eq!(
        (link.master, link.peer, link.peer_namespace),
        (Some(9), Some(4), Some(0))
    );
    assert_eq!(link.alias, Some(&b"to the rack"[..]));
    let counters = link.counters;
    assert_eq!((counters.ipackets, counters.obytes), (1, 4));
    assert_eq!(
        (counters.idrops, counters.iframe),
        (7 + 16, 11 + 12 + 13 + 14)
    );
    assert_eq!(
        (counters.ocarrier, counters.ocompressed),
        (17 + 18 + 20 + 21, 23)
    );
    torture(&dump, |bytes, order| links(bytes, order).value.len());
}

#[test]
fn interface_addresses() {
    let payload = [
        &[2, 24, 0x80, 0][..],
        &u32s(&[4]),
        &attribute(1, &[192, 0, 2, 2]),
        &attribute(2, &[192, 0, 2, 1]),
        &attribute(3, b"eth0:1\0"),
        &attribute(8, &u32s(&[0x380])),
    ];
    let dump = message(ADDRESS, &payload.concat());
    let parsed = addresses(&dump, ByteOrder::Little);
    assert_eq!(parsed.issues, []);
    let [row] = parsed.value.try_into().unwrap();
    assert_eq!(row.address.to_string(), "192.0.2.1");
    assert_eq!(
        row.peer.map(|peer| peer.to_string()).as_deref(),
        Some("192.0.2.2")
    );
    assert_eq!(
        (row.label, row.flags, row.prefix_length),
        (Some(&b"eth0:1"[..]), 0x380, 24)
    );
    torture(&dump, |bytes, order| addresses(bytes, order).value.len());
}

#[test]
fn routes_with_several_ways() {
    let hop = |index: u32, weight: u8, gateway: [u8; 4]| {
        let gateway = attribute(5, &gateway);
        let length = u16::try_from(8 + gateway.len()).unwrap();
        [
            &length.to_le_bytes()[..],
            &[0, weight],
            &u32s(&[index]),
            &gateway,
        ]
        .concat()
    };
    let hops = [hop(4, 0, [192, 0, 2, 1]), hop(5, 9, [192, 0, 2, 2])].concat();
    let several = [
        &[2, 0, 0, 0, 254, 16, 0, 1][..],
        &u32s(&[0]),
        &attribute(15, &u32s(&[1000])),
        &attribute(6, &u32s(&[100])),
        &attribute(0x8008, &attribute(2, &u32s(&[1400]))),
        &attribute(9, &hops),
    ];
    let nowhere = [
        &[10, 64, 0, 0, 254, 3, 0, 6][..],
        &u32s(&[0]),
        &attribute(1, &[0x20; 16]),
    ];
    let multicast = [&[128, 0, 0, 0, 254, 17, 0, 1][..], &u32s(&[0])];
    let dump = [several.concat(), nowhere.concat(), multicast.concat()];
    let dump: Vec<u8> = dump
        .iter()
        .flat_map(|payload| message(ROUTE, payload))
        .collect();
    let parsed = routes(&dump, ByteOrder::Little);
    assert_eq!(parsed.issues, []);
    let [several, nowhere] = parsed.value.try_into().unwrap();
    assert_eq!(
        (several.table, several.metric, several.mtu),
        (1000, 100, 1400)
    );
    let ways: Vec<_> = several
        .next_hops
        .iter()
        .map(|hop| {
            (
                hop.gateway.unwrap().to_string(),
                hop.interface_index,
                hop.weight,
            )
        })
        .collect();
    assert_eq!(
        ways,
        [
            ("192.0.2.1".to_owned(), Some(4), Some(1)),
            ("192.0.2.2".to_owned(), Some(5), Some(10)),
        ]
    );
    assert_eq!(route_type(nowhere.kind), Some("blackhole"));
    assert_eq!(route_flags(&nowhere, &nowhere.next_hops[0]), 0x201);
    assert_eq!(route_flags(&several, &several.next_hops[0]), 3);
    torture(&dump, |bytes, order| routes(bytes, order).value.len());
}

#[test]
fn rules_and_neighbors() {
    let payload = [
        &[2, 0, 24, 0, 0, 0, 0, 1][..],
        &u32s(&[2]),
        &attribute(6, &u32s(&[100])),
        &attribute(2, &[192, 0, 2, 0]),
        &attribute(14, &u32s(&[u32::MAX])),
        &attribute(15, &u32s(&[300])),
        &attribute(10, &u32s(&[7])),
        &attribute(16, &u32s(&[0xff])),
    ];
    let dump = message(RULE, &payload.concat());
    let parsed = rules(&dump, ByteOrder::Little);
    assert_eq!(parsed.issues, []);
    let [rule] = parsed.value.try_into().unwrap();
    assert_eq!(
        (rule.priority, rule.table, rule.is_inverted),
        (100, 300, true)
    );
    assert_eq!(
        (rule.mark, rule.mark_mask, rule.suppressed_prefix_length),
        (Some(7), Some(0xff), None)
    );
    torture(&dump, |bytes, order| rules(bytes, order).value.len());
    let neighbor = |family: u8, state: u16, flags: u8, address: &[u8]| {
        let state = state.to_le_bytes();
        let payload = [
            &[family, 0, 0, 0, 4, 0, 0, 0, state[0], state[1], flags, 1][..],
            &attribute(1, address),
            &attribute(2, &[2, 0, 0, 0, 0, 1]),
        ];
        message(NEIGHBOR, &payload.concat())
    };
    let dump = [
        neighbor(2, 2, 0, &[192, 0, 2, 9]),
        neighbor(10, 0x80, 0x80, &[0x20; 16]),
        neighbor(7, 0x80, 0, &[]),
    ];
    let dump = dump.concat();
    let parsed = neighbors(&dump, ByteOrder::Little);
    assert_eq!(parsed.issues, []);
    let [first, second] = parsed.value.try_into().unwrap();
    assert_eq!(
        (first.state_name(), first.arp_flags()),
        (Some("REACHABLE"), 2)
    );
    assert_eq!(
        (second.state_name(), second.arp_flags(), second.is_router()),
        (Some("PERMANENT"), 6, true)
    );
    torture(&dump, |bytes, order| neighbors(bytes, order).value.len());
}
