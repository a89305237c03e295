//! Tracked connections: `conntrack -L`, against the table of them.

use std::path::Path;

use super::facts::Facts;
use crate::common::namespace::{in_network_of, network_of};
use crate::common::succeed;

/// Entries of the network namespaces.
#[derive(Debug, Default)]
pub(crate) struct Tracked {
    pub(crate) entries: Facts,
    pub(crate) counters: Facts,
}

impl Tracked {
    pub(crate) fn witnessed(namespaces: &[u32]) -> Tracked {
        let mut tracked = Tracked::default();
        for pid in namespaces {
            for family in ["ipv4", "ipv6"] {
                let mut command = in_network_of(*pid, "conntrack");
                command.args(["-L", "-o", "extended,id", "-f", family]);
                let shown = succeed(&mut command, &[0]);
                for line in String::from_utf8_lossy(&shown).lines() {
                    tracked.line(network_of(*pid), line);
                }
            }
        }
        tracked
    }

    /// `ipv4 2 tcp 6 599 ESTABLISHED src=... dst=... [UNREPLIED] src=... dst=... [ASSURED] mark=0 use=1`.
    fn line(&mut self, namespace: u64, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        let family = if words[0] == "ipv4" { "inet" } else { "inet6" };
        let values = |key: &str| -> Vec<&str> {
            words
                .iter()
                .filter_map(|word| word.strip_prefix(key)?.strip_prefix('='))
                .collect()
        };
        // That of one direction, where both or none have it.
        let of = |key: &str, direction: usize| values(key).get(direction).copied();
        let (src, dst) = (values("src"), values("dst"));
        let ports = [
            of("sport", 0),
            of("dport", 0),
            of("sport", 1),
            of("dport", 1),
        ];
        // The table's zone is that of the one direction that has one, where not both do.
        let zone = ["zone", "zone-orig", "zone-reply"]
            .iter()
            .find_map(|key| of(key, 0))
            .unwrap_or("0");
        // Unknown protocols have no ports to tell them apart: their number does.
        let port = |port: Option<&str>| port.unwrap_or("-").to_owned();
        // Those of ICMP come first, that of the entry last.
        let ids = values("id");
        let kind = match ids.as_slice() {
            [icmp, _, ..] => format!(" id {icmp}"),
            _ => String::new(),
        };
        let entry = format!(
            "{namespace} {family} {} {} {} {} {} zone {zone}{kind}",
            words[3],
            src[0],
            port(ports[0]),
            dst[0],
            port(ports[1])
        );
        let facts = &mut self.entries;
        // `conntrack` knows a name for some that the kernel's own list calls unknown.
        if !matches!(words[2], "dccp" | "unknown") {
            facts.add(&entry, "protocol", words[2]);
        }
        if !words[5].contains('=') {
            facts.add(&entry, "state", words[5]);
        }
        facts.add(&entry, "id", ids.last().expect("every entry has one"));
        facts.add(&entry, "reply_src", src[1]);
        facts.add(&entry, "reply_dst", dst[1]);
        for (field, value) in [
            ("reply_sport", ports[2]),
            ("reply_dport", ports[3]),
            ("icmp_type", of("type", 0)),
            ("icmp_code", of("code", 0)),
            ("mark", of("mark", 0)),
            ("orig_zone", of("zone-orig", 0)),
            ("reply_zone", of("zone-reply", 0)),
        ] {
            if let Some(value) = value {
                facts.add(&entry, field, value);
            }
        }
        for (field, key, direction) in [
            ("orig_src_key", "srckey", 0),
            ("orig_dst_key", "dstkey", 0),
            ("reply_src_key", "srckey", 1),
            ("reply_dst_key", "dstkey", 1),
        ] {
            let digits = of(key, direction).and_then(|value| value.strip_prefix("0x"));
            if let Some(digits) = digits {
                facts.add(&entry, field, u32::from_str_radix(digits, 16).expect("hex"));
            }
        }
        for (field, flag) in [("assured", "[ASSURED]"), ("unreplied", "[UNREPLIED]")] {
            facts.add(&entry, field, u8::from(words.contains(&flag)));
        }
        let offloaded = words.contains(&"[OFFLOAD]") || words.contains(&"[HW_OFFLOAD]");
        facts.add(&entry, "offload", u8::from(offloaded));
        let destination = src[1] != dst[0] || ports[2] != ports[1];
        let source = dst[1] != src[0] || ports[3] != ports[0];
        match (source, destination) {
            (true, true) => facts.add(&entry, "nat", "both"),
            (true, false) => facts.add(&entry, "nat", "snat"),
            (false, true) => facts.add(&entry, "nat", "dnat"),
            (false, false) => {}
        }
        for (direction, name) in ["orig", "reply"].iter().enumerate() {
            for unit in ["packets", "bytes"] {
                if let Some(value) = of(unit, direction) {
                    self.counters.add(&entry, &format!("{name}_{unit}"), value);
                }
            }
        }
    }

    pub(crate) fn stored(database: &Path) -> Tracked {
        let name = "net_namespace || ' ' || family || ' ' || protocol_number || ' ' || orig_src || ' '
            || coalesce(orig_sport, '-') || ' ' || orig_dst || ' ' || coalesce(orig_dport, '-') || ' zone ' || zone
            || coalesce(' id ' || icmp_id, '') AS subject";
        Tracked {
            entries: Facts::query(
                database,
                &format!(
                    "SELECT {name}, iif(protocol IN ('dccp', 'unknown'), NULL, protocol) AS protocol, state, id, reply_src, reply_dst,
                       reply_sport, reply_dport, icmp_type, icmp_code, mark, assured, unreplied, offload, nat,
                       orig_zone, reply_zone, orig_src_key, orig_dst_key, reply_src_key, reply_dst_key
                     FROM conntrack"
                ),
            ),
            counters: Facts::query(
                database,
                &format!("SELECT {name}, orig_packets, orig_bytes, reply_packets, reply_bytes FROM conntrack"),
            ),
        }
    }
}
