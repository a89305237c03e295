//! Histories of shells, and homes.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::Duration;

use super::tree::{ADA, BOB, Tree, expect, outcome};
use crate::case::Case;
use crate::trial::{Skipped, Trial};

pub(super) const CASES: &[Case] = &[
    Case::quick("F01", "a history that is a link to /etc/shadow", shadow),
    Case::quick(
        "F03",
        "histories that are FIFOs, with and without a writer",
        fifo,
    ),
    Case::quick("F04", "a home that is a link to /etc", linked_home),
    Case::slow(
        "F06",
        "10,000 histories that are exchanged with links all the time",
        race,
    )
    .within(Duration::from_mins(5)),
    Case::slow(
        "F09",
        "a directory on the way to a named history is exchanged with a link",
        moved_root,
    ),
    Case::slow("F16", "a million entries in /home", many_entries).within(Duration::from_mins(5)),
    Case::quick("F24", "/home is a link of root's", home_elsewhere),
    Case::quick(
        "F26",
        "histories that are directories, sockets, devices, hard links",
        kinds,
    ),
    Case::quick(
        "F27",
        "homes that are /, /proc, /dev, empty, relative, too long",
        odd_homes,
    ),
    Case::slow(
        "F28",
        "a passwd file of a million users, and a line of 10 MiB",
        many_users,
    )
    .within(Duration::from_mins(5)),
    Case::quick("F29", "a passwd file that is a FIFO", no_passwd),
    Case::quick(
        "F30",
        "HISTFILE names secrets, FIFOs, devices, what is another's",
        named,
    ),
    Case::quick(
        "F31",
        "names in /home with newlines, ESC and no UTF-8",
        odd_names,
    ),
];

const LIMIT: Duration = Duration::from_secs(30);
const HISTORY: &str = "/home/bob/.bash_history";

fn shadow(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    tree.link("home/bob/.bash_history", BOB, "/etc/shadow");
    tree.link(
        "home/bob/.zsh_history",
        BOB,
        tree.path("etc/shadow").to_str().unwrap(),
    );
    tree.link("home/bob/.history", BOB, "../../etc/shadow");
    let bundle = tree.bundle(trial, LIMIT);
    let expected = [
        (HISTORY, "skipped | symbolic link to /etc/shadow"),
        (
            "/home/bob/.history",
            "skipped | symbolic link to ../../etc/shadow",
        ),
    ];
    expect(trial, &bundle, &expected);
    Ok(())
}

fn fifo(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    tree.node("home/bob/.bash_history", BOB, &["p"]);
    let written = tree.node("home/bob/.zsh_history", BOB, &["p"]);
    let mut both = std::fs::File::options()
        .read(true)
        .write(true)
        .open(written)
        .unwrap();
    both.write_all(b"still there").unwrap();
    let bundle = tree.bundle(trial, LIMIT);
    let expected = [
        (HISTORY, "skipped | fifo"),
        ("/home/bob/.zsh_history", "skipped | fifo"),
    ];
    expect(trial, &bundle, &expected);
    let mut left = [0; 32];
    let count = both.read(&mut left).unwrap();
    trial.harmless(
        left.get(..count) == Some(b"still there"),
        "what was in the FIFO is not",
    );
    Ok(())
}

fn linked_home(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    std::fs::remove_dir(tree.path("home/bob")).unwrap();
    tree.link("home/bob", BOB, "/etc");
    tree.file("etc/.bash_history", 0, tree.secret());
    let bundle = tree.bundle(trial, LIMIT);
    let wanted = "skipped | symbolic link that not only root could make to /etc";
    expect(trial, &bundle, &[(HISTORY, wanted)]);
    Ok(())
}

/// Counts what was met, so that a race that nobody ran in does not pass.
fn race(trial: &mut Trial) -> Result<(), Skipped> {
    let swap = trial.program("swap")?;
    let tree = Tree::live(trial);
    let names = [
        ".bash_history",
        ".zsh_history",
        ".history",
        ".sh_history",
        ".ksh_history",
    ];
    let mut lists = [String::new(), String::new()];
    for user in 0..2000 {
        let home = format!("home/racer{user}");
        tree.directory(&home, BOB);
        for name in names {
            let file = tree.file(&format!("{home}/{name}"), BOB, "regular\n");
            let link = tree.link(&format!("{home}/x{name}"), BOB, "/etc/shadow");
            let list = &mut lists[user % 2];
            writeln!(list, "{}\n{}", file.display(), link.display()).unwrap();
        }
    }
    for (number, list) in lists.iter().enumerate() {
        let path = trial.place().join(format!("list{number}"));
        std::fs::write(&path, list).unwrap();
        trial.start(Command::new(&swap).arg(path));
    }
    let bundle = tree.bundle(trial, Duration::from_secs(70));
    let sql = "SELECT count(*), sum(outcome = 'collected'), \
         sum(reason = 'symbolic link to /etc/shadow') FROM collection_log \
         WHERE path LIKE '/home/racer%' AND outcome != 'absent'";
    let found = Trial::rows(&bundle, sql).join("");
    let counts: Vec<u64> = found
        .split(" | ")
        .filter_map(|count| count.parse().ok())
        .collect();
    let [all, files, links] = counts.as_slice() else {
        panic!("{found}");
    };
    eprintln!("F06: {all} racing paths, {files} met as files, {links} as links");
    trial.named(*links > 500 && *files > 500, format!("no race: {found}"));
    trial.rest(*all >= 10_000, format!("not all were looked at: {found}"));
    Ok(())
}

