//! Names that lie: of files, sockets, interfaces and mounts.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::case::Case;
use crate::common::{has, wait_for};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::quick(
        "C27",
        "files that are called as pipes, sockets and memory are, and memory with a line in its name",
        fake_kinds,
    ),
    Case::quick(
        "C28",
        "a unix socket whose name forges a further one",
        forged_socket,
    ),
    Case::quick(
        "C29",
        "an interface and mount points with newlines, ESC and no UTF-8 in their names",
        odd_names,
    ),
];

const LIMIT: Duration = Duration::from_secs(30);

/// As SQL's `hex()` writes bytes.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// The text of `/proc/net/unix` cannot tell a line in a name from a line of its own; what the kernel answers can.
fn forged_socket(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let names = trial.program("names")?;
    let name = "abs\n0000000000000000: 00000002 00000000 00010000 0001 01 4294967 /run/fake";
    let mut command = Command::new(names);
    command.arg(format!("abstract:{name}"));
    let holder = trial.start(&mut command);
    let held = format!("/proc/{holder}/fd/3");
    wait_for("what is held", || std::fs::read_link(&held).ok());
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    let file = Trial::rows(
        &bundle,
        "SELECT outcome FROM collection_log WHERE path GLOB '/proc/*/net/unix' AND outcome = 'collected'",
    );
    trial.ends(file.len() == 1, format!("the file was read: {file:?}"));
    let forged = Trial::rows(
        &bundle,
        "SELECT path FROM sockets WHERE inode = 4294967 OR path = '/run/fake'",
    );
    trial.rest(forged.is_empty(), format!("forged rows: {forged:?}"));
    let real = Trial::rows(
        &bundle,
        &format!(
            "SELECT hex(s.path), s.state FROM sockets AS s JOIN process_fds AS f USING (inode)
             WHERE f.pid = {holder} AND s.family = 'unix'"
        ),
    );
    let expected = [format!("{} | LISTEN", hex(format!("@{name}").as_bytes()))];
    trial.rest(real == expected, format!("the real one: {real:?}"));
    let issues = Trial::rows(
        &bundle,
        "SELECT reason FROM parse_issues WHERE member GLOB '*/net/unix' AND reason GLOB '*only in the file*4294967*'",
    );
    trial.named(issues.len() == 1, format!("issues: {issues:?}"));
    Ok(())
}

fn fake_kinds(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let names = trial.program("names")?;
    let place = trial.place().display().to_string();
    // What it is, what it is called, and how the link is to be shown.
    let odd = "esc\u{1b}[31m\nUid:\t0";
    let held = [
        ("open", "pipe:[123]", "file", 0),
        ("open", "socket:[1]", "file", 0),
        ("open", "anon_inode:[eventpoll]", "file", 0),
        ("open", "net:[4026531840]", "file", 0),
        ("open", "x (deleted)", "file", 0),
        ("open", "memfd:w", "file", 0),
        ("gone", "memfd:x", "file", 1),
        ("gone", "socket:[2]", "file", 1),
        ("gone", "y (deleted)", "file", 1),
        ("memfd", odd, "memfd", 1),
        ("memfd", "x (deleted)", "memfd", 1),
        ("memfd", "/../../etc/passwd", "memfd", 1),
        ("tcp", "8081", "socket", 0),
        ("abstract", "plain", "socket", 0),
    ];
    let mut command = Command::new(names);
    let mut expected = Vec::new();
    let mut fd = 2;
    for (how, name, kind, deleted) in held {
        let name = match how {
            "open" | "gone" => format!("{place}/{name}"),
            _ => name.to_owned(),
        };
        command.arg(format!("{how}:{name}"));
        let target = match how {
            "memfd" => format!("/memfd:{name}"),
            "open" | "gone" => name,
            _ => String::new(),
        };
        fd += 1;
        let target = hex(target.as_bytes());
        expected.push(format!("{fd} | {kind} | {deleted} | {target}"));
    }
    let holder = trial.start(&mut command);
    let last = format!("/proc/{holder}/fd/{fd}");
    wait_for("what is held", || std::fs::read_link(&last).ok());
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    let found = Trial::rows(
        &bundle,
        &format!(
            "SELECT fd, type, deleted, CASE type WHEN 'socket' THEN '' ELSE hex(target) END \
             FROM process_fds WHERE pid = {holder} AND fd > 2 ORDER BY fd"
        ),
    );
    let expected: Vec<String> = expected
        .into_iter()
        .map(|line| match line.strip_suffix(" | ") {
            Some(line) => format!("{line} | ''"),
            None => line,
        })
        .collect();
    trial.named(
        found == expected,
        format!("found {found:#?}, expected {expected:#?}"),
    );
    // Sockets are those that the kernel has, not those that files are called after.
    let sockets = Trial::rows(
        &bundle,
        &format!(
            "SELECT s.protocol, s.state FROM sockets AS s JOIN process_fds AS f USING (inode) \
             WHERE f.pid = {holder} AND f.type = 'socket' ORDER BY 1"
        ),
    );
    trial.rest(
        sockets == ["stream | LISTEN", "tcp | LISTEN"],
        format!("{sockets:?}"),
    );
    trial.harmless(
        Path::new(&last).exists() && Path::new(&format!("{place}/pipe:[123]")).exists(),
        "what was held is gone",
    );
    Ok(())
}

