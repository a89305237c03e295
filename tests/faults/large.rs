//! Processes that are not what they look like, or larger than anyone would keep.

use std::io::BufRead;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::case::Case;
use crate::trial::{Skipped, Trial};

/// Within which a capture of one odd process and few others must end.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) const CASES: &[Case] = &[
    Case::quick(
        "C14",
        "a main thread that exited before the others",
        main_thread_exited,
    ),
    Case::quick("C17", "a command line of 64 GiB", |trial| {
        huge(trial, "cmdline", "big-arguments")
    }),
    Case::quick("C18", "an environment of 64 GiB", |trial| {
        huge(trial, "environ", "PLANT=big-environment")
    }),
    Case::quick("C19", "arguments of 6 MB", six_megabytes),
    Case::quick(
        "C21",
        "a name that forges a line of status",
        name_forges_status,
    ),
    Case::quick(
        "C22",
        "no arguments, arguments without an end, and a title over them",
        odd_arguments,
    ),
    Case::slow("C23", "65,000 mappings", mappings),
    Case::slow(
        "C45",
        "arguments in memory that somebody is to provide, and does not (userfaultfd)",
        unprovided,
    ),
    Case::slow(
        "C24",
        "100,000 descriptors, or what the host allows, and 30,000 threads",
        crowds,
    ),
];

fn main_thread_exited(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let program = trial.program("zl")?;
    let file = trial.place().join("held");
    std::fs::write(&file, "held").expect("a file is written");
    let pid = trial.start(Command::new(&program).arg(&file).env("PLANT", "leader"));
    let stat = format!("/proc/{pid}/stat");
    while !std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z ")) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    let file = file.display();
    let rows = Trial::rows(
        &bundle,
        &format!(
            "SELECT p.state, p.threads, p.path LIKE '%/zl', p.cmdline LIKE '%/held', p.cwd IS NOT NULL, \
             (SELECT count(*) > 3 FROM process_memory_map AS m WHERE m.pid = p.pid), \
             (SELECT count(*) FROM process_fds AS f WHERE f.pid = p.pid AND f.target = '{file}' \
              AND f.fd > 2), \
             (SELECT e.value FROM process_envs AS e WHERE e.pid = p.pid AND e.key = 'PLANT'), \
             (SELECT count(*) FROM collection_log AS c \
              WHERE c.pid = p.pid AND c.outcome IN ('failed', 'denied', 'timed out')) \
             FROM processes AS p WHERE p.pid = {pid}"
        ),
    );
    trial.named(
        rows == ["Z | 2 | 1 | 1 | 1 | 1 | 1 | leader | 0"],
        format!("{rows:?}"),
    );
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).map(Iterator::count);
    trial.harmless(matches!(tasks, Ok(2)), format!("{tasks:?}"));
    Ok(())
}

/// Starts `bigargs` and waits until it is what it is to be.
fn odd(trial: &mut Trial, arguments: &[&str]) -> Result<u32, Skipped> {
    let program = trial.program("bigargs")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let out = child.stdout.take().expect("it is piped");
    let mut line = String::new();
    let read = std::io::BufReader::new(out).read_line(&mut line);
    let pid = trial.keep(child);
    if read.is_ok() && line == "ready\n" {
        Ok(pid)
    } else {
        Err(Skipped::because(
            "needs prctl(PR_SET_MM_MAP) and enough address space",
        ))
    }
}

/// Page tables of a process, KiB.
fn page_tables(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPTE:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .expect("it has page tables")
        .parse()
        .expect("a number")
}

