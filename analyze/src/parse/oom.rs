//! What the kernel logs when it kills a process for memory (`mm/oom_kill.c`), line by line.
//!
//! Old kernels say `Kill process ... or sacrifice child` and then `Killed process ...`; Linux 5.0 has a line
//! `oom-kill:...` before; Linux 5.1 and later say it all in one `Killed process ...`.

use super::bytes::{cut, decimal, fields};

/// A line that tells of a kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OomLine<'a> {
    /// The out-of-memory killer was called: what follows belongs together.
    Invoked,
    /// Where the kill will be.
    Context(Context<'a>),
    /// A process was chosen; it, or a child of it, is killed.
    Chosen(Victim<'a>),
    /// A process was killed.
    Killed(Victim<'a>),
    /// Heading of the list of processes; which number behind the process id is the badness adjustment.
    Heading(usize),
    /// A process of that list: its id, and the text behind it.
    Listed(u32, &'a [u8]),
}

/// Where a kill is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Context<'a> {
    /// `CONSTRAINT_NONE`, `CONSTRAINT_MEMCG`, ...
    pub(crate) constraint: Option<&'a [u8]>,
    /// Memory cgroup of the process.
    pub(crate) cgroup: Option<&'a [u8]>,
    /// Memory cgroup whose limit was hit.
    pub(crate) limit_cgroup: Option<&'a [u8]>,
    pub(crate) pid: Option<u32>,
    pub(crate) uid: Option<u32>,
    /// Whether all processes of the cgroup are killed.
    pub(crate) is_group: bool,
}

/// A process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Victim<'a> {
    pub(crate) pid: u32,
    pub(crate) name: &'a [u8],
    /// Whether the limit of a memory cgroup was hit; `None` where the line does not say.
    pub(crate) is_memcg: Option<bool>,
    pub(crate) total_vm_bytes: Option<u64>,
    pub(crate) anon_rss_bytes: Option<u64>,
    pub(crate) file_rss_bytes: Option<u64>,
    pub(crate) shmem_rss_bytes: Option<u64>,
    pub(crate) pgtables_bytes: Option<u64>,
    pub(crate) oom_score_adj: Option<i32>,
    pub(crate) uid: Option<u32>,
}

/// Longest name of a process in the kernel.
const NAME_LIMIT: usize = 15;

/// Reads one message of the kernel, without its stamp.
pub(crate) fn line(text: &[u8]) -> Option<OomLine<'_>> {
    if text.starts_with(b"[") {
        return list(text);
    }
    if let Some(fields) = text.strip_prefix(b"oom-kill:") {
        return Some(OomLine::Context(context(fields)));
    }
    if let Some(rest) = text.strip_prefix(b"Task in ") {
        let (cgroup, rest) = around(rest, b" killed as a result of limit of ")?;
        return Some(OomLine::Context(Context {
            constraint: Some(b"CONSTRAINT_MEMCG"),
            cgroup: Some(cgroup),
            limit_cgroup: Some(rest.trim_ascii_end()),
            ..Context::default()
        }));
    }
    if let Some(rest) = text.strip_prefix(b"Tasks in ") {
        let (cgroup, _) = around(rest, b" are going to be killed due to memory.oom.group set")?;
        return Some(OomLine::Context(Context {
            cgroup: Some(cgroup),
            is_group: true,
            ..Context::default()
        }));
    }
    let (is_memcg, act) = if let Some(act) = strip(text, b"Memory cgroup out of memory: ") {
        (Some(true), act)
    } else if text.starts_with(b"Out of memory") || text.starts_with(b"Out of Memory") {
        (Some(false), around(text, b": ")?.1)
    } else {
        (None, text)
    };
    if let Some(rest) = strip(act, b"Killed process ") {
        let victim = victim(rest)?;
        return Some(OomLine::Killed(Victim { is_memcg, ..victim }));
    }
    // It shares the memory of the one that was killed, and goes with it.
    if let Some(rest) = strip(act, b"Kill process ")
        && rest.trim_ascii_end().ends_with(b" sharing same memory")
    {
        return Some(OomLine::Killed(victim(rest)?));
    }
    let chosen = strip(act, b"Kill process ").or_else(|| strip(act, b"kill process "));
    if let Some(rest) = chosen.filter(|_| is_memcg.is_some()) {
        let victim = victim(rest)?;
        return Some(OomLine::Chosen(Victim { is_memcg, ..victim }));
    }
    memchr::memmem::find(text, b" invoked oom-killer: ").map(|_| OomLine::Invoked)
}

