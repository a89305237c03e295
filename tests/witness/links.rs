//! Interfaces, addresses, routes of all tables, rules and neighbours: `ip`, against their tables.

use std::path::Path;

use serde_json::Value;

use super::facts::{Facts, text};
use crate::common::namespace::{in_network_of, network_of};
use crate::common::succeed;

/// What belongs to the interfaces of the network namespaces.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Interfaces, addresses, routes, rules and neighbours.
    pub(crate) facts: Facts,
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
            for link in ask(&["-s", "-d", "link"]) {
                links.link(namespace, &link);
            }
            for link in ask(&["addr"]) {
                links.addresses(namespace, &link);
            }
            for (family, flag) in [("inet", "-4"), ("inet6", "-6")] {
                for route in ask(&[flag, "-d", "route", "show", "table", "all"]) {
                    links.route(namespace, family, &route);
                }
                for rule in ask(&[flag, "rule"]) {
                    links.rule(namespace, family, &rule);
                }
                for (neighbor, proxy) in [
                    (ask(&[flag, "neigh", "show", "nud", "all"]), false),
                    (ask(&[flag, "neigh", "show", "proxy"]), true),
                ] {
                    for neighbor in neighbor {
                        links.neighbor(namespace, &neighbor, proxy);
                    }
                }
            }
        }
        links
    }

    fn link(&mut self, namespace: u64, link: &Value) {
        let interface = format!("{namespace} interface {}", text(&link["ifname"]));
        for (field, name) in [
            ("interface_index", "ifindex"),
            ("mac", "address"),
            ("mtu", "mtu"),
            ("peer_namespace_id", "link_netnsid"),
            ("alias", "ifalias"),
        ] {
            if let Some(value) = link.get(name) {
                self.facts.add(&interface, field, text(value));
            }
        }
        let state = text(&link["operstate"]).to_lowercase();
        self.facts.add(&interface, "state", state);
        if let Some(kind) = link["linkinfo"].get("info_kind") {
            self.facts.add(&interface, "kind", text(kind));
        }
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
            self.facts.add(&subject, "interface", text(&link["ifname"]));
            for (field, name) in [
                ("prefix_length", "prefixlen"),
                ("scope", "scope"),
                ("label", "label"),
                ("broadcast", "broadcast"),
                ("peer", "address"),
            ] {
                if let Some(value) = address.get(name) {
                    self.facts.add(&subject, field, text(value));
                }
            }
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
        let alone = vec![route.clone()];
        let hops = route["nexthops"].as_array().unwrap_or(&alone);
        for hop in hops {
            let word = |value: &Value| value.as_str().map(str::to_owned);
            let subject = format!(
                "{namespace} {} route {family} {} via {} dev {} metric {}",
                text(&route["table"]),
                prefix(&route["dst"]),
                word(&hop["gateway"]).unwrap_or("-".to_owned()),
                word(&hop["dev"]).unwrap_or("*".to_owned()),
                route["metric"].as_u64().unwrap_or(0)
            );
            for name in ["type", "protocol", "scope", "prefsrc"] {
                if let Some(value) = route.get(name) {
                    self.facts.add(&subject, name, text(value));
                }
            }
            if let Some(weight) = hop.get("weight") {
                self.facts.add(&subject, "weight", weight);
            }
            if let Some(source) = route.get("from") {
                self.facts.add(&subject, "from", prefix(source));
            }
        }
    }

    fn rule(&mut self, namespace: u64, family: &str, rule: &Value) {
        let subject = format!("{namespace} rule {family} {}", rule["priority"]);
        let number = |name: &str| -> Option<u64> {
            let shown = rule.get(name)?.as_str()?;
            match shown.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16).ok(),
                None => shown.parse().ok(),
            }
        };
        for (field, name) in [
            ("route_table", "table"),
            ("incoming", "iif"),
            ("outgoing", "oif"),
            ("goto", "goto"),
        ] {
            if let Some(value) = rule.get(name) {
                self.facts.add(&subject, field, text(value));
            }
        }
        for (field, name, length) in [
            ("source", "src", "srclen"),
            ("destination", "dst", "dstlen"),
        ] {
            let full = if family == "inet" { 32 } else { 128 };
            if let Some(address) = rule.get(name).and_then(Value::as_str)
                && address != "all"
            {
                let length = rule.get(length).and_then(Value::as_u64).unwrap_or(full);
                self.facts
                    .add(&subject, field, format!("{address}/{length}"));
            }
        }
        for (field, name) in [("mark", "fwmark"), ("mark_mask", "fwmask")] {
            if let Some(value) = number(name) {
                self.facts.add(&subject, field, value);
            }
        }
        let inverted = u8::from(rule.get("not").is_some());
        self.facts.add(&subject, "inverted", inverted);
    }

    fn neighbor(&mut self, namespace: u64, neighbor: &Value, proxy: bool) {
        let states: Vec<_> = neighbor["state"]
            .as_array()
            .into_iter()
            .flatten()
            .map(text)
            .collect();
        let has = |state: &str| states.iter().any(|found| found == state);
        let subject = format!(
            "{namespace} neighbor {} dev {}{}",
            text(&neighbor["dst"]),
            text(&neighbor["dev"]),
            if proxy { " proxy" } else { "" }
        );
        if let Some(mac) = neighbor["lladdr"].as_str() {
            self.facts.add(&subject, "mac", mac);
        }
        let permanent = has("PERMANENT") || proxy;
        self.facts.add(&subject, "permanent", u8::from(permanent));
        for state in states.iter().filter(|_| !proxy) {
            self.facts.add(&subject, "state", state);
        }
    }

    pub(crate) fn stored(database: &Path) -> Links {
        let parts = [
            "SELECT net_namespace || ' interface ' || interface AS subject, interface_index, mac, mtu, peer_namespace_id, alias,
               state, kind FROM interface_details",
            "SELECT net_namespace || ' address ' || address AS subject, family, interface, prefix_length, scope, label, broadcast,
               peer FROM interface_addresses",
            "SELECT net_namespace || ' ' || route_table || ' route ' || family || ' ' || destination || '/' || netmask || ' via '
               || coalesce(gateway, '-') || ' dev ' || coalesce(interface, '*') || ' metric ' || metric AS subject, type, protocol,
               scope, preferred_source AS prefsrc, weight, source || '/' || source_netmask AS \"from\"
             FROM routes",
            "SELECT net_namespace || ' rule ' || family || ' ' || priority AS subject, route_table, incoming_interface AS incoming,
               outgoing_interface AS outgoing, goto_priority AS goto, source || '/' || source_netmask AS source,
               destination || '/' || destination_netmask AS destination, mark,
               iif(mark_mask = 4294967295, NULL, mark_mask) AS mark_mask, inverted
             FROM routing_rules",
            "SELECT net_namespace || ' neighbor ' || address || ' dev ' || interface || iif(proxy, ' proxy', '') AS subject, mac,
               (flags & 4) > 0 AS permanent, state FROM neighbors",
        ];
        let facts = parts.iter().flat_map(|sql| Facts::query(database, sql).0);
        Links {
            facts: Facts(facts.collect()),
            counters: Facts::query(
                database,
                "SELECT net_namespace || ' interface ' || interface AS subject, ipackets, ibytes, ierrors, idrops,
                   opackets, obytes, oerrors, odrops, collisions FROM interface_details",
            ),
        }
    }
}