fn huge(trial: &mut Trial, source: &str, beginning: &str) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let pid = odd(trial, &["big"])?;
    let before = page_tables(pid);
    let bundle = trial.bundle(&[], LIMIT);
    let grown = page_tables(pid).saturating_sub(before);
    trial.harmless(grown <= 1024, format!("page tables grew by {grown} KiB"));
    healthy.check(trial, &bundle);
    let rows = Trial::rows(
        &bundle,
        &format!(
            "SELECT outcome, bytes_seen, bytes_kept BETWEEN 1 AND 131072 FROM collection_log \
             WHERE pid = {pid} AND path LIKE '%/{source}'"
        ),
    );
    trial.named(
        rows == [format!("truncated | {} | 1", 64_u64 << 30)],
        format!("{rows:?}"),
    );
    let kept = Trial::rows(
        &bundle,
        &format!(
            "SELECT value FROM process_arguments WHERE pid = {pid} AND position = 0 UNION ALL \
             SELECT key || '=' || value FROM process_envs WHERE pid = {pid}"
        ),
    );
    trial.rest(
        kept.iter().any(|text| text == beginning),
        format!("{:?}", kept.iter().take(3).collect::<Vec<_>>()),
    );
    Ok(())
}

fn six_megabytes(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    // 46 arguments, each of nearly the longest that the kernel takes.
    let script = r#"ulimit -s unlimited || exit 3
        x=$(head -c 131000 /dev/zero | tr '\0' x); set --
        n=0; while [ $n -lt 46 ]; do set -- "$@" "$x"; n=$((n + 1)); done
        exec sh -c 'echo ready; sleep 1000; true' first "$@" last-argument"#;
    let mut child = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell starts");
    let mut line = String::new();
    let out = child.stdout.take().expect("it is piped");
    let read = std::io::BufReader::new(out).read_line(&mut line);
    let pid = trial.keep(child);
    if read.is_err() || line != "ready\n" {
        return Err(Skipped::because("needs an unlimited stack"));
    }
    let length = std::fs::read(format!("/proc/{pid}/cmdline")).map_or(0, |text| text.len());
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    let rows = Trial::rows(
        &bundle,
        &format!(
            "SELECT outcome, bytes_seen, bytes_kept BETWEEN 1 AND 131072 FROM collection_log \
             WHERE pid = {pid} AND path LIKE '%/cmdline'"
        ),
    );
    trial.named(
        length > 6_000_000 && rows == [format!("truncated | {length} | 1")],
        format!("{length}: {rows:?}"),
    );
    let kept = Trial::rows(
        &bundle,
        &format!(
            "SELECT count(*) FROM process_arguments WHERE pid = {pid} \
             AND (position = 0 AND value = 'sh' OR value = 'last-argument')"
        ),
    );
    trial.rest(kept == ["2"], format!("head and tail: {kept:?}"));
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    trial.harmless(stat.contains(" S "), stat);
    Ok(())
}

fn name_forges_status(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    // The builtin sets the name of the shell itself, which then waits for what has a name of its own.
    let script = r"printf 'a\nUid:\t7\t7' > /proc/$$/comm; sleep 1000; true";
    let forger = trial.start(Command::new("sh").args(["-c", script]));
    let named = format!("/proc/{forger}/comm");
    while !std::fs::read(&named).is_ok_and(|name| name.starts_with(b"a\n")) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    let rows = Trial::rows(
        &bundle,
        &format!(
            "SELECT hex(name), uid, euid, suid, parent IS NOT NULL, cmdline LIKE '%sleep 1000%' \
             FROM processes WHERE pid = {forger}"
        ),
    );
    trial.named(
        rows == ["610A5569643A09370937 | 0 | 0 | 0 | 1 | 1"],
        format!("{rows:?}"),
    );
    let name = std::fs::read(&named).unwrap_or_default();
    trial.harmless(name == b"a\nUid:\t7\t7\n", format!("{name:?}"));
    Ok(())
}

fn odd_arguments(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let empty = odd(trial, &["empty"])?;
    let bare = odd(trial, &["bare"])?;
    let titled = odd(trial, &["title"])?;
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    let row = |pid: u32| {
        Trial::rows(
            &bundle,
            &format!(
                "SELECT cmdline, is_kernel_thread, path LIKE '%/bigargs', (SELECT count(*) \
                 FROM collection_log AS c WHERE c.pid = p.pid AND c.path LIKE '%/cmdline' \
                 AND c.outcome <> 'collected') FROM processes AS p WHERE pid = {pid}"
            ),
        )
    };
    let rows = [row(empty), row(bare), row(titled)].concat();
    let read = |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    // Linux 5.18 and later give a program without arguments an empty one.
    trial.named(
        rows == [
            "'' | 0 | 1 | 0",
            "bare-argum | 0 | 1 | 0",
            "worker: as long as a title may well be, beyond the arguments | 0 | 1 | 0",
        ],
        format!("{rows:?} for {:?} and {:?}", read(empty), read(bare)),
    );
    let lives = [empty, bare, titled].map(|pid| {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(" S "))
    });
    trial.harmless(lives == [true; 3], format!("{lives:?}"));
    Ok(())
}