/// User id and badness adjustment of a process in the list of processes, whose heading says where the latter is.
pub(crate) fn listed(text: &[u8], adjustment: usize) -> Option<(u32, i32)> {
    let mut fields = fields(text);
    let uid = decimal(fields.next()?)?;
    let adjustment = fields.nth(adjustment.checked_sub(1)?)?;
    Some((uid, std::str::from_utf8(adjustment).ok()?.parse().ok()?))
}

/// `[ pid ]   uid  tgid total_vm ... oom_score_adj name`, and lines of numbers below it.
fn list(text: &[u8]) -> Option<OomLine<'_>> {
    let (inside, rest) = cut(text.strip_prefix(b"[")?, b']')?;
    if inside.trim_ascii() == b"pid" {
        let at = fields(rest).position(|name| name == b"oom_score_adj")?;
        return Some(OomLine::Heading(at));
    }
    Some(OomLine::Listed(decimal(inside.trim_ascii())?, rest))
}

fn strip<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    text.strip_prefix(prefix)
}

fn around<'a>(text: &'a [u8], middle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (before, rest) = text.split_at_checked(memchr::memmem::find(text, middle)?)?;
    Some((before, rest.get(middle.len()..)?))
}

/// `constraint=C,nodemask=N,cpuset=S,mems_allowed=M,oom_memcg=/A,task_memcg=/A/B,task=NAME,pid=1,uid=0`, with
/// `global_oom` instead of `oom_memcg` where no cgroup's limit was hit. Names and paths may hold commas, and a long line
/// is cut at its end.
fn context(text: &[u8]) -> Context<'_> {
    let constraint = around(text, b"constraint=").map(|(_, rest)| until(rest, b","));
    let (head, task) = match around(text, b",task_memcg=") {
        Some((head, task)) => (head, Some(task)),
        None => (text, None),
    };
    let limit_cgroup = around(head, b",oom_memcg=").map(|(_, path)| path);
    let mut found = Context {
        constraint,
        limit_cgroup,
        ..Context::default()
    };
    let Some(task) = task else {
        return found;
    };
    let numbers = memchr::memmem::rfind(task, b",pid=").and_then(|at| {
        let (path, numbers) = task.split_at_checked(at)?;
        let (pid, uid) = around(numbers.get(5..)?, b",uid=")?;
        Some((path, decimal(pid)?, decimal(digits(uid))?))
    });
    match numbers {
        Some((path, pid, uid)) => {
            // The name is short: `,task=` before it belongs to the path.
            let from = path.len().saturating_sub(NAME_LIMIT + 6);
            let at = path
                .get(from..)
                .and_then(|end| memchr::memmem::find(end, b",task="))
                .map(|at| from.saturating_add(at));
            found.cgroup = match at {
                Some(at) => path.get(..at),
                None => Some(until(path, b",task=")),
            };
            found.pid = Some(pid);
            found.uid = Some(uid);
        }
        None => found.cgroup = Some(until(task, b",task=")),
    }
    found
}

fn until<'a>(text: &'a [u8], end: &[u8]) -> &'a [u8] {
    around(text, end).map_or(text, |(before, _)| before)
}

