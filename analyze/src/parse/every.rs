//! Every parser by name, run on any bytes: what the fuzz targets (`tests/fuzz`) and the tests of all parsers go through.
//!
//! A parser that is missing here is noticed by `tests/tidy.rs`. What holds for all of them is checked on the way: issues
//! are few, short and name a line that is there, and a text does not become more rows than it has bytes.

use std::fmt::Debug;

use jiff::tz::TimeZone;

use super::address::{self, ByteOrder, Words};
use super::log_time::{self, Calendar};
use super::{
    EXCERPT_LIMIT, ISSUE_LIMIT, Issue, Parsed, bash_history, bytes, cgroup_files, container,
    container_state, ctnetlink, dev_kmsg, etc, fish_history, journal_export, json_log,
    kernel_event, log_line, nf_conntrack, oom, os_release, proc_diskstats, proc_loadavg,
    proc_locks, proc_meminfo, proc_modules, proc_net_arp, proc_net_dev, proc_net_fib_trie,
    proc_net_if_inet6, proc_net_igmp, proc_net_netlink, proc_net_packet, proc_net_route,
    proc_net_snmp, proc_net_tcp, proc_net_unix, proc_pid_cgroup, proc_pid_cmdline,
    proc_pid_environ, proc_pid_fdinfo, proc_pid_limits, proc_pid_maps, proc_pid_mountinfo,
    proc_pid_stat, proc_pid_status, proc_pid_values, proc_pressure, proc_stat, proc_swaps,
    proc_sys, proc_uptime, proc_vmstat, rtnetlink, sh_history, shell_history, shell_hosts,
    shell_words, sock_diag, syslog, utmp, zsh_history,
};

/// What a parser reads; a fuzz target for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Files of a process.
    Process,
    /// Files of a network namespace.
    Network,
    /// Files of the whole host.
    Host,
    /// Lines of logs.
    Log,
    /// Histories of shells and what stands in them.
    Shell,
}

/// A parser by name.
#[derive(Debug, Clone, Copy)]
pub struct Parser {
    /// Its module, with the function where a module has several.
    pub name: &'static str,
    /// What it reads.
    pub family: Family,
    /// Runs it, and panics where it breaks what holds for all parsers.
    pub run: fn(&[u8]),
}

const fn parser(name: &'static str, family: Family, run: fn(&[u8])) -> Parser {
    Parser { name, family, run }
}

use Family::{Host, Log, Network, Process, Shell};