fn unprovided(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(20);
    let mute = odd(trial, &["mute"])?;
    let bundle = trial.bundle(&["--item-timeout", "1000"], LIMIT);
    healthy.check(trial, &bundle);
    // What lies elsewhere is there.
    let rows = Trial::rows(
        &bundle,
        &format!(
            "SELECT name, state, path LIKE '%/bigargs', cmdline IS NULL, \
             (SELECT count(*) > 0 FROM process_memory_map AS m WHERE m.pid = p.pid) \
             FROM processes AS p WHERE pid = {mute}"
        ),
    );
    trial.rest(rows == ["bigargs | S | 1 | 1 | 1"], format!("{rows:?}"));
    // The kernel gives nothing of it instead of waiting; a future one may wait.
    let rows = Trial::rows(
        &bundle,
        &format!(
            "SELECT count(*) FROM (SELECT path FROM collection_log WHERE pid = {mute} \
                 AND path LIKE '%/cmdline' AND outcome = 'timed out' \
             UNION ALL SELECT member FROM parse_issues WHERE member = 'root/proc/{mute}/cmdline' \
                 AND reason LIKE '4096 bytes of arguments%')"
        ),
    );
    trial.named(rows == ["1"], format!("cmdline: {rows:?}"));
    let stat = std::fs::read_to_string(format!("/proc/{mute}/stat")).unwrap_or_default();
    trial.harmless(stat.contains(" S "), stat);
    Ok(())
}

fn mappings(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let pid = odd(trial, &["maps"])?;
    let path = format!("/proc/{pid}/maps");
    let there = std::fs::read(&path).map_or(0, |maps| memchr::memchr_iter(b'\n', &maps).count());
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    let rows = Trial::rows(
        &bundle,
        &format!(
            "SELECT outcome, bytes_seen > 2000000, (SELECT count(*) FROM process_memory_map \
             WHERE pid = {pid}) FROM collection_log WHERE pid = {pid} AND path LIKE '%/maps'"
        ),
    );
    trial.named(
        there > 60_000 && rows == [format!("collected | 1 | {there}")],
        format!("{there}: {rows:?}"),
    );
    let after = std::fs::read(&path).map_or(0, |maps| memchr::memchr_iter(b'\n', &maps).count());
    trial.harmless(after == there, format!("{there} mappings, then {after}"));
    Ok(())
}

fn crowds(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(3);
    let fds = odd(trial, &["fds", "100000"])?;
    let threads = odd(trial, &["threads", "30000"])?;
    let count = |pid: u32, name: &str| {
        std::fs::read_dir(format!("/proc/{pid}/{name}")).map_or(0, Iterator::count)
    };
    let there = (count(fds, "fd"), count(threads, "task"));
    let bundle = trial.bundle(&[], Duration::from_secs(65));
    healthy.check(trial, &bundle);
    let rows = Trial::rows(
        &bundle,
        &format!(
            "SELECT (SELECT count(*) FROM process_fds WHERE pid = {fds}), \
             (SELECT count(*) FROM threads WHERE pid = {threads}), \
             (SELECT threads FROM processes WHERE pid = {threads})"
        ),
    );
    trial.named(
        there.0 > 10_000
            && there.1 > 10_000
            && rows == [format!("{} | {} | {}", there.0, there.1, there.1)],
        format!("{there:?}: {rows:?}"),
    );
    let after = (count(fds, "fd"), count(threads, "task"));
    trial.harmless(after == there, format!("{there:?}, then {after:?}"));
    Ok(())
}