/// `PID (NAME) total-vm:1kB, ...`, `PID, UID 500, (NAME) ...`, `PID (NAME), UID 500, ...`, `PID (NAME) score 1 or sacrifice child`. The name may hold
/// parentheses and blanks.
fn victim(text: &[u8]) -> Option<Victim<'_>> {
    let (pid, rest) = text.split_at_checked(digits(text).len())?;
    let pid = decimal(pid)?;
    let (uid, rest) = match rest.strip_prefix(b", UID ") {
        Some(rest) => {
            let (uid, rest) = cut(rest, b',')?;
            (decimal(uid), rest)
        }
        None => (None, rest),
    };
    let rest = rest.strip_prefix(b" (")?;
    let end = [&b") total-vm:"[..], b") vsz:", b") score ", b")"]
        .iter()
        .find_map(|end| memchr::memmem::rfind(rest, end))?;
    let (name, rest) = rest.split_at_checked(end)?;
    (name.len() <= 4 * NAME_LIMIT).then_some(())?;
    let size = |key: &[u8]| {
        let (_, value) = around(rest, key)?;
        let (number, unit) = value.split_at_checked(digits(value).len())?;
        let kilobytes: u64 = decimal(number)?;
        if unit.starts_with(b"kB") {
            kilobytes.checked_mul(1024)
        } else {
            Some(kilobytes)
        }
    };
    let oom_score_adj = around(rest, b" oom_score_adj:").and_then(|(_, value)| {
        let end = value
            .iter()
            .position(|byte| *byte != b'-' && !byte.is_ascii_digit());
        let value = value.get(..end.unwrap_or(value.len()))?;
        std::str::from_utf8(value).ok()?.parse().ok()
    });
    Some(Victim {
        pid,
        name,
        is_memcg: None,
        total_vm_bytes: size(b"total-vm:").or_else(|| size(b"vsz:")),
        anon_rss_bytes: size(b"anon-rss:"),
        file_rss_bytes: size(b"file-rss:"),
        shmem_rss_bytes: size(b"shmem-rss:"),
        pgtables_bytes: size(b"pgtables:"),
        oom_score_adj,
        uid: uid.or_else(|| {
            let (_, value) = around(rest, b"UID:").or_else(|| around(rest, b", UID "))?;
            decimal(digits(value))
        }),
    })
}

