//! Interfaces, addresses, routes and neighbours: `ip`, against their tables.

use std::path::Path;

use serde_json::Value;

use super::facts::{Facts, text};
use crate::common::namespace::{in_network_of, network_of};
use crate::common::succeed;

/// What belongs to the interfaces of the network namespaces.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Interfaces, addresses, routes and neighbours.
    pub(crate) facts: Facts,
    /// What `/proc` does not tell of every IPv4 address: where it does, it must be right.
    pub(crate) inferred: Facts,
    /// Counters of interfaces.
    pub(crate) counters: Facts,
}

impl Links {
    pub(crate) fn witnessed(namespaces: &[u32]) -> Links {
        let mut links = Links::default();
        for pid in namespaces {
            let namespace = network_of(*pid);
            let ask = |arguments: &[&str]| -> Vec<Value> {
                let mut command = in_network_of(*pid, "ip");
                let shown = succeed(command.arg("-j").args(arguments), &[0]);
                serde_json::from_slice(&shown).unwrap_or_default()
            };
            for link in ask(&["-s", "link"]) {
                links.link(namespace, &link);
            }
            for link in ask(&["addr"]) {
                links.addresses(namespace, &link);
            }
            for route in ask(&["-4", "route", "show", "table", "main"]) {
                links.route(namespace, "inet", &route);
            }
            for route in ask(&["-6", "route", "show", "table", "all"]) {
                links.route(namespace, "inet6", &route);
            }
            for (neighbor, proxy) in [
                (ask(&["-4", "neigh"]), false),
                (ask(&["-4", "neigh", "show", "proxy"]), true),
            ] {
                for neighbor in neighbor {
                    links.neighbor(namespace, &neighbor, proxy);
                }
            }
        }
        links
    }

    fn link(&mut self, namespace: u64, link: &Value) {
        let interface = format!("{namespace} interface {}", text(&link["ifname"]));
        self.facts.add(&interface, "is", "there");
        for (field, direction, name) in [
            ("ipackets", "rx", "packets"),
            ("ibytes", "rx", "bytes"),
            ("ierrors", "rx", "errors"),
            ("idrops", "rx", "dropped"),
            ("opackets", "tx", "packets"),
            ("obytes", "tx", "bytes"),
            ("oerrors", "tx", "errors"),
            ("odrops", "tx", "dropped"),
            ("collisions", "tx", "collisions"),
        ] {
            self.counters
                .add(&interface, field, &link["stats64"][direction][name]);
        }
    }

    fn addresses(&mut self, namespace: u64, link: &Value) {
        for address in link["addr_info"].as_array().into_iter().flatten() {
            let subject = format!("{namespace} address {}", text(&address["local"]));
            self.facts.add(&subject, "family", text(&address["family"]));
            let told = if address["family"] == "inet" {
                &mut self.inferred
            } else {
                &mut self.facts
            };
            told.add(&subject, "interface", text(&link["ifname"]));
            told.add(&subject, "prefix_length", &address["prefixlen"]);
            told.add(&subject, "scope", text(&address["scope"]));
        }
    }

    fn route(&mut self, namespace: u64, family: &str, route: &Value) {
        let (every, bits) = if family == "inet" {
            ("0.0.0.0", "32")
        } else {
            ("::", "128")
        };
        let prefix = |shown: &Value| {
            let shown = shown.as_str().unwrap_or("default");
            let (address, length) = match shown {
                "default" => (every, "0"),
                other => other.split_once('/').unwrap_or((other, bits)),
            };
            format!("{address}/{length}")
        };
        // One row for each next hop of IPv6; of IPv4 `/proc` shows the first alone.
        let alone = vec![route.clone()];
        let hops = route["nexthops"].as_array().unwrap_or(&alone);
        let shown = if family == "inet" { 1 } else { hops.len() };
        for hop in hops.iter().take(shown) {
            let word = |value: &Value| value.as_str().map(str::to_owned);
            let subject = format!(
                "{namespace} route {family} {} via {} dev {} metric {}",
                prefix(&route["dst"]),
                word(&hop["gateway"]).unwrap_or("-".to_owned()),
                word(&hop["dev"]).unwrap_or("*".to_owned()),
                route["metric"].as_u64().unwrap_or(0)
            );
            self.facts.add(&subject, "is", "there");
            if family == "inet6" {
                // The table has the address of the source, not its length.
                let source = route.get("from").and_then(Value::as_str).unwrap_or("-");
                let source = source.split('/').next().expect("a part");
                self.facts.add(&subject, "from", source);
            }
        }
    }

    fn neighbor(&mut self, namespace: u64, neighbor: &Value, proxy: bool) {
        let states: Vec<_> = neighbor["state"]
            .as_array()
            .into_iter()
            .flatten()
            .map(text)
            .collect();
        let has = |state: &str| states.iter().any(|found| found == state);
        // An entry without an address is not resolved: `/proc` shows zeros.
        let resolved = neighbor["lladdr"].as_str();
        let subject = format!(
            "{namespace} neighbor {} dev {}",
            text(&neighbor["dst"]),
            text(&neighbor["dev"])
        );
        let permanent = has("PERMANENT") || proxy;
        self.facts
            .add(&subject, "mac", resolved.unwrap_or("00:00:00:00:00:00"));
        self.facts.add(&subject, "permanent", u8::from(permanent));
        self.facts.add(&subject, "published", u8::from(proxy));
    }

    pub(crate) fn stored(database: &Path) -> Links {
        let parts = [
            "SELECT net_namespace || ' interface ' || interface AS subject, 'there' AS \"is\" FROM interface_details",
            "SELECT net_namespace || ' address ' || address AS subject, family FROM interface_addresses",
            "SELECT net_namespace || ' address ' || address AS subject, interface, prefix_length, scope
             FROM interface_addresses WHERE family = 'inet6'",
            // The entry that says that there is no route, which `ip` leaves out, is none.
            "SELECT net_namespace || ' route ' || family || ' ' || destination || '/' || netmask || ' via '
               || coalesce(gateway, '-') || ' dev ' || interface || ' metric ' || metric AS subject, 'there' AS \"is\",
               CASE family WHEN 'inet6' THEN coalesce(source, '-') END AS \"from\"
             FROM routes WHERE NOT (metric = 4294967295 AND family = 'inet6')",
            "SELECT net_namespace || ' neighbor ' || address || ' dev ' || interface AS subject, mac,
               (flags & 4) > 0 AS permanent, (flags & 8) > 0 AS published FROM neighbors WHERE family = 'inet'",
        ];
        let facts = parts.iter().flat_map(|sql| Facts::query(database, sql).0);
        Links {
            facts: Facts(facts.collect()),
            inferred: Facts::query(
                database,
                "SELECT net_namespace || ' address ' || address AS subject, interface, prefix_length, scope
                 FROM interface_addresses WHERE family = 'inet'",
            ),
            counters: Facts::query(
                database,
                "SELECT net_namespace || ' interface ' || interface AS subject, ipackets, ibytes, ierrors, idrops,
                   opackets, obytes, oerrors, odrops, collisions FROM interface_details",
            ),
        }
    }
}
