//! Table `processes`.

use std::collections::BTreeMap;

use schema::records::ProcessLink;
use schema::tables::Process;
use schema::{Row, Source, TableDef, Text};

use super::members::{Members, text};
use crate::extract::{Extract, Facts, File, Record, Sink};
use crate::parse::proc_pid_stat::Stat;
use crate::parse::proc_pid_status::Status;
use crate::parse::{
    Issue, bytes, proc_pid_cgroup, proc_pid_cmdline, proc_pid_stat, proc_pid_status,
    proc_pid_values,
};

/// Fills `processes`. The files of a process arrive in any order and far from each other, so rows grow until the end.
#[derive(Default)]
pub(super) struct Processes {
    seen: BTreeMap<u32, Seen>,
    members: Members,
    /// Bytes of the command lines that the rows hold.
    cmdline_bytes: usize,
}

/// Bytes of command lines that are held whole: some ten times what a host with ten thousand ordinary processes has.
const CMDLINE_BUDGET: usize = 64 << 20;
/// Bytes of each that comes after.
const CMDLINE_CUT: usize = 4 << 10;

/// A row that grows, and what tells a kernel thread.
struct Seen {
    row: Process<'static>,
    /// By the flags of stat.
    kernel_thread_by_stat: Option<bool>,
    /// By `Kthread` of status, which older kernels lack.
    kernel_thread_by_status: Option<bool>,
    has_status: bool,
    /// Bytes, by stat.
    total_by_stat: Option<u64>,
    /// Bytes, by stat.
    resident_by_stat: Option<u64>,
    /// Bytes, by stat.
    argument_bytes: Option<u64>,
    /// Where the kernel gave no byte of arguments.
    void_cmdline: Option<String>,
}

impl Extract for Processes {
    const TABLE: TableDef = Process::TABLE;

    fn file<S: Sink>(&mut self, file: &File<'_>, facts: &Facts, sink: &mut S) {
        self.members.file(file, facts);
        let (Some(pid), Source::Process(name)) = (file.pid, file.source) else {
            return;
        };
        let seen = self.seen.entry(pid).or_insert_with(|| Seen::of(pid));
        let row = &mut seen.row;
        match name {
            "stat" => {
                if let Some(stat) = proc_pid_stat::parse(file.content).reported(file.member, sink) {
                    seen.take_stat(&stat, facts);
                }
            }
            "status" => {
                let status = proc_pid_status::parse(file.content).reported(file.member, sink);
                seen.take_status(status);
            }
            "cmdline" => {
                let joined = proc_pid_cmdline::joined(file.content);
                let kept = within(&mut self.cmdline_bytes, &joined);
                if kept.len() < joined.len() {
                    let expected = "command lines of 64 MiB in all: this one is cut at 4 KiB";
                    sink.issue(file.member, Issue::whole(expected, kept));
                }
                row.cmdline = Some(owned(kept));
                seen.void_cmdline = file.content.is_empty().then(|| file.member.to_owned());
            }
            // Its issues are reported by `process_cgroups`.
            "cgroup" => {
                let memberships = proc_pid_cgroup::parse(file.content).value;
                row.cgroup_path = proc_pid_cgroup::main_path(&memberships).map(owned);
            }
            "io" => {
                let io = proc_pid_values::io(file.content).reported(file.member, sink);
                row.disk_bytes_read = io.read_bytes;
                row.disk_bytes_written = io.write_bytes;
            }
            "oom_score_adj" => {
                row.oom_score_adj =
                    proc_pid_values::oom_score_adj(file.content).reported(file.member, sink);
            }
            "loginuid" => {
                row.login_uid = proc_pid_values::loginuid(file.content).reported(file.member, sink);
            }
            "wchan" => row.wchan = proc_pid_values::wchan(file.content).map(owned),
            _ => {}
        }
    }

