//! Table `dns_resolvers`.

use std::collections::HashMap;

use schema::tables::DnsResolver;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::etc;

/// Fills `dns_resolvers`.
#[derive(Default)]
pub(super) struct Resolvers;

impl Extract for Resolvers {
    const TABLE: TableDef = DnsResolver::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let mut seen: HashMap<&str, u32> = HashMap::new();
        for (kind, values) in etc::resolv_conf(file.content).reported(file.member, sink) {
            for value in values {
                let id = seen.entry(kind).or_default();
                sink.row(&DnsResolver {
                    id: *id,
                    r#type: Text::from(kind),
                    address: Text::from(value),
                });
                *id = id.saturating_add(1);
            }
        }
    }
}
