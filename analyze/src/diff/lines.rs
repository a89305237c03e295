//! A difference as lines for people: what text, Markdown and HTML have in common.

use super::values::{listed, shown};
use super::{Change, Difference, Kind};
use crate::db::query::{Value, utc};

/// A difference for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// `+ - ~ * > ?`
    pub(super) sign: char,
    /// The difference in one line.
    pub(super) text: String,
    /// What is to be seen of it below that line.
    pub(super) below: Vec<String>,
}

impl Difference {
    /// The difference for people.
    pub(super) fn line(&self) -> Line {
        let sign = match self.kind {
            Kind::Added => '+',
            Kind::Removed => '-',
            Kind::Changed | Kind::Scaled => '~',
            Kind::Restarted => '*',
            Kind::Moved => '>',
            Kind::Unknown => '?',
        };
        let (text, below) = self.told();
        Line { sign, text, below }
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value<'static>> {
        let found = self.identity.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }

    /// A value that is not NULL.
    pub(super) fn set(&self, name: &str) -> Option<&Value<'static>> {
        self.value(name).filter(|value| **value != Value::Null)
    }

    /// A number, 0 where there is none.
    fn number(&self, name: &str) -> i64 {
        let number = self.value(name).and_then(Value::integer);
        number.unwrap_or_default()
    }

    fn shown(&self, name: &str) -> String {
        self.value(name).map(shown).unwrap_or_default()
    }

    fn change(&self, column: &str) -> Option<&Change> {
        self.changes.iter().find(|change| change.column == column)
    }

    /// The end of what is told by its name: which one of several.
    fn subject(&self) -> String {
        match (self.what, self.table) {
            _ if self.value("cmdline").is_some() => self.shown("cmdline"),
            ("environment variable", _) => self.shown("key"),
            ("limit", _) => format!("{} of {}", self.shown("type"), self.shown("name")),
            ("listener", _) => end(
                self.value("address"),
                self.value("port"),
                self.value("protocol"),
            ),
            ("upstream", _) => end(
                self.value("server_address"),
                self.value("server_port"),
                self.value("protocol"),
            ),
            ("translated flow", _) => format!(
                "{} to {}",
                end(
                    self.value("orig_dst"),
                    self.value("orig_dport"),
                    self.value("protocol")
                ),
                end(self.value("reply_src"), self.value("reply_sport"), None)
            ),
            ("kind of log line", _) => self.shown("template"),
            ("route", _) => {
                let part = |before: &str, name: &str| {
                    let value = self.set(name);
                    value.map(|value| format!("{before}{}", shown(value)))
                };
                let parts = [
                    part("", "destination"),
                    part("/", "netmask"),
                    part(" via ", "gateway"),
                    part(" dev ", "interface"),
                    part(" table ", "route_table"),
                    part(" metric ", "metric"),
                ];
                parts.into_iter().flatten().collect()
            }
            ("kernel event", _) => self.shown("message"),
            ("routing rule", _) if self.value("route_table").is_some() => self.rule(),
            ("login record" | "failed login" | "logged-in user", _) => {
                let part = |before: &str, name: &str| {
                    let value = self.set(name).filter(|value| value.bytes() != Some(b""));
                    value.map(|value| format!("{before}{}", shown(value)))
                };
                // Of `lastlog` only the number is known.
                let who = ["username", "user"]
                    .into_iter()
                    .find_map(|name| part("", name));
                let who = who.unwrap_or_else(|| "somebody".to_owned());
                let at = self.value("time_us").and_then(Value::integer);
                let at = at.map(|time| format!(" {}", utc(time.div_euclid(1_000_000))));
                let parts = [part(" on ", "tty"), part(" from ", "host"), at];
                format!("{who}{}", parts.into_iter().flatten().collect::<String>())
            }
            ("resolver setting", _) => {
                // Only of name servers there are several.
                let number = self.number("id");
                let which = if number > 0 {
                    format!(" {}", number.saturating_add(1))
                } else {
                    String::new()
                };
                let value = self
                    .value("address")
                    .map(|value| format!(" {}", shown(value)));
                format!("{}{which}{}", self.shown("type"), value.unwrap_or_default())
            }
            // Their name, and what must be told with it.
            ("user" | "group" | "mount", _) => {
                let mut columns = self.identity.iter();
                let name = columns.next().map(|(_, name)| shown(name));
                let more = columns.filter(|(_, value)| value.bytes() != Some(b""));
                let more = each_named(more).map(|more| format!(" {more}"));
                name.into_iter().chain(more).collect()
            }
            _ => named(&self.identity),
        }
    }

    /// A rule of routing, as `ip rule` writes it.
    fn rule(&self) -> String {
        let network = |address: &str, length: &str| {
            let address = self.set(address);
            address.map(|address| format!("{}/{}", shown(address), self.number(length)))
        };
        let source = network("source", "source_netmask").unwrap_or_else(|| "all".to_owned());
        let value = |name: &str| self.set(name).map(shown);
        let not = if self.number("inverted") == 0 {
            ""
        } else {
            "not "
        };
        let mut text = format!("{}: {not}from {source}", self.shown("priority"));
        for (word, value) in [
            ("to", network("destination", "destination_netmask")),
            ("fwmark", value("mark")),
            ("iif", value("incoming_interface")),
            ("oif", value("outgoing_interface")),
            ("ipproto", value("ip_protocol")),
            ("lookup", value("route_table")),
        ] {
            if let Some(value) = value {
                text = format!("{text} {word} {value}");
            }
        }
        match self.set("family").and_then(Value::bytes) {
            Some(b"inet6") => format!("{text} (inet6)"),
            _ => text,
        }
    }

    fn told(&self) -> (String, Vec<String>) {
        let [before, after] = self.counts;
        let subject = self.subject();
        let what = self.what;
        let below = || {
            self.changes
                .iter()
                .map(|change| format!("{}: {}", change.column, arrow(change)))
                .collect::<Vec<_>>()
        };
        // What a new service brings, and one that is gone took with it.
        let brought = self.changes.iter().map(|change| {
            let values = if self.kind == Kind::Added {
                &change.after
            } else {
                &change.before
            };
            format!("{} {}", change.column, listed(values))
        });
        let brought: Vec<String> = brought.collect();
        match (self.kind, what) {
            (Kind::Unknown, "secret") => (
                format!(
                    "whether secrets changed: they were replaced under different keys ({before} and {after} of them were met); captures \
                     with the same --case-key can be compared"
                ),
                Vec::new(),
            ),
            (Kind::Unknown, _) => {
                let when = if before == 0 { "before" } else { "after" };
                let count = before.max(after);
                (
                    format!(
                        "{} not known {when}: the source was not fully read ({subject}{})",
                        plural(count, what),
                        if count > 1 { ", ..." } else { "" }
                    ),
                    Vec::new(),
                )
            }
            (Kind::Restarted, _) if self.table == "processes" => {
                let at = self
                    .change("start_time")
                    .and_then(|change| change.after.iter().filter_map(Value::integer).max());
                let at = at.map(|at| format!(" {}", utc(at))).unwrap_or_default();
                let pids = self
                    .change("pid")
                    .map(|change| format!("  (pid {})", arrow(change)))
                    .unwrap_or_default();
                let some = match self.change("pid").map(|change| change.after.len()) {
                    Some(new) if usize::try_from(after).is_ok_and(|all| new < all && new < 8) => {
                        format!(" {new} of {after}")
                    }
                    _ => String::new(),
                };
                (format!("restarted{some}{at}: {subject}{pids}"), Vec::new())
            }
            (Kind::Restarted, _) => (format!("{what} {subject}: made anew"), below()),
            (Kind::Scaled, _) => (format!("scaled {before} -> {after}: {subject}"), Vec::new()),
            (Kind::Added, "service" | "session") => {
                (format!("new {what}: {subject}{}", number(after)), brought)
            }
            (Kind::Removed, "service" | "session") => {
                (format!("{what} gone: {subject}{}", number(before)), brought)
            }
            (Kind::Added | Kind::Removed, "kind of log line") => {
                let example = self
                    .change("example")
                    .and_then(|change| change.before.iter().chain(&change.after).next());
                let (word, count) = if self.kind == Kind::Added {
                    ("new", after)
                } else {
                    ("no more", before)
                };
                let example = example.map(|example| format!("for example: {}", shown(example)));
                (
                    format!("{word} kind of log line, {count} times: {subject}"),
                    example.into_iter().collect(),
                )
            }
            (Kind::Added, _) => (
                format!("new {what} {subject}{}{}", self.only(), number(after)),
                Vec::new(),
            ),
            (Kind::Removed, _) => (
                format!("{what} gone: {subject}{}{}", self.only(), number(before)),
                Vec::new(),
            ),
            (Kind::Moved, "upstream" | "listener") => {
                let [one, other] = [false, true].map(|is_after| {
                    let of = |name: &str| {
                        let changed = self.change(name);
                        let values = changed.map(|change| {
                            if is_after {
                                &change.after
                            } else {
                                &change.before
                            }
                        });
                        values
                            .and_then(|values| values.first())
                            .or_else(|| self.value(name))
                    };
                    let prefix = if what == "upstream" { "server_" } else { "" };
                    let [address, port] =
                        ["address", "port"].map(|name| of(&format!("{prefix}{name}")));
                    end(address, port, of("protocol"))
                });
                let how = if what == "upstream" {
                    "replaced by"
                } else {
                    "moved to"
                };
                (format!("{what} {one} {how} {other}"), Vec::new())
            }
            (Kind::Moved, _) => {
                let changes: Vec<String> = self
                    .changes
                    .iter()
                    .map(|change| match self.changes.len() {
                        1 => arrow(change),
                        _ => format!("{} {}", change.column, arrow(change)),
                    })
                    .collect();
                let text = if self.identity.len() == 1 {
                    format!("{what} moved: {}", changes.join(", "))
                } else {
                    format!("{what} moved: {subject}: {}", changes.join(", "))
                };
                (text, Vec::new())
            }
            (Kind::Changed, "executable") => match self.changes.as_slice() {
                [change, ..] if change.column.starts_with("executable_") => {
                    let size = self.change("executable_size");
                    let size = size.map(|change| format!(", {} bytes", arrow(change)));
                    let text = format!(
                        "executable replaced by another file of the same name: {subject}{}",
                        size.unwrap_or_default()
                    );
                    (text, Vec::new())
                }
                [change] if change.column == "on_disk" => {
                    let now = if change.after.contains(&Value::Integer(1)) {
                        "is there again"
                    } else {
                        "was replaced or removed, and the old one still runs"
                    };
                    (format!("executable {now}: {subject}"), Vec::new())
                }
                [change] => (format!("executable {}", arrow(change)), Vec::new()),
                _ => (format!("executable {subject}"), below()),
            },
            (Kind::Changed, "configuration file") => {
                let changes = self.change("content").map(super::configs::unified);
                (
                    format!("{what} {subject} changed"),
                    changes.unwrap_or_default(),
                )
            }
            (Kind::Changed, _) if self.identity.iter().any(|(name, _)| *name == "more") => {
                (format!("{} more differ", plural(before, what)), Vec::new())
            }
            (Kind::Changed, _) => match self.changes.as_slice() {
                [change] if self.identity.is_empty() => {
                    (format!("{what} {}", arrow(change)), Vec::new())
                }
                [change] if what == "resident memory" => {
                    let [before, after] = [&change.before, &change.after].map(|values| {
                        let bytes = values.first().and_then(Value::integer);
                        size(bytes.unwrap_or(0))
                    });
                    (format!("{what} {before} -> {after}: {subject}"), Vec::new())
                }
                [change]
                    if matches!(
                        change.column,
                        "value" | "current_value" | "count" | "soft_limit" | "name"
                    ) =>
                {
                    (format!("{what} {subject}: {}", arrow(change)), Vec::new())
                }
                [change] => (
                    format!("{what} {subject}: {} {}", change.column, arrow(change)),
                    Vec::new(),
                ),
                _ => (format!("{what} {subject}"), below()),
            },
        }
    }

    /// The value of what is new or gone, where it has one.
    fn only(&self) -> String {
        match self.changes.as_slice() {
            [change] if change.column == "value" => {
                let values = if self.kind == Kind::Added {
                    &change.after
                } else {
                    &change.before
                };
                format!("={}", listed(values))
            }
            _ => String::new(),
        }
    }
}

