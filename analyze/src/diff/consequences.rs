//! What changes by itself when something else is set: it is told once, as what was set.

use std::collections::HashSet;
use std::net::Ipv6Addr;

use schema::tables::SystemControl;
use schema::{Row as _, TableDef};

use super::Change;
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

/// Settings that the kernel computes from the memory that it finds free when it boots, which is never quite the same.
const OF_MEMORY: [&str; 15] = [
    "fs.epoll.max_user_watches",
    "fs.file-max",
    "fs.inotify.max_user_watches",
    "kernel.threads-max",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_mem",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.udp_mem",
    "net.netfilter.nf_conntrack_buckets",
    "net.netfilter.nf_conntrack_max",
    "user.max_inotify_watches",
    "user.max_user_namespaces",
    "vm.min_free_kbytes",
];
/// Such values are equal where they differ by less than this part of them: who sets one sets another number.
const PART: u64 = 50;

/// The settings among what differs.
#[derive(Debug, Default)]
pub(super) struct Settings {
    names: HashSet<Vec<u8>>,
    same_boot: bool,
}

impl Settings {
    /// Takes the names where the table is that of the settings.
    pub(super) fn of<'a>(
        table: &TableDef,
        identities: impl Iterator<Item = &'a [Value<'static>]>,
        same_boot: bool,
    ) -> Self {
        if table.name != SystemControl::TABLE.name {
            return Settings::default();
        }
        let names = identities.filter_map(|identity| identity.first()?.bytes());
        Settings {
            names: names.map(<[u8]>::to_vec).collect(),
            same_boot,
        }
    }

    /// Whether a setting has its new value because another one was set, or the host was booted.
    pub(super) fn explain(&self, name: &[u8], change: &Change) -> bool {
        let Change { before, after, .. } = change;
        let is_set = |other: &str| self.names.contains(other.as_bytes());
        let is = |known: &str| known.as_bytes() == name;
        let is_zero = after.iter().all(|value| value.bytes() == Some(b"0"));
        if !self.same_boot && OF_MEMORY.iter().any(|known| is(known)) {
            return are_near(before, after);
        }
        SET_WITH.iter().any(|(own, other)| is(own) && is_set(other))
            || ONE_OF_TWO.iter().any(|(one, other)| {
                is_zero && (is(one) && is_set(other) || is(other) && is_set(one))
            })
    }
}

/// Whether two lists of numbers differ by no more than the memory that was free at two boots.
fn are_near(before: &[Value<'static>], after: &[Value<'static>]) -> bool {
    let numbers = |values: &[Value<'static>]| -> Option<Vec<u64>> {
        let [value] = values else {
            return None;
        };
        let text = std::str::from_utf8(value.bytes()?).ok()?;
        text.split_whitespace()
            .map(|number| number.parse().ok())
            .collect()
    };
    let (Some(before), Some(after)) = (numbers(before), numbers(after)) else {
        return false;
    };
    let is_near = |(one, other): (&u64, &u64)| {
        one.abs_diff(*other)
            .checked_mul(PART)
            .is_some_and(|difference| difference <= *one.max(other))
    };
    before.len() == after.len() && before.iter().zip(&after).all(is_near)
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

    fn change(before: &str, after: &str) -> Change {
        let value = |text: &str| vec![values::text(text.as_bytes().to_vec())];
        Change {
            column: "current_value",
            before: value(before),
            after: value(after),
        }
    }

    #[test]
    fn what_was_set_is_told_and_not_what_follows() {
        let settings = |names: &[&str]| {
            let rows = names
                .iter()
                .map(|name| vec![values::text(name.as_bytes().to_vec())]);
            let rows: Vec<_> = rows.collect();
            Settings::of(&SystemControl::TABLE, rows.iter().map(Vec::as_slice), true)
        };
        let explained = |names: &[&str], name: &str, after: &str| {
            settings(names).explain(name.as_bytes(), &change("1", after))
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
        let other = Settings::of(&schema::tables::User::TABLE, [&row[..]].into_iter(), true);
        assert!(!other.explain(b"net.ipv4.conf.all.forwarding", &change("0", "1")));
    }

    #[test]
    fn what_a_boot_computes_anew() {
        let explained = |same_boot, name: &str, before, after| {
            let row = [values::text(name.as_bytes().to_vec())];
            let settings = Settings::of(&SystemControl::TABLE, [&row[..]].into_iter(), same_boot);
            settings.explain(name.as_bytes(), &change(before, after))
        };
        // As two boots of one virtual machine had it.
        assert!(explained(false, "fs.file-max", "46481", "46490"));
        assert!(explained(
            false,
            "net.ipv4.tcp_mem",
            "5800\t7734\t11600",
            "5802\t7736\t11604"
        ));
        for (same_boot, name, before, after) in [
            (true, "fs.file-max", "46481", "46490"),
            (false, "fs.file-max", "46481", "100000"),
            (false, "net.core.somaxconn", "4096", "4100"),
            (false, "net.ipv4.tcp_mem", "5800\t7734\t11600", "5800\t7734"),
            (false, "fs.file-max", "46481", "18446744073709551615"),
            (false, "fs.file-max", "46481", "many"),
        ] {
            assert!(!explained(same_boot, name, before, after), "{name} {after}");
        }
    }

    #[test]
    fn addresses_that_the_kernel_gives() {
        assert!(is_link_local(b"fe80::1"));
        for other in ["fd00::1", "169.254.0.1", "2001:db8::1", "", "fe80::1%eth0"] {
            assert!(!is_link_local(other.as_bytes()), "{other}");
        }
    }
}