fn moved_root(trial: &mut Trial) -> Result<(), Skipped> {
    let swap = trial.program("swap")?;
    let tree = Tree::live(trial);
    tree.file("secrets/h", BOB, tree.secret());
    tree.file("srv/a/h", BOB, "echo inside\n");
    tree.directory("srv", BOB);
    tree.link("srv/b", BOB, "/secrets");
    trial.start(
        Command::new(swap)
            .arg(tree.path("srv/a"))
            .arg(tree.path("srv/b")),
    );
    for _ in 0..4 {
        start_as(trial, BOB, "/srv/a/h");
    }
    let mut seen = Vec::new();
    for _ in 0..10 {
        let bundle = tree.bundle(trial, LIMIT);
        seen.push(outcome(&bundle, "/srv/a/h"));
    }
    let refused = |seen: &String| seen.contains("symbolic link that not only root could make");
    trial.named(
        seen.iter()
            .all(|seen| refused(seen) || seen.contains("collected")),
        format!("{seen:?}"),
    );
    Ok(())
}

/// A process of a user that names a history.
fn start_as(trial: &mut Trial, user: u32, history: &str) -> u32 {
    let mut command = Command::new("setpriv");
    let ids = [
        format!("--reuid={user}"),
        format!("--regid={user}"),
        "--clear-groups".to_owned(),
    ];
    command
        .args(ids)
        .args(["sleep", "1000"])
        .env("HISTFILE", history);
    trial.start(&mut command)
}

fn many_entries(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let first = tree.file("home/x", 0, "");
    for number in 0..1_000_000 {
        std::fs::hard_link(&first, tree.path(&format!("home/z{number}"))).unwrap();
    }
    let bundle = tree.bundle(trial, Duration::from_secs(70));
    let found = outcome(&bundle, "/home");
    trial.named(found.contains("over 100,000 entries"), found);
    Ok(())
}

fn home_elsewhere(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    tree.directory("data", 0);
    std::fs::rename(tree.path("home"), tree.path("data/home")).unwrap();
    tree.link("home", 0, "/data/home");
    // That Ada's history is there is looked at by all cases.
    let bundle = tree.bundle(trial, LIMIT);
    expect(
        trial,
        &bundle,
        &[("/home/ada/.bash_history", "collected | NULL")],
    );
    trial.harmless(
        outcome(&bundle, "/home").contains("collected"),
        outcome(&bundle, "/home"),
    );
    Ok(())
}

fn kinds(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    tree.directory("home/bob/.bash_history", BOB);
    let socket = UnixListener::bind(tree.path("home/bob/.zsh_history")).unwrap();
    chown(tree.path("home/bob/.zsh_history"), Some(BOB), Some(BOB)).unwrap();
    tree.node("home/bob/.zhistory", BOB, &["c", "1", "5"]);
    tree.node("home/bob/.histfile", BOB, &["b", "7", "0"]);
    std::fs::hard_link(tree.path("etc/shadow"), tree.path("home/bob/.history")).unwrap();
    tree.file("home/ada/diary", ADA, tree.secret());
    std::fs::hard_link(
        tree.path("home/ada/diary"),
        tree.path("home/bob/.sh_history"),
    )
    .unwrap();
    let bundle = tree.bundle(trial, LIMIT);
    let expected = [
        (HISTORY, "skipped | directory"),
        ("/home/bob/.zsh_history", "skipped | socket"),
        ("/home/bob/.zhistory", "skipped | character device"),
        ("/home/bob/.histfile", "skipped | block device"),
        (
            "/home/bob/.history",
            "skipped | owned by uid 0, not by the owner of the home",
        ),
        (
            "/home/bob/.sh_history",
            "skipped | owned by uid 1000, not by the owner of the home",
        ),
    ];
    expect(trial, &bundle, &expected);
    socket.set_nonblocking(true).unwrap();
    trial.harmless(socket.accept().is_err(), "somebody connected");
    Ok(())
}

