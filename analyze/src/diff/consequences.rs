//! What changes by itself when something else is set: it is told once, as what was set.

use std::collections::HashSet;
use std::net::Ipv6Addr;

use schema::tables::SystemControl;
use schema::{Row as _, TableDef};

use crate::db::query::Value;

/// Settings that the kernel sets with another one: who forwards is a router, for which other defaults hold
/// (`ip_forward` in the kernel's ip-sysctl).
const SET_WITH: [(&str, &str); 3] = [
    ("net.ipv4.conf.all.accept_redirects", "net.ipv4.ip_forward"),
    ("net.ipv4.conf.all.forwarding", "net.ipv4.ip_forward"),
    ("net.ipv4.conf.default.forwarding", "net.ipv4.ip_forward"),
];

/// Settings of which only one holds: when it is set, the other one is 0 (`dirty_bytes`, `overcommit_kbytes` in the kernel's
/// admin-guide/sysctl/vm).
const ONE_OF_TWO: [(&str, &str); 3] = [
    ("vm.dirty_background_bytes", "vm.dirty_background_ratio"),
    ("vm.dirty_bytes", "vm.dirty_ratio"),
    ("vm.overcommit_kbytes", "vm.overcommit_ratio"),
];

/// The names of the settings among what differs.
#[derive(Debug, Default)]
pub(super) struct Settings(HashSet<Vec<u8>>);

impl Settings {
    /// Takes the names where the table is that of the settings.
    pub(super) fn of<'a>(
        table: &TableDef,
        identities: impl Iterator<Item = &'a [Value<'static>]>,
    ) -> Self {
        if table.name != SystemControl::TABLE.name {
            return Settings::default();
        }
        let names = identities.filter_map(|identity| identity.first()?.bytes());
        Settings(names.map(<[u8]>::to_vec).collect())
    }

    /// Whether a setting has its new value because another one was set.
    pub(super) fn explain(&self, name: &[u8], after: &[Value<'static>]) -> bool {
        let is_set = |other: &str| self.0.contains(other.as_bytes());
        let is = |known: &str| known.as_bytes() == name;
        let is_zero = after.iter().all(|value| value.bytes() == Some(b"0"));
        SET_WITH.iter().any(|(own, other)| is(own) && is_set(other))
            || ONE_OF_TWO.iter().any(|(one, other)| {
                is_zero && (is(one) && is_set(other) || is(other) && is_set(one))
            })
    }
}

/// Whether an address is one that the kernel gives each interface that is up (RFC 4291, 2.5.6).
pub(super) fn is_link_local(address: &[u8]) -> bool {
    let text = std::str::from_utf8(address).unwrap_or_default();
    text.parse()
        .is_ok_and(|address: Ipv6Addr| address.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::values;

    #[test]
    fn what_was_set_is_told_and_not_what_follows() {
        let settings = |names: &[&str]| {
            let rows = names
                .iter()
                .map(|name| vec![values::text(name.as_bytes().to_vec())]);
            let rows: Vec<_> = rows.collect();
            Settings::of(&SystemControl::TABLE, rows.iter().map(Vec::as_slice))
        };
        let explained = |names: &[&str], name: &str, after: &str| {
            let after = [values::text(after.as_bytes().to_vec())];
            settings(names).explain(name.as_bytes(), &after)
        };
        let forwarding = ["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"];
        assert!(explained(&forwarding, "net.ipv4.conf.all.forwarding", "1"));
        assert!(!explained(&forwarding, "net.ipv4.ip_forward", "1"));
        assert!(!explained(
            &forwarding[1..],
            "net.ipv4.conf.all.forwarding",
            "1"
        ));
        // Whichever is set, the other one is 0.
        let dirty = ["vm.dirty_bytes", "vm.dirty_ratio"];
        assert!(explained(&dirty, "vm.dirty_ratio", "0"));
        assert!(!explained(&dirty, "vm.dirty_bytes", "1048576"));
        assert!(explained(&dirty, "vm.dirty_bytes", "0"));
        assert!(!explained(&dirty[1..], "vm.dirty_ratio", "0"));
        // Names of another table are none of settings.
        let row = [values::text(b"net.ipv4.ip_forward".to_vec())];
        let other = Settings::of(&schema::tables::User::TABLE, [&row[..]].into_iter());
        assert!(!other.explain(b"net.ipv4.conf.all.forwarding", &[]));
    }

    #[test]
    fn addresses_that_the_kernel_gives() {
        assert!(is_link_local(b"fe80::1"));
        for other in ["fd00::1", "169.254.0.1", "2001:db8::1", "", "fe80::1%eth0"] {
            assert!(!is_link_local(other.as_bytes()), "{other}");
        }
    }
}
