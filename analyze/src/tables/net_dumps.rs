//! What the tables of the network share: which files of `/proc` a netlink dump has told already, and what the interfaces are called
//! whose numbers the dumps have.

use std::collections::{HashMap, HashSet};

use schema::{Outcome, Source, Text, member, source};

use crate::extract::{Facts, File};
use crate::parse::rtnetlink;

/// A file that is kept until it is known whether it is needed.
pub(super) struct Kept {
    path: Vec<u8>,
    member: String,
    source: Source,
    pid: Option<u32>,
    net_namespace: Option<u64>,
    part: u32,
    content: Vec<u8>,
}

impl Kept {
    fn of(file: &File<'_>) -> Self {
        Kept {
            path: file.path.to_vec(),
            member: file.member.to_owned(),
            source: file.source,
            pid: file.pid,
            net_namespace: file.net_namespace,
            part: file.part,
            content: file.content.to_vec(),
        }
    }

    /// The file.
    pub(super) fn file(&self) -> File<'_> {
        File {
            path: &self.path,
            member: &self.member,
            source: self.source,
            pid: self.pid,
            net_namespace: self.net_namespace,
            part: self.part,
            content: &self.content,
        }
    }
}

/// Whether a file of a network namespace gives rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the only witness.
    Alone,
    /// A dump has told the same.
    Told,
    /// The dump is in the bundle and has not come yet: the file is kept.
    Waits,
}

/// Which dumps were seen.
#[derive(Default)]
pub(super) struct Dumps {
    seen: HashSet<(Option<u64>, &'static str)>,
    waiting: Vec<Kept>,
}

impl Dumps {
    /// Takes note of a dump.
    pub(super) fn saw(&mut self, file: &File<'_>) {
        if let Source::NetDump(name) = file.source {
            self.seen.insert((file.net_namespace, name));
        }
    }

    /// Whether a file gives rows. Members of a bundle come in the order in which they were taken, and dumps before files; but a
    /// damaged one may have lost what its log promises.
    pub(super) fn judge(&mut self, file: &File<'_>, facts: &Facts) -> Verdict {
        let net_namespace = facts.net_namespace(file);
        let Some((inode, name)) = net_namespace.zip(dump_that_tells(file.source)) else {
            return Verdict::Alone;
        };
        if self.seen.contains(&(net_namespace, name)) {
            return Verdict::Told;
        }
        let fact = facts.files.get(member::dump(inode, name).as_bytes());
        let is_promised = fact
            .is_some_and(|fact| matches!(fact.outcome, Outcome::Collected | Outcome::Truncated));
        if is_promised {
            self.waiting.push(Kept::of(file));
            Verdict::Waits
        } else {
            Verdict::Alone
        }
    }

    /// The files that no dump has told after all.
    pub(super) fn alone(&mut self, facts: &Facts) -> Vec<Kept> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|kept| {
            let file = kept.file();
            dump_that_tells(file.source)
                .is_none_or(|name| !self.seen.contains(&(facts.net_namespace(&file), name)))
        });
        waiting
    }
}

/// The dump that tells what a file of `/proc/PID/net` tells; none for other sources and files that no dump covers.
fn dump_that_tells(source: Source) -> Option<&'static str> {
    match source {
        Source::NetNamespace(name) => source::dump_of(name),
        _ => None,
    }
}

/// The interfaces of each network namespace by their numbers, from the dump `links`.
#[derive(Default)]
pub(super) struct Interfaces {
    known: HashMap<(Option<u64>, u32), Interface>,
    seen: HashSet<Option<u64>>,
    waiting: Vec<Kept>,
}

struct Interface {
    name: Vec<u8>,
    hardware_type: u32,
}

impl Interfaces {
    /// Learns from a dump. Its issues are reported by `interface_details`.
    pub(super) fn learn(&mut self, file: &File<'_>, facts: &Facts) {
        self.seen.insert(file.net_namespace);
        for link in rtnetlink::links(file.content, facts.byte_order()).value {
            let interface = Interface {
                name: link.name.to_vec(),
                hardware_type: link.hardware_type,
            };
            self.known
                .insert((file.net_namespace, link.index), interface);
        }
    }

    /// Whether the names are known for a dump; else it is kept.
    pub(super) fn are_known(&mut self, file: &File<'_>) -> bool {
        let are_known = self.seen.contains(&file.net_namespace);
        if !are_known {
            self.waiting.push(Kept::of(file));
        }
        are_known
    }

    /// The dumps that came before the names.
    pub(super) fn late(&mut self) -> Vec<Kept> {
        std::mem::take(&mut self.waiting)
    }

    /// The name of an interface.
    pub(super) fn name(&self, net_namespace: Option<u64>, index: u32) -> Option<Text<'_>> {
        let interface = self.known.get(&(net_namespace, index))?;
        Some(Text::from(interface.name.as_slice()))
    }

    /// The hardware type of an interface.
    pub(super) fn hardware_type(&self, net_namespace: Option<u64>, index: u32) -> Option<u32> {
        let interface = self.known.get(&(net_namespace, index))?;
        Some(interface.hardware_type)
    }
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is a dump, and the interfaces that it names by numbers are known.
    Dump,
    /// It is a file that no dump has told.
    Text,
    /// Nothing, or not yet.
    Nothing,
}

/// What a table needs whose dump names interfaces by their numbers.
#[derive(Default)]
pub(super) struct Linked {
    dumps: Dumps,
    pub(super) interfaces: Interfaces,
}

impl Linked {
    /// What becomes of a file now.
    pub(super) fn take(&mut self, file: &File<'_>, facts: &Facts) -> Step {
        match file.source {
            Source::NetDump("links") => {
                self.interfaces.learn(file, facts);
                Step::Nothing
            }
            Source::NetDump(_) => {
                self.dumps.saw(file);
                if self.interfaces.are_known(file) {
                    Step::Dump
                } else {
                    Step::Nothing
                }
            }
            _ if self.dumps.judge(file, facts) == Verdict::Alone => Step::Text,
            _ => Step::Nothing,
        }
    }

    /// The files that waited.
    pub(super) fn rest(&mut self, facts: &Facts) -> Vec<(Kept, Step)> {
        let late = self.interfaces.late().into_iter();
        let alone = self.dumps.alone(facts).into_iter();
        late.map(|kept| (kept, Step::Dump))
            .chain(alone.map(|kept| (kept, Step::Text)))
            .collect()
    }
}

/// A word where the number has one, else the number.
pub(super) fn word(name: Option<&'static str>, number: u32) -> Text<'static> {
    name.map_or_else(|| Text::from(number.to_string()), Text::from)
}