fn digits(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_of_all_kernels() {
        let check = |text: &[u8], expected: Victim<'_>| {
            assert_eq!(line(text), Some(OomLine::Killed(expected)));
        };
        check(
            b"Killed process 4711 (report (x) y) total-vm:2048kB, anon-rss:1024kB, file-rss:3kB",
            Victim {
                pid: 4711,
                name: b"report (x) y",
                total_vm_bytes: Some(2 << 20),
                anon_rss_bytes: Some(1 << 20),
                file_rss_bytes: Some(3072),
                ..Victim::default()
            },
        );
        check(
            b"Killed process 4711, UID 501, (a) total-vm:1kB, anon-rss:0kB, file-rss:0kB",
            Victim {
                pid: 4711,
                name: b"a",
                total_vm_bytes: Some(1024),
                anon_rss_bytes: Some(0),
                file_rss_bytes: Some(0),
                uid: Some(501),
                ..Victim::default()
            },
        );
        check(
            b"Memory cgroup out of memory: Killed process 7 (\xff) total-v) total-vm:4kB, anon-rss:1kB, file-rss:2kB, shmem-rss:3kB, UID:33 pgtables:80kB oom_score_adj:-500",
            Victim {
                pid: 7,
                name: b"\xff) total-v",
                is_memcg: Some(true),
                total_vm_bytes: Some(4096),
                anon_rss_bytes: Some(1024),
                file_rss_bytes: Some(2048),
                shmem_rss_bytes: Some(3072),
                pgtables_bytes: Some(81_920),
                oom_score_adj: Some(-500),
                uid: Some(33),
            },
        );
        check(
            b"Killed process 4711 (a), UID 501, total-vm:1kB, anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
            Victim {
                pid: 4711,
                name: b"a",
                total_vm_bytes: Some(1024),
                anon_rss_bytes: Some(0),
                file_rss_bytes: Some(0),
                shmem_rss_bytes: Some(0),
                uid: Some(501),
                ..Victim::default()
            },
        );
        let bare = |pid, name, is_memcg| Victim {
            pid,
            name,
            is_memcg,
            ..Victim::default()
        };
        check(b"Killed process 9 (a)", bare(9, b"a", None));
        check(
            b"Kill process 9 (a) b) sharing same memory",
            bare(9, b"a) b", None),
        );
        check(
            b"Out of Memory: Killed process 9 (a).",
            bare(9, b"a", Some(false)),
        );
        check(
            b"Out of memory (oom_kill_allocating_task): Killed process 9 (a b)",
            bare(9, b"a b", Some(false)),
        );
        let chosen = |text: &[u8], expected| {
            assert_eq!(line(text), Some(OomLine::Chosen(expected)));
        };
        chosen(
            b"Out of memory: Kill process 9 (a) b) score 12 or sacrifice child",
            bare(9, b"a) b", Some(false)),
        );
        chosen(
            b"Memory cgroup out of memory: Kill process 9 (a) score 12 or sacrifice child",
            bare(9, b"a", Some(true)),
        );
    }

    #[test]
    fn where_it_was() {
        let check = |text: &[u8], expected: Context<'_>| {
            assert_eq!(line(text), Some(OomLine::Context(expected)));
        };
        check(
            b"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0,oom_memcg=/a,b,task_memcg=/a,b/c,task=x,task=y,pid=7,uid=33",
            Context {
                constraint: Some(b"CONSTRAINT_MEMCG"),
                cgroup: Some(b"/a,b/c"),
                limit_cgroup: Some(b"/a,b"),
                pid: Some(7),
                uid: Some(33),
                is_group: false,
            },
        );
        let none = Context {
            constraint: Some(b"CONSTRAINT_NONE"),
            cgroup: Some(b"/user.slice"),
            ..Context::default()
        };
        check(
            b"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/user.slice,task=x,pid=7,uid=0",
            Context {
                pid: Some(7),
                uid: Some(0),
                ..none.clone()
            },
        );
        check(
            b"oom-kill:constraint=CONSTRAINT_NONE,global_oom,task_memcg=/user.slice",
            none,
        );
        check(
            b"Task in /a/b killed as a result of limit of /a",
            Context {
                constraint: Some(b"CONSTRAINT_MEMCG"),
                cgroup: Some(b"/a/b"),
                limit_cgroup: Some(b"/a"),
                ..Context::default()
            },
        );
        check(
            b"Tasks in /a/b are going to be killed due to memory.oom.group set",
            Context {
                cgroup: Some(b"/a/b"),
                is_group: true,
                ..Context::default()
            },
        );
    }

    #[test]
    fn the_list_of_processes() {
        let heading = b"[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name";
        assert_eq!(line(heading), Some(OomLine::Heading(6)));
        let row = b"[ 4711]    33  4711     1000      500      16        0          -500 7 z";
        let Some(OomLine::Listed(4711, rest)) = line(row) else {
            panic!("{:?}", line(row));
        };
        assert_eq!(listed(rest, 6), Some((33, -500)));
        assert_eq!(listed(rest, 60), None);
        assert_eq!(line(b"[<ffffffff81720bf6>] dump_stack+0x45/0x56"), None);
        assert_eq!(line(b"[ pid ] cut"), None);
    }

    #[test]
    fn what_is_no_kill() {
        assert_eq!(
            line(b"x y invoked oom-killer: gfp_mask=0x1, order=0, oom_score_adj=0"),
            Some(OomLine::Invoked)
        );
        for other in [
            &b"oom_reaper: reaped process 7 (x), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB"[..],
            b"Killed process",
            b"Killed process x (y)",
            b"Killed process 99999999999 (y)",
            b"Killed process 7 (y",
            b"x: Killed process 7 (y) total-vm:1kB",
            b"Kill process 7 (y)",
            b"Out of memory",
            b"Task in /a",
            b"",
            b"\0\xff",
        ] {
            assert_eq!(line(other), None, "{}", other.escape_ascii());
        }
    }
}