/// Every parser.
pub const EVERY: &[Parser] = &[
    parser("proc_pid_cgroup", Process, |text| {
        rows(text, proc_pid_cgroup::parse(text));
    }),
    parser("cgroup_files", Host, |text| {
        if let Some(amount) = cgroup_files::amount(text) {
            amount.number();
        }
        cgroup_files::quota(text);
        cgroup_files::named(text, b"oom_kill");
        cgroup_files::io_stat(text);
        cgroup_files::blkio(text);
    }),
    parser("container_state", Host, |text| {
        container_state::docker(text);
        container_state::task(text, b"/run/x/id/config.json");
        container_state::storage(text);
    }),
    parser("container", Process, |text| {
        let path = container::of_cgroup(text);
        assert!(path.is_none_or(|container| container.id.len() <= text.len()));
        let (root, path) = bytes::cut(text, b' ').unwrap_or_default();
        container::of_mount(root, path);
        container::of_log(text);
        container::of_pod_log(text);
        container::of_keeper(text.split(|byte| *byte == 0));
        container::is_full_id(std::str::from_utf8(text).unwrap_or_default());
    }),
    parser("proc_pid_cmdline", Process, |text| {
        let count = proc_pid_cmdline::arguments(text).count();
        assert!(count <= text.len().saturating_add(1));
        assert!(proc_pid_cmdline::joined(text).len() <= text.len());
    }),
    parser("proc_pid_environ", Process, |text| {
        let count = proc_pid_environ::variables(text).count();
        assert!(count <= text.len().saturating_add(1));
    }),
    parser("proc_pid_fdinfo", Process, |text| {
        value(text, proc_pid_fdinfo::parse(text));
    }),
    parser("proc_pid_limits", Process, |text| {
        rows(text, proc_pid_limits::parse(text));
    }),
    parser("proc_pid_maps", Process, |text| {
        rows(text, proc_pid_maps::parse(text));
    }),
    parser("proc_pid_mountinfo", Process, |text| {
        let parsed = proc_pid_mountinfo::parse(text);
        let paths = schema::parse::mountinfo::Paths::new(&parsed.value);
        for (index, mount) in parsed.value.iter().enumerate() {
            assert!(mount.each_super_option().count() <= text.len().saturating_add(1));
            let way = paths.way(index).unwrap_or_default();
            assert_eq!(way.is_empty(), !paths.is_reached(index));
        }
        rows(text, parsed);
    }),
    parser("proc_pid_stat", Process, |text| {
        value(text, proc_pid_stat::parse(text));
    }),
    parser("proc_pid_status", Process, |text| {
        value(text, proc_pid_status::parse(text));
    }),
    parser("proc_pid_values.io", Process, |text| {
        value(text, proc_pid_values::io(text));
    }),
    parser("proc_pid_values.oom_score_adj", Process, |text| {
        value(text, proc_pid_values::oom_score_adj(text));
    }),
    parser("proc_pid_values.loginuid", Process, |text| {
        value(text, proc_pid_values::loginuid(text));
    }),
    parser("proc_pid_values.wchan", Process, |text| {
        proc_pid_values::wchan(text);
    }),
    parser("address", Network, |text| {
        for order in ORDERS {
            order.v4(text);
            order.endpoint(text);
        }
        address::v6_network_order(text);
        address::written(text);
    }),
    parser("sock_diag.inet", Network, |text| {
        for order in ORDERS {
            rows(text, sock_diag::tcp(text, order));
            rows(text, sock_diag::inet(text, order));
        }
    }),
    parser("sock_diag.unix", Network, |text| {
        for order in ORDERS {
            rows(text, sock_diag::unix(text, order));
        }
    }),
    parser("sock_diag.packet", Network, |text| {
        for order in ORDERS {
            rows(text, sock_diag::packet(text, order));
        }
    }),
    parser("sock_diag.netlink", Network, |text| {
        for order in ORDERS {
            rows(text, sock_diag::netlink(text, order));
        }
    }),
    parser("ctnetlink.entries", Network, |text| {
        for order in ORDERS {
            rows(text, ctnetlink::entries(text, order));
            ctnetlink::labels(text, order);
        }
    }),
    parser("ctnetlink.expectations", Network, |text| {
        for order in ORDERS {
            rows(text, ctnetlink::expectations(text, order));
        }
    }),
    parser("rtnetlink.links", Network, |text| {
        for order in ORDERS {
            rows(text, rtnetlink::links(text, order));
        }
    }),
    parser("rtnetlink.addresses", Network, |text| {
        for order in ORDERS {
            rows(text, rtnetlink::addresses(text, order));
        }
    }),
    parser("rtnetlink.routes", Network, |text| {
        for order in ORDERS {
            let parsed = rtnetlink::routes(text, order);
            let hops = parsed.value.iter().map(|route| route.next_hops.len());
            assert!(hops.sum::<usize>() <= text.len());
            rows(text, parsed);
        }
    }),
    parser("rtnetlink.rules", Network, |text| {
        for order in ORDERS {
            rows(text, rtnetlink::rules(text, order));
        }
    }),
    parser("rtnetlink.neighbors", Network, |text| {
        for order in ORDERS {
            rows(text, rtnetlink::neighbors(text, order));
        }
    }),
    parser("nf_conntrack", Network, |text| {
        rows(text, nf_conntrack::parse(text));
    }),
    parser("proc_net_arp", Network, |text| {
        rows(text, proc_net_arp::parse(text));
    }),
    parser("proc_net_dev", Network, |text| {
        rows(text, proc_net_dev::parse(text));
    }),
    parser("proc_net_fib_trie", Network, |text| {
        let parsed = proc_net_fib_trie::parse(text);
        rows(
            text,
            parsed.map(|addresses| addresses.into_iter().collect()),
        );
    }),
    parser("proc_net_if_inet6", Network, |text| {
        rows(text, proc_net_if_inet6::parse(text));
    }),
    parser("proc_net_igmp", Network, |text| {
        for order in ORDERS {
            rows(text, proc_net_igmp::parse(text, order));
        }
    }),
    parser("proc_net_igmp.v6", Network, |text| {
        rows(text, proc_net_igmp::parse_v6(text));
    }),
    parser("proc_net_netlink", Network, |text| {
        rows(text, proc_net_netlink::parse(text));
    }),
    parser("proc_net_packet", Network, |text| {
        rows(text, proc_net_packet::parse(text));
    }),
    parser("proc_net_route", Network, |text| {
        for order in ORDERS {
            rows(text, proc_net_route::parse(text, order));
        }
    }),
    parser("proc_net_route.v6", Network, |text| {
        rows(text, proc_net_route::parse_v6(text));
    }),
    parser("proc_net_snmp.pairs", Network, |text| {
        rows(text, proc_net_snmp::parse_pairs(text));
    }),
    parser("proc_net_snmp.list", Network, |text| {
        rows(text, proc_net_snmp::parse_list(text));
    }),
    parser("proc_net_snmp.turns", Network, |text| {
        rows(text, proc_net_snmp::parse_turns(text));
    }),
    parser("proc_net_tcp", Network, |text| {
        for order in ORDERS {
            rows(text, proc_net_tcp::parse(text, order));
        }
    }),
    parser("proc_net_unix", Network, |text| {
        rows(text, proc_net_unix::parse(text));
    }),
    parser("etc.hosts", Host, |text| rows(text, etc::hosts(text))),
    parser("etc.resolv_conf", Host, |text| {
        rows(text, etc::resolv_conf(text));
    }),
    parser("etc.passwd", Host, |text| rows(text, etc::passwd(text))),
    parser("etc.group", Host, |text| rows(text, etc::group(text))),
    parser("os_release", Host, |text| {
        rows(text, os_release::parse(text));
    }),
    parser("proc_diskstats", Host, |text| {
        rows(text, proc_diskstats::parse(text));
    }),
    parser("proc_loadavg", Host, |text| {
        value(text, proc_loadavg::parse(text));
    }),
    parser("proc_locks", Host, |text| {
        rows(text, proc_locks::parse(text));
    }),
    parser("proc_meminfo", Host, |text| {
        rows(text, proc_meminfo::parse(text));
    }),
    parser("proc_modules", Host, |text| {
        rows(text, proc_modules::parse(text));
    }),
    parser("proc_pressure", Host, |text| {
        rows(text, proc_pressure::parse(text));
    }),
    parser("proc_stat", Host, |text| {
        value(text, proc_stat::parse(text));
    }),
    parser("proc_swaps", Host, |text| {
        rows(text, proc_swaps::parse(text));
    }),
    parser("proc_sys.name", Host, |text| {
        assert!(proc_sys::name(text).unwrap_or_default().len() <= text.len());
        assert!(proc_sys::value(text).len() <= text.len());
    }),
    parser("proc_sys.count", Host, |text| {
        value(text, proc_sys::count(text));
    }),
    parser("proc_sys.file_nr", Host, |text| {
        value(text, proc_sys::file_nr(text));
    }),
    parser("proc_uptime", Host, |text| {
        value(text, proc_uptime::parse(text));
    }),
    parser("proc_vmstat", Host, |text| {
        rows(text, proc_vmstat::parse(text));
    }),
    parser("dev_kmsg", Log, |text| rows(text, dev_kmsg::parse(text))),
    parser("log_time", Log, |text| {
        each_calendar(|calendar| {
            let found = [
                log_time::iso(text, calendar).map(|(_, rest, _)| rest),
                log_time::named(text, calendar).map(|(_, rest)| rest),
                log_time::since_boot(text).map(|(_, rest)| rest),
                log_time::slashed(text, calendar).map(|(_, rest)| rest),
                log_time::month_first(text, calendar).map(|(_, rest)| rest),
                log_time::day_first(text, calendar).map(|(_, rest)| rest),
                log_time::month_day(text, calendar).map(|(_, rest)| rest),
                log_time::packed(text, calendar).map(|(_, rest)| rest),
                log_time::epoch(text).map(|(_, rest)| rest),
                log_time::of_day(text),
            ];
            assert!(found.iter().flatten().all(|rest| rest.len() < text.len()));
        });
    }),
    parser("log_line", Log, |text| {
        each_calendar(|calendar| {
            let mut lines = bytes::lines(text).map(|(_, line)| log_line::entry(line, calendar));
            let Some(mut first) = lines.next() else {
                return;
            };
            for next in lines {
                // What a runtime cut is read anew once it is whole, and may be shorter then.
                if first.goes_on_in(&next) {
                    first.join(&next, calendar);
                }
            }
        });
    }),
    parser("log_line.unwrapped", Log, |text| {
        each_calendar(|calendar| {
            assert!(log_line::unwrapped(text, calendar).message.len() <= text.len());
            log_line::inner(text, calendar);
        });
    }),
    parser("journal_export", Log, |text| {
        let mut rest = text;
        while let journal_export::Next::Entry(_, used) = journal_export::next(rest) {
            assert!(used > 0);
            rest = rest.get(used..).unwrap_or_default();
        }
    }),
    parser("json_log", Log, |text| {
        each_calendar(|calendar| {
            json_log::entry(text, calendar);
            json_log::of_program(text, calendar);
        });
    }),
    parser("kernel_event", Log, |text| {
        if let Some(event) = kernel_event::line(text) {
            assert!(
                event
                    .subject
                    .is_none_or(|subject| subject.len() < text.len())
            );
        }
    }),
    parser("oom", Log, |text| {
        oom::line(text);
        for adjustment in 0..10 {
            oom::listed(text, adjustment);
        }
    }),
    parser("utmp", Host, |text| {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for offset in [0, 17, u64::MAX] {
                let records = utmp::parse(text, offset, order);
                for record in &records.value {
                    utmp::kind_name(record.kind);
                }
                rows(text, records);
            }
            rows(text, utmp::lastlog(text, order));
        }
    }),
    parser("syslog", Log, |text| {
        each_calendar(|calendar| {
            let line = syslog::line(text, calendar);
            assert!(line.message.len() <= text.len());
        });
        assert!(syslog::tagged(text).2.len() <= text.len());
    }),
    parser("bash_history", Shell, |text| {
        rows(text, bash_history::parse(text).into());
        bash_history::stamp(text);
    }),
    parser("bash_history.tcsh", Shell, |text| {
        rows(text, bash_history::parse_tcsh(text).into());
        bash_history::tcsh_stamp(text);
    }),
    parser("fish_history", Shell, |text| {
        rows(text, fish_history::parse(text));
    }),
    parser("sh_history", Shell, |text| {
        rows(text, sh_history::parse(text).into());
    }),
    parser("zsh_history", Shell, |text| {
        rows(text, zsh_history::parse(text).into());
        zsh_history::stamp(text);
    }),
    parser("shell_history", Shell, |text| {
        for path in [&b"/home/ada/.history"[..], b"/root/.sh_history", b"x"] {
            rows(text, shell_history::parse(path, text).commands);
        }
    }),
    parser("shell_hosts", Shell, |text| {
        for named in shell_hosts::hosts(text) {
            assert!(!named.host.is_empty() && !named.program.is_empty());
        }
    }),
    parser("shell_words", Shell, |text| {
        shell_words::commands(text);
        shell_words::is_open(text);
        shell_words::awaited(text);
    }),
];