fn odd_names(trial: &mut Trial) -> Result<(), Skipped> {
    if !has("ip") {
        return Err(Skipped::because("needs ip"));
    }
    let healthy = trial.healthy(2);
    let interface = "\u{1b}[31mX\\040#";
    let renamed = Command::new("ip")
        .args(["link", "set", "dev", "lo", "name", interface])
        .status();
    assert!(renamed.unwrap().success(), "the kernel takes such a name");
    let mut expected = Vec::new();
    for name in [
        b"a\nb".as_slice(),
        b"tab\there",
        b"back\\slash",
        b"\\040",
        b"hash#",
        b"blank blank",
        b"\xff\xfe",
        b"esc\x1b[31m",
        b"0 0 0:0 . . rw - tmpfs x rw",
    ] {
        let path = trial.place().join(OsStr::from_bytes(name));
        std::fs::create_dir(&path).unwrap();
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "planted"])
            .arg(&path)
            .status();
        assert!(status.unwrap().success());
        let hex = hex(path.as_os_str().as_bytes());
        expected.push(format!("{hex} | tmpfs"));
    }
    expected.sort();
    let bundle = trial.bundle(&[], LIMIT);
    healthy.check(trial, &bundle);
    let found = Trial::rows(
        &bundle,
        "SELECT hex(path), type FROM mounts WHERE device = 'planted' ORDER BY 1",
    );
    trial.named(found == expected, format!("{found:?}, not {expected:?}"));
    let hex = hex(interface.as_bytes());
    let sql = "SELECT DISTINCT hex(interface) FROM interface_details";
    let found = Trial::rows(&bundle, sql);
    trial.named(found.contains(&hex), format!("{found:?}, not {hex}"));
    let issues = Trial::rows(
        &bundle,
        "SELECT member, reason FROM parse_issues WHERE member LIKE '%mountinfo' OR member LIKE '%net/dev'",
    );
    trial.rest(issues.is_empty(), format!("{issues:?}"));
    // Whoever looks at them sees them, and is not acted upon.
    for sql in [
        "SELECT path FROM mounts",
        "SELECT interface FROM interface_details",
    ] {
        let mut command = trial.analyze();
        let output = trial.run(command.arg("sql").arg(&bundle).arg(sql), LIMIT);
        let acting = output
            .stdout
            .iter()
            .any(|byte| (*byte < 0x20 && *byte != b'\n') || *byte >= 0x7f);
        trial.harmless(
            !acting && output.status.success(),
            String::from_utf8_lossy(&output.stdout)
                .escape_debug()
                .to_string(),
        );
    }
    Ok(())
}