/// An address and a port, of which one may be unknown.
fn end(
    address: Option<&Value<'_>>,
    port: Option<&Value<'_>>,
    protocol: Option<&Value<'_>>,
) -> String {
    let address = address.map(shown).unwrap_or_default();
    let address = if address.contains(':') {
        format!("[{address}]")
    } else {
        address
    };
    let port = match port {
        None | Some(Value::Null) => String::new(),
        Some(port) => format!(":{}", shown(port)),
    };
    let protocol = match protocol {
        None | Some(Value::Null) => String::new(),
        Some(protocol) if protocol.bytes() == Some(b"tcp") => String::new(),
        Some(protocol) => format!(" ({})", shown(protocol)),
    };
    format!("{address}{port}{protocol}")
}

/// Columns with their names; of a single one the value says enough.
fn named(identity: &[(&'static str, Value<'static>)]) -> String {
    let mut set = identity.iter().filter(|(_, value)| *value != Value::Null);
    match (set.next(), set.next()) {
        (Some((_, value)), None) => shown(value),
        _ => each_named(identity.iter()).unwrap_or_default(),
    }
}

/// Columns with their names, those that are NULL left out, if there are others.
fn each_named<'a>(
    columns: impl Iterator<Item = &'a (&'static str, Value<'static>)>,
) -> Option<String> {
    let set = columns.filter(|(_, value)| *value != Value::Null);
    let named: Vec<String> = set
        .map(|(name, value)| format!("{name}={}", shown(value)))
        .collect();
    (!named.is_empty()).then(|| named.join(" "))
}