const ORDERS: [ByteOrder; 2] = [ByteOrder::Little, ByteOrder::Big];

/// The parser of that name.
pub fn find(name: &[u8]) -> Option<&'static Parser> {
    EVERY.iter().find(|parser| parser.name.as_bytes() == name)
}

/// What holds for every parser that gives rows.
fn rows<T: Debug>(text: &[u8], parsed: Parsed<Vec<T>>) {
    assert!(
        parsed.value.len() <= text.len(),
        "{} rows of {} bytes",
        parsed.value.len(),
        text.len()
    );
    value(text, parsed);
}

/// What holds for every parser.
fn value<T>(text: &[u8], parsed: Parsed<T>) {
    let lines = memchr::memchr_iter(b'\n', text).count().saturating_add(1);
    let lines = u64::try_from(lines).unwrap_or(u64::MAX);
    assert!(parsed.issues.len() <= ISSUE_LIMIT);
    assert!(parsed.unlisted == 0 || parsed.issues.len() == ISSUE_LIMIT);
    for Issue { line, excerpt, .. } in parsed.issues {
        assert!(line.is_none_or(|line| (1..=lines).contains(&line)));
        assert!(excerpt.len() <= EXCERPT_LIMIT);
        assert!(memchr::memmem::find(text, &excerpt).is_some());
    }
}

