//! The extractors: one file for each table that is made from evidence, named after the table.

use std::collections::{BTreeSet, HashMap, HashSet};

use schema::Source;
use schema::records::ProcessLink;

use crate::extract::{Extract, Facts, File, Record, Sink};

mod kernel_lines;
mod members;
mod net_dumps;

/// A bit for each extractor.
type Takers = u128;

/// Which tables are to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of them.
    All,
    /// These, by name.
    Only(BTreeSet<&'static str>),
}

impl Wanted {
    /// Whether a table is to be filled.
    pub fn has(&self, table: &str) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Only(names) => names.contains(table),
        }
    }
}

macro_rules! extractors {
    ($($module:ident::$extractor:ident),+ $(,)?) => {
        $(mod $module;)+

        /// One extractor for each table that is made from evidence.
        pub struct Extractors {
            $($module: $module::$extractor,)+
            /// Which of them want a source: a bit for each, in the order of the list.
            takers: HashMap<Source, Takers>,
        }

        impl Extractors {
            /// Those whose tables are wanted; the others get nothing.
            pub fn new(wanted: &Wanted) -> Self {
                let mut takers: HashMap<Source, Takers> = HashMap::new();
                let mut bit: Takers = 1;
                $(
                    for source in $module::$extractor::TABLE.sources {
                        if wanted.has($module::$extractor::TABLE.name) {
                            *takers.entry(*source).or_default() |= bit;
                        }
                    }
                    bit = bit.rotate_left(1);
                )+
                let _ = bit;
                Extractors {
                    $($module: $module::$extractor::default(),)+
                    takers,
                }
            }

            /// The sources that any of them wants.
            pub fn sources(&self) -> HashSet<Source> {
                self.takers.keys().copied().collect()
            }

            /// Hands a file to every table that names its source.
            pub fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
                let mut takers = self.takers.get(&file.source).copied().unwrap_or(0);
                $(
                    if takers & 1 != 0 {
                        self.$module.file(file, facts, sink);
                    }
                    takers >>= 1;
                )+
                let _ = takers;
            }

            /// Hands a record to every table that names its source.
            pub fn record<S: Sink>(&mut self, record: Record<'_>, facts: &Facts, sink: &mut S) {
                let mut takers = self.takers.get(&record.source()).copied().unwrap_or(0);
                $(
                    if takers & 1 != 0 {
                        self.$module.record(record, facts, sink);
                    }
                    takers >>= 1;
                )+
                let _ = takers;
            }

            /// Tells every table that there is no more evidence.
            pub fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
                $(self.$module.finish(facts, sink);)+
            }

            /// Names of the tables that are filled.
            pub fn tables() -> Vec<&'static str> {
                vec![$($module::$extractor::TABLE.name),+]
            }
        }
    };
}

extractors! {
    processes::Processes,
    process_arguments::Arguments,
    process_envs::Environments,
    process_memory_map::MemoryMaps,
    process_namespaces::Namespaces,
    process_limits::Limits,
    process_cgroups::Cgroups,
    containers::Containers,
    cgroups::Cgroups,
    threads::Threads,
    process_fds::Fds,
    sockets::Sockets,
    conntrack::Entries,
    conntrack_expectations::Expectations,
    neighbors::Neighbors,
    routes::Routes,
    routing_rules::Rules,
    interface_addresses::InterfaceAddresses,
    interface_details::InterfaceDetails,
    network_counters::NetworkCounters,
    multicast_groups::Groups,
    config_files::ConfigFiles,
    log_files::LogFiles,
    log_lines::LogLines,
    journal::Journal,
    oom_kills::OomKills,
    kernel_events::Events,
    shell_history::Histories,
    history_hosts::Hosts,
    memory_info::Amounts,
    load_average::LoadAverages,
    uptime::Uptimes,
    vmstat::Vmstats,
    cpu_time::CpuTimes,
    kernel_counters::KernelCounters,
    pressure::Pressures,
    disk_stats::Disks,
    system_controls::Settings,
    file_handles::Handles,
    file_locks::Locks,
    os_version::OsVersions,
    kernel_info::KernelInfos,
    mounts::Mounts,
    kernel_modules::Modules,
    swaps::Swaps,
    users::Users,
    logged_in_users::LoggedIn,
    last::Logins,
    groups::Groups,
    etc_hosts::Hosts,
    dns_resolvers::Resolvers,
}

/// Where the target of a link would lie if it were a member, for issues.
fn link_member(link: &ProcessLink<'_>) -> String {
    format!(
        "root/proc/{}/{}",
        link.pid,
        schema::text::escaped(link.name.as_bytes())
    )
}

#[cfg(test)]
mod tests;