fn odd_homes(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let mut passwd = std::fs::read(tree.path("etc/passwd")).unwrap();
    let long = format!("/{}", "x".repeat(5000));
    let homes = [
        "/",
        "/proc",
        "/dev",
        "/etc",
        "",
        "home/bob",
        "/home/ada/../bob",
        "//home//bob//",
        &long,
        "/a\0b",
    ];
    for home in homes {
        passwd.extend(format!("u:x:1001:1001::{home}:/bin/sh\n").bytes());
    }
    passwd.extend(b"\nbob\n::::::\nu:x:4294967296:-1::/\xff:\n");
    tree.file("etc/passwd", 0, passwd);
    tree.file("etc/.bash_history", BOB, tree.secret());
    tree.file(".bash_history", BOB, tree.secret());
    let bundle = tree.bundle(trial, LIMIT);
    let other = "skipped | owned by uid 1001, not by the owner of the home";
    let expected = [
        ("/proc/.bash_history", "skipped | a file of the kernel"),
        ("/etc/.bash_history", other),
        ("/.bash_history", other),
        ("/home/bob/.bash_history", "absent | NULL"),
    ];
    expect(trial, &bundle, &expected);
    Ok(())
}

fn many_users(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    let mut passwd = std::fs::read_to_string(tree.path("etc/passwd")).unwrap();
    writeln!(
        &mut passwd,
        "long:x:1:1:{}:/home/long:/bin/sh",
        "y".repeat(10 << 20)
    )
    .unwrap();
    for user in 0..1_000_000 {
        writeln!(&mut passwd, "u{user}:x:1001:1001::/home/u{user}:/bin/sh").unwrap();
    }
    tree.file("etc/passwd", 0, passwd);
    let bundle = tree.bundle(trial, Duration::from_secs(70));
    let found = outcome(&bundle, "/etc/passwd");
    trial.named(found.contains("truncated | cut at 16777216 bytes"), found);
    let found = outcome(&bundle, "/home");
    trial.named(found.contains("over 10000 homes"), found);
    Ok(())
}

fn no_passwd(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    tree.node("etc/passwd", 0, &["p"]);
    let bundle = tree.bundle(trial, LIMIT);
    expect(trial, &bundle, &[("/etc/passwd", "skipped | fifo")]);
    Ok(())
}

fn named(trial: &mut Trial) -> Result<(), Skipped> {
    let tree = Tree::live(trial);
    tree.node("srv/fifo", BOB, &["p"]);
    tree.node("srv/null", BOB, &["c", "1", "3"]);
    tree.file("srv/adas", ADA, tree.secret());
    tree.file("srv/bobs", BOB, "echo named-by-bob\n");
    let names = [
        "/etc/shadow",
        "/srv/fifo",
        "/srv/null",
        "/srv/adas",
        "/srv/bobs",
        "/proc/kmsg",
    ];
    for name in names {
        start_as(trial, BOB, name);
    }
    let bundle = tree.bundle(trial, LIMIT);
    let expected = [
        ("/etc/shadow", "skipped | known to hold secrets"),
        ("/srv/fifo", "skipped | fifo"),
        ("/srv/null", "skipped | character device"),
        (
            "/srv/adas",
            "skipped | owned by uid 1000, and named by a process of uid 1001",
        ),
        ("/srv/bobs", "collected | NULL"),
        ("/proc/kmsg", ""),
    ];
    expect(trial, &bundle, &expected);
    Ok(())
}

fn odd_names(trial: &mut Trial) -> Result<(), Skipped> {
    use std::os::unix::ffi::OsStrExt;
    let tree = Tree::live(trial);
    let mut expected = Vec::new();
    for name in [
        &b"a\nb"[..],
        b"\x1b[31mred",
        b"\xff\xfe",
        b"back\\slash",
        b"blank ",
        &[b'n'; 255],
    ] {
        let home = tree.path("home").join(std::ffi::OsStr::from_bytes(name));
        std::fs::create_dir(&home).unwrap();
        std::fs::write(
            home.join(".bash_history"),
            format!("echo odd{}\n", expected.len()),
        )
        .unwrap();
        expected.push(format!("echo odd{}", expected.len()));
    }
    let bundle = tree.bundle(trial, LIMIT);
    let sql = "SELECT command FROM shell_history WHERE command LIKE 'echo odd%' ORDER BY command";
    let found = Trial::rows(&bundle, sql);
    trial.named(found == expected, format!("{found:?}"));
    let output = trial.run(
        trial.analyze().arg("show").arg("history").arg(&bundle),
        LIMIT,
    );
    trial.harmless(
        !output.stdout.contains(&0x1b),
        "an escape sequence reaches the terminal",
    );
    Ok(())
}