    fn record<S: Sink>(&mut self, record: Record<'_>, _facts: &Facts, sink: &mut S) {
        match record {
            Record::ProcessLink(link) => {
                self.members.link(link);
                self.seen(link.pid).take_link(link, sink);
            }
            Record::UncertainProcess(process) => {
                self.seen(process.pid).row.identity_uncertain = true;
            }
            Record::FdLink(_)
            | Record::ThreadStat(_)
            | Record::FoundLog(_)
            | Record::FoundConfig(_) => {}
        }
    }

    fn finish<S: Sink>(&mut self, facts: &Facts, sink: &mut S) {
        let containers = self.members.index();
        for (pid, mut seen) in std::mem::take(&mut self.seen) {
            seen.judge_arguments(sink);
            let container = containers.of(pid);
            seen.row.container_id = container.map(|(container, _)| text(&container.id));
            sink.row(&seen.into_row(facts));
        }
    }
}

impl Processes {
    fn seen(&mut self, pid: u32) -> &mut Seen {
        self.seen.entry(pid).or_insert_with(|| Seen::of(pid))
    }
}

impl Seen {
    fn of(pid: u32) -> Self {
        Seen {
            row: unknown(pid),
            kernel_thread_by_stat: None,
            kernel_thread_by_status: None,
            has_status: false,
            total_by_stat: None,
            resident_by_stat: None,
            argument_bytes: None,
            void_cmdline: None,
        }
    }

    /// Stat has the exact name; what status has too is taken from there.
    fn take_stat(&mut self, stat: &Stat<'_>, facts: &Facts) {
        let row = &mut self.row;
        row.name = Some(owned(stat.comm));
        row.state = Some(owned(stat.state));
        row.parent.get_or_insert(stat.ppid);
        row.threads.get_or_insert(stat.num_threads);
        row.nice = Some(stat.nice);
        row.pgroup = Some(stat.pgrp);
        row.session = Some(stat.session);
        row.tty = Some(stat.tty_nr);
        row.start_ticks = Some(stat.starttime);
        row.start_time = facts.started(stat.starttime);
        row.user_time = Some(facts.ticks_to_ms(stat.utime));
        row.system_time = Some(facts.ticks_to_ms(stat.stime));
        self.kernel_thread_by_stat = Some(stat.is_kernel_thread());
        self.resident_by_stat = stat.rss.and_then(|pages| facts.pages_to_bytes(pages));
        self.total_by_stat = stat.vsize;
        self.argument_bytes = stat.argument_bytes;
    }

    /// A process whose arguments the kernel cannot read, in a page that somebody else is to provide, has others than none.
    fn judge_arguments<S: Sink>(&mut self, sink: &mut S) {
        let bytes = self.argument_bytes.filter(|bytes| *bytes > 0);
        if let (Some(member), Some(bytes)) = (&self.void_cmdline, bytes) {
            self.row.cmdline = None;
            let expected = format!("{bytes} bytes of arguments, of which the kernel gave none");
            sink.issue(member, Issue::whole(expected, b""));
        }
    }

    fn take_status(&mut self, status: Status<'_>) {
        let row = &mut self.row;
        if let Some(name) = status.name {
            row.name.get_or_insert_with(|| owned(&name));
        }
        if let Some(state) = status.state {
            row.state.get_or_insert_with(|| owned(state));
        }
        row.parent = status.ppid.or(row.parent);
        row.threads = status.threads.or(row.threads);
        if let Some([real, effective, saved]) = status.uid {
            (row.uid, row.euid, row.suid) = (Some(real), Some(effective), Some(saved));
        }
        if let Some([real, effective, saved]) = status.gid {
            (row.gid, row.egid, row.sgid) = (Some(real), Some(effective), Some(saved));
        }
        row.resident_size = status.vm_rss;
        row.total_size = status.vm_size;
        row.voluntary_switches = status.voluntary_switches;
        row.nonvoluntary_switches = status.nonvoluntary_switches;
        row.namespace_pids = status.nspid.map(|pids| {
            let pids: Vec<_> = bytes::fields(pids).collect();
            Text::from(pids.join(&b' '))
        });
        self.kernel_thread_by_status = status.kthread;
        self.has_status = true;
    }