/// Logs of hosts with and without a known boot time, in zones with and without a summer time.
fn each_calendar(mut take: impl FnMut(&Calendar<'_>)) {
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC);
    for (zone, latest_us, after_us, boot_us) in [
        (&TimeZone::UTC, 1_700_000_000_000_000, None, None),
        (
            &berlin,
            1_711_846_800_000_000,
            Some(1_698_541_200_000_000),
            Some(1_600_000_000_000_000),
        ),
        (&berlin, i64::MAX, Some(i64::MIN), Some(i64::MAX)),
        (&TimeZone::UTC, i64::MIN, Some(i64::MAX), Some(i64::MIN)),
    ] {
        take(&Calendar {
            zone,
            latest_us,
            after_us,
            boot_us,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run_all(text: &[u8]) {
        for parser in EVERY {
            (parser.run)(text);
        }
    }

    #[test]
    fn names_are_unique() {
        for (index, parser) in EVERY.iter().enumerate() {
            let before = EVERY.get(..index).unwrap_or_default();
            assert!(
                before.iter().all(|other| other.name != parser.name),
                "{}",
                parser.name
            );
        }
    }

    #[test]
    fn hostile_texts() {
        for text in [
            &b""[..],
            b"\n",
            b"\0",
            b"\xff",
            b"\n\n\n",
            b"no newline",
            b"18446744073709551616 -9223372036854775809 99999999999999999999999",
            b"ffffffff:ffffffffffffffffffffffffffffffff",
        ] {
            run_all(text);
        }
        for piece in [
            &b"\n"[..],
            b" ",
            b"0 ",
            b"a:b\n",
            b"(",
            b"[1]:",
            b"'",
            b"\\",
            b"{a,b}",
            b"$(",
            b"<<a\n",
            b"x=y ",
            b"\x81\0",
            b"- cmd: \n",
        ] {
            run_all(&piece.repeat(3000));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn no_bytes_panic(text: Vec<u8>) {
            run_all(&text);
        }

        /// Lines of what the files are made of.
        #[test]
        fn no_lines_panic(text in "(([0-9a-f:.]{1,12}|[a-zA-Z_]{1,8}|[-(){}$'\"<>|&;=#\\\\%@,/])[ \t\n:]{0,2}){0,60}") {
            run_all(text.as_bytes());
        }
    }
}
