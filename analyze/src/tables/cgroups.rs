//! Table `cgroups`.

use std::collections::BTreeMap;

use schema::tables::Cgroup;
use schema::{Row, Source, TableDef, Text};

use super::members::text;
use crate::extract::{Extract, Facts, File, Sink};
use crate::parse::cgroup_files::{self, Amount};
use crate::parse::{Issue, bytes, container, proc_pressure};

/// Fills `cgroups`, once all files of all groups were seen.
#[derive(Default)]
pub(super) struct Cgroups {
    groups: BTreeMap<Vec<u8>, Cgroup<'static>>,
}

impl Extract for Cgroups {
    const TABLE: TableDef = Cgroup::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, _facts: &Facts, sink: &mut S) {
        let Source::Cgroup(name) = file.source else {
            return;
        };
        let path = group_of(file.path);
        let row = self
            .groups
            .entry(path.to_vec())
            .or_insert_with(|| unknown(path));
        if take(row, name, file.content).is_none() {
            sink.issue(
                file.member,
                Issue::whole("expected what such a file of a control group holds", file.content),
            );
        }
    }

    fn finish<S: Sink>(&mut self, _facts: &Facts, sink: &mut S) {
        for row in std::mem::take(&mut self.groups).into_values() {
            sink.row(&row);
        }
    }
}

/// The group that a file belongs to, by its path below `/sys/fs/cgroup`. There is a directory of each hierarchy where there are
/// several.
fn group_of(path: &[u8]) -> &[u8] {
    const HIERARCHIES: [&[u8]; 8] = [
        b"unified", b"memory", b"cpu", b"cpuacct", b"pids", b"blkio", b"systemd", b"cpuset",
    ];
    let below = path
        .strip_prefix(schema::source::CGROUPS.as_bytes())
        .unwrap_or(path);
    let group = bytes::cut_last(below, b'/').map_or(below, |(group, _)| group);
    let inside = group.strip_prefix(b"/").unwrap_or(group);
    let first = inside.split(|byte| *byte == b'/').next().unwrap_or_default();
    let is_hierarchy = first
        .split(|byte| *byte == b',')
        .all(|name| HIERARCHIES.contains(&name));
    let group = if is_hierarchy {
        inside.get(first.len()..).unwrap_or_default()
    } else {
        group
    };
    if group.is_empty() { b"/" } else { group }
}

/// Takes what a file says; `None` where it is not what it should be.
fn take(row: &mut Cgroup<'_>, name: &str, content: &[u8]) -> Option<()> {
    let number = || cgroup_files::amount(content).and_then(Amount::number);
    let named = |name: &str| cgroup_files::named(content, name.as_bytes());
    match name {
        "memory.current" | "memory.usage_in_bytes" => row.memory_current = Some(number()?),
        "memory.max" | "memory.limit_in_bytes" => {
            let limit = cgroup_files::amount(content)?;
            row.memory_max = limit.number();
            row.memory_unlimited = Some(limit == Amount::Unlimited);
        }
        "memory.peak" | "memory.max_usage_in_bytes" => row.memory_peak = Some(number()?),
        "memory.swap.current" => row.swap_current = Some(number()?),
        "memory.events" => {
            row.oom_kills = Some(named("oom_kill")?);
            row.oom_events = named("oom");
            row.memory_max_events = named("max");
        }
        // Since Linux 4.13.
        "memory.oom_control" => row.oom_kills = named("oom_kill"),
        "cpu.stat" => {
            // Version 1 has only the periods, and counts nanoseconds; the root of version 2 has only the time.
            row.cpu_usage_us = named("usage_usec").or(row.cpu_usage_us);
            row.cpu_user_us = named("user_usec").or(row.cpu_user_us);
            row.cpu_system_us = named("system_usec").or(row.cpu_system_us);
            row.cpu_periods = named("nr_periods").or(row.cpu_periods);
            row.cpu_throttled_periods = named("nr_throttled").or(row.cpu_throttled_periods);
            let ns = named("throttled_time").and_then(|ns| ns.checked_div(1000));
            row.cpu_throttled_us = named("throttled_usec").or(ns).or(row.cpu_throttled_us);
        }
        "cpuacct.usage" => row.cpu_usage_us = number()?.checked_div(1000),
        "cpu.max" => {
            let (quota, period) = cgroup_files::quota(content)?;
            row.cpu_quota_us = quota.number();
            row.cpu_period_us = Some(period);
        }
        "cpu.cfs_quota_us" => row.cpu_quota_us = cgroup_files::amount(content)?.number(),
        "cpu.cfs_period_us" => row.cpu_period_us = Some(number()?),
        "pids.current" => row.pids_current = Some(number()?),
        "pids.max" => row.pids_max = cgroup_files::amount(content)?.number(),
        "io.stat" => {
            let all = cgroup_files::io_stat(content)?;
            row.io_read_bytes = Some(all.read_bytes);
            row.io_write_bytes = Some(all.written_bytes);
            row.io_reads = Some(all.reads);
            row.io_writes = Some(all.writes);
        }
        "blkio.throttle.io_service_bytes" => {
            let (read, written) = cgroup_files::blkio(content)?;
            row.io_read_bytes = Some(read);
            row.io_write_bytes = Some(written);
        }
        "blkio.throttle.io_serviced" => {
            let (reads, writes) = cgroup_files::blkio(content)?;
            row.io_reads = Some(reads);
            row.io_writes = Some(writes);
        }
        "cpu.pressure" => row.cpu_some_us = pressure(content).0,
        "memory.pressure" => (row.memory_some_us, row.memory_full_us) = pressure(content),
        "io.pressure" => (row.io_some_us, row.io_full_us) = pressure(content),
        _ => {}
    }
    Some(())
}

/// Totals of what some and what all waited for, microseconds; an empty file is one of a kernel that does not count.
fn pressure(content: &[u8]) -> (Option<u64>, Option<u64>) {
    let lines = proc_pressure::parse(content).value;
    let total = |kind: &[u8]| {
        let line = lines.iter().find(|line| line.kind == kind);
        line.map(|line| line.total)
    };
    (total(b"some"), total(b"full"))
}

/// A group of which nothing is known but its path.
fn unknown(path: &[u8]) -> Cgroup<'static> {
    let container = container::of_cgroup(path);
    Cgroup {
        path: Text::from(path.to_vec()),
        container_id: container.map(|container| text(&container.id)),
        memory_current: None,
        memory_max: None,
        memory_unlimited: None,
        memory_peak: None,
        swap_current: None,
        oom_kills: None,
        oom_events: None,
        memory_max_events: None,
        cpu_usage_us: None,
        cpu_user_us: None,
        cpu_system_us: None,
        cpu_quota_us: None,
        cpu_period_us: None,
        cpu_periods: None,
        cpu_throttled_periods: None,
        cpu_throttled_us: None,
        pids_current: None,
        pids_max: None,
        io_read_bytes: None,
        io_write_bytes: None,
        io_reads: None,
        io_writes: None,
        cpu_some_us: None,
        memory_some_us: None,
        memory_full_us: None,
        io_some_us: None,
        io_full_us: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_files() {
        let check = |path: &str, group: &str| {
            assert_eq!(group_of(path.as_bytes()), group.as_bytes(), "{path}");
        };
        check("/sys/fs/cgroup/system.slice/a.service/cpu.stat", "/system.slice/a.service");
        check("/sys/fs/cgroup/cpu.stat", "/");
        check("/sys/fs/cgroup/unified/a/cpu.stat", "/a");
        check("/sys/fs/cgroup/memory/memory.usage_in_bytes", "/");
        check("/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.stat", "/docker/x");
    }
}