    fn take_link<S: Sink>(&mut self, link: &ProcessLink<'_>, sink: &mut S) {
        let row = &mut self.row;
        let target = link.target.as_bytes();
        match link.name.as_bytes() {
            b"exe" => {
                let (path, deleted) = bytes::link_target(target, link.link_count);
                row.path = Some(owned(path));
                row.on_disk = i32::from(!deleted);
                row.executable_inode = link.inode;
                row.executable_size = link.size;
                row.executable_mtime_us = link.mtime_us;
            }
            b"cwd" => row.cwd = Some(owned(target)),
            b"root" => row.root = Some(owned(target)),
            b"ns/net" => row.net_namespace = bytes::bracketed(target).map(|(_, inode)| inode),
            // The other namespaces are a table of their own.
            name if name.starts_with(b"ns/") => {}
            _ => sink.issue(
                &super::link_member(link),
                Issue::whole("a known link", target),
            ),
        }
    }

    fn into_row(self, facts: &Facts) -> Process<'static> {
        let mut row = self.row;
        let own = facts.header.own_pid;
        row.is_collector = own.is_some() && (own == Some(row.pid) || own == row.parent);
        row.is_kernel_thread = self
            .kernel_thread_by_stat
            .or(self.kernel_thread_by_status)
            .unwrap_or(false);
        if !self.has_status {
            // What has no memory has 0 there.
            row.resident_size = self.resident_by_stat.filter(|bytes| *bytes > 0);
            row.total_size = self.total_by_stat.filter(|bytes| *bytes > 0);
        }
        if row.net_namespace.is_none() {
            row.net_namespace = facts.net_namespaces.get(&row.pid).copied();
        }
        row
    }
}

/// As much of a command line as is held beside those before it, whose length grows by it.
fn within<'a>(held: &mut usize, cmdline: &'a [u8]) -> &'a [u8] {
    let kept = if held.saturating_add(cmdline.len()) > CMDLINE_BUDGET {
        cmdline.get(..CMDLINE_CUT).unwrap_or(cmdline)
    } else {
        cmdline
    };
    *held = held.saturating_add(kept.len());
    kept
}

fn owned(text: &[u8]) -> Text<'static> {
    Text::from(text.to_vec())
}

/// A process of which nothing is known but its id.
fn unknown(pid: u32) -> Process<'static> {
    Process {
        pid,
        parent: None,
        name: None,
        path: None,
        cmdline: None,
        state: None,
        cwd: None,
        root: None,
        uid: None,
        gid: None,
        euid: None,
        egid: None,
        suid: None,
        sgid: None,
        login_uid: None,
        on_disk: -1,
        executable_inode: None,
        executable_size: None,
        executable_mtime_us: None,
        threads: None,
        nice: None,
        pgroup: None,
        session: None,
        tty: None,
        start_time: None,
        start_ticks: None,
        user_time: None,
        system_time: None,
        resident_size: None,
        total_size: None,
        disk_bytes_read: None,
        disk_bytes_written: None,
        voluntary_switches: None,
        nonvoluntary_switches: None,
        oom_score_adj: None,
        wchan: None,
        cgroup_path: None,
        container_id: None,
        namespace_pids: None,
        net_namespace: None,
        is_collector: false,
        is_kernel_thread: false,
        identity_uncertain: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_command_lines_do_not_add_up() {
        let (long, short) = (vec![b'x'; 128 << 10], [b'y'; 100]);
        let mut held = 0;
        for number in 0..10_000 {
            let kept = within(&mut held, &long);
            let whole = number < 511;
            assert_eq!(kept.len() == long.len(), whole, "{number}: {}", kept.len());
            assert_eq!(within(&mut held, &short), short);
        }
        assert!(held < 110 << 20, "{held}");
    }
}
