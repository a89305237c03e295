//! Parsers of the host's files, named after the file they read: bytes in, rows and issues out.
//!
//! A parser does no I/O, knows no clock, judges by what the text contains and never by a kernel's version. An odd line
//! costs that line and becomes an [`Issue`]; nothing is skipped in silence and nothing panics.

use std::borrow::Cow;

pub(crate) mod address;
pub(crate) mod bash_history;
pub(crate) mod bytes;
pub(crate) mod cgroup_files;
pub(crate) mod container;
pub(crate) mod container_state;
pub(crate) mod ctnetlink;
pub(crate) mod dev_kmsg;
pub(crate) mod etc;
#[cfg(any(test, fuzzing))]
pub mod every;
pub(crate) mod fish_history;
pub(crate) mod journal_export;
pub(crate) mod json_log;
pub(crate) mod kernel_event;
pub(crate) mod log_line;
pub(crate) mod log_time;
pub(crate) mod netlink;
pub(crate) mod nf_conntrack;
pub(crate) mod oom;
pub(crate) mod os_release;
pub(crate) mod proc_diskstats;
pub(crate) mod proc_loadavg;
pub(crate) mod proc_locks;
pub(crate) mod proc_meminfo;
pub(crate) mod proc_modules;
pub(crate) mod proc_net_arp;
pub(crate) mod proc_net_dev;
pub(crate) mod proc_net_fib_trie;
pub(crate) mod proc_net_if_inet6;
pub(crate) mod proc_net_igmp;
pub(crate) mod proc_net_netlink;
pub(crate) mod proc_net_packet;
pub(crate) mod proc_net_route;
pub(crate) mod proc_net_snmp;
pub(crate) mod proc_net_tcp;
pub(crate) mod proc_net_unix;
pub(crate) mod proc_pid_cgroup;
pub(crate) mod proc_pid_cmdline;
pub(crate) mod proc_pid_environ;
pub(crate) mod proc_pid_fdinfo;
pub(crate) mod proc_pid_limits;
pub(crate) mod proc_pid_maps;
pub(crate) mod proc_pid_mountinfo;
pub(crate) mod proc_pid_stat;
pub(crate) mod proc_pid_status;
pub(crate) mod proc_pid_values;
pub(crate) mod proc_pressure;
pub(crate) mod proc_stat;
pub(crate) mod proc_swaps;
pub(crate) mod proc_sys;
pub(crate) mod proc_uptime;
pub(crate) mod proc_vmstat;
pub(crate) mod rtnetlink;
pub(crate) mod sh_history;
pub(crate) mod shell_history;
pub(crate) mod shell_hosts;
pub(crate) mod shell_words;
pub(crate) mod sock_diag;
pub(crate) mod syslog;
pub(crate) mod utmp;
pub(crate) mod zsh_history;

/// What a parser understood, and what it did not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed<T> {
    /// What the text says.
    pub value: T,
    /// The lines that were not understood, at most [`ISSUE_LIMIT`].
    pub issues: Vec<Issue>,
    /// How many more there were.
    pub unlisted: u64,
}

impl<T> Parsed<T> {
    /// What was understood of a text that has one odd place.
    pub(crate) fn odd(value: T, issue: Issue) -> Self {
        Parsed {
            value,
            issues: vec![issue],
            unlisted: 0,
        }
    }

    /// Notes a line that was not understood.
    pub(crate) fn note(&mut self, issue: Issue) {
        if self.issues.len() < ISSUE_LIMIT {
            self.issues.push(issue);
        } else {
            self.unlisted = self.unlisted.saturating_add(1);
        }
    }

    /// The same issues with another value.
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Parsed<U> {
        Parsed {
            value: make(self.value),
            issues: self.issues,
            unlisted: self.unlisted,
        }
    }
}

impl<T> Parsed<Option<T>> {
    /// The only value of a text; without one the text is odd.
    pub(crate) fn one(value: Option<T>, issue: impl FnOnce() -> Issue) -> Self {
        match value {
            Some(_) => Parsed::from(value),
            None => Parsed::odd(None, issue()),
        }
    }
}

impl<T> From<T> for Parsed<T> {
    fn from(value: T) -> Self {
        Parsed {
            value,
            issues: Vec::new(),
            unlisted: 0,
        }
    }
}

/// What a parser could not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Line within the member, counted from 1; `None` where the text has no lines.
    pub line: Option<u64>,
    /// What was expected, in words.
    pub reason: Cow<'static, str>,
    /// The beginning of the text, at most [`EXCERPT_LIMIT`] bytes.
    pub excerpt: Vec<u8>,
}

/// Most issues of one file that are kept, each with its line. More are counted: a file of four million odd lines tells
/// no more than a thousand of them do, and would fill memory and disk.
pub const ISSUE_LIMIT: usize = 1000;
/// Most bytes of an excerpt: enough to recognise the line.
pub const EXCERPT_LIMIT: usize = 120;

impl Issue {
    /// An issue of one line.
    pub fn at(line: u64, reason: &'static str, text: &[u8]) -> Self {
        Issue {
            line: Some(line),
            reason: Cow::Borrowed(reason),
            excerpt: excerpt(text),
        }
    }

    /// An issue of a text as a whole.
    pub fn whole(reason: impl Into<Cow<'static, str>>, text: &[u8]) -> Self {
        Issue {
            line: None,
            reason: reason.into(),
            excerpt: excerpt(text),
        }
    }
}

fn excerpt(text: &[u8]) -> Vec<u8> {
    text.get(..EXCERPT_LIMIT).unwrap_or(text).to_vec()
}

#[cfg(test)]
mod tests;
