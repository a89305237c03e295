//! The one list of tables, and what is derived from it.

use crate::source::Source;
use crate::table::{Row, Table, TableDef};

/// Called once for each table whose rows travel as records, so that `analyze` loads them without naming them.
pub trait RecordTables {
    /// Takes the next table.
    fn table<T: Table>(&mut self);
}

macro_rules! tables {
    ($($module:ident::$row:ident),+ $(,)?) => {
        $(pub mod $module;)+
        $(pub use $module::$row;)+

        /// All tables, in the order they are listed.
        pub const TABLES: &[TableDef] = &[$($row::TABLE),+];

        /// Calls `visitor` for each table whose rows travel as records.
        pub fn each_record_table<V: RecordTables>(visitor: &mut V) {
            $(if $row::TABLE.sources.contains(&Source::Record) {
                visitor.table::<tables!(@row $module::$row)>();
            })+
        }
    };
    (@row uptime::$row:ident) => { $row };
    (@row cpu_time::$row:ident) => { $row };
    (@row file_handles::$row:ident) => { $row };
    (@row $module:ident::$row:ident) => { $row<'static> };
}

tables! {
    snapshots::SnapshotRow,
    collection_log::CollectionLog,
    parse_issues::ParseIssue,
    processes::Process,
    process_arguments::ProcessArgument,
    process_envs::ProcessEnv,
    process_memory_map::ProcessMemoryMap,
    process_namespaces::ProcessNamespace,
    process_limits::ProcessLimit,
    process_cgroups::ProcessCgroup,
    containers::Container,
    cgroups::Cgroup,
    threads::Thread,
    process_fds::ProcessFd,
    sockets::Socket,
    conntrack::Conntrack,
    conntrack_expectations::ConntrackExpectation,
    neighbors::Neighbor,
    routes::Route,
    routing_rules::RoutingRule,
    interface_addresses::InterfaceAddress,
    interface_details::InterfaceDetail,
    network_counters::NetworkCounter,
    multicast_groups::MulticastGroup,
    log_files::LogFile,
    log_lines::LogLine,
    config_files::ConfigFile,
    journal::JournalEntry,
    oom_kills::OomKill,
    kernel_events::KernelEvent,
    shell_history::ShellHistory,
    history_hosts::HistoryHost,
    memory_info::MemoryInfo,
    load_average::LoadAverage,
    uptime::Uptime,
    vmstat::Vmstat,
    cpu_time::CpuTime,
    kernel_counters::KernelCounter,
    pressure::Pressure,
    disk_stats::DiskStat,
    system_controls::SystemControl,
    time_status::TimeStatus,
    file_handles::FileHandles,
    file_locks::FileLock,
    os_version::OsVersion,
    kernel_info::KernelInfo,
    mounts::Mount,
    kernel_modules::KernelModule,
    swaps::Swap,
    users::User,
    logged_in_users::LoggedInUser,
    last::Last,
    groups::Group,
    etc_hosts::EtcHost,
    dns_resolvers::DnsResolver,
}

/// Sources that are kept as bytes before a table reads them.
pub const KEPT: &[Source] = &[
    Source::Host("/proc/cpuinfo"),
    Source::Host("/proc/mounts"),
    Source::Host("/etc/hostname"),
    Source::Host("/etc/machine-id"),
];

/// Every source that the tables, the record types and [`KEPT`] name, each once, in that order.
pub fn sources() -> Vec<Source> {
    let declared = TABLES
        .iter()
        .chain(crate::records::RECORDS)
        .flat_map(|table| table.sources);
    let mut sources = Vec::new();
    for source in declared.chain(KEPT) {
        if !sources.contains(source) {
            sources.push(*source);
        }
    }
    sources
}

/// The table of that name.
pub fn find(name: &str) -> Option<&'static TableDef> {
    TABLES.iter().find(|table| table.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_well_formed() {
        let mut names = Vec::new();
        for table in TABLES.iter().chain(crate::records::RECORDS) {
            assert!(
                !names.contains(&table.name),
                "{} is declared twice",
                table.name
            );
            names.push(table.name);
            assert!(
                table.doc.iter().any(|line| line.len() > 20),
                "{}: a table says what a row is",
                table.name
            );
            let columns: Vec<_> = table.columns.iter().map(|column| column.name).collect();
            for column in table.columns {
                let doc = column.doc.join("");
                assert!(
                    doc.trim_end().ends_with(['.', '`']),
                    "{}.{}: `{doc}`",
                    table.name,
                    column.name
                );
                assert_ne!(
                    column.name, "snapshot_id",
                    "{}: every table has it already",
                    table.name
                );
            }
            for named in [table.key, table.logical_key, table.counters, table.volatile].concat() {
                assert!(
                    columns.contains(&named),
                    "{} names a column {named} that it does not have",
                    table.name
                );
            }
            for counter in table.counters {
                assert!(
                    !table.volatile.contains(counter),
                    "{}.{counter} is a counter or volatile",
                    table.name
                );
            }
        }
    }

    #[test]
    fn evidence_and_kept_sources_name_what_exists() {
        for table in TABLES {
            for source in table.sources {
                if let Source::Evidence(name) = source {
                    assert!(
                        crate::records::RECORDS
                            .iter()
                            .any(|record| record.name == *name),
                        "{name}"
                    );
                }
                assert!(
                    !KEPT.contains(source),
                    "{} reads {source:?}: take it out of KEPT",
                    table.name
                );
            }
        }
    }
}