fn arrow(change: &Change) -> String {
    format!("{} -> {}", listed(&change.before), listed(&change.after))
}

/// Bytes as people write them.
fn size(bytes: i64) -> String {
    let mut rest = bytes.max(0);
    let mut tenths = 0;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if rest < 1000 {
            return match (unit, rest) {
                ("bytes", _) | (_, 100..) => format!("{rest} {unit}"),
                _ => format!("{rest}.{tenths} {unit}"),
            };
        }
        tenths = rest % 1000 / 100;
        rest /= 1000;
    }
    format!("{rest}.{tenths} TB")
}

/// How many, where that is not one.
fn number(count: i64) -> String {
    match count {
        0 | 1 => String::new(),
        count => format!("  ({count} of them)"),
    }
}

/// So many of something.
pub(super) fn plural(count: i64, what: &str) -> String {
    let ending = match what {
        "process" | "address" if count != 1 => "es".to_owned(),
        _ if count == 1 || what.ends_with('s') || what.ends_with("ory") && what != "history" => {
            String::new()
        }
        _ if what.ends_with("ry") => return format!("{count} {}ies", what.trim_end_matches('y')),
        "kind of log line" => return format!("{count} kinds of log lines"),
        _ => "s".to_owned(),
    };
    format!("{count} {what}{ending}")
}
